# SPDX-License-Identifier: Apache-2.0
"""Send one slow and one failing request through the running stack and print where each can be seen."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from stack import in_docker, state
from stack.backends import Loki, Prometheus, Tempo
from stack.backends.http import BackendError
from stack.tour.caller import submit_application
from stack.tour.outage import OutageError, require_outage_possible, show_outage
from stack.tour.provoke import SLOW_SECONDS, failing_request, slow_request
from stack.tour.show import show_walk
from stack.tour.walk import Follower

NEEDED = ("api", "otelcol", "prometheus", "loki", "tempo")
IN_DOCKER = "`docker compose ps` shows their state (Loki and Tempo are asked through Grafana)"
WIDTH = 120  # queries and log lines stay readable when the output is piped


def main() -> None:
    """Follow both requests, or print one line with what is missing for it."""
    parser = argparse.ArgumentParser(prog="./nox -s tour --", description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=state.RUN_DIR, help="where the stack runs (default: .run)")
    parser.add_argument("--outage", action="store_true", help="at the end, stop the API until its alert is mailed")
    asked = parser.parse_args()
    running = in_docker.running(asked.run_dir)
    if running is None:
        sys.exit("tour: nothing runs here; start the stack with `./nox -s up` in another terminal, or in Docker")
    waiting = [name for name in NEEDED if name not in running.urls]
    if waiting:
        hint = "`./nox -s up` prints when they are" if running.runner else IN_DOCKER
        sys.exit(f"tour: not ready yet: {', '.join(waiting)}; {hint}")
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        if asked.outage:
            require_outage_possible(running)
        walk(console, running)
        if asked.outage:
            show_outage(console, running)
    except (BackendError, OutageError, TimeoutError) as error:
        sys.exit(f"tour: {error}")


def walk(console: Console, running: state.State) -> None:
    """Provoke the two requests and follow each."""
    urls = running.urls
    edge = urls.get("nginx", urls["api"])
    follower = Follower(Prometheus(urls["prometheus"]), Loki(urls["loki"]), Tempo(urls["tempo"]))
    loan_id = submit_application(edge)
    for title, provoke in (
        (f"A slow request: another session holds the table for {SLOW_SECONDS} s", slow_request),
        ("A failing request: another session holds it until the service gives up", failing_request),
    ):
        answer = provoke(edge, running.database_url, loan_id)
        with console.status("waiting until every backend has it"):
            found = follower.follow(answer)
        show_walk(console, title, answer, found)
    if "grafana" in urls:
        console.print(f"The same in Grafana: {urls['grafana']}/d/loan-service-red")


if __name__ == "__main__":
    main()
