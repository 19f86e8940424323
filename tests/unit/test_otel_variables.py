# SPDX-License-Identifier: Apache-2.0
"""The table of OTEL_* variables holds every variable of the installed SDK, and refuses in one line with the reason."""

import re
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

import pytest
from opentelemetry import environment_variables as api
from opentelemetry.instrumentation import environment_variables as instrumentation
from opentelemetry.sdk import environment_variables as sdk

from app.otel_variables import HONOURED, NAMES, REFUSED, Refused, problems
from app.settings import Settings, SettingsError
from docs.otel_variables import PAGE, page

# Every package that could read a variable in this service's process.
PACKAGES = [
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-exporter-otlp-common",
    "opentelemetry-exporter-otlp-proto-common",
    "opentelemetry-exporter-http-transport",
    "opentelemetry-exporter-prometheus",
    "opentelemetry-instrumentation",
    "opentelemetry-instrumentation-flask",
    "opentelemetry-instrumentation-wsgi",
    "opentelemetry-util-http",
]
LITERAL = re.compile(r"""["'](OTEL_[A-Z0-9_]+[A-Z0-9])["']""")
# The specification's own, as of version 1.57: those that Python's SDK does not have.
SPECIFIED = ["OTEL_EXPERIMENTAL_CONFIG_FILE", "OTEL_ENTITIES", "OTEL_EXPORTER_ZIPKIN_PROTOCOL"]
KEY = "k-9f2c7d1e"
WRONG = [
    ("OTEL_SDK_DISABLED", "yes", "true or false"),
    ("OTEL_PROPAGATORS", "jaeger", "opentelemetry-propagator-jaeger"),
    ("OTEL_PROPAGATORS", "tracecontext,nosuch", "an unknown propagator"),
    ("OTEL_TRACES_SAMPLER", "sometimes", "always_on"),
    ("OTEL_TRACES_SAMPLER_ARG", "2", "a number from 0 to 1"),
    ("OTEL_TRACES_SAMPLER_ARG", "half", "a number from 0 to 1"),
    ("OTEL_TRACES_SAMPLER_ARG", "0.5", "is expected beside it"),
    ("OTEL_BSP_SCHEDULE_DELAY", "0", "milliseconds are expected, above 0"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number from 1"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2049", "at most OTEL_BSP_MAX_QUEUE_SIZE"),
    ("OTEL_BSP_EXPORT_TIMEOUT", "30000", "never uses it"),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1", "a whole number from 0"),
    (
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "10000",
        "seconds (Python's SDK counts in seconds, not in milliseconds) are expected",
    ),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "10000", "above 0 and at most 60"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "9999999", "milliseconds are expected, above 0 and at most 3.6e+06"),
    ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "collector:4318", "http://"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip"),
    ("OTEL_EXPORTER_OTLP_HEADERS", KEY, "name=value"),
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", f"a=b,{KEY}", "name=value"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/ca.pem", "readable file"),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", __file__, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE is expected"),
    ("OTEL_EXPORTER_OTLP_INSECURE", "true", "HTTP"),
    ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://h", "logs leave as files"),
    ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", "cumulative"),
    ("OTEL_METRICS_EXEMPLAR_FILTER", "some", "trace_based"),
    ("OTEL_RESOURCE_ATTRIBUTES", "service.version=7", "the version of the package"),
    ("OTEL_RESOURCE_ATTRIBUTES", "nonsense", "name=value"),
    ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "nosuch", "installed"),
    ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "service_instance", "each new worker"),
    ("OTEL_LOGS_EXPORTER", "otlp", "none is expected"),
    ("OTEL_SEMCONV_STABILITY_OPT_IN", "http/dup", "the stable conventions"),
    ("OTEL_LOG_LEVEL", "debug", "LOG_LEVEL"),
    ("OTEL_SERVICE_NAMES", "x", "unknown variable"),
]
RIGHT = [
    {"OTEL_PROPAGATORS": "none"},
    {"OTEL_SEMCONV_STABILITY_OPT_IN": "http, database"},
    {"OTEL_PROPAGATORS": "b3, baggage"},
    {"OTEL_TRACES_SAMPLER": "Traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096", "OTEL_BSP_MAX_QUEUE_SIZE": "4096"},
    {"OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, authorization=Bearer x=="},
    {"OTEL_EXPORTER_OTLP_CLIENT_KEY": __file__, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": __file__},
    {"OTEL_RESOURCE_ATTRIBUTES": "team=lending,host.name=a%2Cb"},
    {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "os,process"},
    {"OTEL_PYTHON_REDIS_SOMETHING": "an instrumentation's own"},
]


def constants() -> Iterator[str]:
    """Yield the variables that the libraries declare; a leading underscore is not part of the name."""
    for module in (api, sdk, instrumentation):
        yield from (name.lstrip("_") for name in vars(module) if name.lstrip("_").startswith("OTEL_"))


def literals() -> Iterator[str]:
    """Yield the names of variables that the packages' code spells out."""
    for package in PACKAGES:
        for file in files(package) or []:
            if file.suffix == ".py" and "semconv" not in file.parts:
                yield from LITERAL.findall(Path(str(file.locate())).read_text(encoding="utf-8"))


def refusal(environ: dict[str, str]) -> str:
    """Return the message of a refused environment."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return str(caught.value)


def test_every_variable_of_the_api_and_the_sdk_is_in_the_table() -> None:
    assert {*constants()} - NAMES == set()


def test_every_variable_that_an_installed_package_reads_is_in_the_table() -> None:
    spelt_out = {*literals()}

    assert "OTEL_TRACES_SAMPLER" in spelt_out
    assert spelt_out - NAMES == set()


def test_every_further_variable_of_the_specification_is_in_the_table() -> None:
    assert set(SPECIFIED) - NAMES == set()


def test_a_variable_is_in_the_table_once() -> None:
    assert len(NAMES) == len(HONOURED) + len(REFUSED)


def test_the_page_is_generated_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(("name", "value", "message"), WRONG, ids=lambda text: text[:60])
def test_what_is_not_honoured_is_refused_in_one_line_without_its_value(name: str, value: str, message: str) -> None:
    text = refusal({name: value})

    assert text.startswith(f"{name}: ")
    assert message in text
    assert "\n" not in text
    assert KEY not in text
    assert "; " not in text


@pytest.mark.parametrize("variable", REFUSED, ids=lambda variable: variable.name)
def test_a_refused_variable_is_refused_with_its_reason(variable: Refused) -> None:
    assert problems({variable.name: "x"}) == [f"{variable.name}: not available: {variable.reason}"]


@pytest.mark.parametrize("environ", RIGHT, ids=str)
def test_what_is_honoured_is_accepted(environ: dict[str, str]) -> None:
    assert problems(environ) == []


def test_an_empty_variable_counts_as_unset() -> None:
    assert problems(dict.fromkeys(NAMES, " ")) == []
