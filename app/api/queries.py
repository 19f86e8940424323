# SPDX-License-Identifier: Apache-2.0
"""Query parameters: an unknown, repeated or malformed one is refused."""

import re
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Self, TypeVar
from uuid import UUID

from flask import request
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from app.api.fields import Day, Query, UuidText
from app.api.loan_bodies import Sort
from app.api.problems import Problem
from app.domain.delinquency import Bucket
from app.domain.errors import Fault
from app.domain.money import Currency
from app.domain.status import LoanStatus
from app.services.ports import LoanFilter

Asked = TypeVar("Asked", bound=Query)
DEFAULT_LIMIT: Final = 20
LARGEST_LIMIT: Final = 100
LONGEST_STATEMENT: Final = timedelta(days=3660)  # ten years; a request must stay a bounded piece of work
WHOLE: Final = re.compile(r"[0-9]{1,3}", re.ASCII)


def _whole(text: Any) -> int:  # noqa: ANN401  # whatever the client sent
    if not isinstance(text, str) or not WHOLE.fullmatch(text):  # int() would take other scripts' digits and 1_0
        raise ValueError("a whole number is expected")
    return int(text)


Limit = Annotated[
    int,
    # Before the validator, else the bounds get lost from the schema.
    Field(ge=1, le=LARGEST_LIMIT, description=f"A whole number from 1 to {LARGEST_LIMIT} is expected."),
    BeforeValidator(_whole),
]
Cursor = Annotated[str, Field(description="The next_cursor of an earlier page of this list is expected.")]
DAY: Final = "A date YYYY-MM-DD is expected."


class PageQuery(Query):
    """Which page of a list."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class LoansQuery(PageQuery):
    """Which loans, in which order."""

    status: LoanStatus | None = Field(default=None, description=f"One of {', '.join(LoanStatus)} is expected.")
    borrower_id: UuidText | None = Field(default=None, description="A UUID is expected.")
    currency: Currency | None = Field(default=None, description=f"One of {', '.join(Currency)} is expected.")
    bucket: Bucket | None = Field(default=None, description=f"One of {', '.join(Bucket)} is expected.")
    applied_from: Day | None = Field(default=None, description=DAY)
    applied_to: Day | None = Field(default=None, description=f"{DAY} That day is included.")
    sort: Sort = Field(default="-applied_at", description="applied_at or -applied_at is expected.")

    def to_filter(self, client_id: str, as_of: date) -> LoanFilter:
        """Hand the values to the use case."""
        return LoanFilter(
            client_id=client_id,
            as_of=as_of,
            status=self.status,
            borrower_id=UUID(self.borrower_id) if self.borrower_id else None,
            currency=self.currency,
            bucket=self.bucket,
            applied_from=self.applied_from,
            applied_to=self.applied_to,
            newest_first=self.sort == "-applied_at",
        )

    def asked(self, client_id: str) -> str:
        """Name the list that a cursor of these parameters belongs to."""
        return f"loans {client_id} {self.model_dump_json(exclude={'limit', 'cursor'}, exclude_none=True)}"


class AsOfQuery(Query):
    """As of which day; today, in UTC, when left out."""

    as_of: Day | None = Field(default=None, description=DAY)


class StatementQuery(Query):
    """From which day to which day, both included."""

    from_: Day = Field(alias="from", description=DAY)
    to: Day = Field(description=DAY)

    @model_validator(mode="after")
    def _require_span(self) -> Self:
        if not timedelta(0) <= self.to - self.from_ <= LONGEST_STATEMENT:
            raise ValueError("a span is expected")
        return self


def read_query(schema: type[Asked]) -> Asked:
    """Read the parameters; raise Problem 400 for one that is unknown, repeated, or not of its form."""
    arguments = request.args
    repeated = [name for name in arguments if len(arguments.getlist(name)) > 1]
    try:
        if not repeated:
            return schema.model_validate(arguments.to_dict())
    except ValidationError as error:
        faults = [_fault(item["loc"], schema) for item in error.errors(include_url=False)]
    else:
        faults = [Fault("", "repeated", "Each parameter is expected once.")]
    # from None: pydantic's text repeats the input
    raise Problem(HTTPStatus.BAD_REQUEST, "invalid_query", "The parameters are not as expected.", faults) from None


def _fault(location: tuple[int | str, ...], schema: type[Query]) -> Fault:
    fields = {field.alias or name: field for name, field in schema.model_fields.items()}
    name = str(location[0]) if location else ""
    if not location:
        return Fault("", "invalid_span", f"The first day, then the last, at most {LONGEST_STATEMENT.days} days apart.")
    if name not in fields:
        return Fault("", "unknown_parameter", f"Only these parameters are expected: {', '.join(fields)}.")
    return Fault(name, "invalid_value", fields[name].description or "Another value is expected.")
