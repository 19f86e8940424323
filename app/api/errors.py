# SPDX-License-Identifier: Apache-2.0
"""Maps each error to its answer, in one table."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, InternalServerError

from app.api.problems import TRACE_ID, Problem, problem_response
from app.domain.errors import Conflict, Forbidden, Invalid, LoanError, NotFound, Stale
from app.services.ports import StorageUnavailable
from app.services.replies import KeyInFlight, KeyReused

RETRY_AFTER_SECONDS = "1"  # seconds: most outages here are a restart or a lock; clients add their own jitter
# Codes are a contract; werkzeug's and Python's names for these have changed before.
REFUSALS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method; see Allow."),
    413: ("content_too_large", "The body may have 64 KiB at most."),
}
STATUSES = {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    Stale: HTTPStatus.PRECONDITION_FAILED,
}
_logger = logging.getLogger(__name__)


def register(app: Flask, current_trace_id: Callable[[], str | None]) -> None:
    """Answer every error of the app with a problem document, Flask's own included."""
    app.extensions[TRACE_ID] = current_trace_id
    app.register_error_handler(Problem, malformed)
    app.register_error_handler(LoanError, refused_by_business)
    app.register_error_handler(KeyReused, key_reused)
    app.register_error_handler(KeyInFlight, key_in_flight)
    app.register_error_handler(StorageUnavailable, storage_unavailable)
    app.register_error_handler(HTTPException, refused_by_flask)
    app.register_error_handler(InternalServerError, unhandled)  # Flask hands unhandled exceptions over as this


def malformed(error: Problem) -> Response:
    """Answer what a view's parser refused."""
    return problem_response(error.status, error.code, error.detail, error.faults, headers=error.headers)


def refused_by_business(error: LoanError) -> Response:
    """Answer what the domain refuses, by the kind of refusal."""
    [status] = [status for kind, status in STATUSES.items() if isinstance(error, kind)]
    return problem_response(status, error.code, error.detail, error.faults, members=error.members)


def key_reused(_error: KeyReused) -> Response:
    """Answer a key that belongs to another request."""
    detail = "Idempotency-Key: this key was used for another request; each request needs its own."
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)


def key_in_flight(_error: KeyInFlight) -> Response:
    """Answer while another request with the same key is at work."""
    detail = "Idempotency-Key: a request with this key is still at work; try again."
    headers = {"Retry-After": RETRY_AFTER_SECONDS}
    return problem_response(HTTPStatus.CONFLICT, "idempotency_key_in_flight", detail, headers=headers)


def storage_unavailable(error: StorageUnavailable) -> Response:
    """Answer 503 while the database does not, with the time after which to retry."""
    _logger.warning("storage_unavailable", extra={"db.response.status_code": error.reason})
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": RETRY_AFTER_SECONDS}
    return problem_response(status, "storage_unavailable", "The database does not answer; try again.", headers=headers)


def refused_by_flask(error: HTTPException) -> Response:
    """Answer what routing or werkzeug refused, with its own headers: Allow at 405."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    code, detail = REFUSALS.get(status, (error.name.lower().replace(" ", "_"), f"{error.name}."))
    response = problem_response(status, code, detail)
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name.lower() not in {"content-type", "content-length"}
    )
    return response


def unhandled(error: InternalServerError) -> Response:
    """Answer 500 for an unhandled exception, and log it once with its stack."""
    cause = error.original_exception or error
    _logger.error("unhandled_exception", exc_info=cause)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "The service made a mistake.")
