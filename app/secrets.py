# SPDX-License-Identifier: Apache-2.0
"""What a secret must be outside dev: there, long enough, and not one that everybody knows."""

from urllib.parse import unquote, urlsplit

SHORTEST = 16  # characters; `openssl rand -hex 24` gives 48
# Beginnings of what stands in examples, in .env.dev and in half of all tutorials.
KNOWN = ("change", "dev", "example", "loan", "password", "postgres", "secret", "test", "your")


def require_strength(name: str, value: str | None) -> None:
    """Raise ValueError unless the secret is usable outside dev; of a URL, the password in it is meant."""
    is_url = name.endswith("_URL")
    secret = password_of(value or "") if is_url else value
    what = "a password of its own in the URL" if is_url else "a secret of its own"
    # "${": a reference that nobody filled in, where the file was read by something else than compose.
    if not secret or len(secret) < SHORTEST or secret.lower().startswith(KNOWN) or "${" in secret:
        raise ValueError(f"{what} is expected outside dev, at least {SHORTEST} characters and no default")


def password_of(url: str) -> str | None:
    """Take the password out of a database URL; None where it has none or is no URL."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return None
    return unquote(password) if password else None
