# SPDX-License-Identifier: Apache-2.0
"""Without a native stack, what compose publishes is found by the settings file."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from stack import in_docker, state
from stack.backends.http import BackendError, get_json

SETTINGS = (
    "APP_ENV=dev\nAPI_PORT={below}-{port}\nGRAFANA_PORT={port}\nNGINX_PORT=1\nPROMETHEUS_PORT=1\nALERTMANAGER_PORT=1\nMAILPIT_PORT=1\n"
    "DB_PORT=5433\nDATABASE_URL=postgresql+psycopg2://loan@db:5432/loans\nPOSTGRES_PASSWORD=s@cret\nGF_ADMIN_PASSWORD=p@ss\n"
)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in {"/livez", "/api/health"} else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(state, "read", lambda _: None)
    for name in (
        *(variable for variable, _ in in_docker.PUBLISHED.values()),
        "DATABASE_URL",
        "POSTGRES_PASSWORD",
        "DB_PORT",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_what_answers_is_offered_at_its_published_port(root: Path, port: int) -> None:
    (root / ".env").write_text(SETTINGS.format(port=port, below=port - 1))

    found = in_docker.running(root=root)

    assert found is not None
    assert found.urls["api"] == f"http://127.0.0.1:{port}"
    assert "nginx" not in found.urls
    assert found.database_url == "postgresql+psycopg2://loan:s%40cret@127.0.0.1:5433/loans"
    through = f"http://admin:p%40ss@127.0.0.1:{port}/api/datasources/proxy/uid"
    assert (found.urls["loki"], found.urls["tempo"]) == (f"{through}/loki", f"{through}/tempo")


def test_a_port_of_the_environment_wins_also_where_the_file_names_none(
    root: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = SETTINGS.format(port=port, below=port - 1).splitlines()
    (root / ".env").write_text("\n".join(line for line in lines if not line.startswith(("NGINX_PORT", "DB_PORT"))))
    monkeypatch.setenv("NGINX_PORT", str(port))
    monkeypatch.setenv("DB_PORT", "5434")

    found = in_docker.running(root=root)

    assert found is not None
    assert found.urls["nginx"] == f"http://127.0.0.1:{port}"
    assert ":5434/" in found.database_url


def test_nothing_is_offered_where_no_service_answers(root: Path) -> None:
    (root / ".env").write_text(SETTINGS.format(port=1, below=1))

    assert in_docker.running(root=root) is None


def test_a_named_run_folder_is_never_answered_by_docker(root: Path, port: int) -> None:
    (root / ".env").write_text(SETTINGS.format(port=port, below=port - 1))

    assert in_docker.running(root / "run", root) is None


def test_an_answer_that_is_no_json_is_shown(port: int) -> None:
    with pytest.raises(BackendError, match=f"http://127.0.0.1:{port}/api/health None: no JSON, but ''"):
        get_json(f"http://127.0.0.1:{port}/api/health")


def test_a_login_in_an_address_is_not_shown(port: int) -> None:
    with pytest.raises(BackendError) as error:
        get_json(f"http://admin:p%40ss@127.0.0.1:{port}/none")

    assert "p%40ss" not in str(error.value)
    assert f"http://127.0.0.1:{port}/none" in str(error.value)
