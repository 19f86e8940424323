# SPDX-License-Identifier: Apache-2.0
"""Personal data in the arguments of a library's log line stays out of the written line."""

import logging
import os
import subprocess
import sys
import time

import pytest

from stack.polling import poll
from stack.runner import Stack
from stack.site import ROOT
from tests.chain.backends_away import queues
from tests.chain.canaries import BORN, LOCAL, NAME, REFERENCE, TEXT, everything
from tests.chain.conftest import Backends

VISIBLE_SECONDS = 60.0
FORMAT = "zz-told about %s, born %s, %r"
# A process of the service, such as a command, in which a library talks.
TALKS = f"""
import logging
from app import telemetry
from app.settings import Settings
telemetry.configure_logging(Settings.from_env(), "talking")
logging.getLogger("some.library").warning({FORMAT!r}, {NAME!r}, {BORN!r}, [{LOCAL!r}, {REFERENCE!r}, {TEXT!r}])
"""


@pytest.fixture(scope="module")
def written(stack: Stack, backends: Backends) -> dict[str, bytes]:
    """Let a library talk about a canary, and give what became of the line."""
    since = time.time()
    environment = {
        "PATH": os.environ["PATH"],
        "LOG_DIR": str(stack.log_dir),
        "TELEMETRY_DIR": str(stack.site.run_dir / "x"),
    }
    done = subprocess.run([sys.executable, "-c", TALKS], cwd=ROOT, env=environment, capture_output=True, check=True)

    def in_loki() -> bytes:
        lines = backends.loki.lines('{service_name="loan-service"}', since - 1, time.time() + 1)
        return "\n".join(line.text for line in lines if "zz-told" in line.text).encode()

    found = poll(in_loki, VISIBLE_SECONDS, "the line in Loki")
    file = next(stack.log_dir.glob("api-*-talking.jsonl")).read_bytes()
    return {"Loki": found, "file": file, "stdout": done.stdout, "queues": b"".join(queues(stack).values())}


def test_the_arguments_of_a_line_are_nowhere(written: dict[str, bytes]) -> None:
    assert [hit for content in written.values() for hit in everything().found_in(content)] == []
    assert [place for place, content in written.items() if b"zz-told about %s" not in content] == []


def test_the_line_would_have_contained_them() -> None:
    record = logging.LogRecord("some.library", logging.WARNING, "", 0, FORMAT, (NAME, BORN, [LOCAL]), None)

    assert everything().found_in(record.getMessage().encode())
