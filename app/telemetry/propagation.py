# SPDX-License-Identifier: Apache-2.0
"""OTEL_PROPAGATORS=none: the API's own propagator for it returns no context, and instrumentors raise on that."""

from opentelemetry import propagate
from opentelemetry.context import Context, get_current
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)


class NoPropagator(TextMapPropagator):
    """A propagator that reads and writes no header."""

    def extract(
        self,
        carrier: CarrierT,  # noqa: ARG002  # the API's signature
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,  # noqa: ARG002
    ) -> Context:
        """Return the context unchanged."""
        return get_current() if context is None else context

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Write nothing."""

    @property
    def fields(self) -> set[str]:
        """Name no header."""
        return set()


def mend_propagation() -> None:
    """Set a propagator for OTEL_PROPAGATORS=none; the API has applied all other values itself."""
    if not propagate.get_global_textmap().fields:
        propagate.set_global_textmap(NoPropagator())
