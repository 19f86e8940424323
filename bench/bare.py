# SPDX-License-Identifier: Apache-2.0
"""The least that the same writes could cost: a Flask view that sends the service's statements, and checks nothing.

`BENCH_REPLAY=... gunicorn -c gunicorn.conf.py bench.bare:app`
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from psycopg2.extensions import connection
from psycopg2.pool import ThreadedConnectionPool
from uuid_utils.compat import uuid7

from bench.replay import Replay, read


def create(replays: Mapping[str, Replay], database_url: str, threads: int) -> Flask:
    """Build the bare service, with as many connections as the service has."""
    app = Flask("bare", static_folder=None)
    pool = ThreadedConnectionPool(threads, threads, database_url.replace("+psycopg2", ""))

    @app.get("/livez")
    def live() -> Response:
        return Response("alive")

    @app.post("/api/v1/loans")
    def submit() -> Response:
        body = json.loads(request.get_data())
        return answer(replays["loans"], "borrower_id", body["borrower_id"])

    @app.post("/api/v1/loans/<loan_id>/repayments")
    def repay(loan_id: str) -> Response:
        json.loads(request.get_data())
        return answer(replays["repayments"], "loan_id", loan_id)

    def answer(replay: Replay, role: str, parent_id: str) -> Response:
        new_id = str(uuid7())
        text = json.dumps({**replay.answer, "id": new_id, role: parent_id})
        location = {"Location": f"{request.path}/{new_id}"}
        key = request.headers["Idempotency-Key"]
        values = {"id": new_id, role: parent_id, "key": key, "body": text, "headers": json.dumps(location)}
        with borrowed(pool) as borrowed_connection:
            run(borrowed_connection, replay, values)
        return Response(text, 201, location, content_type="application/json")

    return app


def run(session: connection, replay: Replay, values: Mapping[str, Any]) -> None:
    """Send a request's statements in one transaction."""
    with session, session.cursor() as cursor:
        for step in replay.steps:
            own = {name: values[role] for name, role in step.roles.items()}
            cursor.execute(step.statement, {**step.constants, **own})
            if cursor.description:
                cursor.fetchall()


@contextmanager
def borrowed(pool: ThreadedConnectionPool) -> Iterator[connection]:
    """Take a connection out of the pool for a while."""
    session = pool.getconn()
    try:
        yield session
    finally:
        pool.putconn(session)


def from_environment() -> Flask:
    """Build the bare service from Gunicorn's settings."""
    replays = read(Path(os.environ["BENCH_REPLAY"]))
    return create(replays, os.environ["DATABASE_URL"], int(os.environ["API_THREADS"]))


def __getattr__(name: str) -> Flask:
    # Built when Gunicorn loads it, not when a test imports this file.
    if name != "app":
        raise AttributeError(name)
    return from_environment()
