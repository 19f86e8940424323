# SPDX-License-Identifier: Apache-2.0
"""Instructions per request, counted by valgrind: the same on a busy machine and on a quiet one."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.cost.calls import NUMBERS
from bench.cost.routes import Route, prepare
from bench.cost.sink import collecting
from stack.postgres import Postgres
from stack.site import ROOT

Counts = dict[str, dict[str, int]]  # by variant, by route: instructions per request

LONG_MS: Final = "3599000"  # only full batches are sent; a timer would send by the clock, and valgrind's is slow
VALGRIND: Final = ("valgrind", "--quiet", "--tool=cachegrind", "--cache-sim=no")
LIMIT_SECONDS: Final = 900.0  # ten times what it takes: a lock that a fork inherited would last forever


def count(variants: Sequence[str], say: Callable[[str], None]) -> Counts:
    """Count for each variant, two at a time; raise RuntimeError where valgrind is missing or a variant fails."""
    if shutil.which("valgrind") is None:
        raise RuntimeError("valgrind is missing: apt-get install -y valgrind")
    with ExitStack() as open_for_now:
        server = open_for_now.enter_context(Postgres.temporary())
        folder = Path(open_for_now.enter_context(tempfile.TemporaryDirectory(prefix="loan-cost-")))
        endpoint = open_for_now.enter_context(collecting())
        databases, chosen = prepare(server, folder, list(variants))

        def one(variant: str) -> dict[str, int]:
            say(f"counting {variant}")
            return _count(variant, chosen, folder / variant, environment(databases[variant], endpoint, folder))

        with ThreadPoolExecutor(2) as pool:
            return dict(zip(variants, pool.map(one, variants), strict=True))


def environment(database_url: str, endpoint: str, folder: Path) -> dict[str, str]:
    """Give the settings under which every variant counts."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "API_THREADS": "1",
        "TELEMETRY_DIR": str(folder / "telemetry"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": LONG_MS,
        "OTEL_BSP_SCHEDULE_DELAY": LONG_MS,
        "PYTHONHASHSEED": "0",  # sets and dicts collide alike in every run
    }


def _count(variant: str, chosen: Sequence[Route], folder: Path, environ: Mapping[str, str]) -> dict[str, int]:
    folder.mkdir()
    file = folder / "routes.json"
    file.write_text(json.dumps([asdict(route) for route in chosen]), encoding="utf-8")
    argv = [*VALGRIND, f"--cachegrind-out-file={folder}/%p", sys.executable, "-m", "bench.cost.calls"]
    done = subprocess.run(
        [*argv, variant, str(file)],
        env=environ,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"{variant}: {done.stderr[-2000:]}")
    totals: dict[tuple[str, int], int] = {}
    for line in done.stdout.splitlines():
        pid, name, number = line.split("\t")
        totals[name, int(number)] = summary((folder / pid).read_text(encoding="utf-8"))
    few, many = NUMBERS
    return {route.name: (totals[route.name, many] - totals[route.name, few]) // (many - few) for route in chosen}


def summary(output: str) -> int:
    """Read the total from cachegrind's file; raise RuntimeError if there is none."""
    found = re.search(r"^summary: (\d+)", output, re.MULTILINE)
    if found is None:
        raise RuntimeError("cachegrind wrote no summary")
    return int(found[1])
