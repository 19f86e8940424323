# SPDX-License-Identifier: Apache-2.0
"""Entry point for Locust, run from the repository's root: locust -f loadtest/locustfile.py --headless --host http://localhost."""

import sys

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtest.thresholds import exit_code, judge, table
from loadtest.users import Borrower, LoanOfficer

__all__ = ["Borrower", "LoanOfficer"]


def add_pace(parser: LocustArgumentParser) -> None:
    """Let the command line stretch or drop the pauses between tasks."""
    parser.add_argument("--pace", type=float, default=1.0, help="factor on every pause: 2 is leisurely, 0 is no pause")


def decide(environment: Environment, **_: object) -> None:
    """Print the verdicts and make the process fail when a threshold did not hold."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):  # the master sees everybody's figures and decides
        return
    crashes = sum(row["count"] for row in runner.exceptions.values()) if runner is not None else 0
    verdicts = judge(environment.stats, crashes)
    sys.stdout.write(f"\n{table(verdicts)}\n\n")
    sys.stdout.flush()
    environment.process_exit_code = exit_code(verdicts)


events.init_command_line_parser.add_listener(add_pace)  # type: ignore[no-untyped-call]  # Locust's hooks have no types
events.quitting.add_listener(decide)  # type: ignore[no-untyped-call]
