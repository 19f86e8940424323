# SPDX-License-Identifier: Apache-2.0
"""The types that bodies and queries share: strict, as what two readers could understand differently is refused."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, Strict, WithJsonSchema

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Body(BaseModel):
    """A request body; nothing is converted: "12" is no number, 12.0 no integer, and an unknown member is refused."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Query(BaseModel):
    """The parameters of a request; all arrive as text."""

    model_config = ConfigDict(extra="forbid")


class Document(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


def day_of(text: Any) -> date:  # noqa: ANN401  # whatever the client sent
    """Read YYYY-MM-DD; raise ValueError for anything else, also for the other forms of ISO 8601."""
    if not isinstance(text, str) or not DAY.fullmatch(text):
        raise ValueError("a day is expected")
    return date.fromisoformat(text)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# JSON has no UUID type, so this one is parsed from a string; 36 characters exclude other spellings.
UuidText = Annotated[str, Strict(), Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
Day = Annotated[date, BeforeValidator(day_of), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[
    datetime, PlainSerializer(_moment, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
