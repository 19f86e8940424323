# SPDX-License-Identifier: Apache-2.0
"""The checkout may be in any folder: its path is in no server's config or arguments."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.storage import migrations
from stack.postgres import Postgres
from stack.runner import Stack
from stack.services import SERVICES
from stack.site import ROOT

# One of each kind that some server's, shell's or library's parser gives a meaning to.
FOLDERS = [
    "plain",
    "with blank",
    "a%sb%(here)s%41",
    "$HOME-${HOME}-$(id)-`id`",
    "comma,semicolon;",
    'it\'s "quoted"',
    "back\\slash",
    "hash #comment",
    "{braces} [a-z] *?",
    "&|<>()!~^=@+",
    "- dash, not\u00a0ascii é 日本語",
    "file?cache=shared&mode=ro",
]
# These get absolute paths: as arguments and variables that nothing parses, or from the machine.
ABSOLUTE = {"db", "migrate", "api", "grafana"}


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Make a folder with such a name."""
    path = tmp_path / str(request.param)
    path.mkdir()
    return path


def prepared(folder: Path) -> Stack:
    stack = Stack(folder / ".run", only={service.name for service in SERVICES} - ABSOLUTE)
    stack.site.prepare()
    stack.site.programs.update({service.program: Path("/bin/true") for service in SERVICES if service.program})
    for service in stack.services.values():
        stack.site.write_config(service.name, service.files)
    return stack


def test_no_server_gets_the_path_of_the_checkout(folder: Path) -> None:
    stack = prepared(folder)

    for service in stack.services.values():
        command = service.command(stack.site)
        told = [*command.argv, *command.env.values()]
        assert command.cwd == stack.site.run_dir, service.name
        assert not [word for word in told if str(folder) in word], service.name


def test_nginx_reads_its_files_there(folder: Path) -> None:
    stack = prepared(folder)
    command = stack.services["nginx"].command(stack.site)

    nginx = command.argv[command.argv.index("-p") - 1 :]  # without the script that rotates its log, which waits
    checked = subprocess.run([*nginx, "-t"], cwd=command.cwd, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_an_absolute_prefix_fails_there() -> None:
    """The control: Nginx does take a dollar sign in its prefix for a variable."""
    with Stack.temporary(only=[]) as stack:
        folder = stack.site.run_dir / "$dollar"
        shutil.copytree(ROOT / "docs/runbooks", folder / "runbooks")
        for name in ("logs", "tmp"):
            (folder / name).mkdir()
        stack.site.write_config("nginx", ("nginx/nginx.conf",))
        config = stack.site.config("nginx") / "nginx.conf"
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"

        checked = subprocess.run(
            [nginx, "-t", "-p", f"{folder}/", "-c", str(config), "-e", "stderr"],
            capture_output=True,
            text=True,
            check=False,
        )

    assert checked.returncode != 0
    assert 'unknown "dollar" variable' in checked.stderr


@pytest.mark.parametrize("name", ["a%sb%(here)s", "$HOME {x}, 'y' #z"])
def test_the_schema_is_made_by_a_checkout_there(tmp_path: Path, postgres: Postgres, name: str) -> None:
    checkout = tmp_path / name
    shutil.copytree(ROOT / "app", checkout / "app")
    url = postgres.create(f"path_{len(name)}")

    made = subprocess.run(
        [sys.executable, "-m", "app.storage.migrate"],
        cwd=checkout,
        env=os.environ | {"DATABASE_URL": url, "APP_ENV": "dev"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert made.returncode == 0, made.stderr
    assert len(made.stdout.splitlines()) == len(list(Path(migrations.__file__).parent.glob("versions/0*.py")))
