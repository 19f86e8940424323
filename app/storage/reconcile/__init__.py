# SPDX-License-Identifier: Apache-2.0
"""Compares loans, schedules, transactions and the ledger: what each says of the others must be so."""

from app.storage.reconcile.reconcile import Reconciliation, reconcile, reconcile_session

__all__ = ["Reconciliation", "reconcile", "reconcile_session"]
