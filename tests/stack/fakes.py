# SPDX-License-Identifier: Apache-2.0
"""Small made-up servers, in Python, in place of those that take minutes to build."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stack import state
from stack.ports import HOST, Port
from stack.process import Command
from stack.readiness import answers_ok
from stack.services import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.site import Site

# Each writes its own process id beside its log, so that a test can check whether it still runs.
PRELUDE = """
import http.server, os, pathlib, signal, sys, time
port, pids = int(sys.argv[1]), pathlib.Path(sys.argv[2])
pids.mkdir(exist_ok=True)
def note(): (pids / str(os.getpid())).touch()
note()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *words): pass
def serve(): http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
SERVES = PRELUDE + "print('serving', flush=True); serve()"
# Like Gunicorn: a child that would continue alone, and a parent that stops it on SIGTERM, however soon.
FORKS = (
    PRELUDE
    + """
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
child = os.fork()
if not child:
    note(); serve()
def leave(*_): os.kill(child, signal.SIGKILL); sys.exit(0)
signal.signal(signal.SIGTERM, leave)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
while True: time.sleep(1)
"""
)
STUBBORN = PRELUDE + "signal.signal(signal.SIGTERM, signal.SIG_IGN); serve()"
REFUSES = PRELUDE + "print('loading'); print('error: broken.yaml line 3: unknown key'); print('bye'); sys.exit(2)"
# A second after an answer, which the runner has read by then: it must be ready before it ends.
DIES_LATER = (
    PRELUDE
    + """
import threading
class Answer(Answer):
    def do_GET(self):
        super().do_GET()
        threading.Timer(1, lambda: os._exit(7)).start()
serve()
"""
)
# As Go does: the cause, then frames with the word "error".
PANICS = (
    PRELUDE
    + """
print('level=info msg="all well"')
print('panic: write wal/0001: no space left on device')
print()
print('goroutine 1 [running]:')
for number in range(40):
    print(f'main.failWithError(0xc000{number:04})')
    print(f'\\t/src/errors.go:{number} +0x1d')
sys.exit(2)
"""
)
# Dies at its first start, and serves at the second.
RECOVERS = (
    PRELUDE
    + """
mark = pathlib.Path(sys.argv[2]) / "died"
if not mark.exists():
    mark.touch(); print('error: not yet', flush=True); sys.exit(3)
serve()
"""
)
NEVER_READY = PRELUDE + "time.sleep(60)"
ENDS_WELL = PRELUDE
PATIENCE_SECONDS = 60.0  # on a machine with much else to do; what takes longer hangs


def service(
    name: str, script: str = SERVES, *, once: bool = False, needs: tuple[str, ...] = (), essential: bool = False
) -> Service:
    """Make a line of the table."""

    def command(site: Site) -> Command:
        argv = [sys.executable, "-c", script, str(site.port(name)), str(site.run_dir / "pids")]
        return Command(argv=argv, log=site.output(name), death_signal=signal.SIGTERM, grace_seconds=1)

    port = Port(name, "http", 9000)
    ready = None if once else answers_ok(name, "/")
    return Service(
        name,
        command,
        stop_order=1,
        ready=ready,
        ports=(port,),
        needs=needs,
        patience_seconds=20,
        essential=essential,
    )


def noted_pids(run_dir: Path) -> set[int]:
    """Give the process ids of all fakes that were ever started in a run folder."""
    folder = run_dir / "pids"
    return {int(file.name) for file in folder.iterdir() if file.name.isdigit()} if folder.exists() else set()


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends between open and read
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def eventually(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait for something to become true and return whether it did."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


__all__ = ["HOST", "alive", "eventually", "noted_pids", "service"]


def now(run_dir: Path) -> state.State:
    """Read the state of a running stack; an empty one before its first."""
    return state.read(run_dir) or state.State(0, "", "", complete=False, urls={}, pids={})
