# SPDX-License-Identifier: Apache-2.0
"""A variant under Gunicorn with the service's own configuration, and the CPU time that it took."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cost.variants import VARIANTS
from bench.serving import OK, START_SECONDS, THREADS
from stack.polling import poll
from stack.ports import HOST, free_port
from stack.process import Child, Command
from stack.readiness import status_of
from stack.site import ROOT, common_environment

TICK: Final = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Served:
    """A running variant."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Give the CPU time that Gunicorn and its worker have taken."""
        return sum(stat.ticks for stat in stats() if self.pid in {stat.pid, stat.parent}) * TICK


@dataclass(frozen=True)
class Stat:
    """A process, its parent, and the ticks of CPU that it took, for itself and for the kernel's work."""

    pid: int
    parent: int
    ticks: int


def stats() -> Iterator[Stat]:
    """Read /proc/PID/stat of all processes (proc(5): fields 4, 14 and 15)."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        fields = text.rpartition(")")[2].split()  # the name before it may contain anything
        yield Stat(int(folder.name), int(fields[1]), int(fields[11]) + int(fields[12]))


@contextmanager
def served(name: str, database_url: str, endpoint: str) -> Iterator[Served]:
    """Serve a variant with one worker; raise RuntimeError with its last lines when it ends while it starts."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="loan-cost-") as folder:
        environment = {
            **common_environment(),
            **VARIANTS[name].settings,
            "DATABASE_URL": database_url,
            "API_HOST": HOST,
            "API_PORT": str(port),
            "API_WORKERS": "1",
            "API_THREADS": str(THREADS),
            "TELEMETRY_DIR": folder,
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        }
        target = f"bench.cost.variants.{name}:create()"
        # A worker that is replaced costs a second of imports, which would fall on either side by chance.
        argv = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--max-requests", "0", target]
        log = Path(folder) / "output.log"
        child = Child(Command(argv, log=log, env=environment, cwd=ROOT, grace_seconds=15))
        try:
            poll(lambda: _answers(child, port), START_SECONDS, target)
            yield Served(name, port, child.pid)
        finally:
            child.stop()


def _answers(child: Child, port: int) -> bool:
    if child.poll() is not None:
        raise RuntimeError(f"{child.command.argv[-1]} ended while starting:\n{child.tail()}")
    return status_of(port, "/livez") == OK
