# SPDX-License-Identifier: Apache-2.0
"""What is owed, how late it is, and what had to be given up."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import units

from grafana.dashboards import links
from grafana.dashboards.loan_business.selectors import IN_CURRENCY, LATE, hourly, lines_of, standing
from grafana.dashboards.panels import Card, graph
from grafana.dashboards.queries import METRICS, promql
from grafana.dashboards.rows import Row

WIDTH = 6
LOANS = "loan_portfolio_loans"
OUTSTANDING = "loan_portfolio_outstanding"
BUCKET = "loan_delinquency_bucket"
BY_CURRENCY_AND_BUCKET = f"loan_currency, {BUCKET}"
PAID = links.logs("Repayments", lines_of("loan_repayment_posted"))
GIVEN_UP = links.logs("Charge-offs and recoveries", lines_of("loan_charged_off", "loan_recovery_posted"))


def row() -> Row:
    """List the row's panels."""
    return Row(400, "Portfolio", [outstanding(), loans(), at_risk(), losses()])


def outstanding() -> timeseries.Panel:
    """Draw how much is owed, by lateness."""
    question = "How much principal is outstanding, in minor units of each currency, by days past due?"
    target = promql(
        f"{standing(OUTSTANDING, IN_CURRENCY, BY_CURRENCY_AND_BUCKET)} > 0", f"{{{{loan_currency}}}} {{{{{BUCKET}}}}}"
    )
    return graph(Card(401, "Outstanding principal", question, METRICS, [PAID], WIDTH), units.Short, target)


def loans() -> timeseries.Panel:
    """Draw how many loans are running, by lateness."""
    question = "How many loans are active, by days past due?"
    expression = f"sum by ({BUCKET}) ({standing(LOANS, IN_CURRENCY, BY_CURRENCY_AND_BUCKET)})"
    card = Card(402, "Loans by days late", question, METRICS, [PAID], WIDTH)
    return graph(card, units.Short, promql(expression, f"{{{{{BUCKET}}}}}"))


def at_risk() -> timeseries.Panel:
    """Draw which share of what is owed is late."""
    question = "What share of the outstanding principal belongs to loans that are 30 days past due or more (PAR30)?"
    card = Card(403, "At risk, PAR30", question, METRICS, [PAID], WIDTH)
    return graph(card, units.PercentUnit, promql(par30(), "{{loan_currency}}"))


def losses() -> timeseries.Panel:
    """Draw what was given up, and what came in after all."""
    question = "How much is charged off per hour, in minor units of each currency, and how much recovered?"
    targets = [
        promql(hourly(f"loan_{metric}_total", IN_CURRENCY, "loan_currency"), f"{{{{loan_currency}}}} {name}")
        for metric, name in (("charged_off_principal", "charged off"), ("recovered_amount", "recovered"))
    ]
    loans_lost = promql(hourly("loan_charge_offs_total", IN_CURRENCY), "loans charged off")
    card = Card(404, "Charge-offs per hour", question, METRICS, [GIVEN_UP], WIDTH)
    return graph(card, units.Short, *targets, loans_lost)


def par30() -> str:
    """Give the share at risk by currency; a currency in which nothing is owed has none."""
    late = f"sum by (loan_currency) ({standing(OUTSTANDING, LATE, BY_CURRENCY_AND_BUCKET)})"
    return f"{late} / (sum by (loan_currency) ({standing(OUTSTANDING, IN_CURRENCY, BY_CURRENCY_AND_BUCKET)}) > 0)"
