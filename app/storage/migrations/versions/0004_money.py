# SPDX-License-Identifier: Apache-2.0
"""Installments, transactions and the ledger: append-only, and each transaction's lines add up to zero."""

import sqlalchemy as sa
from alembic import op

revision = "0004_money"
down_revision = "0003_lifecycle"
branch_labels = None
depends_on = None

KINDS = "'disbursement', 'repayment', 'payoff', 'fee', 'fee_waiver', 'charge_off', 'recovery', 'reversal'"
REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""
# Per statement, not per row and deferred: the lines of a transaction are inserted together, and bulk loads stay quick.
REQUIRE_ZERO_SUM = """
CREATE FUNCTION require_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM ledger_entry
    WHERE transaction_id IN (SELECT transaction_id FROM added)
    GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
  ) THEN
    RAISE EXCEPTION 'the lines of a transaction do not add up to zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
ZERO_SUM = """
CREATE TRIGGER zero_sum AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION require_zero_sum()
"""


def upgrade() -> None:
    """Go forward."""
    _create_installment()
    _create_transaction()
    op.create_table(
        "ledger_entry",
        sa.Column("transaction_id", sa.Uuid(), sa.ForeignKey("loan_transaction.id"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "account", name="pk_ledger_entry"),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_ledger_entry_amount_moves")),
    )
    op.execute(REFUSE_CHANGE)
    op.execute(REQUIRE_ZERO_SUM)
    for table in ("loan_transaction", "ledger_entry"):
        op.execute(APPEND_ONLY.format(table=table))
    op.execute(ZERO_SUM)


def _create_installment() -> None:
    amounts = [
        "opening_balance",
        "principal",
        "interest",
        "fee",
        "paid_principal",
        "paid_interest",
        "paid_fee",
        "rebated_interest",
    ]
    op.create_table(
        "installment",
        sa.Column("loan_id", sa.Uuid(), sa.ForeignKey("loan.id"), nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        *(sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False) for name in amounts),
        sa.Column("paid_on", sa.Date()),
        sa.PrimaryKeyConstraint("loan_id", "n", name="pk_installment"),
        sa.CheckConstraint(
            "principal_minor >= 1 AND interest_minor >= 0 AND fee_minor >= 0",
            name=op.f("ck_installment_parts_in_range"),
        ),
        sa.CheckConstraint(
            "paid_principal_minor BETWEEN 0 AND principal_minor", name=op.f("ck_installment_paid_principal_in_range")
        ),
        sa.CheckConstraint(
            "paid_interest_minor >= 0 AND rebated_interest_minor >= 0"
            " AND paid_interest_minor + rebated_interest_minor <= interest_minor",
            name=op.f("ck_installment_paid_interest_in_range"),
        ),
        sa.CheckConstraint("paid_fee_minor BETWEEN 0 AND fee_minor", name=op.f("ck_installment_paid_fee_in_range")),
    )


def _create_transaction() -> None:
    amounts = ["principal", "interest", "fee", "amount", "interest_rebate"]
    op.create_table(
        "loan_transaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), sa.ForeignKey("loan.id"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False) for name in amounts),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), sa.ForeignKey("loan_transaction.id")),
        sa.Column("channel", sa.Text()),
        sa.Column("external_ref", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_loan_transaction"),
        sa.UniqueConstraint("loan_id", "seq", name="uq_loan_transaction_loan_id_seq"),
        sa.UniqueConstraint("reverses_id", name="uq_loan_transaction_reverses_id"),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_loan_transaction_kind_is_known")),
        sa.CheckConstraint(
            "principal_minor >= 0 AND interest_minor >= 0 AND fee_minor >= 0 AND interest_rebate_minor >= 0",
            name=op.f("ck_loan_transaction_parts_not_negative"),
        ),
        sa.CheckConstraint(
            "amount_minor >= 1 AND amount_minor = principal_minor + interest_minor + fee_minor",
            name=op.f("ck_loan_transaction_parts_add_up"),
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_loan_transaction_only_a_reversal_reverses")
        ),
    )
    disbursement = sa.text("kind = 'disbursement'")
    name = "uq_loan_transaction_one_disbursement"
    op.create_index(name, "loan_transaction", ["loan_id"], unique=True, postgresql_where=disbursement)


def downgrade() -> None:
    """Go back."""
    for table in ("ledger_entry", "loan_transaction", "installment"):
        op.drop_table(table)
    for function in ("require_zero_sum", "refuse_change"):
        op.execute(f"DROP FUNCTION {function}()")
