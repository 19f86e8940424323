# SPDX-License-Identifier: Apache-2.0
"""Business metrics, span attributes and log lines: a module per concern, with its instruments and its events."""

from app.telemetry.business import applications, borrowers, money, requests, writeoffs
from app.telemetry.signals import InstrumentDefinition

INSTRUMENTS: tuple[InstrumentDefinition, ...] = (
    *applications.INSTRUMENTS,
    *money.INSTRUMENTS,
    *writeoffs.INSTRUMENTS,
    *requests.INSTRUMENTS,
    *borrowers.INSTRUMENTS,
)
