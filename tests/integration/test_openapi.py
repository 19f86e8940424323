# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: of a small app with one operation of each kind, and of the service itself."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Blueprint, Flask
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field

from app import __version__
from app.access import Scope
from app.api.fields import Body, Query
from app.api.openapi.document import build_document
from app.api.operation import operation

ALWAYS = {"400", "401", "403", "406", "429", "500", "503"}
Document = dict[str, Any]


class Thing(BaseModel):
    first: str = Field(serialization_alias="from")
    note: str | None = None


class ThingPage(BaseModel):
    data: list[Thing]


class ThingBody(Body):
    size: int = Field(description="A size is expected.")


class NoBody(Body):
    pass


class ThingsQuery(Query):
    since: str = Field(alias="from", description="A day is expected.")
    limit: int | None = None
    either: int | str | None = None
    anything: object = None
    cursor: str = ""


def small_app() -> Flask:
    """Build an app with one operation of each kind."""
    app = Flask("small", static_folder=None)
    bp = Blueprint("things", "things", url_prefix="/api/v1/things")

    def view(path: str, method: str, name: str, **promises: Any) -> None:  # noqa: ANN401  # the fields of Operation
        def answer(**_ids: UUID) -> str:
            """Answer."""
            return ""

        promised = operation(**({"scope": Scope.READ, "summary": name, "refusals": ()} | promises))(answer)
        bp.add_url_rule(path, name, promised, methods=[method])

    one = "/<uuid:thing_id>"
    view("", "GET", "list", query=ThingsQuery, answers={200: ThingPage})
    view("", "POST", "make", body=ThingBody, answers={201: Thing}, keyed=True, example={"size": 1}, scope=Scope.WRITE)
    view(one, "GET", "show", answers={200: Thing, 304: None})
    view(one, "PATCH", "change", body=ThingBody, answers={200: Thing}, matched=True)
    view(f"{one}/end", "POST", "end", body=NoBody, answers={202: Thing}, refusals=(409, 412), keyed=True)
    bp.add_url_rule("/secret", "secret", lambda: "")
    app.register_blueprint(bp)
    return app


@pytest.fixture
def small() -> Document:
    """Describe the small app's paths."""
    paths: Document = build_document(small_app(), "1.2.3")["paths"]
    return paths


def names(described: Document, place: str) -> dict[str, bool]:
    return {each["name"]: each["required"] for each in described["parameters"] if each["in"] == place}


def test_a_view_without_promises_is_not_described(small: Document) -> None:
    assert set(small) == {"/api/v1/things", "/api/v1/things/{thing_id}", "/api/v1/things/{thing_id}/end"}


def test_an_operation_has_its_names_and_the_scope_that_it_needs(small: Document) -> None:
    described = small["/api/v1/things"]["post"]

    assert (described["operationId"], described["tags"], described["summary"]) == ("make", ["things"], "make")
    assert described["security"] == [{"bearer": ["loans:write"]}]
    assert "loans:write" in described["description"]


def test_each_member_of_a_query_is_a_parameter_under_its_name_outside(small: Document) -> None:
    found = {each["name"]: each for each in small["/api/v1/things"]["get"]["parameters"]}

    assert {name: each["required"] for name, each in found.items()} == {
        "from": True, "limit": False, "either": False, "anything": False, "cursor": False,
    }  # fmt: skip
    assert found["from"]["description"] == "A day is expected."
    assert found["limit"]["schema"] == {"type": "integer", "title": "Limit"}
    assert found["either"]["schema"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]


def test_a_query_is_no_schema_of_its_own() -> None:
    assert "ThingsQuery" not in build_document(small_app(), "1")["components"]["schemas"]


def test_ids_in_the_path_are_uuids_and_may_be_unknown(small: Document) -> None:
    described = small["/api/v1/things/{thing_id}"]["get"]

    [parameter] = [each for each in described["parameters"] if each["in"] == "path"]
    assert parameter == {
        "in": "path", "name": "thing_id", "required": True, "schema": {"type": "string", "format": "uuid"},
    }  # fmt: skip
    assert "404" in described["responses"]
    assert "404" not in small["/api/v1/things"]["get"]["responses"]


def test_headers_that_an_operation_reads_are_parameters(small: Document) -> None:
    one = small["/api/v1/things/{thing_id}"]

    assert names(small["/api/v1/things"]["post"], "header") == {"Idempotency-Key": True}
    assert names(one["patch"], "header") == {"If-Match": True}
    assert names(one["get"], "header") == {"If-None-Match": False}
    assert names(small["/api/v1/things/{thing_id}/end"]["post"], "header") == {
        "Idempotency-Key": True, "If-Match": False,
    }  # fmt: skip


def test_a_body_has_its_schema_and_an_example(small: Document) -> None:
    body = small["/api/v1/things"]["post"]["requestBody"]

    assert body["required"] is True
    assert body["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/ThingBody"}, "example": {"size": 1}}
    }


def test_a_change_may_be_sent_as_a_merge_patch(small: Document) -> None:
    content = small["/api/v1/things/{thing_id}"]["patch"]["requestBody"]["content"]

    assert list(content) == ["application/merge-patch+json", "application/json"]


def test_an_empty_body_may_be_left_out(small: Document) -> None:
    body = small["/api/v1/things/{thing_id}/end"]["post"]["requestBody"]

    assert (body["required"], body["content"]["application/json"]["example"]) == (False, {})


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("", "get", {"200"}),
        ("", "post", {"201", "409", "413", "415", "422"}),
        ("/{thing_id}", "get", {"200", "304", "404"}),
        ("/{thing_id}", "patch", {"200", "404", "412", "413", "415", "422", "428"}),
        ("/{thing_id}/end", "post", {"202", "404", "409", "412", "413", "415", "422"}),
    ],
)
def test_the_answers_of_an_operation(small: Document, path: str, method: str, expected: set[str]) -> None:
    assert set(small[f"/api/v1/things{path}"][method]["responses"]) == expected | ALWAYS


def test_headers_that_an_answer_brings(small: Document) -> None:
    def headers(path: str, method: str, status: str) -> dict[str, bool]:
        found = small[f"/api/v1/things{path}"][method]["responses"][status]["headers"]
        return {name: found[name]["required"] for name in found if name != "X-Request-Id"}

    assert headers("", "get", "200") == {"Link": False}
    assert headers("", "post", "201") == {"Location": True, "ETag": False, "Idempotent-Replayed": False}
    assert headers("/{thing_id}", "get", "200") == {"ETag": True}
    assert headers("/{thing_id}", "get", "304") == {"ETag": True}
    assert headers("/{thing_id}", "patch", "200") == {"ETag": False}


def test_not_modified_has_no_body(small: Document) -> None:
    assert "content" not in small["/api/v1/things/{thing_id}"]["get"]["responses"]["304"]


def test_refusals_are_problem_documents_with_their_headers() -> None:
    refusals = build_document(small_app(), "1")["components"]["responses"]

    contents = {name: answer["content"] for name, answer in refusals.items()}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    assert contents == dict.fromkeys(refusals, problem)
    with_retry = {name for name, answer in refusals.items() if "Retry-After" in answer["headers"]}
    assert with_retry == {"Problem409", "Problem429", "Problem503"}
    assert refusals["Problem401"]["headers"]["WWW-Authenticate"]["required"] is True


def test_answers_are_described_as_they_are_written() -> None:
    thing = build_document(small_app(), "1")["components"]["schemas"]["Thing"]

    assert list(thing["properties"]) == ["from", "note"]


def test_the_document_has_the_version_of_the_service_it_describes() -> None:
    document = build_document(small_app(), "1.2.3")

    assert document["info"]["version"] == "1.2.3"
    assert document["servers"] == [{"url": "/"}]


def api_routes(app: Flask) -> dict[tuple[str, str], Callable[..., Any]]:
    return {
        (re.sub(r"<uuid:(\w+)>", r"{\1}", rule.rule), method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }


def described_operations(app: Flask) -> set[tuple[str, str]]:
    paths = build_document(app, __version__)["paths"]
    return {(path, method) for path, methods in paths.items() for method in methods}


def test_every_route_of_the_api_promises_something(app: Flask) -> None:
    silent = [route for route, view in api_routes(app).items() if not hasattr(view, "operation")]

    assert silent == []


def test_the_document_describes_the_routes_all_of_them_and_no_others(app: Flask) -> None:
    described = described_operations(app)

    assert {(path, method) for path, method in described if path.startswith("/api/")} == set(api_routes(app))


def test_what_needs_no_key_is_described_but_for_metrics_and_the_document_itself(app: Flask) -> None:
    public = {rule.rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/api/")}
    described = {path for path, _ in described_operations(app)}

    assert public - described == {"/metrics", "/openapi.json", "/docs", "/docs/assets/<name>"}


def test_what_needs_no_key_is_documented_so(app: Flask) -> None:
    document = build_document(app, __version__)

    assert document["paths"]["/livez"]["get"]["security"] == []
    assert set(document["paths"]["/livez"]["get"]["responses"]) == {"200"}
    assert set(document["paths"]["/readyz"]["get"]["responses"]) == {"200", "503"}


def test_the_document_is_valid_openapi(app: Flask) -> None:
    document = build_document(app, __version__)

    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_an_invalid_document_would_be_noticed(app: Flask) -> None:
    document = build_document(app, __version__)
    document["paths"]["/livez"]["get"]["operationId"] = "ready"

    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]


def test_names_of_schemas_are_those_of_their_models(app: Flask) -> None:
    # Two models of one name would be distinguished by their modules' names.
    odd = [name for name in build_document(app, __version__)["components"]["schemas"] if not name.isalnum()]

    assert odd == []


def test_bounds_of_numbers_are_in_the_schema(app: Flask) -> None:
    listing = build_document(app, __version__)["paths"]["/api/v1/loans"]["get"]
    [limit] = [each["schema"] for each in listing["parameters"] if each["name"] == "limit"]

    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 20)
