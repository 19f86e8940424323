# SPDX-License-Identifier: Apache-2.0
"""A loan's principal over a span of days."""

from datetime import date

from app.domain.statement import statement_of
from tests.books import Books

FEB, MAR = date(2024, 2, 1), date(2024, 3, 1)


def life() -> Books:
    books = Books.disbursed()
    books.pay(1701, FEB)
    books.fee(100, MAR)
    books.reverse(books.pay(500, MAR), MAR)
    books.charge_off(date(2024, 8, 1))
    books.pay(300, date(2024, 9, 1))
    return books


def test_opening_plus_lines_is_closing_wherever_it_is_cut() -> None:
    transactions = life().transactions
    days = [date(2023, 1, 1), date(2024, 1, 1), FEB, MAR, date(2024, 8, 1), date(2025, 1, 1)]

    for first in days:
        for last in days:
            whole = statement_of(transactions, first, last)
            following = statement_of(transactions, last.replace(day=last.day + 1), date(2026, 1, 1))
            assert first > last or whole.closing_balance_minor == following.opening_balance_minor


def test_each_kind_moves_what_it_moves() -> None:
    lines = statement_of(life().transactions, date(2024, 1, 1), date(2024, 12, 31)).lines

    changes = [(line.transaction.kind.value, line.principal_change_minor) for line in lines]
    assert changes == [
        ("disbursement", 10_000),
        ("repayment", -1643),
        ("fee", 0),
        ("repayment", -351),
        ("reversal", 351),
        ("charge_off", -8357),
        ("recovery", 0),
    ]


def test_every_change_is_a_whole_number_of_minor_units() -> None:
    lines = statement_of(life().transactions, date(2024, 1, 1), date(2024, 12, 31)).lines

    assert {type(line.principal_change_minor) for line in lines} == {int}


def test_a_span_holds_its_first_and_its_last_day() -> None:
    cut = statement_of(life().transactions, FEB, MAR)

    assert (cut.first, cut.last) == (FEB, MAR)
    assert (cut.opening_balance_minor, len(cut.lines), cut.closing_balance_minor) == (10_000, 4, 8357)


def test_before_the_loan_there_is_nothing() -> None:
    early = statement_of(life().transactions, date(2023, 1, 1), date(2023, 12, 31))

    assert (early.opening_balance_minor, early.lines, early.closing_balance_minor) == (0, (), 0)
