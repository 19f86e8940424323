# SPDX-License-Identifier: Apache-2.0
"""Eight clients that send random methods, paths, hosts, agents, queries, keys and trace headers."""

import http.client
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CLIENTS = 8
# Longer than what the service may take (its statement timeout is 3 s): a lost answer fails the test, it doesn't hang.
ANSWER_SECONDS = 10.0
METHODS = ("GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "BREW")
# Where there is something, the made-up part comes after it.
PLACES = ("/", "/", "/api/v1/", "/api/v1/loans", "/api/v1/loans/", "/api/v1/borrowers/", "/metrics/", "/livez/")
KEYLESS = 0.1


@dataclass
class Counted:
    """What the clients sent, and what they were answered."""

    sent: int = 0
    counted: int = 0  # answers of the service itself: they name their trace
    paths: set[str] = field(default_factory=set)
    forged: set[str] = field(default_factory=set)
    traces: set[str] = field(default_factory=set)

    @property
    def words(self) -> set[str]:
        """List everything made up that could have become a label's value."""
        known = {piece for place in PLACES for piece in place.split("/")}
        return {piece for path in self.paths for piece in path.split("/")} - known | self.forged

    @classmethod
    def together(cls, parts: Iterable["Counted"]) -> "Counted":
        """Add up what several clients counted."""
        whole = cls()
        for part in parts:
            whole.sent += part.sent
            whole.counted += part.counted
            whole.paths |= part.paths
            whole.forged |= part.forged
            whole.traces |= part.traces
        return whole


def flood(url: str, requests: int, seed: str) -> Counted:
    """Send that many requests to a server, eight at a time, each client on a connection that it keeps."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        share = requests // CLIENTS
        return Counted.together(pool.map(lambda number: _one_client(url, share, f"{seed}/{number}"), range(CLIENTS)))


def _one_client(url: str, requests: int, seed: str) -> Counted:
    tally, chance, server = Counted(), random.Random(seed), urlsplit(url)  # noqa: S311  # repeatable, no secret
    with closing(http.client.HTTPConnection(server.netloc, timeout=ANSWER_SECONDS)) as connection:
        for _ in range(requests):
            _one_request(connection, chance, tally)
    return tally


def _one_request(connection: http.client.HTTPConnection, chance: random.Random, tally: Counted) -> None:
    path, trace_id = _path(chance), _hex(chance, 32)
    method = chance.choice([*METHODS, _word(chance).upper()])
    connection.putrequest(method, f"{path}?{_word(chance)}={_word(chance)}", skip_host=True)
    for name, value in _headers(chance, trace_id).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    tally.sent += 1
    tally.paths.add(path)
    tally.forged.add(trace_id)
    trace = answer.getheader("traceresponse")
    if trace:
        tally.counted += 1
        tally.traces.add(trace.split("-")[1])


def _path(chance: random.Random) -> str:
    place = chance.choice(PLACES)
    if not place.endswith("/"):
        return place
    return place + "/".join(_word(chance) for _ in range(chance.randint(1, 4)))


def _headers(chance: random.Random, trace_id: str) -> dict[str, str]:
    key = {} if chance.random() < KEYLESS else {"Authorization": f"Bearer {_word(chance)}"}
    return {
        "Host": f"{_word(chance)}.example",
        "User-Agent": f"{_word(chance)}/{chance.randint(1, 99)}",
        "Content-Length": "0",
        "Idempotency-Key": _hex(chance, 32),
        "traceparent": f"00-{trace_id}-{_hex(chance, 16)}-01",
        "tracestate": f"{_word(chance)}={_word(chance)}",
        "baggage": f"{_word(chance)}={_word(chance)}",
        **key,
    }


def _hex(chance: random.Random, digits: int) -> str:
    return f"{chance.getrandbits(4 * digits - 1) | 1:0{digits}x}"


def _word(chance: random.Random, letters: str = "abcdefghijklmnopqrstuvwxyz") -> str:
    return "".join(chance.choices(letters, k=chance.randint(6, 16)))
