# SPDX-License-Identifier: Apache-2.0
"""The faults of a whole worker: memory, CPU, log lines, spans, and the pool's connections; a thread applies them."""

import logging
import mmap
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Final

from opentelemetry import trace

from app.services.faults import FaultKind, Faults, RunningFault

TICK_SECONDS: Final = 0.2  # how late an effect begins and ends
MIB: Final = 1 << 20
GROWTH_MIB: Final = 8  # at each tick: 40 MiB a second, which a graph shows as growth and not as a step
PERSONAL_DATA_SECONDS: Final = 1.0
# Made up: the domain is reserved (RFC 2606), and the number is of a range that was never issued.
CANARY: Final = "Canary Person, canary.person@fault.example, 999-99-0000"
_logger = logging.getLogger(__name__)
_tracer: Final = trace.get_tracer(__name__)

Hold = Callable[[], AbstractContextManager[object] | None]


class FaultEffects:
    """A background task of each worker: applies what runs, takes back what has ended, and logs what has expired."""

    def __init__(self, faults: Faults, hold_connection: Hold, pool_size: int) -> None:
        """Take the faults, what checks a connection out of the pool, and the number of the pool's connections."""
        self._faults = faults
        self._hold_connection = hold_connection
        self._pool_size = pool_size
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self._memory: list[mmap.mmap] = []
        self._held = ExitStack()
        self._held_count = 0
        self._burning: threading.Thread | None = None
        self._next_personal_data = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take every effect back."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * TICK_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self.tick()
            except Exception:  # the next tick tries again; without the thread no fault would end
                _logger.exception("fault_effect_failed")
        self._apply({})

    def tick(self) -> None:
        """Apply what runs now, for one tick."""
        self._faults.log_expired()
        self._apply({fault.kind: fault for fault in self._faults.running()})

    def _apply(self, running: dict[FaultKind, RunningFault]) -> None:
        self._grow(running.get(FaultKind.MEMORY))
        self._burn(running.get(FaultKind.CPU))
        self._flood(running.get(FaultKind.LOG_FLOOD))
        self._lose_spans(running.get(FaultKind.TELEMETRY_LOST))
        self._leak(running.get(FaultKind.PERSONAL_DATA))
        self._hold(running.get(FaultKind.POOL_HELD))

    def _grow(self, fault: RunningFault | None) -> None:
        if fault is None:
            while self._memory:
                self._memory.pop().close()
            return
        missing = int(fault.amount * MIB) - sum(map(len, self._memory))
        if missing > 0:
            # A mapping of its own, as the C library may keep the memory of a freed object for later ones.
            grown = mmap.mmap(-1, min(missing, GROWTH_MIB * MIB), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            for page in range(0, len(grown), mmap.PAGESIZE):
                grown[page] = 1  # a page that only was reserved takes no memory
            self._memory.append(grown)

    def _burn(self, fault: RunningFault | None) -> None:
        if fault is not None and (self._burning is None or not self._burning.is_alive()):
            self._burning = threading.Thread(target=self._spin, name="fault-cpu", daemon=True)
            self._burning.start()

    def _spin(self) -> None:
        while self._faults.board.find(FaultKind.CPU) and not self._stopping.is_set():
            end = time.perf_counter() + TICK_SECONDS
            while time.perf_counter() < end:
                pass

    def _flood(self, fault: RunningFault | None) -> None:
        for _ in range(round(fault.amount * TICK_SECONDS) if fault else 0):
            _logger.warning("fault_log_line")

    def _lose_spans(self, fault: RunningFault | None) -> None:
        # Faster than the exporter empties its queue, so that real spans are dropped by the real queue, and counted.
        for _ in range(round(fault.amount * TICK_SECONDS) if fault else 0):
            _tracer.start_span("fault span").end()

    def _leak(self, fault: RunningFault | None) -> None:
        now = time.monotonic()
        if fault is None or now < self._next_personal_data:
            return
        self._next_personal_data = now + PERSONAL_DATA_SECONDS
        # In the two places where a careless line has it. The service removes the text of the exception; the member
        # that a developer added is written as it is, and the collector masks the e-mail address and the number.
        error = ValueError(CANARY)
        _logger.error("fault_personal_data", exc_info=error, extra={"loan.fault.canary": CANARY})

    def _hold(self, fault: RunningFault | None) -> None:
        if fault is None:
            self._held_count = 0
            self._held.close()
            return
        while self._held_count < min(fault.amount, self._pool_size):
            connection = self._hold_connection()
            if connection is None:
                return  # the next tick tries again
            self._held.enter_context(connection)
            self._held_count += 1
