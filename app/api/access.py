# SPDX-License-Identifier: Apache-2.0
"""Who may call an operation: every request under /api/ and /ops/ needs a key that has the operation's scope."""

import logging
import re
from http import HTTPStatus
from typing import cast

from flask import Flask, current_app, g, request

from app.access import ApiKey, KeyRing, Scope
from app.api.problems import Problem

GUARDED = ("/api/", "/ops/")
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="loan-service"'}
LONGEST_HEADER = 4096  # bytes; a secret has 43, and nothing longer is worth a hash
# RFC 6750; two headers reach us as one with a comma, which is in no token.
BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
_logger = logging.getLogger(__name__)


def guard(app: Flask, ring: KeyRing) -> None:
    """Refuse each request under /api/ or /ops/ without a key of the ring that has the scope of the operation."""

    def authorize() -> None:
        # A request that matches no route has no view to protect: it stays 404 or 405.
        if request.endpoint is not None and request.path.startswith(GUARDED):
            g.caller = _authorized(ring, request.endpoint)

    app.before_request(authorize)


def caller() -> ApiKey:
    """Return the key of the request that is being answered; only under /api/ and /ops/ there is one."""
    return cast("ApiKey", g.caller)


def _authorized(ring: KeyRing, endpoint: str) -> ApiKey:
    scope: Scope | None = getattr(getattr(current_app.view_functions[endpoint], "operation", None), "scope", None)
    if scope is None:
        _logger.error("no_scope_declared", extra={"http.route": str(request.url_rule)})
        raise Problem(HTTPStatus.FORBIDDEN, "no_scope_declared", "This operation is open to no key.")
    key = _authenticated(ring)
    if scope not in key.scopes:
        _logger.warning("auth_denied", extra={"auth.reason": "scope", "auth.key_id": key.id})
        raise Problem(HTTPStatus.FORBIDDEN, "insufficient_scope", f"A key with the scope {scope} is needed.")
    return key


def _authenticated(ring: KeyRing) -> ApiKey:
    header = request.headers.get("Authorization")
    if not header:
        raise _unauthenticated("missing")
    match = BEARER.fullmatch(header) if len(header) <= LONGEST_HEADER else None
    if match is None:
        raise _unauthenticated("malformed")
    key = ring.find(match[1])
    if key is None:
        raise _unauthenticated("unknown_or_expired")
    return key


def _unauthenticated(reason: str) -> Problem:
    """Log the reason, but answer only how to authenticate: the answer must not help to guess a key."""
    _logger.warning("auth_denied", extra={"auth.reason": reason})
    detail = "A valid key is needed: Authorization: Bearer, and the key's secret."
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthenticated", detail, headers=CHALLENGE)
