# SPDX-License-Identifier: Apache-2.0
"""The probes: the process runs, it can serve requests, the service and its database are healthy."""

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, jsonify

if TYPE_CHECKING:
    from collections.abc import Callable

bp = Blueprint("health", __name__)
KEY = "database_answers"  # in app.extensions


@bp.get("/livez")
def alive() -> Response:
    """Report that the process answers; never queries the database, whose outage a restart would not end."""
    return jsonify(status="alive")


@bp.get("/readyz")
def ready() -> Response:
    """Report whether requests can be served."""
    return _answer("ready", "not ready")


@bp.get("/health")
def health() -> Response:
    """Report whether the service and its database are healthy."""
    return _answer("healthy", "unhealthy")


def _answer(well: str, unwell: str) -> Response:
    answers = cast("Callable[[], bool]", current_app.extensions[KEY])()
    response = jsonify(status=well if answers else unwell)
    response.status_code = HTTPStatus.OK if answers else HTTPStatus.SERVICE_UNAVAILABLE
    return response
