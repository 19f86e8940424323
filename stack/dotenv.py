# SPDX-License-Identifier: Apache-2.0
"""The format of .env files, as docker compose reads it (compose-go 2.15, package dotenv).

python-dotenv is no substitute: of the 80 cases on which this reader and compose are compared
(tests/stack/dotenv_cases.py), version 1.2.4 reads 38 otherwise: `$$`, `$A`, ${A:?m}, ${A:+y}, nested defaults, octals.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from stack.errors import StackError
from stack.interpolation import InterpolationError, interpolate

if TYPE_CHECKING:
    from collections.abc import Mapping

# Go's unicode.IsSpace; Python's str.isspace also takes four control characters.
BLANKS = "\t\v\f\r \x85\xa0"
SPACES = (
    BLANKS + "\n\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
EXPORT = re.compile(r"export[\t\n\f\r ]+")
ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0[0-9]{0,3})')
ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
OCTAL = re.compile(r"[0-3][0-7]{2}")  # up to 377: one byte's worth


class DotenvError(StackError):
    """A line cannot be read; the text has the line's number and the variable, never a value."""


def parse(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Read the variables; references look into `environ` first, then at the lines above. Raises DotenvError."""
    reader = _Reader(text.removeprefix("\ufeff"), environ)
    while reader.find_statement():
        reader.read_statement()
    reader.found.pop("", None)  # compose takes `=value` for a variable without a name
    return reader.found


class _Reader:
    """A position in the text; what stands before it has been read."""

    def __init__(self, text: str, environ: Mapping[str, str]) -> None:
        self._text = text
        self._environ = environ
        self._at = 0
        self._begin = 0  # of the statement
        self._name = ""
        self.found: dict[str, str] = {}

    def find_statement(self) -> bool:
        """Skip spaces and comments, and return whether something follows."""
        self._skip(SPACES)
        while self._text.startswith("#", self._at):
            self._at = self._line_end()
            self._skip(SPACES)
        return self._at < len(self._text)

    def read_statement(self) -> None:
        """Read NAME=value, NAME: value, or NAME alone, which takes its value from the environment."""
        self._begin, self._name = self._at, ""
        if EXPORT.match(self._text, self._at):
            self._at += len("export")
            self._skip(BLANKS)
        inherited = self._read_name()
        self._skip(BLANKS)
        if not inherited:
            value = self._quoted() if self._text[self._at : self._at + 1] in {"'", '"'} else self._unquoted()
            self.found[self._name] = value
        elif (value_there := self._look_up(self._name)) is not None:
            self.found[self._name] = value_there

    def _read_name(self) -> bool:
        """Read a name and the character that ends it; return whether that was the end of the line."""
        for place in range(self._at, len(self._text)):
            character = self._text[place]
            if character in "=:\n":
                name = self._text[self._at : place].rstrip(SPACES)
                if " " in name:
                    raise self._error("NAME=value is expected, and a name has no space")
                self._name, self._at = name, place + 1
                return character == "\n"
            if character not in "_.-[]" + BLANKS and unicodedata.category(character)[0] not in "LN":
                raise self._error("NAME=value is expected")
        if self._at == len(self._text):
            raise self._error("a name is expected after export")
        # The last line without an end: compose drops it, as it has no `=`.
        self._name, self._at = "", len(self._text)
        return True

    def _unquoted(self) -> str:
        end = self._line_end()
        raw, self._at = self._text[self._at : end], min(end + 1, len(self._text))
        return self._interpolated(raw.partition(" #")[0].rstrip(SPACES))

    def _quoted(self) -> str:
        """Read up to the closing quote, which may stand lines below; a backslash keeps a quote from closing."""
        quote, characters, place = self._text[self._at], [], self._at + 1
        while place < len(self._text) and (character := self._text[place]) != quote:
            if character == "\\" and place + 1 < len(self._text):
                place += 1
                character = self._text[place] if self._text[place] == quote else character + self._text[place]
            characters.append(character)
            place += 1
        if place >= len(self._text):
            raise self._error("the quote is not closed")
        self._at = place + 1
        value = "".join(characters)
        return value if quote == "'" else self._interpolated(ESCAPE.sub(_unescaped, value))

    def _interpolated(self, value: str) -> str:
        try:
            return interpolate(value, self._look_up)
        except InterpolationError as error:
            raise self._error(str(error)) from None

    def _look_up(self, name: str) -> str | None:
        return self._environ[name] if name in self._environ else self.found.get(name)

    def _skip(self, characters: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1

    def _line_end(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end

    def _error(self, expected: str) -> DotenvError:
        before = self._text[: self._begin]
        line = before.count("\n") + 1
        # Behind a closing quote, what looks like a name may be the rest of a secret.
        whole_line = not before.rpartition("\n")[2].strip()
        name = f" {self._name}:" if self._name and whole_line else ""
        return DotenvError(f"line {line}:{name} {expected}")


def _unescaped(match: re.Match[str]) -> str:
    """Return the value of an escape in double quotes; one that Go does not have stays, less the octal's 0."""
    text = match[0][1:]
    if text == "$":
        return "$$"  # the interpolation makes one of the two
    if text in ESCAPED:
        return ESCAPED[text]
    digits = text.removeprefix("0")
    if text != digits:
        return chr(int(digits, 8)) if OCTAL.fullmatch(digits) else f"\\{digits}"
    return match[0]
