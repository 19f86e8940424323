# SPDX-License-Identifier: Apache-2.0
"""The rows of the report: the routes, and how fast their answers have to be."""

from typing import NamedTuple

from stack.objectives import slow_seconds

# The latency objective of the service is 99 % of the answers within this time. Here the generator, the service and all
# that observes it share one small machine, so the same bound is required of 95 %.
SLOW_MS = round(slow_seconds() * 1000)


class Route(NamedTuple):
    """One row: a request's method, its name in the report, and the bound of its 95th percentile."""

    method: str
    name: str
    p95_ms: int = SLOW_MS


BORROWERS = "/api/v1/borrowers"
QUOTES = "/api/v1/quotes"
LOANS = "/api/v1/loans"
LOAN = f"{LOANS}/[id]"

# Names are templates, never real ids: one row per route, as in the service's own metrics. What must be refused is apart
# from what must succeed, for a refusal is answered faster and would flatter the percentile.
REGISTER = Route("POST", BORROWERS)
SEARCH = Route("POST", f"{BORROWERS}/search")
SHOW_BORROWER = Route("GET", f"{BORROWERS}/[id]")
QUOTE = Route("POST", QUOTES)
APPLY = Route("POST", LOANS)
LIST = Route("GET", LOANS)
READ = Route("GET", LOAN)
UNCHANGED = Route("GET", f"{LOAN} (unchanged)")
APPROVE = Route("POST", f"{LOAN}/approve")
REJECT = Route("POST", f"{LOAN}/reject")
WITHDRAW = Route("POST", f"{LOAN}/withdraw")
CANCEL = Route("POST", f"{LOAN}/cancel")
DISBURSE = Route("POST", f"{LOAN}/disburse")
SCHEDULE = Route("GET", f"{LOAN}/schedule")
REPAY = Route("POST", f"{LOAN}/repayments")
BOOKINGS = Route("GET", f"{LOAN}/transactions")
QUOTE_PAYOFF = Route("GET", f"{LOAN}/payoff-quote")
STATEMENT = Route("GET", f"{LOAN}/statement")
FEE = Route("POST", f"{LOAN}/fees")
WAIVE = Route("POST", f"{LOAN}/fee-waivers")
REVERSE = Route("POST", f"{LOAN}/transactions/[id]/reverse")
CHARGE_OFF = Route("POST", f"{LOAN}/charge-off")
RETRIED = Route("POST", "any (retried with its key)")

MISAPPLY = Route("POST", f"{LOANS} (mistaken)")
REUSE_KEY = Route("POST", f"{LOANS} (another's key)")
DECIDE_ALONE = Route("POST", f"{LOAN}/approve (not allowed)")
PAY_OUT_TWICE = Route("POST", f"{LOAN}/disburse (twice)")
PAY_TOO_MUCH = Route("POST", f"{LOAN}/repayments (too much)")
GIVE_UP_EARLY = Route("POST", f"{LOAN}/charge-off (too early)")
MISREAD = Route("GET", f"{LOAN} (unknown)")

REFUSED = (MISAPPLY, REUSE_KEY, DECIDE_ALONE, PAY_OUT_TWICE, PAY_TOO_MUCH, GIVE_UP_EARLY, MISREAD)
ROUTES = tuple(value for value in list(globals().values()) if isinstance(value, Route))
