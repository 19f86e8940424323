# SPDX-License-Identifier: Apache-2.0
"""What an app answers, call by call of WSGI, is the same with telemetry and without, and is observed once."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder
from werkzeug.wsgi import FileWrapper

from app import telemetry
from app.factory import set_up_telemetry
from app.settings import Settings, TelemetryPipeline
from tests.telemetry.conftest import Lines, Observed
from tests.telemetry.edges import CASES, OURS, TWICE, Case
from tests.telemetry.edges_app import build

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Event = tuple[object, ...]
BARE = build(None)


@dataclass
class Server:
    """Calls an application as a server does, and notes everything that passes between them."""

    application: "WSGIApplication"
    events: list[Event] = field(default_factory=list)

    def serve(self, case: Case) -> list[Event]:
        """Serve a request."""
        path, _, query = case.path.partition("?")
        environ = EnvironBuilder(
            path,
            query_string=query,
            method=case.method,
            headers=case.headers.items(),
            input_stream=io.BytesIO(case.body),
        ).get_environ()
        environ |= {"wsgi.file_wrapper": FileWrapper, "wsgi.input_terminated": True}
        environ["wsgi.early_hints"] = lambda headers: self.events.append(("hints", headers))
        answer: Iterable[bytes] = ()
        try:
            answer = self.application(environ, self.start)
            self.events.append(("answer", type(answer).__name__))
            self.events += [("chunk", chunk) for chunk in answer]
        except Exception as error:  # noqa: BLE001  # whatever it is, it must be the same
            self.events.append(("raised", type(error).__name__, str(error)))
        self.close(answer)
        return self.events

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401  # WSGI's own
        """Note what is answered, apart from what telemetry adds."""
        kept = [(name, value) for name, value in headers if name.lower() not in OURS]
        self.events.append(("start", status, kept, exc_info and exc_info[0]))
        return lambda chunk: self.events.append(("written", chunk))

    def close(self, answer: Iterable[bytes]) -> None:
        """End as PEP 3333 requires."""
        try:
            getattr(answer, "close", lambda: None)()
        except RuntimeError as error:
            self.events.append(("close raised", str(error)))


@pytest.fixture
def edges(settings: Settings, clean_process: None) -> Observed:  # noqa: ARG001
    """Observe the app of unusual answers."""
    seen = Observed(Flask("unused"))
    pipeline = telemetry.Pipeline(seen.spans.take, [seen.reader])
    seen.app = build(lambda app: set_up_telemetry(app, settings, pipeline))
    return seen


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_is_the_same_and_observed_once(edges: Observed, case: Case, lines: Lines) -> None:
    expected = Server(BARE.wsgi_app).serve(case)

    assert Server(edges.app.wsgi_app).serve(case) == expected
    assert len([line for line in lines() if line["event"] == "http_request"]) == 1
    assert len(edges.spans.get_finished_spans()) == 1
    assert sum(point.count for point in edges.points("http.server.request.duration")) == 1
    assert [point.value for point in edges.points("http.server.active_requests")] == [0]


def test_a_layer_that_joins_chunks_is_noticed() -> None:
    def joining(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return [b"".join(BARE.wsgi_app(environ, start_response))]

    assert Server(joining).serve(Case("/stream")) != Server(BARE.wsgi_app).serve(Case("/stream"))
    assert Server(joining).serve(Case("/text")) != Server(BARE.wsgi_app).serve(Case("/text"))


@pytest.mark.parametrize("path", ["/context", "/context-fails", "/fails", "/boom", "/hook", "/early"])
def test_signals_of_an_edge_agree(edges: Observed, path: str, lines: Lines) -> None:
    Server(edges.app.wsgi_app).serve(Case(path))

    [line] = [line for line in lines() if line["event"] == "http_request"]
    [span] = edges.spans.get_finished_spans()
    [point] = edges.points("http.server.request.duration")
    names = ("http.request.method", "http.response.status_code")
    told = {"http.route": line["http.route"]} if line["http.route"] else {}
    told |= {name: line[name] for name in names}
    for signal in (span.attributes, point.attributes):
        assert {name: signal[name] for name in (*names, "http.route") if name in signal} == told


def test_a_middlewares_second_answer_is_the_same_and_the_instrumentor_alone_does_not_measure_it(
    edges: Observed, settings: Settings, lines: Lines
) -> None:
    expected = Server(BARE.wsgi_app).serve(TWICE)

    assert Server(edges.app.wsgi_app).serve(TWICE) == expected
    assert [event[1] for event in expected if event[0] == "start"] == ["200 OK", "503 Service Unavailable"]
    assert len(edges.spans.get_finished_spans()) == 1
    assert len([line for line in lines() if line["event"] == "http_request"]) == 1
    # The instrumentor reads Flask's request at each start_response, and by then there is none.
    measured = [point.attributes["http.response.status_code"] for point in edges.points("http.server.request.duration")]
    assert measured == ([] if settings.telemetry_pipeline is TelemetryPipeline.STANDARD else [503])


@pytest.mark.parametrize("path", ["/names/%C3%BC", "/names/%ff", "/names/%00", "/names/%37", "/names/a%0d%0ab"])
def test_the_path_of_the_span_is_the_path_of_the_line(edges: Observed, path: str, lines: Lines) -> None:
    Server(edges.app.wsgi_app).serve(Case(path))

    [line] = lines()
    [span] = edges.spans.get_finished_spans()
    assert span.attributes["url.path"] == line["url.path"] != path
