# SPDX-License-Identifier: Apache-2.0
"""Idempotency keys in PostgreSQL, in the transaction of what they guard: neither exists without the other."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.services.replies import KeyedRequest, KeyInFlight, Reply, StoredReply
from app.storage.tables import IdempotencyKeyRow

LOCK_NOT_AVAILABLE: Final = "55P03"


class SqlIdempotencyKeys:
    """The keys as one session sees them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, request: KeyedRequest, at: datetime) -> StoredReply | None:
        """Take a key for this transaction and give None, or give what is stored; waits for who holds it.

        Raises KeyInFlight when that takes longer than lock_timeout.
        """
        while True:
            if self._inserted(request, at):
                return None
            row = self._session.get(IdempotencyKeyRow, (request.client_id, request.key))
            if row is not None:  # else it was deleted between the two statements: take it again
                headers = row.headers or {}
                reply = Reply(row.status or 0, row.body or "", headers, row.borrower_id)
                return StoredReply(row.fingerprint, reply)

    def complete(self, request: KeyedRequest, reply: Reply) -> None:
        """Keep the answer beside what the transaction writes."""
        answer = {
            "status": reply.status,
            "headers": dict(reply.headers),
            "body": reply.body,
            "borrower_id": reply.borrower_id,
        }
        mine = (IdempotencyKeyRow.client_id == request.client_id, IdempotencyKeyRow.key == request.key)
        self._session.execute(update(IdempotencyKeyRow).where(*mine).values(**answer))

    def forget_borrower(self, borrower_id: UUID) -> None:
        """Delete the stored answers that hold a borrower's data."""
        self._session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.borrower_id == borrower_id))

    def _inserted(self, request: KeyedRequest, at: datetime) -> bool:
        row = {"client_id": request.client_id, "key": request.key, "fingerprint": request.fingerprint, "created_at": at}
        statement = insert(IdempotencyKeyRow).values(row).on_conflict_do_nothing().returning(IdempotencyKeyRow.key)
        try:
            return self._session.scalar(statement) is not None
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            raise KeyInFlight from None
