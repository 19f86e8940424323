# SPDX-License-Identifier: Apache-2.0
"""Rows 46 to 64: amounts, rates and currencies."""

import json
from typing import Any

from tests.bad_input.case import Case, apply, apply_with, apply_without, on, quote, row, send_body
from tests.bad_input.request import CANARY, LOANS, Answer, Request, get, post, require
from tests.bad_input.world import Build, World, money, payout

LARGEST = 10**12
PLACE = 7_391_739_173  # stands for a literal
NO_RATES = [
    "NaN",
    "-NaN",
    "Infinity",
    "1e5",
    "1E1",
    "1_0",
    " 5 ",
    "5 ",
    "٥",
    "５",
    "5,5",
    "0x5",
    "",
    ".",
    "5.",
    ".5",
    "+5",
]
NO_CURRENCIES = ["usd", "US", "ZZZ", "ＵＳＤ", "US\u200bD", "XAU", "$", "ıSK", "", "EUR ", "EUR\n", CANARY]


def _terms(member: str, *values: Any) -> list[Case]:  # noqa: ANN401  # also wrong types
    """Refuse values that can be read, and that no loan can have."""
    return [_refused(member, value, "invalid_terms") for value in values]


def _types(member: str, *values: Any) -> list[Case]:  # noqa: ANN401  # also wrong types
    """Refuse values that are of another type."""
    return [_refused(member, value, "invalid_body") for value in values]


def _refused(member: str, value: object, code: str) -> Case:
    return Case(f"{member} {str(value)[:30]!r}", apply_with({member: value}), 422, code, member)


def _literal(literal: str) -> Case:
    """Refuse a number in a spelling that json.dumps would not write."""

    def build(world: World) -> Request:
        body = json.dumps(world.application(principal_minor=PLACE)).replace(str(PLACE), literal)
        return send_body(body)(world)

    return Case(f"principal_minor {literal}", build, 422, "invalid_body", "principal_minor")


def _repay(name: str, code: str, member: str, **changes: Any) -> Case:  # noqa: ANN401  # also wrong types
    return Case(name, on("active", "repayments", money(500) | changes), 422, code, member)


def _no_interest(_world: World, _request: Request, answer: Answer) -> None:
    assert answer.document["annual_rate_percent"] == "0"


def _not_amortizable(name: str, **terms: Any) -> list[Case]:  # noqa: ANN401  # terms
    return [
        Case(f"{name}, {kind}", build(**terms), 422, "terms_not_amortizable", "term_months")
        for kind, build in {"applied for": apply, "quoted": quote}.items()
    ]


def _repay_yen(world: World) -> Request:
    terms = {"currency": "JPY", "principal_minor": 100_000, "annual_rate_percent": "0", "term_months": 10}
    loan = world.loan("approved", **terms)
    require(world.send(post(f"{LOANS}/{loan}/disburse", payout(amount_minor=100_000))), 201)
    return post(f"{LOANS}/{loan}/repayments", money(10_000, currency="JPY"))


def _whole_yen(world: World, sent: Request, answer: Answer) -> None:
    loan = require(world.send(get(sent.target.removesuffix("/repayments"))), 200).document
    assert (answer.document["amount_minor"], answer.document["currency"]) == (10_000, "JPY")
    assert (loan["installment_minor"], loan["outstanding_principal_minor"]) == (10_000, 90_000)


APPLICATION = ("borrower_id", "currency", "principal_minor", "annual_rate_percent", "term_months")
FEE = {"amount_minor": 500, "currency": "EUR", "effective_on": "2024-02-01"}
ZERO: Build = apply(annual_rate_percent="0")
ROWS = [
    row(46, "a principal of zero", 422, _terms("principal_minor", 0)),
    row(47, "a negative principal", 422, _terms("principal_minor", -1, -(2**63) - 1)),
    row(48, "a float", 422, [_literal(text) for text in ("100.5", "100.0", "1e3", "1E3", "-0.0")]),
    row(49, "a sum of floats", 422, [_literal("0.30000000000000004"), _literal("30.000000000000004")]),
    row(50, "a string for an integer", 422, _types("principal_minor", "100", "1e3", "٥", "", CANARY)),
    row(51, "a boolean for an integer", 422, _types("principal_minor", True, False), _types("term_months", True)),
    row(
        52,
        "null, or nothing",
        422,
        [_refused(member, None, "invalid_body") for member in APPLICATION],
        [Case(f"no {member}", apply_without(member), 422, "invalid_body", member) for member in APPLICATION],
        Case("no member at all", send_body("{}"), 422, "invalid_body"),
        _types("principal_minor", [100], {"minor": 100}),
    ),
    row(
        53,
        "more than 64 bits",
        422,
        _terms("principal_minor", 2**63 - 1, 2**63, 10**30, -(10**30)),
        _repay("a repayment of 2^63", "amount_exceeds_due", "amount_minor", amount_minor=2**63),
        _repay("a repayment of 10^30", "amount_exceeds_due", "amount_minor", amount_minor=10**30),
        Case(
            "a fee of 2^63", on("active", "fees", FEE | {"amount_minor": 2**63}), 422, "invalid_terms", "amount_minor"
        ),
        _terms("term_months", 2**63, 10**30),
    ),
    row(
        54,
        "more or less than the product allows",
        422,
        _terms("principal_minor", LARGEST + 1, 0),
        Case("as much as it allows", apply(principal_minor=LARGEST), 201),
        reason="The limit itself is allowed: 201.",
    ),
    row(55, "a rate out of range", 422, _terms("annual_rate_percent", "-1", "-0", "100.01", "100.000001", "1000")),
    row(56, "a rate that is no plain decimal", 422, _terms("annual_rate_percent", *NO_RATES, CANARY, "5\n")),
    row(57, "a rate that is no string", 422, _types("annual_rate_percent", 9.4822, 9, True, ["5"])),
    row(58, "a rate of 20 decimals", 422, _terms("annual_rate_percent", "9." + "4" * 20, "5.0000000", "0" * 5000)),
    row(59, "a rate of zero", 201, Case("is legal", ZERO, 201, after=_no_interest)),
    row(60, "no currency of ours", 422, _terms("currency", *NO_CURRENCIES), _types("currency", 978, None)),
    row(
        61,
        "a repayment in another currency",
        422,
        _repay("one of ours", "currency_mismatch", "currency", currency="USD"),
        _repay("none of ours", "currency_mismatch", "currency", currency=CANARY),
        Case("a fee", on("active", "fees", FEE | {"currency": "USD"}), 422, "currency_mismatch", "currency"),
        Case("a waiver", on("active", "fee-waivers", FEE | {"currency": "JPY"}), 422, "currency_mismatch", "currency"),
    ),
    row(62, "yen, which have no cents", 201, Case("minor units are yen", _repay_yen, 201, after=_whole_yen)),
    row(
        63,
        "terms that repay nothing in some month",
        422,
        _not_amortizable(
            "10.00 over 600", currency="USD", principal_minor=1000, annual_rate_percent="0", term_months=600
        ),
        _not_amortizable("0.01 over 12", currency="USD", principal_minor=1, annual_rate_percent="5", term_months=12),
        _not_amortizable(
            "100 yen over 120", currency="JPY", principal_minor=100, annual_rate_percent="0", term_months=120
        ),
    ),
    row(
        64,
        "an installment that is all interest",
        422,
        _not_amortizable("1000.00 at 100 %", principal_minor=100_000, annual_rate_percent="100", term_months=600),
        _not_amortizable("1.00 at 12 %", principal_minor=100, annual_rate_percent="12", term_months=360),
    ),
]
