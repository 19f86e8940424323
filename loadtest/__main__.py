# SPDX-License-Identifier: Apache-2.0
"""Drive the load against the stack that runs here, or one started for it, and leave a report: python -m loadtest."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stack import in_docker, nginx
from stack.proxies import loopback_is_direct
from stack.runner import Stack, StackError

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Find or start the service, let Locust loose on it, and give Locust's verdict."""
    options, rest = _parse(sys.argv[1:])
    running = in_docker.running()
    if options.host:
        return drive(options.host, options, rest)
    if running:
        return drive(door(running.urls), options, rest)
    echo("nothing runs here: starting the stack on free ports for this load")
    nginx.install(echo)
    try:
        with Stack.temporary() as stack:
            urls = {name: stack.url(name) for name in ("nginx", "api") if name not in stack.missing}
            return drive(door(urls), options, rest)
    except StackError as error:
        echo(str(error))
        return 1


def door(urls: Mapping[str, str]) -> str:
    """Give the way in that clients use: Nginx, or the service itself where Nginx is missing."""
    return urls.get("nginx") or urls["api"]


def drive(host: str, options: argparse.Namespace, rest: list[str]) -> int:
    """Run Locust in a process of its own: its import turns the threads of this one into something else."""
    echo(f"{options.users} people for {options.run_time} on {host}; report: {options.html}")
    command = [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--headless", "--only-summary"]
    values = {"host": host, "users": options.users, "spawn-rate": options.spawn_rate, "run-time": options.run_time}
    flags = [f"--{name}={value}" for name, value in values.items()]
    command += [*flags, f"--html={options.html}", *rest]
    return subprocess.run(command, cwd=ROOT, env=loopback_is_direct(os.environ), check=False).returncode  # noqa: S603


def echo(text: str) -> None:
    """Print to the terminal."""
    sys.stdout.write(f"load: {text}\n")
    sys.stdout.flush()


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest", description=__doc__, epilog="Other options go to Locust."
    )
    parser.add_argument("--host", help="where the service is (default: the stack that runs here, or a new one)")
    # 130 to 140 requests a second: enough to see every panel move, little enough for two cores that run everything.
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--spawn-rate", type=float, default=20, help="users a second")
    parser.add_argument("--run-time", default="60s")
    parser.add_argument("--html", default="reports/load.html", help="the report")
    return parser.parse_known_args(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
