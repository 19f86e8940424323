# SPDX-License-Identifier: Apache-2.0
"""The resource: the attributes of every span, metric and log line of this process."""

import contextlib
import hmac
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.environment_variables import (
    OTEL_EXPERIMENTAL_RESOURCE_DETECTORS,
    OTEL_RESOURCE_ATTRIBUTES,
    OTEL_SERVICE_NAME,
)
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.util.types import AnyValue

from app import __version__
from app.telemetry import semconv

if TYPE_CHECKING:
    from app.settings import Settings

MAIN: Final = "main"
MACHINE_IDS: Final = (Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id"))


def worker_name(slot: int) -> str:
    """Name the worker in a slot, as in its log file and its instance id."""
    return f"w{slot}"


def process_name(settings: "Settings") -> str:
    """Name this process within its instance: a worker by its slot, anything else (a command, `flask run`) main."""
    return MAIN if settings.worker_slot is None else worker_name(settings.worker_slot)


def instance_name(settings: "Settings") -> str:
    """Name this instance of the service, the same for its arbiter, its workers and its next start.

    `service.instance.id` of OTEL_RESOURCE_ATTRIBUTES, else the host's name and a hash of the machine's id and
    TELEMETRY_DIR. Two instances on one machine can't share that directory; two machines may share a name, as clones do.
    ADR 0001 explains why it is not the port, the pid or a random value.
    """
    if settings.instance:
        return settings.instance
    # Keyed hash: machine-id(5) requires that the id itself is not published.
    digest = hmac.new(machine_id(), str(settings.telemetry_dir.resolve()).encode(), sha256)
    return f"{settings.host_name}-{digest.hexdigest()[:8]}"


def machine_id() -> bytes:
    """Identify this machine: its id, in a container without one the kernel's boot id, else nothing."""
    for path in MACHINE_IDS:
        with contextlib.suppress(OSError):
            if found := path.read_bytes().strip():
                return found
    return b""


def instance_id(settings: "Settings", process: str) -> str:
    """Name a process of this instance for all signals: a metric stream needs one writer.

    Never by pid or UUID: each recycled worker would begin a new series, and Prometheus' increase()
    doesn't see the first sample of a series.
    """
    return f"{instance_name(settings)}-{process}"


def build_resource(settings: "Settings") -> Resource:
    """Describe this process; of these, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES replace name and namespace."""
    given = OTELResourceDetector().detect().attributes
    return Resource.create(
        {
            semconv.SERVICE_NAME: given.get(semconv.SERVICE_NAME, semconv.SERVICE),
            semconv.SERVICE_NAMESPACE: given.get(semconv.SERVICE_NAMESPACE, semconv.NAMESPACE),
            semconv.SERVICE_VERSION: __version__,
            semconv.SERVICE_INSTANCE_ID: instance_id(settings, process_name(settings)),
            semconv.DEPLOYMENT_ENVIRONMENT_NAME: settings.environment.value,
        }
    )


def resource_from_environment(settings: "Settings") -> dict[str, AnyValue]:
    """Return what the environment adds to the resource or changes in it, for log lines; the collector adds the rest."""
    given = settings.otel.keys() & {OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPERIMENTAL_RESOURCE_DETECTORS}
    if not given:
        return {}
    # The SDK generates an instance id if none is set; a log line has this process's id.
    own = {semconv.SERVICE_NAME} - OTELResourceDetector().detect().attributes.keys() | {semconv.SERVICE_INSTANCE_ID}
    found = Resource.create().attributes
    return {name: value for name, value in found.items() if name not in own and not name.startswith("telemetry.sdk.")}
