# SPDX-License-Identifier: Apache-2.0
"""Nginx's access log is rotated by size: no line is lost, and the disk that it takes is bounded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.polling import poll
from tests.chain.small_edge import Edge, get, small_edge, tiny_service

FILE_BYTES = 4000
REQUESTS = 15  # their lines have about 4,800 bytes
FILES = 4  # nginx/rotate.sh: the one that is written, and three old ones
OFTEN = {"ROTATE_BYTES": str(FILE_BYTES), "ROTATE_SECONDS": "0.05"}
ROTATED_SECONDS = 20.0  # it takes a tenth of one; a busy machine is slow


@pytest.fixture(scope="module")
def service() -> Iterator[int]:
    """Serve for every test of this module."""
    with tiny_service() as port:
        yield port


def test_no_line_is_lost_while_the_log_rotates(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, env=OFTEN) as edge:
        for _ in range(FILES - 1):
            fill_one_file(edge)
        poll(edge.log.exists, ROTATED_SECONDS, "the file that is written now")

        # Nginx writes a line after it has answered.
        poll(lambda: len(lines(edge)) == (FILES - 1) * REQUESTS, ROTATED_SECONDS, "a line of each request")
        assert len(set(lines(edge))) == (FILES - 1) * REQUESTS


def test_the_oldest_file_is_deleted(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, env=OFTEN) as edge:
        for _ in range(2 * FILES):
            fill_one_file(edge)
        poll(edge.log.exists, ROTATED_SECONDS, "the file that is written now")

        assert len(files(edge)) == FILES


def test_a_log_below_the_size_is_left_alone(tmp_path: Path, service: int) -> None:
    with small_edge(tmp_path, service, env={**OFTEN, "ROTATE_BYTES": str(1000 * FILE_BYTES)}) as edge:
        fill(edge)

        with pytest.raises(TimeoutError):
            poll(lambda: len(files(edge)) > 1, 1.0, "a second file")
        assert len(lines(edge)) == REQUESTS


def fill(edge: Edge) -> None:
    """Write more lines than one file may have."""
    for _ in range(REQUESTS):
        assert get(edge.port, "/livez").status == 200


def fill_one_file(edge: Edge) -> None:
    """Write more lines than one file may have, and wait until the file is renamed."""
    before = newest_old_line(edge)
    fill(edge)
    poll(lambda: newest_old_line(edge) != before, ROTATED_SECONDS, "one more file")


def files(edge: Edge) -> list[Path]:
    """List the access log's files, which the collector reads all."""
    return list(edge.site.log_dir.glob("nginx-access.jsonl*"))


def lines(edge: Edge) -> list[str]:
    """Read all of them."""
    return [line for file in files(edge) for line in file.read_text().splitlines()]


def newest_old_line(edge: Edge) -> str:
    """Give the last line of the file that was renamed last."""
    old = edge.log.with_name(f"{edge.log.name}.1")
    return old.read_text().splitlines()[-1] if old.exists() else ""
