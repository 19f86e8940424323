# SPDX-License-Identifier: Apache-2.0
"""Who applies, and what becomes of it."""

from grafana_foundation_sdk.builders import heatmap, timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.loan_business.selectors import IN_CURRENCY, hourly, lines_of
from grafana.dashboards.panels import Card, graph, heat
from grafana.dashboards.queries import METRICS, SERVICE, promql, promql_buckets, quantile, rate, share
from grafana.dashboards.rows import Row

DECISIONS = "loan_decisions_total"
DECISION_SECONDS = "loan_decision_duration_seconds"
APPLIED = links.logs("Applications", lines_of("loan_application_submitted"))
DECIDED = links.logs("Decisions", lines_of("loan_approved", "loan_rejected", "loan_withdrawn", "loan_cancelled"))


def row() -> Row:
    """List the row's panels."""
    panels = [submitted(), decisions(), approval_rate(), reasons(), duration(), distribution()]
    return Row(200, "Applications and decisions", panels)


def submitted() -> timeseries.Panel:
    """Draw how many apply."""
    question = "How many people apply per hour, in which currency?"
    target = promql(hourly("loan_applications_total", IN_CURRENCY, "loan_currency"), "{{loan_currency}}")
    return graph(Card(201, "Applications per hour", question, METRICS, [APPLIED]), units.Short, target)


def decisions() -> timeseries.Panel:
    """Draw how applications end."""
    question = "How do applications end, per hour?"
    target = promql(hourly(DECISIONS, SERVICE, "loan_decision"), "{{loan_decision}}")
    return graph(Card(202, "Decisions per hour", question, METRICS, [DECIDED]), units.Short, target)


def approval_rate() -> timeseries.Panel:
    """Draw which share is accepted."""
    question = "What share of approvals and rejections are approvals? A gap means that nothing was decided."
    decided = rate(DECISIONS, f'{SERVICE},loan_decision=~"approved|rejected"')
    expression = share(rate(DECISIONS, f'{SERVICE},loan_decision="approved"'), decided)
    card = Card(203, "Approval rate", question, METRICS, [DECIDED])
    return graph(card, units.PercentUnit, promql(expression, "approved"))


def reasons() -> timeseries.Panel:
    """Draw why applications are rejected."""
    question = "Why are applications rejected, per hour?"
    rejected = hourly(DECISIONS, f'{SERVICE},loan_decision="rejected"', "loan_reject_reason")
    card = Card(204, "Rejections per hour by reason", question, METRICS, [DECIDED])
    return graph(card, units.Short, promql(rejected, "{{loan_reject_reason}}"))


def duration() -> timeseries.Panel:
    """Draw how long applicants wait."""
    question = "How long do applicants wait for an approval or a rejection? A gap means that nothing was decided."
    waiting = f'{SERVICE},loan_decision=~"approved|rejected"'
    targets = [
        promql(quantile(fraction, DECISION_SECONDS, waiting), name) for fraction, name in ((0.5, "p50"), (0.95, "p95"))
    ]
    return graph(Card(205, "Time to decision", question, METRICS, [DECIDED]), units.Seconds, *targets)


def distribution() -> heatmap.Panel:
    """Show whether some are decided at once and others after days."""
    question = "How are the times to a decision distributed: some at once and others after days?"
    target = promql_buckets(f"sum by (le) (increase({DECISION_SECONDS}_bucket{{{SERVICE}}}[$__rate_interval]))")
    return heat(Card(206, "Distribution of times to decision", question, METRICS, [DECIDED]), units.Seconds, target)
