# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document and the page to browse it, over HTTP."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

PUBLIC = ["/openapi.json", "/docs", "/docs/assets/initialize.js"]


@pytest.fixture
def anonymous(app: Flask) -> FlaskClient:
    """Give a client without a key."""
    return FlaskClient(app)


@pytest.mark.parametrize("path", PUBLIC)
def test_it_needs_no_key(anonymous: FlaskClient, path: str) -> None:
    assert anonymous.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_who_has_the_newest_is_not_sent_it_again(anonymous: FlaskClient, path: str) -> None:
    first = anonymous.get(path)

    again = anonymous.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.data) == (304, b"")


def test_the_document_is_built_once(anonymous: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = anonymous.get("/openapi.json")
    monkeypatch.setattr("app.api.openapi.page.build_document", lambda *_: {})

    assert anonymous.get("/openapi.json").data == first.data
    assert first.content_type == "application/json"
    assert first.json is not None
    assert first.json["openapi"].startswith("3.1.")


def test_all_that_the_page_loads_is_served_here(anonymous: FlaskClient) -> None:
    page = anonymous.get("/docs").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)

    answers = {address: anonymous.get(address) for address in addresses}

    assert len(answers) == 5
    assert {address: answer.status_code for address, answer in answers.items()} == dict.fromkeys(addresses, 200)


def test_the_page_has_no_script_of_its_own(anonymous: FlaskClient) -> None:
    page = anonymous.get("/docs").text

    assert re.findall(r"<script[^>]*>(?!</script>)", page) == []
    assert re.findall(r"\son\w+=|style=|<style", page) == []


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("initialize.js", "text/javascript; charset=utf-8"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_files_have_their_types_and_may_be_kept(anonymous: FlaskClient, name: str, content_type: str) -> None:
    answer = anonymous.get(f"/docs/assets/{name}")

    assert answer.content_type == content_type
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["swagger-ui.js", "LICENSE", "index.html", "..%2F__init__.py", "%00"])
def test_no_other_file_is_served(anonymous: FlaskClient, name: str) -> None:
    answer = anonymous.get(f"/docs/assets/{name}")

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("path", PUBLIC)
def test_browsers_may_trust_nothing_but_this_service(anonymous: FlaskClient, path: str) -> None:
    headers = anonymous.get(path).headers

    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_does_not_keep_keys_nor_ask_others(anonymous: FlaskClient) -> None:
    script = anonymous.get("/docs/assets/initialize.js").text

    assert "persistAuthorization: false" in script
    assert "validatorUrl: null" in script
    assert "://" not in script
