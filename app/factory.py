# SPDX-License-Identifier: Apache-2.0
"""The composition root: the one file that imports and connects every part."""

import hmac
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from flask import Flask
from uuid_utils.compat import uuid7

from app import telemetry, telemetry_light
from app.access import KeyRing
from app.api import (
    access,
    access_command,
    borrowers,
    decisions,
    errors,
    exchange,
    health,
    inquiries,
    loans,
    quotes,
    servicing,
)
from app.api import service as api
from app.api.body import READ_LIMIT
from app.api.faults import REACH, install_faults
from app.api.openapi import page
from app.api.paging import Cursors
from app.services.applications import Applications
from app.services.borrowers import BorrowerUseCases
from app.services.commands import Commands
from app.services.fault_effects import FaultEffects
from app.services.faults import Faults, observe_faults
from app.services.faulty import FaultyApplications, FaultyServicing
from app.services.inquiries import Inquiries
from app.services.ports import Clock, EventSink
from app.services.publishing import safely
from app.services.servicing import Servicing
from app.settings import Settings, TelemetryPipeline
from app.storage import commands
from app.storage.database import db, engine_options
from app.storage.fault_file import FaultFile
from app.storage.faulty_sql import disturb_statements, hold_connection
from app.storage.ping import Ping
from app.storage.portfolio import PortfolioWatch
from app.storage.reconcile import reconcile_session
from app.storage.transactions import SqlTransactions
from app.storage.waiting import bound_waits

PING_SECONDS = 1.5  # /health promises an answer within 2 s


def now() -> datetime:
    """Return the time, in UTC: the business day is UTC's."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    publish: EventSink = telemetry.record,
    pipeline: telemetry.Pipeline | None = None,
    clock: Clock = now,
) -> Flask:
    """Build the service; telemetry is set up first, so that it instruments everything that follows."""
    app = Flask("app", static_folder=None)
    app.config.update(
        DEBUG=settings.debug,
        MAX_CONTENT_LENGTH=READ_LIMIT,
        PROPAGATE_EXCEPTIONS=False,  # else a 500 would leave no metric and no problem document
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.api_threads),
    )
    app.json.compact = True  # type: ignore[attr-defined]  # else DEBUG would answer in another shape
    set_up_telemetry(app, settings, pipeline)
    errors.register(app, telemetry.current_trace_id)
    exchange.register(app, telemetry.current_trace_id)
    access.guard(app, KeyRing(settings.api_keys, clock))
    bound_waits()
    db.init_app(app)
    with app.app_context():
        telemetry.observe_pool(db.engine)
    telemetry.run_in_background(PortfolioWatch(settings.database_url, telemetry.observe_portfolio, reconcile_session))
    service = _service(settings, safely(publish), clock)
    app.extensions[api.KEY] = _with_faults(app, settings, service) if settings.faults else service
    app.extensions[health.KEY] = Ping(settings.database_url, PING_SECONDS)
    for module in (borrowers, quotes, loans, decisions, servicing, inquiries, page, health):
        app.register_blueprint(module.bp)
    access_command.register_commands(app)
    commands.register_commands(app, settings)
    return app


def _with_faults(app: Flask, settings: Settings, service: api.Service) -> api.Service:
    """Install /ops/faults, and return the service whose use cases obey it; refused in production by the settings."""
    board = FaultFile(settings.telemetry_dir if settings.worker_slot is not None else None)
    faults = Faults(board)
    with app.app_context():
        engine = db.engine
    install_faults(app, faults)
    disturb_statements(engine, board, REACH)
    observe_faults(board)
    telemetry.run_in_background(FaultEffects(faults, lambda: hold_connection(engine), settings.api_threads))
    old, servicing = service.applications, service.servicing
    return replace(
        service,
        applications=FaultyApplications(old.clock, old.new_id, board),
        servicing=FaultyServicing(servicing.clock, servicing.new_id, servicing.publish, board),
    )


def set_up_telemetry(app: Flask, settings: Settings, pipeline: telemetry.Pipeline | None = None) -> None:
    """Instrument an app by the pipeline that the settings choose."""
    light = settings.telemetry_pipeline is TelemetryPipeline.LIGHT
    instrument = telemetry_light.LightInstrumentation if light else telemetry.StandardInstrumentation
    telemetry.set_up(app, settings, pipeline, instrument)


def _service(settings: Settings, publish: EventSink, clock: Clock) -> api.Service:
    def digest(national_id: str) -> str:
        return hmac.new(settings.national_id_pepper.encode(), national_id.encode(), sha256).hexdigest()

    return api.Service(
        commands=Commands(SqlTransactions(db.session, publish), clock, publish),
        applications=Applications(clock, uuid7),
        servicing=Servicing(clock, uuid7, publish),
        inquiries=Inquiries(publish),
        borrowers=BorrowerUseCases(clock, uuid7, digest),
        cursors=Cursors(settings.secret_key),
        clock=clock,
    )
