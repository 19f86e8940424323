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
from loadtest.person import RETRIED_SHARE
from loadtest.progress import report
from loadtest.thresholds import FEWEST_REQUESTS, exit_code, judge, summary, table

__all__ = ["Applicant", "Borrower", "Collector", "LoanOfficer"]


def add_options(parser: LocustArgumentParser) -> None:
    """Add command line options: the mix of users, and limits for a short run or a slow machine."""
    parser.add_argument("--pace", type=float, default=1.0, help="factor on every pause: 2 is leisurely, 0 is no pause")
    parser.add_argument("--retries", type=float, default=RETRIED_SHARE, help="share of writes that are sent twice")
    parser.add_argument("--slack", type=float, default=1.0, help="factor on every p95 allowed: more on a slow machine")
    parser.add_argument("--fewest", type=int, default=FEWEST_REQUESTS, help="requests that each route must have had")


def decide(environment: Environment, **_: object) -> None:
    """Make the process fail when a threshold did not hold; the verdicts are written last, below Locust's tables."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):  # the master has all workers' figures and decides
        return
    crashes = sum(row["count"] for row in runner.exceptions.values()) if runner is not None else 0
    options = environment.parsed_options
    asked = (options.fewest, options.slack) if options is not None else ()
    verdicts = judge(environment.stats, crashes, *asked)
    environment.process_exit_code = exit_code(verdicts)
    text = f"\n{table(verdicts)}\n\n{summary(verdicts)}\n"
    environment.events.quit.add_listener(lambda **_: sys.stdout.write(text))  # type: ignore[no-untyped-call]


events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]  # Locust's hooks have no types
events.quitting.add_listener(decide)  # type: ignore[no-untyped-call]
events.test_start.add_listener(report)  # type: ignore[no-untyped-call]
