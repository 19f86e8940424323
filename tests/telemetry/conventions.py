# SPDX-License-Identifier: Apache-2.0
"""The semantic conventions as their installed package has them, and where a catalogue disagrees."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from opentelemetry import semconv

PACKAGE: Final = Path(semconv.__file__).parent
# The package has no types. In the conventions' registry (1.44) these two of ours are whole numbers, the others text.
WHOLE_NUMBERS: Final = {"http.response.status_code", "server.port"}
# Values beyond the package's lists, which are open ones: the conventions' text lists QUERY as a method, too, and
# deployment.environment.name is APP_ENV, which names the files of each environment (the list has "development").
KNOWN_TOO: Final = {"http.request.method": {"QUERY"}, "deployment.environment.name": {"dev"}}
OURS: Final = "ours"


@dataclass(frozen=True)
class Convention:
    """The conventions' entry of a name."""

    stability: str
    words: str
    values: frozenset[str] = frozenset()

    def says(self, what: str) -> str:
        """Read a line such as "Unit: s"."""
        found = re.search(rf"^{what}: (.*)$", self.words, re.MULTILINE)
        return found[1] if found else ""


@cache
def conventions(kind: str) -> dict[str, Convention]:
    """Read all attributes, or all metrics."""
    found: dict[str, Convention] = {}
    for folder, stability in ((f"_incubating/{kind}", "development"), (kind, "stable")):  # the stable ones are in both
        for path in sorted((PACKAGE / folder).glob("*.py")):
            found |= dict(_conventions(ast.parse(path.read_text(encoding="utf-8")), stability))
    return found


def _conventions(module: ast.Module, stability: str) -> Iterator[tuple[str, Convention]]:
    lists = {node.name.lower(): node for node in module.body if isinstance(node, ast.ClassDef)}
    for node, after in zip(module.body, module.body[1:], strict=False):
        match node, after:
            case (
                ast.AnnAssign(target=ast.Name(id=constant), value=ast.Constant(value=str(name))),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                old = re.match(r"\s*Deprecated: ", words)
                values = lists.get(f"{constant.replace('_', '').lower()}values")
                yield name, Convention("deprecated" if old else stability, words, _values(values))


def _values(enumeration: ast.ClassDef | None) -> frozenset[str]:
    members = [] if enumeration is None else enumeration.body
    return frozenset(
        str(member.value.value)
        for member in members
        if isinstance(member, ast.Assign) and isinstance(member.value, ast.Constant)
    )


def namespaces() -> set[str]:
    """Give the first words of the conventions' names: what begins so and is none of theirs is a mistake."""
    return {name.partition(".")[0] for kind in ("attributes", "metrics") for name in conventions(kind)}


def disagreements(catalogue: dict[str, Any]) -> list[str]:
    """List where a catalogue contradicts the conventions."""
    return [
        *(words for row in catalogue["metrics"] for words in _of_a_metric(row)),
        *(words for row in catalogue["attributes"] for words in _of_an_attribute(row, catalogue)),
    ]


def _of_a_metric(row: dict[str, Any]) -> Iterator[str]:
    convention = conventions("metrics").get(row["name"])
    yield from _of_a_name(row, convention)
    if convention is not None:
        if row["type"] != convention.says("Instrument"):
            yield f"{row['name']}: {row['type']}, not {convention.says('Instrument')}"
        if row["unit"] != convention.says("Unit"):
            yield f"{row['name']}: {row['unit']}, not {convention.says('Unit')}"


def _of_an_attribute(row: dict[str, Any], catalogue: dict[str, Any]) -> Iterator[str]:
    name, convention = row["name"], conventions("attributes").get(row["name"])
    measured = {metric["name"]: metric for metric in catalogue["metrics"]}.get(name)
    if measured is not None:  # a line's measurement has the name of its metric
        yield from _of_a_name(row, conventions("metrics").get(name))
        return
    yield from _of_a_name(row, convention)
    if convention is not None:
        of_the_list = set(convention.values) | KNOWN_TOO.get(name, set())
        if convention.values and (strange := set(row.get("values", [])) - of_the_list):
            yield f"{name}: {sorted(strange)} are none of the conventions' values"
        if row["type"] != (wanted := "int" if name in WHOLE_NUMBERS else "string"):
            yield f"{name}: {row['type']}, not {wanted}"


def _of_a_name(row: dict[str, Any], convention: Convention | None) -> Iterator[str]:
    name, marked = row["name"], row["stability"]
    if marked != (found := convention.stability if convention else OURS):
        yield f"{name}: marked {marked}, and is {found}"
    if convention is None and "." in name and name.partition(".")[0] in namespaces():
        yield f"{name}: no convention has it, and its first word is theirs"
