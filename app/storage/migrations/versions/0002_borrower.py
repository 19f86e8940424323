# SPDX-License-Identifier: Apache-2.0
"""The table of borrowers, and whose client each loan is."""

import sqlalchemy as sa
from alembic import op

revision = "0002_borrower"
down_revision = "0001_loan"
branch_labels = None
depends_on = None

# Loans from before there were clients belong to the one that there was.
FIRST_CLIENT = "demo"


def upgrade() -> None:
    """Go forward; a borrower of an older loan has an id only, like an erased one."""
    op.create_table(
        "borrower",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("external_ref", sa.Text()),
        sa.Column("full_name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("date_of_birth", sa.Date()),
        sa.Column("national_id_hmac", sa.Text()),
        sa.Column("national_id_last4", sa.Text()),
        sa.Column("country", sa.CHAR(2)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_borrower"),
        sa.UniqueConstraint("client_id", "external_ref", name="uq_borrower_client_id_external_ref"),
        sa.UniqueConstraint("client_id", "email", name="uq_borrower_client_id_email"),
        sa.UniqueConstraint("client_id", "national_id_hmac", name="uq_borrower_client_id_national_id_hmac"),
        sa.CheckConstraint(
            "erased_at IS NULL OR (full_name IS NULL AND email IS NULL AND phone IS NULL"
            " AND date_of_birth IS NULL AND national_id_hmac IS NULL AND national_id_last4 IS NULL)",
            name=op.f("ck_borrower_erased_means_empty"),
        ),
        sa.CheckConstraint(
            "erased_at IS NOT NULL OR (full_name IS NOT NULL AND email IS NOT NULL)",
            name=op.f("ck_borrower_known_by_name"),
        ),
    )
    op.execute(
        "INSERT INTO borrower (id, client_id, version, erased_at, created_at)"  # noqa: S608  # a constant
        f" SELECT borrower_id, '{FIRST_CLIENT}', 1, now(), min(applied_at) FROM loan GROUP BY borrower_id"
    )
    op.add_column("loan", sa.Column("client_id", sa.Text(), nullable=False, server_default=FIRST_CLIENT))
    op.alter_column("loan", "client_id", server_default=None)
    op.create_foreign_key("fk_loan_borrower_id_borrower", "loan", "borrower", ["borrower_id"], ["id"])
    op.drop_index("ix_loan_applied_at_id", "loan")
    op.create_index("ix_loan_client_applied", "loan", ["client_id", "applied_at", "id"])
    op.create_index("ix_loan_borrower_applied", "loan", ["borrower_id", "applied_at", "id"])


def downgrade() -> None:
    """Go back; personal data is gone, loans keep their borrowers' ids."""
    op.drop_index("ix_loan_borrower_applied", "loan")
    op.drop_index("ix_loan_client_applied", "loan")
    op.create_index("ix_loan_applied_at_id", "loan", ["applied_at", "id"])
    op.drop_constraint("fk_loan_borrower_id_borrower", "loan")
    op.drop_column("loan", "client_id")
    op.drop_table("borrower")
