# SPDX-License-Identifier: Apache-2.0
"""Reads secrets, and checks them outside dev: present, long enough, and not a well-known default."""

import re
from collections.abc import Mapping
from pathlib import Path

SHORTEST = 16  # characters; `openssl rand -hex 24` gives 48
# Beginnings of the secrets in examples, in .env.dev and in many tutorials.
KNOWN = ("admin", "change", "dev", "example", "grafana", "loan", "password", "postgres", "secret", "test", "your")

# Left in a value where the environment file was read by something else than compose.
REFERENCE = re.compile(r"\$\{[A-Za-z_]\w*([:?+-][^}]*)?\}")


def read_secret(name: str, environ: Mapping[str, str]) -> str | None:
    """Read a secret from the variable X, or from the file that X_FILE names; ValueError names the variable to mend.

    It is taken as it is, without the line end of its file; an empty variable counts as unset.
    """
    value, path = environ.get(name, ""), environ.get(f"{name}_FILE", "").strip()
    if path and value.strip():
        raise ValueError(f"{name}: either {name} or {name}_FILE is expected, not both")
    if path:
        try:
            value = Path(path).read_bytes().decode("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError, ValueError):
            raise ValueError(f"{name}_FILE: a readable text file is expected") from None
    return value if value.strip() else None


def require_one_line(value: str) -> None:
    """Raise ValueError unless a secret survives every program that reads it: some trim it, some read one line."""
    if not value.isprintable() or value != value.strip():
        raise ValueError("printable characters on one line are expected, without a space at either end")


def require_header_value(value: str) -> None:
    """Raise ValueError unless a secret can travel in an HTTP header."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("printable ASCII characters without a space are expected, as it travels in a header")


def require_strength(value: str | None) -> None:
    """Raise ValueError unless the secret is usable outside dev."""
    if not value or len(value) < SHORTEST or value.lower().startswith(KNOWN) or REFERENCE.search(value):
        raise ValueError(f"a secret of its own is expected outside dev, at least {SHORTEST} characters and no default")
