# SPDX-License-Identifier: Apache-2.0
"""Write docs/telemetry.md from docs/telemetry.yaml: `python -m docs.telemetry_page`; `--check` only compares."""

import argparse
import difflib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).with_name("telemetry.yaml")
PAGE = SOURCE.with_suffix(".md")
Row = dict[str, Any]

HEAD = """\
# Telemetry: every signal of the service

<!-- Generated from telemetry.yaml by `python -m docs.telemetry_page`; lint fails when they differ. -->

This is what the service itself emits.
About requests and statements, nothing else leaves the process: views drop unlisted metrics and metric attributes, and
the span exporter drops unlisted span attributes and logs the name of each unexpected one once.
Spans and metrics of your own, and those of other instrumentors, need no entry here. The span exporter removes the texts
of database exceptions from them, and from other instrumentors' spans the attributes that the conventions define as
personal, in events and links too, and the texts of exceptions: those of an HTTP client quote the URL with its query.
Names are those of the OpenTelemetry semantic conventions, stable or in development, where these have one.
Ours begin with `loan.` or `auth.`, or are plain words of log lines.
In Prometheus and Loki dots become underscores.
"""

ADDITIONS = """\
`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_EXPERIMENTAL_RESOURCE_DETECTORS` change and add attributes,
which need no entry here. All three signals get them: as labels of `target_info` in Prometheus, in the resource in
Tempo, as structured metadata in Loki. A log line has them as the object `resource`, which the collector moves into the
line's resource.
"""


def page(catalogue: Row) -> str:
    """Write the whole page."""
    return "\n".join([HEAD, *_sections(catalogue)]).rstrip() + "\n"


def _sections(catalogue: Row) -> Iterator[str]:
    yield "## Resource\n"
    yield _names(catalogue["resource"]) + "\n"
    yield ADDITIONS
    yield from _metrics(catalogue)
    yield "## Spans\n"
    yield from _table(
        ("Span", "Kind", "Attributes", "What it is"),
        ((_code(row["name"]), row["kind"], _names(row["attributes"]), row["description"])
         for row in catalogue["spans"]),
    )  # fmt: skip
    yield "## Log lines\n"
    yield f"Each line is one JSON object with {_names(catalogue['line'])}, and with what its event has:\n"
    yield from _table(
        ("Event", "Level", "Attributes", "What happened"),
        ((_code(row["name"]), row["level"], _names(row["attributes"]), row["description"])
         for row in catalogue["events"]),
    )  # fmt: skip
    yield "## Attributes\n"
    yield from _table(
        ("Attribute", "Convention", "Type", "Values", "Meaning"),
        ((_code(row["name"]), row["stability"], row["type"], _values(row), row["description"])
         for row in catalogue["attributes"]),
    )  # fmt: skip
    yield "## Budget\n"
    yield "What telemetry may weigh. The named test measures it again on real servers, and prints the figure.\n"
    yield from _table(
        ("What", "At most", "Measured", "How", "Asserted by"),
        ((row["name"], f"{row['at_most']:,}", f"{row['measured']:,}", row["description"], _code(row["test"]))
         for row in catalogue["budget"]),
    )  # fmt: skip


def _metrics(catalogue: Row) -> Iterator[str]:
    yield "## Metrics\n"
    yield from _table(
        ("Metric", "Convention", "Type", "Attributes", "In Prometheus", "The question it answers"),
        ((_code(row["name"]), row["stability"], _type(row), _names(row["attributes"]), _names(row["prometheus"]),
          row["question"]) for row in catalogue["metrics"]),
    )  # fmt: skip
    yield "At `/metrics` only, where each sample also has the label `worker`:\n"
    yield from _table(
        ("Metric", "Type", "Meaning"),
        ((_code(row["name"]), row["type"], row["description"]) for row in catalogue["page"]),
    )
    yield "The servers' own metrics that rules and dashboards use:\n"
    yield from _table(
        ("Server", "In Prometheus", "Meaning"),
        ((row["server"], _names(row["prometheus"]), row["description"]) for row in catalogue["servers"]),
    )


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        cells = (cell.replace("|", "\\|") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _code(name: str) -> str:
    return f"`{name}`"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names)) or "none"


def _type(row: Row) -> str:
    series = f", {row['series']} series" if "series" in row else ""
    return f"{row['type']}, {_code(row['unit'])}{series}{', exemplars' if row.get('exemplars') else ''}"


def _values(row: Row) -> str:
    if "values" in row:
        return _names(row["values"])
    most = f"; at most {row['at_most']} on a metric" if "at_most" in row else ""
    return str(row.get("bound", "unbounded, never on metrics")) + most


def main() -> None:
    """Write the page, or print how it differs from its source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    wanted = page(yaml.safe_load(SOURCE.read_text(encoding="utf-8")))
    if not parser.parse_args().check:
        PAGE.write_text(wanted, encoding="utf-8")
        return
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    difference = list(
        difflib.unified_diff(found.splitlines(), wanted.splitlines(), str(PAGE), "its source", lineterm="")
    )
    if difference:
        sys.exit("\n".join([*difference, "docs/telemetry.md differs from telemetry.yaml: run it without --check"]))


if __name__ == "__main__":
    main()
