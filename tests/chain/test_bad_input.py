# SPDX-License-Identifier: Apache-2.0
"""The table of bad input as bytes through Nginx, Gunicorn and PostgreSQL; and clients that leave or are slow."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from stack.polling import poll
from stack.runner import Stack
from tests.bad_input.case import Case
from tests.bad_input.check import Books, check
from tests.bad_input.over_sockets import OverSockets
from tests.bad_input.request import CANARY, LOANS, post
from tests.bad_input.table import AT_THE_EDGE, PAST_THE_EDGE
from tests.bad_input.world import World

SETTLE_SECONDS = 1.0  # many times what a request takes: what is not written by then never will be
WRITTEN_SECONDS = 30.0
CUT_OFF_SECONDS = 14.0  # Nginx waits 5 s for the next byte, by default 60


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """Give what the cases find, made through Nginx."""
    return World(sockets(stack, "nginx"))


@pytest.fixture(scope="module")
def books(stack: Stack) -> Iterator[Books]:
    """Look at all tables."""
    with closing(Books(stack.database_url)) as books:
        yield books


@pytest.mark.parametrize("case", AT_THE_EDGE.values(), ids=AT_THE_EDGE)
def test_bad_input_gets_its_answer(world: World, books: Books, case: Case) -> None:
    check(case, world, books, edge=True)


@pytest.mark.parametrize("case", PAST_THE_EDGE.values(), ids=PAST_THE_EDGE)
def test_what_nginx_replaces_does_no_harm_to_the_service_either(stack: Stack, books: Books, case: Case) -> None:
    check(case, World(sockets(stack, "api")), books, edge=False)


@pytest.mark.parametrize("server", ["nginx", "api"])
def test_a_client_that_leaves_within_its_request_has_written_nothing(
    stack: Stack, world: World, books: Books, server: str
) -> None:
    wire = post(LOANS, world.application()).wire()
    before = books.seen()

    with sockets(stack, server).connect() as connection:
        connection.sendall(wire[:-10])
    time.sleep(SETTLE_SECONDS)

    assert books.seen() == before


# Nginx gives a request up when its client has gone, unless it has already passed it on.
@pytest.mark.parametrize(("server", "certain"), [("nginx", False), ("api", True)])
def test_a_client_that_leaves_before_the_answer_can_ask_for_it_again(
    stack: Stack, world: World, books: Books, server: str, certain: bool
) -> None:
    request = post(LOANS, world.application())
    before = loans(books)

    with sockets(stack, server).connect() as connection:
        connection.sendall(request.wire())
    if certain:
        poll(lambda: loans(books) > before, WRITTEN_SECONDS, "the loan")
    else:
        time.sleep(SETTLE_SECONDS)
    written = loans(books) > before
    answer = world.send(request)

    assert answer.status == 201
    # What has not been written by the first look may be until the second.
    assert answer.header("Idempotent-Replayed") in ({"true"} if written else {"true", None})
    assert loans(books) == before + 1


def test_a_slow_body_is_cut_off(stack: Stack, world: World, books: Books) -> None:
    wire = post(LOANS, world.application()).wire()
    before = books.seen()

    with sockets(stack, "nginx").connect() as connection:
        began = time.monotonic()
        connection.sendall(wire[:-10])
        heard = connection.recv(65_536)
        took = time.monotonic() - began

    # The status is for the log: a sender that is as slow on purpose gets no word.
    assert heard == b""
    assert took < CUT_OFF_SECONDS
    assert books.seen() == before


def test_afterwards_the_books_agree(world: World, books: Books) -> None:
    world.loan("active")

    found = books.reconciled()
    assert found.loans_checked
    assert found.clean, found


def test_afterwards_nothing_of_the_input_is_in_the_logs(stack: Stack, world: World) -> None:
    world.loan("active")
    lines = [line for path in stack.log_dir.glob("*.jsonl") for line in path.read_text().splitlines()]
    documents = [json.loads(line) for line in lines]

    assert documents
    assert not [document for document in documents if CANARY in str(document)]


def sockets(stack: Stack, name: str) -> OverSockets:
    """Give the way to a service of the stack."""
    port = urlsplit(stack.url(name)).port
    assert port is not None
    return OverSockets(port)


def loans(books: Books) -> int:
    """Count the loans."""
    return int(next(count for table, count, _ in books.seen() if table == "loan"))
