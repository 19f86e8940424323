# SPDX-License-Identifier: Apache-2.0
"""Any printable POSTGRES_PASSWORD opens a real PostgreSQL, from the line in .env to whatever connects."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy import create_engine, text

from app.database_url import connection_arguments
from app.settings import Settings
from app.storage.migrate import MigrationError, migrate
from app.storage.ping import Ping
from stack.addresses import Addresses
from stack.environment import parse
from stack.ports import free_port
from stack.postgres import Postgres
from stack.service_commands import database, service_environment, sqlalchemy_url
from stack.services import SERVICES
from stack.site import Site

NASTIEST = "p@ss:w/ord%zz#?&'\"\\ $"
# As they are, and as they stand behind POSTGRES_PASSWORD= in the file.
PASSWORDS = {
    NASTIEST: r"""'p@ss:w/ord%zz#?&\'"\ $'""",
    "%zz": "%zz",
    "p@ss": "p@ss",
    "a#b # c": "'a#b # c'",
    "pa$word${HOME}": "'pa$word${HOME}'",
    "two  spaces": "two  spaces",
    "+%2B%25": "+%2B%25",
    "it's": r"'it\'s'",
    'say "no"': """'say "no"'""",
    "ends with \\": r'"ends with \\"',
    "db:5432 localhost:8000": "db:5432 localhost:8000",
    "pässwörd€": "pässwörd€",
    "[]{}()<>|;`~^": "'[]{}()<>|;`~^'",
}


def site_of(folder: Path, line: str, port: int) -> Site:
    """Give the stack's folder whose settings file has this password."""
    file = "POSTGRES_USER=lo@n\nPOSTGRES_DB=loans\nDATABASE_URL=postgresql+psycopg2://lo%40n@db:5432/${POSTGRES_DB}\n"
    ports = {known: port if known.service == "db" else 9 for one in SERVICES for known in one.ports}
    return Site(folder, Addresses(ports), parse(f"APP_ENV=dev\nPOSTGRES_PASSWORD={line}\n{file}", {}))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a cluster that was created as `up` does, with the nastiest password."""
    folder = Path(tempfile.mkdtemp(prefix="loan-db-"))
    folder.chmod(0o711)  # PostgreSQL's user passes through
    made = database(site_of(folder, PASSWORDS[NASTIEST], free_port()))
    with Postgres(folder / "db", made.port, user=made.user, password=made.password, durable=False) as running:
        running.create("loans")
        yield running
    shutil.rmtree(folder)


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_opens_the_database_to_whatever_connects(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    for name in ("DATABASE_URL", "POSTGRES_PASSWORD", "APP_ENV"):
        monkeypatch.delenv(name, raising=False)
    require_password(server, password)
    site = site_of(tmp_path, PASSWORDS[password], server.port)

    settings = Settings.from_env(service_environment(site))

    assert sqlalchemy_url(site).password == password
    migrate(settings.database_url, echo=lambda _step: None)
    assert Ping(settings.database_url, 5.0)()
    engine = create_engine(settings.database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == "lo@n"
    engine.dispose()
    psycopg2.connect(**connection_arguments(settings.database_url)).close()
    assert database(site).ready()


def test_another_password_is_refused_and_not_quoted(server: Postgres, tmp_path: Path) -> None:
    site = site_of(tmp_path, "zz-canary", server.port)
    url = Settings.from_env(service_environment(site)).database_url

    assert not Ping(url, 5.0)()
    with pytest.raises(MigrationError, match=r"^DATABASE_URL: the database refuses the user or the password$"):
        migrate(url)


def require_password(server: Postgres, password: str) -> None:
    """Make this the password of the server's user."""
    with closing(psycopg2.connect(**connection_arguments(server.url()))) as connection:
        connection.autocommit = True
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(server.user), sql.Literal(password))
        connection.cursor().execute(statement)
    server.password = password
