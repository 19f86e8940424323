# SPDX-License-Identifier: Apache-2.0
"""Every query of the provisioned alert rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from grafana.provisioned.query import Kind, Query, Sources, of_target

# Steps that Grafana computes itself from the answers.
EXPRESSION = "__expr__"


def of_alerts(document: Mapping[str, Any], sources: Sources) -> Iterator[Query]:
    """Yield the queries of every rule of a file; a file of contact points or policies has none."""
    for rule in rules(document):
        for step in rule["data"]:
            if step["datasourceUid"] != EXPRESSION:
                where = f"alert {rule['title']} {step['refId']}"
                yield of_target(where, Kind.ALERT, sources[step["datasourceUid"]], step["model"], sources)


def rules(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every rule of a file."""
    for group in document.get("groups", []):
        yield from group["rules"]
