# SPDX-License-Identifier: Apache-2.0
"""Bring docker-compose.yml up on an engine of its own, with images that stand in for the real ones, and check it.

`nox -s compose -- stand_ins`: for a machine with Docker's programs and root, but no image registry; see
stand_in/Dockerfile for what the images are. Grafana has no stand-in: it and its checks are left out.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack import in_docker
from stack.build import program
from stack.environment import parse
from stack.errors import StackError
from stack.ports import free_port, is_free
from tests.compose import engine, images, smoke, two_instances

ROOT = Path(__file__).parents[2]
FOLDER = Path("/var/tmp/loan-service-docker")  # noqa: S108  # of root alone; images and containers outlive a reboot
PROJECT = "loan-service-stand-ins"
# Free ones, so that nothing else on this machine is in the way.
PORTS = ("API_PORT", "DB_PORT", "NGINX_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "MAILPIT_PORT", "GRAFANA_PORT")
UP = ("up", "--build", "--detach", "--wait", "--wait-timeout=300")
WITHOUT_IMAGE = {"grafana"}


def settings() -> dict[str, str]:
    """Give development's settings with free ports."""
    taken: set[int] = set()
    for _ in PORTS:
        taken.add(free_port(taken))
    ports = dict(zip(PORTS, map(str, taken), strict=True))
    while not is_free(second := int(ports["API_PORT"]) + 1) or second in taken:
        ports["API_PORT"] = str(free_port(taken))
    ports["API_PORT"] += f"-{second}"  # one for each instance
    return parse((ROOT / ".env.dev").read_text(encoding="utf-8"), {}) | ports


class Compose:
    """The pinned compose, on an engine and with settings of its own."""

    def __init__(self, environment: Mapping[str, str], values: Mapping[str, str]) -> None:
        # What is set in the environment wins over the file.
        self._environment = {**environment, **values, "COMPOSE_PROJECT_NAME": PROJECT, "DOCKER_BUILDKIT": "0"}
        self._command = [str(program("compose")), "--env-file=.env.dev"]

    def __call__(self, *arguments: str) -> None:
        """Run a command of compose; raise CalledProcessError when it fails."""
        subprocess.run([*self._command, *arguments], cwd=ROOT, env=self._environment, check=True)

    def up(self, *options: str) -> None:
        """Start everything that has an image."""
        self(*UP, *options, *sorted(set(self.read("config", "--services").split()) - WITHOUT_IMAGE))

    def read(self, *arguments: str) -> str:
        """Run a command of compose and give what it prints."""
        command = [*self._command, *arguments]
        result = subprocess.run(command, cwd=ROOT, env=self._environment, check=True, capture_output=True, text=True)
        return result.stdout


@contextmanager
def up(values: Mapping[str, str], folder: Path = FOLDER) -> Iterator[Compose]:
    """Start an engine, prepare its images and bring compose up; at the end, stop and remove everything but images."""
    with engine.running(folder) as environment:
        images.make(environment, folder)
        compose = Compose(environment, values)
        try:
            compose.up()
            yield compose
        except BaseException:
            compose("ps", "--all")
            compose("logs", "--tail=20")
            raise
        finally:
            compose("down", "--volumes", "--timeout=30")


def main() -> int:
    """Bring it up, check it, and fail if anything did."""
    parser = argparse.ArgumentParser(prog="python -m tests.compose.stand_ins", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--where-possible", action="store_true", help="print why and succeed where no engine can run")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"where the engine keeps everything ({FOLDER})")
    options = parser.parse_args()
    reason = engine.why_not()
    if options.where_possible and reason:
        sys.stdout.write(f"compose: NOT ASKED: {reason}\n")
        return 0
    values = settings()
    try:
        with up(values, options.folder) as compose:
            failed = smoke.run(values, grafana=False)
            urls = in_docker.published(values)
            with smoke.reported("a_second_instance_comes_and_goes", failed):
                answers = two_instances.prove(urls["nginx"], urls["prometheus"], compose.read)
                sys.stdout.write(f"{answers.total()} requests\n")
            return 1 if failed else 0
    except (engine.EngineError, StackError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"compose: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
