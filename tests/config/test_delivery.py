# SPDX-License-Identifier: Apache-2.0
"""The image, the hooks and the workflow agree with compose and with what `./nox` does."""

import ast
import re

import pytest

from tests.config.compose_policy import ROOT, load

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def instruction(name: str) -> str:
    """Give the arguments of the last such instruction of the Dockerfile."""
    found: list[str] = re.findall(rf"^{name} (.+)$", DOCKERFILE.replace("\\\n", ""), re.MULTILINE)
    return found[-1]


def test_the_image_runs_as_the_user_that_owns_the_shared_volumes() -> None:
    services = load()["services"]
    user = instruction("USER")

    assert user == "10001:10001"
    assert services["nginx"]["user"] == services["otelcol"]["user"] == services["volume-owner"]["command"][1] == user


@pytest.mark.parametrize("name", ["CMD", "HEALTHCHECK"])
def test_the_image_starts_programs_without_a_shell(name: str) -> None:
    words = ast.literal_eval("[" + instruction(name).partition("[")[2])

    assert words[0] in {"gunicorn", "python"}


def test_the_default_command_is_the_images_own() -> None:
    default = re.fullmatch(r"\$\{API_CMD:-(.+)\}", load()["services"]["api"]["command"])

    assert default is not None
    assert default[1].split() == ast.literal_eval(instruction("CMD"))


def test_the_hooks_format_with_the_version_that_lint_checks_with() -> None:
    pinned = re.search(r"^(ruff==\S+)", (ROOT / "requirements/lint.txt").read_text(encoding="utf-8"), re.MULTILINE)
    hooks = re.findall(r"ruff==[\d.]+", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    assert pinned is not None
    assert set(hooks) == {pinned[1]}


@pytest.fixture
def workflow() -> str:
    return (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")


def test_the_forge_runs_the_readmes_test_command(workflow: str) -> None:
    assert "- run: ./nox\n" in workflow


@pytest.mark.parametrize("pattern", [r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$"])
def test_actions_are_pinned_to_commits(workflow: str, pattern: str) -> None:
    uses = [line for line in workflow.splitlines() if "uses:" in line]

    assert uses
    assert [line for line in uses if not re.search(pattern, line)] == []
