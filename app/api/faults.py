# SPDX-License-Identifier: Apache-2.0
"""/ops/faults: begin, list and end faults on request; and the faults of single requests. FAULTS=true installs both."""

import time
from http import HTTPStatus
from typing import Annotated, Final, Self

from flask import Blueprint, Flask, Response, current_app, request
from pydantic import Field

from app.access import Scope
from app.api.access import caller
from app.api.body import read_body
from app.api.commands import answer
from app.api.fields import Body, Document
from app.api.operation import operation
from app.api.problems import Problem
from app.services.faults import LONGEST_SECONDS, FaultBoard, FaultKind, Faults, RunningFault
from app.services.faulty import InjectedFault, strikes

bp = Blueprint("faults", __name__, url_prefix="/ops/faults")
KEY: Final = "faults"  # in app.extensions
REACH: Final = "/api/"  # never the probes, /metrics or /ops: what observes and ends a fault must work

KINDS: Final = f"One of {', '.join(FaultKind)} is expected."
LIFETIME: Final = f"The lifetime, after which it ends by itself: 1 to {LONGEST_SECONDS} whole seconds are expected."
Number = Annotated[float, Field(allow_inf_nan=False)]


class FaultBody(Body):
    """A fault to begin."""

    kind: Annotated[FaultKind, Field(strict=False)] = Field(description=KINDS)
    lasts_seconds: int = Field(ge=1, le=LONGEST_SECONDS, description=LIFETIME)
    share: Number | None = Field(None, description="The part of requests or statements that it hits: 0 to 1.")
    amount: Number | None = Field(None, description="Its strength in the unit of its kind: a number is expected.")


class FaultDocument(Document):
    """A running fault."""

    kind: FaultKind
    share: float
    amount: float
    seconds_left: float

    @classmethod
    def of(cls, fault: RunningFault) -> Self:
        """Shape a fault."""
        left = round(fault.seconds_left, 1)
        return cls(kind=fault.kind, share=fault.share, amount=fault.amount, seconds_left=left)


class FaultList(Document):
    """The running faults."""

    items: list[FaultDocument]


@bp.post("")
@operation(
    scope=Scope.FAULTS,
    summary="Begin a fault in all workers; it ends by itself",
    body=FaultBody,
    answers={201: FaultDocument},
    refusals=(409,),
    example={"kind": "latency", "lasts_seconds": 60, "share": 0.5, "amount": 0.2},
)
def begin_fault() -> Response:
    """Begin a fault."""
    body = read_body(request, FaultBody)
    fault = _faults().begin(body.kind, body.lasts_seconds, body.share, body.amount, caller().id)
    response = answer(FaultDocument.of(fault), Location=f"{bp.url_prefix}/{fault.kind}")
    response.status_code = HTTPStatus.CREATED
    return response


@bp.get("")
@operation(scope=Scope.FAULTS, summary="List the running faults", answers={200: FaultList}, refusals=())
def list_faults() -> Response:
    """List the running faults."""
    return answer(FaultList(items=[FaultDocument.of(fault) for fault in _faults().running()]))


@bp.delete("/<kind>")
@operation(scope=Scope.FAULTS, summary="End a fault in all workers", answers={204: None}, refusals=(404,))
def end_fault(kind: str) -> Response:
    """End a fault."""
    if kind not in set(FaultKind):
        raise Problem(HTTPStatus.NOT_FOUND, "unknown_fault", f"kind: {KINDS[0].lower()}{KINDS[1:]}")
    _faults().end(FaultKind(kind), caller().id)
    return Response(status=HTTPStatus.NO_CONTENT)


def install_faults(app: Flask, faults: Faults) -> None:
    """Add /ops/faults, and let the faults latency, errors and exceptions hit the requests of the API."""
    board = faults.board
    app.extensions[KEY] = faults
    app.register_blueprint(bp)
    app.before_request(lambda: _disturb(board) if request.path.startswith(REACH) else None)


def _disturb(board: FaultBoard) -> None:
    slow = board.find(FaultKind.LATENCY)
    if slow and strikes(board, FaultKind.LATENCY):
        time.sleep(slow.amount)
    if strikes(board, FaultKind.ERRORS):
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "fault_injected", "A fault on request.", headers={"Retry-After": "1"}
        )
    if strikes(board, FaultKind.EXCEPTIONS):
        raise InjectedFault(FaultKind.EXCEPTIONS)


def _faults() -> Faults:
    faults: Faults = current_app.extensions[KEY]
    return faults
