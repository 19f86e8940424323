# SPDX-License-Identifier: Apache-2.0
"""Refuse an attribute without a bound on a metric, in catalogue and code: `python -m docs.metric_attributes`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from docs.attributes_in_code import constants, sites
from docs.expressions import Site

ROOT = Path(__file__).parents[1]
CATALOGUE = Path(__file__).with_name("telemetry.yaml")
TELEMETRY = ROOT / "app" / "telemetry"
# The longest list that is one: the driver's classes of errors, about 250. What has more values is an id or a text.
MOST_VALUES = 300
# Names of ids, texts and amounts: refused in any combination.
IDS_AND_TEXTS = re.compile(
    r"(?:^|[._])(?:id|path|text|message|stacktrace|query|full|original|address|email|amount_minor)$"
)
Row = dict[str, Any]


def why_unbounded(attribute: str, rows: dict[str, Row]) -> str | None:
    """Return why an attribute may not label a metric, or nothing."""
    row = rows.get(attribute)
    if row is None:
        return "it is not in docs/telemetry.yaml"
    if IDS_AND_TEXTS.search(attribute):
        return "it is an id, a text or an amount: a series for each one"
    most = len(row["values"]) if "values" in row else row.get("at_most")
    if most is None:
        return "docs/telemetry.yaml has neither its values nor how many there are at most"
    return f"{most} values are more than {MOST_VALUES}" if most > MOST_VALUES else None


def in_the_catalogue(catalogue: Row) -> Iterator[str]:
    """Refuse what the catalogue lets a metric have."""
    rows = {row["name"]: row for row in catalogue["attributes"]}
    for metric in catalogue["metrics"]:
        for attribute in metric["attributes"]:
            if why := why_unbounded(attribute, rows):
                yield f"docs/telemetry.yaml: {metric['name']} has {attribute}: {why}"


def in_the_code(found: list[Site], catalogue: Row) -> Iterator[str]:
    """Refuse what the code measures by, and what cannot be read from it."""
    rows = {row["name"]: row for row in catalogue["attributes"]}
    for site in found:
        for attribute in sorted(site.attributes):
            if why := why_unbounded(attribute, rows):
                yield f"{site.where}: {site.what} has {attribute}: {why}"
        for text in site.unreadable:
            yield f"{site.where}: {site.what} has {text}: write its attributes so that their names can be read"


def main() -> None:
    """Fail with a line for each refusal, or print how much was read."""
    catalogue = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    names = constants((TELEMETRY / "semconv.py").read_text(encoding="utf-8"))
    files = sorted((ROOT / "app").rglob("*.py"))
    found = [
        site for path in files for site in sites(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)), names)
    ]
    if refused := [*in_the_catalogue(catalogue), *in_the_code(found, catalogue)]:
        sys.exit("\n".join(refused))
    sys.stdout.write(
        f"{len(catalogue['metrics'])} metrics, {len(found)} places that measure: every attribute bounded\n"
    )


if __name__ == "__main__":
    main()
