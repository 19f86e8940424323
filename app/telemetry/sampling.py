# SPDX-License-Identifier: Apache-2.0
"""The head sampler: OTEL_TRACES_SAMPLER's, except that no trace begins with a database statement."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.environment_variables import OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from app.telemetry.statements import OPERATIONS

# The specification's names; the SDK chooses by them itself where it is given no sampler.
SAMPLERS: Final[Mapping[str, Callable[[float], Sampler]]] = {
    "always_on": lambda _ratio: ALWAYS_ON,
    "always_off": lambda _ratio: ALWAYS_OFF,
    "traceidratio": TraceIdRatioBased,
    "parentbased_always_on": lambda _ratio: DEFAULT_ON,
    "parentbased_always_off": lambda _ratio: DEFAULT_OFF,
    "parentbased_traceidratio": ParentBasedTraceIdRatio,
}


class NoStatementBeginsATrace(Sampler):
    """Drops database statements outside any trace (commands, background tasks); delegates all other decisions."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(  # noqa: PLR0917  # the SDK's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Return the decision for a new span."""
        statement = kind is SpanKind.CLIENT and name in OPERATIONS
        orphan = statement and not trace.get_current_span(parent_context).get_span_context().is_valid
        sampler = ALWAYS_OFF if orphan else self._sampler
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Name the sampler."""
        return f"{type(self).__name__}{{{self._sampler.get_description()}}}"


def sampler_from_environment() -> Sampler:
    """Build the sampler of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, by default parentbased_always_on."""
    build = SAMPLERS[os.environ.get(OTEL_TRACES_SAMPLER, "parentbased_always_on").lower()]
    return NoStatementBeginsATrace(build(float(os.environ.get(OTEL_TRACES_SAMPLER_ARG, "1"))))
