# SPDX-License-Identifier: Apache-2.0
"""The committed dashboards are generated from their Python source; a difference is shown and can be fixed."""

from pathlib import Path

import pytest

from grafana.dashboards import render
from grafana.dashboards.__main__ import main


def test_the_committed_files_have_not_drifted() -> None:
    assert list(render.drift()) == []


def test_the_same_source_gives_the_same_text() -> None:
    assert render.dashboards() == render.dashboards()


def test_a_changed_file_is_shown_as_a_difference(tmp_path: Path) -> None:
    [path] = [path for path in render.write(tmp_path) if path.name == "service-red.json"]
    path.write_text(path.read_text(encoding="utf-8").replace('"Service (RED)"', '"Edited by hand"'), encoding="utf-8")

    [difference] = render.drift(tmp_path)

    assert '-  "title": "Edited by hand",' in difference
    assert '+  "title": "Service (RED)",' in difference


def test_a_file_without_a_source_is_drift_and_is_removed(tmp_path: Path) -> None:
    render.write(tmp_path)
    orphan = tmp_path / "service-red" / "old.json"
    orphan.write_text("{}", encoding="utf-8")

    assert list(render.drift(tmp_path)) == [f"{orphan}: no source stands for this file"]
    assert render.write(tmp_path) == [orphan]
    assert list(render.drift(tmp_path)) == []


def test_writing_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    assert render.write(tmp_path)
    assert render.write(tmp_path) == []


def test_the_check_fails_on_drift_and_prints_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(render, "_below", lambda _: {tmp_path / "missing.json": "{}\n"})

    code = main(["--check"])

    assert code == 1
    assert "nox -s dashboards" in capsys.readouterr().out


def test_the_check_is_content_with_what_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""
