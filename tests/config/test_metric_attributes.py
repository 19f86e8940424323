# SPDX-License-Identifier: Apache-2.0
"""Lint refuses a metric's attribute without a bound, in the catalogue and wherever the code measures."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.attributes_in_code import constants, sites
from docs.expressions import Site
from docs.metric_attributes import in_the_catalogue, in_the_code

ROOT = Path(__file__).parents[2]
CATALOGUE: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "telemetry.yaml").read_text(encoding="utf-8"))
SEMCONV = constants((ROOT / "app" / "telemetry" / "semconv.py").read_text(encoding="utf-8"))
THROUGH_VARIABLES = """
def f(event):
    who = {"loan.borrower.id": event.id}
    kind = {"loan.currency": "EUR"}
    return Measurement("a", 1, kind | who)
"""
THROUGH_A_PARAMETER = """
def f(n, labels):
    labels = {**labels, "loan.currency": "EUR"}
    return Observation(n, labels)
def g():
    return f(1, {"url.path": path})
"""
THROUGH_A_GENERATOR = """
def f(g):
    for one, n in pairs():
        g.add(n, one)
def pairs():
    yield {"loan.id": 1}, 2
"""
THROUGH_A_CLASS = """
class Kept(NamedTuple):
    name: str
    labels: Mapping[str, str]
    def measured(self):
        return {"url.path": path}
counter.add(1, Kept("a", {"loan.id": i}).labels)
counter.add(1, kept.measured())
"""
PIECE_BY_PIECE = """
labels = {}
labels["loan.id"] = i
labels.update({"url.path": path})
counter.add(1, labels)
"""


def test_the_repository_is_accepted() -> None:
    command = [sys.executable, "-m", "docs.metric_attributes"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    print(said.stdout)  # noqa: T201  # the result
    assert (said.returncode, said.stderr) == (0, "")


def test_every_metric_with_attributes_is_read_from_the_code() -> None:
    named = {name for site in read_all() for name in site.attributes}

    assert named == {name for metric in CATALOGUE["metrics"] for name in metric["attributes"]}


def read_all() -> list[Site]:
    paths = sorted((ROOT / "app").rglob("*.py"))
    return [site for path in paths for site in sites(path.read_text(encoding="utf-8"), path.name, SEMCONV)]


def first(it: dict[str, Any]) -> list[str]:
    attributes: list[str] = it["metrics"][0]["attributes"]
    return attributes


def row(it: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in it["attributes"] if each["name"] == name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: first(it).append("loan.id"), "has loan.id: it is an id"),
        (lambda it: first(it).append("url.path"), "has url.path: it is an id, a text"),
        (lambda it: first(it).append(row(it, "loan.id").setdefault("at_most", 5) and "loan.id"), "it is an id"),
        (lambda it: first(it).append("message"), "has message: it is an id, a text"),
        (lambda it: first(it).append("loan.amount_minor"), "has loan.amount_minor: it is an id, a text or an amount"),
        (lambda it: first(it).append("sink"), "has sink: docs/telemetry.yaml has neither its values"),
        (lambda it: first(it).append("made.up"), "has made.up: it is not in docs/telemetry.yaml"),
        (lambda it: row(it, "http.route").pop("at_most"), "has http.route: docs/telemetry.yaml has neither"),
        (lambda it: row(it, "http.route").update(at_most=1_000_000), "1000000 values are more than 300"),
    ],
)  # fmt: skip
def test_an_attribute_without_a_bound_is_refused_in_the_catalogue(
    change: Callable[[dict[str, Any]], object], words: str
) -> None:
    wrong = copy.deepcopy(CATALOGUE)

    change(wrong)

    assert [line for line in in_the_catalogue(wrong) if words in line]
    assert list(in_the_catalogue(CATALOGUE)) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Listed(semconv.HTTP_ROUTE, (semconv.HTTP_REQUEST_METHOD, semconv.URL_PATH))", "Listed has url.path"),
        ('InstrumentDefinition("a", "1", "text", combinations({semconv.LOAN_ID: ids}))', "combinations has loan.id"),
        ('InstrumentDefinition("a", "1", "text", ({"made.up": "x"},))', "InstrumentDefinition has made.up"),
        ('counter.add(1, {"loan.id": str(loan.id)})', "counter.add has loan.id"),
        ('self._duration.record(1.0, attributes={"db.query.text": statement})', "has db.query.text"),
        ('Observation(1, {"user.name": name})', "Observation has user.name: it is not in docs/telemetry.yaml"),
        (THROUGH_VARIABLES, "Measurement has loan.borrower.id"),
        (THROUGH_A_PARAMETER, "Observation has url.path"),
        (THROUGH_A_GENERATOR, "g.add has loan.id"),
        (THROUGH_A_CLASS, "counter.add has loan.id"),
        (THROUGH_A_CLASS, "counter.add has url.path"),
        (PIECE_BY_PIECE, "counter.add has loan.id"),
        (PIECE_BY_PIECE, "counter.add has url.path"),
        ('KEY = "loan.transaction.id"\ncounter.add(1, {KEY: i, **{"message": m}})', "loan.transaction.id"),
        ('KEY = "loan.transaction.id"\ncounter.add(1, {KEY: i, **{"message": m}})', "counter.add has message"),
        ('counter.add(1, {f"loan.{word}": "x"})', "can be read"),
        ("counter.add(1, made_elsewhere())", "counter.add has made_elsewhere(): write its attributes"),
    ],
)  # fmt: skip
def test_an_attribute_without_a_bound_is_refused_in_the_code(source: str, words: str) -> None:
    refused = list(in_the_code(list(sites(source, "app/x.py", SEMCONV)), CATALOGUE))

    assert [line for line in refused if line.startswith("app/x.py:") and words in line], refused


def test_what_measures_nothing_is_left_alone() -> None:
    source = "import exposition\nexposition.add(before, now)\nseen.add(id(link))\nrecord(LoanPaidOff(loan.id))\n"

    assert list(sites(source, "app/x.py", SEMCONV)) == []
