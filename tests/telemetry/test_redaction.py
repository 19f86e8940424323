# SPDX-License-Identifier: Apache-2.0
"""Exceptions are described by class, code and place."""

import psycopg2
import pytest
import sqlalchemy as sa

from app.telemetry import redaction

CANARY = "canary@example.org"


class OwnError(Exception):
    """An error of no library."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError(CANARY), "ValueError"),
        (OwnError(CANARY), f"{__name__}.OwnError"),
        (psycopg2.ProgrammingError(f"can't adapt {CANARY}"), "psycopg2.ProgrammingError"),
        (psycopg2.OperationalError(), "psycopg2.OperationalError"),
        (psycopg2.OperationalError("timeout expired\nmore"), "psycopg2.OperationalError: timeout expired"),
        (sa.exc.StatementError(CANARY, CANARY, {}, ValueError(CANARY)), "sqlalchemy.exc.StatementError"),
    ],
)
def test_an_exception_is_described_without_its_words(error: Exception, text: str) -> None:
    assert redaction.describe(error) == text


def test_the_drivers_class_is_more_specific_than_the_wrappers() -> None:
    wrapped = sa.exc.IntegrityError("INSERT", {}, psycopg2.errors.UniqueViolation())

    assert redaction.error_type(wrapped) == "UniqueViolation"
    assert redaction.error_type(ValueError()) == "ValueError"
    assert redaction.error_type(OSError(28, "No space left on device")) == "ENOSPC"
    assert redaction.error_type(OSError("odd")) == "OSError"
    assert redaction.sqlstate(wrapped) is None
    assert redaction.sqlstate(ValueError()) is None


def test_a_cause_that_was_hidden_stays_hidden() -> None:
    hidden, shown = KeyError(CANARY), ValueError(CANARY)
    shown.__context__, shown.__suppress_context__ = hidden, True

    assert list(redaction.causes(shown)) == [shown]
    shown.__suppress_context__ = False
    assert list(redaction.causes(shown)) == [shown, hidden]


def test_exceptions_that_cause_each_other_are_each_described_once() -> None:
    first, second = ValueError(), TypeError()
    first.__cause__, second.__cause__ = second, first

    assert [type(link) for link in redaction.causes(first)] == [ValueError, TypeError]


def even(number: int) -> bool:
    return number == 0 or odd(number - 1)


def odd(number: int) -> bool:
    if number > 1:
        return even(number - 1)
    raise ValueError


def test_a_deep_recursion_is_cut_to_its_last_frames() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # it has no words
        even(200)

    assert redaction.stacktrace(caught.value).count("File ") == redaction.MAX_FRAMES


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        fail(error, cause)
    except Exception as caught:  # noqa: BLE001  # whatever it is
        return caught
    raise AssertionError


def fail(error: Exception, cause: Exception | None) -> None:
    raise error from cause


def test_members_of_a_group_are_named_with_their_stacks_and_causes() -> None:
    inner = ExceptionGroup(CANARY, [raised(OwnError(CANARY), KeyError(CANARY))])
    group = raised(ExceptionGroup(CANARY, [raised(ValueError(CANARY)), inner]), LookupError(CANARY))

    lines = redaction.stacktrace(group).splitlines()

    told = [line for line in lines if not line.lstrip().startswith(("File", "raise", "Traceback", "^", "~", "fail"))]
    assert told == [
        "LookupError",
        "ExceptionGroup",
        "  member 1 of 2:",
        "  ValueError",
        "  member 2 of 2:",
        "  ExceptionGroup",
        "    member 1 of 1:",
        "    KeyError",
        f"    {__name__}.OwnError",
    ]
    assert CANARY not in "".join(lines)
    assert sum("in fail" in line for line in lines) == 3


def test_of_a_large_group_some_members_are_shown_and_all_are_counted() -> None:
    group = ExceptionGroup("many", [ValueError() for _ in range(1000)])

    stack = redaction.stacktrace(group)
    assert stack.count("ValueError") == redaction.MAX_MEMBERS
    assert "member 1 of 1000:" in stack


def test_a_member_that_was_raised_from_its_group_ends_the_walk() -> None:
    member = ValueError()
    group = ExceptionGroup("circle", [member])
    member.__cause__ = group

    assert redaction.stacktrace(group).count("ExceptionGroup") == 1
