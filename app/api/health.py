# SPDX-License-Identifier: Apache-2.0
"""Three questions: is the process alive, can it serve, is the whole healthy."""

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, jsonify

if TYPE_CHECKING:
    from collections.abc import Callable

bp = Blueprint("health", __name__)
KEY = "database_answers"  # in app.extensions


@bp.get("/livez")
def alive() -> Response:
    """Say that the process answers; never asks the database, whose outage no restart would mend."""
    return jsonify(status="alive")


@bp.get("/readyz")
def ready() -> Response:
    """Say whether requests can be served."""
    return _answer("ready", "not ready")


@bp.get("/health")
def health() -> Response:
    """Say whether the service and its database are well."""
    return _answer("healthy", "unhealthy")


def _answer(well: str, unwell: str) -> Response:
    answers = cast("Callable[[], bool]", current_app.extensions[KEY])()
    response = jsonify(status=well if answers else unwell)
    response.status_code = HTTPStatus.OK if answers else HTTPStatus.SERVICE_UNAVAILABLE
    return response
