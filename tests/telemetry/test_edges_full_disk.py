# SPDX-License-Identifier: Apache-2.0
"""The log file of a real worker has no more room: requests are answered, stdout goes on, and lines come again after.

The room is taken by a limit on the size of files, which the kernel keeps for one process and which needs no disk of its
own: a write ends in the middle of a line, and every later one fails, as on a full disk.
"""

import json
import resource
from pathlib import Path

import pytest

from app.settings import TelemetryPipeline
from stack.polling import poll
from tests.telemetry.server import Server, serving

REQUESTS = 20
ROOM_BYTES = 500  # a line and a half
# Larger than whatever else the worker writes: its totals and, here, its stdout have room for all that follows.
EARLIER = "".join(json.dumps({"event": "earlier", "number": number}) + "\n" for number in range(20_000))


def limit(pid: int, most_bytes: int) -> None:
    """Let a process's files grow so far and no further."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))


def routes(written: list[str]) -> list[str]:
    """Give the routes of the request lines, each of which is whole."""
    lines = [json.loads(line) for line in written if line.startswith("{")]
    return [line["url.path"] for line in lines if line["event"] == "http_request" and "/names/" in line["http.route"]]


def paths(server: Server, what: str) -> list[str]:
    """Make some requests, each of which is answered correctly."""
    asked = [f"/names/{what}-{number}" for number in range(REQUESTS)]
    assert [server.get(path).text for path in asked] == [path.rpartition("/")[2] for path in asked]
    return asked


@pytest.mark.parametrize("pipeline", TelemetryPipeline)
def test_a_full_disk_under_the_log_file_is_reported_and_gone_when_it_is_gone(tmp_path: Path, pipeline: str) -> None:
    file = tmp_path / "logs" / "api-here-w0.jsonl"
    file.parent.mkdir()
    file.write_text(EARLIER)
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=here", "TELEMETRY_PIPELINE": pipeline}

    with serving(tmp_path, "edges_target", API_WORKERS="1", **environ) as server:
        pid = int(server.get("/pid").text)
        before = paths(server, "before")
        poll(lambda: routes(file.read_text().splitlines()) == before, 5, "the lines of the first requests")
        room = file.stat().st_size + ROOM_BYTES
        limit(pid, room)
        during = paths(server, "during")
        assert file.stat().st_size == room
        counted = server.counted(workers=1)
        limit(pid, resource.RLIM_INFINITY)
        after = paths(server, "after")
        assert int(server.get("/pid").text) == pid
        kept, shown = routes(file.read_text().splitlines()), routes(server.output())

    told = [json.loads(line) for line in server.output() if "log_sink_failed" in line]
    assert told == [{"event": "log_sink_failed", "sink": str(file), "error.type": "EFBIG"}]
    assert shown == [*before, *during, *after]
    assert kept[: len(before)] == before
    assert kept[-len(after) :] == after
    assert set(kept) - {*before, *after} == set(during[: len(kept) - 2 * REQUESTS])
    assert 0 < len(kept) - 2 * REQUESTS < REQUESTS
    assert counted == 2 * REQUESTS + 1
