# SPDX-License-Identifier: Apache-2.0
"""A real Gunicorn with the real configuration, whose workers can be killed, and a client that repeats its requests."""

import os
import random
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from app.access import DEV_SECRETS
from stack.polling import poll
from stack.ports import HOST, free_port
from stack.process import Child, Command
from tests.unanswered import UNANSWERED

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
ANSWER_SECONDS = 20.0  # longer than a worker takes to start on a busy machine
MOST_LATE = 2  # of one request: while both workers start, it may wait in line for either; three times is a hang
MOST_TRIES = 200  # of one request: all workers may be gone for seconds, and refuse at once


class Service:
    """A running Gunicorn."""

    def __init__(self, folder: Path, database: str, module: str, **environ: str) -> None:
        self.base = f"http://{HOST}:{(port := free_port())}"
        variables = {
            "PATH": os.environ["PATH"],
            "API_HOST": HOST,
            "API_PORT": str(port),
            "DATABASE_URL": database,
            "LOG_DIR": str(folder / "logs"),
            "TELEMETRY_DIR": str(folder / "t"),
        }
        argv = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", f"{module}:app"]
        self.child = Child(Command(argv=argv, log=folder / "output", env=variables | environ, cwd=ROOT))

    def wait_until_ready(self) -> None:
        """Wait until it answers and the database answers it."""
        poll(self._ready, START_SECONDS, "a ready Gunicorn")

    def workers(self) -> list[int]:
        """List the process ids of the workers."""
        children = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def kill_one(self, chance: random.Random) -> bool:
        """Kill a worker as the kernel does when memory is short; return whether there was one."""
        pids = self.workers()
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)
        return True

    def _ready(self) -> bool:
        assert self.child.poll() is None, self.child.tail()
        try:
            return requests.get(f"{self.base}/readyz", timeout=ANSWER_SECONDS).status_code == 200
        except (requests.ConnectionError, requests.ReadTimeout):
            return False


@contextmanager
def serving(folder: Path, database: str, module: str = "app.wsgi", **environ: str) -> Iterator[Service]:
    """Run the service, by default with two workers of four threads."""
    usual = {"API_WORKERS": "2", "API_THREADS": "4"}
    service = Service(folder, database, module, **(usual | environ))
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.child.stop()


class Client:
    """A client that does not give up: a request without an answer is sent again under the same key."""

    def __init__(self, service: Service, key_id: str = "officer") -> None:
        self._base = service.base
        self._headers = {"Authorization": f"Bearer {DEV_SECRETS[key_id]}"}
        self._session = requests.Session()
        self.sent = self.resets = self.unavailable = self._late = 0

    def once(
        self, method: str, path: str, key: str | None = None, body: object = None, **headers: str
    ) -> requests.Response:
        """Send a request; raise ConnectionError when there is no answer."""
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Idempotency-Key"] = key
        self.sent += 1
        return self._session.request(method, self._base + path, json=body, headers=sent, timeout=ANSWER_SECONDS)

    def ask(self, method: str, path: str, key: str | None = None, body: object = None) -> requests.Response:
        """Send a request until it is answered by something else than "try again"; expect no other mistake of ours."""
        self._late = 0
        for _ in range(MOST_TRIES):
            answer = self._try(method, path, key, body)
            if answer is None:
                continue
            if answer.status_code not in {409, 503} or "Retry-After" not in answer.headers:
                assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text}"
                return answer
            self.unavailable += 1
        raise AssertionError(f"{method} {path}: no answer after {MOST_TRIES} tries")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _try(self, method: str, path: str, key: str | None, body: object) -> requests.Response | None:
        try:
            return self.once(method, path, key, body)
        except UNANSWERED:
            self.resets += 1
        except requests.ReadTimeout:
            self._late += 1
            if self._late > MOST_LATE:
                raise
        return None


def read(answer: requests.Response) -> Mapping[str, Any]:
    """Read an answer's JSON object."""
    found: Mapping[str, Any] = answer.json()
    return found
