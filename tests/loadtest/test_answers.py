# SPDX-License-Identifier: Apache-2.0
"""The load test's checks accept right answers and name what is wrong with the others."""

from typing import Any

import pytest

from loadtest.answers import wrong_in_created, wrong_in_page, wrong_in_problem, wrong_in_read
from loadtest.applications import MISTAKES, a_mistaken_application, an_application

APPLICATION = {
    "borrower_id": "0190f3c1-7d2a-7000-8000-000000000001",
    "currency": "EUR",
    "principal_minor": 100_000,
    "annual_rate_percent": "9.5000",
    "term_months": 12,
}
LOAN = {**APPLICATION, "id": "loan-1", "status": "submitted", "applied_at": "2026-01-01T00:00:00Z"}
PROBLEM = {"status": 422, "code": "invalid", "trace_id": "0af7651916cd43dd8448eb211c80319c"}


def test_a_loan_that_repeats_its_application_is_right() -> None:
    assert wrong_in_created(LOAN, APPLICATION) is None


def test_a_rate_may_lose_its_trailing_zeros() -> None:
    assert wrong_in_created({**LOAN, "annual_rate_percent": "9.5"}, APPLICATION) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"principal_minor": 100_001}, "principal_minor differ"),
        ({"annual_rate_percent": "9.5001"}, "annual_rate_percent differ"),
        ({"borrower_id": "0190f3c1-7d2a-7000-8000-000000000002"}, "borrower_id differ"),
        ({"term_months": "12"}, "term_months differ"),
        ({"id": ""}, "id missing"),
        ({"applied_at": None}, "applied_at missing"),
    ],
)
def test_a_loan_that_differs_from_its_application_is_wrong(change: dict[str, Any], words: str) -> None:
    assert words in str(wrong_in_created({**LOAN, **change}, APPLICATION))


@pytest.mark.parametrize("body", [None, [], "loan"])
def test_an_answer_that_is_no_object_is_wrong(body: object) -> None:
    assert wrong_in_created(body, APPLICATION) == "the loan is not an object"
    assert wrong_in_page(body, 20, ()) == "the page has no data"
    assert wrong_in_problem(body, 404) is not None


def test_a_loan_read_again_must_be_the_same() -> None:
    assert wrong_in_read(dict(LOAN), LOAN) is None
    assert wrong_in_read({**LOAN, "status": "approved"}, LOAN) is not None


def page(*identifiers: str, **overrides: object) -> dict[str, Any]:
    data = [{"id": identifier, "applied_at": "2026-01-01T00:00:00Z"} for identifier in identifiers]
    return {"data": data, "has_more": False, "next_cursor": None, **overrides}


def test_a_page_newest_first_is_right() -> None:
    assert wrong_in_page(page("c", "b", "a"), 3, {"d"}) is None
    assert wrong_in_page(page("c", has_more=True, next_cursor="x"), 1, ()) is None
    assert wrong_in_page(page(), 20, ()) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (page("c", "b", "a"), "longer than its limit"),
        (page("a", "b"), "not in order"),
        (page("b", "a", has_more=True), "disagree"),
        (page("b", "a", next_cursor="x"), "disagree"),
        (page("z"), "listed twice"),
    ],
)
def test_a_page_that_breaks_a_promise_of_the_list_is_wrong(body: dict[str, Any], words: str) -> None:
    assert words in str(wrong_in_page(body, 2, {"z"}))


def test_a_problem_that_points_at_the_mistake_is_right() -> None:
    mistake = MISTAKES[0]

    assert wrong_in_problem({**PROBLEM, "errors": [{"pointer": mistake.pointer}]}, 422, mistake) is None
    assert wrong_in_problem({**PROBLEM, "errors": [{"pointer": "/elsewhere"}]}, 422, mistake) is not None


@pytest.mark.parametrize("change", [{"status": 400}, {"code": ""}, {"trace_id": "af7651916cd43dd8448eb211c80319c"}])
def test_a_problem_without_its_marks_is_wrong(change: dict[str, Any]) -> None:
    assert wrong_in_problem({**PROBLEM, **change}, 422) is not None


def test_a_mistaken_application_differs_from_a_right_one_in_the_mistake_alone() -> None:
    application, mistake = a_mistaken_application()

    assert application.keys() == an_application().keys()
    assert application[mistake.field] == mistake.value
