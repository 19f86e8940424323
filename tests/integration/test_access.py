# SPDX-License-Identifier: Apache-2.0
"""Access to the API: which requests pass, the answers to the others, and their log lines."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.access import DEV_KEYS, DEV_SECRETS, ApiKey, KeyRing, Scope, fingerprint
from app.api import errors
from app.api.access import caller, guard

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EXPIRED = ApiKey("former", "demo", frozenset(Scope), fingerprint("former-secret"), date(2026, 11, 23))
CHALLENGE = 'Bearer realm="loan-service"'
LOANS = "/api/v1/loans"
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Promise:
    scope: Scope


def needs(scope: Scope) -> Callable[[View], View]:
    def attach(view: View) -> View:
        view.operation = Promise(scope)  # type: ignore[attr-defined]
        return view

    return attach


@pytest.fixture
def guarded() -> Flask:
    app = Flask("loans", static_folder=None)
    errors.register(app, lambda: None)
    guard(app, KeyRing([*DEV_KEYS, EXPIRED], lambda: NOW))

    @app.get(LOANS)
    @needs(Scope.READ)
    def read() -> dict[str, str]:
        return {"key": caller().id, "client": caller().client_id}

    @app.post(LOANS)
    @needs(Scope.WRITE)
    def write() -> dict[str, str]:
        return {"key": caller().id}

    @app.delete(LOANS)
    @needs(Scope.ADMIN)
    def remove() -> dict[str, str]:
        return {"key": caller().id}

    @app.get("/api/v1/forgotten/<name>")
    def forgotten(name: str) -> str:
        return name

    @app.get("/health")
    def health() -> str:
        return "healthy"

    return app


@pytest.fixture
def client(guarded: Flask) -> FlaskClient:
    return guarded.test_client()


def bearer(key_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {DEV_SECRETS[key_id]}"}


def denials(caplog: pytest.LogCaptureFixture) -> list[tuple[int, object, object]]:
    """List level, reason and key of the denials in the log."""
    return [
        (record.levelno, vars(record)["auth.reason"], vars(record).get("auth.key_id"))
        for record in caplog.records
        if record.msg == "auth_denied"
    ]


def test_a_key_with_the_scope_is_let_in_and_known_to_the_view(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get(LOANS, headers=bearer("rival"))

    assert (answer.status_code, answer.json) == (200, {"key": "rival", "client": "rival"})
    assert denials(caplog) == []


@pytest.mark.parametrize("scheme", ["bearer ", "BEARER  "])
def test_the_schemes_case_and_spaces_do_not_matter(client: FlaskClient, scheme: str) -> None:
    assert client.get(LOANS, headers={"Authorization": scheme + DEV_SECRETS["auditor"]}).status_code == 200


def test_no_key_is_unauthenticated(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get(LOANS)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, CHALLENGE)
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "unauthenticated"
    assert denials(caplog) == [(logging.WARNING, "missing", None)]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "dev-officer-key",
        "Basic ZGV2LW9mZmljZXIta2V5",
        "Bearerdev-officer-key",
        "Bearer dev-officer-key x",
        "Bearer dev-officer-key, Bearer dev-officer-key",
        "Bearer dev-officer-kÿy",
        "Bearer " + "x" * 4090,
    ],
)
def test_a_malformed_header_is_unauthenticated(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    answer = client.get(LOANS, headers={"Authorization": header})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, CHALLENGE)
    assert denials(caplog) == [(logging.WARNING, "malformed", None)]


def test_two_headers_are_unauthenticated(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    header = bearer("officer")["Authorization"]

    answer = client.get(LOANS, headers=[("Authorization", header), ("Authorization", header)])

    assert answer.status_code == 401
    assert denials(caplog) == [(logging.WARNING, "malformed", None)]


@pytest.mark.parametrize("secret", ["zz-canary-7391", "former-secret", EXPIRED.sha256, DEV_KEYS[0].sha256, "x" * 4089])
def test_an_unknown_and_an_expired_secret_get_the_same_answer(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    answer = client.get(LOANS, headers={"Authorization": f"Bearer {secret}"})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, CHALLENGE)
    assert answer.json == client.get(LOANS).json
    assert denials(caplog)[0] == (logging.WARNING, "unknown_or_expired", None)
    assert secret not in answer.text + str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    ("key_id", "allowed"),
    [
        ("auditor", {"GET"}),
        ("applicant", {"GET", "POST"}),
        ("officer", {"GET", "POST", "DELETE"}),
    ],
)
def test_a_key_does_what_its_scopes_allow_and_nothing_else(client: FlaskClient, key_id: str, allowed: set[str]) -> None:
    answers = {
        method: client.open(LOANS, method=method, headers=bearer(key_id)) for method in ("GET", "POST", "DELETE")
    }

    assert {method for method, answer in answers.items() if answer.status_code == 200} == allowed
    assert {answer.status_code for method, answer in answers.items() if method not in allowed} <= {403}


def test_a_scope_includes_no_other(guarded: Flask) -> None:
    only_admin = replace(DEV_KEYS[0], scopes=frozenset({Scope.ADMIN}))
    guarded.before_request_funcs.clear()
    guard(guarded, KeyRing([only_admin], lambda: NOW))

    assert guarded.test_client().get(LOANS, headers=bearer("applicant")).status_code == 403


def test_a_missing_scope_is_named_and_logged_with_the_key(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post(LOANS, headers=bearer("auditor"))

    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")
    assert answer.json["detail"] == "A key with the scope loans:write is needed."
    assert "WWW-Authenticate" not in answer.headers
    assert denials(caplog) == [(logging.WARNING, "scope", "auditor")]


@pytest.mark.parametrize("headers", [{}, bearer("officer")])
def test_a_view_that_declares_no_scope_refuses_every_request(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    answer = client.get("/api/v1/forgotten/zz-canary", headers=headers)

    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (403, "no_scope_declared")
    [record] = [record for record in caplog.records if record.msg == "no_scope_declared"]
    assert (record.levelno, vars(record)["http.route"]) == (logging.ERROR, "/api/v1/forgotten/<name>")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/v1/nothing", 404), ("PATCH", LOANS, 405)])
def test_what_no_route_takes_needs_no_key(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, method: str, path: str, status: int
) -> None:
    assert client.open(path, method=method).status_code == status
    assert denials(caplog) == []


def test_what_is_not_the_api_needs_no_key(client: FlaskClient) -> None:
    assert client.get("/health").text == "healthy"
