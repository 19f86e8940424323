# SPDX-License-Identifier: Apache-2.0
"""Money going out and coming back; amounts in minor units of their currency, so currencies are never added up."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.loan_business.selectors import IN_CURRENCY, hourly, lines_of
from grafana.dashboards.panels import Card, graph
from grafana.dashboards.queries import METRICS, SERVICE, promql
from grafana.dashboards.rows import Row

CURRENCY = "loan_currency"
MOVED = links.logs("Bookings", lines_of("loan_disbursed", "loan_repayment_posted", "loan_fee_assessed"))
REPAID = links.logs("Repayments", lines_of("loan_repayment_posted", "loan_repayment_refused"))
ENDED = links.logs("Ends and quotes", lines_of("loan_paid_off", "loan_payoff_quoted", "loan_transaction_reversed"))


def row() -> Row:
    """List the row's panels."""
    panels = [disbursed(), repaid(), by_channel(), refused(), fees(), ends()]
    return Row(300, "Money in and out", panels)


def disbursed() -> timeseries.Panel:
    """Draw how much is paid out."""
    question = "How much principal is paid out per hour, in minor units of each currency?"
    target = promql(hourly("loan_disbursed_principal_total", IN_CURRENCY, CURRENCY), "{{loan_currency}}")
    return graph(Card(301, "Disbursed per hour", question, METRICS, [MOVED]), units.Short, target)


def repaid() -> timeseries.Panel:
    """Draw how much comes back, and what it is booked to."""
    question = "How much is repaid per hour, in minor units of each currency, and how much of it is principal?"
    expression = hourly("loan_repaid_amount_total", IN_CURRENCY, f"{CURRENCY}, loan_component")
    target = promql(expression, "{{loan_currency}} {{loan_component}}")
    return graph(Card(302, "Repaid per hour by component", question, METRICS, [REPAID]), units.Short, target)


def by_channel() -> timeseries.Panel:
    """Draw how repayments arrive."""
    question = "How many repayments come in per hour, and by which channel?"
    target = promql(hourly("loan_repayments_total", SERVICE, "loan_payment_channel"), "{{loan_payment_channel}}")
    return graph(Card(303, "Repayments per hour by channel", question, METRICS, [REPAID]), units.Short, target)


def refused() -> timeseries.Panel:
    """Draw which repayments are not taken."""
    question = "Which repayments are refused per hour, and why? A rise of one code is often one client's new release."
    target = promql(hourly("loan_repayments_refused_total", SERVICE, "error_type"), "{{error_type}}")
    return graph(Card(304, "Refused repayments per hour", question, METRICS, [REPAID]), units.Short, target)


def fees() -> timeseries.Panel:
    """Draw what being late costs, and how much of it is forgiven."""
    question = "How much is charged in fees per hour, in minor units of each currency, and how much is forgiven?"
    targets = [
        promql(hourly(f"loan_fees_{what}_total", IN_CURRENCY, CURRENCY), f"{{{{{CURRENCY}}}}} {what}")
        for what in ("assessed", "waived")
    ]
    return graph(Card(305, "Fees per hour", question, METRICS, [MOVED]), units.Short, *targets)


def ends() -> timeseries.Panel:
    """Draw which loans end well, and which payments were taken back."""
    question = "How many loans are paid off per hour, how many quotes are asked for, and how many payments reversed?"
    targets = [
        promql(hourly("loan_paid_off_total", IN_CURRENCY), "paid off"),
        promql(hourly("loan_payoff_quotes_total", IN_CURRENCY), "payoff quotes"),
        promql(hourly("loan_reversals_total", SERVICE, "loan_transaction_kind"), "reversed {{loan_transaction_kind}}"),
    ]
    return graph(Card(306, "Paid off, quoted, reversed per hour", question, METRICS, [ENDED]), units.Short, *targets)
