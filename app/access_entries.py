# SPDX-License-Identifier: Apache-2.0
"""API_KEYS: the JSON array that holds one object per key."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date

from app.access import ApiKey, Scope

NAME = re.compile(r"[a-z0-9-]{1,32}")
HASH = re.compile(r"[0-9a-f]{64}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # ISO 8601 has more forms, which people misread

ARRAY = "a JSON array of one or more objects is expected, each with each member once"
OBJECT = "an object is expected"
NAMES = "1 to 32 characters of a-z, 0-9 and - are expected"


def parse_keys(text: str) -> tuple[tuple[ApiKey, ...], list[str]]:
    """Read the keys, and what is wrong: entry and member and what is expected there, never a value."""
    try:
        entries = json.loads(text, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        return (), [ARRAY]
    if not isinstance(entries, list) or not entries:
        return (), [ARRAY]
    problems = [f"entry {number}: {wrong}" for number, entry in enumerate(entries, 1) for wrong in _wrong(entry)]
    if problems:
        return (), problems
    keys = tuple(_key(entry) for entry in entries)
    return keys, _repeated("id", [key.id for key in keys]) + _repeated("sha256", [key.sha256 for key in keys])


def key_entry(key: ApiKey) -> str:
    """Write a key as the object that stands for it in API_KEYS."""
    entry: dict[str, object] = {"id": key.id, "client": key.client_id}
    entry |= {"scopes": [scope.value for scope in Scope if scope in key.scopes], "sha256": key.sha256}
    if key.expires_on:
        entry["expires_on"] = key.expires_on.isoformat()
    return json.dumps(entry)


def is_name(value: object) -> bool:
    """Return whether a value can be the id of a key or of a client."""
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def is_day(value: object) -> bool:
    """Return whether a value is a date in the form YYYY-MM-DD."""
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:  # 30 February
        return False
    return True


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def _is_scopes(value: object) -> bool:
    known = {scope.value for scope in Scope}
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each in known for each in value)


MEMBERS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "id": (is_name, NAMES),
    "client": (is_name, NAMES),
    "scopes": (_is_scopes, f"an array of one or more of {', '.join(Scope)} is expected"),
    "sha256": (_is_hash, "the SHA-256 of the secret is expected, 64 characters of 0-9 and a-f"),
    "expires_on": (is_day, "a date is expected, YYYY-MM-DD"),
}
OPTIONAL = {"expires_on"}


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError(ARRAY)
    return members


def _wrong(entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return [OBJECT]
    # The name of an unknown member is not repeated: a secret in the wrong place would be.
    unknown = [f"no members but {', '.join(MEMBERS)} are expected"] if entry.keys() - MEMBERS.keys() else []
    return unknown + [
        f"{member}: {expected}"
        for member, (is_right, expected) in MEMBERS.items()
        if (member in entry or member not in OPTIONAL) and not is_right(entry.get(member))
    ]


def _key(entry: dict[str, str]) -> ApiKey:
    until = date.fromisoformat(entry["expires_on"]) if "expires_on" in entry else None
    return ApiKey(entry["id"], entry["client"], frozenset(map(Scope, entry["scopes"])), entry["sha256"], until)


def _repeated(member: str, values: list[str]) -> list[str]:
    return [
        f"entry {number}: {member}: one that no entry before has is expected"
        for number, value in enumerate(values, 1)
        if value in values[: number - 1]
    ]
