# SPDX-License-Identifier: Apache-2.0
"""Each threshold and each `for` of an alert is changed, and a mutant that the tests accept is reported."""

from pathlib import Path

import pytest

from stack.alert_mutants import changes, mutants, survivors
from stack.check_configs import ROOT


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("x > 0", ["x <= 0", "x >= 0"]),
        ("up == 0", ["up != 0", "up == 1"]),
        ("x / y > 0.8", ["x / y <= 0.8", "x / y > 1.6", "x / y > 0.4"]),
        ('x{job!="a",code=~"5.."} >= 20', [f'x{{job!="a",code=~"5.."}} {end}' for end in ("< 20", ">= 40", ">= 10")]),
        ("vector(1)", []),
    ],
)
def test_a_comparison_is_flipped_and_its_threshold_changed(expression: str, wrong: list[str]) -> None:
    assert [rule["expr"] for _, rule in changes({"alert": "A", "expr": expression})] == wrong


def test_each_comparison_is_changed_alone() -> None:
    made = [rule["expr"] for _, rule in changes({"alert": "A", "expr": "x > 0 unless y > 0"})]

    assert made == ["x <= 0 unless y > 0", "x >= 0 unless y > 0", "x > 0 unless y <= 0", "x > 0 unless y >= 0"]


def test_a_delay_is_removed_and_doubled() -> None:
    made = [rule.get("for") for _, rule in changes({"alert": "A", "expr": "vector(1)", "for": "30s"})]

    assert made == [None, "60s"]


def test_the_original_is_not_changed() -> None:
    document = {"groups": [{"rules": [{"record": "r", "expr": "y > 1"}, {"alert": "A", "expr": "x > 0"}]}]}

    assert [str(mutant) for mutant in mutants("a.yaml", document)] == ["A: > 0 -> <= 0 at 2", "A: > 0 -> >= 0 at 2"]
    assert document["groups"][0]["rules"][1]["expr"] == "x > 0"


def test_what_every_test_accepts_is_reported() -> None:
    alive, tried = survivors(ROOT, Path("/usr/bin/true"))

    assert len(alive) == tried > 0
    assert any(name.startswith("LoanServiceDown: ") for name in alive)


def test_what_a_test_refuses_is_not_reported() -> None:
    assert survivors(ROOT, Path("/usr/bin/false"))[0] == []
