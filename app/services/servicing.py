# SPDX-License-Identifier: Apache-2.0
"""The use cases of a running loan: what is paid out, comes in, is charged, forgiven, undone and written off."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from opentelemetry import trace

from app.domain import charge_off, disbursement, fees, repayment, reversal
from app.domain.errors import Invalid, TransactionNotFound
from app.domain.events import (
    DomainEvent,
    FeeAssessed,
    FeeWaived,
    LoanChargedOff,
    LoanDisbursed,
    LoanPaidOff,
    RecoveryPosted,
    RepaymentPosted,
    TransactionReversed,
)
from app.domain.money import Money
from app.domain.posting import Posting
from app.domain.repayment import Received
from app.domain.status import LoanStatus
from app.domain.transaction import Stamp, Transaction, TransactionKind
from app.services.actor import Target
from app.services.events import RepaymentRefused
from app.services.ports import Clock, EventSink, NewId, UnitOfWork

_tracer: Final = trace.get_tracer(__name__)


@dataclass(frozen=True)
class Servicing:
    """The use cases with what they need from outside."""

    clock: Clock
    new_id: NewId
    publish: EventSink

    def disburse(
        self,
        transaction: UnitOfWork,
        target: Target,
        amount_minor: int,
        disbursed_on: date,
        first_due_on: date,
    ) -> Transaction:
        """Pay an approved loan out and fix its schedule."""
        loan = target.lock(transaction)
        posting = disbursement.disburse(loan, amount_minor, disbursed_on, first_due_on, self._stamp())
        transaction.loans.save(posting.loan)
        transaction.accounts.open(posting)
        transaction.record(LoanDisbursed(loan.id, posting.transaction.id, Money(amount_minor, loan.currency)))
        return posting.transaction

    def repay(self, transaction: UnitOfWork, target: Target, received: Received) -> Transaction:
        """Book a borrower's money; raise AmountExceedsDue for more than can be taken."""
        try:
            posting = self._post_repayment(transaction, target, received)
        except Invalid as error:
            self.publish(RepaymentRefused(target.loan_id, error.code))
            raise
        loan = posting.loan
        if posting.transaction.kind is TransactionKind.RECOVERY:
            transaction.record(RecoveryPosted(loan.id, posting.transaction.id, received.money))
            return posting.transaction
        parts = posting.transaction.parts
        transaction.record(
            RepaymentPosted(
                loan.id,
                posting.transaction.id,
                loan.currency,
                parts.principal_minor,
                parts.interest_minor,
                parts.fee_minor,
                received.channel,
            )
        )
        if loan.status is LoanStatus.PAID_OFF:
            transaction.record(LoanPaidOff(loan.id, loan.currency))
        return posting.transaction

    def assess_fee(self, transaction: UnitOfWork, target: Target, fee: Money, effective_on: date) -> Transaction:
        """Add a fee to the oldest unpaid installment."""
        loan = target.lock(transaction)
        posting = fees.assess_fee(loan, transaction.accounts.unpaid(loan.id), fee, effective_on, self._stamp())
        return self._post(transaction, posting, FeeAssessed(loan.id, posting.transaction.id, fee))

    def waive_fee(self, transaction: UnitOfWork, target: Target, fee: Money, effective_on: date) -> Transaction:
        """Forgive unpaid fees."""
        loan = target.lock(transaction)
        posting = fees.waive_fee(loan, transaction.accounts.unpaid(loan.id), fee, effective_on, self._stamp())
        return self._post(transaction, posting, FeeWaived(loan.id, posting.transaction.id, fee))

    def charge_off(self, transaction: UnitOfWork, target: Target, effective_on: date) -> Transaction:
        """Write a loan off that is late enough."""
        loan = target.lock(transaction)
        posting = charge_off.charge_off(loan, effective_on, self._stamp())
        written_off = Money(posting.transaction.parts.amount_minor, loan.currency)
        return self._post(transaction, posting, LoanChargedOff(loan.id, posting.transaction.id, written_off))

    def reverse(self, transaction: UnitOfWork, target: Target, original_id: UUID, effective_on: date) -> Transaction:
        """Undo the last payment by a booking of its own."""
        loan = target.lock(transaction)
        original = transaction.accounts.find(loan.id, original_id)
        if original is None:
            raise TransactionNotFound
        rows = transaction.accounts.installments(loan.id)
        last_id = transaction.accounts.last_standing(loan.id)
        posting = reversal.reverse(loan, rows, original, last_id, effective_on=effective_on, stamp=self._stamp())
        event = TransactionReversed(loan.id, posting.transaction.id, original.kind, loan.currency)
        return self._post(transaction, posting, event)

    def _post_repayment(self, transaction: UnitOfWork, target: Target, received: Received) -> Posting:
        attributes = {"loan.id": str(target.loan_id), "loan.payment.channel": received.channel.value}
        # A refusal leaves by an exception. It is an answer (404, 409, 422), no error of the span.
        with _tracer.start_as_current_span(
            "post repayment", attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            loan = target.lock(transaction)
            posting = repayment.repay(loan, transaction.accounts.unpaid(loan.id), received, self._stamp())
            span.add_event("loan.repayment.allocated", {"loan.installments": len(posting.installments)})
            self._post(transaction, posting)
            span.set_attribute("loan.transaction.kind", posting.transaction.kind.value)
            return posting

    def _post(self, transaction: UnitOfWork, posting: Posting, *events: DomainEvent) -> Transaction:
        transaction.loans.save(posting.loan)
        transaction.accounts.post(posting)
        for event in events:
            transaction.record(event)
        return posting.transaction

    def _stamp(self) -> Stamp:
        now = self.clock()
        return Stamp(self.new_id(), now, now.date())
