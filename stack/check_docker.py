# SPDX-License-Identifier: Apache-2.0
"""Check what Docker and the forge will read, without either of them: python -m stack.check_docker."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from stack.build import program
from stack.check import Check, run_all
from stack.environment import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
COMPOSE_FILE, SECRET_FILES = "docker-compose.yml", "docker-compose.secret-files.yml"
DEPENDABOT = ".github/dependabot.yml"
ENVIRONMENTS = (".env.dev", ".env.staging", ".env.production")
MADE_UP = "a-made-up-value-for-this-check-only"


def checks() -> Iterator[Check]:
    """List everything to check."""
    yield Check("Dockerfile: hadolint", [tool("hadolint"), "--no-color", "Dockerfile"])
    yield schema("compose-spec", COMPOSE_FILE)
    yield from (compose_config(name) for name in ENVIRONMENTS)
    yield secret_files()
    workflows = sorted(str(path.relative_to(ROOT)) for path in (ROOT / ".github/workflows").glob("*.yml"))
    yield schema("github-workflows", *workflows)
    yield schema("dependabot", DEPENDABOT)
    yield Check(".github: zizmor", [tool("zizmor"), "--offline", "--no-progress", "--quiet", ".github"])
    for name in workflows:
        yield from shell_steps(name)


def tool(name: str) -> str:
    """Return the path of a tool in this environment, independent of PATH."""
    return str(Path(sys.executable).parent / name)


def schema(name: str, *files: str) -> Check:
    """Check files against a schema that comes with check-jsonschema."""
    argv = [tool("check-jsonschema"), "--builtin-schema", f"vendor.{name}", *files]
    return Check(f"{', '.join(files)}: schema {name}", argv)


def compose_config(environment: str) -> Check:
    """Let Compose read its file with one environment's settings; an unset variable is a warning, and so a failure."""
    argv = [str(program("compose")), "--env-file", environment, "--file", COMPOSE_FILE, "config", "--quiet"]
    return Check(f"{COMPOSE_FILE} with {environment}: compose config", argv, left_empty(environment), silent=True)


def secret_files() -> Check:
    """Let Compose read its file with every secret from a file, and none in the environment."""
    files = ["--file", COMPOSE_FILE, "--file", SECRET_FILES]
    argv = [str(program("compose")), "--env-file", ".env.dev", *files, "config", "--quiet"]
    named = dict.fromkeys(re.findall(r"\$\{(\w+_FILE):", (ROOT / SECRET_FILES).read_text()), "/dev/null")
    return Check(f"{SECRET_FILES}: compose config", argv, named, silent=True)


def left_empty(environment: str) -> dict[str, str]:
    """Give a made-up value for everything that an environment's file leaves to its operator."""
    settings = parse((ROOT / environment).read_text(), {})
    return {name: MADE_UP for name, value in settings.items() if not value}


def shell_steps(workflow: str) -> Iterator[Check]:
    """Check the shell of every step of a workflow; the forge runs it with `bash -e`."""
    jobs: dict[str, Any] = yaml.safe_load((ROOT / workflow).read_text())["jobs"]
    for job, content in jobs.items():
        for number, step in enumerate(content["steps"], 1):
            if "run" in step:
                argv = [tool("shellcheck"), "--shell=bash", "-"]
                yield Check(f"{workflow}, {job}, step {number}: shellcheck", argv, stdin=step["run"])


def main() -> int:
    """Run every check, print which failed and why, and fail if any did."""
    return run_all(checks())


if __name__ == "__main__":
    sys.exit(main())
