# SPDX-License-Identifier: Apache-2.0
"""Where a payment goes when it is taken back; what it pays is in test_repayment.py."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.allocation import take_back
from app.domain.installment import Installment
from app.domain.transaction import Parts

FEB, MAR = date(2024, 2, 1), date(2024, 3, 1)
SETTLED = Installment(
    n=1,
    due_on=FEB,
    opening_balance_minor=100,
    principal_minor=50,
    interest_minor=20,
    fee_minor=10,
    paid_principal_minor=50,
    paid_interest_minor=10,
    paid_fee_minor=10,
    rebated_interest_minor=10,
    paid_on=FEB,
)
ROWS = (SETTLED, replace(SETTLED, n=2, due_on=MAR))


@pytest.mark.parametrize(
    ("parts", "rebate_minor", "unpaid"),
    [
        (Parts(principal_minor=50), 0, Parts(principal_minor=50)),
        (Parts(interest_minor=10), 0, Parts(interest_minor=10)),
        (Parts(fee_minor=10), 0, Parts(fee_minor=10)),
        (Parts(), 10, Parts(interest_minor=10)),
        (Parts(interest_minor=10), 10, Parts(interest_minor=20)),
    ],
)
def test_what_the_last_installment_got_is_taken_from_it_alone(parts: Parts, rebate_minor: int, unpaid: Parts) -> None:
    first, last = take_back(ROWS, parts, rebate_minor)

    assert first == SETTLED
    assert (last.unpaid, last.paid_on) == (unpaid, None)


@pytest.mark.parametrize(
    ("parts", "rebate_minor", "unpaid"),
    [
        (Parts(principal_minor=51), 0, Parts(principal_minor=1)),
        (Parts(interest_minor=11), 0, Parts(interest_minor=1)),
        (Parts(fee_minor=11), 0, Parts(fee_minor=1)),
        (Parts(), 11, Parts(interest_minor=1)),
    ],
)
def test_what_is_left_is_taken_from_the_one_before(parts: Parts, rebate_minor: int, unpaid: Parts) -> None:
    first, _ = take_back(ROWS, parts, rebate_minor)

    assert (first.unpaid, first.paid_on) == (unpaid, None)
