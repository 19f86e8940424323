# SPDX-License-Identifier: Apache-2.0
"""Rows 79 to 89: what a loan's or a borrower's state does not allow, and what is not there."""

from typing import Any

from tests.bad_input.case import Case, about, each_of, on, on_new, row
from tests.bad_input.request import BORROWERS, CANARY, LOANS, Answer, Request, get, post, require
from tests.bad_input.world import FIRST_DUE, INSTALLMENT, PAYOFF, PRINCIPAL, Build, World, money, payout

FORBIDDEN = (409, "invalid_state_transition")
NOBODYS = "0198c7a0-0000-7000-8000-00000000dead"
DUE_AND_NEXT = 2 * INSTALLMENT
FEE = {"amount_minor": 500, "currency": "EUR", "effective_on": FIRST_DUE}
REVERSAL = {"effective_on": FIRST_DUE}
NO_IDS = {
    "a way up": "../../etc/passwd",
    "an escaped way up": "..%2f..%2fetc%2fpasswd",
    "SQL": "1%20OR%201=1",
    "36 blanks": "%20" * 36,
    "no hyphens": NOBODYS.replace("-", ""),
    "in braces": f"%7B{NOBODYS}%7D",
    "a number": "7",
    "a canary": CANARY,
    "one digit more": f"{NOBODYS}0",
    "a line behind": f"{NOBODYS}%0a",
    "other scripts' digits": NOBODYS.replace("0198", "%D9%A0%D9%A1%D9%A9%D9%A8"),
}


def _forbidden(state: str, step: str, document: Any = None) -> Case:  # noqa: ANN401  # a body
    return Case(f"{step}: {state}", on(state, step, document), *FORBIDDEN)


def _repay(name: str, amount: int, code: str) -> Case:
    return Case(name, on("active", "repayments", money(amount)), 422, code, "amount_minor")


def _reverse(state: str, number: int) -> Build:
    """Reverse a booking of a loan; 0 is the disbursement."""

    def build(world: World) -> Request:
        loan = world.kept(state)
        booked = require(world.send(get(f"{LOANS}/{loan}/transactions")), 200).document["data"]
        return post(f"{LOANS}/{loan}/transactions/{booked[number]['id']}/reverse", REVERSAL)

    return build


def _reverse_again(which: int) -> Build:
    """Reverse a payment; give a reversal of it (0) or of its reversal (1)."""

    def build(world: World) -> Request:
        loan = world.loan("repaid once")
        payment = world.last_transaction(loan)
        reversal = require(world.send(post(f"{LOANS}/{loan}/transactions/{payment}/reverse", REVERSAL)), 201)
        again = (payment, reversal.document["id"])[which]
        return post(f"{LOANS}/{loan}/transactions/{again}/reverse", REVERSAL)

    return build


def _paid_off(world: World, sent: Request, answer: Answer) -> None:
    loan = require(world.send(get(sent.target.removesuffix("/repayments"))), 200).document
    assert (loan["status"], loan["outstanding_principal_minor"]) == ("paid_off", 0)
    assert (answer.document["kind"], answer.document["interest_rebate_minor"] > 0) == ("payoff", True)


def _still_late(world: World, sent: Request, _answer: Answer) -> None:
    loan = require(world.send(get(f"{sent.target.removesuffix('/repayments')}?as_of=2024-02-11")), 200).document
    assert (loan["next_due_on"], loan["days_past_due"]) == (FIRST_DUE, 10)


def _of_another_client(path: str, *, write: bool) -> Build:
    make = post if write else get
    return lambda world: make(f"{LOANS}/{world.kept('active')}{path}", key_id="rival")


def _looks_unknown(world: World, sent: Request, answer: Answer) -> None:
    """Check that another client's loan and no loan get the same answer, but for what names the request."""
    loan = world.kept("active")
    unknown = world.send(get(sent.target.replace(loan, NOBODYS), key_id="rival"))
    own = {"instance": "", "trace_id": ""}
    assert unknown.document | own == answer.document | own


def _upper_case(world: World) -> Request:
    return get(f"{LOANS}/{world.kept('active').upper()}")


def _same_loan(world: World, _request: Request, answer: Answer) -> None:
    assert answer.document["id"] == world.kept("active")


def _erase(state: str) -> Build:
    def build(world: World) -> Request:
        world.kept(state)
        return post(f"{BORROWERS}/{world.borrower}/erasure")

    return build


def _apply_for_erased(world: World) -> Request:
    return post(LOANS, world.application(borrower_id=world.erased))


ROWS = [
    row(
        79,
        "a second decision",
        409,
        _forbidden("approved", "approve"),
        _forbidden("approved", "reject", {"reason": "policy"}),
        _forbidden("rejected", "approve"),
        _forbidden("active", "withdraw"),
        _forbidden("active", "cancel"),
    ),
    row(
        80,
        "what the status does not allow",
        409,
        [_forbidden(state, "disburse", payout()) for state in ("submitted", "rejected", "active", "paid_off")],
        [_forbidden(state, "repayments", money(1)) for state in ("submitted", "approved", "rejected", "paid_off")],
        [_forbidden(state, "charge-off", REVERSAL) for state in ("submitted", "paid_off", "charged_off")],
        [_forbidden(state, "fees", FEE) for state in ("approved", "paid_off")],
        Case("charge-off: not late", on("active", "charge-off", REVERSAL), 409, "not_eligible_for_charge_off"),
        Case("payoff-quote: not active", about("approved", "/payoff-quote"), *FORBIDDEN),
    ),
    row(
        81,
        "another amount than was approved",
        422,
        [
            Case(
                f"{amount}",
                on("approved", "disburse", payout(amount_minor=amount)),
                422,
                "invalid_terms",
                "amount_minor",
            )
            for amount in (PRINCIPAL + 1, PRINCIPAL - 1, 0, -1)
        ],
    ),
    row(
        82,
        "an amount that cannot be taken",
        422,
        _repay("nothing", 0, "invalid_terms"),
        _repay("less", -1, "invalid_terms"),
        _repay("one too much", DUE_AND_NEXT + 1, "amount_exceeds_due"),
        _repay("one less than the payoff", PAYOFF - 1, "amount_exceeds_due"),
        _repay("one more than the payoff", PAYOFF + 1, "amount_exceeds_due"),
        _repay("ten payoffs", 10 * PAYOFF, "amount_exceeds_due"),
        Case(
            "more than was charged off",
            on("charged_off", "repayments", money(PRINCIPAL + 1, "2024-10-02")),
            422,
            "amount_exceeds_due",
            "amount_minor",
        ),
        Case("more than the fees", on("active", "fee-waivers", FEE), 422, "invalid_terms", "amount_minor"),
    ),
    row(
        83,
        "exactly the payoff",
        201,
        Case("ends it", on_new("active", "repayments", money(PAYOFF)), 201, after=_paid_off),
    ),
    row(
        84,
        "a cent short of an installment",
        201,
        Case("is still late", on_new("active", "repayments", money(INSTALLMENT - 1)), 201, after=_still_late),
    ),
    row(
        85,
        "a reversal that cannot be",
        409,
        Case("of a reversal", _reverse_again(1), 409, "not_reversible"),
        Case("for the second time", _reverse_again(0), 409, "not_the_last_payment"),
        Case("of the last but one", _reverse("repaid twice", 1), 409, "not_the_last_payment"),
        Case("of a disbursement", _reverse("active", 0), 409, "not_reversible"),
    ),
    row(
        86,
        "no loan, or another client's",
        404,
        Case("unknown", lambda _world: get(f"{LOANS}/{NOBODYS}"), 404, "loan_not_found"),
        Case("unknown, a write", lambda _world: post(f"{LOANS}/{NOBODYS}/approve"), 404, "loan_not_found"),
        [
            Case(f"another's{path}", _of_another_client(path, write=False), 404, "loan_not_found", after=_looks_unknown)
            for path in ("", "/schedule", "/transactions", "/payoff-quote", "/statement?from=2024-01-01&to=2024-02-01")
        ],
        Case("another's/approve", _of_another_client("/approve", write=True), 404, "loan_not_found"),
        Case(
            "another's borrower",
            lambda world: post(LOANS, world.application(), key_id="rival"),
            404,
            "borrower_not_found",
        ),
        Case(
            "another's borrower, read",
            lambda world: get(f"{BORROWERS}/{world.borrower}", key_id="rival"),
            404,
            "borrower_not_found",
        ),
        Case(
            "a transaction of another loan",
            lambda world: get(
                f"{LOANS}/{world.kept('active')}/transactions/{world.last_transaction(world.kept('repaid once'))}"
            ),
            404,
            "transaction_not_found",
        ),
    ),
    row(
        87,
        "no id",
        404,
        each_of(NO_IDS, lambda name, value: Case(name, lambda _world: get(f"{LOANS}/{value}"), 404, "not_found")),
        Case("out of the root", lambda _world: get("/../../etc/passwd"), 404, "not_found", edge=(400, "bad_request")),
        Case("of zeros", lambda _world: get(f"{LOANS}/{'0' * 8}-0000-0000-0000-{'0' * 12}"), 404, "loan_not_found"),
        Case("a transaction", lambda world: get(f"{LOANS}/{world.kept('active')}/transactions/7"), 404, "not_found"),
        Case("a borrower", lambda _world: get(f"{BORROWERS}/{CANARY}"), 404, "not_found"),
        Case("in upper case", _upper_case, 200, after=_same_loan),
        reason="An id in upper case is the same id (RFC 9562): 200. Nginx refuses what leads out of the root: 400.",
    ),
    row(
        88,
        "the erasure of a borrower with an open loan",
        409,
        [
            Case(state, _erase(state), 409, "borrower_has_open_loans")
            for state in ("active", "submitted", "charged_off")
        ],
    ),
    row(89, "a loan for an erased borrower", 409, Case("applied for", _apply_for_erased, 409, "borrower_erased")),
]
