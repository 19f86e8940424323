# SPDX-License-Identifier: Apache-2.0
"""The load test's checks accept right answers and name what is wrong with the others."""

from typing import Any

import pytest

from loadtest.answers import (
    Answer,
    wrong_in_created,
    wrong_in_page,
    wrong_in_problem,
    wrong_in_read,
    wrong_in_replay,
)
from loadtest.people import MISTAKES, a_mistaken_application, a_person, an_application

BORROWER = "0190f3c1-7d2a-7000-8000-000000000001"
APPLICATION = {
    "borrower_id": BORROWER,
    "currency": "EUR",
    "principal_minor": 100_000,
    "annual_rate_percent": "9.5000",
    "term_months": 12,
}
LOAN = {**APPLICATION, "id": "loan-1", "status": "submitted", "applied_at": "2026-01-01T00:00:00Z"}
PROBLEM = {"status": 422, "code": "invalid_terms", "trace_id": "0af7651916cd43dd8448eb211c80319c"}


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
        ({"status": "active"}, "not submitted"),
    ],
)
def test_a_loan_that_differs_from_its_application_is_wrong(change: dict[str, Any], words: str) -> None:
    assert words in str(wrong_in_created({**LOAN, **change}, APPLICATION))


@pytest.mark.parametrize("body", [None, [], "loan"])
def test_an_answer_that_is_no_object_is_wrong(body: object) -> None:
    assert wrong_in_created(body, APPLICATION) == "the loan is not an object"
    assert wrong_in_read(body, LOAN) == "the loan is not an object"
    assert wrong_in_page(body, 20, ()) == "the page has no data"
    assert wrong_in_problem(body, 404, "not_found") is not None


def test_a_loan_read_again_may_have_moved_on_but_not_become_another() -> None:
    assert wrong_in_read({**LOAN, "status": "approved"}, LOAN) is None
    assert wrong_in_read({**LOAN, "principal_minor": 1}, LOAN) is not None


def page(*identifiers: str, **overrides: object) -> dict[str, Any]:
    data = [
        {"id": identifier, "applied_at": "2026-01-01T00:00:00Z", "status": "submitted"} for identifier in identifiers
    ]
    return {"data": data, "has_more": False, "next_cursor": None, **overrides}


def test_a_page_newest_first_is_right() -> None:
    assert wrong_in_page(page("c", "b", "a"), 3, {"d"}) is None
    assert wrong_in_page(page("c", has_more=True, next_cursor="x"), 1, (), status="submitted") is None
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


def test_a_page_with_what_was_not_asked_for_is_wrong() -> None:
    assert wrong_in_page(page("a"), 2, (), status="active") == "the page has loans that don't match the filter"


def test_a_problem_that_points_at_the_mistake_is_right() -> None:
    mistake = MISTAKES[0]
    right = {**PROBLEM, "errors": [{"pointer": mistake.pointer}]}

    assert wrong_in_problem(right, 422, "invalid_terms", mistake) is None
    assert wrong_in_problem({**PROBLEM, "errors": [{"pointer": "/x"}]}, 422, "invalid_terms", mistake) is not None


@pytest.mark.parametrize(
    "change", [{"status": 400}, {"code": "invalid_date"}, {"trace_id": "af7651916cd43dd8448eb211c80319c"}]
)
def test_a_problem_without_its_marks_is_wrong(change: dict[str, Any]) -> None:
    assert wrong_in_problem({**PROBLEM, **change}, 422, "invalid_terms") is not None


def test_a_replay_is_marked_and_the_same() -> None:
    first, mark = Answer({"id": "1"}, {}), {"Idempotent-Replayed": "true"}

    assert wrong_in_replay(Answer({"id": "1"}, mark), first) is None
    assert wrong_in_replay(Answer({"id": "1"}, {}), first) == "a retry with its key was not replayed"
    assert wrong_in_replay(Answer({"id": "2"}, mark), first) == "a replay differs from the first answer"


def test_a_mistaken_application_differs_from_a_right_one_in_the_mistake_alone() -> None:
    application, mistake = a_mistaken_application(BORROWER)

    assert application.keys() == an_application(BORROWER).keys()
    assert application[mistake.field] == mistake.value


def test_nobody_has_the_address_of_a_made_up_person() -> None:
    people = [a_person() for _ in range(50)]

    assert len({person["email"] for person in people}) == 50
    assert all(person["email"].endswith(".example") for person in people)
