# SPDX-License-Identifier: Apache-2.0
"""The files with the rules that Prometheus loads, and the promtool tests of each."""

from pathlib import Path

PROMETHEUS = Path(__file__).parents[2] / "prometheus"
# Both profiles of the objectives have the same alerts; prod is the one that prometheus.yaml loads.
FILES = [*sorted((PROMETHEUS / "rules").glob("*.yaml")), *sorted((PROMETHEUS / "rules/slo/prod").glob("*.yaml"))]


def promtool_tests(rules: Path) -> list[Path]:
    """List the promtool tests of a file: those that begin with its name."""
    return sorted((PROMETHEUS / "tests").glob(f"{rules.stem}*.yaml"))
