# SPDX-License-Identifier: Apache-2.0
"""What a span may say outside this process."""

import re
from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from app.telemetry import semconv

# The instrumentor also collects the client's address, user agent, query string and Host header. A list of what may
# leave is safe with its next version as well; a list of what may not isn't.
ALLOWED: Final = {
    SpanKind.SERVER: frozenset(
        {
            semconv.HTTP_REQUEST_METHOD,
            semconv.HTTP_RESPONSE_STATUS_CODE,
            semconv.HTTP_ROUTE,
            semconv.URL_PATH,
            semconv.URL_SCHEME,
            semconv.NETWORK_PROTOCOL_VERSION,
            semconv.ERROR_TYPE,
            semconv.LOAN_BORROWER_ID,
            semconv.LOAN_ID,
            semconv.LOAN_IDEMPOTENCY_OUTCOME,
            semconv.LOAN_TRANSACTION_ID,
        }
    ),
    SpanKind.CLIENT: frozenset(
        {
            semconv.DB_SYSTEM_NAME,
            semconv.DB_NAMESPACE,
            semconv.DB_OPERATION_NAME,
            semconv.DB_QUERY_TEXT,
            semconv.DB_RESPONSE_STATUS_CODE,
            semconv.SERVER_ADDRESS,
            semconv.SERVER_PORT,
            semconv.ERROR_TYPE,
        }
    ),
}
LITERAL: Final = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
MAX_VALUE_LENGTH: Final = 4096


def allowed(kind: SpanKind, attributes: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """Choose the attributes that a span of this kind may have."""
    names = ALLOWED.get(kind, frozenset())
    chosen = {name: value for name, value in attributes.items() if name in names}
    path = chosen.pop(semconv.URL_PATH, None)
    if path is not None and semconv.HTTP_ROUTE in chosen:  # no route matched: the path is whatever someone typed
        chosen[semconv.URL_PATH] = as_text(str(path))
    return chosen


def as_text(path: str) -> str:
    """Give a path as the text that it is: WSGI hands it over with a character for each byte."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def without_literals(statement: str) -> str:
    """Put a question mark in the place of each literal, and cut what is longer than any statement of ours."""
    return LITERAL.sub("?", statement)[:MAX_VALUE_LENGTH]
