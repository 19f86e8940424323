# SPDX-License-Identifier: Apache-2.0
"""Keys: what API_KEYS may hold, which secret opens what, and until when."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from app.access import DEV_KEYS, DEV_SECRETS, ApiKey, KeyRing, Scope, fingerprint
from app.access_entries import ARRAY, key_entry, parse_keys
from app.api.access_command import api_key, register_commands

SECRET = "kQ7f-of-the-teller"
TELLER = ApiKey("teller", "acme", frozenset({Scope.READ, Scope.WRITE}), fingerprint(SECRET), date(2027, 12, 31))
ENTRY: dict[str, Any] = json.loads(key_entry(TELLER))
CANARY = "zz-canary-7391"
NO_NAMES = ["", "Teller", "a b", "é", "x" * 33, "a\n", 7, None]
WRONG: dict[str, list[object]] = {
    "id": NO_NAMES,
    "client": NO_NAMES,
    "scopes": ["loans:read", [], ["loans:delete"], ["loans:read", 7], [["loans:read"]], {}],
    "sha256": ["0a" * 31, "0A" * 32, "zz" * 32, "0a" * 32 + "\n", 7, None],
    "expires_on": ["2027-02-30", "20271231", "2027-W01-1", "٢٠٢٧-12-31", "soon", 7, None],
}


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_a_secret_finds_its_key_and_no_other() -> None:
    ring = KeyRing(DEV_KEYS, lambda: at("2026-11-24"))

    found = {key_id: ring.find(secret) for key_id, secret in DEV_SECRETS.items()}

    assert {key_id: key and key.id for key_id, key in found.items()} == {key_id: key_id for key_id in DEV_SECRETS}


@pytest.mark.parametrize("secret", ["", SECRET.upper(), SECRET + " ", TELLER.sha256, "ÿ"])
def test_what_is_no_secret_finds_no_key(secret: str) -> None:
    assert KeyRing([TELLER], lambda: at("2026-11-24")).find(secret) is None


def test_a_key_works_to_the_end_of_its_last_day() -> None:
    last = KeyRing([TELLER], lambda: at("2027-12-31T23:59:59"))
    after = KeyRing([TELLER], lambda: at("2028-01-01T00:00:00"))

    assert last.find(SECRET) == TELLER
    assert after.find(SECRET) is None


def test_a_key_without_a_last_day_works_on() -> None:
    endless = replace(TELLER, expires_on=None)

    assert KeyRing([endless], lambda: at("2099-01-01")).find(SECRET) == endless


def test_the_public_keys_are_two_clients_with_what_each_may_do() -> None:
    assert {key.id: (key.client_id, set(key.scopes)) for key in DEV_KEYS} == {
        "applicant": ("demo", {Scope.READ, Scope.WRITE}),
        "officer": ("demo", {Scope.READ, Scope.WRITE, Scope.ADMIN}),
        "auditor": ("demo", {Scope.READ}),
        "rival": ("rival", {Scope.READ, Scope.WRITE, Scope.ADMIN}),
        "operator": ("demo", {Scope.FAULTS}),
    }


def test_an_entry_is_read_as_it_was_written() -> None:
    keys = (TELLER, *DEV_KEYS)

    assert parse_keys(f"[{','.join(map(key_entry, keys))}]") == (keys, [])


@pytest.mark.parametrize(
    "text",
    ["", "no json", "{}", "[]", "7", "null", "[" * 100_000, '[{"id": "a", "id": "b"}]', key_entry(TELLER)],
)
def test_what_is_no_array_of_objects_is_refused(text: str) -> None:
    assert parse_keys(text) == ((), [ARRAY])


@pytest.mark.parametrize(("member", "value"), [(member, value) for member in WRONG for value in WRONG[member]])
def test_a_wrong_member_is_named_with_its_entry(member: str, value: object) -> None:
    keys, [problem] = parse_keys(json.dumps([key_entry_of("first"), ENTRY | {member: value}]))

    assert keys == ()
    assert problem.startswith(f"entry 2: {member}: ")
    assert "expected" in problem


@pytest.mark.parametrize("member", ["id", "client", "scopes", "sha256"])
def test_a_missing_member_is_named(member: str) -> None:
    _, [problem] = parse_keys(json.dumps([{name: value for name, value in ENTRY.items() if name != member}]))

    assert problem.startswith(f"entry 1: {member}: ")


def test_an_unknown_member_is_refused_without_its_name() -> None:
    _, problems = parse_keys(json.dumps([ENTRY | {CANARY: CANARY}]))

    assert problems == ["entry 1: no members but id, client, scopes, sha256, expires_on are expected"]


@pytest.mark.parametrize("entry", [None, 7, "teller", []])
def test_an_entry_that_is_no_object_is_named(entry: object) -> None:
    assert parse_keys(json.dumps([ENTRY, entry])) == ((), ["entry 2: an object is expected"])


def test_all_that_is_wrong_is_reported_at_once_and_never_a_value() -> None:
    wrong = {"id": CANARY.upper(), "client": CANARY + "_", "scopes": [CANARY], "sha256": CANARY, "expires_on": CANARY}

    _, problems = parse_keys(json.dumps([wrong, 7]))

    assert [problem.rpartition(":")[0] for problem in problems[:2]] == ["entry 1: id", "entry 1: client"]
    assert len(problems) == 6
    assert CANARY not in str(problems).lower()


@pytest.mark.parametrize(("member", "other"), [("id", "sha256"), ("sha256", "id")])
def test_what_two_keys_share_is_named(member: str, other: str) -> None:
    second = ENTRY | {other: key_entry_of("second")[other]}

    _, problems = parse_keys(json.dumps([ENTRY, second]))

    assert problems == [f"entry 2: {member}: one that no entry before has is expected"]


def test_the_command_prints_a_secret_and_the_entry_that_it_opens() -> None:
    options = ["--id", "teller", "--client", "acme", "--scope", "loans:read", "--scope", "loans:write"]

    result = CliRunner().invoke(api_key, [*options, "--expires-on", "2027-12-31"])

    secret, entry = result.stdout.splitlines()
    keys, problems = parse_keys(f"[{entry}]")
    assert (result.exit_code, problems) == (0, [])
    assert keys == (replace(TELLER, sha256=fingerprint(secret)),)
    assert len(secret) == 43


def test_the_command_makes_another_secret_each_time() -> None:
    options = ["--id", "teller", "--client", "acme", "--scope", "loans:read"]

    secrets = {CliRunner().invoke(api_key, options).stdout.splitlines()[0] for _ in range(3)}

    assert len(secrets) == 3


@pytest.mark.parametrize(
    ("option", "value"),
    [("--id", "Teller"), ("--client", ""), ("--scope", "loans:delete"), ("--expires-on", "tomorrow")],
)
def test_the_command_refuses_what_no_entry_can_have(option: str, value: str) -> None:
    options = {"--id": "teller", "--client": "acme", "--scope": "loans:read", option: value}

    result = CliRunner().invoke(api_key, [word for pair in options.items() for word in pair])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"'{option}'" in result.stderr


def test_the_command_is_one_of_flasks() -> None:
    app = Flask("loans")

    register_commands(app)

    assert app.cli.commands["api-key"] is api_key


def key_entry_of(key_id: str) -> dict[str, Any]:
    """Give the entry of another key."""
    entry: dict[str, Any] = json.loads(key_entry(replace(TELLER, id=key_id, sha256=fingerprint(key_id))))
    return entry
