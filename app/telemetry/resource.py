# SPDX-License-Identifier: Apache-2.0
"""Who is speaking: the attributes that every span, metric and line of this process shares."""

import socket
from typing import TYPE_CHECKING

from opentelemetry.sdk.resources import Resource

from app import __version__
from app.telemetry import semconv

if TYPE_CHECKING:
    from app.settings import Settings


def worker_name(slot: int) -> str:
    """Name the worker in a slot, as in its log file and its instance id."""
    return f"w{slot}"


def instance_id(process: str) -> str:
    """Name this process by host and role.

    Never by pid or UUID: each recycled worker would begin a new series, and Prometheus' increase()
    doesn't see the first sample of a series.
    """
    return f"{socket.gethostname()}-{process}"


def build_resource(settings: "Settings") -> Resource:
    """Describe this worker; what the environment adds (OTEL_RESOURCE_ATTRIBUTES) can't replace these."""
    return Resource.create(
        {
            semconv.SERVICE_NAME: semconv.SERVICE,
            semconv.SERVICE_NAMESPACE: semconv.NAMESPACE,
            semconv.SERVICE_VERSION: __version__,
            semconv.SERVICE_INSTANCE_ID: instance_id(worker_name(settings.worker_slot)),
            semconv.DEPLOYMENT_ENVIRONMENT_NAME: settings.environment.value,
        }
    )
