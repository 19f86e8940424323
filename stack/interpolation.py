# SPDX-License-Identifier: Apache-2.0
"""References to variables in a value, as docker compose replaces them (compose-go 2.15, package template)."""

from __future__ import annotations

import re
from collections.abc import Callable

LookUp = Callable[[str], str | None]  # None: the variable is not set

# `.*` takes what it can: where one reference ends is decided by counting braces.
NAME = "[_a-zA-Z\u017f\u212a][_a-zA-Z0-9\u017f\u212a]*"  # Go's (?i) folds a long s and a Kelvin sign into it
REFERENCE = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<named>{NAME})|\{{(?:(?P<braced>{NAME}(?::?[-+?].*)?)\}}|(?P<invalid>)))"
)
OPERATORS = (":?", "?", ":-", "-", ":+", "+")


class InterpolationError(ValueError):
    """A reference is malformed, or a variable that it requires is not set; the text quotes nothing of it."""


def interpolate(text: str, look_up: LookUp) -> str:
    """Replace $A, ${A}, ${A:-default}, ${A:+other} and ${A:?message}, also without colons; `$$` is a dollar sign."""
    return REFERENCE.sub(lambda match: _replacement(match[0], look_up), text)


def _replacement(text: str, look_up: LookUp) -> str:
    operator = min(OPERATORS, key=lambda one: place if (place := text.find(one)) >= 0 else len(text))
    end = _closing_brace(text)
    text, rest = (text[: end + 1], text[end + 1 :]) if end >= 0 else (text, "")
    match = REFERENCE.match(text)
    if match is None or match["invalid"] is not None:
        raise InterpolationError("${NAME} is expected after a dollar sign and a brace; $$ stands for a dollar sign")
    if match["escaped"]:
        return "$"
    if match["named"]:
        return look_up(match["named"]) or ""
    if operator not in match["braced"]:
        return look_up(match["braced"]) or ""
    name, _, words = match["braced"].partition(operator)
    return _chosen(operator, look_up(name), words, look_up) + interpolate(rest, look_up)


def _chosen(operator: str, value: str | None, words: str, look_up: LookUp) -> str:
    """Choose between a variable's value and the words behind the operator; with a colon, empty counts as not set."""
    is_set = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("?") and not is_set:
        raise InterpolationError("a variable that the value requires (`?`) is not set")
    if is_set == operator.endswith("+"):
        return interpolate(words, look_up)
    return value or ""


def _closing_brace(text: str) -> int:
    """Give the place of the brace that closes the first one, -1 where none does."""
    depth, place = 0, 0
    while place < len(text):
        if text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
        if text[place] == "{":
            depth += 1
            place += 1  # as compose does: what follows an opening brace is not looked at
        place += 1
    return -1
