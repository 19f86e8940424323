# SPDX-License-Identifier: Apache-2.0
"""Readable test data: each function returns ordinary data, and the test gives only what is special."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

BORROWER = "0198c7a0-0000-7000-8000-000000000001"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def loan_id(number: int) -> UUID:
    """Make up a loan's id."""
    return UUID(int=number)


def application_body(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # also wrong types, on purpose
    """Make up the body of an application."""
    body = {
        "borrower_id": BORROWER,
        "currency": "EUR",
        "principal_minor": 1_200_000,
        "annual_rate_percent": "7.25",
        "term_months": 48,
    }
    return body | changes
