# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL as a plain process: data survives, passwords count, nothing outlives its owner."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from stack.ports import PortError, free_port, is_free
from stack.postgres import Postgres, PostgresError
from tests.stack.fakes import alive, eventually

OWNER = """
import time
from stack.postgres import Postgres
with Postgres.temporary() as server:
    print(server.pid, server.port, server.data_dir, flush=True)
    time.sleep(60)
"""


def query(url: str, text: str) -> object:
    with (
        contextlib.closing(psycopg2.connect(url.replace("+psycopg2", ""))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(text)
        row = cursor.fetchone() if cursor.description else None
        connection.commit()
        return row[0] if row else None


def test_committed_data_survives_a_stop_and_a_crash() -> None:
    with Postgres.temporary() as server:
        url = server.create("loans")
        query(url, "CREATE TABLE loan AS SELECT 7 AS id")

        server.stop()
        assert not server.ready()
        server.start()
        server.kill()
        server.start()

        assert query(url, "SELECT id FROM loan") == 7
        assert server.create("loans") == url  # again, and nothing is lost
        assert query(url, "SELECT id FROM loan") == 7


def test_a_wrong_password_is_refused_and_explained() -> None:
    with Postgres.temporary() as server:
        other = Postgres(server.data_dir, server.port, password="not-the-one")

        with pytest.raises(PostgresError, match="the user or the password does not fit the data in"):
            eventually(other.ready)  # False while there is no answer, as on a machine that stops


def test_two_throwaway_servers_do_not_meet() -> None:
    with Postgres.temporary() as first, Postgres.temporary() as second:
        query(first.create("loans"), "CREATE TABLE here ()")

        assert first.port != second.port
        assert query(second.create("loans"), "SELECT to_regclass('here')") is None


def test_a_server_that_cannot_start_reports_why() -> None:
    with Postgres.temporary() as server:
        twin = Postgres(server.data_dir, free_port())
        with pytest.raises(PostgresError, match="PostgreSQL did not start on port") as caught:
            twin.start(timeout=10)

    assert "postmaster.pid" in caught.value.output
    assert twin.pid is None


def test_a_port_in_use_is_not_taken_for_the_own_server() -> None:
    with Postgres.temporary() as server:
        twin = Postgres(server.data_dir, server.port)

        with pytest.raises(PortError, match=rf"port {server.port} \(db\) is in use"):
            twin.start()


def test_after_the_context_there_is_no_process_no_port_and_no_folder() -> None:
    with Postgres.temporary() as server:
        pid, folder = server.pid, server.data_dir
        assert pid
        assert alive(pid)

    assert not alive(pid)
    assert is_free(server.port)
    assert not folder.exists()


def test_the_server_ends_when_its_owner_is_killed() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, cwd=os.curdir)
    assert owner.stdout
    with owner.stdout:
        pid, port, folder = owner.stdout.readline().split()
    assert alive(int(pid))

    owner.kill()
    owner.wait()

    assert eventually(lambda: not alive(int(pid)))
    assert eventually(lambda: is_free(int(port)))
    subprocess.run(["rm", "-rf", str(Path(folder).parent)], check=True)
