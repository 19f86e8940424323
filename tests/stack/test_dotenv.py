# SPDX-License-Identifier: Apache-2.0
"""A .env file is read as docker compose reads it; tests/chain/test_dotenv_by_compose.py holds compose against it."""

import pytest

from stack.dotenv import DotenvError, parse
from tests.stack.dotenv_cases import CASES, ENVIRON, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_file_is_read_as_compose_reads_it(case: Case) -> None:
    if case.expected is None:
        with pytest.raises(DotenvError):
            parse(case.text, ENVIRON)
    else:
        assert parse(case.text, ENVIRON) == case.expected


def test_the_table_is_long_and_names_each_case_once() -> None:
    assert len({case.id for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SECRET_KEY='zz-canary", "line 3: SECRET_KEY: the quote is not closed"),
        ("SECRET_KEY=zz${canary", "line 3: SECRET_KEY: ${NAME} is expected after a dollar sign and a brace"),
        ("SECRET_KEY=zz${canary:?zz}", "line 3: SECRET_KEY: a variable that the value requires (`?`) is not set"),
        ("SECRET_KEY zz-canary!", "line 3: NAME=value is expected"),
        ("SECRET_KEY zz-canary=1", "line 3: NAME=value is expected, and a name has no space"),
        ("SECRET_KEY='x'zz_canary='y", "line 3: the quote is not closed"),
        ("SECRET_KEY='x\ny'zz_canary='y", "line 4: the quote is not closed"),
        ("export ", "line 3: a name is expected after export"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_by_its_number_and_never_quoted(line: str, message: str) -> None:
    with pytest.raises(DotenvError) as refusal:
        parse(f"# first\nAPP_ENV=dev\n{line}", {})

    assert str(refusal.value).startswith(message)
    assert "zz" not in str(refusal.value)
    assert "canary" not in str(refusal.value)
