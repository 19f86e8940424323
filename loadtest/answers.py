# SPDX-License-Identifier: Apache-2.0
"""What a right answer looks like; every check says what is wrong in constant words, or None."""

import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any

from loadtest.applications import Application, Mistake

Json = Any

# Locust keeps one row per error text: values and ids in it would make one row per request.
SENT_FIELDS = ("borrower_id", "currency", "principal_minor", "annual_rate_percent", "term_months")
TRACE_ID = re.compile(r"[0-9a-f]{32}")


class WrongAnswer(Exception):  # noqa: N818  # it reads as a fact in Locust's report
    """The service answered, and the answer is not right."""


def wrong_in_created(loan: Json, application: Application) -> str | None:
    """Compare a new loan with the application it was made from."""
    if not isinstance(loan, dict):
        return "the loan is not an object"
    if differing := [field for field in SENT_FIELDS if _differ(loan.get(field), application[field])]:
        return f"{', '.join(differing)} differ from what was sent"
    missing = [field for field in ("id", "status", "applied_at") if not loan.get(field)]
    return f"{', '.join(missing)} missing" if missing else None


def wrong_in_read(loan: Json, known: Json) -> str | None:
    """Compare a loan read again with what is known of it."""
    return None if loan == known else "the loan differs from what was read before"


def wrong_in_page(page: Json, limit: int, seen: Collection[str]) -> str | None:
    """Check one page of the list: its size, newest first, nothing twice, a cursor exactly when there is more."""
    if not isinstance(page, dict) or not isinstance(page.get("data"), list):
        return "the page has no data"
    order = [(loan["applied_at"], loan["id"]) for loan in page["data"]]
    if len(order) > limit:
        return "the page is longer than its limit"
    if order != sorted(order, reverse=True):
        return "the page is not in order, newest first"
    if any(identifier in seen for _, identifier in order):
        return "a loan is listed twice"
    if bool(page.get("has_more")) != bool(page.get("next_cursor")):
        return "has_more and next_cursor disagree"
    return None


def wrong_in_problem(problem: Json, status: int, mistake: Mistake | None = None) -> str | None:
    """Check a problem document: its status, its trace id, and that it points at the mistake."""
    if not isinstance(problem, dict) or problem.get("status") != status or not problem.get("code"):
        return "the problem does not repeat its status or has no code"
    if not TRACE_ID.fullmatch(str(problem.get("trace_id"))):
        return "the problem has no trace id of 32 hex digits"
    pointers = [error.get("pointer") for error in problem.get("errors", [])]
    if mistake is not None and mistake.pointer not in pointers:
        return f"the problem does not point at {mistake.pointer}"
    return None


def _differ(received: object, sent: object) -> bool:
    """Compare as the API means it: a rate is a number in a string, so 9.50 and 9.5 are the same."""
    if isinstance(sent, str) and isinstance(received, str):
        try:
            return Decimal(received) != Decimal(sent)
        except InvalidOperation:
            return received != sent
    return received != sent
