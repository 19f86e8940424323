# SPDX-License-Identifier: Apache-2.0
"""A second instance of the service comes and goes in Docker, under load: nothing fails, each request counts once."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import requests

from stack.tour.caller import LOANS, Caller, submit_application
from stack.tour.provoke import ROUTE
from tests.compose.asking import ask, expect, until

CLIENTS = 8
PAUSE_SECONDS = 0.05
# Long enough for exports and for lines of each instance, and for what a stop leaves behind.
BETWEEN_SECONDS = 10.0
# Export 5 s, queue, ingestion; a worker that was stopped exports a last time.
SETTLED_SECONDS = 60.0
SELECTOR = f'service_name="loan-service",http_route="{ROUTE}",http_response_status_code="200"'
# The largest value of each worker's series: the series of a stopped instance ends, but stays in the window.
METRIC = f"sum(max_over_time(http_server_request_duration_seconds_count{{{SELECTOR}}}[1h]))"
LINES = (
    f'sum(count_over_time({{service_name="loan-service"}} | event="http_request" | http_route="{ROUTE}"'
    ' | http_response_status_code="200" [1h]))'
)
Read = Callable[..., str]


class Clients:
    """Clients that read one loan until they are stopped, and count the answers."""

    def __init__(self, url: str) -> None:
        self.answers: Counter[str] = Counter()
        self._url, self._path = url, f"{LOANS}/{submit_application(url)}"
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each client finish its request, and end."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        caller = Caller(self._url)
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                answer = str(caller.send("GET", self._path).status_code)
            except requests.RequestException as error:
                answer = type(error).__name__
            self.answers[answer] += 1


def counted(prometheus: str, read: Read) -> dict[str, int]:
    """Return how many good answers Prometheus and Loki have; Loki is queried from Prometheus' container."""
    _, metric = ask(f"{prometheus}/api/v1/query?query={quote(METRIC)}")
    loki = f"http://loki:3100/loki/api/v1/query?query={quote(LINES)}"
    lines = json.loads(read("exec", "-T", "prometheus", "wget", "-qO-", loki))
    return {"Prometheus": _value(metric), "Loki": _value(lines)}


def _value(answer: Any) -> int:  # noqa: ANN401  # whatever JSON holds
    result = answer["data"]["result"]
    return int(float(result[0]["value"][1])) if result else 0


def prove(nginx: str, prometheus: str, read: Read) -> Counter[str]:
    """Start and stop a second instance under load; raise SmokeError unless all was answered and counted once."""
    submit_application(nginx)
    time.sleep(SETTLED_SECONDS / 4)
    before = counted(prometheus, read)
    clients = Clients(nginx)
    try:
        for instances in (2, 1):
            time.sleep(BETWEEN_SECONDS)
            read("up", "--detach", "--wait", "--no-deps", "--no-recreate", f"--scale=api={instances}", "api")
        time.sleep(BETWEEN_SECONDS)
    finally:
        clients.stop()
    expect("answers while an instance comes and goes", {"200"}, set(clients.answers))
    wanted = {name: value + clients.answers["200"] for name, value in before.items()}

    def trouble() -> str | None:
        found = counted(prometheus, read)
        return None if found == wanted else f"{found} counted instead of {wanted}"

    until(trouble, SETTLED_SECONDS)
    return clients.answers
