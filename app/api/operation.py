# SPDX-License-Identifier: Apache-2.0
"""The contract of a view: scope, request and answers; read by the access check and the OpenAPI document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from app.access import Scope

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the API."""

    scope: Scope
    summary: str
    answers: Mapping[int, type[BaseModel] | None]  # the statuses of success; None has no body
    refusals: tuple[int, ...]  # the statuses of problem documents, beside those that every operation may give
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    keyed: bool = False  # an Idempotency-Key is required
    matched: bool = False  # If-Match is required
    example: Mapping[str, Any] = field(default_factory=dict)  # a body that works


def operation(**promises: Any) -> Callable[[View], View]:  # noqa: ANN401  # the fields of Operation
    """Attach an Operation to a view; a view of the API without one refuses every request."""
    promised = Operation(**promises)

    def attach(view: View) -> View:
        view.operation = promised  # type: ignore[attr-defined]  # functions carry attributes
        return view

    return attach
