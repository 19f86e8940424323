# SPDX-License-Identifier: Apache-2.0
"""The service's settings: read once from the environment, checked as a whole, handed down; nothing else reads it."""

import os
import re
import socket
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import unquote

from app import database_url
from app.access import DEV_KEYS, ApiKey
from app.access_entries import parse_keys
from app.otel_values import between
from app.otel_variables import problems
from app.secrets import read_secret, require_header_value, require_one_line, require_strength

Value = TypeVar("Value")
Given = TypeVar("Given")

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DEV_DATABASE_URL = "postgresql+psycopg2://loan:loan@localhost:5432/loans"
DEV_SECRET_KEY = "dev-only-signing-key"  # noqa: S105  # refused outside dev
DEV_NATIONAL_ID_PEPPER = "dev-only-national-id-pepper"
# Outside dev each must be present, long enough, and no well-known default.
STRONG_SECRETS = ("SECRET_KEY", "NATIONAL_ID_PEPPER", "OPS_TOKEN")
# Read by other programs; checked here if set.
SECRETS_OF_OTHERS = ("POSTGRES_PASSWORD", "GF_ADMIN_PASSWORD")
# Each X can come from the file that X_FILE names.
SECRETS = (*STRONG_SECRETS, *SECRETS_OF_OTHERS, "DATABASE_URL", "API_KEYS")
LONGEST_INSTANCE = 100  # characters; the name of a log file has it, and 30 more of its own


class Environment(StrEnum):
    """Where the service runs; outside dev, secrets are checked."""

    DEV = "dev"
    STAGING = "staging"
    PRODUCTION = "production"


class TelemetryPipeline(StrEnum):
    """The implementation of request and statement telemetry; both give the same signals, see ADR 0016."""

    STANDARD = "standard"
    LIGHT = "light"


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line that names each, and never a value."""


@dataclass(frozen=True)
class Settings:
    """The service's settings; times in seconds."""

    environment: Environment
    debug: bool
    log_level: str
    log_arguments: frozenset[str]  # loggers whose %-arguments are written, beside those without user input
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    # Keys the hashes of national ids: with another one, no stored hash is found again.
    national_id_pepper: str = field(repr=False)
    api_keys: tuple[ApiKey, ...] = field(repr=False)
    ops_token: str | None = field(repr=False)
    api_host: str
    api_port: int
    api_workers: int
    api_threads: int
    worker_slot: int | None  # of a Gunicorn worker
    host_name: str
    instance: str | None
    log_dir: Path | None
    telemetry_dir: Path
    # OpenTelemetry's own variables as they are set; its SDK reads them, and their values may be secrets (headers).
    otel: Mapping[str, str] = field(repr=False)
    faults: bool  # whether POST /ops/faults is installed
    telemetry_disabled: bool
    telemetry_pipeline: TelemetryPipeline
    shutdown_flush_seconds: float

    @property
    def pushes_traces(self) -> bool:
        """Whether spans are exported."""
        return self._pushes("TRACES")

    @property
    def pushes_metrics(self) -> bool:
        """Whether metrics are exported."""
        return self._pushes("METRICS")

    def _pushes(self, signal: str) -> bool:
        """Return whether a signal has an exporter and an endpoint, without which the SDK would try localhost."""
        endpoints = {"OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"}
        return bool(self.otel.keys() & endpoints) and self.otel.get(f"OTEL_{signal}_EXPORTER", "otlp").lower() == "otlp"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read every setting; raise SettingsError with all that is wrong at once."""
        reader = _Reader(environ)
        environment = reader.environment()
        settings = cls(
            environment=environment,
            debug=reader.read("DEBUG", _flag, False),
            log_level=reader.read("LOG_LEVEL", _log_level, "INFO"),
            log_arguments=reader.read("LOG_ARGUMENTS", _loggers, frozenset()),
            database_url=reader.database_url(environment),
            secret_key=reader.secret("SECRET_KEY") or DEV_SECRET_KEY,
            national_id_pepper=reader.secret("NATIONAL_ID_PEPPER") or DEV_NATIONAL_ID_PEPPER,
            api_keys=reader.api_keys(environment),
            ops_token=reader.secret("OPS_TOKEN"),
            api_host=reader.read("API_HOST", str, "0.0.0.0"),  # noqa: S104  # a container's only address
            api_port=reader.read("API_PORT", _whole(0, 65535), 8000),
            api_workers=reader.read("API_WORKERS", _whole(1, 64), 4),
            api_threads=reader.read("API_THREADS", _whole(1, 64), 4),
            worker_slot=reader.read("WORKER_SLOT", _whole(0, 9999), None),
            host_name=reader.read("HOSTNAME", _host_name, _host_name(socket.gethostname())),
            instance=reader.read("OTEL_RESOURCE_ATTRIBUTES", _instance, None),
            log_dir=reader.read("LOG_DIR", Path, None),
            telemetry_dir=reader.read("TELEMETRY_DIR", Path, Path(tempfile.gettempdir()) / "loan-service-telemetry"),
            otel=reader.otel(),
            faults=reader.read("FAULTS", _flag, False),
            telemetry_disabled=reader.read("OTEL_SDK_DISABLED", _flag, False),
            telemetry_pipeline=reader.read("TELEMETRY_PIPELINE", _pipeline, TelemetryPipeline.STANDARD),
            shutdown_flush_seconds=reader.read("SHUTDOWN_FLUSH_SECONDS", between("seconds", 3600), 2.0),
        )
        reader.check_whole(settings)
        if reader.problems:
            raise SettingsError("; ".join(dict.fromkeys(reader.problems)))
        return settings


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def read(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """Parse a variable; an empty one counts as unset, as compose passes unset ones on empty."""
        text = self.environ.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return default

    def environment(self) -> Environment:
        """Read APP_ENV; unset means development, but a value that is empty or unknown never does."""
        if "APP_ENV" in self.environ:
            self.check("APP_ENV", _environment, self.environ["APP_ENV"].strip())
        return self.read("APP_ENV", _environment, Environment.DEV)

    def otel(self) -> Mapping[str, str]:
        """Collect the variables that OpenTelemetry's SDK reads, and check them, as it would only log most mistakes."""
        self.problems += problems(self.environ)
        given = {name: value.strip() for name, value in self.environ.items() if name.startswith("OTEL_")}
        return {name: value for name, value in given.items() if value}

    def secret(self, name: str) -> str | None:
        """Read a secret from X or from the file that X_FILE names."""
        try:
            return read_secret(name, self.environ)
        except ValueError as error:
            self.problems.append(str(error))
            return None

    def check_secret(self, name: str, environment: Environment, *, required: bool) -> None:
        """Note what keeps a secret from being used: anywhere its characters, outside dev also its strength."""
        value = self.secret(name)
        if value is not None:
            self.check(name, require_one_line, value)
        if environment is not Environment.DEV and (required or value is not None):
            self.check(name, require_strength, value)

    def database_url(self, environment: Environment) -> str:
        """Read DATABASE_URL, completed by POSTGRES_PASSWORD where it has no password, and check the password."""
        given = self.secret("DATABASE_URL")
        if given is None and environment is not Environment.DEV:
            self.problems.append(f"DATABASE_URL: {database_url.EXPECTED} outside dev")
        try:
            own = database_url.read(given or DEV_DATABASE_URL)
        except ValueError as error:
            self.problems.append(f"DATABASE_URL: {error}")
            return DEV_DATABASE_URL
        password = self.secret("POSTGRES_PASSWORD")
        if given and environment is not Environment.DEV:
            name = "DATABASE_URL" if own.password else "POSTGRES_PASSWORD"
            self.check(name, require_strength, str(own.password or password or ""))
        return database_url.render(database_url.complete(own, password))

    def api_keys(self, environment: Environment) -> tuple[ApiKey, ...]:
        """Read the keys of callers; in dev, where none are given, the public ones."""
        text = self.secret("API_KEYS")
        if text is None:
            return DEV_KEYS if environment is Environment.DEV else ()
        keys, problems = parse_keys(text)
        self.problems += [f"API_KEYS: {problem}" for problem in problems]
        return keys

    def unfit_keys(self, keys: Sequence[ApiKey]) -> list[str]:
        """List what keeps well-formed keys from being used outside dev."""
        if self.secret("API_KEYS") is None:
            return ["API_KEYS: a key of its own for each caller is expected outside dev"]
        public = {key.sha256 for key in DEV_KEYS}
        return [
            f"API_KEYS: entry {number}: sha256: none of development's public keys is expected outside dev"
            for number, key in enumerate(keys, 1)
            if key.sha256 in public
        ]

    def check_whole(self, settings: Settings) -> None:
        """Check what depends on the environment: secrets, keys, and what production excludes."""
        environment = settings.environment
        for name in (*STRONG_SECRETS, *SECRETS_OF_OTHERS):
            self.check_secret(name, environment, required=name in STRONG_SECRETS)
        if settings.ops_token:
            self.check("OPS_TOKEN", require_header_value, settings.ops_token)
        if environment is not Environment.DEV:
            self.problems += self.unfit_keys(settings.api_keys)
        if environment is Environment.PRODUCTION and settings.debug:
            self.problems.append("DEBUG: false is expected in production")
        if environment is Environment.PRODUCTION and settings.faults:
            self.problems.append("FAULTS: false is expected in production")
        if environment is Environment.PRODUCTION and "*" in settings.log_arguments:
            self.problems.append("LOG_ARGUMENTS: names of loggers are expected in production, not *")

    def check(self, name: str, check: Callable[[Given], object], value: Given) -> None:
        """Run a check of a value and note its ValueError."""
        try:
            check(value)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")


def _environment(text: str) -> Environment:
    try:
        return Environment(text)
    except ValueError:
        raise ValueError("dev, staging or production is expected") from None


def _pipeline(text: str) -> TelemetryPipeline:
    try:
        return TelemetryPipeline(text)
    except ValueError:
        raise ValueError("standard or light is expected") from None


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0"}:
        raise ValueError("true or false is expected")
    return text.lower() in {"true", "1"}


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)} is expected")
    return text.upper()


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most} is expected")
        return int(text)

    return parse


def _loggers(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(re.fullmatch(r"\*|\w+(\.\w+)*", name) for name in names):
        raise ValueError("names of loggers with commas between them, or *, are expected")
    return frozenset(names)


def _host_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)[:LONGEST_INSTANCE]  # it becomes a part of file names


def _instance(resource_attributes: str) -> str | None:
    """Find service.instance.id among the attributes; the SDK reads the others."""
    pairs = dict(pair.partition("=")[::2] for pair in resource_attributes.split(","))
    instance = {name.strip(): unquote(value.strip()) for name, value in pairs.items()}.get("service.instance.id")
    if instance is not None and not re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_INSTANCE - 1}}}", instance):
        raise ValueError(
            f"a service.instance.id of at most {LONGEST_INSTANCE} letters, digits, dots, dashes and underscores"
            " is expected"
        )
    return instance
