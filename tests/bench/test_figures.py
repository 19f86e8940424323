# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks compute and write."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import report
from bench.crowd import drive, request_bytes
from bench.timing import paired_ratio, percentile


def test_a_percentile_is_a_sample() -> None:
    samples = [float(number) for number in range(1, 101)]

    assert [percentile(samples, share) for share in (0.5, 0.95, 0.99, 1.0)] == [51.0, 96.0, 100.0, 100.0]


def test_noise_that_meets_both_of_a_pair_leaves_their_ratio() -> None:
    noise = [1.0, 1.1, 3.0, 1.0, 9.0, 1.2]

    ratio = paired_ratio([1.5 * each for each in noise], noise)

    assert str(ratio) == "1.50 (1.50 to 1.50)"


def test_the_interval_is_as_wide_as_the_rounds_disagree() -> None:
    ratio = paired_ratio([1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5)

    assert ratio.low < ratio.value == 3.0 < ratio.high


def test_a_benchmark_replaces_its_own_part_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"

    report.write("list", ["old"], page)
    report.write("writes", ["writes"], page)
    report.write("list", ["new"], page)

    text = page.read_text()
    assert text.count("old") == 0
    assert text.index("new") < text.index("<!-- end of list -->") < text.index("writes\n<!-- end of writes -->")


def test_a_crowd_counts_every_answer() -> None:
    with answering(201) as (port, seen):
        tally = drive(port, lambda: request_bytes("/loans", "secret", "key", b"{}"), 3, 0.2)

    assert len(tally.milliseconds) == len(seen)
    assert tally.per_second == pytest.approx(len(seen) / tally.seconds)


def test_a_crowd_gives_up_at_the_first_refusal() -> None:
    with answering(409) as (port, _), pytest.raises(RuntimeError, match="409 Conflict"):
        drive(port, lambda: request_bytes("/loans", "secret", "key", b"{}"), 1, 5.0)


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """Serve every POST with a status, in two pieces, and note its key."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.headers["Idempotency-Key"])
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
