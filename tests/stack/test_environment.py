# SPDX-License-Identifier: Apache-2.0
"""Which settings file is read, and what wins over it."""

from pathlib import Path

import pytest

from stack.environment import DotenvError, read_settings


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


def test_after_a_byte_order_mark_the_first_line_counts(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfAPP_ENV=production\r\nDEBUG=false\r\n")

    assert read_settings(tmp_path, {}) == {"APP_ENV": "production", "DEBUG": "false"}


def test_line_ends_inside_quotes_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"APP_ENV=dev\r\nSECRET_KEY='a\r\nb'\r\n")

    assert read_settings(tmp_path, {})["SECRET_KEY"] == "a\r\nb"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ".env: a line APP_ENV=dev, APP_ENV=staging or APP_ENV=production is expected"),
        (b"APPENV=production\n", ".env: a line APP_ENV=dev, APP_ENV=staging or APP_ENV=production is expected"),
        (b"app_env=production\n", ".env: a line APP_ENV=dev, APP_ENV=staging or APP_ENV=production is expected"),
        (b"APP_ENV production\n", ".env: line 1: NAME=value is expected, and a name has no space"),
        (b"A=1\nAPP_ENV='production\n", ".env: line 2: APP_ENV: the quote is not closed"),
        ("APP_ENV=production\n".encode("utf-16"), ".env: a readable text file in UTF-8 is expected"),
        (b"APP_ENV=dev\nSECRET_KEY=\xff\n", ".env: a readable text file in UTF-8 is expected"),
    ],
)
def test_a_file_that_lacks_the_environment_is_never_taken_for_development(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / ".env").write_bytes(content)

    with pytest.raises(DotenvError) as refusal:
        read_settings(tmp_path, {})

    assert str(refusal.value) == message


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    with pytest.raises(DotenvError, match=r"^\.env: a readable text file in UTF-8 is expected$"):
        read_settings(tmp_path, {})
