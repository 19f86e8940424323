# SPDX-License-Identifier: Apache-2.0
"""Loan business: who applies, what is lent and paid back, how late it is, and whether the books are right."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.dashboards import links
from grafana.dashboards.frame import choice, environments, framed
from grafana.dashboards.loan_business import applications, correctness, events, glance, money, portfolio
from grafana.dashboards.loan_business.selectors import EVENT_LINES
from grafana.dashboards.rows import with_rows

UID = "loan-business"


def loan_business() -> Dashboard:
    """Build the dashboard."""
    question = "Who applies, what is lent and paid back, how late is the portfolio, and are the books right?"
    dashboard = framed("Loan business", UID, question, "business", "now-6h")
    rows = (glance, applications, money, portfolio, correctness, events)
    return with_rows(_with_links(_with_variables(dashboard)), [row.row() for row in rows])


def _with_variables(dashboard: Dashboard) -> Dashboard:
    counted = "loan_applications_total"
    currencies = (
        f'label_values({counted}{{service_name="loan-service",deployment_environment_name=~"$environment"}},'
        " loan_currency)"
    )
    return dashboard.with_variable(environments(counted)).with_variable(choice("currency", "Currency", currencies))


def _with_links(dashboard: Dashboard) -> Dashboard:
    return (
        dashboard.link(links.logs("Business events in Explore", EVENT_LINES))
        .link(links.page("Alerts", "/alerting/list"))
        .link(links.page("Runbook: ledger imbalance", "http://localhost:80/runbooks/LoanLedgerImbalance.md"))
        .link(links.page("Runbook: invariant violated", "http://localhost:80/runbooks/LoanInvariantViolated.md"))
    )
