# SPDX-License-Identifier: Apache-2.0
"""OTEL_PROPAGATORS=none: the API's own answer to it gives no context at all, and instrumentors fail with that."""

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
    """Reads and writes nothing."""

    def extract(
        self,
        carrier: CarrierT,  # noqa: ARG002  # the API's signature
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,  # noqa: ARG002
    ) -> Context:
        """Give the context back."""
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
    """Set a propagator where OTEL_PROPAGATORS asks for none; the API has read all other values itself."""
    if not propagate.get_global_textmap().fields:
        propagate.set_global_textmap(NoPropagator())
