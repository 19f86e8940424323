# SPDX-License-Identifier: Apache-2.0
"""Stop and start one server of the running stack: python -m stack.control stop|start NAME.

The runner starts every process, so the command is sent to the runner: over a Unix socket, one line each way.
The standard library is enough, so that `./nox -s stop` and `start` need no environment of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stack import state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WORDS = ("stop", "start")
DONE = "done"
# The client writes its line at once; a program that only connects may not hold up the runner.
READ_SECONDS = 1.0
# An orderly stop is bounded by the longest grace, 15 s, and by its ports' release, 10 s.
ANSWER_SECONDS = 40.0
READY_SECONDS = 120.0
LONGEST_LINE = 200
PAUSE_SECONDS = 0.1


class Control:
    """The runner's side: a socket that is looked at between two ticks."""

    def __init__(self, path: Path, actions: Mapping[str, Callable[[str], str]]) -> None:
        self._actions = actions
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        path.chmod(0o600)  # only who started the stack may stop its servers
        self._socket.listen()
        self._socket.setblocking(False)  # the standard library's own signature

    def tick(self) -> None:
        """Execute the command of one waiting client, if there is one."""
        try:
            client, _ = self._socket.accept()
        except BlockingIOError:
            return
        with client, contextlib.suppress(OSError):  # a client that has left
            client.settimeout(READ_SECONDS)
            word, _, name = client.recv(LONGEST_LINE).decode(errors="replace").strip().partition(" ")
            action = self._actions.get(word)
            answer = action(name) if action else f"one of {', '.join(self._actions)} is expected"
            client.sendall(answer.encode())

    def close(self) -> None:
        """Take no more requests."""
        self._socket.close()


def ask(running: state.State, word: str, name: str) -> str:
    """Send a command to the runner; return DONE or the reason of a failure. Raises OSError if it has ended."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWER_SECONDS)
        client.connect(running.control)
        client.sendall(f"{word} {name}\n".encode())
        client.shutdown(socket.SHUT_WR)
        return client.makefile().read()


def wait_ready(run_dir: Path, name: str, seconds: float = READY_SECONDS) -> str:
    """Wait until a started service is ready; give DONE, or the reason why it is not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = state.read(run_dir)
        if now is None:
            return "the stack has ended"
        if name in now.ready_seconds:
            return DONE
        if name in now.missing:
            return now.missing[name]
        time.sleep(PAUSE_SECONDS)
    return f"{name} was not ready within {seconds:g} s"


def main() -> None:
    """Read the command line, send the command, and print the result."""
    parser = argparse.ArgumentParser(
        prog="./nox -s stop|start --", description="Stop or start one server of the stack."
    )
    parser.add_argument("word", choices=WORDS, help=argparse.SUPPRESS)
    parser.add_argument("name", nargs="?", metavar="NAME", help="api, db, loki, ... (default: list them)")
    parser.add_argument("--run-dir", type=Path, default=state.RUN_DIR, help="where the stack runs (default: .run)")
    asked = parser.parse_args()
    running = state.read(asked.run_dir)
    if running is None:
        sys.exit(f"{asked.word}: nothing runs here; start the stack with `./nox -s up` in another terminal")
    if asked.name is None:
        sys.exit(f"{asked.word}: the name of a server is expected: {', '.join(sorted(running.services))}")
    try:
        answer = ask(running, asked.word, asked.name)
    except OSError as error:
        answer = f"the stack does not answer: {error}"
    if answer == DONE and asked.word == "start":
        answer = wait_ready(asked.run_dir, asked.name)
    if answer != DONE:
        sys.exit(f"{asked.word}: {answer}")
    print(
        f"{asked.name}: {'ready' if asked.word == 'start' else f'stopped; `./nox -s start -- {asked.name}` starts it'}"
    )


if __name__ == "__main__":
    main()
