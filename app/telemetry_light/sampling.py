# SPDX-License-Identifier: Apache-2.0
"""Applies the provider's sampler to requests, with a short cut for samplers whose decision is constant."""

import os
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.environment_variables import OTEL_TRACES_SAMPLER
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import SpanContext, SpanKind

BY_PARENT: Final = "parentbased_always_on"  # the specification's default


class FastSampler:
    """Decides about the spans of requests."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._by_parent = os.environ.get(OTEL_TRACES_SAMPLER, BY_PARENT) == BY_PARENT

    def samples(self, context: Context, parent: SpanContext, trace_id: int, method: str) -> bool:
        """Return whether the span of a request is recorded and exported."""
        if self._by_parent:
            return not parent.is_valid or parent.trace_flags.sampled
        result = self._sampler.should_sample(context, trace_id, method, SpanKind.SERVER)
        return result.decision is Decision.RECORD_AND_SAMPLE
