# SPDX-License-Identifier: Apache-2.0
"""Make the running stack fail for a while, then repair it: python -m stack.fault latency --for 60s.

A fault from inside is asked of the service (docs/faults.md); one from outside stops, hangs or kills a server.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import requests

from app.access import DEV_SECRETS
from app.secrets import read_secret
from app.services.faults import AMOUNTS, LONGEST_SECONDS, SHARED, FaultKind
from stack import state
from stack.control import DONE, ask, wait_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTSIDE = {
    "stop": "an orderly stop, then a start",
    "hang": "SIGSTOP to all its processes, then SIGCONT",
    "kill": "SIGKILL to its main process; `up` starts it again",
}
ANSWER_SECONDS = 5.0  # the service does not delay /ops/faults; it may be busy
RESTART_SECONDS = 60.0  # the supervisor's longest pause before it starts a server again is 30 s
PAUSE_SECONDS = 0.1
UNITS = {"": 1, "s": 1, "m": 60}


class FaultError(Exception):
    """A fault could not begin or be repaired; the message is one line with the reason."""


def duration(text: str) -> int:
    """Read a number of seconds, also as 60s or 5m; raise ArgumentTypeError for more than an hour."""
    match = re.fullmatch(r"([0-9]{1,4})([sm]?)", text)
    seconds = int(match[1]) * UNITS[match[2]] if match else 0
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError("1s to 60m is expected")
    return seconds


@contextmanager
def inside(url: str, secret: str, body: dict[str, Any]) -> Iterator[None]:
    """Begin a fault of the service, and end it; raise FaultError for the service's refusal."""
    headers = {"Authorization": f"Bearer {secret}"}
    answer = requests.post(f"{url}/ops/faults", json=body, headers=headers, timeout=ANSWER_SECONDS)
    if answer.status_code != requests.codes.created:
        raise FaultError(refusal(answer))
    try:
        yield
    finally:
        answer = requests.delete(f"{url}/ops/faults/{body['kind']}", headers=headers, timeout=ANSWER_SECONDS)
        if answer.status_code not in {requests.codes.no_content, requests.codes.not_found}:  # it may have ended itself
            raise FaultError(refusal(answer))


def refusal(answer: requests.Response) -> str:
    """Describe the service's refusal in one line."""
    if answer.status_code == requests.codes.not_found:
        return "the service has no /ops/faults: start the stack with FAULTS=true"
    problem = answer.json()
    faults = [f"{fault['pointer'].removeprefix('/')}: {fault['message']}" for fault in problem.get("errors", [])]
    return "; ".join(faults) or str(problem["detail"])


@contextmanager
def stopped(run_dir: Path, running: state.State, server: str) -> Iterator[None]:
    """Stop a server, and start it."""
    require_done(ask(running, "stop", server))
    try:
        yield
    finally:
        require_done(ask(running, "start", server))
        require_done(wait_ready(run_dir, server))


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """Stop a process and its descendants from being scheduled, and let them go on."""
    pids = family(pid)
    try:
        for each in pids:
            signal_to(each, signal.SIGSTOP)
        yield
    finally:
        for each in pids:
            signal_to(each, signal.SIGCONT)


def kill(run_dir: Path, server: str, pid: int) -> None:
    """Kill a server's main process, and wait until `up` has started it again."""
    signal_to(pid, signal.SIGKILL)
    deadline = time.monotonic() + RESTART_SECONDS
    while time.monotonic() < deadline:
        now = state.read(run_dir)
        if now and now.pids.get(server, pid) != pid:
            require_done(wait_ready(run_dir, server))
            return
        time.sleep(PAUSE_SECONDS)
    raise FaultError(f"{server} was not started again within {RESTART_SECONDS:g} s")


def family(pid: int) -> list[int]:
    """List a process and all its descendants; PostgreSQL's have process groups of their own."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = {int(child): int(parent) for child, parent in map(str.split, listed.stdout.splitlines())}
    found = [pid]
    for each in found:  # grows while it is read
        found += [child for child, parent in parents.items() if parent == each]
    return found


def signal_to(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def require_done(answer: str) -> None:
    """Raise FaultError with the runner's reason unless it is done."""
    if answer != DONE:
        raise FaultError(answer)


def run(asked: argparse.Namespace) -> None:
    """Begin the fault, wait, and repair; also after Ctrl-C and SIGTERM."""
    running = state.read(asked.run_dir)
    if running is None:
        raise FaultError("nothing runs here; start the stack with `FAULTS=true ./nox -s up` in another terminal")
    if asked.name not in OUTSIDE:
        if "api" not in running.urls:
            raise FaultError("api is not ready")
        secret = read_secret("FAULT_KEY", os.environ) or DEV_SECRETS["operator"]
        body = {"kind": asked.name, "lasts_seconds": asked.seconds, "share": asked.share, "amount": asked.amount}
        wait(asked, inside(running.urls["api"], secret, body))
        return
    if asked.server not in running.pids:
        raise FaultError(f"the name of a running server is expected: {', '.join(sorted(running.pids))}")
    pid = running.pids[asked.server]
    if asked.name == "kill":
        kill(asked.run_dir, asked.server, pid)
        print(f"kill {asked.server}: it was started again")
    else:
        wait(asked, stopped(asked.run_dir, running, asked.server) if asked.name == "stop" else hanging(pid))


def wait(asked: argparse.Namespace, fault: Any) -> None:  # noqa: ANN401  # a context manager
    """Keep a fault for its time."""
    words = " ".join(filter(None, (asked.name, asked.server)))
    with fault:
        print(f"{words}: runs for {asked.seconds} s; Ctrl-C ends it now", flush=True)
        with suppress(KeyboardInterrupt):
            time.sleep(asked.seconds)
    print(f"{words}: ended")


def listed() -> str:
    """Describe every fault, one per line."""
    lines = [f"{name:20} {text}: {name} SERVER" for name, text in OUTSIDE.items()]
    for kind in FaultKind:
        amount = AMOUNTS.get(kind)
        options = [f"--amount {amount.usual:g} (most {amount.most:g}) {amount.unit}"] if amount else []
        lines.append(f"{kind:20} {', '.join([*options, *(['--share 1'] if kind in SHARED else [])])}".rstrip())
    return "\n".join(lines)


def interrupt(_number: int, _frame: object) -> NoReturn:
    """Treat SIGTERM as Ctrl-C, and heed SIGINT where a shell that began a background job lets it be ignored."""
    raise KeyboardInterrupt


def main() -> None:
    """Read the command line and run the fault, or list all."""
    parser = argparse.ArgumentParser(prog="./nox -s fault --", description=__doc__)
    names = [*OUTSIDE, *FaultKind]
    parser.add_argument("name", nargs="?", choices=names, metavar="NAME", help="a fault (default: list them)")
    parser.add_argument("server", nargs="?", metavar="SERVER", help="for stop, hang, kill: api, db, loki, ...")
    parser.add_argument("--for", dest="seconds", type=duration, default=60, metavar="60s", help="at most 60m")
    parser.add_argument("--share", type=float, help="the part of requests or statements that it hits: 0 to 1")
    parser.add_argument("--amount", type=float, help="its strength, in the unit of its kind")
    parser.add_argument("--run-dir", type=Path, default=state.RUN_DIR, help="where the stack runs (default: .run)")
    asked = parser.parse_args()
    if asked.name is None:
        print(listed())
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        run(asked)
    except (FaultError, OSError, ValueError) as error:  # requests' errors are OSErrors
        sys.exit(f"fault: {asked.name}: {error}")
    except KeyboardInterrupt:  # before it began
        sys.exit(f"fault: {asked.name}: interrupted")


if __name__ == "__main__":
    main()
