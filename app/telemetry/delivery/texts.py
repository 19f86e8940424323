# SPDX-License-Identifier: Apache-2.0
"""Attribute values without the parts that may contain personal data."""

import functools
import re
from typing import Final
from urllib.parse import urlsplit

LITERAL: Final = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
MAX_VALUE_LENGTH: Final = 4096


def as_text(path: str) -> str:
    """Decode a WSGI path: WSGI gives each byte as one Latin-1 character."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


# SQLAlchemy repeats the same statements, and this search takes half as long as the rest of a statement's span.
@functools.lru_cache(maxsize=512)
def without_literals(statement: str) -> str:
    """Replace each literal by a question mark, and cut what is longer than any statement of ours."""
    return LITERAL.sub("?", statement)[:MAX_VALUE_LENGTH]


def without_query(url: str) -> str:
    """Remove a URL's user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a malformed IPv6 address
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
