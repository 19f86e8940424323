# SPDX-License-Identifier: Apache-2.0
"""HTTP requests with the standard library only, repeated until they succeed."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

PAUSE_SECONDS = 1.0


class SmokeError(Exception):
    """A part does not answer as it should."""


def ask(
    url: str, body: object = None, login: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """Send a request, a POST when there is a body, and return status and parsed answer; 0 when there is no answer."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())  # noqa: S310  # localhost
    request.add_header("Content-Type", "application/json")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if login:
        request.add_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, _parsed(response.read())
    except urllib.error.HTTPError as error:
        return error.code, _parsed(error.read())
    except OSError:
        return 0, None


def expect(what: str, expected: object, found: object) -> None:
    """Raise unless the answer is the expected one."""
    if found != expected:
        raise SmokeError(f"{what}: {found} instead of {expected}")


def _parsed(content: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def until(trouble: Callable[[], str | None], seconds: float) -> None:
    """Repeat a check until it succeeds, and raise its last error when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = trouble()
        except SmokeError as error:
            found = str(error)
        if found is None:
            return
        if time.monotonic() > deadline:
            raise SmokeError(found)
        time.sleep(PAUSE_SECONDS)
