# SPDX-License-Identifier: Apache-2.0
"""Docker compose reads .env files as the table expects, and generated ones as our reader does."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stack.build import program
from stack.dotenv import DotenvError, parse
from tests.integration.test_passwords import PASSWORDS
from tests.stack.dotenv_cases import CASES, ENVIRON, Case

# What makes a difference to either reader, in any order.
PIECES = [
    *"PQ=\n#'\"$\\x:{}é\t",
    " #",
    "$$",
    "${",
    "${SET",
    "${NONE:-",
    "${EMPTY-",
    "${SET:+",
    ":?",
    "\\$",
    "\\n",
    "\\0123",
]
PIECES += ["\r\n", "export ", "\u00a0", "\ufeff"]
LINES = st.builds("".join, st.lists(st.sampled_from(PIECES), max_size=12))
TEXTS = st.one_of(
    LINES,
    st.builds("P={}\nQ=y\n".format, LINES),
    st.builds("P='{}'\nQ=y\n".format, LINES),
    st.builds('P="{}"\nQ=y\n'.format, LINES),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "docker-compose.yml").write_text("name: project\nservices: {one: {image: none}}\n")
    return folder


def read_by_compose(folder: Path, text: str) -> list[str] | None:
    """Let compose print the environment that it would use, without what was there before; None where it refuses."""
    (folder / "test.env").write_bytes(text.encode())
    command = [str(program("compose")), "--env-file", "test.env", "config", "--environment"]
    outside = {"HOME": str(folder), "PATH": "/nowhere", **ENVIRON}
    done = subprocess.run(command, cwd=folder, env=outside, capture_output=True, check=False, timeout=60)
    if done.returncode:
        assert b"test.env" in done.stderr, done.stderr  # refused for another reason
        return None
    return lines(done.stdout.decode())


def printed(folder: Path, settings: dict[str, str]) -> list[str]:
    """Give what compose prints where it has read these settings: the environment wins, values are not quoted."""
    always = {"COMPOSE_PROJECT_NAME": "project", "HOME": str(folder), "PATH": "/nowhere", "PWD": str(folder)}
    return lines("".join(f"{name}={value}\n" for name, value in (settings | always | ENVIRON).items()))


def lines(text: str) -> list[str]:
    """Sort the lines, without `=value`: what compose makes of a line without a name, which nothing can ask for."""
    return sorted(line for line in text.split("\n") if not line.startswith("="))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_compose_reads_a_file_as_in_the_table(folder: Path, case: Case) -> None:
    found = read_by_compose(folder, case.text)

    assert found == (None if case.expected is None else printed(folder, case.expected))


@pytest.mark.parametrize("password", PASSWORDS)
def test_compose_gives_postgresql_the_password_that_the_service_uses(folder: Path, password: str) -> None:
    line = f"POSTGRES_PASSWORD={PASSWORDS[password]}\n"

    assert read_by_compose(folder, line) == printed(folder, {"POSTGRES_PASSWORD": password})


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_both_read_any_text_alike(folder: Path, text: str) -> None:
    try:
        expected = printed(folder, parse(text, ENVIRON))
    except DotenvError:
        expected = None

    assert read_by_compose(folder, text) == expected
