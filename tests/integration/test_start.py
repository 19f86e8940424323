# SPDX-License-Identifier: Apache-2.0
"""A wrong setting ends every way to start within three seconds, in one line that names the variable."""

import os
import runpy
import subprocess
import sys
import time

import pytest

from tests.tries import until_good

START_SECONDS = 3.0  # what a person may have to wait for the line; Python and the imports take about one
COMMANDS = {
    "gunicorn": [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app.wsgi:app"],
    "flask": [sys.executable, "-m", "flask", "--app", "app.wsgi", "run", "--port", "0"],
    "migrate": [sys.executable, "-m", "app.storage.migrate"],
    "check": [sys.executable, "-m", "app.check_settings"],
}
WRONG = {
    "missing": ("DATABASE_URL", {"APP_ENV": "production", "SECRET_KEY": "k" * 30, "OPS_TOKEN": "t" * 30}),
    "malformed": ("API_PORT", {"API_PORT": "zz-canary"}),
    # The API once answered 200 with it, and /health stayed unhealthy.
    "not encoded": ("DATABASE_URL", {"DATABASE_URL": "postgresql+psycopg2://loan:a%zz@127.0.0.1:1/loans"}),
    "ambiguous": ("DATABASE_URL", {"DATABASE_URL": "postgresql+psycopg2://loan:p@ss:w/ord@127.0.0.1:1/loans"}),
    "default": (
        "SECRET_KEY",
        {
            "APP_ENV": "staging",
            "SECRET_KEY": "dev-only-signing-key",
            "OPS_TOKEN": "9f2c7d1e5b8a4c6f0d3e",
            "DATABASE_URL": "postgresql+psycopg2://loan:9f2c7d1e5b8a4c6f0d3e@127.0.0.1:1/loans",
        },
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_setting_ends_the_start_with_one_line(command: str, wrong: str) -> None:
    name, environment = WRONG[wrong]

    result, took = until_good(lambda: start(COMMANDS[command], environment), lambda end: end[1] < START_SECONDS)

    assert result.returncode not in {0, None}
    assert took < START_SECONDS
    [line] = result.stderr.strip().splitlines()
    assert line.startswith(f"{name}: ")
    assert environment.get(name, "zz-canary") not in line
    assert result.stdout == ""


def start(command: list[str], environment: dict[str, str]) -> tuple[subprocess.CompletedProcess[str], float]:
    """Start it, wait for its end, and return how long that took."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    began = time.monotonic()
    result = subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, check=False, timeout=30
    )
    return result, time.monotonic() - began


def test_wsgi_builds_the_app_from_the_environment(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    module = runpy.run_module("app.wsgi")

    assert module["app"].test_client().get("/health").json == {"status": "healthy"}


def test_wsgi_names_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("API_PORT", "x")

    with pytest.raises(SystemExit) as end:
        runpy.run_module("app.wsgi")

    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("API_PORT: ")
