# SPDX-License-Identifier: Apache-2.0
"""An answer with data, an empty one and an error are distinguished, for each kind of server and query."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from grafana.provisioned import Answer, Click, Kind, Query, Source, Status, Way, Window, ask

WINDOW = Window(start=1_000.0, end=1_600.0)
CLICK = Click(trace_id="0" * 31 + "1", route="/api/v1/loans", worker="host-w0")
NAN = ["1", "NaN"]
VECTOR = {"data": {"resultType": "vector", "result": [{"value": [1, "0"]}]}}
MATRIX = {"data": {"resultType": "matrix", "result": [{"values": [NAN, ["2", "0"]]}]}}
LINES = {"data": {"resultType": "streams", "result": [{"values": [["1", "a line"]]}]}}
NOT_A_NUMBER = {"data": {"resultType": "matrix", "result": [{"values": [NAN]}]}}
NOTHING = {"data": {"resultType": "vector", "result": []}}
EXEMPLARS = {"data": [{"exemplars": [{"labels": {"trace_id": "1"}}]}]}
SPAN_METRICS = {"series": [{"samples": [{"value": 0.1}]}]}

Asker = Callable[[str, Way, str, object], Answer]


@pytest.mark.parametrize(
    ("kind", "way", "text", "document"),
    [
        ("prometheus", Way.GRAPH, "up", MATRIX),
        ("prometheus", Way.NOW, "up", VECTOR),
        ("prometheus", Way.EXEMPLARS, "up", EXEMPLARS),
        ("prometheus", Way.LABEL_VALUES, 'label_values(up{a="b"}, job)', {"data": ["prometheus"]}),
        ("loki", Way.GRAPH, "{a='b'}", LINES),
        ("loki", Way.GRAPH, "rate({a='b'}[$__auto])", MATRIX),
        ("loki", Way.NOW, "rate({a='b'}[5m])", VECTOR),
        ("tempo", Way.SEARCH, "{}", {"traces": [{"traceID": "1"}]}),
        ("tempo", Way.SPAN_METRICS, "{} | rate()", SPAN_METRICS),
        ("tempo", Way.TRACE, "${__value.raw}", {"batches": [{"scopeSpans": [{}]}]}),
    ],
)
def test_an_answer_with_a_value_is_data(asked: Asker, kind: str, way: Way, text: str, document: object) -> None:
    assert asked(kind, way, text, document).status == Status.OK


@pytest.mark.parametrize(
    ("kind", "way", "text", "document"),
    [
        ("prometheus", Way.GRAPH, "up", NOTHING),
        ("prometheus", Way.GRAPH, "up / 0", NOT_A_NUMBER),
        ("prometheus", Way.EXEMPLARS, "up", {"data": []}),
        ("prometheus", Way.LABEL_VALUES, "label_values(up, job)", {"data": []}),
        ("loki", Way.NOW, "rate({a='b'}[5m])", NOTHING),
        ("tempo", Way.SEARCH, "{}", {"traces": None}),
        ("tempo", Way.SPAN_METRICS, "{} | rate()", {}),
        ("tempo", Way.TRACE, "${__value.raw}", {}),
    ],
)
def test_an_answer_without_a_value_is_empty(asked: Asker, kind: str, way: Way, text: str, document: object) -> None:
    assert asked(kind, way, text, document).status == Status.EMPTY


def test_a_refused_query_is_an_error_with_the_servers_words(asked: Asker) -> None:
    answer = asked("prometheus", Way.NOW, "sum(", "parse error: unclosed left parenthesis")

    assert answer.status == Status.ERROR
    assert "unclosed left parenthesis" in answer.detail


def test_a_variable_that_nothing_fills_in_is_an_error(asked: Asker) -> None:
    answer = asked("prometheus", Way.NOW, "rate(x[$misspelt])", VECTOR)

    assert (answer.status, answer.sent) == (Status.ERROR, "rate(x[$misspelt])")


def test_label_values_of_nothing_are_an_error(asked: Asker) -> None:
    assert asked("prometheus", Way.LABEL_VALUES, "label_values(job)", {"data": ["a"]}).status == Status.ERROR


def test_a_server_that_is_away_is_an_error() -> None:
    query = Query("here", Kind.PANEL, Source("prometheus", "prometheus"), Way.NOW, "up")

    answer = ask(query, {"prometheus": "http://127.0.0.1:9"}, WINDOW, CLICK)

    assert answer.status == Status.ERROR


def test_a_server_without_an_address_is_an_error() -> None:
    query = Query("here", Kind.PANEL, Source("prometheus", "prometheus"), Way.NOW, "up")

    assert ask(query, {}, WINDOW, CLICK).status == Status.ERROR


@pytest.fixture
def asked() -> Iterator[Asker]:
    """Query a server with a canned answer: a document, or the text of a refusal."""
    document: object = None

    class Canned(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            refused = isinstance(document, str)
            body = (document if isinstance(document, str) else json.dumps(document)).encode()
            self.send_response(400 if refused else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Canned) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        def ask_it(kind: str, way: Way, text: str, answer: object) -> Answer:
            nonlocal document
            document = answer
            query = Query("here", Kind.PANEL, Source(kind, kind), way, text)
            return ask(query, {kind: f"http://127.0.0.1:{server.server_port}"}, WINDOW, CLICK)

        yield ask_it
        server.shutdown()
