# SPDX-License-Identifier: Apache-2.0
"""What the use cases do, on storage that lives in memory."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest

from app.domain.errors import InvalidTerms, LoanNotFound
from app.domain.events import LoanApplicationSubmitted
from app.domain.loan import Loan, LoanStatus
from app.domain.money import Currency
from app.services.loans import Application, LoanUseCases
from tests.factories import BORROWER, NOON, loan_id
from tests.unit.fakes import FakeStorage

APPLICATION = Application(UUID(BORROWER), "EUR", 100_000, "7.25", 36)


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def use_cases(storage: FakeStorage) -> LoanUseCases:
    """Give use cases whose ids and clock go up by one."""
    ids, minutes = map(loan_id, count(1)), count()
    return LoanUseCases(
        storage.transactions, clock=lambda: NOON + timedelta(minutes=next(minutes)), new_id=lambda: next(ids)
    )


def test_a_submitted_application_is_kept_and_published(use_cases: LoanUseCases, storage: FakeStorage) -> None:
    loan = use_cases.submit_application(APPLICATION)

    assert storage.kept == [loan]
    assert storage.published == [LoanApplicationSubmitted(loan.id, Currency.EUR)]
    assert (loan.id, loan.status, loan.applied_at) == (loan_id(1), LoanStatus.SUBMITTED, NOON)


def test_impossible_terms_leave_no_trace(use_cases: LoanUseCases, storage: FakeStorage) -> None:
    with pytest.raises(InvalidTerms):
        use_cases.submit_application(replace(APPLICATION, term_months=0))

    assert (storage.kept, storage.published) == ([], [])


def test_a_loan_is_found_by_its_id(use_cases: LoanUseCases) -> None:
    loan = use_cases.submit_application(APPLICATION)

    assert use_cases.get_loan(loan.id) == loan


def test_an_unknown_id_is_refused(use_cases: LoanUseCases) -> None:
    with pytest.raises(LoanNotFound):
        use_cases.get_loan(loan_id(99))


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
def test_pages_join_to_the_whole_list_without_gap_or_overlap(use_cases: LoanUseCases, limit: int) -> None:
    submitted = [use_cases.submit_application(APPLICATION) for _ in range(5)]

    read: list[Loan] = []
    page = use_cases.list_loans(limit, None)
    while page.next_position:
        read.extend(page.loans)
        assert len(page.loans) == limit
        page = use_cases.list_loans(limit, page.next_position)
    read.extend(page.loans)

    assert read == submitted[::-1]


def test_the_last_full_page_has_no_next(use_cases: LoanUseCases) -> None:
    for _ in range(2):
        use_cases.submit_application(APPLICATION)

    assert use_cases.list_loans(2, None).next_position is None
