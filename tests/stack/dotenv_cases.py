# SPDX-License-Identifier: Apache-2.0
"""Texts of .env files with what docker compose makes of them; tests hold our reader and compose against this table."""

from __future__ import annotations

from dataclasses import dataclass

# What is set where the files are read.
ENVIRON = {"SET": "from outside", "EMPTY": ""}


@dataclass(frozen=True)
class Case:
    """A file's text and its variables; None where the file is refused."""

    id: str
    text: str
    expected: dict[str, str] | None


def case(name: str, line: str, value: str | None) -> Case:
    """Give a case of one line, `P=...`, and what P then is; None where the line is refused."""
    return Case(name, f"P={line}\n", None if value is None else {"P": value})


CASES = (
    # Unquoted values
    case("plain", "loan", "loan"),
    case("empty", "", ""),
    case("spaces around", "  with spaces\t ", "with spaces"),
    case("comment behind a space", "word # comment", "word"),
    case("comment behind a tab is none", "word\t# comment", "word\t# comment"),
    case("number sign inside", "abc#def", "abc#def"),
    case("number sign at the beginning", "#def", "#def"),
    case("equals signs", "a=b==", "a=b=="),
    case("quote inside", "it's", "it's"),
    case("backslashes stay, and escape nothing", r"a\nb\$SET", "a\\nb\\from outside"),
    case("two dollars are one", "pa$$word", "pa$word"),
    case("dollar at the end", "pa$", "pa$"),
    case("dollar before a digit", "pa$1", "pa$1"),
    case("percent", "%zz%41", "%zz%41"),
    case("no-break space at the end", "a\u00a0", "a"),
    case("unicode", "pässwörd€", "pässwörd€"),
    # Quotes
    case("single quotes", "'abc#def'", "abc#def"),
    case("single quotes and a comment", "'abc#def' # comment", "abc#def"),
    case("single quotes keep dollars", "'$A ${B} $$'", "$A ${B} $$"),
    case("single quotes keep backslashes", r"'a\nb\\c\$d'", r"a\nb\\c\$d"),
    case("single quotes and an escaped one", r"'it\'s'", "it's"),
    case("double quotes and a comment", '"abc#def" # comment', "abc#def"),
    case("double quotes keep spaces", '"  a  "', "  a  "),
    case("double quotes and an escaped one", r'"ab\"c"', 'ab"c'),
    case("double quotes and an escaped dollar", r'"abc\$def"', "abc$def"),
    case("double quotes and two dollars", '"pa$$word"', "pa$word"),
    case("escapes", r'"\a\b\f\n\r\t\v\\"', "\a\b\f\n\r\t\v\\"),
    case("escapes that Go does not have", r'"\c\d\x41A"', r"\c\d\x41A"),
    case("octal escapes", r'"\0101\0377\08\012\0"', "A\u00ff\\8\\12\\"),
    case("empty in quotes", '""', ""),
    case("quote that is not closed", '"abc', None),
    case("single quote that is not closed", "'abc", None),
    Case("several lines", 'P="a\nb"\nQ=c\n', {"P": "a\nb", "Q": "c"}),
    Case("several lines in single quotes", "P='a\nb'\n", {"P": "a\nb"}),
    Case("word behind a quote is a name", "P='a'b\n", {"P": "a"}),
    Case("assignment behind a quote", "P='a'Q=b\n", {"P": "a", "Q": "b"}),
    # References
    case("variable of the environment", "$SET-${SET}", "from outside-from outside"),
    case("unset variable", "a${NONE}b$NONE", "ab"),
    case("default for unset", "${NONE:-x}${NONE-y}", "xy"),
    case("default for empty", "${EMPTY:-x}${EMPTY-y}", "x"),
    case("default for set", "${SET:-x}", "from outside"),
    case("nested default", "${NONE:-${EMPTY:-x}}", "x"),
    case("nested default and more", "${NONE:-${SET}} ${EMPTY:-y}", "from outside y"),
    case("default with an operator inside", "${NONE:-a:+b}", "a:+b"),
    case("other for set", "${SET:+y}${EMPTY:+y}${EMPTY+z}${NONE+z}", "yz"),
    case("required and set", "${SET:?m}${EMPTY?m}", "from outside"),
    case("required and unset", "${NONE:?m}", None),
    case("required and empty", "${EMPTY:?m}", None),
    case("required without colon", "${NONE?m}", None),
    case("required in a default that is not used", "${SET:-${NONE:?m}}", "from outside"),
    case("no name", "${}", None),
    case("name with a digit first", "${1}", None),
    case("brace that is not closed", "${SET", None),
    case("escaped reference", "$${SET}", "${SET}"),
    case("reference between double quotes", '"a ${SET} b"', "a from outside b"),
    Case("reference to a line above", "A=1\nP=${A}2\n", {"A": "1", "P": "12"}),
    Case("reference to a line below", "P=${A}2\nA=1\n", {"P": "2", "A": "1"}),
    Case("environment before the line above", "SET=file\nP=${SET}\n", {"SET": "file", "P": "from outside"}),
    Case("values are not replaced again", "A='$B'\nB=1\nP=$A\n", {"A": "$B", "B": "1", "P": "$B"}),
    # Lines and names
    Case("twice: the last counts", "P=1\nP=2\n", {"P": "2"}),
    Case("twice, with a reference to itself", "P=1\nP=${P}2\n", {"P": "12"}),
    Case("spaces around the equals sign", " P = 1 \n", {"P": "1"}),
    Case("export", "export P=1\nexport\tQ=2\n", {"P": "1", "Q": "2"}),
    Case("colon", "P: 1\n", {"P": "1"}),
    Case("comments and empty lines", "\n# A=1\n  # B=2\n\nP=1\n", {"P": "1"}),
    Case("no end of line", "P=1", {"P": "1"}),
    Case("CRLF", "P=1\r\nQ='2'\r\nR=\"3\" # c\r\nS=\r\n", {"P": "1", "Q": "2", "R": "3", "S": ""}),
    Case("CRLF inside quotes", "P='1\r\n2'\r\n", {"P": "1\r\n2"}),
    Case("byte order mark", "\ufeffAPP_ENV=production\nP=1\n", {"APP_ENV": "production", "P": "1"}),
    Case("byte order mark further down", "P=1\n\ufeffQ=2\n", None),
    Case("name alone", "SET\nNONE\nP=1\n", {"SET": "from outside", "P": "1"}),
    Case("name alone at the end", "P=1\nQ", {"P": "1"}),
    Case("name with dots and brackets", "a.b-c[0]=1\n", {"a.b-c[0]": "1"}),
    Case("name of other letters", "GRÖSSE=1\n", {"GRÖSSE": "1"}),
    Case("name in small letters is another", "app_env=dev\n", {"app_env": "dev"}),
    Case("name with a space", "APP ENV=dev\n", None),
    Case("words instead of an assignment", "APP_ENV production\n", None),
    Case("character that no name has", "P!=1\n", None),
    Case("invisible character in a name", "\u200bAPP_ENV=production\n", None),
    Case("nothing", "", {}),
)
