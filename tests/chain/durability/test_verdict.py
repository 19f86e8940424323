# SPDX-License-Identifier: Apache-2.0
"""The verdict that a service felt nothing is refused for one failed request, a slow hundredth, and a standstill."""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.chain.durability.chain import RATE, Disturbed, require_unaffected
from tests.chain.pauses import Pauses
from tests.chain.traffic import Load

QUICK, SLOW = 0.01, 2.0
LASTED = 10.0
USUAL = round(RATE * LASTED)


def disturbed(
    during: list[float], statuses: dict[int, int], errors: list[str], pauses: Sequence[tuple[float, float]] = ()
) -> Disturbed:
    before = [QUICK] * USUAL
    answers = [(LASTED, took) for took in before + during]
    load = Load(answers, Counter(statuses), errors, pauses=Pauses(list(pauses)))
    return Disturbed(load, since=0.0, undisturbed=len(before), until=LASTED, began=0.0)


def test_a_load_like_the_one_before_is_unaffected() -> None:
    require_unaffected(disturbed([QUICK] * USUAL, {200: USUAL, 201: USUAL}, []))


def test_what_a_machine_delays_that_stands_still_is_not_held_against_the_service() -> None:
    slow = [QUICK] * (USUAL - 5) + [SLOW] * 5

    require_unaffected(disturbed(slow, {200: USUAL}, [], [(LASTED - SLOW, LASTED)]))


@pytest.mark.parametrize(
    ("during", "statuses", "errors"),
    [
        pytest.param([QUICK] * USUAL, {200: USUAL}, ["ConnectionError()"], id="no answer"),
        pytest.param([QUICK] * USUAL, {200: USUAL, 503: 1}, [], id="a refusal"),
        pytest.param([QUICK] * (USUAL - 5) + [SLOW] * 5, {200: USUAL}, [], id="slow"),
        pytest.param([QUICK] * (USUAL // 2), {200: USUAL}, [], id="standstill"),
    ],
)
def test_what_a_client_would_notice_is_seen(during: list[float], statuses: dict[int, int], errors: list[str]) -> None:
    with pytest.raises(AssertionError):
        require_unaffected(disturbed(during, statuses, errors))
