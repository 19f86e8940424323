# SPDX-License-Identifier: Apache-2.0
"""The settings file is read as docker compose reads it."""

from pathlib import Path

from stack.environment import parse, read_settings

TEXT = """
# a comment
POSTGRES_USER=loan
POSTGRES_PASSWORD = with spaces   # and a comment
export LOG_LEVEL="DEBUG"
LITERAL='${POSTGRES_USER} # stays'
DATABASE_URL=postgresql+psycopg2://${POSTGRES_USER}:${SECRET:-fallback}@db:5432/loans
HASH=a#b
EMPTY=
nonsense
"""


def test_values_comments_quotes_and_references() -> None:
    assert parse(TEXT, {}) == {
        "POSTGRES_USER": "loan",
        "POSTGRES_PASSWORD": "with spaces",
        "LOG_LEVEL": "DEBUG",
        "LITERAL": "${POSTGRES_USER} # stays",
        "DATABASE_URL": "postgresql+psycopg2://loan:fallback@db:5432/loans",
        "HASH": "a#b",
        "EMPTY": "",
    }


def test_dot_env_wins_over_the_development_file(tmp_path: Path) -> None:
    (tmp_path / ".env.dev").write_text("APP_ENV=dev\nDEBUG=true\n")

    assert read_settings(tmp_path, {}) == {"APP_ENV": "dev", "DEBUG": "true"}

    (tmp_path / ".env").write_text("APP_ENV=staging\n")

    assert read_settings(tmp_path, {}) == {"APP_ENV": "staging"}


def test_the_environment_wins_over_the_file_and_adds_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_ENV=staging\n")

    assert read_settings(tmp_path, {"APP_ENV": "dev", "HOME": "/root"}) == {"APP_ENV": "dev"}


def test_without_a_file_there_are_no_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path, {"APP_ENV": "dev"}) == {}
