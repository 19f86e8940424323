# SPDX-License-Identifier: Apache-2.0
"""Writes the figures into docs/performance.md, each benchmark its own part."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
PARTS: Final = ("list", "writes")
HEADING: Final = """# Performance

`./nox -s bench -- list` and `./nox -s bench -- writes` measure, and write what they found into this page.
Compare the ratios: absolute times depend on the machine and its other work.
"""


def write(part: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Replace one benchmark's part of the page, and keep the others."""
    kept = page.read_text(encoding="utf-8") if page.exists() else ""
    parts = {name: _part(kept, name) for name in PARTS} | {part: "\n".join(lines).strip()}
    page.write_text(HEADING + "".join(_marked(name, text) for name, text in parts.items() if text), encoding="utf-8")


def run(command: str) -> str:
    """Describe when and on what machine it was measured."""
    return f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores."


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay figures out: words to the left, numbers to the right."""
    rules = ["---:" if re.match(r"[\d*]", cell) else "---" for cell in rows[0]]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows)]


def _marked(name: str, text: str) -> str:
    return f"\n<!-- {name} -->\n{text}\n<!-- end of {name} -->\n"


def _part(page: str, name: str) -> str:
    found = re.search(f"<!-- {name} -->\n(.*?)\n<!-- end of {name} -->", page, re.DOTALL)
    return found[1] if found else ""
