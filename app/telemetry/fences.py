# SPDX-License-Identifier: Apache-2.0
"""What may be counted, by which attributes, in which buckets."""

from typing import Final, NamedTuple

from app.telemetry import semconv
from app.telemetry.business import INSTRUMENTS

# From a cached read to nginx's limit of 10 s; 0.5 is the latency objective, so that it can be counted exactly.
REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# The conventions' own. Without them the SDK would sort seconds into buckets made for milliseconds.
STATEMENT_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class Fence(NamedTuple):
    """A metric that may leave the process, the only attributes it may have, and its buckets."""

    metric: str
    attributes: tuple[str, ...] = ()
    buckets: tuple[float, ...] | None = None


# This version of the SDK has no cardinality limit of its own, so these are the limit.
FENCES: Final = (
    Fence(
        semconv.HTTP_SERVER_REQUEST_DURATION,
        (semconv.HTTP_REQUEST_METHOD, semconv.HTTP_ROUTE, semconv.HTTP_RESPONSE_STATUS_CODE, semconv.ERROR_TYPE),
        REQUEST_SECONDS,
    ),
    Fence(semconv.HTTP_SERVER_ACTIVE_REQUESTS),
    Fence(
        semconv.DB_CLIENT_OPERATION_DURATION,
        (semconv.DB_SYSTEM_NAME, semconv.DB_OPERATION_NAME, semconv.ERROR_TYPE),
        STATEMENT_SECONDS,
    ),
    Fence(
        semconv.DB_CLIENT_CONNECTION_COUNT,
        (semconv.DB_CLIENT_CONNECTION_POOL_NAME, semconv.DB_CLIENT_CONNECTION_STATE),
    ),
    Fence(semconv.DB_CLIENT_CONNECTION_MAX, (semconv.DB_CLIENT_CONNECTION_POOL_NAME,)),
    Fence(semconv.LOAN_SERVICE_THREADS_LIMIT),
    *(Fence(declared.name, declared.attributes, declared.buckets) for declared in INSTRUMENTS),
    Fence(semconv.LOAN_PORTFOLIO_OUTSTANDING, (semconv.LOAN_CURRENCY, semconv.LOAN_DELINQUENCY_BUCKET)),
    Fence(semconv.LOAN_PORTFOLIO_LOANS, (semconv.LOAN_CURRENCY, semconv.LOAN_DELINQUENCY_BUCKET)),
    Fence(semconv.LOAN_LEDGER_IMBALANCE, (semconv.LOAN_CURRENCY,)),
    Fence(semconv.LOAN_INVARIANT_VIOLATIONS, (semconv.LOAN_INVARIANT,)),
    Fence(semconv.OTEL_SDK_PROCESSOR_SPAN_PROCESSED, (semconv.ERROR_TYPE,)),
    Fence(semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE),
    Fence(semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY),
    Fence(semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED, (semconv.ERROR_TYPE,)),
)
