# SPDX-License-Identifier: Apache-2.0
"""Texts of attributes without what a person may have put there."""

import functools
import re
from typing import Final
from urllib.parse import urlsplit

LITERAL: Final = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
MAX_VALUE_LENGTH: Final = 4096


def as_text(path: str) -> str:
    """Decode a path of WSGI, which has a character for each byte."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


# SQLAlchemy writes the same statements again and again, and searching one takes half as long as the rest of its span.
@functools.lru_cache(maxsize=512)
def without_literals(statement: str) -> str:
    """Put a question mark in the place of each literal, and cut what is longer than any statement of ours."""
    return LITERAL.sub("?", statement)[:MAX_VALUE_LENGTH]


def without_query(url: str) -> str:
    """Leave out a URL's user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # half an IPv6 address
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
