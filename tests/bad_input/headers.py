# SPDX-License-Identifier: Apache-2.0
"""Rows 36 to 45: headers about traces, names and addresses, which are no reason to refuse; and who may do what."""

import re

from tests.bad_input.case import Case, apply, ask, each_of, on, row
from tests.bad_input.request import CANARY, LOANS, Answer, Headers, Request, post, request, require
from tests.bad_input.world import World, money

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OURS = re.compile(r"[0-9a-f]{32}")
TRACEPARENTS: dict[str, str | list[str]] = {
    "no form at all": CANARY,
    "empty": "",
    "version ff": f"ff-{TRACE}-{SPAN}-01",
    "no trace": f"00-{'0' * 32}-{SPAN}-01",
    "no span": f"00-{TRACE}-{'0' * 16}-01",
    "upper case": f"00-{TRACE.upper()}-{SPAN.upper()}-01",
    "too short": f"00-{TRACE[:-1]}-{SPAN}-01",
    "more than version 00 has": f"00-{TRACE}-{SPAN}-01-{CANARY}",
    "two headers": [f"00-{TRACE}-{SPAN}-01"] * 2,
    "no ASCII": "00-\xe9",
}
# Forged; a service that trusts one would link to it, or log it as the client's address.
FORGED: Headers = {
    "Host": f"{CANARY}.example",
    "X-Forwarded-For": CANARY,
    "X-Forwarded-Host": f"{CANARY}.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": f"/{CANARY}",
    "X-Real-IP": CANARY,
    "Forwarded": f"for={CANARY};host={CANARY}",
}
UNAUTHENTICATED: dict[str, str | list[str] | None] = {
    "missing": None,
    "empty": "",
    "another scheme": f"Basic {CANARY}",
    "no secret": "Bearer",
    "an unknown secret": f"Bearer {CANARY}",
    "two words": "Bearer dev-officer-key x",
    "no ASCII": "Bearer dev-officer-key\xe9",
    "of 3,000 bytes": f"Bearer {'k' * 3000}",
}


def new_trace(_world: World, _request: Request, answer: Answer) -> None:
    """Check that the request is in a trace of its own, where it is in one."""
    trace = (answer.header("traceresponse") or "").split("-")
    assert trace == [""] or (OURS.fullmatch(trace[1]) and trace[1] != TRACE), trace


def _renamed(_world: World, sent: Request, answer: Answer) -> None:
    given = answer.header("X-Request-Id")
    assert given not in sent.named("X-Request-Id")
    assert given is None or OURS.fullmatch(given)  # without telemetry there is no other name


def _kept(_world: World, sent: Request, answer: Answer) -> None:
    assert [answer.header("X-Request-Id")] == sent.named("X-Request-Id")


def _links_here(_world: World, _request: Request, answer: Answer) -> None:
    assert re.fullmatch(LOANS + r"/[0-9a-f-]{36}", answer.header("Location") or "")


def _whole(_world: World, _request: Request, answer: Answer) -> None:
    assert set(answer.document) == {"data", "has_more", "next_cursor"}
    assert answer.header("Content-Range") is None


def _listed(headers: Headers, name: str, **more: object) -> Case:
    return Case(name, ask("?limit=1", headers=headers), 200, **more)  # type: ignore[arg-type]


def _next_link(world: World) -> Request:
    for _ in range(2):
        world.loan("submitted")
    return ask("?limit=1", headers=FORGED)(world)


def _next_is_here(_world: World, _request: Request, answer: Answer) -> None:
    assert (answer.header("Link") or "").startswith(f"<{LOANS}?")


def _submitted_by_the_officer(world: World) -> Request:
    loan = require(world.send(post(LOANS, world.application())), 201).document["id"]
    return post(f"{LOANS}/{loan}/approve")


ROWS = [
    row(
        36,
        "a traceparent that is none",
        {200, 201},
        each_of(TRACEPARENTS, lambda name, value: _listed({"traceparent": value}, name, after=new_trace)),
        Case("on a write", apply(headers={"traceparent": f"ff-{TRACE}-{SPAN}-01"}), 201, after=new_trace),
    ),
    row(
        37,
        "a tracestate that is too long",
        {200, 201},
        _listed({"tracestate": f"a={CANARY * 40}"}, "600 bytes"),
        _listed({"tracestate": ",".join(f"k{n}=v" for n in range(33))}, "33 members"),
        _listed({"tracestate": f"=,;{CANARY}"}, "garbage"),
    ),
    row(
        38,
        "baggage that is too much",
        {200, 201, 431},
        _listed({"baggage": ",".join(f"k{n}=v" for n in range(500))}, "500 members"),
        _listed({"baggage": f"k={CANARY * 3600}"}, "50 KiB", edge=(431, "header_too_large")),
    ),
    row(
        39,
        "baggage with personal data",
        {200, 201},
        _listed({"baggage": f"user.email={CANARY}@mail.example"}, "an address"),
    ),
    row(
        40,
        "an X-Request-Id that cannot be one",
        {200, 201},
        each_of(
            {
                "JSON": f'{{"a": "{CANARY}"}}',
                "65 characters": CANARY.ljust(65, "x"),
                "a blank": f"{CANARY} a",
                "no ASCII": f"{CANARY}\xe9",
                "empty": "",
                "two": [CANARY, CANARY],
            },
            lambda name, value: _listed({"X-Request-Id": value}, name, after=_renamed),
        ),
        # On the wire a second header would begin there, which is no test of this one.
        _listed({"X-Request-Id": f"{CANARY}\r\nX-Other: {CANARY}"}, "CR and LF", after=_renamed, service_only=True),
        _listed({"X-Request-Id": CANARY * 730}, "10 KiB", after=_renamed, edge=(431, "header_too_large")),
        _listed({"X-Request-Id": "a-name_1"}, "one that can be", after=_kept),
        reason="Nginx takes headers of 4 KiB at most; the service itself would replace the one of 10 KiB too.",
    ),
    row(
        41,
        "forged addresses",
        {200, 201},
        Case("of a new loan", apply(headers=FORGED), 201, after=_links_here),
        Case("of the next page", _next_link, 200, after=_next_is_here),
    ),
    row(
        42,
        "no valid key",
        401,
        each_of(
            UNAUTHENTICATED,
            lambda name, value: Case(name, ask("", headers={"Authorization": value}), 401, "unauthenticated"),
        ),
        Case(
            "two headers",
            ask("", headers={"Authorization": ["Bearer dev-officer-key", f"Bearer {CANARY}"]}),
            401,
            "unauthenticated",
            edge=(400, "bad_request"),
        ),
        Case("on a write", apply(headers={"Authorization": None}), 401, "unauthenticated"),
        Case(
            "before anything else is looked at",
            lambda _: request("POST", LOANS, b"{", headers={"Authorization": None, "Idempotency-Key": None}),
            401,
            "unauthenticated",
        ),
        reason="Nginx takes two Authorization headers for no valid HTTP: 400.",
        proved_by=("tests/integration/test_access.py::test_an_unknown_and_an_expired_secret_get_the_same_answer",),
    ),
    row(
        43,
        "a key without the scope",
        403,
        Case("approve", on("submitted", "approve", key_id="applicant"), 403, "insufficient_scope"),
        Case("apply", lambda world: post(LOANS, world.application(), key_id="auditor"), 403, "insufficient_scope"),
        Case("charge off", on("active", "charge-off", {}, key_id="applicant"), 403, "insufficient_scope"),
        Case("waive", on("active", "fee-waivers", money(1), key_id="applicant"), 403, "insufficient_scope"),
    ),
    row(44, "four eyes", 403, Case("who submitted approves", _submitted_by_the_officer, 403, "four_eyes")),
    row(
        45,
        "Range and Expect",
        {200, 201, 417},
        each_of(
            ["bytes=0-1", "bytes=9-1", f"{CANARY}=1", "bytes=" + "0-1," * 300],
            lambda name, value: _listed({"Range": value}, name[:20], after=_whole),
        ),
        _listed({"Expect": CANARY}, "an unknown expectation", after=_whole),
        Case("100-continue", apply(headers={"Expect": "100-continue"}), 201),
    ),
]
