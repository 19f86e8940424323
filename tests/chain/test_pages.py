# SPDX-License-Identifier: Apache-2.0
"""What a browser is shown where a server is built without its own pages."""

import json
import re
from email.message import EmailMessage
from html import unescape
from smtplib import SMTP
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from py_mini_racer import MiniRacer

from stack.runner import Stack
from tests.chain.conftest import Backends

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
    assert failed == set()
    own = [
        answer for link, answer in answers.items() if "/api/v1/" in link and link.startswith(stack.url("prometheus"))
    ]
    assert len(own) >= 8
    assert {answer.json()["status"] for answer in own} == {"success"}


# What a browser gives the page: the element of Mailpit's own HTML, the address, and answers that were fetched before.
BROWSER = """
const element = {dataset: {webroot: "/"}};
const document = {getElementById: () => element};
const location = {pathname: PATH};
const setInterval = () => {};
const fetch = async (path) => ({ok: path in ANSWERS, status: 404, json: async () => ANSWERS[path]});
"""


def drawn(url: str, path: str, *asked: str) -> str:
    """Run the script of the page at a path, with what Mailpit answers to the paths `asked`, and give its HTML."""
    page = requests.get(url + path, timeout=SECONDS)
    script = re.search(r'src="(/dist/app\.js[^"]*)"', page.text)
    assert (page.status_code, script is not None) == (200, True)
    assert script
    answers = {one: requests.get(url + one, timeout=SECONDS).json() for one in asked}
    browser = MiniRacer()
    browser.eval(f"const PATH = {json.dumps(path)}, ANSWERS = {json.dumps(answers)};{BROWSER}")
    browser.eval(requests.get(url + script[1], timeout=SECONDS).text)
    return str(browser.eval("element.innerHTML ?? element.textContent"))


def test_mailpits_page_lists_a_mail_and_shows_its_text_with_links(stack: Stack, backends: Backends) -> None:
    mail, url = EmailMessage(), stack.url("mailpit")
    mail["Subject"], mail["From"], mail["To"] = "<b>5 & 6</b>", "pages@loan.example", "oncall@loan.example"
    mail.set_content("See http://localhost/runbooks/A?x=1&y=2. <script>alert(1)</script>")
    with SMTP("127.0.0.1", stack.site.port("mailpit", "smtp"), timeout=SECONDS) as smtp:
        smtp.send_message(mail)
    sent = next(one for one in backends.mailpit.mails() if one.subject == mail["Subject"])
    assert sent.recipients == ("oncall@loan.example",)

    page = drawn(url, "/", "/api/v1/messages?limit=50", "/api/v1/webui")

    shown = re.search(r'<a href="(/view/\w+)">&lt;b&gt;5 &amp; 6&lt;/b&gt;</a>', page)
    assert shown, page
    for service, path in (("alertmanager", ""), ("prometheus", ""), ("nginx", "/runbooks/")):
        address = stack.site.link(service) + path
        assert f'<a href="{address}">{address}</a>' in page
        assert requests.get(address, timeout=SECONDS).ok

    text = drawn(url, shown[1], shown[1].replace("/view/", "/api/v1/message/"))

    assert '<a href="http://localhost/runbooks/A?x=1&amp;y=2">http://localhost/runbooks/A?x=1&amp;y=2</a>. ' in text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
