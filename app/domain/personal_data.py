# SPDX-License-Identifier: Apache-2.0
"""The rules of personal data: each returns a text in its normal form, or a Fault that describes the error."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Final

from app.domain.errors import Fault, InvalidBorrower

LONGEST_NAME: Final = 200  # characters, after composing them
LONGEST_EMAIL: Final = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
SHORTEST_ID, LONGEST_ID = 4, 32
AGES: Final = range(18, 121)  # who may sign a contract, and who may still be alive

# Control, format, unpaired and unassigned characters, line and paragraph separators, pictures: what forges a line of a
# log, hides in a name or turns it around. Letters of every script pass, and so do quotes and brackets.
UNPRINTABLE: Final = {"Zl", "Zp", "So"}
# HTML's pattern for <input type=email>, but with a dot in the domain. It is ASCII only, so its own NFC.
_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_EMAIL: Final = re.compile(rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164; the shortest numbers in use have seven digits
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # date.fromisoformat takes three other spellings
_ID: Final = re.compile(r"[A-Za-z0-9./ -]+")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
COUNTRIES: Final = frozenset(  # ISO 3166-1 alpha-2
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
    GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS
    MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
    RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW
    TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905  # a list of 249 quoted words would fill the file
)

Rule = Callable[[str], "str | Fault"]


def normal_form(given: Mapping[str, str], today: date) -> dict[str, str]:
    """Bring each given member into its normal form; raise InvalidBorrower with every fault at once."""
    rules = RULES | {"date_of_birth": partial(_date_of_birth, today=today)}
    results = {member: rules[member](text) for member, text in given.items()}
    faults = [result for result in results.values() if isinstance(result, Fault)]
    if faults:
        raise InvalidBorrower(*faults)
    return {member: result for member, result in results.items() if isinstance(result, str)}


def _full_name(text: str) -> str | Fault:
    name = unicodedata.normalize("NFC", text)
    if not 1 <= len(name) <= LONGEST_NAME or name.isspace() or any(map(_is_unprintable, name)):
        return Fault("full_name", "invalid_text", f"1 to {LONGEST_NAME} printable characters are expected.")
    return name


def _is_unprintable(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("C") or category in UNPRINTABLE


def _email(text: str) -> str | Fault:
    if len(text) > LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        message = f"An e-mail address of ASCII characters is expected, {LONGEST_EMAIL} at most."
        return Fault("email", "invalid_email", message)
    local, domain = text.split("@")
    return f"{local}@{domain.lower()}"


def _phone(text: str) -> str | Fault:
    valid = _PHONE.fullmatch(text)
    return text if valid else Fault("phone", "invalid_phone", "A number like +441632960961 (E.164) is expected.")


def _country(text: str) -> str | Fault:
    known = text in COUNTRIES
    return text if known else Fault("country", "unknown_country", "Two letters of ISO 3166-1 are expected, as in DE.")


def _date_of_birth(text: str, today: date) -> str | Fault:
    try:
        born = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        born = None
    if born is None:
        return Fault("date_of_birth", "invalid_date", "A date like 1990-01-31 is expected.")
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if age not in AGES:
        return Fault("date_of_birth", "out_of_range", f"An age of {AGES[0]} to {AGES[-1]} years is expected.")
    return text


def _national_id(text: str) -> str | Fault:
    bare = re.sub(r"[-. /]", "", text).upper() if _ID.fullmatch(text) else ""
    if not SHORTEST_ID <= len(bare) <= LONGEST_ID:
        message = f"{SHORTEST_ID} to {LONGEST_ID} ASCII letters and digits are expected, with or without - . / between."
        return Fault("national_id", "invalid_national_id", message)
    return bare


def _external_ref(text: str) -> str | Fault:
    valid = _REFERENCE.fullmatch(text)
    return text if valid else Fault("external_ref", "invalid_reference", "1 to 64 of A-Z a-z 0-9 . _ : - are expected.")


RULES: Final[dict[str, Rule]] = {
    "full_name": _full_name,
    "email": _email,
    "phone": _phone,
    "country": _country,
    "national_id": _national_id,
    "external_ref": _external_ref,
}
