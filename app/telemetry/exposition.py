# SPDX-License-Identifier: Apache-2.0
"""Prometheus text as plain data: read from a registry, added up over a slot's successive workers, printed together."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.utils import floatToGoString

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})
# Only cumulative values keep their meaning after the worker exits; a gauge describes a process that no longer exists.
TOTALS = ("counter", "histogram")
# The text format names a counter's family as its samples: with `_total`.
SUFFIXES = {"counter": "_total", "info": "_info"}
TYPES = {"info": "gauge"}


class Family(NamedTuple):
    """A metric's type, help text and samples; a sample's key is its finished text without the worker's label."""

    kind: str
    help: str
    samples: dict[str, float]


Families = dict[str, Family]


def read(metrics: Iterable[Metric]) -> Families:
    """Convert a registry's metrics into families."""
    return {
        metric.name + SUFFIXES.get(metric.type, ""): Family(
            TYPES.get(metric.type, metric.type),
            metric.documentation,
            {series(sample.name, sample.labels): sample.value for sample in metric.samples},
        )
        for metric in metrics
    }


def series(name: str, labels: Mapping[str, str]) -> str:
    """Write a sample's name and labels as text.

    An empty label is the same as none to Prometheus, and the exporter adds one to every series as soon as
    one series needs it: without dropping them, a worker's generations would not add up.
    """
    pairs = ",".join(f'{key}="{value.translate(ESCAPES)}"' for key, value in sorted(labels.items()) if value)
    return f"{name}{{{pairs}}}"


def totals(families: Families) -> Families:
    """Select the counters and histograms."""
    return {name: family for name, family in families.items() if family.kind in TOTALS}


def add(before: Families, now: Families) -> Families:
    """Add the totals of a slot's earlier workers to those of the current one."""
    combined = dict(before)
    for name, family in now.items():
        samples = dict(before[name].samples) if name in before else {}
        for key, value in family.samples.items():
            samples[key] = samples.get(key, 0.0) + value
        combined[name] = family._replace(samples=samples)
    return combined


def render(by_worker: Mapping[int, Families]) -> str:
    """Print the union: every sample of every worker, distinguished by the label `worker`."""
    lines: list[str] = []
    for name in sorted({name for families in by_worker.values() for name in families}):
        holders = [(slot, families[name]) for slot, families in sorted(by_worker.items()) if name in families]
        kind, text, _ = holders[0][1]
        lines += [f"# HELP {name} {text.translate(HELP_ESCAPES)}", f"# TYPE {name} {kind}"]
        for slot, family in holders:
            lines += [f"{labelled(key, slot)} {number(value)}" for key, value in family.samples.items()]
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Write a value as the text format expects it."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def labelled(key: str, slot: int) -> str:
    """Put the worker's label in front of a sample's own."""
    name, _, pairs = key.partition("{")
    comma = "" if pairs == "}" else ","
    return f'{name}{{worker="{slot}"{comma}{pairs}'
