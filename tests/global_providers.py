# SPDX-License-Identifier: Apache-2.0
"""Global providers that follow the service from test to test.

OpenTelemetry's API lets a process set each global provider once. A test process sets these, before any test; when the
service sets its own, as in a new process, theirs take over behind them. Tracers and instruments that were made earlier,
at an import, follow.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider


class Tracer(trace.Tracer):
    """Gets its tracer from the current provider."""

    def __init__(self, tracers: "Tracers", scope: tuple[Any, ...]) -> None:
        self._tracers = tracers
        self._scope = scope

    def _real(self) -> trace.Tracer:
        return self._tracers.current.get_tracer(*self._scope)

    def start_span(self, *arguments: Any, **named: Any) -> trace.Span:  # noqa: ANN401  # the API's arguments
        return self._real().start_span(*arguments, **named)

    def start_as_current_span(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # as above
        return self._real().start_as_current_span(*arguments, **named)


class Tracers(trace.TracerProvider):
    """Gives tracers that follow."""

    current: trace.TracerProvider = NoOpTracerProvider()

    def get_tracer(  # the API's signature
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,  # noqa: ANN401  # as above
    ) -> trace.Tracer:
        scope = (instrumenting_module_name, instrumenting_library_version, schema_url, attributes)
        return Tracer(self, scope)

    def use(self, provider: trace.TracerProvider) -> None:
        """Take a provider in place of the one before."""
        self.current = provider


class Follower:
    """An instrument that is made anew by each provider."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self.real: Any = make()

    def follow(self) -> None:
        """Be made by the provider of the moment."""
        self.real = self._make()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # add, record or set
        return getattr(self.real, name)


class Meter:
    """Makes instruments that follow; of the API only the methods `create_*` are used."""

    def __init__(self, meters: "Meters", scope: tuple[Any, ...]) -> None:
        self._meters = meters
        self._scope = scope

    def __getattr__(self, create: str) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Follower:  # noqa: ANN401  # the API's arguments
            follower = Follower(
                lambda: getattr(self._meters.current.get_meter(*self._scope), create)(*arguments, **named)
            )
            self._meters.followers.append(follower)
            return follower

        return made


class Meters(metrics.MeterProvider):
    """Gives meters whose instruments follow."""

    def __init__(self) -> None:
        self.current: metrics.MeterProvider = NoOpMeterProvider()
        self.followers: list[Follower] = []

    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,  # noqa: ANN401  # the API's
    ) -> metrics.Meter:
        return Meter(self, (name, version, schema_url, attributes))  # type: ignore[return-value]  # acts as one

    def use(self, provider: metrics.MeterProvider) -> None:
        """Take a provider in place of the one before."""
        self.current = provider
        for follower in self.followers:
            follower.follow()


@contextmanager
def following() -> Iterator[None]:
    """Set the global providers of this process, and let the service set what is behind them."""
    tracers, meters = Tracers(), Meters()
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "set_tracer_provider", tracers.use)
        patch.setattr(metrics, "set_meter_provider", meters.use)
        yield
