# SPDX-License-Identifier: Apache-2.0
"""The business as signals: a module per concern, each with its instruments and a description of its events."""

from app.telemetry.business import applications, borrowers, money, requests, writeoffs
from app.telemetry.signals import Declared

INSTRUMENTS: tuple[Declared, ...] = (
    *applications.INSTRUMENTS,
    *money.INSTRUMENTS,
    *writeoffs.INSTRUMENTS,
    *requests.INSTRUMENTS,
    *borrowers.INSTRUMENTS,
)
