# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL as a plain process: the machine's own programs, else those of a wheel."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from stack.ports import HOST, Port, free_port, require_free
from stack.postgres_programs import PostgresError, find_programs
from stack.process import Child, Command, tail
from stack.reach import give_to, identity, reachable_by, server_user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["Postgres", "PostgresError"]

# Of what fails, the log gets neither the statement nor the detail: both quote a borrower's row.
DISCREET = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}
# A server that is not there refuses at once; one that does not answer may be on a machine that stands still.
CONNECT_SECONDS = 10


class Postgres:
    """A PostgreSQL server with its data in a folder, created on first use; a context manager."""

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *,
        user: str = "loan",
        password: str = "loan",  # noqa: S107  # a loopback server for development and tests
        durable: bool = True,
        log: Path | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.user = user
        self.password = password
        self.durable = durable
        self.log = log or self.data_dir / "postgres.log"
        self._child: Child | None = None

    @classmethod
    @contextlib.contextmanager
    def temporary(cls) -> Iterator[Self]:
        """Run a throwaway server on a free port, in a folder that the server's user can reach."""
        folder = Path(tempfile.mkdtemp(prefix="loan-db-"))
        folder.chmod(0o711)
        try:
            with cls(folder / "db", free_port(), durable=False) as server:
                yield server
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Give the server's process id while it runs."""
        return self._child.pid if self._child else None

    def url(self, database: str = "postgres") -> str:
        """Give the SQLAlchemy URL of a database, which may not exist yet (see `create`)."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql+psycopg2://{login}@{HOST}:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Create a database unless it exists and give its URL."""
        with contextlib.closing(self._connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor, contextlib.suppress(psycopg2.errors.DuplicateDatabase):
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database)

    def start(self, timeout: float = 30.0) -> None:
        """Create the data folder if need be, start the server and wait until it answers."""
        require_free(Port("db", "sql", self.port), self.port)
        self._child = Child(self.command())
        deadline = time.monotonic() + timeout
        while not self.ready():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise PostgresError(f"PostgreSQL did not start on port {self.port}", tail(self.log, 10))
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, clients are disconnected."""
        if self._child:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """End the server as a crash would; the data survives."""
        if self._child:
            self._child.signal(signal.SIGQUIT)
            self._child.finish()
            self._child = None

    def ready(self) -> bool:
        """Return whether the server accepts connections; a wrong password raises."""
        try:
            self._connect().close()
        except psycopg2.OperationalError as error:
            if "authentication failed" in str(error):
                message = (
                    f"the user or the password does not fit the data in {self.data_dir}: set POSTGRES_USER and"
                    " POSTGRES_PASSWORD as at the first start, or remove the folder to begin anew"
                )
                raise PostgresError(message) from None
            return False
        return True

    def command(self) -> Command:
        """Prepare the data folder and give the command that serves it."""
        programs = self._prepare()
        # Sockets in the file system would need a short path; loopback alone is enough.
        options = {"port": self.port, "listen_addresses": HOST, "unix_socket_directories": "", **DISCREET}
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        return Command(
            argv=[str(programs / "postgres"), "-D", str(self._cluster), *settings],
            log=self.log,
            cwd=self.data_dir,
            user=server_user(),
            stop_signal=signal.SIGINT,  # fast: does not wait for clients to leave
            death_signal=signal.SIGQUIT,
        )

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    def _connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=HOST,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname="postgres",
            connect_timeout=CONNECT_SECONDS,
        )

    def _prepare(self) -> Path:
        user = server_user()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not reachable_by(user, self.data_dir.parent):
            raise PostgresError(f"user {user}, who runs PostgreSQL for root, cannot reach {self.data_dir}")
        give_to(user, self.data_dir)
        programs = find_programs()
        if not self._cluster.exists():
            self._initialise(programs, user)
        return programs

    def _initialise(self, programs: Path, user: str | None) -> None:
        """Write a new cluster beside its final name, so that an interrupted one is never taken for whole."""
        unfinished = self.data_dir / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self.data_dir / "password"
        password_file.write_text(self.password)
        give_to(user, password_file)
        options = [
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            f"--username={self.user}",
        ]
        argv = [str(programs / "initdb"), "-D", str(unfinished), f"--pwfile={password_file}", *options]
        if not self.durable:
            argv.append("--no-sync")
        result = subprocess.run(
            argv, cwd=self.data_dir, capture_output=True, text=True, check=False, timeout=120, **identity(user)
        )
        password_file.unlink()
        if result.returncode:
            raise PostgresError(f"initdb failed: {(result.stderr or result.stdout).strip()}")
        unfinished.rename(self._cluster)
