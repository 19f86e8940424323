# SPDX-License-Identifier: Apache-2.0
"""Every query of a dashboard: panels, exemplars, annotations, variables, and links to Explore."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from grafana.provisioned.query import Kind, Query, Source, Sources, Way, of_target
from grafana.provisioned.variables import fill, fill_known

Json = Mapping[str, Any]
EXPLORE = "/explore?"


def of_dashboard(dashboard: Json, sources: Sources) -> Iterator[Query]:
    """Yield every query of a dashboard, its variables filled in as they are when it opens."""
    variables = initial_values(dashboard, sources)
    for panel in panels(dashboard):
        yield from _of_panel(panel, variables, sources)
    for annotation in dashboard["annotations"]["list"]:
        yield _of_annotation(annotation, variables, sources)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield _of_variable(variable, variables, sources)
    for link in dashboard.get("links", []):
        yield from of_link(
            f"link {link['title']}", link.get("url", ""), variables, sources
        )  # a list of dashboards has none


def panels(dashboard: Json) -> Iterator[Json]:
    """Yield every panel, those of folded rows included; a row's heading is none."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def initial_values(dashboard: Json, sources: Sources) -> dict[str, str]:
    """Give the variables' values as they are when the dashboard opens."""
    return {variable["name"]: _initial(variable, sources) for variable in dashboard["templating"]["list"]}


def links(panel: Json) -> list[Json]:
    """List a panel's links: those in its corner and those on its data."""
    return [*panel.get("links", []), *panel.get("fieldConfig", {}).get("defaults", {}).get("links", [])]


def of_link(where: str, url: str, variables: Mapping[str, str], sources: Sources) -> Iterator[Query]:
    """Yield the queries that a link opens in Explore; a link to a page has none."""
    if not url.startswith(EXPLORE):
        return
    # A value that is encoded before the URL is read comes out as it was.
    known = fill_known(url, variables).replace(":percentencode}", "}")
    panes = json.loads(parse_qs(urlsplit(known).query, strict_parsing=True)["panes"][0])
    for pane in panes.values():
        for query in pane["queries"]:
            yield of_target(where, Kind.LINK, sources[query["datasource"]["uid"]], query, sources)


def _initial(variable: Json, sources: Sources) -> str:
    if variable["type"] == "datasource":
        return next(source.uid for source in sources.values() if source.type == variable["query"])
    if variable["type"] == "custom":
        return str(variable["query"]).split(",")[0]
    return str(variable["allValue"])


def _source(reference: Json, variables: Mapping[str, str], sources: Sources) -> Source:
    return sources[fill(reference["uid"], variables)]


def _of_panel(panel: Json, variables: Mapping[str, str], sources: Sources) -> Iterator[Query]:
    name = f"panel {panel['id']} {panel['title']}"
    for target in panel["targets"]:
        source = _source(target["datasource"], variables, sources)
        filled = {**target, **_filled(target, variables)}
        query = of_target(f"{name} {target['refId']}", Kind.PANEL, source, filled, sources)
        yield query
        if target.get("exemplar"):
            yield query.exemplars()
    for link in links(panel):
        yield from of_link(f"{name} link {link['title']}", link["url"], variables, sources)


def _filled(target: Json, variables: Mapping[str, str]) -> dict[str, str]:
    return {key: fill_known(target[key], variables) for key in ("expr", "query") if key in target}


def _of_annotation(annotation: Json, variables: Mapping[str, str], sources: Sources) -> Query:
    source = _source(annotation["datasource"], variables, sources)
    text = fill_known(annotation["expr"], variables)
    return Query(f"annotation {annotation['name']}", Kind.ANNOTATION, source, Way.GRAPH, text)


def _of_variable(variable: Json, variables: Mapping[str, str], sources: Sources) -> Query:
    source = _source(variable["datasource"], variables, sources)
    text = fill_known(variable["query"], variables)
    return Query(f"variable {variable['name']}", Kind.VARIABLE, source, Way.LABEL_VALUES, text)
