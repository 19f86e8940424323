# SPDX-License-Identifier: Apache-2.0
"""Log files that rotate twenty times, the oldest packed, lose no line and double none, also while nobody reads."""

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.telemetry.log_sinks import OLD_FILES, LogFile
from stack.polling import poll
from tests.chain.durability import mutants
from tests.chain.durability.chain import Chain, under_load
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
