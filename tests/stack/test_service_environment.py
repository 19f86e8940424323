# SPDX-License-Identifier: Apache-2.0
"""The service without Docker gets the settings of the working copy's file, keys included."""

from pathlib import Path

import pytest

from app.access import DEV_KEYS, ApiKey, Scope, fingerprint
from app.access_entries import key_entry
from app.settings import Settings
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


def settings_of(folder: Path, text: str) -> Settings:
    """Read the settings that the service would have with a settings file."""
    ports = FreePorts()
    addresses = Addresses({port: ports.choose(port) for one in SERVICES for port in one.ports})
    return Settings.from_env(service_environment(Site(folder, addresses, parse(text, {}))))


def test_developments_file_reaches_the_service_unchanged(tmp_path: Path) -> None:
    text = (ROOT / ".env.dev").read_text(encoding="utf-8").replace("dev-only-national-id-pepper", "pepper-of-the-file")

    settings = settings_of(tmp_path, text)

    assert settings.api_keys == DEV_KEYS
    assert settings.national_id_pepper == "pepper-of-the-file"


@pytest.mark.parametrize("by_file", [False, True])
def test_keys_of_ones_own_reach_the_service(tmp_path: Path, by_file: bool) -> None:
    (tmp_path / "keys").write_text(f"[{key_entry(TELLER)}]")
    line = f"API_KEYS_FILE={tmp_path / 'keys'}" if by_file else f"API_KEYS='[{key_entry(TELLER)}]'"

    assert settings_of(tmp_path, line).api_keys == (TELLER,)
