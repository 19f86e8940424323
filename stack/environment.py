# SPDX-License-Identifier: Apache-2.0
"""The settings file of the working copy: .env when there is one, else .env.dev, as docker compose reads it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*$")
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\}|\$(?P<bare>\w+)")


def read_settings(root: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read the settings; a variable that is set in the environment wins over the file."""
    environ = os.environ if environ is None else environ
    files = [root / ".env", root / ".env.dev"]
    file = next((one for one in files if one.exists()), None)
    settings = parse(file.read_text(), environ) if file else {}
    return settings | {name: environ[name] for name in settings if name in environ}


def parse(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Read NAME=value lines; ${NAME} and ${NAME:-default} are replaced, except between single quotes."""
    settings: dict[str, str] = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if match and not line.lstrip().startswith("#"):
            settings[match["name"]] = _value(match["value"], {**settings, **environ})
    return settings


def _value(raw: str, known: Mapping[str, str]) -> str:
    if len(raw) > 1 and raw[0] == raw[-1] == "'":
        return raw[1:-1]
    value = raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] == '"' else re.split(r"\s+#|^#", raw, maxsplit=1)[0]
    return REFERENCE.sub(lambda match: known.get(match["name"] or match["bare"]) or match["default"] or "", value)
