# SPDX-License-Identifier: Apache-2.0
"""The trace of the current request."""

from opentelemetry import trace


def current_trace_id() -> str | None:
    """Give the current request's trace id as 32 hex digits, if there is one."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
