# SPDX-License-Identifier: Apache-2.0
"""The data sources, and every query that stands behind a link from one to another."""

from collections.abc import Iterator, Mapping
from typing import Any

from grafana.provisioned.query import Kind, Query, Source, Sources, Way, of_target

Json = Mapping[str, Any]


def sources_of(document: Json) -> dict[str, Source]:
    """Give the data sources by their uid."""
    return {entry["uid"]: Source(entry["uid"], entry["type"]) for entry in document["datasources"]}


def of_datasources(document: Json) -> Iterator[Query]:
    """Yield the query behind each link between data sources."""
    sources = sources_of(document)
    for entry in document["datasources"]:
        settings = entry.get("jsonData", {})
        yield from _to_traces(entry, settings, sources)
        yield from _from_traces(settings, sources)
        for correlation in entry.get("correlations", []):
            where = f"{entry['name']}: {correlation['label']}"
            target = _unescaped(correlation["config"]["target"])
            yield of_target(where, Kind.LINK, sources[correlation["targetUID"]], target, sources)


def _to_traces(entry: Json, settings: Json, sources: Sources) -> Iterator[Query]:
    for link in settings.get("exemplarTraceIdDestinations", []):
        yield _trace(f"{entry['name']}: exemplar", sources[link["datasourceUid"]], "${__value.raw}")
    for field in settings.get("derivedFields", []):
        yield _trace(f"{entry['name']}: {field['name']}", sources[field["datasourceUid"]], _plain(field["url"]))


def _trace(where: str, source: Source, text: str) -> Query:
    return Query(where, Kind.LINK, source, Way.TRACE, text)


def _from_traces(settings: Json, sources: Sources) -> Iterator[Query]:
    if "tracesToLogsV2" in settings:
        logs = settings["tracesToLogsV2"]
        yield Query(
            "Tempo: logs of a span",
            Kind.LINK,
            sources[logs["datasourceUid"]],
            Way.GRAPH,
            _with_tags(logs["query"], logs.get("tags", [])),
        )
    metrics = settings.get("tracesToMetrics", {"queries": []})
    for query in metrics["queries"]:
        text = _with_tags(query["query"], metrics["tags"])
        yield Query(f"Tempo: {query['name']}", Kind.LINK, sources[metrics["datasourceUid"]], Way.GRAPH, text)


def _with_tags(text: str, tags: list[Json]) -> str:
    """Write the span's attributes as label matchers, as Grafana does for $__tags."""
    matchers = ",".join(f'{tag["value"]}="${{span.{tag["key"]}}}"' for tag in tags)
    return _plain(text).replace("${__tags}", matchers).replace("$__tags", matchers)


def _unescaped(target: Json) -> dict[str, Any]:
    return {key: _plain(value) if isinstance(value, str) else value for key, value in target.items()}


def _plain(text: str) -> str:
    """Undo the doubling that keeps Grafana from reading a variable as one of the environment."""
    return text.replace("$$", "$")
