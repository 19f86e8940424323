# SPDX-License-Identifier: Apache-2.0
"""The page of /metrics is what Prometheus' own parser understands."""

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import exposition
from app.telemetry.exposition import Family

HELP = 'Has "quotes", a \\ and\na line break.'


def registry() -> CollectorRegistry:
    """Fill a registry with one metric of each type."""
    filled = CollectorRegistry()
    Counter("requests", HELP, ["route", "error_type"], registry=filled).labels('/a"b\\c\nd', "").inc(3)
    Gauge("active", "Now.", registry=filled).set(-math.inf)
    Histogram("seconds", "Duration.", buckets=(0.5, 1), registry=filled).observe(0.7)
    Info("build", "What runs.", registry=filled).info({"version": "1"})
    return filled


def parsed(page: str) -> dict[str, float]:
    return {
        exposition.series(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_prometheus_reads_back_what_the_registry_holds() -> None:
    families = exposition.read(registry().collect())

    page = parsed(exposition.render({2: families}))

    assert page['requests_total{route="/a\\"b\\\\c\\nd",worker="2"}'] == 3
    assert page['active{worker="2"}'] == -math.inf
    assert page['seconds_bucket{le="0.5",worker="2"}'] == 0
    assert page['seconds_bucket{le="1.0",worker="2"}'] == 1
    assert page['seconds_count{worker="2"}'] == 1
    assert page['build_info{version="1",worker="2"}'] == 1


def test_types_and_help_texts_are_written_once_per_metric() -> None:
    families = exposition.read(registry().collect())

    page = exposition.render({0: families, 1: families})

    kinds = {family.name: family.type for family in text_string_to_metric_families(page)}
    assert kinds["requests"] == "counter"
    assert kinds["seconds"] == "histogram"
    assert kinds["active"] == "gauge"
    assert page.count("# TYPE requests_total ") == 1
    assert [family.documentation for family in text_string_to_metric_families(page) if family.name == "requests"] == [
        HELP
    ]


def test_workers_stay_apart() -> None:
    page = exposition.render({0: {"a": Family("gauge", "", {"a{}": 1.0})}, 7: {"a": Family("gauge", "", {"a{}": 2.0})}})

    assert parsed(page) == {'a{worker="0"}': 1.0, 'a{worker="7"}': 2.0}


def test_generations_of_a_worker_add_up() -> None:
    before = {"a": Family("counter", "", {"a{x}": 1.0, "a{y}": 2.0}), "gone": Family("counter", "", {"gone{}": 5.0})}
    now = {"a": Family("counter", "", {"a{y}": 10.0, "a{z}": 20.0}), "new": Family("gauge", "", {"new{}": 7.0})}

    total = exposition.add(before, now)

    assert total["a"].samples == {"a{x}": 1.0, "a{y}": 12.0, "a{z}": 20.0}
    assert total["gone"].samples == {"gone{}": 5.0}
    assert total["new"].samples == {"new{}": 7.0}
    assert before["a"].samples == {"a{x}": 1.0, "a{y}": 2.0}


def test_a_label_that_appears_later_does_not_part_the_generations() -> None:
    first = exposition.series("requests_total", {"route": "/a"})
    later = exposition.series("requests_total", {"route": "/a", "error_type": ""})

    assert first == later


def test_only_totals_outlive_their_worker() -> None:
    families = exposition.read(registry().collect())

    assert sorted(exposition.totals(families)) == ["requests_total", "seconds"]
