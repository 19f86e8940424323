# SPDX-License-Identifier: Apache-2.0
"""Clients that send complete loans while the service is reloaded or replaced, with long timeouts."""

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from stack.polling import poll
from stack.tour.caller import Caller
from tests.chain.traffic import CLIENTS, Client, Seen

# A reload starts all workers at once, and until the first is ready no request is answered. How long a machine takes for
# that is not tested where this is used.
PATIENT_SECONDS: Final = 60.0


class PatientClient(Client):
    """A client that waits long."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self._callers = {key: Caller(base, key, PATIENT_SECONDS) for key in self._callers}


def while_lived(base: str, lives: Sequence[Callable[[Client], object]], disturb: Callable[[], None]) -> list[Seen]:
    """Disturb a service while eight clients live these lives, all of them and then again until it is over."""
    over, numbers = threading.Event(), itertools.count()
    clients = [PatientClient(base) for _ in range(CLIENTS)]

    def live(client: Client) -> None:
        for number in numbers:
            if number >= len(lives) and over.is_set():
                return
            lives[number % len(lives)](client)

    with ThreadPoolExecutor(CLIENTS) as pool:
        ends = [pool.submit(live, client) for client in clients]
        try:
            poll(lambda: _under_way(clients, ends), PATIENT_SECONDS, "traffic")
            disturb()
        finally:
            over.set()
    for end in ends:
        end.result()
    return [seen for client in clients for seen in client.seen]


def _under_way(clients: Iterable[Client], ends: Iterable[Future[None]]) -> bool:
    """Return whether every client has been answered; one that has failed has nothing to wait for."""
    return all(client.seen for client in clients) or any(end.done() for end in ends)
