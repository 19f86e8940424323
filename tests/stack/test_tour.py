# SPDX-License-Identifier: Apache-2.0
"""What the tour says when it cannot be walked: one line, which names the next step."""

import sys
from dataclasses import replace

import pytest

from stack import in_docker
from stack.backends.http import BackendError
from stack.state import State
from stack.tour import __main__ as tour

IN_DOCKER = State(
    runner=0,
    database_url="",
    log_dir="",
    complete=True,
    urls=dict.fromkeys(tour.NEEDED, "http://127.0.0.1:1"),
    pids={},
)


def refusal(monkeypatch: pytest.MonkeyPatch, found: State) -> str:
    monkeypatch.setattr(sys, "argv", ["tour"])
    monkeypatch.setattr(in_docker, "running", lambda _: found)
    with pytest.raises(SystemExit) as caught:
        tour.main()
    return str(caught.value.code)


@pytest.mark.parametrize(("runner", "where"), [(0, "`docker compose ps` shows"), (7, "`./nox -s up` prints")])
def test_what_is_not_ready_is_named_with_where_to_look(
    monkeypatch: pytest.MonkeyPatch, runner: int, where: str
) -> None:
    urls = {name: url for name, url in IN_DOCKER.urls.items() if name not in {"loki", "tempo"}}

    said = refusal(monkeypatch, replace(IN_DOCKER, runner=runner, urls=urls))

    assert said.startswith(f"tour: not ready yet: loki, tempo; {where}")


def test_a_backend_that_refuses_ends_the_tour_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BackendError("http://127.0.0.1:1/api/v1/query: 401")

    monkeypatch.setattr(tour, "walk", refuse)

    assert refusal(monkeypatch, IN_DOCKER) == "tour: http://127.0.0.1:1/api/v1/query: 401"
