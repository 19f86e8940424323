# SPDX-License-Identifier: Apache-2.0
"""Unusual requests, and answers to compare byte by byte."""

import itertools
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from stack.ports import HOST

OURS = ("traceresponse", "access-control-expose-headers")
TIMED = ("date",)
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


@dataclass(frozen=True)
class Case:
    """A request."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False

    @property
    def name(self) -> str:
        """Name the case after what is special about it."""
        words = [self.method, self.path, *itertools.chain(*self.headers.items()), "chunked" if self.chunked else ""]
        return " ".join(word[:40] for word in words if word).encode("ascii", "backslashreplace").decode()

    @property
    def raw(self) -> bytes:
        """Write the request as it goes over the wire."""
        headers = {"Host": "loans.example", "Connection": "close", **self.headers}
        body = self.body
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
            parts = [self.body[start : start + 1000] for start in range(0, len(self.body), 1000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
        elif self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


TWICE = Case("/twice")
FILE_DATE = "Fri, 01 Jan 2100 00:00:00 GMT"
CASES = [
    *(Case(path) for path in ("/text", "/stream", "/context", "/fails", "/context-fails", "/closing", "/file")),
    *(Case(path) for path in ("/large", "/nothing", "/unchanged", "/hints", "/boom", "/hook", "/early")),
    *(Case(path) for path in ("/names/%ff", "/names/%00", "/names/%C3%BC", "/no/%ff", "/names/a%0d%0ab", "//names/x")),
    *(Case(path, "HEAD") for path in ("/text", "/stream", "/context", "/file", "/large", "/boom", "/closing")),
    *(Case("/text", method) for method in ("OPTIONS", "BREW", "POST", "TRACE")),
    Case("*", "OPTIONS"),
    Case("/file", headers={"Range": "bytes=5-19"}),
    Case("/file", headers={"Range": "bytes=900000-"}),
    Case("/file", headers={"If-Modified-Since": FILE_DATE}),
    Case("/file", headers={"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}),
    Case("/digest", "POST", body=b"x" * 3_000_000),
    Case("/digest", "POST", body=b"x" * 30_000, chunked=True),
    Case("/digest", "POST", {"Expect": "100-continue"}, b"x" * 1000),
    Case("/unread", "POST", body=b"x" * 100_000),
    *(Case("/text", headers={"traceparent": value}) for value in ("x", TRACE, f"{TRACE}-x", "ff" + TRACE[2:], "ä")),
    *(Case("/text", headers={"traceparent": TRACE, "tracestate": value}) for value in ("no format", "a=b,a=c", "é=1")),
    Case("/text", headers={"traceparent": TRACE, "tracestate": ",".join(f"k{number}=v" for number in range(40))}),
    *(Case("/text", headers={"baggage": value}) for value in ("no format", "=,=;;", "a=" + "b" * 5000, "%ff=%ff")),
    *(Case("/text", headers={"Host": value}) for value in ("[", "a b", "[::1", "%", "x:y", "x:99999999", "a/b?c#d")),
]


def ask(port: int, raw: bytes) -> bytes:
    """Send a request over a connection of its own, and give all that comes back."""
    with socket.create_connection((HOST, port), timeout=10) as client:
        client.sendall(raw)
        return b"".join(iter(lambda: client.recv(65536), b""))


def without(answer: bytes, names: tuple[str, ...]) -> bytes:
    """Leave header fields out of an answer, and of what is sent before it."""
    head, blank, rest = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    kept = [line for line in lines if line.partition(b":")[0].decode("latin-1").lower() not in names]
    return b"\r\n".join(kept) + blank + (without(rest, names) if lines[0][8:10] == b" 1" else rest)
