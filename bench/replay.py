# SPDX-License-Identifier: Apache-2.0
"""The statements of one request, captured from the service, so that the bare view can send the very same ones."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask

from app.storage.database import db
from bench import accounts
from bench.capture import Sent, captured


@dataclass(frozen=True)
class Step:
    """A statement; parameters that are the same in each request, and the roles of those that are not."""

    statement: str
    constants: Mapping[str, Any]
    roles: Mapping[str, str]


@dataclass(frozen=True)
class Replay:
    """A request's statements and its answer."""

    steps: tuple[Step, ...]
    answer: Mapping[str, Any]


def record(app: Flask, path: str, body: Mapping[str, object], parent: tuple[str, str]) -> Replay:
    """Send a request and note what the service sends to its database; `parent` is a role and an id, as of the loan."""
    role, parent_id = parent
    with app.app_context():
        engine = db.engine
    with captured(engine) as sent:
        text, answer = accounts.post(app, path, body)
    values = {answer["id"]: "id", parent_id: role, text: "body"}
    return Replay(tuple(_step(each, values) for each in sent), answer)


def write(replays: Mapping[str, Replay], file: Path) -> None:
    """Keep replays in a file, for the bare service's processes."""
    file.write_text(json.dumps({name: asdict(replay) for name, replay in replays.items()}), encoding="utf-8")


def read(file: Path) -> dict[str, Replay]:
    """Read what `write` wrote."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return {name: Replay(_steps(each["steps"]), each["answer"]) for name, each in content.items()}


def _steps(items: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(**item) for item in items)


def _step(sent: Sent, values: Mapping[str, str]) -> Step:
    plain = {name: _plain(value) for name, value in sent.parameters.items()}
    roles = {name: role for name, value in plain.items() if (role := _role(name, value, values))}
    return Step(sent.statement, {name: value for name, value in plain.items() if name not in roles}, roles)


def _role(name: str, value: object, values: Mapping[str, str]) -> str | None:
    if isinstance(value, str) and value.startswith("prepare-"):
        return "key"
    if name == "headers":
        return "headers"
    return values.get(value) if isinstance(value, str) else None


def _plain(value: object) -> object:
    """Give what JSON can hold; PostgreSQL reads the texts as what they are."""
    return str(value) if isinstance(value, UUID | Decimal | date) else value
