# SPDX-License-Identifier: Apache-2.0
"""What holds for every file of the repository: licences, links, no marks of unfinished work, nothing of one machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Built from parts, so that this file does not match itself.
MARKS = re.compile("|".join(("TO" + "DO", "FIX" + "ME", r"\bX" + "XX" + r"\b")))
REGISTRY_OPTIONS = re.compile(
    "|".join(("--index" + "-url", "--extra-index" + "-url", "--find" + "-links", "GO" + "PROXY="))
)
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(?:home|root|Users)/\w")
MARKDOWN_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
MAX_BYTES = 1_000_000


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_python_files_carry_the_licence_line() -> None:
    missing = [path for path in tracked() if path.suffix == ".py" and not text_of(path).startswith("# SPDX-License-Id")]

    assert missing == []


@pytest.mark.parametrize("pattern", [MARKS, REGISTRY_OPTIONS, MACHINE_PATHS], ids=["marks", "registries", "paths"])
def test_no_file_holds_unfinished_or_local_matter(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.name != "go.sum"
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]

    assert found == []


def test_every_file_is_small_text() -> None:
    too_big = [path for path in tracked() if path.stat().st_size > MAX_BYTES or b"\0" in path.read_bytes()]

    assert too_big == []


def test_links_between_documents_resolve() -> None:
    dead = [
        f"{path.relative_to(ROOT)} -> {target}"
        for path in tracked()
        if path.suffix == ".md"
        for target in MARKDOWN_LINK.findall(text_of(path))
        if not (path.parent / target).exists()
    ]

    assert dead == []


def test_the_link_check_sees_a_dead_link() -> None:
    assert MARKDOWN_LINK.findall("see [this](no/such/file.md#part)") == ["no/such/file.md"]
