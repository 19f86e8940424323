# SPDX-License-Identifier: Apache-2.0
"""Writes the OpenAPI document from the routes and what their views promise, so that it cannot differ from them."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Flask
from openapi_pydantic.v3.v3_1 import Components, Info, License, OpenAPI, PathItem, Reference, SecurityScheme, Server
from openapi_pydantic.v3.v3_1 import Operation as Described

from app.api.openapi import answers, requests
from app.api.openapi.schemas import Schemas
from app.api.operation import Operation

DESCRIPTION: Final = """Applications for loans, their decision, and the account of each loan.

Money is in integer minor units, rates are decimal strings, times are UTC. Whatever is refused is answered with a
problem document (RFC 9457). A POST that changes something takes an Idempotency-Key, and may be tried again with it."""
IMPLIED: Final = {"HEAD", "OPTIONS"}  # Flask answers them by itself
# Routes without a key. /metrics is not among them, as it is for the collector beside the service and no JSON; nor are
# this document and its page.
PUBLIC: Final = {
    "health.alive": (HTTPStatus.OK,),
    "health.ready": (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE),
    "health.health": (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE),
}


@dataclass(frozen=True)
class Promise:
    """One method of one path, the view behind it, and what that promises."""

    method: str
    rule: str
    endpoint: str
    view: Callable[..., Any]
    operation: Operation


def build_document(app: Flask, version: str) -> dict[str, Any]:
    """Describe the app's operations; the version is the service's."""
    promises = [Promise(*route, route[-1].operation) for route in _routes(app) if hasattr(route[-1], "operation")]
    operations = [promise.operation for promise in promises]
    schemas = Schemas(operations)
    versioned = {operation.answers[200] for operation in operations if HTTPStatus.NOT_MODIFIED in operation.answers}
    paths: dict[str, dict[str, Described]] = {}
    for promise in promises:
        path = paths.setdefault(requests.template(promise.rule), {})
        path[promise.method.lower()] = _describe(promise, versioned, schemas)
    for method, rule, endpoint, view in _routes(app):
        if endpoint in PUBLIC:
            paths[rule] = {method.lower(): _describe_public(endpoint, view, schemas)}
    document = OpenAPI(
        openapi="3.1.1",
        info=Info(title="Loan service", version=version, description=DESCRIPTION, license=_license()),
        servers=[Server(url="/")],
        paths={path: PathItem.model_validate(methods) for path, methods in sorted(paths.items())},
        components=_components(schemas),
    )
    return document.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _routes(app: Flask) -> Iterator[tuple[str, str, str, Callable[..., Any]]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - IMPLIED):
            yield method, rule.rule, rule.endpoint, app.view_functions[rule.endpoint]


def _describe(promise: Promise, versioned: set[Any], schemas: Schemas) -> Described:
    operation = promise.operation
    refusals = answers.statuses(operation, names_something="<" in promise.rule)
    succeeding = {
        str(status): answers.success(operation, status, versioned, schemas) for status in sorted(operation.answers)
    }
    refused = {
        str(status): Reference.model_validate({"$ref": f"#/components/responses/{answers.refusal_name(status)}"})
        for status in refusals
    }
    described = Described(
        **_named(promise.endpoint),
        summary=operation.summary,
        description=f"Needs a key with the scope `{operation.scope}`.",
        parameters=list(requests.parameters(promise.rule, operation, schemas)),
        responses=succeeding | refused,
        security=[{"bearer": [operation.scope.value]}],
    )
    if body := requests.body(promise.method, operation, schemas):
        described.requestBody = body
    return described


def _describe_public(endpoint: str, view: Callable[..., Any], schemas: Schemas) -> Described:
    responses = {str(status.value): answers.health(status, schemas) for status in PUBLIC[endpoint]}
    return Described(**_named(endpoint), summary=_first_line(view), responses=dict(responses), security=[])


def _named(endpoint: str) -> dict[str, Any]:
    blueprint, _, name = endpoint.rpartition(".")
    return {"tags": [blueprint], "operationId": name}


def _first_line(view: Callable[..., Any]) -> str:
    return (inspect.getdoc(view) or "").partition("\n")[0]


def _components(schemas: Schemas) -> Components:
    bearer = SecurityScheme(type="http", scheme="bearer", description="The secret of an API key.")
    return Components(
        schemas=dict(schemas.components()),
        responses={answers.refusal_name(status): answers.refusal(status, schemas) for status in answers.REFUSALS},
        securitySchemes={"bearer": bearer},
    )


def _license() -> License:
    return License(name="Apache License 2.0", identifier="Apache-2.0")
