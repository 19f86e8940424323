# SPDX-License-Identifier: Apache-2.0
"""The bare view does to the database what the service does: otherwise they could not be compared."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from app.factory import now
from bench import accounts, bare, caller, replay
from bench.writing import databases
from stack.postgres import Postgres
from tests.conftest import execute

BODIES = {"loans": "/loans", "repayments": f"/loans/{accounts.copy_id(1)}/repayments"}
# Every row of a copied loan, or of an application, but for what is each request's own.
ROWS = """
SELECT 'loan', to_jsonb(loan) - 'id' - 'applied_at' FROM loan
UNION ALL SELECT 'installment', to_jsonb(installment) - 'loan_id' - 'paid_on' FROM installment
UNION ALL SELECT 'transaction', to_jsonb(loan_transaction) - 'id' - 'loan_id' - 'posted_at' FROM loan_transaction
UNION ALL SELECT 'line', to_jsonb(ledger_entry) - 'transaction_id' FROM ledger_entry
UNION ALL SELECT 'key', to_jsonb(idempotency_key) - '{key,fingerprint,headers,body,created_at}'::text[]
  FROM idempotency_key
ORDER BY 1, 2
"""
# An answer of the bare view is the captured one with other ids; spaces are json.dumps's own.
KEPT = "SELECT count(*) FROM idempotency_key WHERE body::jsonb ? 'id' AND headers ? 'Location'"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Flask, str, Flask, str]]:
    """Give the service and the bare one on databases that hold the same, with their URLs, and the borrower."""
    folder = tmp_path_factory.mktemp("bench")
    began = now()
    with pytest.MonkeyPatch.context() as patch, Postgres.temporary() as server:
        patch.setattr(accounts, "now", lambda: began)  # what is replayed has this day, even if midnight comes
        file = folder / "replay.json"
        service_url, bare_url, borrower_id = databases(server, folder, file, 2, lambda _line: None)
        service, _ = caller.build(service_url, Path(folder))
        yield service_url, service, bare_url, bare.create(replay.read(file), bare_url, 1), borrower_id


def test_the_bare_view_writes_the_rows_that_the_service_writes(
    prepared: tuple[str, Flask, str, Flask, str],
) -> None:
    service_url, service, bare_url, naked, borrower_id = prepared
    before = execute(service_url, ROWS)

    for app in (service, naked):
        accounts.post(app, "/loans", accounts.application(borrower_id))
        accounts.post(app, f"/loans/{accounts.copy_id(1)}/repayments", accounts.repayment())

    after = execute(service_url, ROWS)
    assert len(after) - len(before) == 6  # a loan, a booking with two lines, and two keys
    assert execute(bare_url, ROWS) == after
    assert execute(bare_url, KEPT) == execute(service_url, KEPT)
    owed = f"SELECT outstanding_principal_minor, version FROM loan WHERE id = '{accounts.copy_id(1)}'"  # noqa: S608
    assert execute(bare_url, owed) == execute(service_url, owed)


def test_the_service_sends_the_same_statements_for_each_request(prepared: tuple[str, Flask, str, Flask, str]) -> None:
    _, service, _, _, borrower_id = prepared
    path = f"/loans/{accounts.copy_id(2)}/repayments"
    first = replay.record(service, "/loans", accounts.application(borrower_id), ("borrower_id", borrower_id))
    again = replay.record(service, "/loans", accounts.application(borrower_id), ("borrower_id", borrower_id))
    booked = replay.record(service, path, accounts.repayment(), ("loan_id", accounts.copy_id(2)))

    assert [step.statement for step in again.steps] == [step.statement for step in first.steps]
    assert {role for step in first.steps for role in step.roles.values()} == {
        *("key", "id", "borrower_id", "headers", "body"),
    }
    assert {role for step in booked.steps for role in step.roles.values()} == {
        *("key", "id", "loan_id", "headers", "body"),
    }


def test_copies_have_ids_of_their_own() -> None:
    assert UUID(accounts.copy_id(1)) != UUID(accounts.copy_id(2))
