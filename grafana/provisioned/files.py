# SPDX-License-Identifier: Apache-2.0
"""Read the provisioned files and yield every query of them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from grafana.provisioned.alerts import of_alerts
from grafana.provisioned.dashboards import of_dashboard
from grafana.provisioned.datasources import of_datasources, sources_of
from grafana.provisioned.query import Query, Source

PROVISIONING = Path(__file__).parents[1] / "provisioning"


def queries(folder: Path = PROVISIONING) -> list[Query]:
    """List every query in Grafana's provisioned files."""
    return [
        replace(query, where=f"{path.relative_to(folder)}: {query.where}")
        for path in files(folder)
        for query in _of_file(path, sources(folder))
    ]


def files(folder: Path = PROVISIONING) -> list[Path]:
    """List the files that Grafana reads, in a fixed order."""
    return sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml", ".json"})


def sources(folder: Path = PROVISIONING) -> dict[str, Source]:
    """Give the provisioned data sources by uid."""
    return {
        uid: source for path in sorted(folder.glob("datasources/*")) for uid, source in sources_of(read(path)).items()
    }


def read(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON file."""
    text = path.read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    return document


def _of_file(path: Path, known: dict[str, Source]) -> Iterator[Query]:
    document = read(path)
    if path.suffix == ".json":
        return of_dashboard(document, known)
    if "datasources" in document:
        return of_datasources(document)
    return of_alerts(document, known)
