# SPDX-License-Identifier: Apache-2.0
"""The queries to paste in the runbooks."""

import re
from collections.abc import Iterator
from pathlib import Path

from grafana.provisioned.query import Kind, Query, Sources, of_target

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
FENCE = re.compile(r"^ *```(promql|logql|traceql)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LANGUAGES = {"promql": "prometheus", "logql": "loki", "traceql": "tempo"}


def runbook_queries(sources: Sources, folder: Path = RUNBOOKS) -> list[Query]:
    """List the queries in the fenced blocks of every page."""
    return [query for page in sorted(folder.glob("*.md")) for query in _of_page(page, sources)]


def _of_page(page: Path, sources: Sources) -> Iterator[Query]:
    for number, (language, text) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")), 1):
        source = next(source for source in sources.values() if source.type == LANGUAGES[language])
        target = {"expr": text.strip(), "query": text.strip()}
        yield of_target(f"{page.name}: {language} {number}", Kind.RUNBOOK, source, target, sources)
