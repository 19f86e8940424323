# SPDX-License-Identifier: Apache-2.0
"""Bad input: exact status and code, nothing written, nothing of it repeated."""

from dataclasses import dataclass, field
from io import BytesIO
from json import dumps
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import execute
from tests.factories import application_body

LOANS = "/api/v1/loans"
JSON = "application/json"
CANARY = "zz-canary-7391"


@dataclass(frozen=True)
class Bad:
    """One bad request and the answer it must get."""

    name: str
    status: int
    code: str
    body: bytes | str
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)


def changed(name: str, code: str, **changes: Any) -> Bad:  # noqa: ANN401  # wrong types, on purpose
    """Build a request that is valid but for the given members."""
    return Bad(name, 422, code, dumps(application_body(**changes)))


def without(member: str) -> str:
    return dumps({key: value for key, value in application_body().items() if key != member})


CASES = [
    Bad("half a document", 400, "malformed_json", '{"a":'),
    Bad("an empty body", 400, "malformed_json", ""),
    Bad("a list", 422, "invalid_body", "[]"),
    Bad("a string", 422, "invalid_body", f'"{CANARY}"'),
    Bad("null", 422, "invalid_body", "null"),
    *(Bad(literal, 400, "malformed_json", f'{{"a": {literal}}}') for literal in ("NaN", "Infinity", "-Infinity")),
    Bad("a member twice", 400, "malformed_json", f'{{"{CANARY}": 1, "{CANARY}": 1}}'),
    Bad("nested 30,000 deep", 400, "malformed_json", "[" * 30_000),
    Bad("an integer of 5,000 digits", 400, "malformed_json", f'{{"a": {"9" * 5000}}}'),
    Bad("bytes that are no UTF-8", 400, "malformed_json", b'{"a": "\xff"}'),
    Bad("UTF-16", 400, "malformed_json", dumps(application_body()).encode("utf-16")),
    Bad("a byte order mark", 400, "malformed_json", b"\xef\xbb\xbf{}"),
    Bad("a control character in a string", 400, "malformed_json", '{"a": "\n"}'),
    Bad("plain text", 415, "unsupported_media_type", "{}", "text/plain"),
    Bad("no content type", 415, "unsupported_media_type", "{}", None),
    Bad("latin-1", 415, "unsupported_media_type", "{}", f"{JSON}; charset=latin-1"),
    Bad("another JSON type", 415, "unsupported_media_type", "{}", "application/vnd.api+json"),
    Bad("compressed", 415, "unsupported_media_type", "{}", headers={"Content-Encoding": "gzip"}),
    Bad("more than 64 KiB", 413, "content_too_large", " " * 65_537),
    Bad("no member at all", 422, "invalid_body", "{}"),
    *(Bad(f"no {member}", 422, "invalid_body", without(member)) for member in application_body()),
    changed("an unknown member", "invalid_body", **{CANARY: CANARY}),
    Bad("a name with half a surrogate pair", 422, "invalid_body", '{"\\ud800": 1}'),
    changed("a member of our own", "invalid_body", status="approved"),
    changed("a principal of null", "invalid_body", principal_minor=None),
    *(
        changed(f"a principal of {value!r}", "invalid_body", principal_minor=value)
        for value in (100.5, 100.0, 1e3, 0.1 + 0.2, "100", True, [100])
    ),
    *(changed(f"a principal of {value}", "invalid_terms", principal_minor=value) for value in (0, -1, 2**63, 10**30)),
    changed("a rate as a number", "invalid_body", annual_rate_percent=9.4822),
    *(
        changed(f"a rate of {value!r}", "invalid_terms", annual_rate_percent=value)
        for value in ("-1", "100.01", "NaN", "1e5", "1_0", " 5 ", "٥", "5,5", "0x5", "\ud800", "5\u0000", CANARY)
    ),
    *(changed(f"a term of {value}", "invalid_terms", term_months=value) for value in (0, -1, 601)),
    *(changed(f"a term of {value!r}", "invalid_body", term_months=value) for value in (1.5, "12", True)),
    *(
        changed(f"a currency of {value!r}", "invalid_terms", currency=value)
        for value in ("usd", "ZZZ", "ＵＳＤ", "US\u200bD", "$", CANARY)
    ),
    changed("a currency as a number", "invalid_body", currency=978),
    *(
        changed(f"a borrower of {value!r}", "invalid_body", borrower_id=value)
        for value in ("", "7", CANARY, "0198c7a0000070008000000000000001", "{0198c7a0-0000-7000-8000-000000000001}", 7)
    ),
]


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_bad_input_is_refused_whole(client: FlaskClient, database: str, bad: Bad) -> None:
    answer = client.post(LOANS, data=bad.body, content_type=bad.content_type, headers=bad.headers)

    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (bad.status, bad.code)
    assert answer.content_type == "application/problem+json"
    assert CANARY not in answer.text
    assert execute(database, "SELECT count(*) FROM loan") == [(0,)]


@pytest.mark.parametrize(("size", "status"), [(65_536, 201), (65_537, 413), (131_072, 413), (1_000_000, 413)])
def test_a_body_without_a_length_is_limited_too(client: FlaskClient, size: int, status: int) -> None:
    body = dumps(application_body()).encode().ljust(size)  # with blanks: valid, wherever it is cut

    answer = client.post(
        LOANS,
        input_stream=BytesIO(body),
        content_type=JSON,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},  # as Gunicorn sets it
    )

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_limit"),
        ("limit=101", "invalid_limit"),
        (f"limit={CANARY}", "invalid_limit"),
        (f"cursor={CANARY}", "invalid_cursor"),
        ("cursor=", "invalid_cursor"),
        (f"sort={CANARY}", "invalid_query"),
        ("limit=1&limit=2", "invalid_query"),
    ],
)
def test_a_bad_query_is_refused(client: FlaskClient, query: str, code: str) -> None:
    answer = client.get(f"{LOANS}?{query}")

    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert CANARY not in answer.text


def test_every_problem_has_the_members_that_clients_rely_on(client: FlaskClient) -> None:
    answer = client.post(LOANS, json=application_body(term_months=0))

    assert answer.json == {
        "type": "about:blank",
        "title": answer.json["title"] if answer.json else "",
        "status": 422,
        "detail": "No loan can have these terms.",
        "instance": LOANS,
        "code": "invalid_terms",
        "errors": [{"pointer": "/term_months", "code": "out_of_range", "message": "1 to 600 months are expected."}],
        "trace_id": None,
    }


def test_an_unknown_address_is_not_repeated(client: FlaskClient) -> None:
    answer = client.get(f"/{CANARY}")

    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "not_found"
    assert CANARY not in answer.text


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    answer = client.put(LOANS, json={})

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert answer.content_type == "application/problem+json"


def test_the_table_would_see_a_row(client: FlaskClient, database: str) -> None:
    client.post(LOANS, json=application_body())

    assert execute(database, "SELECT count(*) FROM loan") == [(1,)]
