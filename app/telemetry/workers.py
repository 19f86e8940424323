# SPDX-License-Identifier: Apache-2.0
"""The union of all workers' metrics, and the totals that outlive a worker.

Each worker has a slot, and in TELEMETRY_DIR two files: a socket on which it serves its metrics, and the totals that it
served last. The slot's next worker adds its own counts to these; while there is no worker, they are served unchanged.
So no total decreases, however the worker ended. Only what a killed worker counted after the last scrape is lost.
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

# A stopped or starved worker must not delay the scrape; its last totals are served instead.
SIBLING_SECONDS = 1.0

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
        self._failure_limit = OncePerMinute()

    def join(self, directory: Path) -> None:
        """Start from the slot's earlier totals, and serve the other workers from now on."""
        version, totals = stored(totals_path(directory, self._slot))
        if version == __version__:  # another version may have other buckets, which can't be added up
            self._before = totals
        self._directory = directory
        path = socket_path(directory, self._slot)
        path.unlink(missing_ok=True)
        self._server = MetricsSocketServer(path, self._snapshot)

    def leave(self) -> None:
        """Stop answering, and leave the final totals to the next worker in the slot."""
        if self._directory is None:
            return
        self._server.close()
        self._snapshot()
        if self._is_ours():
            socket_path(self._directory, self._slot).unlink(missing_ok=True)
        self._directory = None

    def page(self) -> str:
        """Print the metrics of all workers; each worker can serve a scrape."""
        slots = {self._slot} | (known_slots(self._directory) if self._directory else set())
        with ThreadPoolExecutor(len(slots)) as pool:
            return exposition.render(dict(zip(slots, pool.map(self._of, slots), strict=True)))

    def _of(self, slot: int) -> Families:
        if slot == self._slot or self._directory is None:
            return self._snapshot() | worker_up(alive=True)
        answer = request_metrics(socket_path(self._directory, slot))
        if answer is None:
            return stored(totals_path(self._directory, slot))[1] | worker_up(alive=False)
        return answer | worker_up(alive=True)

    def _snapshot(self) -> Families:
        # Serialised, and saved before they are returned: a scrape never shows more than the next worker starts from.
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
            if self._failure_limit.allows():
                extra = {semconv.ERROR_TYPE: redaction.error_type(error)}
                _logger.error(semconv.EVENT_WORKER_METRICS_NOT_KEPT, extra=extra)  # noqa: TRY400  # no stack needed


Request = socket.socket | tuple[bytes, socket.socket]  # the types of a request in socketserver


class MetricsSocketServer(socketserver.UnixStreamServer):
    """The metrics socket server: serves this worker's metrics to its siblings, one at a time."""

    request_queue_size = 64  # each thread of each worker may be scraping

    def __init__(self, path: Path, snapshot: Callable[[], Families]) -> None:
        super().__init__(str(path), socketserver.BaseRequestHandler)
        self._snapshot = snapshot
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="worker-metrics", daemon=True)
        self._thread.start()

    def finish_request(self, request: Request, client_address: object) -> None:  # noqa: ARG002  # their signature
        """Send the metrics to one sibling."""
        assert isinstance(request, socket.socket)  # noqa: S101  # it is a stream server
        request.settimeout(SIBLING_SECONDS)
        request.sendall(json.dumps(self._snapshot()).encode())

    def handle_error(self, request: Request, client_address: object) -> None:
        """Ignore a sibling that closed the connection; the default prints a traceback."""

    def close(self) -> None:
        """Stop answering."""
        self.shutdown()
        self.server_close()
        self._thread.join()


def request_metrics(path: Path) -> Families | None:
    """Request a sibling's metrics; None if it doesn't answer in time."""
    deadline = time.monotonic() + SIBLING_SECONDS
    answer = b""
    try:
        with socket.socket(socket.AF_UNIX) as sibling:
            sibling.settimeout(SIBLING_SECONDS)
            sibling.connect(str(path))
            while part := sibling.recv(1 << 16):
                answer += part
                sibling.settimeout(max(deadline - time.monotonic(), 0.001))
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
    """Build the gauge that is 1 where a slot's worker answered and 0 where only its totals are left."""
    text = "Whether the worker in this slot answered; 0: only its totals are left."
    return {semconv.LOAN_SERVICE_WORKER_UP: Family("gauge", text, {f"{semconv.LOAN_SERVICE_WORKER_UP}{{}}": alive})}
