# SPDX-License-Identifier: Apache-2.0
"""The table of idempotency keys, and time limits for sessions of the service's role."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005_idempotency_key"
down_revision = "0004_money"
branch_labels = None
depends_on = None

# A net for psql and scripts under the service's role, wider than the limits that the service sets for itself:
# a forgotten transaction must not keep locks over lunch.
LIMITS = {"lock_timeout": "5s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"}
ALTER_ROLE = "DO $$ BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I {change}', current_database()); END $$"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "idempotency_key",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("headers", JSONB()),
        sa.Column("body", sa.Text()),
        sa.Column("borrower_id", sa.Uuid()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "key", name="pk_idempotency_key"),
    )
    op.create_index("ix_idempotency_key_borrower_id", "idempotency_key", ["borrower_id"])
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    for name, limit in LIMITS.items():
        op.execute(ALTER_ROLE.format(change=f"SET {name} = ''{limit}''"))


def downgrade() -> None:
    """Go back."""
    for name in LIMITS:
        op.execute(ALTER_ROLE.format(change=f"RESET {name}"))
    op.drop_table("idempotency_key")
