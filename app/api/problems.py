# SPDX-License-Identifier: Apache-2.0
"""Problem documents (RFC 9457), the form of every refusal; they never repeat client input."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Response, current_app, json, request

from app.domain.errors import Fault

MEDIA_TYPE = "application/problem+json"
TRACE_ID = "current_trace_id"  # the key in app.extensions


class Problem(Exception):  # noqa: N818  # the name of the document
    """A request that is refused by its form; raised anywhere below a view."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = faults
        self.headers = headers


def problem_response(
    status: int,
    code: str,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    *,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Build the document with the id of the trace in which the request can be looked up."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        # A path that matches no route is client input.
        "instance": request.path if request.url_rule else None,
        "code": code,
        "errors": [_member(fault) for fault in faults],
        "trace_id": current_app.extensions[TRACE_ID](),
        **(members or {}),  # the refusal's own, as RFC 9457 has it
    }
    return Response(json.dumps(document), status, headers, content_type=MEDIA_TYPE)


def _member(fault: Fault) -> dict[str, str]:
    pointer = f"/{fault.field}" if fault.field else ""
    return {"pointer": pointer, "code": fault.code, "message": fault.message}
