# SPDX-License-Identifier: Apache-2.0
"""The three environment files: development starts as it is, the others only when their secrets are filled in."""

import json
from pathlib import Path

import pytest

from app.check_settings import check_settings
from app.settings import Environment, Settings, SettingsError
from stack.environment import parse

ROOT = Path(__file__).parents[2]
STRONG = "9f2c7d1e5b8a4c6f0d3e"
SECRETS = {
    "POSTGRES_PASSWORD": STRONG,
    "GF_ADMIN_PASSWORD": f"g-{STRONG}",
    "ALERT_EMAIL": "oncall@lender.example",
    "SECRET_KEY": f"k-{STRONG}",
    "NATIONAL_ID_PEPPER": f"p-{STRONG}",
    "OPS_TOKEN": f"t-{STRONG}",
    "API_KEYS": json.dumps([{"id": "teller", "client": "acme", "scopes": ["loans:read"], "sha256": "0a" * 32}]),
}


def read(environment: str, filled_in: dict[str, str]) -> dict[str, str]:
    """Read an environment file in which the given empty lines were filled in."""
    text = (ROOT / f".env.{environment}").read_text(encoding="utf-8")
    for name, value in filled_in.items():
        assert f"\n{name}=\n" in text
        text = text.replace(f"\n{name}=\n", f"\n{name}='{value}'\n")
    return parse(text, {})


def test_development_starts_as_it_is() -> None:
    settings = Settings.from_env(read("dev", {}))

    assert (settings.environment, settings.debug, settings.log_level) == (Environment.DEV, True, "DEBUG")


def test_developments_file_has_what_applies_without_it() -> None:
    settings = Settings.from_env(read("dev", {}))
    bare = Settings.from_env({})

    assert settings.api_keys == bare.api_keys
    assert settings.national_id_pepper == bare.national_id_pepper


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_others_name_each_secret_that_is_to_be_filled_in(environment: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env(read(environment, {}))

    named = [problem.partition(":")[0] for problem in str(refusal.value).split("; ")]
    assert named == ["POSTGRES_PASSWORD", "SECRET_KEY", "NATIONAL_ID_PEPPER", "OPS_TOKEN", "API_KEYS"]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_what_the_stack_around_it_needs_is_named_as_well(environment: str) -> None:
    with pytest.raises(SettingsError, match=r"GF_ADMIN_PASSWORD: .* expected outside dev; ALERT_EMAIL: "):
        check_settings(read(environment, {}))

    assert check_settings(read(environment, SECRETS)).environment == environment


def test_each_environment_has_data_of_its_own_in_compose() -> None:
    names = [read(environment, {})["COMPOSE_PROJECT_NAME"] for environment in ("dev", "staging", "production")]

    assert names == ["loan-service", "loan-service-staging", "loan-service-production"]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_filled_in_the_others_start(environment: str) -> None:
    settings = Settings.from_env(read(environment, SECRETS))

    assert (settings.environment, settings.debug) == (environment, False)
    assert f":{STRONG}@db:5432/" in settings.database_url


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_reference_that_nothing_replaced_is_no_password(environment: str) -> None:
    unread = read(environment, SECRETS) | {"DATABASE_URL": "postgresql+psycopg2://loan:${POSTGRES_PASSWORD}@db:5432/l"}

    with pytest.raises(SettingsError, match=r"^DATABASE_URL: a value without \$\{\.\.\.\} is expected"):
        Settings.from_env(unread)
