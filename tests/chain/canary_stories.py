# SPDX-License-Identifier: Apache-2.0
"""What becomes of a borrower, in good and in bad days, with canaries in whatever is sent."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count

import psycopg2
import requests

from stack.tour.caller import BORROWERS, LOANS, application
from tests.chain.canaries import DOMAIN, LOCAL, NAME, REFERENCE, TEXT, person
from tests.chain.canary_requests import HEADERS
from tests.chain.lives import BORROWER, LOAN, Ids
from tests.chain.traffic import Client

OTHER_NAME = f"{NAME} Jr"
NUMBERS = count(10)
# Where a body may have the client's own name for what it makes.
REFERRED = (LOANS, f"{LOAN}/repayments")


class Watched(Client):
    """A client whose every request says too much; it keeps the answers."""

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


def of_a_person(client: Watched) -> None:
    """Register somebody, twice; look them up, change them, lend to them, and forget them."""
    ids = registered(client, 1)
    taken = person(1)
    for member in ("email", "national_id", "external_ref"):
        client.ask(409, f"POST {BORROWERS}", body=person(2) | {member: taken[member]})
    shouted = f"{LOCAL}1@{DOMAIN.upper()}"
    client.ask(409, f"POST {BORROWERS}", body=person(2) | {"email": shouted})
    changed(client, ids)
    for key_id in ("officer", "applicant", "auditor"):
        client.ask(200, f"GET {BORROWER}", ids, by=key_id)
        for body in ({"email": shouted}, {"external_ref": taken["external_ref"]}):
            assert client.ask(200, f"POST {BORROWERS}/search", body=body, by=key_id).json()["data"]
    client.ask(404, f"GET {BORROWER}", ids, by="rival")
    forgotten(client, ids)


def registered(client: Watched, number: int) -> Ids:
    """Register a person, ask for it again with the same key, and for another one with it."""
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


def of_a_broken_database(client: Watched, database_url: str) -> None:
    """Fail by a lock that somebody holds, and by a constraint that nobody expects, whose error quotes the row."""
    ids = {"borrower_id": str(client.ask(201, f"POST {BORROWERS}", body=person(3)).json()["id"])}
    with _session(database_url) as cursor:
        cursor.execute("BEGIN; LOCK TABLE borrower IN ACCESS EXCLUSIVE MODE")
        client.ask(503, f"POST {BORROWERS}", body=person(4))
    with _session(database_url) as cursor:
        cursor.execute("ALTER TABLE borrower ADD CONSTRAINT no_juniors CHECK (full_name NOT LIKE '% Jr') NOT VALID")
        try:
            client.ask(500, f"PATCH {BORROWER}", ids, {"full_name": OTHER_NAME}, headers={"If-Match": "*"})
        finally:
            cursor.execute("ALTER TABLE borrower DROP CONSTRAINT no_juniors")


@contextmanager
def _session(database_url: str) -> Iterator["psycopg2.extensions.cursor"]:
    with closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        yield connection.cursor()
