# SPDX-License-Identifier: Apache-2.0
"""GET /metrics is for those who hold the operations token, where there is one."""

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry.metrics_endpoint import add_metrics_endpoint
from tests.telemetry.conftest import Observed

TOKEN = "an-operations-token"


def client(token: str | None) -> Flask:
    app = Flask("loans")
    add_metrics_endpoint(app, token, lambda: "page 1\n")
    return app


def test_without_a_token_the_page_is_open() -> None:
    answer = client(None).test_client().get("/metrics")

    assert (answer.status_code, answer.text) == (200, "page 1\n")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Bearer   {TOKEN} "])
def test_the_token_opens_the_page(header: str) -> None:
    answer = client(TOKEN).test_client().get("/metrics", headers={"Authorization": header})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \u00e9\u00ff"]
)
def test_anything_else_is_refused_as_a_problem(header: str) -> None:
    answer = client(TOKEN).test_client().get("/metrics", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="operations"'
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] == "unauthorized"
    assert answer.get_json()["status"] == 401


def test_the_page_of_a_whole_app_is_prometheus_text(observed: Observed) -> None:
    observed.client.get("/loans/7")

    names = {family.name for family in text_string_to_metric_families(observed.client.get("/metrics").text)}

    assert {"http_server_request_duration_seconds", "loan_applications", "loan_service_worker_up"} <= names
