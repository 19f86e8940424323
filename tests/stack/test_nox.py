# SPDX-License-Identifier: Apache-2.0
"""./nox, the script: every folder works or is refused in one line, as is a machine without a place for its files."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stack.reach import identity
from stack.site import ROOT
from tests.stack.test_paths import FOLDERS

REFUSED = "nox: a folder whose path is UTF-8 text without ':' and control characters is needed\n"
# In place of the environment that ./nox makes for itself: prints its folder and arguments.
FAKE = '#!/bin/sh\nprintf "%s\\n" "$PWD" "$HOME" "$@"\n'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give an environment with a home, in which nox seems to be installed already."""
    version = ".".join(map(str, sys.version_info[:2]))
    digest = subprocess.run(
        ["cksum"], input=(ROOT / "requirements/nox.txt").read_bytes(), capture_output=True, check=True
    )
    key = digest.stdout.decode().strip().replace(" ", "-")
    home = tmp_path / "home" / ".cache" / "loan-service" / f"nox-{version}-{key}"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").write_text(FAKE)
    (home / "bin" / "python").chmod(0o755)
    (home / "complete").touch()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"HOME": str(tmp_path / "home"), "PATH": path}


def run(checkout: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    (checkout / "requirements").mkdir(parents=True)
    for name in ("nox", "noxfile.py", "requirements/nox.txt"):
        shutil.copy(ROOT / name, checkout / name)
    return subprocess.run([checkout / "nox", "-s", "up"], env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("name", FOLDERS)
def test_any_folder_works(tmp_path: Path, environment: dict[str, str], name: str) -> None:
    done = run(tmp_path / name, environment)

    assert done.stderr == b""
    words = [str(tmp_path / name), environment["HOME"], "-m", "nox", "--noxfile", "noxfile.py", "-s", "up"]
    assert done.stdout.decode().splitlines() == words


@pytest.mark.parametrize("name", [b"a:b", b"two\nlines", b"ends\n", b"tab\t", b"escape\x1b[2J", b"latin-1 \xe9"])
def test_a_folder_that_cannot_work_is_refused_in_one_line(
    tmp_path: Path, environment: dict[str, str], name: bytes
) -> None:
    done = run(tmp_path / os.fsdecode(name), environment)

    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", REFUSED)


def test_without_home_it_is_the_users_own(tmp_path: Path, environment: dict[str, str]) -> None:
    del environment["HOME"]

    done = run(tmp_path / "checkout", environment | {"XDG_CACHE_HOME": str(tmp_path / "home" / ".cache")})

    assert done.stderr == b""
    assert done.stdout.decode().splitlines()[1] == str(Path("~").expanduser())


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run(tmp_path / "checkout", environment | {"HOME": "/proc/self/nowhere"})

    expected = b"nox: cannot write in /proc/self/nowhere/.cache/loan-service: set HOME or XDG_CACHE_HOME\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_a_checkout_that_cannot_be_written_is_refused_in_one_line(environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        run(checkout, environment)
        for path in (checkout.parent, checkout):
            path.chmod(0o555)
        # Root writes everywhere.
        done = subprocess.run(
            [checkout / "nox"],
            env=environment,
            capture_output=True,
            check=False,
            **identity("nobody" if os.geteuid() == 0 else None),
        )
        checkout.parent.chmod(0o755)
        checkout.chmod(0o755)

    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"nox: cannot write in {checkout}, where environments (.nox)")
    assert len(done.stderr.splitlines()) == 1
