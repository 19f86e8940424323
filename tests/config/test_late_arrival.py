# SPDX-License-Identifier: Apache-2.0
"""After an outage the collector delivers old data: each backend accepts data as old as Prometheus does."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
MINUTES = {"m": 1, "h": 60}


def load(name: str) -> Any:  # noqa: ANN401  # YAML
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def minutes(duration: str) -> int:
    return int(duration[:-1]) * MINUTES[duration[-1]]


def accepted_by_prometheus() -> int:
    return minutes(load("prometheus/prometheus.yaml")["storage"]["tsdb"]["out_of_order_time_window"])


def test_tempo_finds_late_spans_by_their_time_and_counts_them() -> None:
    tempo = load("tempo/tempo.yaml")
    generator = tempo["metrics_generator"]

    found = {
        tempo["storage"]["trace"]["wal"]["ingestion_time_range_slack"],
        generator["traces_storage"]["ingestion_time_range_slack"],
        generator["metrics_ingestion_time_range_slack"],
    }

    assert {minutes(slack) for slack in found} == {accepted_by_prometheus()}


def test_loki_takes_late_lines() -> None:
    assert minutes(load("loki/loki.yaml")["ingester"]["max_chunk_age"]) / 2 >= accepted_by_prometheus()
