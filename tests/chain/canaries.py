# SPDX-License-Identifier: Apache-2.0
"""Unique values (canaries), and every encoding in which a server could have stored them."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from app.access import DEV_SECRETS

# In whatever is free text: headers, unknown names, values of a wrong type.
TEXT = "Zzqanary"
NAME = "Zzqära O'Quuxwell"
LOCAL, DOMAIN = "Zzq.Mail", "ZzqMail-Domain.Example"
PHONE = "+441632960739"
BORN = "1931-02-27"
# Mixed and with separators, as people type it: the service keeps another form.
NATIONAL_ID = "zz-qid {:03} 73.917/x91"
REFERENCE = "zzqRef:7391"
ADDRESS = "203.0.113.91"  # reserved for documentation (RFC 5737)
# Short or common enough to be part of something else: each counts only as a word of its own. The last is the end of
# the national id, which only the API's answers may contain.
BOUNDED = ("1632960739", "441632960739", "00441632960739", "19310227", "7X91")
SPELLINGS = (
    TEXT,
    "Zzqära",
    "Zzq\\u00e4ra",  # JSON in ASCII
    "Zzq\\xe4ra",  # Python's repr, and Nginx's
    quote("Zzqära"),
    "Quuxwell",
    LOCAL,
    DOMAIN.partition(".")[0],
    "zz-qid",
    *(f"ZZQID{digit}" for digit in range(10)),  # five letters are in compressed files by chance
    "73.917/x91",
    quote("73.917/x91", safe=""),
    "73917X91",
    REFERENCE,
    quote(REFERENCE),
    BORN,
    "1931, 2, 27",  # datetime.date's repr
    "27.02.1931",
    PHONE,
    ADDRESS,
    *DEV_SECRETS.values(),
)
SHORTEST_ENCODED = 7  # bytes; the base64 of less than that is in any binary file by chance


def person(number: int) -> dict[str, str]:
    """Generate a borrower  with every member given; unique members contain the number, at most 999."""
    return {
        "full_name": NAME,
        "email": f"{LOCAL}{number}@{DOMAIN}",
        "country": "IE",
        "date_of_birth": BORN,
        "phone": PHONE,
        "national_id": NATIONAL_ID.format(number),
        "external_ref": f"{REFERENCE}:{number}",
    }


@dataclass(frozen=True)
class Canaries:
    """What to look for, in lower case."""

    plain: tuple[bytes, ...]
    words: tuple[re.Pattern[bytes], ...]

    @classmethod
    def of(cls, spellings: Iterable[str], words: Iterable[str] = (), more: Iterable[str] = ()) -> "Canaries":
        """Take spellings in all their encodings, words that count only when they stand alone, and more as it is."""
        encoded = {form.lower() for spelling in spellings for form in _encodings(spelling)}
        return cls(tuple(sorted(encoded | {text.lower().encode() for text in more})), tuple(map(_alone, words)))

    def found_in(self, content: bytes) -> list[str]:
        """List what the content has, in any case of letters."""
        lower = content.lower()
        hits = [form.decode() for form in self.plain if form in lower]
        return hits + [word.pattern.decode() for word in self.words if word.search(lower)]


def everything(digests: Iterable[str] = ()) -> Canaries:
    """Give all canaries, with the digests that the database keeps of the national ids."""
    return Canaries.of(SPELLINGS, BOUNDED, [*_hashes(person(0)), *digests])


def _hashes(person: Mapping[str, str]) -> list[str]:
    """Hash what a person would be found by if a plain hash were taken for anonymous."""
    values = {text for member, text in person.items() if member != "country"}
    normal = {person["email"].lower(), re.sub(r"[-. /]", "", person["national_id"]).upper()}
    return [sha256(text.encode()).hexdigest() for text in values | normal]


def _alone(word: str) -> re.Pattern[bytes]:
    """Find a word in a text, or as a text of its own after its length: four characters are in compressed files too."""
    before = rb"(?:\A|(?<=[\t\n -~]{4})|(?<=%b))(?<![0-9a-z])" % re.escape(bytes([len(word)]))
    return re.compile(before + word.lower().encode() + rb"(?![0-9a-z])")


def _encodings(spelling: str) -> set[bytes]:
    """Give a text as it is, in hexadecimal, and the middle of its base64 at each of the three places it can begin."""
    text = spelling.encode()
    forms = {text, text.hex().encode(), text.lower().hex().encode()}
    if len(text) < SHORTEST_ENCODED:
        return forms
    for case in {text, text.lower(), text.upper()}:
        for before in range(3):
            # The first and the last characters also depend on the neighbours.
            whole = base64.b64encode(b"\0" * before + case)
            first = (before * 8 + 5) // 6
            middle = whole[first : (before + len(case)) * 8 // 6]
            forms |= {middle, middle.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms
