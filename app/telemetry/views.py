# SPDX-License-Identifier: Apache-2.0
"""Views: the attributes and buckets of each metric in docs/telemetry.yaml.

They bound the number of series: this version of the SDK has no cardinality limit. An instrument of the HTTP and
database instrumentors, which measure client input, is dropped unless it has a view. Other scopes need no view.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View

from app.telemetry import semconv
from app.telemetry.business import INSTRUMENTS
from app.telemetry.delivery.database import DATABASE_SCOPE
from app.telemetry.delivery.redacting import HTTP_SCOPE, LIGHT_SCOPE

SDK_SCOPE: Final = "opentelemetry-sdk"  # the SDK's internal metrics

# From a cached read to nginx's limit of 10 s; 0.5 is the latency objective, so that it can be counted exactly.
REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# The conventions' buckets. The SDK's default buckets are made for milliseconds.
STATEMENT_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class Listed(NamedTuple):
    """A metric, its allowed attributes, its buckets, and the scopes that make it."""

    metric: str
    attributes: tuple[str, ...] = ()
    buckets: tuple[float, ...] | None = None
    scopes: tuple[str, ...] = (semconv.SERVICE,)


LISTED: Final = (
    Listed(
        semconv.HTTP_SERVER_REQUEST_DURATION,
        (semconv.HTTP_REQUEST_METHOD, semconv.HTTP_ROUTE, semconv.HTTP_RESPONSE_STATUS_CODE, semconv.ERROR_TYPE),
        REQUEST_SECONDS,
        (HTTP_SCOPE, LIGHT_SCOPE),
    ),
    # Ours, not the instrumentor's: it costs 40 us of each request, and is never corrected after an error.
    Listed(semconv.HTTP_SERVER_ACTIVE_REQUESTS),
    Listed(
        semconv.DB_CLIENT_OPERATION_DURATION,
        (semconv.DB_SYSTEM_NAME, semconv.DB_OPERATION_NAME, semconv.ERROR_TYPE),
        STATEMENT_SECONDS,
        (DATABASE_SCOPE, LIGHT_SCOPE),
    ),
    Listed(
        semconv.DB_CLIENT_CONNECTION_COUNT,
        (semconv.DB_CLIENT_CONNECTION_POOL_NAME, semconv.DB_CLIENT_CONNECTION_STATE),
    ),
    Listed(semconv.DB_CLIENT_CONNECTION_MAX, (semconv.DB_CLIENT_CONNECTION_POOL_NAME,)),
    Listed(semconv.LOAN_SERVICE_LOG_LINES_LOST, (semconv.LOAN_LOG_SINK,)),
    Listed(semconv.LOAN_SERVICE_THREADS_LIMIT),
    *(Listed(declared.name, declared.attributes, declared.buckets) for declared in INSTRUMENTS),
    Listed(semconv.LOAN_PORTFOLIO_OUTSTANDING, (semconv.LOAN_CURRENCY, semconv.LOAN_DELINQUENCY_BUCKET)),
    Listed(semconv.LOAN_PORTFOLIO_LOANS, (semconv.LOAN_CURRENCY, semconv.LOAN_DELINQUENCY_BUCKET)),
    Listed(semconv.LOAN_LEDGER_IMBALANCE, (semconv.LOAN_CURRENCY,)),
    Listed(semconv.LOAN_INVARIANT_VIOLATIONS, (semconv.LOAN_INVARIANT,)),
    Listed(semconv.OTEL_SDK_PROCESSOR_SPAN_PROCESSED, (semconv.ERROR_TYPE,), scopes=(SDK_SCOPE,)),
    Listed(semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE, scopes=(SDK_SCOPE,)),
    Listed(semconv.OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY, scopes=(SDK_SCOPE,)),
    Listed(semconv.OTEL_SDK_EXPORTER_SPAN_EXPORTED, (semconv.ERROR_TYPE,)),
)


def views(listed: tuple[Listed, ...]) -> Iterator[View]:
    """Turn the list into views."""
    for each in listed:
        for scope in each.scopes:
            yield View(
                instrument_name=each.metric,
                meter_name=scope,
                attribute_keys=set(each.attributes),
                aggregation=ExplicitBucketHistogramAggregation(each.buckets) if each.buckets else None,
            )
    for scope in (HTTP_SCOPE, DATABASE_SCOPE):
        yield View(instrument_name="*", meter_name=scope, attribute_keys=set(), aggregation=DropAggregation())


VIEWS: Final = tuple(views(LISTED))
