# SPDX-License-Identifier: Apache-2.0
"""Rules of every exchange with the API: the accepted media type, caching, and the request id."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flask import Flask, Response, request

from app.api.problems import MEDIA_TYPE, Problem

PREFIX: Final = ("/api/", "/ops/")
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def register(app: Flask, current_trace_id: Callable[[], str | None]) -> None:
    """Apply it to every route of the API."""

    def require_acceptable() -> None:
        if not request.path.startswith(PREFIX) or "Accept" not in request.headers:
            return
        if not request.accept_mimetypes.best_match(["application/json", MEDIA_TYPE]):
            raise Problem(HTTPStatus.NOT_ACCEPTABLE, "not_acceptable", "Accept: application/json is expected.")

    def finish(response: Response) -> Response:
        if request.path.startswith(PREFIX):
            response.headers["Cache-Control"] = "no-store"  # money and personal data
            asked = request.headers.get("X-Request-Id", "")
            name = asked if REQUEST_ID.fullmatch(asked) else current_trace_id()
            if name:
                response.headers.add_header("X-Request-Id", name)  # only added here, so there is none to replace
        return response

    app.before_request(require_acceptable)
    app.after_request(finish)
