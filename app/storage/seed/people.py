# SPDX-License-Identifier: Apache-2.0
"""Borrowers that do not exist: addresses under a reserved domain, numbers that are set aside for fiction."""

from datetime import date, datetime
from random import Random
from typing import Final
from uuid import UUID

from app.domain.borrower import Borrower

GIVEN: Final = (  # noqa: SIM905  # one name a line would be pages
    "Ada Aino Alma Amir Anders Anouk Arne Astrid Bea Boris Bruno Carla Cem Chiara Dara Edda Elif Emil Enzo Erik Esra "
    "Fay Finn Freya Greta Hana Hugo Ida Ilya Ines Ivo Jana Joost Kaito Karim Kira Lars Lea Levi Liv Luca Maja Malik "
    "Mara Mei Mila Nadia Nico Nora Oda Omar Orla Otto Pia Quinn Rafa Rika Rosa Sami Selma Sven Tara Theo Tove Uma "
    "Vera Wim Yara Yuki"
).split()
FAMILY: Final = (  # noqa: SIM905  # one name a line would be pages
    "Ahlberg Alder Amsel Arroyo Aster Bachmann Berg Birch Blom Borg Brook Castell Cedar Dahl Dorn Ekholm Elm Falk "
    "Farrow Fenn Fjeld Garnet Glen Haas Hayashi Heron Holm Ibsen Iversen Jansen Juniper Kamath Keller Kestrel Koval "
    "Krag Lang Lark Linden Lund Maple Marsh Mori Nagy Nowak Nyman Oak Olsen Palmer Perez Quill Rahman Reed Ricci "
    "Rowan Sand Silva Sorel Stone Tanaka Thorn Ulrich Vale Vega Virtanen Wald Wren Yilmaz Zander"
).split()
# Numbers that Ofcom and the NANPA reserve for fiction: they have no subscriber.
PHONES: Final = {"GB": ("+447700900", 3), "US": ("+120255501", 2)}
OLDEST_YEARS, YOUNGEST_YEARS = 78, 19


def make_borrower(rng: Random, *, id: UUID, client_id: str, ref: str, country: str, created_at: datetime) -> Borrower:  # noqa: A002  # the field's name
    """Make a person up; the address carries the reference, so that no two are alike."""
    given, family = rng.choice(GIVEN), rng.choice(FAMILY)
    years = rng.randint(YOUNGEST_YEARS, OLDEST_YEARS)
    phone = None
    if country in PHONES:
        prefix, digits = PHONES[country]
        phone = f"{prefix}{rng.randrange(10**digits):0{digits}}"
    return Borrower(
        id=id,
        client_id=client_id,
        external_ref=ref,
        full_name=f"{given} {family}",
        email=f"{given}.{family}.{ref}@mail.example".lower(),
        phone=phone,
        date_of_birth=date(created_at.year - years, rng.randint(1, 12), rng.randint(1, 28)),
        country=country,
        created_at=created_at,
    )
