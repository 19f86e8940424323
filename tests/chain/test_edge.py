# SPDX-License-Identifier: Apache-2.0
"""What Nginx refuses by itself is a problem document like the service's; the service's answers pass unchanged."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from stack.ports import free_port
from stack.runner import Stack
from stack.site import ROOT
from tests.chain.small_edge import TRACE_ID, Edge, get, require_problem, send, small_edge, tiny_service

HOST = "Host: loans.example\r\nConnection: close\r\n"
POST = f"POST /api/v1/loans HTTP/1.1\r\n{HOST}"
LARGE_HEADER = f"X: {'x' * 3000}\r\n"
# What no server could take for a request, or will not take; with the status and the code of the answer.
REFUSED = {
    "no HTTP at all": ("certainly not\r\n\r\n", 400, "bad_request"),
    "a space in the address": (f"GET /api /v1 HTTP/1.1\r\n{HOST}\r\n", 400, "bad_request"),
    "no Host": ("GET /api/v1/loans HTTP/1.1\r\n\r\n", 400, "bad_request"),
    "two lengths": (f"{POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "bad_request"),
    "TRACE": (f"TRACE /api/v1/loans HTTP/1.1\r\n{HOST}\r\n", 405, "method_not_allowed"),
    "a body of 64 KiB and a byte": (f"{POST}Content-Length: 65537\r\n\r\n", 413, "content_too_large"),
    "an address of 8 KiB": (f"GET /{'x' * 8192} HTTP/1.1\r\n{HOST}\r\n", 414, "uri_too_long"),
    "a header of 8 KiB": (f"GET / HTTP/1.1\r\n{HOST}X: {'x' * 8192}\r\n\r\n", 431, "header_too_large"),
    "many large headers": (f"GET / HTTP/1.1\r\n{HOST}{LARGE_HEADER * 8}\r\n", 431, "header_too_large"),
    "an unknown encoding": (f"{POST}Transfer-Encoding: zip\r\n\r\n", 501, "not_implemented"),
    "HTTP/3 over TCP": (f"GET / HTTP/3.0\r\n{HOST}\r\n", 505, "version_not_supported"),
}


@pytest.fixture(scope="module")
def service() -> Iterator[int]:
    """Run the service of a few lines."""
    with tiny_service() as port:
        yield port


@pytest.fixture
def edge(tmp_path: Path, service: int) -> Iterator[Edge]:
    """Run Nginx as it is configured."""
    with small_edge(tmp_path, service) as running:
        yield running


@pytest.mark.parametrize(("request_text", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_nginx_refuses_gets_a_problem(edge: Edge, request_text: str, status: int, code: str) -> None:
    answer = send(edge.port, request_text)

    require_problem(answer, status, code)
    assert answer.document["trace_id"] is None
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(("request_text", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_it_does_so_before_the_real_service(stack: Stack, request_text: str, status: int, code: str) -> None:
    answer = send(port_of(stack, "nginx"), request_text)

    require_problem(answer, status, code)
    assert answer.document["trace_id"] is None  # the service's answers have one


@pytest.mark.parametrize("path", ["/no/such/path", "/api/v1/loans?limit=0", "/health"])
def test_what_the_service_answers_passes_unchanged(stack: Stack, path: str) -> None:
    through, direct = (get(port_of(stack, name), path) for name in ("nginx", "api"))

    assert through.status == direct.status
    assert through.headers["Content-Type"] == direct.headers["Content-Type"]
    assert through.document | {"trace_id": None} == direct.document | {"trace_id": None}
    if through.status >= 400:
        assert through.document["trace_id"] == through.headers["traceresponse"].split("-")[1]


def test_the_service_never_sees_an_address_line_that_it_would_refuse_itself(stack: Stack) -> None:
    answers = [send(port_of(stack, "nginx"), f"GET /{'x' * n} HTTP/1.1\r\n{HOST}\r\n") for n in range(4070, 4100)]

    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert {answer.document["code"] for answer in answers} >= {"uri_too_long"}


def test_a_service_that_is_gone_is_a_problem_that_has_the_time_to_retry(tmp_path: Path) -> None:
    with small_edge(tmp_path, free_port()) as edge:
        answer = get(edge.port, "/api/v1/loans")

    require_problem(answer, 502, "service_unreachable")
    assert answer.headers["Retry-After"] == "1"


def test_a_service_that_is_late_is_a_problem_that_has_the_time_to_retry(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, {"proxy_read_timeout 10s": "proxy_read_timeout 200ms"}) as edge:
        answer = get(edge.port, "/late")

    require_problem(answer, 504, "service_timeout")
    assert answer.headers["Retry-After"] == "1"


def test_a_service_that_breaks_off_leaves_its_trace_in_the_problem(edge: Edge) -> None:
    answer = get(edge.port, "/breaks-off")

    require_problem(answer, 502, "service_unreachable")
    assert answer.document["trace_id"] == TRACE_ID


def test_the_runbooks_are_listed(edge: Edge) -> None:
    listed = get(edge.port, "/runbooks/")
    without_slash = get(edge.port, "/runbooks")
    refused = send(edge.port, "DELETE /runbooks/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

    assert (listed.status, listed.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    names = {path.name for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert set(re.findall(r'href="([^"]+\.md)"', listed.body.decode())) == names
    assert (without_slash.status, without_slash.headers["Location"]) == (301, "/runbooks/")
    assert refused.status == 403


def test_the_problem_page_is_no_address_of_its_own(edge: Edge) -> None:
    answer = get(edge.port, "/edge/problem")

    require_problem(answer, 404, "not_found")
    assert answer.status == 404


def test_every_error_that_is_caught_has_its_words() -> None:
    text = (ROOT / "nginx/nginx.conf").read_text()
    words = re.search(r"map \$status \$problem \{(.*?)\n  }", text, re.DOTALL)
    caught = re.findall(r"error_page ([\d ]+)(?:=(\d+) )?/edge/problem", text)

    assert words is not None
    told = re.findall(r"^    (\d{3}) ", words[1], re.MULTILINE)
    assert sorted(told) == sorted(number for several, other in caught for number in (other or several).split())


def test_what_a_client_claims_of_itself_and_of_others_is_replaced(edge: Edge) -> None:
    forged = {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Ssl": "on",
        "X-Forwarded-Protocol": "ssl",
        "X-Real-IP": "192.0.2.1",
        "Forwarded": "for=192.0.2.1;host=evil.example",
        "traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01",
        "X_Forwarded_For": "192.0.2.1",
    }
    lines = "".join(f"{name}: {value}\r\n" * 2 for name, value in forged.items())
    arrived = json.loads(send(edge.port, f"GET / HTTP/1.1\r\n{HOST}{lines}Authorization: Bearer a-key\r\n\r\n").body)

    assert sorted(arrived) == [
        ["authorization", "Bearer a-key"],
        ["connection", "close"],
        ["host", "loans.example"],
        ["x-forwarded-for", "127.0.0.1"],
        ["x-forwarded-host", "loans.example"],
        ["x-forwarded-proto", "http"],
    ]


def test_forged_headers_make_no_difference_to_the_real_service(stack: Stack) -> None:
    answer = get(port_of(stack, "nginx"), "/livez", X_Forwarded_Ssl="on", X_Forwarded_Protocol="ssl")

    assert (answer.status, answer.document) == (200, {"status": "alive"})


def port_of(stack: Stack, name: str) -> int:
    """Give the port on which a service of the stack listens."""
    port = urlsplit(stack.url(name)).port
    assert port is not None
    return port
