# SPDX-License-Identifier: Apache-2.0
"""A client of the API as every client should be: it names its key, and gives each write an Idempotency-Key."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import requests

from app.access import DEV_SECRETS

LOANS = "/api/v1/loans"
BORROWERS = "/api/v1/borrowers"
# The service answers within its statement timeout of 3 s, whatever happens; what takes longer hangs.
TIMEOUT_SECONDS = 10.0


class Caller:
    """One connection to the API, with one of the keys of development."""

    def __init__(self, base: str, key_id: str = "applicant", timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._base = base
        self._timeout = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy: it could not reach this machine's loopback
        self._session.headers["Authorization"] = f"Bearer {DEV_SECRETS[key_id]}"

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> requests.Response:
        """Send a request, a POST with a fresh Idempotency-Key; a given header replaces ours, None omits it."""
        usual = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        return self._session.request(
            method, f"{self._base}{path}", json=body, headers={**usual, **(headers or {})}, timeout=self._timeout
        )

    def post(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Write something; give the answer's document, raise requests.HTTPError for a refusal."""
        answer = self.send("POST", path, body)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def registration() -> dict[str, str]:
    """Generate a borrower; the domain .example is reserved (RFC 2606)."""
    return {
        "full_name": "Ada Example",
        "email": f"ada.{uuid4().hex}@borrower.example",
        "country": "IE",
        "date_of_birth": "1990-01-31",
    }


def application(borrower_id: str, **changes: object) -> dict[str, object]:
    """Make up an application of a borrower."""
    terms: dict[str, object] = {
        "currency": "EUR",
        "principal_minor": 1_200_000,
        "annual_rate_percent": "7.25",
        "term_months": 48,
    }
    return {"borrower_id": borrower_id, **terms, **changes}


def submit_application(base: str) -> str:
    """Register a borrower, apply for a loan in their name, and return the loan's id."""
    caller = Caller(base)
    borrower = caller.post(BORROWERS, registration())
    return str(caller.post(LOANS, application(borrower["id"]))["id"])
