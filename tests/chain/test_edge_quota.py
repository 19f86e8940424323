# SPDX-License-Identifier: Apache-2.0
"""A client has a quota in Nginx: above it it gets 429, other clients are not affected, and no key is logged."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.polling import poll
from stack.site import ROOT
from tests.chain.small_edge import get, require_problem, send, small_edge, tiny_service

# 5 at once and then 1 a minute: no clock can come between the requests of a test.
SMALL_QUOTA = {"rate=1000r/s": "rate=1r/m", "burst=1000": "burst=4"}
FEW_FOR_AN_ADDRESS = {"rate=2000r/s": "rate=1r/m", "burst=2000": "burst=4"}
NO_QUOTA = {"      limit_req zone=clients": "#", "      limit_req zone=addresses": "#"}
KEY = "Host: loans.example\r\nConnection: close\r\nAuthorization: Bearer first-key\r\n"
QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@pytest.fixture(scope="module")
def service() -> Iterator[int]:
    """Run the service of a few lines."""
    with tiny_service() as port:
        yield port


def test_the_quota_is_met_by_one_key_and_by_no_other(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, SMALL_QUOTA) as edge:
        within = [get(edge.port, "/", Authorization="Bearer first-key").status for _ in range(5)]
        above = [get(edge.port, "/", Authorization=f"{scheme} first-key") for scheme in ("Bearer", "bearer ", "BEARER")]
        other = get(edge.port, "/", Authorization="Bearer second-key")
        probes = [get(edge.port, path, Authorization="Bearer first-key") for path in ("/livez", "/readyz", "/health")]

    assert within == [200] * 5
    for answer in above:
        require_problem(answer, 429, "rate_limited", QUOTA_TYPE)
        assert answer.headers["Retry-After"] == "1"
        assert re.fullmatch(r'"default";q=\d+;w=\d+', answer.headers["RateLimit-Policy"])
    assert other.status == 200
    assert [probe.status for probe in probes] == [200] * 3


def test_without_a_key_the_address_counts_whatever_the_client_claims_of_it(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, SMALL_QUOTA) as edge:
        statuses = [get(edge.port, "/", X_Forwarded_For=f"192.0.2.{number}").status for number in range(7)]
        with_key = get(edge.port, "/", Authorization="Bearer a-key").status

    assert statuses == [200] * 5 + [429] * 2
    assert with_key == 200


def test_a_client_that_makes_up_keys_is_met_by_its_address(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, FEW_FOR_AN_ADDRESS) as edge:
        statuses = [get(edge.port, "/", Authorization=f"Bearer made-up-{number}").status for number in range(7)]
        probe = get(edge.port, "/livez").status

    assert statuses == [200] * 5 + [429] * 2
    assert probe == 200


def test_without_the_limit_none_is_refused(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, {**SMALL_QUOTA, **FEW_FOR_AN_ADDRESS, **NO_QUOTA}) as edge:
        statuses = [get(edge.port, "/", Authorization="Bearer first-key").status for _ in range(20)]

    assert statuses == [200] * 20


def test_the_quota_that_is_answered_is_the_one_that_is_kept() -> None:
    text = (ROOT / "nginx/nginx.conf").read_text()
    told = re.search(r"'\"default\";q=(\d+);w=1'", text)
    kept = re.search(r"zone=clients:\w+ rate=(\d+)r/s", text)
    at_once = re.search(r"limit_req zone=clients burst=(\d+) nodelay", text)

    assert told is not None
    assert kept is not None
    assert at_once is not None
    assert told[1] == kept[1] == at_once[1]


def test_refusals_are_in_the_log_and_the_key_is_nowhere(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, SMALL_QUOTA) as edge:
        for _ in range(6):
            get(edge.port, "/api/v1/loans?page=private", Authorization="Bearer first-key")
        send(edge.port, f"POST /api/v1/loans HTTP/1.1\r\n{KEY}Content-Length: 65537\r\n\r\n")
        send(edge.port, f"GET /{'x' * 8192} HTTP/1.1\r\n{KEY}\r\n")
        poll(lambda: len(edge.log_lines()) == 8, 5.0, "eight lines")
    written = edge.log.read_text() + edge.site.output("nginx").read_text()
    # By status: two of Nginx's workers may write in another order than they answered.
    lines = sorted(edge.log_lines(), key=lambda line: int(line["http.response.status_code"]))

    assert [line["http.response.status_code"] for line in lines] == [200] * 5 + [413, 414, 429]
    # Not the error page's own.
    read = {(line["http.request.method"], line["url.path"]) for line in (*lines[:5], lines[7])}
    assert read == {("GET", "/api/v1/loans")}
    assert (lines[5]["http.request.method"], lines[5]["url.path"]) == ("POST", "/api/v1/loans")
    assert not lines[6]["url.path"]
    assert "first-key" not in written
    assert "private" not in written
