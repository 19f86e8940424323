# SPDX-License-Identifier: Apache-2.0
"""What the rows select: lines of business events, series by currency, and values that one worker reports."""

from grafana.dashboards.queries import SERVICE

IN_CURRENCY = f'{SERVICE},loan_currency=~"$currency"'
LATE = f'{IN_CURRENCY},loan_delinquency_bucket!~"current|1-29"'
BUSINESS = "loan_.+|borrower_.+|idempotency_key_.+|transaction_retried|ledger_invariant_violated"
# What an engineer reads of an event; its other fields open at a click.
READABLE = 'json | line_format "{{.event}} {{.loan_id}} {{.loan_currency}} {{.trace_id}}"'
EVENT_LINES = f'{{{SERVICE}}} | event=~"{BUSINESS}"'


def lines_of(*events: str) -> str:
    """Select the lines of some events."""
    return f'{{{SERVICE}}} | event=~"{"|".join(events)}"'


def hourly(metric: str, selector: str, by: str = "") -> str:
    """Sum a counter over all workers, as a rate per hour.

    Over five minutes: over $__rate_interval (20 s) one rejection reads as 180 per hour.
    """
    grouping = f" by ({by})" if by else ""
    return f"3600 * sum{grouping} (rate({metric}{{{selector}}}[5m]))"


def total(metric: str, selector: str) -> str:
    """Sum what a counter gained in the chosen time."""
    return f"sum(increase({metric}{{{selector}}}[$__range]))"


def standing(metric: str, selector: str, by: str) -> str:
    """Read a gauge of the one worker that watches.

    Its predecessor's last value is still there for minutes: the short window forgets it, and the maximum counts the
    overlap once.
    """
    return f"max by ({by}) (last_over_time({metric}{{{selector}}}[$__rate_interval]))"
