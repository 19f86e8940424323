# SPDX-License-Identifier: Apache-2.0
"""Readiness checks of a server: each is one request with a time limit of a second."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING

from stack.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.site import Site

    Readiness = Callable[[Site], bool]

TIMEOUT_SECONDS = 1.0


def answers_ok(service: str, path: str, port: str | None = None) -> Readiness:
    """Request a page that answers 200 as soon as the service can do its work."""
    return lambda site: status_of(site.port(service, port), path) == http.HTTPStatus.OK


def listens(service: str, port: str | None = None) -> Readiness:
    """Check whether the service accepts connections."""
    return lambda site: _connects(site.port(service, port))


def status_of(port: int, path: str) -> int | None:
    """Give the status of a GET on loopback, None when there is no answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _connects(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True
