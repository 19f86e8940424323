# SPDX-License-Identifier: Apache-2.0
"""The service without Docker gets the settings of the working copy's file, keys included."""

from pathlib import Path

import pytest

from app.access import DEV_KEYS, ApiKey, Scope, fingerprint
from app.access_entries import key_entry
from app.otel_variables import HONOURED
from app.settings import SECRETS, Settings
from stack.addresses import Addresses
from stack.environment import parse
from stack.ports import FreePorts
from stack.service_commands import service_environment
from stack.services import SERVICES
from stack.site import ROOT, Site

TELLER = ApiKey("teller", "acme", frozenset({Scope.READ}), fingerprint("of-the-teller"))


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEYS", "NATIONAL_ID_PEPPER"):
        for variable in (name, f"{name}_FILE"):
            monkeypatch.delenv(variable, raising=False)
    for each in HONOURED:
        monkeypatch.delenv(each.name, raising=False)


def site_of(folder: Path, text: str) -> Site:
    """Give a copy of the stack with a settings file."""
    ports = FreePorts()
    addresses = Addresses({port: ports.choose(port) for one in SERVICES for port in one.ports})
    return Site(folder, addresses, parse(text, {}))


def environment_of(folder: Path, text: str) -> dict[str, str]:
    """Return the environment that the service would have with a settings file."""
    return service_environment(site_of(folder, text))


def settings_of(folder: Path, text: str) -> Settings:
    """Read the settings that the service would have with a settings file."""
    return Settings.from_env(environment_of(folder, text))


def test_developments_file_reaches_the_service_unchanged(tmp_path: Path) -> None:
    text = (ROOT / ".env.dev").read_text(encoding="utf-8").replace("dev-only-national-id-pepper", "pepper-of-the-file")

    settings = settings_of(tmp_path, text)

    assert settings.api_keys == DEV_KEYS
    assert settings.national_id_pepper == "pepper-of-the-file"


@pytest.mark.parametrize("name", sorted(set(SECRETS) - {"DATABASE_URL", "API_KEYS"}))
def test_each_secret_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name, raising=False)
    (tmp_path / "secret").write_text("of db:5432 and localhost:8000\n")

    site = site_of(tmp_path, f"{name}_FILE={tmp_path / 'secret'}")

    assert site.secret(name) == "of db:5432 and localhost:8000"


def test_a_secret_that_looks_like_an_address_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "POSTGRES_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    url = "DATABASE_URL=postgresql+psycopg2://db@db:5432/db\n"

    site = site_of(tmp_path, f"{url}POSTGRES_PASSWORD=db:5432 localhost:8000\n")
    environment = service_environment(site)

    assert environment["POSTGRES_PASSWORD"] == "db:5432 localhost:8000"
    place = f"127.0.0.1:{site.port('db')}"
    assert environment["DATABASE_URL"] == f"postgresql+psycopg2://db:db%3A5432%20localhost%3A8000@{place}/db"


def test_a_database_without_a_port_is_found_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    site = site_of(tmp_path, "DATABASE_URL=postgresql+psycopg2://loan:loan@db/loans\n")

    assert service_environment(site)["DATABASE_URL"].endswith(f"@127.0.0.1:{site.port('db')}/loans")


@pytest.mark.parametrize("by_file", [False, True])
def test_keys_of_ones_own_reach_the_service(tmp_path: Path, by_file: bool) -> None:
    (tmp_path / "keys").write_text(f"[{key_entry(TELLER)}]")
    line = f"API_KEYS_FILE={tmp_path / 'keys'}" if by_file else f"API_KEYS='[{key_entry(TELLER)}]'"

    assert settings_of(tmp_path, line).api_keys == (TELLER,)


def test_every_variable_of_opentelemetry_that_is_honoured_reaches_the_service(tmp_path: Path) -> None:
    given = {variable.name: f"value-{number}" for number, variable in enumerate(HONOURED)}

    environment = environment_of(tmp_path, "".join(f"{name}={value}\n" for name, value in given.items()))

    assert environment.items() >= given.items()


def test_without_an_endpoint_the_service_sends_to_the_collector(tmp_path: Path) -> None:
    assert environment_of(tmp_path, "")["OTEL_EXPORTER_OTLP_ENDPOINT"].startswith("http://127.0.0.1:")


def test_the_environments_endpoint_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://vendor.example")

    assert environment_of(tmp_path, "")["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://vendor.example"
