# SPDX-License-Identifier: Apache-2.0
"""What Alembic runs: on the connection that migrate.py hands over, never by settings of its own."""

from alembic import context

from app.storage import tables  # noqa: F401  # registers the tables in the metadata
from app.storage.database import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transaction_per_migration=True,  # what is done stays done when a later revision fails
    on_version_apply=context.config.attributes["on_version_apply"],
)
with context.begin_transaction():
    context.run_migrations()
