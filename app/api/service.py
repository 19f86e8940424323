# SPDX-License-Identifier: Apache-2.0
"""What the views need; the factory fills it."""

from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from flask import current_app

from app.api.access import caller
from app.api.paging import Cursors
from app.services.actor import Actor
from app.services.applications import Applications
from app.services.borrowers import BorrowerUseCases
from app.services.commands import Commands
from app.services.inquiries import Inquiries
from app.services.ports import Clock
from app.services.servicing import Servicing

KEY: Final = "loan_service"  # in app.extensions


@dataclass(frozen=True)
class Service:
    """The use cases, and what runs them."""

    commands: Commands
    applications: Applications
    servicing: Servicing
    inquiries: Inquiries
    borrowers: BorrowerUseCases
    cursors: Cursors
    clock: Clock

    def today(self) -> date:
        """Return the business date, in UTC."""
        return self.clock().date()


def service() -> Service:
    """Return the running app's service."""
    return cast("Service", current_app.extensions[KEY])


def actor() -> Actor:
    """Return the caller."""
    key = caller()
    return Actor(key.client_id, key.id)
