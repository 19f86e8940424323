# SPDX-License-Identifier: Apache-2.0
"""What was sent with canaries and what came back, and how to look at it."""

import re
import smtplib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import requests

from stack.runner import Stack
from stack.tour.caller import TIMEOUT_SECONDS
from tests.chain.canaries import Canaries
from tests.chain.canary_requests import Request
from tests.chain.conftest import Backends
from tests.chain.signals import pushed


@dataclass(frozen=True)
class Traffic:
    """What was sent between two Unix times, what came back, and which canaries there are."""

    answers: list[requests.Response]
    no_http: list[str]
    document: dict[str, Any]
    canaries: Canaries
    start: float
    end: float

    @property
    def trace_ids(self) -> list[str]:
        """Name the traces; what Nginx refuses has none."""
        headers = [answer.headers.get("traceresponse", "") for answer in self.answers]
        return [header.split("-")[1] for header in headers if header]

    @property
    def loan_id(self) -> str:
        """Name the loan that was read last."""
        return self.answers[-1].url.rpartition("/")[2]


def sent(edge: str, some: list[Request]) -> list[requests.Response]:
    """Send requests one after the other."""
    with requests.Session() as session:
        return [
            session.request(one.method, f"{edge}{one.target}", headers=one.headers, data=one.body, timeout=10.0)
            for one in some
        ]


def digests(stack: Stack, start: float) -> list[str]:
    """Read what the database keeps of the national ids."""
    with closing(psycopg2.connect(stack.database_url.replace("+psycopg2", ""))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT national_id_hmac FROM borrower WHERE created_at >= to_timestamp(%s)", [start])
        return [row[0] for row in cursor.fetchall() if row[0]]


def mistake_in(backends: Backends, since: float) -> bool:
    """Return whether Prometheus has counted a request answered 500 since a Unix time; one of the last is."""
    return any(status == "500" for _, status in pushed(backends.prometheus, since))


def send_mail(stack: Stack, text: str) -> None:
    """Put a mail into the box, where alerts go."""
    address = urlsplit(stack.url("mailpit", "smtp"))
    with smtplib.SMTP(str(address.hostname), int(address.port or 0), timeout=TIMEOUT_SECONDS) as server:
        server.sendmail("test@mail.example", ["test@mail.example"], f"Subject: a test\r\n\r\n{text}")


def matches(template: str, url: str) -> bool:
    """Return whether an address is one of a path template's."""
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), urlsplit(url).path) is not None


def spoken(answer: requests.Response) -> bytes:
    """Give what no answer may repeat: its headers but the one that is there to be repeated, and all of a refusal."""
    own = {name: value for name, value in answer.headers.items() if name.lower() != "x-request-id"}
    headers = "\n".join(f"{name}: {value}" for name, value in own.items()).encode()
    return headers if answer.ok else headers + answer.content


def leaves(document: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Walk through a document's values with the names of their members."""
    if isinstance(document, dict):
        for member, value in document.items():
            yield from leaves(value, member)
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value, name)
    else:
        yield name, document
