# SPDX-License-Identifier: Apache-2.0
"""Instructions per request, counted by valgrind: the same on a busy machine and on a quiet one."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.cost.calls import NUMBERS
from bench.cost.routes import Route, prepare
from bench.cost.sink import collecting
from bench.cost.variants import COUNTED
from stack.postgres import Postgres
from stack.site import ROOT, common_environment

Counts = dict[str, dict[str, int]]  # by variant, by route: instructions per request

LONG_MS: Final = "3599000"  # only full batches are sent; a timer would send by the clock, and valgrind's is slow
VALGRIND: Final = ("valgrind", "--quiet", "--tool=cachegrind", "--cache-sim=no")
LAYOUTS: Final = (0, 100, 333)
LIMIT_SECONDS: Final = 1800.0  # it takes one minute, on a busy machine ten; a lock that a fork inherited lasts forever


def count(
    variants: Sequence[str],
    echo: Callable[[str], None],
    routes_of: Callable[[str, list[Route]], list[Route]] = lambda _variant, routes: routes,
    layout: int = 0,
) -> Counts:
    """Count the instructions of each variant's routes, all variants in parallel; raise RuntimeError if one fails.

    Python finds methods through a small cache whose places follow from addresses in memory. What collides there makes
    up to 3 % of a request's instructions: the same in each run of one layout, and different in the next.
    """
    echo(f"counting {', '.join(variants)}")
    with ExitStack() as open_for_now:
        server = open_for_now.enter_context(Postgres.temporary())
        folder = Path(open_for_now.enter_context(tempfile.TemporaryDirectory(prefix="loan-cost-")))
        sink = open_for_now.enter_context(collecting())
        databases, chosen = prepare(server, folder, list(variants))
        jobs = {
            name: {
                "environment": environment(name, databases[name], sink.endpoint(name), folder),
                "routes": [asdict(route) for route in routes_of(name, chosen)],
            }
            for name in variants
        }
        counts = _count(jobs, folder, layout)
        for name in variants:
            sink.require(name)
        return counts


def environment(variant: str, database_url: str, endpoint: str, folder: Path) -> dict[str, str]:
    """Give the settings under which a variant counts."""
    telemetry = folder / f"{variant}-telemetry"
    telemetry.mkdir()  # as the arbiter does
    return {
        **COUNTED[variant].settings,
        "DATABASE_URL": database_url,
        "API_THREADS": "1",
        "TELEMETRY_DIR": str(telemetry),
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": LONG_MS,
        "OTEL_BSP_SCHEDULE_DELAY": LONG_MS,
    }


def mean(several: Sequence[Counts]) -> Counts:
    """Give the mean of counts in several layouts."""
    first = several[0]
    return {
        name: {route: sum(each[name][route] for each in several) // len(several) for route in first[name]}
        for name in first
    }


def _count(jobs: Mapping[str, object], folder: Path, layout: int) -> Counts:
    # Variables are the first strings that Python makes: all others move up behind them.
    moving = {f"MEMORY_{number}": "." * (number % 60) for number in range(LAYOUTS[layout])}
    file = folder / "jobs.json"
    file.write_text(json.dumps(jobs), encoding="utf-8")
    done = subprocess.run(
        [*VALGRIND, f"--cachegrind-out-file={folder}/%p", sys.executable, "-m", "bench.cost.calls", str(file)],
        env={**common_environment(), **moving, "PYTHONHASHSEED": "0"},  # sets and dicts collide alike in every run
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    few, many = NUMBERS
    totals: dict[str, dict[str, int]] = {name: {} for name in jobs}
    for line in done.stdout.splitlines():
        pid, name, route, number = line.split("\t")
        sign = 1 if int(number) == many else -1
        totals[name][route] = totals[name].get(route, 0) + sign * summary((folder / pid).read_text(encoding="utf-8"))
    return {name: {route: total // (many - few) for route, total in routes.items()} for name, routes in totals.items()}


def summary(output: str) -> int:
    """Read the total from cachegrind's file; raise RuntimeError if there is none."""
    found = re.search(r"^summary: (\d+)", output, re.MULTILINE)
    if found is None:
        raise RuntimeError("cachegrind wrote no summary")
    return int(found[1])
