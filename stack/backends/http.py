# SPDX-License-Identifier: Apache-2.0
"""One HTTP client for all backends: loopback, bounded in time, and an error that names the query."""

import re
from typing import Any

import requests

# A query over a few minutes of local data answers in milliseconds; a backend that needs longer is in trouble.
TIMEOUT_SECONDS = 15.0
LOGIN = re.compile(r"//[^/@]*@")


class BackendError(RuntimeError):
    """A backend refused a query or could not be reached."""


def get_json(url: str, parameters: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  # JSON is what it is
    """Fetch a JSON document; raise BackendError with the server's own words otherwise."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy: it could not reach this machine's loopback
            answer = session.get(url, params=parameters, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise BackendError(f"{_shown(url)}: {type(error).__name__}") from error
    if not answer.ok:
        raise BackendError(f"{_shown(url)} {parameters}: {answer.status_code} {answer.text.strip()[:300]}")
    try:
        return answer.json()
    except requests.JSONDecodeError as error:
        raise BackendError(f"{_shown(url)} {parameters}: no JSON, but {answer.text.strip()[:300]!r}") from error


def _shown(url: str) -> str:
    """Leave out the login that a URL may have."""
    return LOGIN.sub("//", url)
