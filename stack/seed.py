# SPDX-License-Identifier: Apache-2.0
"""Fill the running stack with a believable portfolio: python -m stack.seed, with the options of `flask seed`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from stack import state


def main() -> None:
    """Run `flask seed` on the running stack's database, or say in one line what is missing for it."""
    parser = argparse.ArgumentParser(prog="nox -s seed --", add_help=False)  # the command has its own help
    parser.add_argument("--run-dir", type=Path, default=state.RUN_DIR)
    ours, options = parser.parse_known_args()
    environment = os.environ | {"OTEL_SDK_DISABLED": "true"}
    if "--help" not in options:
        running = state.read(ours.run_dir)
        if running is None:
            sys.exit("seed: nothing runs here; start the stack with `./nox -s up` in another terminal")
        environment["DATABASE_URL"] = running.database_url
    command = [sys.executable, "-m", "flask", "--app", "app.wsgi", "seed", *options]
    sys.exit(subprocess.call(command, env=environment))


if __name__ == "__main__":
    main()
