# SPDX-License-Identifier: Apache-2.0
"""The names of database operations, from a closed list."""

from typing import Final

OPERATIONS: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SET"})
OTHER: Final = "_OTHER"


def operation_name(statement: str) -> str:
    """Name a statement's operation by its first word."""
    word = statement.lstrip()[:6].split(maxsplit=1)[:1]
    name = word[0].upper() if word else OTHER
    return name if name in OPERATIONS else OTHER
