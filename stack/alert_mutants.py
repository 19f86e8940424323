# SPDX-License-Identifier: Apache-2.0
"""Change each alert's thresholds and require that a promtool test notices: python -m stack.alert_mutants."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any, Final

import yaml

from stack.check_configs import ROOT, files, find_program
from stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A comparison with a number. Label matchers compare with a string, so that no number follows them.
COMPARISON: Final = re.compile(r"(==|!=|>=|<=|>|<) *(\d+(?:\.\d+)?)\b")
OPPOSITE: Final = {"==": "!=", "!=": "==", ">": "<=", ">=": "<", "<": ">=", "<=": ">"}
SECONDS: Final = 60  # a test takes far less than one


@dataclass(frozen=True)
class Mutant:
    """A rule file in which one thing of one alert is changed."""

    file: str
    alert: str
    change: str
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.alert}: {self.change}"


def mutants(file: str, document: dict[str, Any]) -> Iterator[Mutant]:
    """Change each comparison and each `for` of each alert, one at a time."""
    for group, rules in enumerate(group["rules"] for group in document["groups"]):
        for place, rule in enumerate(rules):
            if "alert" in rule:
                for change, mutated in changes(rule):
                    other = copy.deepcopy(document)
                    other["groups"][group]["rules"][place] = mutated
                    yield Mutant(file, rule["alert"], change, other)


def changes(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Describe and make each change of one rule."""
    for found in COMPARISON.finditer(rule["expr"]):
        before, after = rule["expr"][: found.start()], rule["expr"][found.end() :]
        for wrong in comparisons(found[1], float(found[2])):
            yield f"{found[0]} -> {wrong} at {found.start()}", {**rule, "expr": f"{before}{wrong}{after}"}
    if "for" in rule:
        yield "no for", {name: value for name, value in rule.items() if name != "for"}
        number, unit = re.fullmatch(r"(\d+)([smh])", rule["for"]).groups()  # type: ignore[union-attr]
        yield "for doubled", {**rule, "for": f"{int(number) * 2}{unit}"}


def comparisons(operator: str, threshold: float) -> list[str]:
    """Give wrong versions of a comparison: flipped, doubled, halved; a threshold of zero is moved or included."""
    flipped = f"{OPPOSITE[operator]} {threshold:g}"
    if threshold:
        return [flipped, f"{operator} {threshold * 2:g}", f"{operator} {threshold / 2:g}"]
    return [flipped, {">": ">= 0", "==": "== 1"}.get(operator, f"{operator} 1")]


def survives(mutant: Mutant, promtool: Path, scratch: Path) -> bool:
    """Return whether the tests that ask for the mutant's alert accept it."""
    rules, tests = scratch / "rules" / mutant.file, scratch / "tests" / mutant.file
    original = rules.read_text(encoding="utf-8")
    rules.write_text(yaml.safe_dump(mutant.document, width=1000), encoding="utf-8")
    argv = [str(promtool), "test", "rules", f"--run={names_of_tests(tests, mutant.alert)}", str(tests)]
    try:
        ended = subprocess.run(argv, capture_output=True, check=False, timeout=SECONDS)
    finally:
        rules.write_text(original, encoding="utf-8")
    return ended.returncode == 0


def names_of_tests(file: Path, alert: str) -> str:
    """Write the names of the tests that ask for an alert as one regular expression: the others would cost time."""
    names = [name for name, alerts in alerts_of_tests(file) if alert in alerts]
    return f"^({'|'.join(map(re.escape, names))})$"


@cache
def alerts_of_tests(file: Path) -> list[tuple[str, set[str]]]:
    """Read which alerts each test of a file asks for."""
    tests = yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
    return [(test["name"], {case["alertname"] for case in test["alert_rule_test"]}) for test in tests]


def survivors(root: Path, promtool: Path) -> tuple[list[str], int]:
    """List the mutants that no test notices, and count all."""
    with tempfile.TemporaryDirectory(prefix="loan-mutants-") as folder:
        scratch = copytree(root / "prometheus", Path(folder) / "prometheus")
        made = [
            mutant
            for file in files(root, "prometheus/rules/*.yaml")
            for mutant in mutants(Path(file).name, yaml.safe_load((root / file).read_text(encoding="utf-8")))
        ]
        return [str(mutant) for mutant in made if survives(mutant, promtool, scratch)], len(made)


def main() -> int:
    """Print the mutants that survive, and fail if there are any."""
    alive, tried = survivors(ROOT, find_program("promtool"))
    for name in alive:
        print(f"survived  {name}")
    print(f"{tried - len(alive)} of {tried} mutants of the alerts are noticed")
    return 1 if alive or not tried else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(str(error))
