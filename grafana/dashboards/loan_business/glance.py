# SPDX-License-Identifier: Apache-2.0
"""First row: six numbers that summarise the business."""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.loan_business.limits import AT_RISK, WRONG
from grafana.dashboards.loan_business.portfolio import BY_CURRENCY_AND_BUCKET, LOANS, OUTSTANDING, par30
from grafana.dashboards.loan_business.selectors import IN_CURRENCY, lines_of, standing, total
from grafana.dashboards.panels import Card, number
from grafana.dashboards.queries import METRICS, SERVICE, or_zero, promql_now
from grafana.dashboards.rows import Row

WIDTH, HEIGHT = 4, 4
APPLIED = links.logs("Applications", lines_of("loan_application_submitted"))
DECIDED = links.logs("Decisions", lines_of("loan_approved", "loan_rejected"))


def row() -> Row:
    """List the row's panels."""
    return Row(100, "At a glance", [applications(), approvals(), loans(), at_risk(), imbalance(), violations()])


def applications() -> stat.Panel:
    """Show how many applied."""
    question = "How many applications came in during the chosen time?"
    card = Card(101, "Applied", question, METRICS, [APPLIED], WIDTH, HEIGHT)
    return number(card, units.Short, promql_now(total("loan_applications_total", IN_CURRENCY), "applications"))


def approvals() -> stat.Panel:
    """Show how many of them were accepted."""
    question = "What share of the approvals and rejections in the chosen time were approvals? No value: none at all."
    approved = total("loan_decisions_total", f'{SERVICE},loan_decision="approved"')
    decided = total("loan_decisions_total", f'{SERVICE},loan_decision=~"approved|rejected"')
    card = Card(102, "Approved", question, METRICS, [DECIDED], WIDTH, HEIGHT)
    expression = f"({or_zero(approved, decided)}) / ({decided} > 0)"
    return number(card, units.PercentUnit, promql_now(expression, "approved"))


def loans() -> stat.Panel:
    """Show how many loans are running."""
    question = "How many loans are active now?"
    link = links.metrics("By bucket", f"sum by (loan_delinquency_bucket) ({LOANS}{{{SERVICE}}})")
    card = Card(103, "Loans", question, METRICS, [link], WIDTH, HEIGHT)
    expression = f"sum({standing(LOANS, IN_CURRENCY, BY_CURRENCY_AND_BUCKET)})"
    return number(card, units.Short, promql_now(expression, "loans"))


def at_risk() -> stat.Panel:
    """Show how much of what is owed is late."""
    question = "In the worst currency, what share of the outstanding principal is 30 days past due or more?"
    link = links.metrics(
        "Outstanding by bucket", f"sum by (loan_currency, loan_delinquency_bucket) ({OUTSTANDING}{{{SERVICE}}})"
    )
    card = Card(104, "PAR30", question, METRICS, [link], WIDTH, HEIGHT)
    return number(card, units.PercentUnit, promql_now(f"max({par30()})", "worst currency"), AT_RISK)


def imbalance() -> stat.Panel:
    """Show whether debits and credits agree."""
    question = "Do the books balance? Any other number than 0 is wrong; no value means that no check runs."
    link = links.page("Runbook", "http://localhost:80/runbooks/LoanLedgerImbalance.md")
    card = Card(105, "Ledger", question, METRICS, [link], WIDTH, HEIGHT)
    expression = f"sum(abs({standing('loan_ledger_imbalance', SERVICE, 'loan_currency')}))"
    return number(card, units.Short, promql_now(expression, "minor units"), WRONG)


def violations() -> stat.Panel:
    """Show whether everything agrees with everything."""
    question = "Do loans, schedules, transactions and ledger agree? Any other number than 0 is wrong."
    link = links.page("Runbook", "http://localhost:80/runbooks/LoanInvariantViolated.md")
    card = Card(106, "Checks", question, METRICS, [link], WIDTH, HEIGHT)
    expression = f"sum({standing('loan_invariant_violations', SERVICE, 'loan_invariant')})"
    return number(card, units.Short, promql_now(expression, "violations"), WRONG)
