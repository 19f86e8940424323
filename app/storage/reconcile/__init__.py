# SPDX-License-Identifier: Apache-2.0
"""Reconciles loans, schedules, transactions and the ledger with each other."""

from app.storage.reconcile.reconcile import Reconciliation, reconcile, reconcile_session

__all__ = ["Reconciliation", "reconcile", "reconcile_session"]
