# SPDX-License-Identifier: Apache-2.0
"""Rows 65 to 78: how long, and when."""

from typing import Any

from tests.bad_input.case import Case, about, apply, ask, each_of, on, quote, row
from tests.bad_input.request import CANARY, LOANS, Answer, Request, get, post, require
from tests.bad_input.world import Build, World, money, payout, soon

QUICK_SECONDS = 0.2  # what 600 installments may take
LONGEST: dict[str, Any] = {"principal_minor": 10_000_000, "term_months": 600}
NO_DAYS = ["2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "2024-04-31"]
OTHER_SPELLINGS = [
    "20240131",
    "2024-W05-3",
    "31/01/2024",
    "2024-1-5",
    "2024-01-31T00:00:00Z",
    "2024-01-31 ",
    "2024-01-31\n",
    "٢٠٢٤-٠١-٣١",
    "-2024-01-31",
    "",
    CANARY,
]


def _no_dates(*values: Any) -> list[Case]:  # noqa: ANN401  # also wrong types
    """Refuse a value wherever a date is read."""
    return [
        case
        for value in values
        for case in (
            Case(f"quote {value!r}", quote(first_due_on=value), 422, "invalid_body", "first_due_on"),
            Case(f"disburse {value!r}", _disburse(first_due_on=value), 422, "invalid_body", "first_due_on"),
            Case(f"repay {value!r}", on("active", "repayments", money(1, value)), 422, "invalid_body", "effective_on"),
        )
    ]


def _disburse(**changes: Any) -> Any:  # noqa: ANN401  # also wrong types
    return on("approved", "disburse", payout(**changes))


def _refused_dates(member: str, build: Any, *values: dict[str, str]) -> list[Case]:  # noqa: ANN401  # apply or quote
    return [Case(f"{build.__name__} {value}", build(**value), 422, "invalid_date", member) for value in values]


def _one_row(_world: World, _request: Request, answer: Answer) -> None:
    assert [line["n"] for line in answer.document["schedule"]] == [1]


def _quick(name: str, build: Build, status: int) -> Case:
    """Expect an answer in time; a slow one is repeated with a new loan, as the same loan again would be refused."""

    def check(world: World, _request: Request, answer: Answer) -> None:
        took = [answer.seconds]
        while took[-1] >= QUICK_SECONDS and len(took) < 4:  # another process may have had the core
            took.append(require(world.send(build(world)), status).seconds)
        assert min(took) < QUICK_SECONDS, took

    return Case(name, build, status, after=check)


def _month_ends(*days: str) -> Any:  # noqa: ANN401  # a check
    def check(_world: World, _request: Request, answer: Answer) -> None:
        assert [line["due_on"] for line in answer.document["schedule"]][: len(days)] == list(days)

    return check


def _disburse_before_february(world: World) -> Request:
    dates = {"disbursed_on": "2023-12-31", "first_due_on": "2024-01-31"}
    return post(f"{LOANS}/{world.loan('approved')}/disburse", payout(**dates))


def _anchored(world: World, sent: Request, _answer: Answer) -> None:
    schedule = require(world.send(get(sent.target.replace("disburse", "schedule"))), 200).document["installments"]
    assert [line["due_on"] for line in schedule][:3] == ["2024-01-31", "2024-02-29", "2024-03-31"]


def _no_more_interest(world: World, sent: Request, answer: Answer) -> None:
    later = require(world.send(get(sent.target.replace("2024-07-01", "9999-12-31"))), 200)
    parts = ("principal_minor", "interest_minor", "fee_minor", "amount_minor")
    assert [later.document[part] for part in parts] == [answer.document[part] for part in parts]
    assert later.document["per_diem_minor"] == 0


def _repay(name: str, state: str, day: str) -> Case:
    return Case(name, on(state, "repayments", money(500, day)), 422, "invalid_date", "effective_on")


ROWS = [
    row(
        65,
        "no number of months",
        422,
        [Case(f"{value}", apply(term_months=value), 422, "invalid_terms", "term_months") for value in (0, -1, 601)],
        each_of(
            [1.5, 12.0, "12", None, [12]],
            lambda name, value: Case(name, apply(term_months=value), 422, "invalid_body", "term_months"),
        ),
    ),
    row(
        66,
        "one month",
        {200, 201},
        Case("applied for", apply(term_months=1), 201),
        Case("quoted", quote(term_months=1), 200, after=_one_row),
    ),
    row(
        67,
        "600 months",
        {200, 201},
        _quick("applied for", apply(**LONGEST), 201),
        _quick("quoted", quote(**LONGEST), 200),
    ),
    row(68, "no day of the calendar", 422, _no_dates(*NO_DAYS)),
    row(69, "another spelling of a day", 422, _no_dates(*OTHER_SPELLINGS, 20240131, ["2024-01-31"])),
    row(
        70,
        "the ends of the calendar",
        422,
        _no_dates("0000-01-01", "10000-01-01"),
        _refused_dates(
            "disbursed_on",
            quote,
            {"disbursed_on": "9999-12-31", "first_due_on": "9999-12-31"},
            {"disbursed_on": "9999-12-31"},
            {"disbursed_on": "0001-01-01"},
            {"disbursed_on": "2151-01-01"},
        ),
        Case("disburse in year 1", _disburse(disbursed_on="0001-01-01"), 422, "invalid_date", "disbursed_on"),
        Case("first due in year 9999", _disburse(first_due_on="9999-12-31"), 422, "invalid_date", "first_due_on"),
        Case("a loan as of year 9999", about("active", "?as_of=9999-12-31"), 200),
        Case("a loan as of year 1", about("active", "?as_of=0001-01-01"), 200),
        Case("a list from year 1 to 9999", ask("?applied_from=0001-01-01&applied_to=9999-12-31"), 200),
        reason="To look at a loan from the ends of the calendar is no mistake: 200.",
    ),
    row(
        71,
        "a first due date too early or too late",
        422,
        _refused_dates(
            "first_due_on",
            _disburse,
            {"first_due_on": "2024-01-01"},
            {"first_due_on": "2023-12-31"},
            {"first_due_on": "2024-03-04"},
        ),
        _refused_dates("first_due_on", quote, {"disbursed_on": "2024-01-01", "first_due_on": "2024-01-01"}),
        _refused_dates("first_due_on", quote, {"disbursed_on": "2024-01-01", "first_due_on": "2024-03-04"}),
        Case("62 days are allowed", quote(disbursed_on="2024-01-01", first_due_on="2024-03-03"), 200),
        reason="The limit itself is allowed: 200.",
    ),
    row(
        72,
        "the ends of months",
        {200, 201},
        Case("disbursed", _disburse_before_february, 201, after=_anchored),
        Case(
            "quoted",
            quote(disbursed_on="2023-12-31", first_due_on="2024-01-31"),
            200,
            after=_month_ends("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"),
        ),
        Case(
            "from a leap day",
            quote(disbursed_on="2024-01-31", first_due_on="2024-02-29", term_months=13),
            200,
            after=_month_ends("2024-02-29", "2024-03-29", "2024-04-29"),
        ),
    ),
    row(
        73,
        "a disbursement in the future",
        422,
        Case(
            "in two days",
            _disburse(disbursed_on=soon(), first_due_on=soon()),
            422,
            "invalid_date",
            "disbursed_on",
        ),
    ),
    row(
        74,
        "a repayment in the future",
        422,
        Case(
            "in two days",
            on("active", "repayments", money(500, soon())),
            422,
            "invalid_date",
            "effective_on",
        ),
        _repay("in year 9999", "active", "9999-12-31"),
    ),
    row(
        75,
        "a repayment before its time",
        422,
        _repay("before the disbursement", "active", "2023-12-31"),
        _repay("before the last one", "repaid once", "2024-01-31"),
        _repay("in year 1", "active", "0001-01-01"),
    ),
    row(
        76,
        "a payoff of another time",
        {422, 200},
        Case(
            "before the disbursement", about("active", "/payoff-quote?as_of=2023-12-31"), 422, "invalid_date", "as_of"
        ),
        Case(
            "after the last due date", about("active", "/payoff-quote?as_of=2024-07-01"), 200, after=_no_more_interest
        ),
    ),
    row(
        77,
        "a statement of no span, or of too long a one",
        {400, 200},
        each_of(
            [
                "from=2024-02-01&to=2024-01-31",
                "from=1950-01-01&to=2049-12-31",
                "from=0001-01-01&to=9999-12-31",
                "from=2024-02-30&to=2024-03-01",
                "from=2024-01-01",
                "",
                f"from={CANARY}&to={CANARY}",
            ],
            lambda name, value: Case(name, about("active", f"/statement?{value}"), 400, "invalid_query"),
        ),
        Case("one day", about("active", "/statement?from=2024-01-01&to=2024-01-01"), 200),
    ),
    row(
        78,
        "a time of another zone for a day",
        422,
        Case(
            "23:30 in Samoa",
            on("active", "repayments", money(500, "2024-02-01T23:30:00-11:00")),
            422,
            "invalid_body",
            "effective_on",
        ),
        proved_by=("tests/integration/test_bad_input.py::test_the_business_day_is_that_of_utc",),
    ),
]
