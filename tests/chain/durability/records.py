# SPDX-License-Identifier: Apache-2.0
"""What each part of the chain holds of the same requests: files, Loki, Prometheus, Tempo; and the reported losses."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import requests
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from stack.backends.http import get_json
from stack.runner import Stack
from tests.chain.durability.chain import Chain

FILES = ("api-*.jsonl*", "nginx-access.jsonl*")
SERVICES = '{service_name=~"loan-service|nginx"}'
TIMESTAMP = re.compile(r'"timestamp": ?"([^"]+)"')
PUSHED = 'job="lending/loan-service"'
COUNT = "http_server_request_duration_seconds_count"
# Several exports: long enough to miss none, and soon over for a worker that has ended.
LOOK_BACK = "15s"
# One sample of it each time a worker exports.
EACH_EXPORT = "loan_service_threads_limit"
WINDOW_SECONDS = 30
MOST_TRACES = 10_000  # of one window; the load makes about a thousand
WAITING, TAKEN, ANSWERED = (
    "otel_sdk_processor_span_queue_size",
    "otel_sdk_processor_span_processed_total",
    "otel_sdk_exporter_span_exported_total",
)
LOST_BY_THE_COLLECTOR = re.compile(r"otelcol_(exporter_(send|enqueue)_failed|(receiver|processor)_refused)_\w+_total")


def lines_written(stack: Stack, since: float) -> Counter[str]:
    """Read what the service and Nginx wrote since a Unix time, rotated files included."""
    files = (file for pattern in FILES for file in stack.log_dir.glob(pattern) if file.suffix != ".gz")
    return Counter(_later(since, (line for file in files for line in file.read_text().splitlines())))


def lines_stored(chain: Chain, since: float) -> Counter[str]:
    """Read what Loki has of the same time."""
    return Counter(_later(since, (line.text for line in chain.loki.lines(SERVICES, since - 1, time.time() + 1))))


def _later(since: float, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        found = TIMESTAMP.search(line)
        assert found, line
        if datetime.fromisoformat(found[1]).timestamp() >= since:
            yield line


def requests_counted(chain: Chain) -> int:
    """Read how many requests of the running workers Prometheus has."""
    rows = chain.prometheus.query(f"sum(last_over_time({COUNT}{{{PUSHED}}}[{LOOK_BACK}]))")
    return round(sum(row.value for row in rows))


def requests_served(stack: Stack) -> int:
    """Read the same from the workers themselves."""
    return round(sum(sample.value for sample in _page(f"{stack.url('api')}/metrics") if sample.name == COUNT))


def exports(chain: Chain, since: float, until: float) -> dict[str, list[float]]:
    """Give the times of each worker's exports that Prometheus has a sample of."""
    query = {"query": f"{EACH_EXPORT}{{{PUSHED}}}[{round((until - since) * 1000)}ms]", "time": until}
    rows = get_json(f"{chain.prometheus.url}/api/v1/query", query)["data"]["result"]
    return {row["metric"]["instance"]: [float(at) for at, _ in row["values"]] for row in rows}


def traces_stored(chain: Chain, since: float, until: float) -> dict[str, tuple[str, int]]:
    """Give the service's traces that Tempo finds by their time: the name of each, and how many spans it has."""
    found: dict[str, tuple[str, int]] = {}
    for start in range(int(since), int(until) + 1, WINDOW_SECONDS):
        parameters = {
            "q": '{resource.service.name="loan-service"}',
            "start": start,
            "end": start + WINDOW_SECONDS + 1,
            "limit": MOST_TRACES,
        }
        for trace in get_json(f"{chain.tempo.url}/api/search", parameters).get("traces") or []:
            spans = sum(matching["matched"] for matching in trace["spanSets"])
            found[trace["traceID"].zfill(32)] = (trace.get("rootTraceName", ""), spans)
    return found


def spans_given_up(chain: Chain) -> int:
    """Read how many spans the service reports as undelivered."""
    query = f'sum(last_over_time({{__name__=~"{TAKEN}|{ANSWERED}",error_type!="",{PUSHED}}}[{LOOK_BACK}]))'
    return round(sum(row.value for row in chain.prometheus.query(query)))


def spans_under_way(stack: Stack) -> int:
    """Read how many ended spans the workers have had no answer for; what had no room is not among them."""
    page = [sample for sample in _page(f"{stack.url('api')}/metrics") if sample.name.startswith("otel_sdk_")]
    waiting = sum(sample.value for sample in page if sample.name == WAITING)
    taken = sum(sample.value for sample in page if sample.name == TAKEN and not sample.labels.get("error_type"))
    return round(waiting + taken - sum(sample.value for sample in page if sample.name == ANSWERED))


def dropped_by_collector(stack: Stack) -> dict[str, float]:
    """Read what the collector, since its start, reports as refused or not passed on."""
    page = _page(f"{stack.url('otelcol', 'metrics')}/metrics")
    lost = (sample for sample in page if LOST_BY_THE_COLLECTOR.fullmatch(sample.name))
    return {sample.name: sample.value for sample in lost if sample.value}


def lines_handed_over(stack: Stack) -> int:
    """Read how many lines the collector, since its start, has read and put into its queue."""
    page = _page(f"{stack.url('otelcol', 'metrics')}/metrics")
    return round(sum(each.value for each in page if each.name == "otelcol_receiver_accepted_log_records_total"))


def queues(stack: Stack) -> dict[str, float]:
    """Read what waits in the collector for each backend, in bytes."""
    return {
        sample.labels["exporter"].removeprefix("otlp_http/"): sample.value
        for sample in _page(f"{stack.url('otelcol', 'metrics')}/metrics")
        if sample.name == "otelcol_exporter_queue_size"
    }


def _page(url: str) -> list[Sample]:
    families = text_string_to_metric_families(requests.get(url, timeout=10).text)
    return [sample for family in families for sample in family.samples]
