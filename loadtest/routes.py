# SPDX-License-Identifier: Apache-2.0
"""The rows of the report: what people ask for, and how fast an answer has to be."""

from typing import NamedTuple

# The latency objective of the service is 99 % of the answers in under 500 ms. Here the generator, the service and all
# that observes it share one small machine, so the same bound is asked of 95 %.
SLOW_MS = 500


class Route(NamedTuple):
    """One row: a request's method, its name in the report, and the bound of its 95th percentile."""

    method: str
    name: str
    p95_ms: int = SLOW_MS


# Names are templates, never real ids: one row per route, as in the service's own metrics. What must fail is apart from
# what must succeed, for an error is answered faster and would flatter the percentile.
APPLY = Route("POST", "/api/v1/loans")
MISAPPLY = Route("POST", "/api/v1/loans (mistaken)")
LIST = Route("GET", "/api/v1/loans")
READ = Route("GET", "/api/v1/loans/[id]")
MISREAD = Route("GET", "/api/v1/loans/[id] (unknown)")

ROUTES = (APPLY, MISAPPLY, LIST, READ, MISREAD)
