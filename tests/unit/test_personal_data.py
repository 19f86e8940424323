# SPDX-License-Identifier: Apache-2.0
"""Which names, addresses, numbers and dates a borrower can have."""

from datetime import date

import pytest

from app.domain.errors import InvalidBorrower
from app.domain.personal_data import COUNTRIES, normal_form

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "李",
        "Nguyễn Thị",
        "José-María",
        "O'Brien",
        "'; DROP TABLE loan;--",
        "<script>alert(1)</script>",
        "{{7*7}} %s%n ${jndi:ldap://x}",
        'Bob","level":"ERROR","msg":"x',
        "محمد",
        "x" * 200,
        " Ann ",
    ],
)
def test_a_printable_name_is_kept_verbatim(name: str) -> None:
    assert normal_form({"full_name": name}, TODAY) == {"full_name": name}


def test_a_name_is_composed_before_its_length_is_counted() -> None:
    decomposed = "e\u0301" * 200

    assert normal_form({"full_name": decomposed}, TODAY) == {"full_name": "é" * 200}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\u00a0\u2003",
        "x" * 201,
        "x" * 10_240,
        'Ann\n{"event.name":"loan.approved"}',
        "Ann\r",
        "Ann\x00",
        "Ann\x1b[31m",
        "Ann\x85",
        "Ann\u2028",
        "Ann\u2029",
        "Ann\u202enna",
        "An\u200bn",
        "\ufeffAnn",
        "Ann\ud800",
        "Ann\ue000",
        "Ann\U000e0041",
        "Ann\u0378",
        "Ann 😀",
        "Ann ❤",
    ],
)
def test_a_name_that_is_empty_long_or_unprintable_is_refused(name: str) -> None:
    assert faults(full_name=name) == [("full_name", "invalid_text")]


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("ann@mail.example", "ann@mail.example"),
        ("Ann.B+loan@MAIL.Example", "Ann.B+loan@mail.example"),
        ("o'brien@a.b.example", "o'brien@a.b.example"),
        (
            f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 53}.example",
            f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 53}.example",
        ),
    ],
)
def test_an_e_mail_keeps_its_local_part_and_gets_a_small_domain(email: str, kept: str) -> None:
    assert normal_form({"email": email}, TODAY) == {"email": kept}


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "ann@b",
        "@mail.example",
        "ann@",
        "ann@@mail.example",
        "ann@b@mail.example",
        "ann@-mail.example",
        "ann@mail-.example",
        "ann@mail..example",
        "ann@mail.example.",
        f"ann@{'b' * 64}.example",
        "ann b@mail.example",
        "ann@mail.example\r\nBcc: eve@mail.example",
        "ann@mail.example\n",
        "änn@mail.example",
        "ann@mäil.example",
        "\u212aim@mail.example",
        '"ann"@mail.example',
        f"{'a' * 242}@mail.example",
    ],
)
def test_what_no_mail_server_would_take_is_refused(email: str) -> None:
    assert faults(email=email) == [("email", "invalid_email")]


def test_the_longest_e_mail_has_254_characters() -> None:
    longest = f"{'a' * 241}@mail.example"

    assert len(longest) == 254
    assert normal_form({"email": longest}, TODAY) == {"email": longest}


@pytest.mark.parametrize("phone", ["+6834000", "+441632960961", "+123456789012345"])
def test_a_phone_number_is_international(phone: str) -> None:
    assert normal_form({"phone": phone}, TODAY) == {"phone": phone}


@pytest.mark.parametrize(
    "phone",
    [
        "",
        "+",
        "+123456",
        "441632960961",
        "+0441632960961",
        "+44 1632 960961",
        "+1234567890123456",
        "+٤٤١٦٣٢٩٦٠",
        "+44163296096\n",
    ],
)
def test_another_phone_number_is_refused(phone: str) -> None:
    assert faults(phone=phone) == [("phone", "invalid_phone")]


def test_all_countries_of_iso_3166_are_known() -> None:
    assert len(COUNTRIES) == 249
    assert normal_form({"country": "DE"}, TODAY) == {"country": "DE"}


@pytest.mark.parametrize("country", ["", "de", "DEU", "XX", "UK", "ＤＥ", "D\u200bE", "DE\n"])
def test_another_country_is_refused(country: str) -> None:
    assert faults(country=country) == [("country", "unknown_country")]


@pytest.mark.parametrize("born", ["2008-11-24", "1905-11-25", "1906-11-24", "2004-02-29"])
def test_whoever_is_18_to_120_today_can_borrow(born: str) -> None:
    assert normal_form({"date_of_birth": born}, TODAY) == {"date_of_birth": born}


@pytest.mark.parametrize("born", ["2008-11-25", "1905-11-24", "2026-11-24", "2027-01-01", "0001-01-01", "9999-12-31"])
def test_who_is_younger_or_older_cannot(born: str) -> None:
    assert faults(date_of_birth=born) == [("date_of_birth", "out_of_range")]


@pytest.mark.parametrize(
    "born",
    [
        "",
        "2024-1-5",
        "20240105",
        "1990-W05-3",
        "31/01/1990",
        "1990-02-30",
        "1990-13-01",
        "1990-01-01T00:00:00Z",
        "0000-01-01",
        "10000-01-01",
        "１９９０-01-01",
        "1990-01-01\n",
    ],
)
def test_what_is_no_date_is_refused(born: str) -> None:
    assert faults(date_of_birth=born) == [("date_of_birth", "invalid_date")]


@pytest.mark.parametrize("spelling", ["ab123456c", "AB 12 34 56 C", "AB-12.34/56-C"])
def test_spellings_of_a_national_id_are_the_same_one(spelling: str) -> None:
    assert normal_form({"national_id": spelling}, TODAY) == {"national_id": "AB123456C"}


@pytest.mark.parametrize("national_id", ["1234", "1" * 32, "-" * 40 + "1234"])
def test_separators_do_not_count_in_a_national_id(national_id: str) -> None:
    assert normal_form({"national_id": national_id}, TODAY) == {"national_id": national_id.strip("-")}


@pytest.mark.parametrize("national_id", ["", "123", "1-2-3", "----", "1" * 33, "12345ß", "1234_5", "١٢٣٤٥", "12345\n"])
def test_another_national_id_is_refused(national_id: str) -> None:
    assert faults(national_id=national_id) == [("national_id", "invalid_national_id")]


@pytest.mark.parametrize("reference", ["a", "Crm:42_x.y-z", "9" * 64])
def test_a_reference_is_kept_verbatim(reference: str) -> None:
    assert normal_form({"external_ref": reference}, TODAY) == {"external_ref": reference}


@pytest.mark.parametrize("reference", ["", "9" * 65, "a b", "a/b", "é", "a\n"])
def test_another_reference_is_refused(reference: str) -> None:
    assert faults(external_ref=reference) == [("external_ref", "invalid_reference")]


def test_all_faults_are_reported_at_once_and_none_quotes_what_was_given() -> None:
    canary = "zz-canary-7391\n"

    with pytest.raises(InvalidBorrower) as caught:
        normal_form(
            dict.fromkeys(["full_name", "email", "phone", "country", "date_of_birth", "national_id"], canary), TODAY
        )

    assert [fault.field for fault in caught.value.faults] == [
        "full_name",
        "email",
        "phone",
        "country",
        "date_of_birth",
        "national_id",
    ]
    assert "canary" not in repr((str(caught.value), caught.value.faults, caught.value.detail))


def faults(**given: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidBorrower) as caught:
        normal_form(given, TODAY)
    return [(fault.field, fault.code) for fault in caught.value.faults]
