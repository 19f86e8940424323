# SPDX-License-Identifier: Apache-2.0
"""Check every setting of the service and of what runs beside it, and touch nothing: `python -m app.check_settings`.

Compose and `./nox -s up` run it first: PostgreSQL and Grafana keep the password of their first start.
"""

import os
import sys
from collections.abc import Mapping

from app.secrets import read_secret
from app.settings import Environment, Settings, SettingsError


def check_settings(environ: Mapping[str, str]) -> Settings:
    """Return the service's settings; raise SettingsError with all errors, also of settings that other programs read."""
    problems: list[str] = []
    try:
        settings = Settings.from_env(environ)
    except SettingsError as error:
        problems += [str(error)]
    if environ.get("APP_ENV", "").strip() in {Environment.STAGING, Environment.PRODUCTION}:
        problems += _missing(environ)
    if problems:
        raise SettingsError("; ".join(problems))
    return settings


def _missing(environ: Mapping[str, str]) -> list[str]:
    """List what Grafana needs outside dev; a password that is set was checked with the service's settings."""
    problems = []
    try:
        if read_secret("GF_ADMIN_PASSWORD", environ) is None:
            problems += ["GF_ADMIN_PASSWORD: a secret of its own is expected outside dev"]
    except ValueError:
        pass  # named already
    if "@" not in environ.get("ALERT_EMAIL", ""):
        problems += ["ALERT_EMAIL: the address that gets the mail of Grafana's alerts is expected outside dev"]
    return problems


def main() -> None:
    """Print one line with what is wrong with the settings, if anything is."""
    try:
        check_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
