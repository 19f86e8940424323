# SPDX-License-Identifier: Apache-2.0
"""How a borrower's money arrives."""

from enum import StrEnum


class Channel(StrEnum):
    """A closed list, so that it may label metrics."""

    BANK_TRANSFER = "bank_transfer"
    CARD = "card"
    CASH = "cash"
    DIRECT_DEBIT = "direct_debit"
    OTHER = "other"
