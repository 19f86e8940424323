# SPDX-License-Identifier: Apache-2.0
"""Versions over HTTP."""

from datetime import date

import pytest
from flask import Flask

from app.api.etags import etag, not_modified, optional_match, require_match
from app.api.problems import Problem
from app.domain.errors import Stale

HTTP = Flask(__name__)


def test_a_tag_names_the_version_and_the_day_where_it_matters() -> None:
    assert etag(3) == '"3"'
    assert etag(3, date(2026, 3, 1)) == '"3-2026-03-01"'


@pytest.mark.parametrize("header", ['"3"', '"3-2026-03-01"', '"1", "3"', "*", ' "3" '])
def test_the_version_that_was_read_can_be_changed(header: str) -> None:
    with HTTP.test_request_context(headers={"If-Match": header}):
        require_match().check(3)


@pytest.mark.parametrize("header", ['"2"', 'W/"3"', '"abc"', '""', '"3-yesterday"', '"2", "4"'])
def test_another_version_is_stale(header: str) -> None:
    with HTTP.test_request_context(headers={"If-Match": header}), pytest.raises(Stale):
        require_match().check(3)


@pytest.mark.parametrize("header", ["3", "", '"3', '"3", x', "W/3", '"é"', '"' + "3" * 65 + '"'])
def test_what_is_no_tag_is_refused(header: str) -> None:
    environ = {"HTTP_IF_MATCH": header}
    with HTTP.test_request_context(environ_overrides=environ), pytest.raises(Problem, match="invalid_if_match"):
        require_match()


def test_a_change_without_a_version_is_refused_where_one_is_required() -> None:
    with HTTP.test_request_context():
        optional_match().check(3)
        with pytest.raises(Problem, match="precondition_required"):
            require_match()


@pytest.mark.parametrize(
    ("header", "known"), [('"3"', True), ('W/"3"', True), ('"2", "3"', True), ("*", True), ('"2"', False)]
)
def test_a_known_version_is_not_sent_again(header: str, known: bool) -> None:
    with HTTP.test_request_context(headers={"If-None-Match": header}):
        assert not_modified('"3"') is known


def test_without_the_header_nothing_is_known() -> None:
    with HTTP.test_request_context():
        assert not not_modified('"3"')
