# SPDX-License-Identifier: Apache-2.0
"""DATABASE_URL: its form, its password, and what it means to libpq. Only SQLAlchemy's make_url takes it apart."""

import re
from typing import Any, Final
from urllib.parse import unquote

import psycopg2
from psycopg2.extensions import make_dsn
from sqlalchemy import URL, make_url

EXPECTED: Final = "postgresql+psycopg2://user:password@host:port/name is expected"
# What RFC 3986 allows before the @; all else has to be percent-encoded, or readers disagree on where the password ends.
_LOGIN = r"(?!:)(?:[\w.~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})+"
_PLACE = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/[^/?#%@:\s]+(?:\?[^#\s]*)?"
FORM: Final = re.compile(rf"postgresql\+psycopg2://{_LOGIN}@{_PLACE}", re.ASCII)
UNENCODED: Final = re.compile(rf"postgresql\+psycopg2://(?!:).*@{_PLACE}", re.DOTALL)
LAST_PORT: Final = 65_535
# They would override the parts that were checked.
SAID_BEFORE: Final = {
    "dsn",
    "user",
    "password",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "passfile",
    "service",
    "servicefile",
}


def read(text: str) -> URL:
    """Parse a DATABASE_URL; raise ValueError with what is expected, without quoting the URL."""
    if "${" in text:
        raise ValueError("a value without ${...} is expected; docker compose and ./nox -s up replace it in .env")
    form = FORM.fullmatch(text)
    if form is None and UNENCODED.fullmatch(text):
        raise ValueError(
            "percent-encoding is expected for what is no letter, digit or -._~ in the user or password (%40 for @);"
            " a URL without a password takes POSTGRES_PASSWORD as it is"
        )
    if form is None or not 0 < int(form["port"] or LAST_PORT) <= LAST_PORT:
        raise ValueError(EXPECTED)
    url = make_url(text)
    _require_text(url, text)
    _require_options(url)
    return url


def complete(url: URL, password: str | None) -> URL:
    """Take the password (POSTGRES_PASSWORD) for a URL that has none; as it is, nothing has to be encoded."""
    return url if url.password or not password else url.set(password=password)


def render(url: URL) -> str:
    """Write a URL, password included, in a form that SQLAlchemy, libpq and this module read alike."""
    return url.render_as_string(hide_password=False).replace(" ", "%20")


def connection_arguments(database_url: str) -> dict[str, Any]:
    """Give libpq's arguments for a connection beside the engine: those that SQLAlchemy's engine connects with."""
    url = make_url(database_url)
    _, arguments = url.get_dialect()().create_connect_args(url)
    return dict(arguments)


def _require_text(url: URL, text: str) -> None:
    login = text.partition("://")[2].partition("@")[0]
    try:
        unquote(login, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("UTF-8 is expected behind the percent-encoding") from None
    if not f"{url.username}{url.password or ''}".isprintable():
        raise ValueError("printable characters are expected as user and password")


def _require_options(url: URL) -> None:
    """Refuse options that libpq does not have: it would refuse each connection, so the service would not be ready."""
    options = {name: value for name, value in url.query.items() if isinstance(value, str) and name not in SAID_BEFORE}
    try:
        make_dsn(**options)
    except psycopg2.ProgrammingError:
        options = {}
    if len(options) < len(url.query):
        raise ValueError("behind the ? options of libpq are expected, each once, such as sslmode=require")
