# SPDX-License-Identifier: Apache-2.0
"""The union of all workers' metrics, and the totals that outlive a worker.

Each worker has a slot and in TELEMETRY_DIR two files: a socket where it hands out its metrics, and the totals that it
last handed out. The next worker in the slot begins from these, and while there is none they are served as they are:
so no total goes backwards, however the worker ended. Only what a killed worker counted after the last scrape is lost.
"""

import json
import logging
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app import __version__
from app.telemetry import exposition, redaction, semconv
from app.telemetry.exposition import Families, Family
from app.telemetry.log_sinks import OncePerMinute
from app.telemetry.worker_files import known_slots, socket_path, totals_path

# A worker that is stopped or starved must not hold up the page; its last totals stand in for it.
PEER_SECONDS = 1.0

_logger = logging.getLogger(__name__)


class Workers:
    """One worker's own metrics, and its access to those of the others."""

    def __init__(self, slot: int, read: Callable[[], Families]) -> None:
        self._slot = slot
        self._read = read
        self._before: Families = {}
        self._directory: Path | None = None
        self._arbiter = os.getppid()
        self._lock = threading.Lock()
        self._complaints = OncePerMinute()

    def join(self, directory: Path) -> None:
        """Go on from the slot's earlier totals, and answer the other workers from now on."""
        version, totals = stored(totals_path(directory, self._slot))
        if version == __version__:  # other code may have other buckets, and those can't be added up
            self._before = totals
        self._directory = directory
        path = socket_path(directory, self._slot)
        path.unlink(missing_ok=True)
        self._counter = Counter(path, self._hand_out)

    def leave(self) -> None:
        """Stop answering, and leave the final totals to the next worker in the slot."""
        if self._directory is None:
            return
        self._counter.close()
        self._hand_out()
        if self._is_ours():
            socket_path(self._directory, self._slot).unlink(missing_ok=True)
        self._directory = None

    def page(self) -> str:
        """Print the metrics of all workers, whichever is asked."""
        slots = {self._slot} | (known_slots(self._directory) if self._directory else set())
        with ThreadPoolExecutor(len(slots)) as pool:
            return exposition.render(dict(zip(slots, pool.map(self._of, slots), strict=True)))

    def _of(self, slot: int) -> Families:
        if slot == self._slot or self._directory is None:
            return self._hand_out() | worker_up(alive=True)
        answer = ask(socket_path(self._directory, slot))
        if answer is None:
            return stored(totals_path(self._directory, slot))[1] | worker_up(alive=False)
        return answer | worker_up(alive=True)

    def _hand_out(self) -> Families:
        # One at a time, and kept before it is given: nobody ever sees more than the next worker will begin from.
        with self._lock:
            families = exposition.add(self._before, self._read())
            if self._directory and self._is_ours():
                self._keep(totals_path(self._directory, self._slot), exposition.totals(families))
            return families

    def _is_ours(self) -> bool:
        # An orphan outlives its arbiter by a second; by then the directory may be the next arbiter's.
        return os.getppid() == self._arbiter

    def _keep(self, path: Path, totals: Families) -> None:
        try:
            draft = path.with_suffix(".draft")
            draft.write_text(json.dumps([__version__, totals]))
            draft.replace(path)
        except OSError as error:
            if self._complaints.allows():
                extra = {semconv.ERROR_TYPE: redaction.error_type(error)}
                _logger.error(semconv.EVENT_WORKER_METRICS_NOT_KEPT, extra=extra)  # noqa: TRY400  # no stack needed


Request = socket.socket | tuple[bytes, socket.socket]  # what socketserver may call a request


class Counter(socketserver.UnixStreamServer):
    """The counter where a worker hands its metrics to its peers, one at a time."""

    request_queue_size = 64  # each thread of each worker may be scraping

    def __init__(self, path: Path, hand_out: Callable[[], Families]) -> None:
        super().__init__(str(path), socketserver.BaseRequestHandler)
        self._hand_out = hand_out
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="worker-metrics", daemon=True)
        self._thread.start()

    def finish_request(self, request: Request, client_address: object) -> None:  # noqa: ARG002  # their signature
        """Give the metrics to one peer."""
        assert isinstance(request, socket.socket)  # noqa: S101  # it is a stream server
        request.settimeout(PEER_SECONDS)
        request.sendall(json.dumps(self._hand_out()).encode())

    def handle_error(self, request: Request, client_address: object) -> None:
        """Let a peer go that hung up; the default prints a traceback."""

    def close(self) -> None:
        """Stop answering."""
        self.shutdown()
        self.server_close()
        self._thread.join()


def ask(path: Path) -> Families | None:
    """Ask a peer for its metrics; None if it doesn't answer in time."""
    deadline = time.monotonic() + PEER_SECONDS
    answer = b""
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PEER_SECONDS)
            peer.connect(str(path))
            while part := peer.recv(1 << 16):
                answer += part
                peer.settimeout(max(deadline - time.monotonic(), 0.001))
        return families_from(json.loads(answer))
    except (OSError, ValueError):
        return None


def stored(path: Path) -> tuple[str, Families]:
    """Read a slot's totals and the version of the code that counted them; nothing if there are none."""
    try:
        version, totals = json.loads(path.read_text())
    except (OSError, ValueError):
        return "", {}
    return str(version), families_from(totals)


def families_from(data: Mapping[str, Sequence[Any]]) -> Families:
    """Rebuild families from JSON."""
    return {name: Family(*family) for name, family in data.items()}


def worker_up(*, alive: bool) -> Families:
    """Tell whether a slot's worker answered, or only its totals are left."""
    text = "Whether the worker in this slot answered; 0: only its totals are left."
    return {semconv.LOAN_SERVICE_WORKER_UP: Family("gauge", text, {f"{semconv.LOAN_SERVICE_WORKER_UP}{{}}": alive})}
