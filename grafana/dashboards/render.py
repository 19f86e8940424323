# SPDX-License-Identifier: Apache-2.0
"""Dashboards as JSON text, the files they belong in, and how the two differ."""

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from grafana.dashboards.loan_business import loan_business
from grafana.dashboards.nginx import nginx
from grafana.dashboards.observability import observability
from grafana.dashboards.postgresql import postgresql
from grafana.dashboards.service_red import service_red

FOLDER = Path(__file__).parents[1] / "provisioning" / "dashboards"
# Grafana counts these itself.
OF_THE_SERVER = ("id", "version")
# Defaults that the SDK adds, found by a key that only such an object has. "placement" would hide links and annotations
# in a menu; the rest means nothing for links that lead to no dashboard, and for variables that are no interval.
NOISE = {
    "targetBlank": ("asDropdown", "icon", "includeVars", "keepTime", "placement", "tags", "tooltip"),
    "iconColor": ("placement",),
    "skipUrlSync": ("auto", "auto_count", "auto_min"),
}


def dashboards() -> dict[Path, str]:
    """Build every dashboard, by the path of its file."""
    built = {
        "service-red": service_red(),
        "loan-business": loan_business(),
        "postgresql": postgresql(),
        "nginx": nginx(),
        "observability": observability(),
    }
    # A folder for each: the reason is in provisioning/dashboards/dashboards.yaml.
    return {FOLDER / name / f"{name}.json": text(dashboard) for name, dashboard in built.items()}


def text(dashboard: Dashboard) -> str:
    """Write a dashboard as JSON whose lines are always in the same order."""
    document = json.loads(JSONEncoder().encode(dashboard.build()), object_hook=_without_noise)
    kept = {key: value for key, value in document.items() if key not in OF_THE_SERVER}
    return json.dumps(kept, indent=2, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the files that differ and name them; remove those that no source stands for."""
    changed = []
    wanted = _below(folder)
    for path, content in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            changed.append(path)
    for path in _orphans(folder, wanted):
        path.unlink()
        changed.append(path)
    return changed


def drift(folder: Path = FOLDER) -> Iterator[str]:
    """Yield a readable difference for each file that differs from its source."""
    wanted = _below(folder)
    for path, content in wanted.items():
        found = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = difflib.unified_diff(found.splitlines(), content.splitlines(), str(path), "its source", lineterm="")
        difference = "\n".join(lines)
        if difference:
            yield difference
    for path in _orphans(folder, wanted):
        yield f"{path}: no source stands for this file"


def _without_noise(thing: dict[str, Any]) -> dict[str, Any]:
    noise = {key for sign, keys in NOISE.items() if sign in thing for key in keys}
    if thing.get("type") == DashboardLinkType.DASHBOARDS:
        noise -= {"asDropdown", "includeVars", "keepTime", "tags"}
    return {key: value for key, value in thing.items() if key not in noise}


def _below(folder: Path) -> dict[Path, str]:
    return {folder / path.relative_to(FOLDER): content for path, content in dashboards().items()}


def _orphans(folder: Path, wanted: dict[Path, str]) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.json")) if path not in wanted]
