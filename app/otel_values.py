# SPDX-License-Identifier: Apache-2.0
"""Checks of the values of OTEL_* variables: each raises ValueError with what is expected, never with the value."""

import importlib.metadata
import os
import re
from collections.abc import Callable
from typing import Final

Check = Callable[[str], object]

# A header's name or a resource attribute's key, and the printable ASCII that may follow; a comma ends the pair.
PAIR: Final = re.compile(r"[!#-'*+\-.0-9A-Z^-z|~]+[ \t]*=[ \t]*[ !#-+\--:<-\[\]-~]*")
# Python packages that bring the propagators and samplers of the specification which are not in the API and SDK.
PROPAGATOR_PACKAGES: Final = {
    "b3": "opentelemetry-propagator-b3",
    "b3multi": "opentelemetry-propagator-b3",
    "jaeger": "opentelemetry-propagator-jaeger",
    "ottrace": "opentelemetry-propagator-ot-trace",
    "xray": "opentelemetry-propagator-aws-xray",
}
RATIOS: Final = ("traceidratio", "parentbased_traceidratio")
SAMPLERS: Final = ("always_on", "always_off", "parentbased_always_on", "parentbased_always_off", *RATIOS)
# Resource attributes that the service sets itself.
OWN_RESOURCE: Final = {
    "service.version": "it is the version of the package",
    "deployment.environment.name": "APP_ENV sets it",
}


def one_of(*values: str) -> Check:
    """Accept one of a few words, in any case."""

    def check(text: str) -> None:
        if text.lower() not in values:
            raise ValueError(f"{' or '.join(values)} is expected")

    return check


def whole(least: int, most: int = 2**31 - 1) -> Check:
    """Accept a whole number between two limits."""

    def check(text: str) -> None:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most} is expected")

    return check


def between(unit: str, most: float, divisor: float = 1.0) -> Callable[[str], float]:
    """Accept a number above 0 and up to a limit, and return it divided; the error message has unit and limit."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value <= most:  # also refuses NaN
            raise ValueError(f"{unit} are expected, above 0 and at most {most:g}")
        return value / divisor

    return parse


def share(text: str) -> None:
    """Accept a part of the whole."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1 is expected")


def http_url(text: str) -> str:
    """Accept the address of an HTTP server."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("an http:// or https:// address is expected")
    return text


def readable_file(text: str) -> None:
    """Accept the path of a file that this process may read."""
    if not (os.path.isfile(text) and os.access(text, os.R_OK)):  # noqa: PTH113  # Path.is_file raises where it may not look
        raise ValueError("the path of a readable file is expected")


def pairs(text: str) -> None:
    """Accept name=value, separated by commas; values may be percent-encoded, and are secrets in headers."""
    if not all(PAIR.fullmatch(part.strip()) for part in text.split(",") if part.strip()):
        raise ValueError("name=value pairs, separated by commas, are expected, with other characters percent-encoded")


def resource_attributes(text: str) -> None:
    """Accept attributes that the service does not set itself."""
    pairs(text)
    for name in (part.partition("=")[0].strip() for part in text.split(",")):
        if name in OWN_RESOURCE:
            raise ValueError(f"{name} can't be set here: {OWN_RESOURCE[name]}")


def resource_detectors(text: str) -> None:
    """Accept resource detectors that are installed, except the one that names each process anew."""
    for name in filter(None, map(str.strip, text.split(","))):
        if name in {"*", "service_instance"}:
            raise ValueError("a random service.instance.id is not possible: each new worker would begin new series")
        if not installed("opentelemetry_resource_detector", name):
            raise ValueError("names of installed resource detectors (otel, process, os, host) are expected")


def propagators(text: str) -> None:
    """Accept propagators that are installed; name the package of one that is not."""
    for name in map(str.strip, text.split(",")):
        if name.lower() == "none" or installed("opentelemetry_propagator", name):
            continue
        if name in PROPAGATOR_PACKAGES:
            raise ValueError(f"the package {PROPAGATOR_PACKAGES[name]} is expected for {name}, and is not installed")
        known = ", ".join(["tracecontext", "baggage", *PROPAGATOR_PACKAGES, "none"])
        raise ValueError(f"an unknown propagator, one or more of {known} are expected")


def stable_conventions(text: str) -> None:
    """Accept an opt-in to the stable conventions, which the service follows anyway."""
    if not set(map(str.strip, text.lower().split(","))) <= {"http", "database"}:
        raise ValueError("http, database or both are expected: rules and dashboards use the stable conventions alone")


def installed(group: str, name: str) -> bool:
    """Return whether an installed package offers an entry point."""
    return bool(importlib.metadata.entry_points(group=group, name=name))
