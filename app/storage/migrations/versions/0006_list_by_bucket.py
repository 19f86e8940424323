# SPDX-License-Identifier: Apache-2.0
"""The index of active loans by due day goes on in the list's order, so that a page of a bucket need not sort."""

import sqlalchemy as sa
from alembic import op

revision = "0006_list_by_bucket"
down_revision = "0005_idempotency_key"
branch_labels = None
depends_on = None

ACTIVE = sa.text("status = 'active'")


def upgrade() -> None:
    """Go forward."""
    op.create_index(
        "ix_loan_active_due_applied",
        "loan",
        ["client_id", "next_due_on", "applied_at", "id"],
        postgresql_where=ACTIVE,
    )
    op.drop_index("ix_loan_active_next_due", "loan")


def downgrade() -> None:
    """Go back."""
    op.create_index("ix_loan_active_next_due", "loan", ["client_id", "next_due_on"], postgresql_where=ACTIVE)
    op.drop_index("ix_loan_active_due_applied", "loan")
