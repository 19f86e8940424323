# SPDX-License-Identifier: Apache-2.0
"""The collector masks personal data before it queues it on disk; without its processors the data passes."""

import json
import re
from collections.abc import Iterator

import pytest

from stack.backends.http import get_json
from stack.polling import poll
from stack.runner import Stack
from tests.chain.backends_away import away, come_back, wait_in_queues
from tests.chain.canaries import Canaries
from tests.chain.conftest import Backends
from tests.chain.personal_telemetry import FORMS, Leak, leaked

# A trace is in Tempo within 15 s; a busy machine takes its time to start two servers.
PATIENCE_SECONDS = 60.0
AWAY = ("loki", "tempo")
MASK = b"****"
NET = "processors: [memory_limiter, redaction, transform]"


def forms_in(content: bytes) -> set[str]:
    """Name the forms that can be read in some encoding."""
    return {name for name, text in FORMS.items() if Canaries.of([text], [], [text]).found_in(content)}


def test_what_has_a_known_form_is_masked_on_disk_and_in_the_backends(stack: Stack, backends: Backends) -> None:
    places = sent_while_they_are_away(stack, backends)

    print({place: f"{len(content)} bytes, {content.count(MASK)} masks" for place, content in places.items()})  # noqa: T201  # the result
    assert {place: forms_in(content) for place, content in places.items() if forms_in(content)} == {}
    assert all(MASK in content for content in places.values())


@pytest.mark.usefixtures("torn_net")
def test_without_the_processors_every_form_comes_through(stack: Stack, backends: Backends) -> None:
    places = sent_while_they_are_away(stack, backends)

    assert [forms_in(content) for content in places.values()] == [set(FORMS)] * len(places)


@pytest.fixture
def torn_net(stack: Stack) -> Iterator[None]:
    """Run the collector without what masks."""
    stack.restart("otelcol", transform=without_the_net)
    yield
    stack.restart("otelcol")


def without_the_net(config: str) -> str:
    mutant, torn = re.subn(re.escape(NET), "processors: [memory_limiter]", config)
    assert torn == len(AWAY)
    return mutant


def sent_while_they_are_away(stack: Stack, backends: Backends) -> dict[str, bytes]:
    """Let both backends be away while a line and a span come, read the queues; and read both when they are back."""
    with away(stack, *AWAY), leaked(stack) as leak:
        marks = dict.fromkeys(AWAY, leak.mark.encode())
        waiting = poll(lambda: wait_in_queues(stack, marks), PATIENCE_SECONDS, "line and span in the queues")
        come_back(stack, *AWAY)
        return {
            "queues": waiting,
            "Loki": poll(lambda: line_of(backends, leak), PATIENCE_SECONDS, "the line in Loki"),
            "Tempo": poll(lambda: trace_of(backends, leak), PATIENCE_SECONDS, "the trace in Tempo"),
        }


def line_of(backends: Backends, leak: Leak) -> bytes:
    """Give the line with its labels and its structured metadata."""
    lines = backends.loki.lines('{service_name="loan-service"}', leak.started - 1, leak.started + 300)
    return "\n".join(f"{line.text} {line.labels}" for line in lines if leak.mark in line.text).encode()


def trace_of(backends: Backends, leak: Leak) -> bytes:
    """Give all of the trace."""
    return json.dumps(get_json(f"{backends.tempo.url}/api/traces/{leak.trace_id}"), ensure_ascii=False).encode()
