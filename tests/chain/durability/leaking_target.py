# SPDX-License-Identifier: Apache-2.0
"""The service with a leak: it keeps 500 kB of each request."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.wsgi import app as service

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KEPT_BYTES = 500_000
kept: list[bytes] = []


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer as the service does."""
    kept.append(b"x" * KEPT_BYTES)
    return service(environ, start_response)
