# SPDX-License-Identifier: Apache-2.0
"""How the service refuses to start: with the exit code 2 and one line on stderr."""

from pathlib import Path

from tests.telemetry.server import Server

START_SECONDS = 30.0


def refusal(folder: Path, pipeline: str, **environ: str) -> str:
    """Start the service with an environment that it must refuse, and return its only line."""
    server = Server(folder, "conformance.app", TELEMETRY_PIPELINE=pipeline, API_WORKERS="1", **environ)
    try:
        assert server.child.wait(START_SECONDS), "it started"
    finally:
        server.child.stop()
    [line] = server.output()
    assert server.child.poll() == 2, line
    return line
