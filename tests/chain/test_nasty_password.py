# SPDX-License-Identifier: Apache-2.0
"""Every program that reads PostgreSQL's password accepts any password, and logs none."""

import requests

from stack.polling import poll
from stack.runner import Stack

PASSWORD = "p@ss:w/ord%zz#?&'\"\\ $"
SECONDS = 30.0


def test_the_exporter_reads_postgresql_with_any_password() -> None:
    with Stack.temporary(["db", "postgres-exporter"], {"POSTGRES_PASSWORD": PASSWORD}) as stack:
        poll(lambda: "\npg_up 1\n" in metrics(stack), SECONDS, "pg_up 1")

        assert "p@ss" not in stack.log_tail("postgres-exporter", 1000)


def metrics(stack: Stack) -> str:
    return requests.get(f"{stack.url('postgres-exporter')}/metrics", timeout=10).text
