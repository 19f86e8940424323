# SPDX-License-Identifier: Apache-2.0
"""A slow and a failing request can be followed from the graph to the log line and back."""

import re
from collections.abc import Callable

import pytest

from stack.runner import Stack
from stack.tour.caller import submit_application
from stack.tour.provoke import Answer, failing_request, slow_request
from stack.tour.walk import Follower
from tests.chain.conftest import Backends

# The lock is held for 0.65 s, and the service waits for 1 s: a machine that stops for a moment can swap them.
ATTEMPTS = 4


@pytest.mark.parametrize(("provoke", "status"), [(slow_request, 200), (failing_request, 503)])
def test_one_request_leads_through_all_signals(
    stack: Stack, backends: Backends, provoke: Callable[[str, str, str], Answer], status: int
) -> None:
    edge = stack.url("nginx")
    loan_id = submit_application(edge)

    answers = (provoke(edge, stack.database_url, loan_id) for _ in range(ATTEMPTS))
    answer = next((each for each in answers if each.status == status), None)
    assert answer
    walk = Follower(backends.prometheus, backends.loki, backends.tempo).follow(answer)

    assert answer.seconds > 0.5
    assert re.fullmatch("[0-9a-f]{32}", answer.trace_id)
    assert walk.metric[0].value >= 1
    assert walk.exemplar.trace_id == answer.trace_id
    assert walk.exemplar.value > 0.5
    names = {span.attributes.get("db.system.name", "service") for span in walk.trace}
    assert names == {"service", "postgresql"}
    assert {line.labels["trace_id"] for line in walk.log_lines} == {answer.trace_id}
    assert walk.back[0].value >= 1
    if status == 503:
        assert answer.body["trace_id"] == answer.trace_id
