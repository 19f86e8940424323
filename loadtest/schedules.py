# SPDX-License-Identifier: Apache-2.0
"""Checks of a schedule for any terms: it repays the principal, row by row, and its totals are sums."""

from itertools import pairwise
from typing import Any

from loadtest.account import Account

Json = Any
METHODS = {"us_reg_z_actuarial", "eu_2008_48_ec_effective"}


def wrong_in_quote(quote: Json, terms: dict[str, Any]) -> str | None:
    """Check a quote: its schedule, its totals, and both annual percentage rates."""
    if not isinstance(quote, dict):
        return "the quote is not an object"
    rows, principal = quote["schedule"], terms["principal_minor"]
    interest = sum(row["interest_minor"] for row in rows)
    if len(rows) != terms["term_months"]:
        return "the quote has not one row a month"
    if (quote["total_interest_minor"], quote["total_minor"]) != (interest, principal + interest):
        return "the quote's totals are not sums"
    if {rate["method"] for rate in quote["apr"]} != METHODS:
        return "the quote has not both rates"
    if any(row["payment_minor"] != quote["installment_minor"] for row in rows[:-1]):
        return "the installments are not equal"
    return wrong_in_rows(rows, principal)


def wrong_in_schedule(schedule: Json, principal_minor: int) -> str | None:
    """Check a loan's schedule: its rows, and that its totals are sums."""
    if not isinstance(schedule, dict):
        return "the schedule is not an object"
    rows = schedule["installments"]
    sums = [sum(row[f"{part}_minor"] for row in rows) for part in ("principal", "interest", "fee")]
    if [schedule[f"total_{part}_minor"] for part in ("principal", "interest", "fee")] != sums:
        return "the schedule's totals are not sums"
    return (
        "the schedule's total is no sum"
        if schedule["total_minor"] != sum(sums)
        else wrong_in_rows(rows, principal_minor)
    )


def wrong_in_rows(rows: list[Json], principal_minor: int) -> str | None:
    """Check that rows repay the principal, each beginning where the one before it ended."""
    if sum(row["principal_minor"] for row in rows) != principal_minor:
        return "the schedule does not repay the principal"
    for row, following in pairwise(rows):
        if following["opening_balance_minor"] != row["opening_balance_minor"] - row["principal_minor"]:
            return "a row does not begin where the one before it ended"
        if following["due_on"] <= row["due_on"]:
            return "the due dates do not rise"
    return None


def wrong_in_paid(schedule: Json, account: Account) -> str | None:
    """Compare the paid amounts of a schedule with the booked ones."""
    principal = sum(row["principal_minor"] for row in account.rows)
    if account.status == "active":
        paid = sum(row["paid_principal_minor"] for row in schedule["installments"])
        if paid != principal - account.outstanding_minor:
            return "the schedule's paid principal is not what was paid"
    return wrong_in_schedule(schedule, principal)


def wrong_in_statement(statement: Json, account: Account) -> str | None:
    """Check that opening balance and lines make the closing balance, which is what is outstanding."""
    if not isinstance(statement, dict):
        return "the statement is not an object"
    changes = sum(line["principal_change_minor"] for line in statement["lines"])
    if statement["opening_balance_minor"] + changes != statement["closing_balance_minor"]:
        return "the statement does not add up"
    if len(statement["lines"]) != account.bookings:
        return "the statement has not a line for each booking"
    owed = account.outstanding_minor
    return None if statement["closing_balance_minor"] == owed else "the statement does not close with what is owed"
