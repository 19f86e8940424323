# SPDX-License-Identifier: Apache-2.0
"""Print a walk: each step with the query behind it, to paste into Grafana Explore or curl."""

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from stack.backends import Span
from stack.tour.provoke import Answer
from stack.tour.walk import Walk

# The most informative attributes of a span, the most important first.
TELLING = ("http.response.status_code", "error.type", "db.query.text", "loan.id", "service.instance.id")


def show_walk(console: Console, title: str, answer: Answer, walk: Walk) -> None:
    """Print the request and the five steps from its metric to its log lines and back."""
    console.rule(f"[bold]{title}")
    console.print(f"The client saw [bold]{answer.status}[/] after {answer.seconds:.2f} s, trace {answer.trace_id}\n")
    _step(console, 1, "Metric: how many requests were slower than 0.5 s", "PromQL", walk.metric_query)
    console.print(f"   {walk.metric[0].value:g}\n")
    _step(console, 2, "Exemplar: one of them, with its trace", "PromQL (exemplars)", walk.exemplar_query)
    console.print(f"   {walk.exemplar.value:.3f} s, trace_id {walk.exemplar.trace_id}\n")
    _step(console, 3, "Trace: where the time went", "Tempo trace id", walk.exemplar.trace_id)
    console.print(_tree(walk.trace))
    _step(console, 4, "Logs: the service's lines of this request", "LogQL", walk.log_query)
    for line in walk.log_lines:
        console.print(f"   {escape(line.text)}", soft_wrap=True, highlight=False)
    _step(console, 5, "And back: the metric, from the log line's own labels", "PromQL", walk.back_query)
    console.print(f"   {walk.back[0].value:g} such requests so far\n")


def _step(console: Console, number: int, what: str, language: str, query: str) -> None:
    console.print(f"[bold]{number}. {what}[/]")
    # On a line of its own and never broken, so that it can be copied.
    console.print(f"   [dim]{language}:[/]\n   [cyan]{escape(query)}[/]", soft_wrap=True, highlight=False)


def _tree(spans: list[Span]) -> Tree:
    """Draw the spans by parent; a span whose parent never arrived hangs from the top."""
    known = {span.span_id for span in spans}
    top = Tree("   trace")
    for span in spans:
        if span.parent_id not in known:
            _hang(top, span, spans)
    return top


def _hang(parent: Tree, span: Span, spans: list[Span]) -> None:
    colour = "red" if span.status == "error" else "green"
    branch = parent.add(f"[{colour}]{escape(span.name)}[/] {span.duration * 1000:.1f} ms [dim]{span.service}[/]")
    for key in TELLING:
        if key in span.attributes:
            branch.add(f"[dim]{key}[/] {escape(' '.join(span.attributes[key].split())[:140])}")
    for child in spans:
        if child.parent_id == span.span_id:
            _hang(branch, child, spans)
