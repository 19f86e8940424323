# SPDX-License-Identifier: Apache-2.0
"""Rows 26 to 35: the idempotency key that a write needs, and the version that a change needs."""

from uuid import uuid4

from tests.bad_input.case import Case, apply, each_of, row
from tests.bad_input.request import BORROWERS, CANARY, LOANS, Answer, Headers, Request, post, request, require
from tests.bad_input.world import Build, World, money, person

INVALID_KEY = (400, "invalid_idempotency_key")
INVALID = {
    "empty": "",
    "empty in quotes": '""',
    "256 characters": f"{CANARY}{'k' * 242}",
    "a space": f"{CANARY} b",
    "one quote": f'"{CANARY}',
    "a comma": f"{CANARY},b",
    "a tab": f"{CANARY}\tb",
    "no ASCII": f"{CANARY}\xe9",
    "UTF-8": f"{CANARY}é".encode().decode("latin-1"),
    "another script's digits": "١٢٣".encode().decode("latin-1"),
    "a parameter": f'"{CANARY}";a=1',
}


def _key(value: str | list[str] | None) -> Build:
    return apply(headers={"Idempotency-Key": value})


def _again(first: str, second: str) -> Build:
    """Send an application, and give the same one with another spelling of its key."""

    def build(world: World) -> Request:
        body, key = world.application(), f"{CANARY}-{uuid4()}"
        require(world.send(post(LOANS, body, headers={"Idempotency-Key": first.format(key)})), 201)
        return post(LOANS, body, headers={"Idempotency-Key": second.format(key)})

    return build


def _reused(first: tuple[str, object], second: tuple[str, object]) -> Build:
    """Book on new loans; give a second request with the key of the first. `1` and `2` in a path are loans."""

    def build(world: World) -> Request:
        loans = {"1": world.loan("active"), "2": world.loan("active")}
        headers = {"Idempotency-Key": f"{CANARY}-{uuid4()}"}
        requests = [
            post(f"{LOANS}/{loans[path[0]]}{path[1:]}", document, headers=headers) for path, document in (first, second)
        ]
        require(world.send(requests[0]), 201)
        return requests[1]

    return build


def _reused_elsewhere(world: World) -> Request:
    headers = {"Idempotency-Key": f"{CANARY}-{uuid4()}"}
    require(world.send(post(LOANS, world.application(), headers=headers)), 201)
    return post(BORROWERS, person(), headers=headers)


def _replayed(_world: World, _request: Request, answer: Answer) -> None:
    assert answer.header("Idempotent-Replayed") == "true"


def _patch(**headers: str | None) -> Build:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda world: request("PATCH", f"{BORROWERS}/{world.borrower}", b'{"country": "IE"}', headers=named)


def _stale(world: World) -> Request:
    borrower = world.register()
    first: Headers = {"If-Match": '"1"'}
    require(world.send(request("PATCH", f"{BORROWERS}/{borrower}", b'{"country": "IE"}', headers=first)), 200)
    return request("PATCH", f"{BORROWERS}/{borrower}", b'{"country": "DE"}', headers=first)


def _key_of_255(world: World) -> Request:
    key = f"{CANARY}-{uuid4()}".ljust(255, "k")
    return post(LOANS, world.application(), headers={"Idempotency-Key": key})


PAID = money(500)
FEE = {"amount_minor": 500, "currency": "EUR", "effective_on": "2024-02-01"}
ROWS = [
    row(
        26,
        "no idempotency key",
        400,
        Case("an application", _key(None), 400, "idempotency_key_missing"),
        Case(
            "a repayment",
            lambda world: post(
                f"{LOANS}/{world.kept('active')}/repayments", money(500), headers={"Idempotency-Key": None}
            ),
            400,
            "idempotency_key_missing",
        ),
        Case(
            "a borrower",
            lambda _: post(BORROWERS, person(), headers={"Idempotency-Key": None}),
            400,
            "idempotency_key_missing",
        ),
    ),
    row(
        27,
        "an idempotency key that is none",
        400,
        each_of(INVALID, lambda name, value: Case(name, _key(value), *INVALID_KEY)),
        # On the wire the key ends there and another line begins, which Nginx leaves out as it is no header.
        Case("a newline", _key(f"{CANARY}\n{CANARY}"), *INVALID_KEY, service_only=True),
        Case("a zero", _key(f"{CANARY}\0"), *INVALID_KEY, edge=(400, "bad_request")),
        Case("255 characters", _key_of_255, 201),
        reason="255 characters are allowed: 201.",
    ),
    row(
        28,
        "a key with another body",
        422,
        Case(
            "another amount",
            _reused(("1/repayments", PAID), ("1/repayments", PAID | {"amount_minor": 501})),
            422,
            "idempotency_key_reused",
        ),
        Case(
            "another channel",
            _reused(("1/repayments", PAID), ("1/repayments", PAID | {"channel": "card"})),
            422,
            "idempotency_key_reused",
        ),
    ),
    row(
        29,
        "a key with another address",
        422,
        Case("another loan", _reused(("1/repayments", PAID), ("2/repayments", PAID)), 422, "idempotency_key_reused"),
        Case("another operation", _reused(("1/fees", FEE), ("1/fee-waivers", FEE)), 422, "idempotency_key_reused"),
        Case("another resource", _reused_elsewhere, 422, "idempotency_key_reused"),
    ),
    row(
        30,
        "a key in flight",
        409,
        proved_by=(
            "tests/integration/test_bad_input.py::test_a_key_that_is_in_flight_is_refused_in_time",
            "tests/concurrency/test_same_key.py::test_who_waits_too_long_for_the_first_gets_the_answer_that_it_is_in_flight",
        ),
    ),
    row(
        31,
        "two idempotency keys",
        400,
        Case("two", _key([f"{CANARY}-1", f"{CANARY}-2"]), *INVALID_KEY),
        Case("the same twice", _key([CANARY] * 2), *INVALID_KEY),
    ),
    row(
        32,
        "a key in quotes, then bare",
        {200, 201},
        Case("quoted first", _again('"{}"', "{}"), 201, after=_replayed),
        Case("bare first", _again("{}", '"{}"'), 201, after=_replayed),
        Case("with blanks around", _again("{}", "  {}  "), 201, after=_replayed),
    ),
    row(
        33,
        "a version that is no longer the present one",
        412,
        Case("stale", _stale, 412, "precondition_failed"),
        Case("never was", _patch(If_Match='"99"'), 412, "precondition_failed"),
        Case("no tag of ours", _patch(If_Match=f'"{CANARY}"'), 412, "precondition_failed"),
        Case(
            "on a loan",
            lambda world: post(f"{LOANS}/{world.kept('submitted')}/approve", headers={"If-Match": '"99"'}),
            412,
            "precondition_failed",
        ),
    ),
    row(34, "a change without a version", 428, Case("none", _patch(), 428, "precondition_required")),
    row(
        35,
        "a weak version, or garbage",
        {412, 400},
        Case("weak", _patch(If_Match='W/"1"'), 412, "precondition_failed"),
        each_of(
            ["1", CANARY, '"1', "", '"1",', "W/1", f'"{"1" * 65}"', '"1" "2"'],
            lambda name, value: Case(f"garbage {name}", _patch(If_Match=value), 400, "invalid_if_match"),
        ),
    ),
]
