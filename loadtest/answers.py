# SPDX-License-Identifier: Apache-2.0
"""Checks of answers; each returns a constant description of what is wrong, or None."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from loadtest.account import Account
from loadtest.people import Body, Mistake

Json = Any

# Locust keeps one row per error text: values and ids in it would make one row per request.
TERMS = ("currency", "principal_minor", "annual_rate_percent", "term_months")
SENT_FIELDS = ("borrower_id", *TERMS)
NEVER_CHANGED = ("id", *SENT_FIELDS, "applied_at")
TRACE_ID = re.compile(r"[0-9a-f]{32}")


class WrongAnswer(Exception):  # noqa: N818  # it reads as a fact in Locust's report
    """The service answered, and the answer is not right."""


class Answer(NamedTuple):
    """What came back: the document, None where there is none, and the headers."""

    body: Json
    headers: Mapping[str, str]


def wrong_in_created(loan: Json, application: Body) -> str | None:
    """Compare a new loan with the application it was made from."""
    if not isinstance(loan, dict):
        return "the loan is not an object"
    if differing := [member for member in SENT_FIELDS if _differ(loan.get(member), application[member])]:
        return f"{', '.join(differing)} differ from what was sent"
    missing = [member for member in ("id", "applied_at") if not loan.get(member)]
    if missing:
        return f"{', '.join(missing)} missing"
    return None if loan.get("status") == "submitted" else "a new loan is not submitted"


def wrong_in_read(loan: Json, known: Json) -> str | None:
    """Compare a loan read again with the expected, unchanged one."""
    if not isinstance(loan, dict):
        return "the loan is not an object"
    differing = [member for member in NEVER_CHANGED if loan.get(member) != known[member]]
    return f"{', '.join(differing)} differ from what was read before" if differing else None


def wrong_in_account(loan: Json, account: Account) -> str | None:
    """Compare a loan with everything that was booked on it."""
    if not isinstance(loan, dict):
        return "the loan is not an object"
    expected = {
        "status": account.status,
        "outstanding_principal_minor": account.outstanding_minor,
        "next_due_on": account.next_due_on,
        "recoverable_minor": account.recoverable_minor,
        "days_past_due": account.days_late(date.fromisoformat(loan["as_of"])),
        "version": account.version,
    }
    differing = [member for member, value in expected.items() if loan.get(member) != value]
    return f"{', '.join(differing)} differ from what was booked" if differing else None


def wrong_in_booking(booking: Json, kind: str, parts: tuple[int, int, int], account: Account) -> str | None:
    """Compare a new booking with its kind and its principal, interest and fee; it must be the account's next."""
    if not isinstance(booking, dict):
        return "the booking is not an object"
    if booking.get("kind") != kind:
        return f"the booking is no {kind}"
    if (booking["principal_minor"], booking["interest_minor"], booking["fee_minor"]) != parts:
        return "the booking has other parts"
    if booking["amount_minor"] != sum(parts):
        return "the parts do not add up to the amount"
    return None if booking["seq"] == account.bookings + 1 else "the booking is not the next one"


def wrong_in_page(page: Json, limit: int, seen: Collection[str], **everywhere: str) -> str | None:
    """Check one page of the list: its size and order, no duplicates, the filters, a cursor if there is more."""
    if not isinstance(page, dict) or not isinstance(page.get("data"), list):
        return "the page has no data"
    loans = page["data"]
    order = [(loan["applied_at"], loan["id"]) for loan in loans]
    wrongs = {
        "the page is longer than its limit": len(order) > limit,
        "the page is not in order, newest first": order != sorted(order, reverse=True),
        "a loan is listed twice": any(identifier in seen for _, identifier in order),
        "the page has loans that don't match the filter": any(everywhere.items() - loan.items() for loan in loans),
        "has_more and next_cursor disagree": bool(page.get("has_more")) != bool(page.get("next_cursor")),
    }
    return next((words for words, wrong in wrongs.items() if wrong), None)


def wrong_in_problem(problem: Json, status: int, code: str, mistake: Mistake | None = None) -> str | None:
    """Check a problem document: its status, its code, its trace id, and that it points at the mistake."""
    if not isinstance(problem, dict) or problem.get("status") != status:
        return "the problem does not repeat its status"
    if problem.get("code") != code:
        return f"the problem's code is not {code}"
    if not TRACE_ID.fullmatch(str(problem.get("trace_id"))):
        return "the problem has no trace id of 32 hex digits"
    pointers = [error.get("pointer") for error in problem.get("errors", [])]
    if mistake is not None and mistake.pointer not in pointers:
        return f"the problem does not point at {mistake.pointer}"
    return None


def wrong_in_replay(replay: Answer, first: Answer) -> str | None:
    """Compare the answer of a retry with the first one: the same, and marked as a replay."""
    if replay.headers.get("Idempotent-Replayed") != "true":
        return "a retry with its key was not replayed"
    return None if replay.body == first.body else "a replay differs from the first answer"


def _differ(received: object, sent: object) -> bool:
    """Compare as the API means it: a rate is a number in a string, so 9.50 and 9.5 are the same."""
    if isinstance(sent, str) and isinstance(received, str):
        try:
            return Decimal(received) != Decimal(sent)
        except InvalidOperation:
            return received != sent
    return received != sent
