# SPDX-License-Identifier: Apache-2.0
"""The composition root: the one file that knows every part."""

from datetime import UTC, datetime
from uuid import uuid4

from flask import Flask

from app import telemetry
from app.api import errors, health, loans
from app.api.body import READ_LIMIT
from app.api.loans import LoanApi
from app.api.paging import Cursors
from app.services.loans import LoanUseCases
from app.services.ports import EventSink
from app.settings import Settings
from app.storage.database import db, engine_options
from app.storage.ping import Ping
from app.storage.transactions import transactions
from app.storage.waiting import bound_waits

PING_SECONDS = 1.5  # /health promises an answer within 2 s


def create_app(
    settings: Settings, publish: EventSink = telemetry.record, pipeline: telemetry.Pipeline | None = None
) -> Flask:
    """Build the service; telemetry comes first, so that it sees everything that follows."""
    app = Flask("app", static_folder=None)
    app.config.update(
        DEBUG=settings.debug,
        MAX_CONTENT_LENGTH=READ_LIMIT,
        PROPAGATE_EXCEPTIONS=False,  # else a 500 would leave no metric and no problem document
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.api_threads),
    )
    app.json.compact = True  # type: ignore[attr-defined]  # else DEBUG would answer in another shape
    telemetry.set_up(app, settings, pipeline)
    errors.register(app, telemetry.current_trace_id)
    bound_waits()
    db.init_app(app)
    with app.app_context():
        telemetry.observe_pool(db.engine)
    use_cases = LoanUseCases(transactions(db.session, publish), lambda: datetime.now(UTC), uuid4)
    app.extensions[loans.KEY] = LoanApi(use_cases, Cursors(settings.secret_key))
    app.extensions[health.KEY] = Ping(settings.database_url, PING_SECONDS)
    app.register_blueprint(loans.bp)
    app.register_blueprint(health.bp)
    return app
