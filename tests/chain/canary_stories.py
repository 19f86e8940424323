# SPDX-License-Identifier: Apache-2.0
"""The whole life of a borrower, with failures, and with canaries in all data that is sent."""

import socket
from collections.abc import Mapping
from itertools import count
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests

from stack.tour.caller import BORROWERS, LOANS, TIMEOUT_SECONDS, application
from tests.chain.broken_database import no_juniors, session
from tests.chain.canaries import DOMAIN, LOCAL, NAME, REFERENCE, TEXT, person
from tests.chain.canary_requests import HEADERS
from tests.chain.loan_lives import BORROWER, LOAN, Ids
from tests.chain.traffic import Client

OTHER_NAME = f"{NAME} Jr"
NUMBERS = count(10)
# Each is refused with its own words: a line, a method, a version, the name of a header, a coding.
NO_HTTP = (
    f"GET /{TEXT}?email={LOCAL}@{DOMAIN}\r\n\r\n",
    f"{TEXT}#{LOCAL} / HTTP/1.1\r\n\r\n",
    f"GET / {TEXT}/1.1\r\n\r\n",
    f"GET / HTTP/1.1\r\n{TEXT} {LOCAL}: x\r\n\r\n",
    f"POST / HTTP/1.1\r\nTransfer-Encoding: {TEXT}\r\n\r\n",
)
# Where a body may have the client's own name for what it makes.
REFERRED = (LOANS, f"{LOAN}/repayments")


class Watched(Client):
    """A client whose every request contains canaries; it keeps the answers."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.answers: list[requests.Response] = []

    def ask(  # noqa: PLR0917  # as its parent's
        self,
        status: int,
        request: str,
        ids: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        by: str = "applicant",
        headers: Mapping[str, str | None] | None = None,
    ) -> requests.Response:
        """Send the request with more headers, and with a person or a reference in the body."""
        route = request.partition(" ")[2]
        if body is not None and request == f"POST {BORROWERS}" and body.get("full_name") != NAME:
            body = person(next(NUMBERS)) | ({"email": body["email"]} if status == requests.codes.conflict else {})
        elif body is not None and request.startswith("POST ") and route in REFERRED and not headers:  # no repetition
            body = {"external_ref": f"{REFERENCE}:{next(NUMBERS)}", **body}
        answer = super().ask(status, request, ids, body, by, {**HEADERS, **(headers or {})})
        self.answers.append(answer)
        return answer


def of_a_person(client: Watched, number: int = 1) -> None:
    """Register a borrower, twice; look them up, change them, lend to them, and erase them."""
    ids = registered(client, number)
    taken = person(number)
    for member in ("email", "national_id", "external_ref"):
        client.ask(409, f"POST {BORROWERS}", body=person(number + 1) | {member: taken[member]})
    shouted = f"{LOCAL}{number}@{DOMAIN.upper()}"
    client.ask(409, f"POST {BORROWERS}", body=person(number + 1) | {"email": shouted})
    changed(client, ids)
    for key_id in ("officer", "applicant", "auditor"):
        client.ask(200, f"GET {BORROWER}", ids, by=key_id)
        for body in ({"email": shouted}, {"external_ref": taken["external_ref"]}):
            assert client.ask(200, f"POST {BORROWERS}/search", body=body, by=key_id).json()["data"]
    client.ask(404, f"GET {BORROWER}", ids, by="rival")
    forgotten(client, ids)


def registered(client: Watched, number: int) -> Ids:
    """Register a person, repeat that with the same key, and use the key for another person."""
    key = {"Idempotency-Key": f"{TEXT}-{number}-{next(NUMBERS)}"}
    first, again = (client.ask(201, f"POST {BORROWERS}", body=person(number), headers=key) for _ in range(2))
    assert first.json() == again.json()
    client.ask(422, f"POST {BORROWERS}", body=person(number) | {"phone": "+441632960740"}, headers=key)
    client.ask(422, f"POST {BORROWERS}", body=person(number) | {"country": TEXT})
    return {"borrower_id": first.json()["id"]}


def changed(client: Watched, ids: Ids) -> None:
    """Change a person's name, after every way in which that is refused."""
    body, route = {"full_name": OTHER_NAME}, f"PATCH {BORROWER}"
    client.ask(428, route, ids, body)
    client.ask(400, route, ids, body, headers={"If-Match": f"{LOCAL}@{DOMAIN}"})
    client.ask(412, route, ids, body, headers={"If-Match": f'"{TEXT}"'})
    client.ask(422, route, ids, {"full_name": f"{NAME}\u202e"}, headers={"If-Match": '"1"'})
    client.ask(200, route, ids, body, headers={"If-Match": '"1"'})


def forgotten(client: Watched, ids: Ids) -> None:
    """Erase a person, which has to wait for a loan's end."""
    loan = ids | {"loan_id": client.write(LOANS, {}, application(ids["borrower_id"]))}
    client.ask(409, f"POST {BORROWER}/erasure", ids, by="officer")
    client.ask(200, f"POST {LOAN}/withdraw", loan)
    exported = client.ask(200, f"GET {BORROWER}/export", ids, by="officer").json()
    assert exported["borrower"]["full_name"] == OTHER_NAME
    client.ask(202, f"POST {BORROWER}/erasure", ids, by="officer")
    client.ask(409, f"PATCH {BORROWER}", ids, {"full_name": NAME}, headers={"If-Match": "*"})


def of_a_broken_database(client: Watched, database_url: str, number: int = 3) -> None:
    """Fail by a lock of another session, and by an unexpected constraint, whose error quotes the row."""
    ids = {"borrower_id": str(client.ask(201, f"POST {BORROWERS}", body=person(number)).json()["id"])}
    with session(database_url) as cursor:
        cursor.execute("BEGIN; LOCK TABLE borrower IN ACCESS EXCLUSIVE MODE")
        client.ask(503, f"POST {BORROWERS}", body=person(number + 1))
    with no_juniors(database_url) as cursor:
        client.ask(500, f"PATCH {BORROWER}", ids, {"full_name": OTHER_NAME}, headers={"If-Match": "*"})
        # The parameters and the message of the exception that was just raised: both contain canaries.
        with pytest.raises(psycopg2.errors.CheckViolation, match=OTHER_NAME):
            cursor.execute("UPDATE borrower SET full_name = %s WHERE id = %s", [OTHER_NAME, ids["borrower_id"]])


def of_no_http(api: str) -> list[str]:
    """Send Gunicorn, past the edge, what it cannot parse; give its answers, which repeat what it also logs."""
    place = urlsplit(api)
    return [_answer_to(str(place.hostname), int(place.port or 0), wire.encode()) for wire in NO_HTTP]


def _answer_to(host: str, port: int, wire: bytes) -> str:
    with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(wire)
        return connection.makefile(errors="replace").read()
