# SPDX-License-Identifier: Apache-2.0
"""Whether each request counts once, waits for no other, and leaves the books right."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.loan_business.selectors import lines_of, standing
from grafana.dashboards.panels import Card, graph
from grafana.dashboards.queries import METRICS, SERVICE, SPANS, promql, quantile, rate, share
from grafana.dashboards.rows import Row

KEYS = "loan_idempotency_requests_total"
LOCK = "loan_lock_wait_duration_seconds"
KEY_LINES = links.logs("Replays and misuse", lines_of("idempotency_key_replayed", "idempotency_key_mismatch"))
WRITES = links.traces("Requests with a key", f'{{{SPANS} && kind=server && span.loan.idempotency.outcome!=""}}')
RETRIES = links.metrics("Retries", rate("loan_tx_retries_total", SERVICE, "db_response_status_code"))


def row() -> Row:
    """List the row's panels."""
    panels = [keys(), replays(), retries(), locks(), imbalance(), violations()]
    return Row(500, "Correctness", panels)


def keys() -> timeseries.Panel:
    """Draw what becomes of requests with a key."""
    question = "What becomes of requests with an idempotency key? A mismatch is a client that uses keys wrongly."
    target = promql(rate(KEYS, SERVICE, "loan_idempotency_outcome"), "{{loan_idempotency_outcome}}")
    card = Card(501, "Idempotency outcomes", question, METRICS, [KEY_LINES, WRITES])
    return graph(card, units.RequestsPerSecond, target)


def replays() -> timeseries.Panel:
    """Draw how often clients repeat requests."""
    question = "What share of the requests with a key are repetitions? A rise means that clients miss our answers."
    expression = share(rate(KEYS, f'{SERVICE},loan_idempotency_outcome="replayed"'), rate(KEYS, SERVICE))
    card = Card(502, "Replay rate", question, METRICS, [KEY_LINES])
    return graph(card, units.PercentUnit, promql(expression, "replayed"))


def retries() -> timeseries.Panel:
    """Draw how often the database undoes work."""
    question = "How often does the database undo a transaction that is then tried again? 40P01 is a deadlock."
    target = promql(rate("loan_tx_retries_total", SERVICE, "db_response_status_code"), "{{db_response_status_code}}")
    return graph(Card(503, "Retried transactions", question, METRICS, [RETRIES]), units.OpsPerSecond, target)


def locks() -> timeseries.Panel:
    """Draw how long requests wait for each other's loans."""
    question = "How long does it take to lock a loan? Near 1 s the database gives up and the client gets 503."
    targets = [
        promql(quantile(fraction, LOCK, SERVICE), name)
        for fraction, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    ]
    return graph(Card(504, "Waits for a loan", question, METRICS, [WRITES]), units.Seconds, *targets)


def imbalance() -> timeseries.Panel:
    """Draw what debits and credits differ by."""
    question = "Do debits and credits agree? Every line is 0; a gap means that no check runs."
    link = links.page("Runbook", "http://localhost:80/runbooks/LoanLedgerImbalance.md")
    expression = f"abs({standing('loan_ledger_imbalance', SERVICE, 'loan_currency')})"
    card = Card(505, "Ledger imbalance", question, METRICS, [link])
    return graph(card, units.Short, promql(expression, "{{loan_currency}}"))


def violations() -> timeseries.Panel:
    """Draw what contradicts itself."""
    question = "Which invariants are violated, and how often? Every line is 0; a gap means that no check runs."
    link = links.page("Runbook", "http://localhost:80/runbooks/LoanInvariantViolated.md")
    target = promql(standing("loan_invariant_violations", SERVICE, "loan_invariant"), "{{loan_invariant}}")
    return graph(Card(506, "Violated invariants", question, METRICS, [link]), units.Short, target)
