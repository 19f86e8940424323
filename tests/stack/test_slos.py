# SPDX-License-Identifier: Apache-2.0
"""The generated rules follow from the objectives: a stale, an edited, a missing and a left-over file are found."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from app.telemetry.views import REQUEST_SECONDS
from stack import slos
from stack.catalogue import BY_NAME
from stack.objectives import SPEC, objective, read, slow_seconds
from stack.slos import PROFILES, RULES, SOURCES, generate, main, seal, specs, stale

SLOTH = """\
#!/bin/sh
echo "rules for $*"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy what the rules are made of, and the rules."""
    for folder in (SOURCES, RULES):
        shutil.copytree(slos.ROOT / folder, tmp_path / folder)
    return tmp_path


def edit(path: Path, right: str, wrong: str) -> None:
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))


def test_the_committed_rules_are_those_of_the_committed_objectives() -> None:
    assert list(stale(slos.ROOT)) == []


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        (f"{SOURCES}/{SPEC.name}", "objective: 99.5", "objective: 99.9"),
        (f"{SOURCES}/plugins/bad_events_floor/plugin.go", ">= %g", "> %g"),
        (f"{SOURCES}/plugins/alert_names/plugin.go", "Fast", "Quick"),
    ],
)
def test_a_changed_input_makes_both_profiles_stale(root: Path, file: str, right: str, wrong: str) -> None:
    edit(root / file, right, wrong)

    assert [line.partition(": older than")[1] for line in stale(root)] == [": older than"] * len(PROFILES)


def test_changed_windows_make_their_own_profile_stale(root: Path) -> None:
    edit(root / SOURCES / "windows/gameday/2h.yaml", "shortWindow: 30s", "shortWindow: 15s")

    [line] = stale(root)
    assert line.startswith(f"{RULES}/gameday/")


def test_another_version_of_sloth_makes_all_stale(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_NAME, "sloth", BY_NAME["promtool"])

    assert len(list(stale(root))) == len(PROFILES)


def test_an_edited_rule_is_found(root: Path) -> None:
    edit(root / RULES / "prod" / SPEC.name, "> (14.4 * 0.005)", "> (99 * 0.005)")

    assert list(stale(root)) == [f"{RULES}/prod/{SPEC.name}: edited by hand"]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("groups: []\n")])
def test_a_file_that_is_missing_or_has_no_header_is_found(root: Path, spoil: Callable[[Path], object]) -> None:
    spoil(root / RULES / "prod" / SPEC.name)

    assert list(stale(root)) == [f"{RULES}/prod/{SPEC.name}: missing, or without its header"]


def test_a_file_that_no_objectives_stand_for_is_found_and_removed(root: Path) -> None:
    left_over = root / RULES / "prod" / "old.slos.yaml"
    left_over.write_text(seal("groups: []\n", "0"))

    assert list(stale(root)) == [f"{RULES}/prod/old.slos.yaml: no objectives stand for this file"]
    slos.write(root, generate(root, sloth(root)))
    assert not left_over.exists()
    assert list(stale(root)) == []


def test_the_full_check_runs_sloth_and_shows_what_it_would_write(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stack.build.program", lambda _: sloth(root))

    assert main(["--check", f"--root={root}"]) == 1
    assert "+rules for generate" in capsys.readouterr().out
    assert main([f"--root={root}"]) == 0
    assert main(["--check", f"--root={root}"]) == 0


def test_the_check_of_the_hashes_fails_and_says_what_to_do(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check-hashes", f"--root={root}"]) == 0
    edit(root / SOURCES / SPEC.name, "objective: 99.5", "objective: 99.9")

    assert main(["--check-hashes", f"--root={root}"]) == 1
    assert "./nox -s slos" in capsys.readouterr().out


def test_the_objectives_are_read_from_the_file(root: Path) -> None:
    edit(root / SOURCES / SPEC.name, "objective: 99.5", "objective: 99.9")
    edit(root / SOURCES / SPEC.name, 'le="0.5"', 'le="0.25"')

    found = read(root / SOURCES / SPEC.name)

    assert (found["availability"].allowed, found["latency"].seconds) == (0.001, 0.25)
    assert (objective("availability").allowed, objective("repayments").allowed) == (0.005, 0.01)


def test_the_bound_of_the_latency_is_one_of_the_buckets() -> None:
    assert slow_seconds() in REQUEST_SECONDS


@pytest.mark.parametrize("slo", yaml.safe_load(SPEC.read_text())["slos"], ids=lambda slo: slo["name"])
def test_what_an_alert_says_of_its_objective_is_the_objective(slo: dict[str, object]) -> None:
    text = yaml.safe_dump(slo["alerting"], width=1000)
    limit = objective(str(slo["name"]))

    assert set(re.findall(r"allows ([\d.]+) %", text)) == {f"{100 * limit.allowed:g}"}
    assert set(re.findall(r"more than (\d+) ms", text)) == ({f"{1000 * limit.seconds:.0f}"} if limit.seconds else set())


def sloth(folder: Path) -> Path:
    """Stand in for Sloth, by a script that writes its arguments."""
    program = folder / "sloth"
    program.write_text(SLOTH)
    program.chmod(0o755)
    assert len(specs(folder)) == 1
    return program
