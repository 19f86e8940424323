# SPDX-License-Identifier: Apache-2.0
"""No query of the provisioned files is overlooked, and each can be filled in."""

import json
from collections import Counter

import pytest

from grafana.provisioned import Click, Kind, Query, UnknownVariableError, Way, Window, queries, runbook_queries, sources
from grafana.provisioned.alerts import rules
from grafana.provisioned.files import PROVISIONING, files, read
from grafana.provisioned.variables import fill
from tests.config.dashboards import DASHBOARDS
from tests.config.trees import things

QUERIES = queries()
RUNBOOKS = runbook_queries(sources())
WINDOW = Window(start=1_000.0, end=1_600.0)
CLICK = Click(trace_id="0" * 31 + "1", route="/api/v1/loans/<uuid:loan_id>", worker="host-w0")
VALUES = WINDOW.macros() | CLICK.values()
DATA_SOURCE_LINKS = {"derivedFields", "exemplarTraceIdDestinations", "correlations"}


def test_every_query_in_the_files_is_read() -> None:
    assert Counter(query.kind for query in QUERIES) == counted_by_hand()


@pytest.mark.parametrize("kind", set(Kind) - {Kind.RUNBOOK})
def test_there_is_at_least_one_query_of_each_kind(kind: Kind) -> None:
    assert any(query.kind == kind for query in QUERIES)


def test_every_fenced_query_of_the_runbooks_is_read() -> None:
    pages = (PROVISIONING.parents[1] / "docs" / "runbooks").glob("*.md")
    fences = sum(
        page.read_text(encoding="utf-8").count(f"```{name}ql\n") for page in pages for name in ("log", "prom", "trace")
    )

    assert len(RUNBOOKS) == fences > 0


def test_where_a_query_stands_is_documented_once() -> None:
    asked = Counter((query.where, query.way) for query in [*QUERIES, *RUNBOOKS])

    assert asked.most_common(1)[0][1] == 1


@pytest.mark.parametrize("query", [*QUERIES, *RUNBOOKS], ids=lambda query: f"{query.where} {query.way}")
def test_a_query_has_no_variable_that_nothing_fills_in(query: Query) -> None:
    filled = fill(query.text, VALUES)

    assert "$" not in filled
    assert "%" not in filled


def test_a_variable_that_nothing_fills_in_is_refused() -> None:
    with pytest.raises(UnknownVariableError, match=r"nothing fills in \$\{misspelt\}"):
        fill("rate(x[${misspelt}])", VALUES)


def test_macros_are_filled_in_as_grafana_does() -> None:
    assert fill("[$__rate_interval] [$__interval] [$__range] ${__from}", VALUES) == "[20s] [15s] [600s] 1000000"


def test_an_encoded_value_survives_in_a_url() -> None:
    assert fill("${__field.labels.http_route:percentencode}", VALUES) == "%2Fapi%2Fv1%2Floans%2F%3Cuuid%3Aloan_id%3E"


def test_the_variables_of_a_link_arrive_in_its_query() -> None:
    [query] = [
        query for query in QUERIES if query.where.endswith("panel 201 Requests by route link Traces of this route")
    ]

    assert query.way == Way.SEARCH
    assert f'span.http.route="{CLICK.route}"' in fill(query.text, VALUES)


def test_the_logs_of_a_span_are_asked_by_its_trace() -> None:
    [query] = [query for query in QUERIES if query.where.endswith("Tempo: logs of a span")]

    assert fill(query.text, VALUES) == f'{{service_name=~".+"}} | trace_id="{CLICK.trace_id}"'


def counted_by_hand() -> Counter[Kind]:
    """Count the queries by what they look like in the files, without the reader."""
    counted: Counter[Kind] = Counter()
    for dashboard in DASHBOARDS.values():
        targets = [thing for thing in things(dashboard["panels"]) if "refId" in thing]
        counted[Kind.PANEL] += len(targets)
        counted[Kind.EXEMPLARS] += sum(target.get("exemplar", False) for target in targets)
        counted[Kind.ANNOTATION] += len(dashboard["annotations"]["list"])
        counted[Kind.VARIABLE] += sum("label_values" in str(one["query"]) for one in dashboard["templating"]["list"])
        counted[Kind.LINK] += json.dumps(dashboard).count('"/explore?')
    for path in files():
        if path.suffix == ".yaml":
            document = read(path)
            steps = [step for rule in rules(document) for step in rule["data"]]
            counted[Kind.ALERT] += sum("expr" in step["model"] for step in steps)
            counted[Kind.LINK] += sum(
                len(value) for thing in things(document) for key, value in thing.items() if key in DATA_SOURCE_LINKS
            )
            counted[Kind.LINK] += sum(
                isinstance(thing.get("query"), str) for thing in things(document.get("datasources", []))
            )
    return counted
