# SPDX-License-Identifier: Apache-2.0
"""The check of the config files reaches every one of them and fails when one checker does; the checkers are made up."""

from pathlib import Path

import pytest

from stack.check_configs import ROOT, checks, main

FOLDERS = ("otel", "prometheus", "loki", "tempo", "alertmanager", "nginx")


def accepting(_name: str) -> Path:
    return Path("/usr/bin/true")


def without_promtool(name: str) -> Path:
    return Path("/usr/bin/false" if name == "promtool" else "/usr/bin/true")


def test_every_config_file_has_a_check(tmp_path: Path) -> None:
    checked = [place for check in checks(ROOT, tmp_path, accepting) for place in check.name.split(": ")[0].split(", ")]

    files = [str(file.relative_to(ROOT)) for name in FOLDERS for file in (ROOT / name).rglob("*") if file.is_file()]

    assert len(files) >= len(FOLDERS)
    assert [file for file in files if not any(file.startswith(place) for place in checked)] == []


def test_one_line_for_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(ROOT, accepting)

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert len(lines) >= len(FOLDERS)
    assert {line.split()[0] for line in lines} == {"ok"}


def test_a_refused_file_fails_the_run_and_the_others_are_still_checked(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(ROOT, without_promtool)

    said = capsys.readouterr()
    failed = [line for line in said.out.splitlines() if line.startswith("FAILED")]
    assert code == 1
    assert all("promtool" in line for line in failed)
    assert "exit code 1" in said.err
    assert "ok     nginx/nginx.conf" in said.out
