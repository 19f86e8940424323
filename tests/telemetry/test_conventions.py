# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry's names have the units, kinds and types of the conventions; our names don't collide with them."""

import copy
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.telemetry.conventions import conventions, disagreements, namespaces

ROOT = Path(__file__).parents[2]
CATALOGUE: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "telemetry.yaml").read_text(encoding="utf-8"))
# The package's schema has about 1,000 names; with fewer, it was not read.
AT_LEAST = 500


def test_the_catalogue_agrees_with_the_conventions() -> None:
    rows = [*CATALOGUE["metrics"], *CATALOGUE["attributes"]]
    print(Counter(row["stability"] for row in rows))  # noqa: T201  # the result

    assert disagreements(CATALOGUE) == []


def test_the_conventions_were_read() -> None:
    attributes, metrics = conventions("attributes"), conventions("metrics")

    assert len(attributes) > AT_LEAST
    assert attributes["http.route"].stability == "stable"
    assert attributes["db.client.connection.state"].stability == "development"
    assert attributes["http.method"].stability == "deprecated"
    assert "postgresql" in attributes["db.system.name"].values
    assert metrics["http.server.request.duration"].says("Unit") == "s"
    assert {"http", "db", "otel"} <= namespaces()
    assert not {"loan", "auth"} & namespaces()


def metric(catalogue: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in catalogue["metrics"] if row["name"] == name)


def attribute(catalogue: dict[str, Any], name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", next(row for row in catalogue["attributes"] if row["name"] == name))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: metric(it, "db.client.operation.duration").update(name="db.client.operation.time"),
         "db.client.operation.time: marked stable, and is ours"),
        (lambda it: metric(it, "loan.decisions").update(name="http.decisions"),
         "http.decisions: no convention has it, and its first word is theirs"),
        (lambda it: metric(it, "db.client.operation.duration").update(unit="ms"),
         "db.client.operation.duration: ms, not s"),
        (lambda it: metric(it, "http.server.active_requests").update(type="gauge"),
         "http.server.active_requests: gauge, not updowncounter"),
        (lambda it: metric(it, "otel.sdk.exporter.span.exported").update(stability="stable"),
         "otel.sdk.exporter.span.exported: marked stable, and is development"),
        (lambda it: attribute(it, "http.route").update(name="http.rout"),
         "http.rout: no convention has it, and its first word is theirs"),
        (lambda it: attribute(it, "http.request.method").update(name="http.method"),
         "http.method: marked stable, and is deprecated"),
        (lambda it: attribute(it, "http.response.status_code").update(type="string"),
         "http.response.status_code: string, not int"),
        (lambda it: attribute(it, "db.client.connection.state")["values"].append("busy"),
         "db.client.connection.state: ['busy'] are none of the conventions' values"),
        (lambda it: attribute(it, "loan.currency").update(stability="stable"),
         "loan.currency: marked stable, and is ours"),
    ],
)  # fmt: skip
def test_a_catalogue_that_contradicts_the_conventions_is_noticed(change: Change, words: str) -> None:
    wrong = copy.deepcopy(CATALOGUE)

    change(wrong)

    assert words in disagreements(wrong)
