# SPDX-License-Identifier: Apache-2.0
"""The settings file of the working copy: .env when there is one, else .env.dev, as docker compose reads it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stack.dotenv import DotenvError, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["DotenvError", "parse", "read_settings"]


def read_settings(root: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read the settings; a variable that is set in the environment wins over the file. Raises DotenvError."""
    environ = os.environ if environ is None else environ
    file = next((file for name in (".env", ".env.dev") if (file := root / name).exists()), None)
    if file is None:
        return {}
    settings = _read(file, environ)
    if "APP_ENV" not in settings:
        # The service takes an unset APP_ENV for development, whose keys are public: never by a misspelt name.
        raise DotenvError(f"{file.name}: a line APP_ENV=dev, APP_ENV=staging or APP_ENV=production is expected")
    return settings | {name: environ[name] for name in settings if name in environ}


def _read(file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    try:
        # As bytes: in a quoted value, the line ends of the file count.
        return parse(file.read_bytes().decode("utf-8"), environ)
    except DotenvError as error:
        raise DotenvError(f"{file.name}: {error}") from None
    except (OSError, UnicodeDecodeError):
        raise DotenvError(f"{file.name}: a readable text file in UTF-8 is expected") from None
