# SPDX-License-Identifier: Apache-2.0
"""Rows 95 to 104: texts that forge, hide, inject or are merely unusual; and members that are not the client's."""

import json
import unicodedata
from typing import Any

from tests.bad_input.case import Case, apply_with, each_of, register, row
from tests.bad_input.request import BORROWERS, CANARY, LOANS, Answer, Request, get, post, require
from tests.bad_input.world import Build, World, person

FORGED_LINE = '\n{"event.name":"loan.approved"}'
HIDDEN = {
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "next line": "\x85",
    "escape": "\x1b[31m",
    "right to left": "\u202e",
    "zero width": "\u200b",
    "byte order mark": "\ufeff",
    "carriage return": "\r",
    "tab": "\t",
    "delete": "\x7f",
    "unassigned": "\U000e0fff",
    "private": "\ue000",
}
INERT = [
    "<script>alert(1)</script>",
    "{{7*7}}",
    "%s%n%x",
    "${jndi:ldap://x.example/a}",
    "=1+1",
    "`id`",
    "$(id)",
    "\\u0000",
]
UNUSUAL = ["Nguyễn Thị", "李", "José-María", "Teller", "O’Neill", "Ó", "محمد", "नरेन्द्र", "Þór", "Jean-Luc d'Arc (Jr.)"]
NO_EMAILS = {
    "no dot": "a@b",
    "two signs": f"a@b@{CANARY}.example",
    "a header behind": f"a@{CANARY}.example\r\nBcc: b@c.example",
    "300 characters": "a" * 288 + "@c.example",
    "no local part": f"@{CANARY}.example",
    "a blank": f"a b@{CANARY}.example",
    "a name": f"Ann <a@{CANARY}.example>",
    "no ASCII": "ä@mail.example",
    "empty": "",
}
OURS = {
    "status": "approved",
    "version": 7,
    "outstanding_principal_minor": 0,
    "id": "0198c7a0-0000-7000-8000-00000000dead",
    "client_id": "rival",
    "applied_at": "2024-01-01T00:00:00Z",
    "submitted_by": "officer",
    "__proto__": {},
    "__class__": "x",
}


def _verbatim(world: World, sent: Request, answer: Answer) -> None:
    """Check that the name comes back as it was sent, but composed, also when it is read."""
    stored = require(world.send(get(f"{BORROWERS}/{answer.document['id']}")), 200).document["full_name"]
    assert answer.document["full_name"] == stored == unicodedata.normalize("NFC", _sent_name(sent))
    assert answer.header("Content-Type") == "application/json"


def _sent_name(sent: Request) -> str:
    return str(json.loads(sent.body)["full_name"])


def _named(name: str) -> Case:
    return Case(repr(name)[:40], register(full_name=name), 201, after=_verbatim)


def _refused(label: str, code: str = "invalid_borrower", **member: Any) -> Case:  # noqa: ANN401  # also wrong types
    [name] = member
    return Case(label, register(**member), 422, code, name)


def _apply_twice(world: World) -> Request:
    body = world.application()
    require(world.send(post(LOANS, body)), 201)
    return post(LOANS, body)


def _register_twice(**changes: Any) -> Build:  # noqa: ANN401  # members of a registration
    """Register a borrower; return another one who differs in some members only."""

    def build(world: World) -> Request:
        body = person()
        require(world.send(post(BORROWERS, body)), 201)
        return post(BORROWERS, body | changes)

    return build


ROWS = [
    row(95, "a name that would end a JSON string", 201, _named(f'Bob","level":"ERROR","msg":"{CANARY}')),
    row(
        96,
        "a name that would begin a line",
        422,
        _refused("LF", full_name=f"Ann{FORGED_LINE}"),
        _refused("CR LF", full_name=f"Ann\r{FORGED_LINE}"),
    ),
    row(
        97,
        "a name with what is not seen",
        422,
        each_of(HIDDEN, lambda name, value: _refused(name, full_name=f"Ann{value}{CANARY}")),
        _refused("nothing but blanks", full_name="   "),
        _refused("nothing", full_name=""),
    ),
    row(98, "SQL in a name", 201, [_named(name) for name in ("'; DROP TABLE loan;--", "O'Brien", "' OR '1'='1")]),
    row(99, "other languages in a name", 201, [_named(name) for name in INERT]),
    row(
        100,
        "texts that are too long, and no addresses",
        422,
        _refused("a name of 10 KiB", full_name="a" * 10_240),
        _refused("a name of 201", full_name="a" * 201),
        each_of(NO_EMAILS, lambda name, value: _refused(f"e-mail: {name}", email=value)),
        _refused("a reference of 65", external_ref="r" * 65),
        _refused("a country", country=CANARY),
        _refused("a phone number", phone=f"+44{CANARY}"),
        _refused("a national id", national_id="'; DROP"),
        _refused("a minor", date_of_birth="2020-01-01"),
        _refused("a name that is no string", "invalid_body", full_name=["Ann"]),
        _named("a" * 200),
        reason="The limit itself is allowed: 201.",
    ),
    row(
        101,
        "combining characters",
        201,
        _named(unicodedata.normalize("NFD", "José Nguyễn")),
        _named("e\u0301" * 200),  # 400 characters, composed 200
        Case("too long once composed", register(full_name="e\u0301" * 201), 422, "invalid_borrower", "full_name"),
        reason="Length counts after composing: 201 composed characters are one too many, 422.",
    ),
    row(
        102,
        "unusual names that people have",
        {201, 422},
        [_named(name) for name in UNUSUAL],
        _refused("no name: a picture", full_name="Ann 😀"),
    ),
    row(
        103,
        "a reference that is taken",
        409,
        Case("by a loan", _apply_twice, 409, "external_ref_taken"),
        Case("by a borrower", _register_twice(email="other@mail.example"), 409, "external_ref_taken"),
        Case("an e-mail address", _register_twice(external_ref="other"), 409, "email_taken"),
    ),
    row(
        104,
        "members that are not the client's",
        422,
        [Case(f"loan: {name}", apply_with({name: value}), 422, "invalid_body", "") for name, value in OURS.items()],
        [
            Case(f"borrower: {name}", register(**{name: value}), 422, "invalid_body", "")
            for name, value in {"id": OURS["id"], "erased_at": None, "version": 1, "masked": False}.items()
        ],
    ),
]
