# SPDX-License-Identifier: Apache-2.0
"""Rows 13 to 25: what is not declared as JSON, too large, not acceptable, or no HTTP."""

import json

from tests.bad_input.case import Case, apply, apply_with, ask, row
from tests.bad_input.request import CANARY, JSON, LOANS, Answer, Request, get, request
from tests.bad_input.world import Build, World

LIMIT = 65_536


def _unsupported(name: str, headers: dict[str, str | list[str] | None]) -> Case:
    return Case(name, apply(headers=headers), 415, "unsupported_media_type")


def _padded(size: int, *, chunked: bool) -> Build:
    """Make a valid application of exactly so many bytes: it is valid wherever it is cut."""
    return lambda world: request("POST", LOANS, json.dumps(world.application()).encode().ljust(size), chunked=chunked)


def _too_large(size: int, *, chunked: bool) -> Case:
    return Case(
        f"{size} bytes", _padded(size, chunked=chunked), 413, "content_too_large", edge=(413, "content_too_large")
    )


def _allows(_world: World, _request: Request, answer: Answer) -> None:
    allowed = (answer.header("Allow") or "").split(", ")
    assert set(allowed) == {"GET", "HEAD", "OPTIONS", "POST"}


ROWS = [
    row(
        13,
        "not declared as JSON",
        415,
        _unsupported("plain text", {"Content-Type": "text/plain"}),
        _unsupported("nothing", {"Content-Type": None}),
        _unsupported("a form", {"Content-Type": "application/x-www-form-urlencoded"}),
        _unsupported("no media type", {"Content-Type": CANARY}),
    ),
    row(
        14,
        "another charset",
        415,
        [
            _unsupported(charset, {"Content-Type": f"{JSON}; charset={charset}"})
            for charset in ("latin-1", "utf-16", CANARY, '""')
        ],
    ),
    row(
        15,
        "another kind of JSON",
        415,
        [
            _unsupported(kind, {"Content-Type": f"application/{kind}"})
            for kind in ("vnd.api+json", "merge-patch+json", "jsonp", "json-seq")
        ],
    ),
    row(
        16,
        "compressed",
        415,
        [_unsupported(name, {"Content-Encoding": name}) for name in ("gzip", "br", "identity, gzip", CANARY)],
    ),
    row(
        17,
        "more than 64 KiB, with a length",
        413,
        [_too_large(size, chunked=False) for size in (LIMIT + 1, 1_000_000)],
        Case("exactly 64 KiB", _padded(LIMIT, chunked=False), 201),
        reason="64 KiB themselves are allowed: 201.",
    ),
    row(
        18,
        "more than 64 KiB, in chunks",
        413,
        [_too_large(size, chunked=True) for size in (LIMIT + 1, 2 * LIMIT, 1_000_000)],
        Case("exactly 64 KiB", _padded(LIMIT, chunked=True), 201),
        reason="64 KiB themselves are allowed: 201.",
    ),
    row(
        19,
        "an answer that the service cannot give",
        406,
        [
            Case(accept, ask("", headers={"Accept": accept}), 406, "not_acceptable")
            for accept in ("text/html", f"text/{CANARY}", "application/json;q=0", "image/*, text/html;q=0.9")
        ],
        Case("on a write", apply(headers={"Accept": "text/html"}), 406, "not_acceptable"),
        [
            Case(f"{accept} is fine", ask("", headers={"Accept": accept}), 200)
            for accept in ("*/*", "application/*", "text/html, */*;q=0.1", "application/problem+json, application/json")
        ],
        reason="The last four do accept JSON: 200.",
    ),
    row(
        20,
        "a method that the address does not take",
        405,
        [
            Case(method, lambda _world, method=method: request(method, LOANS), 405, "method_not_allowed", after=_allows)  # type: ignore[misc]
            for method in ("PUT", "DELETE", "PATCH", "BREW")
        ],
    ),
    row(
        21,
        "an unknown address",
        404,
        [
            Case(path, lambda _world, path=path: get(path), 404, "not_found")  # type: ignore[misc]
            for path in (
                f"/{CANARY}",
                "/api/v1",
                "/api/v2/loans",
                f"/api/v1/{CANARY}",
                f"{LOANS}/",
                f"{LOANS};{CANARY}",
                f"{LOANS}%0d%0aX-Canary:%20{CANARY}",
                f"{LOANS}%ff",
            )
        ],
        Case("a zero", lambda _world: get(f"{LOANS}%00"), 404, "not_found", edge=(400, "bad_request")),
        Case(
            "behind a loan",
            lambda world: get(f"{LOANS}/{world.kept('submitted')}/{CANARY}"),
            404,
            "not_found",
        ),
        reason="Nginx takes no address with a zero in it for HTTP: 400.",
    ),
    row(
        22,
        "an unknown member",
        422,
        Case("misspelled", apply(principle_minor=1), 422, "invalid_body", ""),
        Case("a canary", apply_with({CANARY: CANARY}), 422, "invalid_body", ""),
        Case("one level down", apply(currency={CANARY: 1}), 422, "invalid_body", "currency"),
    ),
    row(
        23,
        "an address of 8 KiB",
        414,
        Case("path", lambda _world: get(f"/{CANARY * 600}"), 414, "uri_too_long", edge_only=True),
        Case("query", ask(f"?cursor={CANARY * 600}"), 414, "uri_too_long", edge_only=True),
    ),
    row(
        24,
        "a header of more than 8,190 bytes",
        {431, 400},
        Case("one", ask("", headers={"X-Canary": CANARY * 600}), 431, "header_too_large", edge_only=True),
        Case("several", ask("", headers={"X-Canary": [CANARY * 200] * 8}), 431, "header_too_large", edge_only=True),
    ),
    row(
        25,
        "both a length and chunks",
        400,
        Case(
            "of the same body",
            lambda world: request(
                "POST",
                LOANS,
                json.dumps(world.application()).encode(),
                chunked=True,
                headers={"Content-Length": "5", "Transfer-Encoding": "chunked"},
            ),
            400,
            "bad_request",
            edge_only=True,
        ),
    ),
]
