# SPDX-License-Identifier: Apache-2.0
"""Settings: every error names its variable and what is expected, and never a value."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.access import DEV_KEYS, ApiKey
from app.access_entries import key_entry
from app.settings import SECRETS, SECRETS_OF_OTHERS, STRONG_SECRETS, Environment, Settings, SettingsError

STRONG = "9f2c7d1e5b8a4c6f0d3e"
STAGING = {
    "APP_ENV": "staging",
    "DATABASE_URL": f"postgresql+psycopg2://loan:{STRONG}@db:5432/loans",
    "SECRET_KEY": f"k-{STRONG}",
    "NATIONAL_ID_PEPPER": f"p-{STRONG}",
    "OPS_TOKEN": f"t-{STRONG}",
    "API_KEYS": json.dumps([{"id": "teller", "client": "acme", "scopes": ["loans:read"], "sha256": "0a" * 32}]),
}


def test_nothing_needs_to_be_set_in_development() -> None:
    settings = Settings.from_env({})

    assert settings.environment is Environment.DEV
    assert (settings.api_port, settings.api_workers, settings.api_threads) == (8000, 4, 4)
    assert settings.ops_token is None


def test_what_is_set_is_read_in_its_unit(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "LOG_LEVEL": "debug",
            "LOG_ARGUMENTS": "urllib3, some.library",
            "DEBUG": "1",
            "API_PORT": " 9000 ",
            "LOG_DIR": str(tmp_path),
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otelcol:4318",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1.5",
            "OTEL_METRIC_EXPORT_INTERVAL": "2500",
        }
    )

    assert (settings.log_level, settings.debug, settings.api_port) == ("DEBUG", True, 9000)
    assert settings.log_dir == tmp_path
    assert settings.pushes_traces
    assert settings.pushes_metrics
    assert settings.otel == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otelcol:4318",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1.5",
        "OTEL_METRIC_EXPORT_INTERVAL": "2500",
    }
    assert settings.log_arguments == {"urllib3", "some.library"}


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_strong_secrets_are_accepted_outside_development(environment: str) -> None:
    settings = Settings.from_env(STAGING | {"APP_ENV": environment})

    assert settings.secret_key == f"k-{STRONG}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "prod"),
        ("DEBUG", "maybe"),
        ("LOG_LEVEL", "LOUD"),
        ("TELEMETRY_PIPELINE", "heavy"),
        ("FAULTS", "some"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=a/b"),
        ("OTEL_RESOURCE_ATTRIBUTES", "x=y,service.instance.id="),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=" + 101 * "x"),
        ("LOG_ARGUMENTS", "urllib3,"),
        ("LOG_ARGUMENTS", "some library"),
        ("API_PORT", "eighty"),
        ("API_PORT", "65536"),
        ("API_PORT", "٨٠"),
        ("API_WORKERS", "0"),
        ("API_THREADS", "-1"),
        ("DATABASE_URL", "sqlite:///loans"),
        ("DATABASE_URL", "postgresql://loan:loan@db/loans"),
        ("DATABASE_URL", "postgresql+psycopg2://loan:loan@db:5432x/loans"),
        ("DATABASE_URL", "postgresql+psycopg2://loan:loan@db:5432/"),
        ("DATABASE_URL", "postgresql+psycopg2:///loans"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "otelcol:4318"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "nan"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "-5"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "otelcol:4318"),
        ("OTEL_PROPAGATORS", "tracecontext,jaeger"),
        ("OTEL_PROPAGATORS", "made-up"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_SAMPLER_ARG", "half"),
    ],
)
def test_a_malformed_setting_is_named_without_its_value(name: str, value: str) -> None:
    text = refusal({name: value})

    assert text.startswith(f"{name}: ")
    assert "expected" in text
    assert value not in text.removeprefix(f"{name}: ").split()


@pytest.mark.parametrize("name", ["DATABASE_URL", "SECRET_KEY", "NATIONAL_ID_PEPPER", "OPS_TOKEN"])
@pytest.mark.parametrize(
    "secret", ["", "short", "change-me-change-me-change-me", "dev-only-signing-key", "password" * 3]
)
def test_a_missing_short_or_default_secret_is_refused_outside_development(name: str, secret: str) -> None:
    value = f"postgresql+psycopg2://loan:{secret}@db:5432/loans" if name == "DATABASE_URL" else secret

    text = refusal(STAGING | {name: value})

    # A URL without a password takes POSTGRES_PASSWORD.
    assert text.startswith(f"{name if secret or name != 'DATABASE_URL' else 'POSTGRES_PASSWORD'}: ")
    assert "\n" not in text
    assert not secret or secret not in text


def test_a_missing_database_url_is_refused_outside_development() -> None:
    assert refusal({key: value for key, value in STAGING.items() if key != "DATABASE_URL"}).startswith("DATABASE_URL: ")


def test_a_database_url_that_is_no_url_is_refused() -> None:
    assert "DATABASE_URL: " in refusal(STAGING | {"DATABASE_URL": "postgresql+psycopg2://[half"})


def test_a_url_without_a_password_takes_postgres_password_as_it_is(tmp_path: Path) -> None:
    password = "p@ss:w/ord%zz#?&'\"\\ ${"
    (tmp_path / "password").write_text(f"{password}\n")
    url = STAGING | {"DATABASE_URL": "postgresql+psycopg2://loan@db:5432/loans"}

    settings = Settings.from_env(url | {"POSTGRES_PASSWORD": password})
    by_file = Settings.from_env(url | {"POSTGRES_PASSWORD_FILE": str(tmp_path / "password")})

    assert make_url(settings.database_url).password == make_url(by_file.database_url).password == password
    assert password not in repr(settings)


def test_a_password_that_is_not_percent_encoded_is_refused_at_the_start() -> None:
    for password in ("%zz", "p@ss", "p@ss:w/ord"):
        text = refusal({"DATABASE_URL": f"postgresql+psycopg2://loan:{password}@db:5432/loans"})

        assert text.startswith("DATABASE_URL: percent-encoding is expected")
        assert password not in text


@pytest.mark.parametrize("name", SECRETS_OF_OTHERS)
@pytest.mark.parametrize("secret", ["short", "loan-dev-grafana", "admin-admin-admin", "${GRAFANA_PASSWORD:-x}"])
def test_a_secret_that_only_others_read_is_checked_all_the_same(name: str, secret: str) -> None:
    text = refusal(STAGING | {name: secret})

    assert text == f"{name}: a secret of its own is expected outside dev, at least 16 characters and no default"
    assert name not in Settings.from_env(STAGING | {name: STRONG, "DEBUG": "false"}).__dict__
    assert Settings.from_env({name: secret}).environment is Environment.DEV


@pytest.mark.parametrize("name", [*STRONG_SECRETS, *SECRETS_OF_OTHERS])
@pytest.mark.parametrize("secret", [f" {STRONG}", f"{STRONG} ", f"a\n{STRONG}", f"{STRONG}\u200b"])
def test_a_secret_that_its_readers_would_take_differently_is_refused(name: str, secret: str) -> None:
    text = refusal({name: secret})

    assert text.startswith(f"{name}: printable characters on one line are expected, without a space at either end")
    assert STRONG not in text


@pytest.mark.parametrize("token", ["pässwort-of-the-operator", "a token with spaces inside"])
def test_a_token_that_no_header_carries_is_refused(token: str) -> None:
    text = refusal({"OPS_TOKEN": token})

    assert text == "OPS_TOKEN: printable ASCII characters without a space are expected, as it travels in a header"


@pytest.mark.parametrize("value", ["", " ", "Production", "prod", "dev,"])
def test_an_environment_that_is_empty_or_unknown_is_never_development(value: str) -> None:
    assert refusal({"APP_ENV": value}) == "APP_ENV: dev, staging or production is expected"


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_comes_from_a_file_as_well(name: str, tmp_path: Path) -> None:
    given = STAGING | {"POSTGRES_PASSWORD": f"d-{STRONG}", "GF_ADMIN_PASSWORD": f"g-{STRONG}"}
    (tmp_path / "secret").write_text(f"{given.pop(name)}\r\n")

    by_file = Settings.from_env(given | {f"{name}_FILE": str(tmp_path / "secret")})

    assert by_file == Settings.from_env(STAGING)


@pytest.mark.parametrize("name", SECRETS)
def test_the_file_of_each_secret_is_read_and_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff")
    given = {key: value for key, value in STAGING.items() if key != name}

    for path in (file, tmp_path / "none", tmp_path, "a\0b"):
        assert refusal(given | {f"{name}_FILE": str(path)}).startswith(f"{name}_FILE: a readable text file is expected")


def test_all_that_is_wrong_is_reported_at_once() -> None:
    text = refusal({"API_PORT": "x", "DEBUG": "x"})

    assert text == "DEBUG: true or false is expected; API_PORT: a whole number from 0 to 65535 is expected"


def test_debug_is_refused_in_production_only() -> None:
    assert Settings.from_env(STAGING | {"DEBUG": "true"}).debug
    assert refusal(STAGING | {"APP_ENV": "production", "DEBUG": "true"}) == "DEBUG: false is expected in production"


def test_faults_on_request_are_refused_in_production_only() -> None:
    assert not Settings.from_env({}).faults
    assert Settings.from_env(STAGING | {"FAULTS": "true"}).faults
    assert refusal(STAGING | {"APP_ENV": "production", "FAULTS": "true"}) == "FAULTS: false is expected in production"


def test_the_arguments_of_every_logger_are_refused_in_production() -> None:
    text = refusal(STAGING | {"APP_ENV": "production", "LOG_ARGUMENTS": "*"})

    assert text == "LOG_ARGUMENTS: names of loggers are expected in production, not *"
    assert Settings.from_env(STAGING | {"LOG_ARGUMENTS": "*"}).log_arguments == {"*"}


def test_a_secret_comes_from_a_file_as_well(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"k-{STRONG}\n")

    settings = Settings.from_env({"SECRET_KEY_FILE": str(file)})

    assert settings.secret_key == f"k-{STRONG}"


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    text = refusal({"SECRET_KEY": "a", "SECRET_KEY_FILE": str(tmp_path / "b")})

    assert text == "SECRET_KEY: either SECRET_KEY or SECRET_KEY_FILE is expected, not both"


def test_a_secrets_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert refusal({"OPS_TOKEN_FILE": str(tmp_path / "none")}) == "OPS_TOKEN_FILE: a readable text file is expected"


def test_development_has_the_public_keys_where_none_are_given() -> None:
    assert Settings.from_env({}).api_keys == DEV_KEYS
    assert [key.id for key in Settings.from_env({"API_KEYS": STAGING["API_KEYS"]}).api_keys] == ["teller"]


def test_keys_come_from_a_file_as_well(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(STAGING["API_KEYS"] + "\n")

    settings = Settings.from_env({"API_KEYS_FILE": str(file)})

    assert [key.id for key in settings.api_keys] == ["teller"]


@pytest.mark.parametrize("environment", ["dev", "production"])
def test_a_malformed_key_is_named_by_its_entry_and_member(environment: str) -> None:
    text = refusal(STAGING | {"APP_ENV": environment, "API_KEYS": '[{"id": "ZZ-CANARY"}, 7]'})

    assert text.startswith("API_KEYS: entry 1: id: 1 to 32 characters")
    assert text.endswith("; API_KEYS: entry 2: an object is expected")
    assert "ZZ" not in text


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_key_is_expected_outside_development(environment: str) -> None:
    text = refusal(STAGING | {"APP_ENV": environment, "API_KEYS": ""})

    assert text == "API_KEYS: a key of its own for each caller is expected outside dev"


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("key", DEV_KEYS, ids=lambda key: key.id)
def test_a_public_key_is_refused_outside_development(environment: str, key: ApiKey) -> None:
    disguised = key_entry(replace(key, id="other", client_id="other"))

    text = refusal(STAGING | {"APP_ENV": environment, "API_KEYS": f"{STAGING['API_KEYS'][:-1]}, {disguised}]"})

    assert text == "API_KEYS: entry 2: sha256: none of development's public keys is expected outside dev"


def test_no_secret_is_printed_with_the_settings() -> None:
    text = repr(Settings.from_env(STAGING))

    assert STRONG not in text
    assert "teller" not in text


def refusal(environ: dict[str, str]) -> str:
    """Read settings that must be refused and return the reason."""
    with pytest.raises(SettingsError) as error:
        Settings.from_env(environ)
    return str(error.value)
