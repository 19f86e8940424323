# SPDX-License-Identifier: Apache-2.0
"""A loan service of forty lines for the load test to meet: right by default, wrong or slow when told to be."""

import json
import re
import time
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

LOAN = re.compile(r"/api/v1/loans/([0-9a-f-]{36})")


class FakeService(ThreadingHTTPServer):
    """The service on a free loopback port; `flaw` is "", "wrong body", "slow" or "down"."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, flaw: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.flaw = flaw
        self.loans: dict[str, dict[str, Any]] = {}

    @property
    def address(self) -> str:
        """Give the base URL."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # head and body in one packet; else each answer waits 40 ms for the client's delayed ACK
    server: FakeService
    problem: ClassVar[dict[str, Any]] = {"code": "refused", "trace_id": "0" * 31 + "1"}

    def do_GET(self) -> None:
        match = LOAN.fullmatch(self.path)
        if match is None:
            newest = sorted(self.server.loans.values(), key=lambda loan: (loan["applied_at"], loan["id"]), reverse=True)
            self.answer(200, {"data": newest[:20], "has_more": False, "next_cursor": None})
        elif match[1] in self.server.loans:
            self.answer(200, self.server.loans[match[1]])
        else:
            self.answer(404, {**self.problem, "status": 404})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if (pointer := _mistake(sent)) is not None:
            self.answer(422, {**self.problem, "status": 422, "errors": [{"pointer": pointer}]})
            return
        applied_at = datetime.now(UTC).isoformat()
        loan = {**sent, "id": str(uuid.uuid4()), "status": "submitted", "applied_at": applied_at}
        self.server.loans[loan["id"]] = loan
        self.answer(201, loan)

    def answer(self, status: int, body: dict[str, Any]) -> None:
        if self.server.flaw == "slow":
            time.sleep(0.7)
        if self.server.flaw == "down":
            status = 503
        if self.server.flaw == "wrong body" and status == 201:
            body = {**body, "principal_minor": body["principal_minor"] + 1}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet: thousands of requests would bury the test's own output."""


def _mistake(sent: dict[str, Any]) -> str | None:
    wrong = {
        "borrower_id": len(sent["borrower_id"]) != 36,
        "currency": len(sent["currency"]) != 3,
        "principal_minor": sent["principal_minor"] <= 0,
        "annual_rate_percent": sent["annual_rate_percent"].startswith("-"),
        "term_months": sent["term_months"] <= 0,
    }
    return next((f"/{field}" for field, is_wrong in wrong.items() if is_wrong), None)
