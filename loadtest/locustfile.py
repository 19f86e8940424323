# SPDX-License-Identifier: Apache-2.0
"""Entry point for Locust, run from the repository's root: locust -f loadtest/locustfile.py --headless --host http://localhost."""

import sys

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtest.applicant import Applicant
from loadtest.borrower import Borrower
from loadtest.collector import Collector
from loadtest.officer import LoanOfficer
from loadtest.thresholds import FEWEST_REQUESTS, exit_code, judge, table

__all__ = ["Applicant", "Borrower", "Collector", "LoanOfficer"]


def add_options(parser: LocustArgumentParser) -> None:
    """Let the command line stretch or drop the pauses between tasks, and say how much a short run has to see."""
    parser.add_argument("--pace", type=float, default=1.0, help="factor on every pause: 2 is leisurely, 0 is no pause")
    parser.add_argument("--fewest", type=int, default=FEWEST_REQUESTS, help="requests that each route must have had")


def decide(environment: Environment, **_: object) -> None:
    """Print the verdicts and make the process fail when a threshold did not hold."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):  # the master sees everybody's figures and decides
        return
    crashes = sum(row["count"] for row in runner.exceptions.values()) if runner is not None else 0
    options = environment.parsed_options
    verdicts = judge(environment.stats, crashes, options.fewest if options is not None else FEWEST_REQUESTS)
    sys.stdout.write(f"\n{table(verdicts)}\n\n")
    sys.stdout.flush()
    environment.process_exit_code = exit_code(verdicts)


events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]  # Locust's hooks have no types
events.quitting.add_listener(decide)  # type: ignore[no-untyped-call]
