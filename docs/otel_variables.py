# SPDX-License-Identifier: Apache-2.0
"""Write docs/otel-variables.md from app/otel_variables.py: `python -m docs.otel_variables`; a test compares them."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from app.otel_variables import HONOURED, REFUSED

PAGE = Path(__file__).with_name("otel-variables.md")
HEAD = """\
# OTEL_* variables

<!-- Generated from app/otel_variables.py by `python -m docs.otel_variables`; a test fails when they differ. -->

Every `OTEL_*` variable of OpenTelemetry's specification and of Python's SDK, as far as it concerns traces, metrics,
logs, resources, propagation and export. None is silently ignored: the service honours it, or refuses to start with one
line that names it and the reason. A value that a variable does not take is refused in the same way, and so is an
unknown name. Names that begin with `OTEL_PYTHON_` or `OTEL_INSTRUMENTATION_` and are not listed belong to
instrumentations that you add.

- An empty variable counts as unset.
- Docker Compose takes them from the shell or `.env`, and passes on those that are set; `./nox -s up` does the same.
- `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count for every export; they are not OpenTelemetry's.
- `OTEL_EXPORTER_OTLP_TIMEOUT` is in seconds, as in Python's SDK; the specification has milliseconds. A value above
  60 is refused: 10,000 milliseconds would become 10,000 seconds.
"""


def page() -> str:
    """Return the text of the page."""
    return "\n".join([HEAD, *_honoured(), *_refused()]).rstrip() + "\n"


def _honoured() -> Iterator[str]:
    yield "## Honoured\n"
    yield "| Variable | Default | What it does |"
    yield "|---|---|---|"
    for variable in HONOURED:
        yield f"| `{variable.name}` | {variable.default} | {variable.effect} |"
    yield ""


def _refused() -> Iterator[str]:
    yield "## Refused\n"
    yield "| Variable | Reason |"
    yield "|---|---|"
    for reason, variables in groupby(REFUSED, lambda variable: variable.reason):
        names = ", ".join(f"`{variable.name}`" for variable in variables)
        yield f"| {names} | {reason[0].upper()}{reason[1:]}. |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
