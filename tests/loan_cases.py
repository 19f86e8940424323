# SPDX-License-Identifier: Apache-2.0
"""Published and derived figures of loans: tests/data/loan_cases.json, each case with its source."""

import json
from pathlib import Path
from typing import Any

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "data" / "loan_cases.json").read_text(encoding="utf-8")
)


def named(kind: str) -> dict[str, dict[str, Any]]:
    """Give the cases of a kind by their id, or by their number where they have none."""
    return {case.get("id", str(number)): case for number, case in enumerate(CASES[kind])}
