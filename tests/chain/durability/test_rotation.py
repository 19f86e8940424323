# SPDX-License-Identifier: Apache-2.0
"""Log files that rotate, the service's and Nginx's, lose no line and double none, also while the collector is away."""

import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.telemetry.log_sinks import OLD_FILES, LogFile
from stack import nginx
from stack.polling import poll
from stack.process import Command
from stack.site import Site
from tests.chain.durability import mutants
from tests.chain.durability.chain import Chain, Disturbed, loaded, under_load
from tests.chain.durability.reconcile import lost_for_good

EVENT = "rotation_probe"
ROTATIONS = 20
LINES_PER_FILE = 40
LINE_BYTES = 500
PAUSE_SECONDS = 0.01
KILLED_AFTER, STARTED_AFTER = 4, 5
# The next step deletes the file that was written at the kill: by now it must have been read.
OVERDUE_AFTER = KILLED_AFTER + OLD_FILES - 1
CATCH_UP_SECONDS = 30.0
# Nginx's file is full after about four seconds of the load: it is renamed four times before its lines are deleted.
OFTEN = {"ROTATE_BYTES": "40000", "ROTATE_SECONDS": "0.1"}
TRACE_ID = re.compile(r'"trace_id":"([0-9a-f]{32})"')


def test_no_line_is_lost_or_doubled_while_files_rotate(chain: Chain) -> None:
    with under_load(chain):
        written = write_and_rotate(chain, "whole", ROTATIONS)

    poll(lambda: not written - stored(chain, "whole"), CATCH_UP_SECONDS, "every line in Loki")
    assert stored(chain, "whole") == written
    print(f"{written.total()} lines in {ROTATIONS} files, 0 lost, 0 doubled")  # noqa: T201  # the figure is the result


@pytest.mark.usefixtures("backups_outside_the_pattern")
def test_backups_that_the_collector_does_not_look_for_are_lost(chain: Chain) -> None:
    written = write_and_rotate(chain, "partly", ROTATIONS // 2)

    lost = lost_for_good(lambda: len(written - stored(chain, "partly")))
    print(f"{written.total()} lines, {lost} lost")  # noqa: T201  # the figure is the result
    assert lost >= LINES_PER_FILE


@pytest.fixture
def backups_outside_the_pattern(chain: Chain) -> Iterator[None]:
    """Let the collector read the file that is written, and none that was set aside."""
    with chain.mutated("otelcol", mutants.without_backups):
        yield


@pytest.mark.usefixtures("nginx_rotating_often")
def test_no_line_of_nginx_is_lost_while_its_log_rotates(chain: Chain) -> None:
    with under_load(chain) as disturbed:
        rotate_without_collector(chain)

    poll(lambda: not requests_without_line(chain, disturbed), CATCH_UP_SECONDS, "a line of each request in Loki")


@pytest.mark.usefixtures("nginx_rotating_often")
def test_old_files_of_nginx_that_the_collector_does_not_look_for_are_lost(chain: Chain) -> None:
    with chain.mutated("otelcol", mutants.without_old_files_of_nginx):
        with loaded(chain) as disturbed:
            rotate_without_collector(chain)
        lost = lost_for_good(lambda: len(requests_without_line(chain, disturbed)))

    print(f"{len(disturbed.load.answered_at)} requests, {lost} lines lost")  # noqa: T201  # the figure is the result
    assert lost > 0


@pytest.fixture
def nginx_rotating_often(chain: Chain) -> Iterator[None]:
    """Run Nginx with small files."""

    def rotating_often(site: Site) -> Command:
        command = nginx.command(site)
        return replace(command, env={**command.env, **OFTEN})

    with chain.started_by("nginx", rotating_often):
        yield


def rotate_without_collector(chain: Chain) -> None:
    """Kill the collector, start it when Nginx has renamed its file twice, and wait for one more file."""
    wait_for_rotation(chain)
    chain.kill("otelcol")
    wait_for_rotation(chain)
    wait_for_rotation(chain)
    chain.start("otelcol")
    wait_for_rotation(chain)


def wait_for_rotation(chain: Chain) -> None:
    """Wait until Nginx's file has been renamed."""
    newest = chain.stack.log_dir / "nginx-access.jsonl.1"
    before = newest.stat().st_ino if newest.exists() else 0
    poll(lambda: newest.exists() and newest.stat().st_ino != before, CATCH_UP_SECONDS, "a renamed file")


def requests_without_line(chain: Chain, disturbed: Disturbed) -> set[str]:
    """Give the traces of answered requests that no line of Nginx in Loki has."""
    lines = chain.loki.lines('{service_name="nginx"}', disturbed.since - 1, time.time() + 1)
    found = (TRACE_ID.search(line.text) for line in lines)
    return set(disturbed.load.answered_at) - {trace[1] for trace in found if trace}


def write_and_rotate(chain: Chain, name: str, rotations: int) -> Counter[str]:
    """Write files through the service's own sink at a steady pace, kill the collector and start it again meanwhile."""
    path = chain.stack.log_dir / f"api-{name}.jsonl"
    file = LogFile(path, max_bytes=LINES_PER_FILE * LINE_BYTES)
    written: list[str] = []
    for rotation in range(rotations):
        if rotation == KILLED_AFTER:
            chain.kill("otelcol")
        if rotation == STARTED_AFTER:
            chain.begin("otelcol")
        for _ in range(LINES_PER_FILE):
            written.append(probe(name, len(written)))
            file.write_line(written[-1] + "\n")
            time.sleep(PAUSE_SECONDS)
        if rotation == OVERDUE_AFTER:
            chain.stack.wait_ready("otelcol")
            poll(lambda: stored(chain, name)[written[-1]], CATCH_UP_SECONDS, "the newest line in Loki")
        pack_oldest(path, rotation)
    file.close()
    return Counter(written)


def probe(name: str, number: int) -> str:
    """Make up a line of exactly the length of all others."""
    known = {"timestamp": datetime.now(UTC).isoformat(timespec="microseconds"), "level": "INFO", "event": EVENT}
    line = json.dumps({**known, "file": name, "number": f"{number:06}", "rest": ""})
    return line.replace('"rest": ""', f'"rest": "{"x" * (LINE_BYTES - 1 - len(line))}"')


def pack_oldest(path: Path, rotation: int) -> None:
    """Do what a rotation tool does with a file that is due to be deleted."""
    oldest = path.with_suffix(f".{OLD_FILES}.jsonl")
    if oldest.exists():
        with gzip.open(path.with_name(f"{path.name}.{rotation}.gz"), "wb") as packed:
            packed.write(oldest.read_bytes())
        oldest.unlink()


def stored(chain: Chain, name: str) -> Counter[str]:
    """Read from Loki what was written to one file, and everything that looks like it."""
    selector = f'{{service_name="loan-service"}} | event="{EVENT}"'
    lines = chain.loki.lines(selector, time.time() - 300, time.time() + 1)
    return Counter(line.text for line in lines if f'"file": "{name}"' in line.text)
