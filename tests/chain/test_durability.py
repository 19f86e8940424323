# SPDX-License-Identifier: Apache-2.0
"""No log line is lost while Loki is away and the collector is killed; without the queue's storage lines are lost."""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.backends import Loki
from stack.polling import poll
from stack.runner import Stack
from tests.chain.conftest import Backends
from tests.chain.traffic import steady_load

# 20 s in every run, five minutes in `nox -s nightly`: the default after which a collector gives up for good.
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "20"))
RATE = 40.0
CATCH_UP_SECONDS = 90.0
MAX_DUPLICATES = 0.01


def test_every_line_of_the_app_is_in_loki_after_outage_and_kill(stack: Stack, backends: Backends) -> None:
    loki = backends.loki
    since = time.time()

    outage_and_kill(stack)

    written = lines_written(stack.log_dir, since)
    poll(lambda: not (written - lines_stored(loki, since)), CATCH_UP_SECONDS, "every line in Loki")
    stored = lines_stored(loki, since)
    duplicates = (stored - written).total()
    print(f"{written.total()} lines written, {duplicates} stored twice")  # noqa: T201  # the figure is the result
    assert written.total() > RATE * OUTAGE_SECONDS
    assert duplicates <= MAX_DUPLICATES * written.total()


@pytest.mark.usefixtures("memory_queue")
def test_without_the_queues_storage_lines_are_lost(stack: Stack, backends: Backends) -> None:
    loki = backends.loki
    since = time.time()

    outage_and_kill(stack)

    written = lines_written(stack.log_dir, since)
    with pytest.raises(TimeoutError):
        poll(lambda: not (written - lines_stored(loki, since)), 15.0, "every line in Loki")
    lost = (written - lines_stored(loki, since)).total()
    print(f"{written.total()} lines written, {lost} lost")  # noqa: T201  # the figure is the result
    assert lost > 0


@pytest.fixture
def memory_queue(stack: Stack) -> Iterator[None]:
    """Run the collector with its queues in memory instead of on disk."""
    stack.restart("otelcol", transform=without_queue_storage)
    stack.wait_ready("otelcol")
    yield
    stack.restart("otelcol")
    stack.wait_ready("otelcol")


def without_queue_storage(config: str) -> str:
    mutant, removed = re.subn(r"(sending_queue:\n(?:\s+#.*\n)*)\s+storage: .*\n", r"\1", config)
    assert removed
    return mutant


def outage_and_kill(stack: Stack) -> None:
    """Stop Loki for a while under load, kill the collector while its queue is full, and bring both back."""
    with steady_load(stack.url("api"), RATE) as load:
        stack.stop("loki")
        time.sleep(OUTAGE_SECONDS)
        stack.kill("otelcol")
        stack.start("otelcol")
        stack.start("loki")
        stack.wait_ready("otelcol")
        stack.wait_ready("loki")
        time.sleep(2.0)
    assert load.errors == []


def lines_written(log_dir: Path, since: float) -> Counter[str]:
    """Read what the app's processes wrote since a Unix time, rotated files included."""
    after = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    lines = (line for file in log_dir.glob("api-*.jsonl*") for line in file.read_text().splitlines())
    return Counter(line for line in lines if timestamp(line) >= after)


def lines_stored(loki: Loki, since: float) -> Counter[str]:
    after = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    stored = (line.text for line in loki.lines('{service_name="loan-service"}', since - 1, time.time() + 1))
    return Counter(line for line in stored if timestamp(line) >= after)


def timestamp(line: str) -> str:
    found = re.search(r'"timestamp": ?"([^"]+)"', line)
    assert found, line
    return found.group(1)
