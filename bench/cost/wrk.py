# SPDX-License-Identifier: Apache-2.0
"""Load from wrk, which costs a twentieth of what it measures."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from bench.cost.routes import Route
from stack.ports import HOST

SCRIPT: Final = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Load:
    """What wrk saw; latencies in milliseconds."""

    requests: int
    p50: float
    p99: float


def start(port: int, route: Route, clients: int, seconds: int) -> subprocess.Popen[str]:
    """Begin to send from so many clients on keep-alive connections, each as fast as it is answered."""
    environ = {
        **os.environ,
        "COST_METHOD": route.method,
        "COST_PATH": route.path,
        "COST_AUTHORIZATION": route.headers.get("Authorization", "none"),
        "COST_BODY": route.body,
        "COST_KEY": uuid4().hex if route.body else "",
    }
    argv = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", str(SCRIPT), f"http://{HOST}:{port}"]
    return subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(running: subprocess.Popen[str]) -> Load:
    """Wait for the end; raise RuntimeError if a request failed."""
    output, _ = running.communicate()
    return parsed(output)


def parsed(output: str) -> Load:
    """Read the last line of the script; raise RuntimeError if it is missing or reports errors."""
    found = re.search(r"^cost: (\d+) (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    if found is None or int(found[2]) or not int(found[1]):
        raise RuntimeError(f"wrk: {output[-1000:]}")
    return Load(int(found[1]), int(found[3]) / 1000, int(found[4]) / 1000)
