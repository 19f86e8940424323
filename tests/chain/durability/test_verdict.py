# SPDX-License-Identifier: Apache-2.0
"""`effects` finds a failed request, a refused one, slow answers and a standstill, and nothing under a usual load."""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.chain.durability.chain import RATE, Disturbed, effects
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
    assert effects(disturbed([QUICK] * USUAL, {200: USUAL, 201: USUAL}, [])) == []


def test_what_a_machine_delays_that_stands_still_is_not_held_against_the_service() -> None:
    slow = [QUICK] * (USUAL - 5) + [SLOW] * 5

    assert effects(disturbed(slow, {200: USUAL}, [], [(LASTED - SLOW, LASTED)])) == []


@pytest.mark.parametrize(
    ("during", "statuses", "errors", "effect"),
    [
        pytest.param(
            [QUICK] * USUAL, {200: USUAL}, ["ConnectionError()"], "no answer: ConnectionError()", id="no answer"
        ),
        pytest.param([QUICK] * USUAL, {200: USUAL, 503: 1}, [], "1 answers 503", id="a refusal"),
        pytest.param(
            [QUICK] * (USUAL - 5) + [SLOW] * 5, {200: USUAL}, [], "p99 10 ms before, 2000 ms during", id="slow"
        ),
        pytest.param(
            [QUICK] * (USUAL // 2), {200: USUAL}, [], "200 answers in 10.0 s at 40 requests per second", id="standstill"
        ),
    ],
)
def test_each_effect_that_a_client_would_notice_is_found(
    during: list[float], statuses: dict[int, int], errors: list[str], effect: str
) -> None:
    assert effects(disturbed(during, statuses, errors)) == [effect]
