# SPDX-License-Identifier: Apache-2.0
"""Names the constraint that a row has met, without quoting the row."""

from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.services.ports import Taken

UNIQUE_VIOLATION: Final = "23505"


def flush(session: Session) -> None:
    """Send what has changed to the database; raise Taken with the constraint's name for a value that exists already."""
    try:
        session.flush()
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) != UNIQUE_VIOLATION:
            raise
        # from None: the driver's text quotes the row
        raise Taken(error.orig.diag.constraint_name) from None  # type: ignore[union-attr]  # it has a pgcode, so it has this
