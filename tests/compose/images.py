# SPDX-License-Identifier: Apache-2.0
"""Build the images of tests/compose/stand_in/Dockerfile, each tagged with the name that docker-compose.yml uses."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from stack import build
from stack.builder import Builder

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).parent / "stand_in"
DEBIAN, SUITE = "stand-in-debian:12", "bookworm"
# Compose service -> the programs that its image holds.
PROGRAMS = {
    "otelcol": ("otelcol",),
    "prometheus": ("prometheus", "promtool"),
    "loki": ("loki",),
    "tempo": ("tempo",),
    "alertmanager": ("alertmanager",),
    "mailpit": ("mailpit",),
    "postgres-exporter": ("postgres_exporter",),
    "nginx-exporter": ("nginx_exporter",),
}
Environment = Mapping[str, str]


def tags() -> dict[str, str]:
    """Give the image that each stage of the Dockerfile stands in for."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    bases = set(re.findall(r"^FROM (python:\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    return {name: services[name]["image"] for name in ("db", "nginx", *PROGRAMS)} | {"python": bases.pop()}


def make(environment: Environment, folder: Path) -> None:
    """Build every image in the engine of an environment; a folder keeps what the next run can use again."""
    if not _exists(DEBIAN, environment):
        _import_debian(environment, folder / "debian")
    context = folder / "context"
    _fill(context)
    for stage, tag in tags().items():
        command = ["docker", "build", "--quiet", "--network=host", f"--target={stage}", f"--tag={tag}", str(context)]
        _run(command, environment)


def _import_debian(environment: Environment, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    _run(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root)], environment)
    with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as packed:
        _run(["docker", "import", "-", DEBIAN], environment, stdin=packed.stdout.fileno() if packed.stdout else None)
    shutil.rmtree(root)


def _fill(context: Path) -> None:
    """Gather what the Dockerfile copies: the compiled servers, and the wheels that our own Dockerfile will install."""
    shutil.copytree(STAND_IN, context, dirs_exist_ok=True)
    builder = Builder([name for names in PROGRAMS.values() for name in names])
    build.run(builder)
    for error in builder.failed.values():
        raise error
    for name, program in builder.programs.items():
        shutil.copy2(program, context / name)
    _download(context / "wheels")


def _download(wheels: Path) -> None:
    venv = wheels.parent / "venv"  # nox's own environments have no pip
    _run([sys.executable, "-m", "venv", str(venv)], os.environ)
    # The stand-in's Python is Debian's: 3.11.
    options = ["--python-version=3.11", "--only-binary=:all:", "--require-hashes", f"--dest={wheels}"]
    _run([f"{venv}/bin/pip", "download", "--quiet", "--requirement=requirements/app.txt", *options], os.environ)
    shutil.rmtree(venv)


def _exists(tag: str, environment: Environment) -> bool:
    command = ["docker", "image", "inspect", tag]
    return subprocess.run(command, env=dict(environment), capture_output=True, check=False).returncode == 0


def _run(command: list[str], environment: Environment, stdin: int | None = None) -> None:
    subprocess.run(command, cwd=ROOT, env=dict(environment), stdin=stdin, check=True)
