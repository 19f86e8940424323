# SPDX-License-Identifier: Apache-2.0
"""The table of loans."""

import sqlalchemy as sa
from alembic import op

revision = "0001_loan"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "loan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("borrower_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("annual_rate_percent", sa.Numeric(9, 6), nullable=False),
        sa.Column("term_months", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_loan"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_loan_currency_is_a_code")),
        sa.CheckConstraint("principal_minor BETWEEN 1 AND 1000000000000", name=op.f("ck_loan_principal_in_range")),
        sa.CheckConstraint("annual_rate_percent BETWEEN 0 AND 100", name=op.f("ck_loan_rate_in_range")),
        sa.CheckConstraint("term_months BETWEEN 1 AND 600", name=op.f("ck_loan_term_in_range")),
        sa.CheckConstraint("status IN ('submitted')", name=op.f("ck_loan_status_is_known")),
    )
    op.create_index("ix_loan_applied_at_id", "loan", ["applied_at", "id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("loan")
