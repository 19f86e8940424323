# SPDX-License-Identifier: Apache-2.0
"""The collector's overlays: OTELCOL_OVERLAY names a file of otel/ that is merged over otel/collector.yaml."""

from __future__ import annotations

from stack.errors import StackError
from stack.site import ROOT

COLLECTOR = "otel/collector.yaml"
OVERLAYS = tuple(file for path in sorted((ROOT / "otel").glob("*.yaml")) if (file := f"otel/{path.name}") != COLLECTOR)
NAMES = tuple(file.removeprefix("otel/").removesuffix(".yaml") for file in (COLLECTOR, *OVERLAYS))


def require_overlay(name: str) -> str:
    """Give the name of an overlay, empty for none; raise StackError for one that has no file."""
    if name and name not in NAMES:
        raise StackError(f"OTELCOL_OVERLAY: one of {', '.join(NAMES)} is expected (the files in otel/), or nothing")
    return name
