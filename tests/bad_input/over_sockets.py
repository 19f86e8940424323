# SPDX-License-Identifier: Apache-2.0
"""Sends a request's bytes as they are, which no client library would do, and reads one answer."""

import http.client
import socket
import time
from contextlib import closing, suppress

from stack.ports import HOST
from tests.bad_input.request import Answer, Request

# Longer than what a request may take here: a lost answer fails the test, it doesn't hang.
ANSWER_SECONDS = 15.0


class OverSockets:
    """Sends requests to a port on loopback, each on a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, request: Request) -> Answer:
        """Send a request and read the answer."""
        began = time.perf_counter()
        with self.connect() as connection:
            with suppress(ConnectionError):  # who refuses a request early doesn't read the rest, but has answered
                connection.sendall(request.wire())
            with closing(http.client.HTTPResponse(connection, method=request.method)) as response:
                response.begin()
                body = response.read()
                seconds = time.perf_counter() - began
                return Answer(response.status, tuple(response.headers.items()), body, seconds)

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection((HOST, self.port), ANSWER_SECONDS)
