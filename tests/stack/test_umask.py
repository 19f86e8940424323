# SPDX-License-Identifier: Apache-2.0
"""A strict umask, as many servers' root has: what another user must read is readable, what is secret is not."""

import os
import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from stack import reach, site
from stack.reach import copy_for, identity, server_user
from stack.readiness import status_of
from stack.runner import Stack
from tests.stack.fakes import eventually

OTHER = "nobody" if os.geteuid() == 0 else None  # only root starts servers as another user
RUNBOOK = "/runbooks/LoanServiceDown.md"


@pytest.fixture(autouse=True)
def strict_umask() -> Iterator[None]:
    """Give new files to their owner alone."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize("existing", [False, True])
def test_nginx_serves_the_runbooks(tmp_path: Path, existing: bool) -> None:
    for folder in ("data", "data/nginx", "config", "config/nginx") if existing else ():
        (tmp_path / ".run" / folder).mkdir(parents=True, exist_ok=True)
    stack = Stack(tmp_path / ".run", only=["nginx"])
    stack.begin()
    try:
        stack.start("nginx")
        assert eventually(lambda: status_of(stack.site.port("nginx"), RUNBOOK) is not None)
        assert status_of(stack.site.port("nginx"), RUNBOOK) == HTTPStatus.OK
    finally:
        stack.down()


def test_postgresql_reaches_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "var" / "loan-service"
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    (tmp_path / "var").mkdir(mode=0o755)
    (tmp_path / "var").chmod(0o755)
    home.mkdir()  # as an earlier start left it
    monkeypatch.setattr(site, "ROOT_DATA", home)
    hidden = tmp_path / "hidden"
    hidden.mkdir()

    stack = Stack(hidden / ".run", only=["db"])
    stack.site.prepare()
    data = stack.site.shared_data("db")

    assert reach.reachable_by(server_user(), data.parent)
    assert data.is_relative_to(home) == (OTHER is not None)


def test_secrets_stay_secret(tmp_path: Path) -> None:
    stack = Stack(tmp_path / ".run", only=["nginx", "prometheus"])
    stack.site.prepare()
    stack.site.programs["prometheus"] = Path("prometheus")
    for name in ("nginx", "prometheus"):
        stack.site.write_config(name, stack.services[name].files)
        stack.services[name].command(stack.site)

    read = subprocess.run(
        ["cat", "config/prometheus/secrets/ops_token"],
        cwd=stack.site.run_dir,
        capture_output=True,
        check=False,
        **identity(OTHER),
    )

    assert (read.returncode == 0) == (OTHER is None)
    assert stack.site.log_dir.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("earlier", [False, True])
def test_a_copied_program_runs_as_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    monkeypatch.setattr(reach, "ROOT_CACHE", tmp_path / "cache")
    program = tmp_path / "env" / "package" / "bin" / "program"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n. "$(dirname "$0")/library"\n')
    program.chmod(0o700)
    (program.parent / "library").write_text("echo runs\n")
    copy = copy_for(OTHER, program.parents[1])
    if earlier and OTHER:  # the copy of a version that kept the umask's modes
        for path in (tmp_path / "cache").rglob("*"):
            path.chmod(0o700 if path.is_dir() or path.name == "program" else 0o600)
        copy = copy_for(OTHER, program.parents[1])

    ran = subprocess.run(
        [copy / "bin" / "program"], cwd="/", capture_output=True, text=True, check=False, **identity(OTHER)
    )

    assert (ran.stdout, ran.stderr) == ("runs\n", "")
