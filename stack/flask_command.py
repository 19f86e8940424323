# SPDX-License-Identifier: Apache-2.0
"""Run one of the service's own commands on the running stack's database: python -m stack.flask_command check-ledger."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from stack import in_docker, state
from stack.environment import read_settings
from stack.errors import StackError
from stack.site import ROOT

# It makes a key out of nothing: it reads no settings and no database.
NEEDS_NO_STACK = {"api-key", "--help"}


def main() -> None:
    """Run `flask --app app.wsgi` with the given arguments, or print one line with what is missing for it."""
    parser = argparse.ArgumentParser(prog="./nox -s flask --", add_help=False)  # the commands have their own help
    parser.add_argument("--run-dir", type=Path, default=state.RUN_DIR)
    ours, words = parser.parse_known_args()
    words = words or ["--help"]
    try:
        environment = {**os.environ, **read_settings(ROOT), "OTEL_SDK_DISABLED": "true"}
    except StackError as error:
        sys.exit(f"{words[0]}: {error}")
    environment.pop("API_PORT", None)  # a command serves no port; for compose it may be a range, one for each instance
    if not NEEDS_NO_STACK.intersection(words):
        running = in_docker.running(ours.run_dir)
        if running is None:
            sys.exit(f"{words[0]}: nothing runs here; start the stack, with `./nox -s up` or in Docker")
        environment.pop("DATABASE_URL_FILE", None)
        environment["DATABASE_URL"] = running.database_url
    command = [sys.executable, "-m", "flask", "--app", "app.wsgi", *words]
    sys.exit(subprocess.call(command, cwd=ROOT, env=environment))


if __name__ == "__main__":
    main()
