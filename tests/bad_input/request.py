# SPDX-License-Identifier: Apache-2.0
"""A request as it goes over the wire, right or wrong, and the answer: the same for every way of sending it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from app.access import DEV_SECRETS

LOANS = "/api/v1/loans"
BORROWERS = "/api/v1/borrowers"
QUOTES = "/api/v1/quotes"
JSON = "application/json"
# In every request, where nothing may repeat it: the key, the agent, and whatever of the input is free text.
CANARY = "zz-canary-7391"
CHUNK = 16_384
Headers = Mapping[str, str | list[str] | None]


@dataclass(frozen=True)
class Request:
    """What is sent; header values are latin-1, as bytes are on the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    chunked: bool = False

    def named(self, name: str) -> list[str]:
        """Give the values of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def wire(self) -> bytes:
        """Write it as HTTP/1.1, also if it is invalid."""
        headers = [("Host", "loans.example"), *self.headers] if not self.named("Host") else list(self.headers)
        if self.body and not self.chunked and not self.named("Content-Length"):
            headers.append(("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
        return "\r\n".join(lines).encode("latin-1") + (_in_chunks(self.body) if self.chunked else self.body)


@dataclass(frozen=True)
class Answer:
    """What came back, and after how long."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str | None:
        """Give a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def document(self) -> dict[str, Any]:
        """Read the body as a JSON object."""
        document = json.loads(self.body)
        assert isinstance(document, dict), document
        return document


Send = Callable[[Request], Answer]


def request(
    method: str,
    target: str,
    body: bytes = b"",
    *,
    key_id: str = "officer",
    headers: Headers | None = None,
    chunked: bool = False,
) -> Request:
    """Make the request of a well-behaved client; `headers` replaces some, doubles one by a list, omits one by None."""
    usual: dict[str, str | list[str] | None] = {
        "Authorization": f"Bearer {DEV_SECRETS[key_id]}",
        "User-Agent": CANARY,
        "Connection": "close",
    }
    if method == "POST":
        usual["Idempotency-Key"] = f"{CANARY}-{uuid4()}"
    if body:
        usual["Content-Type"] = JSON
    if chunked:
        usual["Transfer-Encoding"] = "chunked"
    named = {**usual, **(headers or {})}
    several = {name: value if isinstance(value, list) else [value] for name, value in named.items()}
    flat = [(name, value) for name, values in several.items() for value in values if value is not None]
    return Request(method, target, tuple(flat), body, chunked)


def post(target: str, document: Any = None, **more: Any) -> Request:  # noqa: ANN401  # also what is no object
    """Make a POST of a JSON document, or of none."""
    body = b"" if document is None else json.dumps(document).encode()
    return request("POST", target, body, **more)


def get(target: str, **more: Any) -> Request:  # noqa: ANN401  # as of request
    """Make a GET."""
    return request("GET", target, **more)


def require(answer: Answer, status: int) -> Answer:
    """Check a step that only prepares a case."""
    assert answer.status == status, (HTTPStatus(answer.status), answer.body)
    return answer


def _in_chunks(body: bytes) -> bytes:
    parts = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
