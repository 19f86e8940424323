# SPDX-License-Identifier: Apache-2.0
"""Rows 1 to 12: what is no JSON, no object, or no text that JSON can have."""

import json

from tests.bad_input.case import Case, apply, row, send_body
from tests.bad_input.request import BORROWERS, CANARY, JSON, LOANS, post, request
from tests.bad_input.world import Build, person

MALFORMED = (400, "malformed_json")


def _malformed(name: str, body: bytes | str) -> Case:
    return Case(name, send_body(body), *MALFORMED)


def _in_encoding(encoding: str) -> Build:
    return lambda world: request("POST", LOANS, json.dumps(world.application()).encode(encoding))


def _with_text(text: str) -> Build:
    """Register a borrower whose name has an escape that json.dumps would not write."""
    body = json.dumps(person(full_name="NAME")).replace("NAME", text)
    return lambda _world: request("POST", BORROWERS, body.encode())


ROWS = [
    row(1, "malformed JSON", 400, _malformed("half a member", '{"a":'), _malformed("a bare word", CANARY)),
    row(
        2,
        "empty body",
        400,
        Case("no byte", lambda _world: post(LOANS, headers={"Content-Type": JSON}), *MALFORMED),
        _malformed("a blank", " "),
    ),
    row(
        3,
        "another value than an object",
        {422, 400},
        [
            Case(name, send_body(name), 422, "invalid_body")
            for name in ("[]", f'["{CANARY}"]', f'"{CANARY}"', "null", "true", "7", "7.5")
        ],
    ),
    row(
        4,
        "NaN and infinities",
        400,
        [
            _malformed(f"{literal} {place}", body.format(literal))
            for literal in ("NaN", "Infinity", "-Infinity")
            for place, body in {"alone": "{}", "in a member": '{{"principal_minor": {}}}'}.items()
        ],
    ),
    row(
        5,
        "duplicate members",
        400,
        _malformed("a known one", '{"currency": "EUR", "currency": "USD"}'),
        _malformed("an unknown one", f'{{"{CANARY}": 1, "{CANARY}": 1}}'),
        _malformed("one level down", '{"a": {"b": 1, "b": 1}}'),
        _malformed("by an escape", '{"a": 1, "\\u0061": 1}'),
    ),
    row(
        6,
        "nested deeply",
        400,
        [_malformed(f"{depth} brackets", "[" * depth) for depth in (1_000, 30_000, 65_000)],
        _malformed("30000 objects", '{"":' * 15_000),
        Case("100000 brackets", send_body("[" * 100_000), 413, "content_too_large", edge=(413, "content_too_large")),
        reason="100,000 brackets are more than a body may have: they are refused by their length, before any parser.",
    ),
    row(
        7,
        "an integer of 5,000 digits",
        400,
        _malformed("positive", f'{{"principal_minor": {"9" * 5000}}}'),
        _malformed("negative", f'{{"principal_minor": -{"9" * 5000}}}'),
    ),
    row(
        8,
        "no UTF-8",
        400,
        [_malformed(repr(bad), b'{"a": "' + bad + b'"}') for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf")],
    ),
    row(9, "UTF-16", 400, [Case(name, _in_encoding(name), *MALFORMED) for name in ("utf-16", "utf-16-le", "utf-32")]),
    row(10, "a byte order mark", 400, Case("before a valid document", _in_encoding("utf-8-sig"), *MALFORMED)),
    row(
        11,
        "half a surrogate pair",
        422,
        Case("in a name", _with_text("\\ud800"), 422, "invalid_borrower", "full_name"),
        Case("the second half", _with_text("a\\udc00b"), 422, "invalid_borrower", "full_name"),
        Case("in a rate", apply(annual_rate_percent="\ud800"), 422, "invalid_terms", "annual_rate_percent"),
        Case("in a member's name", send_body('{"\\ud800": 1}'), 422, "invalid_body"),
    ),
    row(
        12,
        "a zero character",
        422,
        Case("in a name", _with_text("Ann\\u0000Bell"), 422, "invalid_borrower", "full_name"),
        Case("in a rate", apply(annual_rate_percent="5\0"), 422, "invalid_terms", "annual_rate_percent"),
        Case("in a reference", apply(external_ref="a\0"), 422, "invalid_body", "external_ref"),
        _malformed("unescaped", '{"a": "\0"}'),
        reason="Unescaped it is no JSON at all, as no control character is: 400.",
    ),
]
