# SPDX-License-Identifier: Apache-2.0
"""The provisioned dashboards and their panels, as parameters of tests."""

from dataclasses import dataclass
from typing import Any

from grafana.provisioned.dashboards import panels
from grafana.provisioned.files import PROVISIONING, files, read

DASHBOARDS = {path.stem: read(path) for path in files() if path.suffix == ".json"}
FILES = sorted(path for path in PROVISIONING.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Panel:
    """A panel and where it stands."""

    dashboard: str
    json: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.dashboard}-{self.json['id']}"


PANELS = [Panel(name, dict(panel)) for name, dashboard in DASHBOARDS.items() for panel in panels(dashboard)]
# Where an alert may lead to: a dashboard, or one panel of it.
PAGES = {name: f"http://localhost:3030/d/{dashboard['uid']}" for name, dashboard in DASHBOARDS.items()}
LINKS = {*PAGES.values(), *(f"{PAGES[panel.dashboard]}?viewPanel=panel-{panel.json['id']}" for panel in PANELS)}
