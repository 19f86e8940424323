# SPDX-License-Identifier: Apache-2.0
"""What a browser is shown where a server is built without its own pages."""

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from stack.runner import Stack

LINK = re.compile(r'href="([^"]+)"')
SECONDS = 10


@pytest.mark.parametrize("path", ["/", "/query", "/graph?g0.expr=up&g0.tab=1", "/alerts", "/targets"])
def test_every_address_of_prometheus_pages_shows_one(stack: Stack, path: str) -> None:
    answer = requests.get(stack.url("prometheus") + path, timeout=SECONDS)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>Prometheus of loan-service</title>" in answer.text
    assert "runbooks" in answer.text


def test_every_link_of_the_page_leads_somewhere(stack: Stack) -> None:
    page = requests.get(stack.url("prometheus") + "/", timeout=SECONDS).text
    links = [urljoin(stack.url("prometheus"), unescape(link)) for link in LINK.findall(page)]
    ours = [link for link in links if urlsplit(link).port != stack.site.port("grafana")]
    answers = {link: requests.get(link, timeout=SECONDS) for link in ours}

    failed = {link for link, answer in answers.items() if not answer.ok}
    assert failed <= {link for link in ours if link.endswith("/view/latest.html")}  # there may be no mail yet
    own = [
        answer for link, answer in answers.items() if "/api/v1/" in link and link.startswith(stack.url("prometheus"))
    ]
    assert len(own) >= 8
    assert {answer.json()["status"] for answer in own} == {"success"}
