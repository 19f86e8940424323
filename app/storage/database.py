# SPDX-License-Identifier: Apache-2.0
"""The connection to PostgreSQL: the pool, and the limits under which every session works."""

from typing import Any, Final

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from app.storage.waiting import CONNECT_SECONDS, BoundedConnection

# Named constraints can be changed by a migration, and recognised in an error without reading its text.
NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base)

# From the inside out, each limit ends before the one around it: lock, statement, answer (waiting.py), nginx (10 s),
# worker (30 s).
LOCK_MILLISECONDS: Final = 1000  # a transaction that holds a row longer than this is itself stuck
STATEMENT_MILLISECONDS: Final = 3000
IDLE_IN_TRANSACTION_MILLISECONDS: Final = 10_000  # a thread that died in a transaction must not keep its locks
POOL_SECONDS: Final = 2.0  # then the answer is 503: better than an invisible queue
UNACKNOWLEDGED_MILLISECONDS: Final = 5000  # a peer that vanished without a word; TCP's own limit is 15 minutes
RECYCLE_SECONDS: Final = 300  # firewalls forget idle connections sooner than TCP does


def connect_arguments() -> dict[str, Any]:
    """Give libpq's arguments for every connection of the service."""
    limits = {
        "lock_timeout": LOCK_MILLISECONDS,
        "statement_timeout": STATEMENT_MILLISECONDS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MILLISECONDS,
        "timezone": "UTC",
    }
    return {
        "application_name": "loan-service",
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": UNACKNOWLEDGED_MILLISECONDS,
        "connection_factory": BoundedConnection,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }


def engine_options(threads: int) -> dict[str, Any]:
    """Give SQLAlchemy's engine options for a worker with so many threads."""
    return {
        "pool_size": threads,  # one each: a thread never holds two
        "max_overflow": 0,
        "pool_timeout": POOL_SECONDS,
        "pool_pre_ping": True,  # the first request after a database restart gets a new connection, not an error
        "pool_recycle": RECYCLE_SECONDS,
        "hide_parameters": True,  # errors would print the values of a row
        "connect_args": connect_arguments(),
    }
