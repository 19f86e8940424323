# SPDX-License-Identifier: Apache-2.0
"""Without its database the service answers 503 at once, stays alive, and becomes healthy again by itself."""

import time

import requests

from stack.polling import poll
from stack.runner import Stack
from stack.tour.caller import BORROWERS, LOANS, Caller, application, registration
from tests.chain.traffic import UNKNOWN_ID

HEALTH_LIMIT_SECONDS = 2.0
RETURN_SECONDS = 5.0


def test_the_service_survives_its_database(stack: Stack) -> None:
    api = stack.url("api")
    caller, key = Caller(api), {"Idempotency-Key": "the-same-before-and-after"}
    asked = application(caller.post(BORROWERS, registration())["id"])
    assert requests.get(f"{api}/health", timeout=5).json() == {"status": "healthy"}

    stack.stop("db")
    try:
        began = time.monotonic()
        health = requests.get(f"{api}/health", timeout=5)
        took = time.monotonic() - began
        alive = requests.get(f"{api}/livez", timeout=5)
        ready = requests.get(f"{api}/readyz", timeout=5)
        read = caller.send("GET", f"{LOANS}/{UNKNOWN_ID}")
        write = caller.send("POST", LOANS, asked, key)
    finally:
        stack.start("db")
        stack.wait_ready("db")
    poll(lambda: requests.get(f"{api}/health", timeout=5).ok, RETURN_SECONDS, "a healthy service")
    after = caller.send("POST", LOANS, asked, key)

    assert (health.status_code, health.json()) == (503, {"status": "unhealthy"})
    assert took < HEALTH_LIMIT_SECONDS
    assert alive.status_code == 200
    assert ready.status_code == 503
    for answer in (read, write):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert answer.headers["Content-Type"] == "application/problem+json"
    # A refused write has kept nothing, so its key is as good as new.
    assert (after.status_code, after.headers.get("Idempotent-Replayed")) == (201, None)
