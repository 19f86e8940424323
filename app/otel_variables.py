# SPDX-License-Identifier: Apache-2.0
"""Each OTEL_* variable of the specification and of Python's SDK: honoured, or refused with a reason at the start.

docs/otel-variables.md is generated from this table.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from app.otel_values import (
    RATIOS,
    SAMPLERS,
    Check,
    between,
    http_url,
    one_of,
    pairs,
    propagators,
    readable_file,
    resource_attributes,
    resource_detectors,
    share,
    stable_conventions,
    whole,
)

# Units and limits of the times that the service reads itself. An export that takes over a minute has failed: the next
# one is due, and a worker ends meanwhile. Python's SDK counts this one in seconds, where the specification has
# milliseconds; any likely number of milliseconds is above the limit.
TIMEOUT: Final = between("seconds (Python's SDK counts in seconds, not in milliseconds)", 60)
INTERVAL: Final = between("milliseconds", 3_600_000, 1000)  # longer than an hour would be a mistake
DEFAULT_QUEUE: Final = 2048  # spans, the SDK's own


class Honoured(NamedTuple):
    """A variable that the service honours, with its effect and its default."""

    name: str
    check: Check
    default: str
    effect: str


class Refused(NamedTuple):
    """A variable with which the service does not start, whatever its value."""

    name: str
    reason: str


LOGS: Final = "logs leave as files, which the collector reads and an outage does not lose (LOG_DIR, LOG_LEVEL)"
NO_GRPC: Final = "the service sends OTLP over HTTP, where http:// or https:// in the endpoint decides"
IN_CODE: Final = "the service sets its telemetry up in code (app/telemetry)"
NO_ZIPKIN: Final = "the service sends OTLP, and the collector can pass spans on to Zipkin"
HEADERS: Final = "headers may hold personal data, and none leaves in a span"
SESSION: Final = (
    "the service gives the exporters a session of its own, and OTEL_EXPORTER_OTLP_HEADERS carries credentials"
)
COUNTED: Final = "every request is counted, except probes"


def _otlp(signal: str) -> list[Honoured]:
    """List the variables of OTLP for one signal, or for all of them."""
    prefix = f"OTEL_EXPORTER_OTLP_{signal}"
    whose = f"for {signal[:-1].lower()} alone" if signal else "for traces and metrics"

    def default(text: str) -> str:
        return "as for both signals" if signal else text

    place = "used as it is" if signal else "/v1/traces and /v1/metrics are added"
    return [
        Honoured(f"{prefix}ENDPOINT", http_url, default("nothing is sent"), f"Where to send, {whose}; {place}."),
        Honoured(f"{prefix}HEADERS", pairs, default("none"), f"Header fields of each export, {whose}: credentials."),
        Honoured(f"{prefix}CERTIFICATE", readable_file, default("the system's"), f"File of trusted CAs, {whose}."),
        Honoured(f"{prefix}CLIENT_KEY", readable_file, default("none"), f"File of the client's private key, {whose}."),
        Honoured(f"{prefix}CLIENT_CERTIFICATE", readable_file, default("none"), f"File of its certificate, {whose}."),
        Honoured(f"{prefix}COMPRESSION", one_of("gzip", "deflate", "none"), default("gzip"), f"Of exports, {whose}."),
        Honoured(f"{prefix}TIMEOUT", TIMEOUT, default("2"), f"Seconds that an export may take, {whose}."),
        Honoured(f"{prefix}PROTOCOL", one_of("http/protobuf"), "http/protobuf", f"The only one there is, {whose}."),
    ]


HONOURED: Final = (
    Honoured("OTEL_SDK_DISABLED", one_of("true", "false"), "false", "Switches spans and metrics off; logs stay."),
    Honoured("OTEL_SERVICE_NAME", str, "loan-service", "service.name of all three signals."),
    Honoured("OTEL_RESOURCE_ATTRIBUTES", resource_attributes, "none", "Further attributes of all three signals."),
    Honoured("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", resource_detectors, "otel", "Adds what detectors find out."),
    Honoured("OTEL_PROPAGATORS", propagators, "tracecontext,baggage", "Header fields that carry context."),
    Honoured("OTEL_TRACES_SAMPLER", one_of(*SAMPLERS), "parentbased_always_on", "Which traces are recorded."),
    Honoured("OTEL_TRACES_SAMPLER_ARG", share, "1", "The share, with traceidratio."),
    Honoured("OTEL_BSP_SCHEDULE_DELAY", INTERVAL, "1000", "Milliseconds that a span waits at most for its batch."),
    Honoured("OTEL_BSP_MAX_QUEUE_SIZE", whole(1), "2048", "Spans that wait; then the oldest are dropped and counted."),
    Honoured("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", whole(1), "128", "Spans in one export."),
    Honoured("OTEL_ATTRIBUTE_COUNT_LIMIT", whole(0), "128", "Attributes of a span, an event, a link."),
    Honoured("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", whole(0), "none", "Characters of a text in an attribute."),
    Honoured("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", whole(0), "128", "Attributes of a span."),
    Honoured("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", whole(0), "none", "Characters of a text in a span's attribute."),
    Honoured("OTEL_SPAN_EVENT_COUNT_LIMIT", whole(0), "128", "Events of a span; the newest stay."),
    Honoured("OTEL_SPAN_LINK_COUNT_LIMIT", whole(0), "128", "Links of a span; the newest stay."),
    Honoured("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", whole(0), "128", "Attributes of an event."),
    Honoured("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", whole(0), "128", "Attributes of a link."),
    Honoured("OTEL_METRIC_EXPORT_INTERVAL", INTERVAL, "5000", "Milliseconds between two exports of metrics."),
    Honoured("OTEL_METRIC_EXPORT_TIMEOUT", INTERVAL, "30000", "Milliseconds that observing callbacks may take."),
    Honoured(
        "OTEL_METRICS_EXEMPLAR_FILTER",
        one_of("always_on", "always_off", "trace_based"),
        "trace_based",
        "Which measurements may become exemplars.",
    ),
    Honoured(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        one_of("cumulative"),
        "cumulative",
        "The only one there is: the next export makes a lost one good, and a lost delta would be missing for ever.",
    ),
    Honoured(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        one_of("explicit_bucket_histogram"),
        "explicit_bucket_histogram",
        "The only one there is: rules and dashboards count buckets.",
    ),
    Honoured("OTEL_TRACES_EXPORTER", one_of("otlp", "none"), "otlp", "none: spans are made, and not sent."),
    Honoured("OTEL_METRICS_EXPORTER", one_of("otlp", "none"), "otlp", "none: metrics are at /metrics alone."),
    Honoured("OTEL_LOGS_EXPORTER", one_of("none"), "none", f"The only one there is: {LOGS}."),
    Honoured("OTEL_SEMCONV_STABILITY_OPT_IN", stable_conventions, "http,database", "Both are always in effect."),
    *(variable for signal in ("", "TRACES_", "METRICS_") for variable in _otlp(signal)),
)
REFUSED: Final = (
    *(
        Refused(f"OTEL_EXPORTER_OTLP_LOGS_{name}", LOGS)
        for name in ("ENDPOINT", "HEADERS", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE", "COMPRESSION", "TIMEOUT")
    ),
    Refused("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", LOGS),
    *(Refused(f"OTEL_EXPORTER_OTLP_{name}INSECURE", NO_GRPC) for name in ("", "TRACES_", "METRICS_", "LOGS_")),
    *(Refused(f"OTEL_EXPORTER_OTLP_{name}_INSECURE", NO_GRPC) for name in ("SPAN", "METRIC")),
    *(
        Refused(f"OTEL_BLRP_{name}", LOGS)
        for name in ("SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE")
    ),
    *(Refused(f"OTEL_LOGRECORD_ATTRIBUTE_{name}_LIMIT", LOGS) for name in ("COUNT", "VALUE_LENGTH")),
    *(Refused(f"OTEL_EXPORTER_ZIPKIN_{name}", NO_ZIPKIN) for name in ("ENDPOINT", "TIMEOUT", "PROTOCOL")),
    *(
        Refused(f"OTEL_EXPORTER_PROMETHEUS_{name}", "/metrics is served with the API (API_HOST, API_PORT)")
        for name in ("HOST", "PORT")
    ),
    Refused(
        "OTEL_BSP_EXPORT_TIMEOUT", "Python's SDK reads and never uses it, and OTEL_EXPORTER_OTLP_TIMEOUT is the limit"
    ),
    Refused("OTEL_LOG_LEVEL", "LOG_LEVEL sets the level of all loggers, OpenTelemetry's too"),
    Refused("OTEL_ENTITIES", "Python's SDK does not support it, and OTEL_RESOURCE_ATTRIBUTES describes the service"),
    *(Refused(f"OTEL_{name}CONFIG_FILE", IN_CODE) for name in ("", "EXPERIMENTAL_")),
    *(
        Refused(f"OTEL_PYTHON_{name}", IN_CODE)
        for name in (
            "CONTEXT",
            "ID_GENERATOR",
            "TRACER_PROVIDER",
            "METER_PROVIDER",
            "LOGGER_PROVIDER",
            "TRACER_CONFIGURATOR",
            "METER_CONFIGURATOR",
            "LOGGER_CONFIGURATOR",
            "CONFIGURATOR",
            "DISTRO",
            "DISABLED_INSTRUMENTATIONS",
            "LOGGING_AUTO_INSTRUMENTATION_ENABLED",
            "AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH",
            "SDK_INTERNAL_METRICS_ENABLED",
        )
    ),
    *(
        Refused(f"OTEL_PYTHON_EXPORTER_OTLP_HTTP_{name}CREDENTIAL_PROVIDER", SESSION)
        for name in ("", "TRACES_", "METRICS_", "LOGS_")
    ),
    *(
        Refused(f"OTEL_PYTHON_EXPORTER_OTLP_GRPC_{name}", NO_GRPC)
        for name in (
            "CREDENTIAL_PROVIDER",
            "TRACES_CREDENTIAL_PROVIDER",
            "METRICS_CREDENTIAL_PROVIDER",
            "LOGS_CREDENTIAL_PROVIDER",
            "RETRYABLE_ERROR_CODES",
        )
    ),
    *(
        Refused(f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_{name}", HEADERS)
        for name in ("SERVER_REQUEST", "SERVER_RESPONSE", "CLIENT_REQUEST", "CLIENT_RESPONSE", "SANITIZE_FIELDS")
    ),
    Refused(
        "OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS", "each invented method would be a series of its own"
    ),
    Refused("OTEL_PYTHON_EXCLUDED_URLS", COUNTED),
    Refused("OTEL_PYTHON_FLASK_EXCLUDED_URLS", COUNTED),
)
NAMES: Final = frozenset({*(each.name for each in HONOURED), *(each.name for each in REFUSED)})
# Variables of instrumentations that a copy of this service may add: these read them, the service does not.
OTHERS: Final = ("OTEL_PYTHON_", "OTEL_INSTRUMENTATION_")


def problems(environ: Mapping[str, str]) -> list[str]:
    """List what is wrong with the OTEL_* variables, one line each; an empty variable counts as unset."""
    given = {name: value.strip() for name, value in environ.items() if name.startswith("OTEL_") and value.strip()}
    found = [f"{each.name}: not available: {each.reason}" for each in REFUSED if each.name in given]
    for variable in HONOURED:
        if variable.name in given:
            try:
                variable.check(given[variable.name])
            except ValueError as error:
                found.append(f"{variable.name}: {error}")
    unknown = sorted(name for name in given.keys() - NAMES if not name.startswith(OTHERS))
    found += [f"{name}: unknown variable, see docs/otel-variables.md" for name in unknown]
    return found or _disagreements(given)


def _disagreements(given: Mapping[str, str]) -> list[str]:
    """List variables that have no effect, or none that works, beside the others."""
    found = []
    if "OTEL_TRACES_SAMPLER_ARG" in given and given.get("OTEL_TRACES_SAMPLER", "").lower() not in RATIOS:
        found.append(f"OTEL_TRACES_SAMPLER_ARG: OTEL_TRACES_SAMPLER={' or '.join(RATIOS)} is expected beside it")
    batch, queue = (int(given.get(f"OTEL_BSP_MAX_{name}_SIZE", "0")) for name in ("EXPORT_BATCH", "QUEUE"))
    if batch > (queue or DEFAULT_QUEUE):
        found.append("OTEL_BSP_MAX_EXPORT_BATCH_SIZE: at most OTEL_BSP_MAX_QUEUE_SIZE is expected")
    for signal in ("", "TRACES_", "METRICS_"):
        key, certificate = (f"OTEL_EXPORTER_OTLP_{signal}CLIENT_{name}" for name in ("KEY", "CERTIFICATE"))
        if key in given and not {certificate, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"} & given.keys():
            found.append(f"{key}: {certificate} is expected beside it")
    return found
