# SPDX-License-Identifier: Apache-2.0
"""Reads every place except the tables where data about a request is stored."""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from stack.backends.http import TIMEOUT_SECONDS, get_json
from stack.runner import Stack
from stack.service_commands import database
from tests.chain.conftest import Backends

READERS = 4
# The servers that have a page of metrics, with the port where it is not their first one.
METRICS = {"api": None, "otelcol": "metrics", "nginx-exporter": None, "postgres-exporter": None, "mailpit": None}
SERIES = '{__name__=~".+"}'


class Places:
    """What the stack has stored between two Unix times."""

    def __init__(self, stack: Stack, backends: Backends, start: float, end: float) -> None:
        self._stack, self._backends, self._start, self._end = stack, backends, start, end

    def read(self, trace_ids: Iterable[str]) -> dict[str, bytes]:
        """Return the content of each place by its name; of Tempo, the given traces."""
        return {
            "Loki, lines": self.loki_lines(),
            "Loki, labels": self.loki_labels(),
            "Tempo, traces": self.traces(trace_ids),
            "Prometheus, series": self.series(),
            "Prometheus, exemplars": self.exemplars(),
            "metrics pages": self.pages(),
            "Mailpit, messages": self.mails(),
            **self.files(),
        }

    def loki_lines(self) -> bytes:
        """Give every line of every stream, with labels and structured metadata."""
        lines = self._backends.loki.lines('{service_name=~".+"}', self._start, self._end)
        return _lines([line.text, line.labels] for line in lines)

    def loki_labels(self) -> bytes:
        """Give the streams, and each label's values."""
        url, span = f"{self._backends.loki.url}/loki/api/v1", self._span(1_000_000_000)
        names = get_json(f"{url}/labels", span).get("data") or []
        values = [get_json(f"{url}/label/{name}/values", span) for name in names]
        return _lines([*values, get_json(f"{url}/series", {**span, "match[]": '{service_name=~".+"}'})])

    def traces(self, trace_ids: Iterable[str]) -> bytes:
        """Give traces as Tempo has them: names, attributes, events, resources."""
        with ThreadPoolExecutor(READERS) as pool:
            return _lines(pool.map(lambda one: get_json(f"{self._backends.tempo.url}/api/traces/{one}"), trace_ids))

    def series(self) -> bytes:
        """Give every series of the time, each label's values, and the words about metrics."""
        url = f"{self._backends.prometheus.url}/api/v1"
        names = get_json(f"{url}/labels")["data"]
        values = [get_json(f"{url}/label/{name}/values") for name in names]
        return _lines([*values, get_json(f"{url}/series", {"match[]": SERIES}), get_json(f"{url}/metadata")])

    def exemplars(self) -> bytes:
        """Give the exemplars of all series."""
        url = f"{self._backends.prometheus.url}/api/v1/query_exemplars"
        return _lines(get_json(url, {"query": SERIES, **self._span(1)})["data"])

    def pages(self) -> bytes:
        """Give what Prometheus scrapes, exemplars included."""
        accepted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        urls = [f"{self._stack.url(name, port)}/metrics" for name, port in METRICS.items()]
        return b"\n".join(requests.get(url, headers=accepted, timeout=TIMEOUT_SECONDS).content for url in urls)

    def mails(self) -> bytes:
        """Give every mail."""
        return _lines([mail.subject, mail.recipients, mail.body] for mail in self._backends.mailpit.mails())

    def files(self) -> dict[str, bytes]:
        """Give the files of the run folder by their kind; of PostgreSQL, its log alone."""
        site = self._stack.site
        tables = site.shared_data("db")
        kinds = {
            "files: the service's log": site.log_dir.glob("api-*"),
            "files: Nginx's log": site.log_dir.glob("nginx-*"),
            "files: terminals": site.output("").parent.glob("*"),
            "files: the collector's queues": _below(site.data("otelcol")),
            "files: sockets' folder": _below(site.telemetry_dir),
            "files: PostgreSQL's log": [database(site).log],
        }
        found = {kind: list(paths) for kind, paths in kinds.items()}
        known = {path for paths in found.values() for path in paths}
        # Prometheus, Loki, Tempo, Mailpit: much of it is compressed, and also queried above.
        data = _below(site.data("otelcol").parent)
        rest = [path for path in data if path not in known and tables not in path.parents]
        return {kind: _content(paths) for kind, paths in {**found, "files: other servers' data": rest}.items()}

    def _span(self, unit: int) -> dict[str, int]:
        return {"start": int(self._start * unit), "end": int((self._end + 1) * unit)}


def _below(folder: Path) -> Iterator[Path]:
    # os.walk passes over a folder that a server removes meanwhile, which Path.rglob does not.
    paths = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return (path for path in paths if path.is_file() and not path.is_symlink())


def _content(paths: Iterable[Path]) -> bytes:
    return b"".join(_file(path) for path in sorted(paths))


def _file(path: Path) -> bytes:
    # With its name, which may contain personal data, too.
    with contextlib.suppress(FileNotFoundError):  # merged into another one just now
        return str(path).encode() + b"\n" + path.read_bytes()
    return b""


def _lines(documents: Iterable[object]) -> bytes:
    return "\n".join(json.dumps(document, ensure_ascii=False) for document in documents).encode()
