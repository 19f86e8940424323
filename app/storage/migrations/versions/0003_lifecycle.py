# SPDX-License-Identifier: Apache-2.0
"""A loan's whole life: its decision, its dates, and what its transactions add up to."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003_lifecycle"
down_revision = "0002_borrower"
branch_labels = None
depends_on = None

STATUSES = "'submitted', 'approved', 'rejected', 'withdrawn', 'cancelled', 'active', 'paid_off', 'charged_off'"


# Earlier loans become undecided applications; the keys that submitted them were not recorded.
def columns() -> list[sa.Column[Any]]:
    """Make the new columns; a column object belongs to one table, so they are made anew for each use."""
    return [
        sa.Column("external_ref", sa.Text()),
        sa.Column("submitted_by", sa.Text(), nullable=False, server_default="unrecorded"),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Text()),
        sa.Column("reject_reason", sa.Text()),
        sa.Column("disbursed_on", sa.Date()),
        sa.Column("first_due_on", sa.Date()),
        sa.Column("installment_minor", sa.BigInteger()),
        sa.Column("closed_on", sa.Date()),
        sa.Column("charged_off_on", sa.Date()),
        sa.Column("outstanding_principal_minor", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("recoverable_minor", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("next_due_on", sa.Date()),
        sa.Column("last_seq", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_effective_on", sa.Date()),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
    ]


CHECKS = {
    "ck_loan_outstanding_in_range": "outstanding_principal_minor BETWEEN 0 AND principal_minor",
    "ck_loan_recoverable_in_range": "recoverable_minor BETWEEN 0 AND principal_minor",
    "ck_loan_only_active_owes": "(outstanding_principal_minor > 0) <= (status = 'active')",
}


def upgrade() -> None:
    """Go forward."""
    for column in columns():
        op.add_column("loan", column)
        if column.server_default is not None:
            op.alter_column("loan", column.name, server_default=None)  # only for the rows that were there
    op.drop_constraint(op.f("ck_loan_status_is_known"), "loan")
    op.create_check_constraint(op.f("ck_loan_status_is_known"), "loan", f"status IN ({STATUSES})")
    for name, check in CHECKS.items():
        op.create_check_constraint(op.f(name), "loan", check)
    op.create_unique_constraint("uq_loan_client_id_external_ref", "loan", ["client_id", "external_ref"])
    op.create_index("ix_loan_client_status_applied", "loan", ["client_id", "status", "applied_at", "id"])
    active = sa.text("status = 'active'")
    op.create_index("ix_loan_active_next_due", "loan", ["client_id", "next_due_on"], postgresql_where=active)


def downgrade() -> None:
    """Go back: each loan becomes the application that it was."""
    op.drop_index("ix_loan_active_next_due", "loan")
    op.drop_index("ix_loan_client_status_applied", "loan")
    op.drop_constraint("uq_loan_client_id_external_ref", "loan")
    for name in (*CHECKS, "ck_loan_status_is_known"):
        op.drop_constraint(op.f(name), "loan")
    op.execute("UPDATE loan SET status = 'submitted'")
    op.create_check_constraint(op.f("ck_loan_status_is_known"), "loan", "status IN ('submitted')")
    for column in columns():
        op.drop_column("loan", column.name)
