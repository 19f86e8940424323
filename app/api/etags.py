# SPDX-License-Identifier: Apache-2.0
"""Versions over HTTP (RFC 9110, 13): a change names in If-Match the version that it is based on."""

import re
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Final

from flask import request

from app.api.problems import Problem
from app.domain.errors import Stale

TAG: Final = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e]{0,64})"', re.ASCII)
# A loan's tag also names the day, as being late changes at midnight without a write.
VERSION: Final = re.compile(r"(?P<version>[0-9]{1,9})(-[0-9]{4}-[0-9]{2}-[0-9]{2})?", re.ASCII)


@dataclass(frozen=True)
class Expected:
    """The versions that a caller will change; None is any."""

    versions: frozenset[int] | None

    def check(self, version: int) -> None:
        """Raise Stale for any other version."""
        if self.versions is not None and version not in self.versions:
            raise Stale


def etag(version: int, as_of: date | None = None) -> str:
    """Write a strong tag."""
    return f'"{version}-{as_of}"' if as_of else f'"{version}"'


def require_match() -> Expected:
    """Read If-Match; raise Problem 428 without it, and 400 for what is no list of tags."""
    if "If-Match" not in request.headers:
        detail = "If-Match: the ETag of the version to change is expected."
        raise Problem(HTTPStatus.PRECONDITION_REQUIRED, "precondition_required", detail)
    return optional_match()


def optional_match() -> Expected:
    """Read If-Match where it may be left out; raise Problem 400 for what is no list of tags."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return Expected(None)
    tags = [TAG.fullmatch(text.strip()) for text in header.split(",")]
    found = [tag for tag in tags if tag]
    if len(found) < len(tags):
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_if_match", "If-Match: the ETag of an answer is expected.")
    # A weak tag never matches: it promises less than a change needs.
    versions = [VERSION.fullmatch(tag["opaque"]) for tag in found if not tag["weak"]]
    return Expected(frozenset(int(match["version"]) for match in versions if match))


def not_modified(tag: str) -> bool:
    """Return whether If-None-Match names this version."""
    names = [text.strip().removeprefix("W/") for text in request.headers.get("If-None-Match", "").split(",")]
    return tag in names or "*" in names
