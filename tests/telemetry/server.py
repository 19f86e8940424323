# SPDX-License-Identifier: Apache-2.0
"""A real Gunicorn with the real gunicorn.conf.py on a small app, and clients that count what they were answered."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import requests
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry.exposition import series
from stack.polling import poll
from stack.ports import HOST, free_port
from stack.process import Child, Command
from tests.unanswered import UNANSWERED

ROOT = Path(__file__).parents[2]
REQUESTS = "http_server_request_duration_seconds_count"
ACTIVE = "http_server_active_requests"
UP = "loan_service_worker_up"
READY_SECONDS = 30.0  # four workers start in 2 s on an idle machine

Page = dict[str, float]
SLOTS = 4


class Server:
    """A running Gunicorn."""

    def __init__(self, folder: Path, target: str = "target", **environ: str) -> None:
        self.port = free_port()
        self.base = f"http://{HOST}:{self.port}"
        self.logs = folder / "logs"
        variables = {
            "PATH": os.environ["PATH"],
            "API_HOST": HOST,
            "API_PORT": str(self.port),
            "LOG_DIR": str(self.logs),
            "TELEMETRY_DIR": str(folder / "t"),
        }
        self.child = Child(
            Command(
                argv=[sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", f"tests.telemetry.{target}:app"],
                log=folder / "output",
                env=variables | environ,
                cwd=ROOT,
            )
        )

    def wait_until_ready(self, workers: int = SLOTS) -> None:
        """Wait until every worker answers its peers."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                break
            try:
                if self.page_of(workers):
                    return
            except (*UNANSWERED, requests.Timeout):
                pass
            time.sleep(0.05)
        raise AssertionError(f"Gunicorn did not start: {self.child.tail()}")

    def get(self, path: str, **headers: str) -> requests.Response:
        """Send a request over its own connection, as a proxy without keep-alive does."""
        return requests.get(self.base + path, headers={"Connection": "close"} | headers, timeout=10)

    def page(self) -> Page:
        """Scrape whichever worker takes the request."""
        answer = self.get("/metrics")
        answer.raise_for_status()
        return {
            series(sample.name, sample.labels): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def page_of(self, workers: int) -> Page | None:
        """Scrape; give nothing where fewer workers answer, as the others' totals may be older."""
        page = self.page()
        return page if total(page, UP) >= workers else None

    def counted(self, workers: int = SLOTS) -> int:
        """Return the number of requests at /metrics as soon as all workers answer."""
        return total(poll(lambda: self.page_of(workers), READY_SECONDS, "a page of all workers"), REQUESTS)

    def active(self) -> int:
        """Give the requests that are under way."""
        return total(self.page(), ACTIVE)

    def send(self, number: int) -> list[float]:
        """Send requests from eight clients; each must be answered. Give their durations."""
        with ThreadPoolExecutor(8) as clients:
            return list(clients.map(self.one, range(number)))

    def one(self, number: int) -> float:
        """Send one request and give its duration."""
        began = time.monotonic()
        answer = self.get(f"/tasks/{number}")
        assert answer.status_code == 200
        return time.monotonic() - began

    def reload(self) -> None:
        """Replace all workers gracefully."""
        self.child.signal(signal.SIGHUP)

    def stop(self) -> float:
        """Stop as a supervisor does, and give the seconds that it took."""
        began = time.monotonic()
        self.child.stop()
        return time.monotonic() - began

    def output(self) -> list[str]:
        """Give what was written to stdout and stderr."""
        return self.child.command.log.read_text().splitlines()

    def lines(self) -> list[dict[str, Any]]:
        """Give all lines of all log files."""
        return [json.loads(line) for path in self.logs.glob("*.jsonl") for line in path.read_text().splitlines()]


def total(page: Page, name: str) -> int:
    """Add up all series of a name."""
    return int(sum(value for key, value in page.items() if key.startswith(name)))


@contextmanager
def serving(folder: Path, target: str = "target", **environ: str) -> Iterator[Server]:
    """Run a server, by default with four workers of four threads."""
    server = Server(folder, target, **environ)
    try:
        server.wait_until_ready(int(environ.get("API_WORKERS", SLOTS)))
        yield server
    finally:
        server.child.stop()


class Watch:
    """Scrapes as fast as it can and notes every total that went backwards."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.scrapes = 0
        self.failed = 0
        self.backwards: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        last: Page = {}
        while not self._over.wait(0.05):
            try:
                page = self._server.page()
            except UNANSWERED:  # the worker with the request has been killed
                self.failed += 1
                continue
            page = {key: value for key, value in page.items() if "_count{" in key or "_total{" in key}
            self.backwards += [key for key, value in last.items() if page.get(key, -1.0) < value]
            last = page
            self.scrapes += 1
