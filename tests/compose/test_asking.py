# SPDX-License-Identifier: Apache-2.0
"""The smoke test waits for late answers, for a bounded time, and reports the last error."""

import pytest

from tests.compose import asking
from tests.compose.asking import SmokeError, expect, until


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAUSE_SECONDS", 0.001)


def test_waiting_ends_when_the_trouble_does() -> None:
    troubles = iter(["not yet", "not yet", None])

    until(lambda: next(troubles), seconds=5)

    assert next(troubles, "exhausted") == "exhausted"


def test_an_answer_that_fails_is_asked_for_again() -> None:
    asked: list[int] = []

    def look() -> str | None:
        asked.append(1)
        if len(asked) < 3:
            raise SmokeError("starting")
        return None

    until(look, seconds=5)

    assert len(asked) == 3


def test_waiting_in_vain_reports_the_last_error() -> None:
    with pytest.raises(SmokeError, match="still down"):
        until(lambda: "still down", seconds=0.01)


def test_an_unexpected_answer_is_reported_with_what_was_expected() -> None:
    with pytest.raises(SmokeError, match="a login: 401 instead of 200"):
        expect("a login", 200, 401)
