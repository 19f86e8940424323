# SPDX-License-Identifier: Apache-2.0
"""All readers of DATABASE_URL parse it alike, for any password; an ambiguous value is refused."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg2.extensions import parse_dsn
from sqlalchemy import make_url

from app.database_url import EXPECTED, complete, connection_arguments, read, render

PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=40)


@given(password=PRINTABLE, user=PRINTABLE)
def test_any_printable_password_reaches_every_reader_as_it_is(password: str, user: str) -> None:
    url = render(complete(read("postgresql+psycopg2://loan@db:5432/loans").set(username=user), password))

    for_libpq = parse_dsn(url.replace("+psycopg2", ""))
    assert (make_url(url).password, make_url(url).username) == (password, user)
    assert (for_libpq["password"], for_libpq["user"]) == (password, user)
    assert (connection_arguments(url)["password"], connection_arguments(url)["user"]) == (password, user)
    assert (read(url).password, read(url).username) == (password, user)


@given(password=PRINTABLE)
def test_a_raw_password_is_read_as_it_is_or_refused(password: str) -> None:
    url = f"postgresql+psycopg2://loan:{password}@db:5432/loans"
    try:
        found = read(url)
    except ValueError:
        return
    assert found.host == "db"
    assert found.password == unquote(password) == parse_dsn(url.replace("+psycopg2", ""))["password"]


def test_the_password_of_the_url_wins() -> None:
    url = complete(read("postgresql+psycopg2://loan:of%20the%40url@db/loans"), "other")

    assert render(url) == "postgresql+psycopg2://loan:of%20the%40url@db/loans"


def test_without_a_password_anywhere_there_is_none() -> None:
    assert connection_arguments(render(complete(read("postgresql+psycopg2://loan@db:5432/loans"), None))) == {
        "user": "loan",
        "host": "db",
        "port": 5432,
        "dbname": "loans",
    }


@pytest.mark.parametrize(
    "rest", ["db/loans", "[::1]:5432/loans", "my_db.example:6543/loans?sslmode=require&gssencmode="]
)
def test_every_place_is_read(rest: str) -> None:
    assert render(read(f"postgresql+psycopg2://loan:a!b$c:d@{rest}")).startswith("postgresql+psycopg2://loan:a%21b%24c")


@pytest.mark.parametrize(
    "password",
    ["p@ss", "p@ss:w/ord", "p/w", "a#b", "a?b", "%zz", "100%", "%4", "a b", "pä", "[a", "a\\b", 'a"b', "a<b", "a\nb"],
)
def test_a_password_that_is_not_encoded_is_refused_in_one_line(password: str) -> None:
    text = refusal(f"postgresql+psycopg2://loan:zz-canary{password}@db:5432/loans")

    assert text.startswith("percent-encoding is expected")
    assert "canary" not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "loans",
        "sqlite:///loans",
        "postgresql://loan:loan@db/loans",
        "postgresql+psycopg2://db:5432/loans",
        "postgresql+psycopg2://:secret@db:5432/loans",
        "postgresql+psycopg2://loan:loan@db:5432x/loans",
        "postgresql+psycopg2://loan:loan@db:0/loans",
        "postgresql+psycopg2://loan:loan@db:65536/loans",
        "postgresql+psycopg2://loan:loan@db:5432/",
        "postgresql+psycopg2://loan:loan@db:5432",
        "postgresql+psycopg2:///loans",
        "postgresql+psycopg2://[half",
    ],
)
def test_another_form_is_refused(url: str) -> None:
    assert refusal(url) == EXPECTED


def test_a_reference_that_nothing_replaced_is_refused() -> None:
    assert refusal("postgresql+psycopg2://loan:${POSTGRES_PASSWORD}@db/loans").startswith("a value without ${...}")


@pytest.mark.parametrize(
    ("login", "message"),
    [
        ("loan:%ff", "UTF-8 is expected behind the percent-encoding"),
        ("loan:a%00b", "printable characters are expected as user and password"),
        ("lo%0Aan:a", "printable characters are expected as user and password"),
    ],
)
def test_what_no_reader_takes_is_refused(login: str, message: str) -> None:
    assert refusal(f"postgresql+psycopg2://{login}@db:5432/loans") == message


@pytest.mark.parametrize(
    "query",
    [
        "password=other",
        "user=other",
        "host=other",
        "dsn=host%3Dother",
        "passfile=x",
        "sslmod=require",
        "sslmode=require&sslmode=disable",
    ],
)
def test_options_that_libpq_does_not_know_or_that_replace_the_url_are_refused(query: str) -> None:
    text = refusal(f"postgresql+psycopg2://loan:loan@db:5432/loans?{query}")

    assert text == "behind the ? options of libpq are expected, each once, such as sslmode=require"


def refusal(url: str) -> str:
    """Read a URL that must be refused and return the reason."""
    with pytest.raises(ValueError, match="expected") as error:
        read(url)
    return str(error.value)
