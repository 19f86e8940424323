# SPDX-License-Identifier: Apache-2.0
"""Valid and invalid requests, generated from the OpenAPI document, with a canary in every place."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from app.access import DEV_SECRETS
from tests.chain.canaries import ADDRESS, DOMAIN, LOCAL, NAME, TEXT, person
from tests.chain.traffic import UNKNOWN_ID

JSON = "application/json"
MAIL = f"{LOCAL}@{DOMAIN}"
HEX = TEXT.lower().encode().hex()
# Headers with data about the client and others; the service must store none of them.
HEADERS = {
    "User-Agent": f"{TEXT}/1.0 ({MAIL})",
    "Referer": f"https://{DOMAIN}/?name={quote(NAME)}",
    "Origin": f"https://{DOMAIN}",
    "Cookie": f"session={TEXT}; name={quote(NAME)}",
    "From": MAIL,
    "Accept-Language": TEXT,
    "X-Request-Id": TEXT,
    "X-Correlation-Id": TEXT,
    "X-Forwarded-For": ADDRESS,
    "X-Real-IP": ADDRESS,
    "Forwarded": f"for={ADDRESS};host={DOMAIN}",
    "traceparent": f"00-{HEX}{HEX}-{HEX}-01",
    "tracestate": f"{TEXT.lower()}={TEXT}",
    "baggage": f"user={quote(MAIL)},name={quote(NAME)}",
    "If-None-Match": f'"{TEXT}"',
}
BAD_CREDENTIALS = (
    f"Bearer {TEXT}",
    f"Bearer {MAIL} {NAME}".encode().decode("latin-1"),
    f"Basic {base64.b64encode(f'{MAIL}:{TEXT}'.encode()).decode()}",
    TEXT,
)
# Persons of the requests here; those below are for the stories.
NUMBERS = count(100)


@dataclass(frozen=True)
class Request:
    """What is sent; a body of bytes goes as it is."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None

    def changed(self, **headers: str) -> "Request":
        """Replace headers; an underscore in a name stands for a hyphen."""
        return replace(
            self, headers={**self.headers, **{name.replace("_", "-"): text for name, text in headers.items()}}
        )


def headers_of(key_id: str = "officer") -> dict[str, str]:
    """Give all headers, with a fresh Idempotency-Key that is recognised."""
    return {**HEADERS, "Authorization": f"Bearer {DEV_SECRETS[key_id]}", "Idempotency-Key": f"{TEXT}-{uuid4()}"}


def all_requests(document: Mapping[str, Any], ids: Mapping[str, str]) -> Iterator[list[Request]]:
    """Give for each operation of the document its requests, in the order in which they have to be sent."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield [*_OfAnOperation(method.upper(), path, operation, document, ids).requests()]


class _OfAnOperation:
    def __init__(  # where an operation stands in the document
        self, method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any], ids: Mapping[str, str]
    ) -> None:
        self.method, self.path, self.ids = method, path, ids
        self.parameters: dict[str, dict[str, Any]] = {
            place: {one["name"]: one for one in operation.get("parameters", []) if one["in"] == place}
            for place in ("path", "query", "header")
        }
        self.content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
        schema = self.described().get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        self.members: dict[str, Any] = schema.get("properties", {})

    def requests(self) -> Iterator[Request]:
        """Give the right one, then what differs from it in one place."""
        right = self.right()
        yield right
        yield right  # a replay, where there is a key
        yield replace(right, body=_json({**self.body(), "full_name": NAME, TEXT: NAME}))
        for wrong in (self.wrong_members(), self.wrong_bodies(), self.wrong_targets(), self.wrong_headers(right)):
            for request in wrong:
                yield (
                    request
                    if request.headers.get("Idempotency-Key") != right.headers["Idempotency-Key"]
                    else (request.changed(Idempotency_Key=f"{TEXT}-{uuid4()}"))
                )

    def right(self) -> Request:
        """Fill in the example."""
        media = {"Content-Type": next(iter(self.content))} if self.content else {}
        matched = {"If-Match": "*"} if "If-Match" in self.parameters["header"] else {}
        body = _json(self.body()) if self.content else None
        return Request(self.method, self.target(), headers_of() | media | matched, body)

    def described(self) -> dict[str, Any]:
        """Return the document's description of the body, if there is one."""
        return next(iter(self.content.values())) if self.content else {}

    def body(self) -> dict[str, Any]:
        """Give the document's example, of a new person where it is one, with a reference where there may be one."""
        example = self.described().get("example", {})
        members = {name: text for name, text in person(next(NUMBERS)).items() if name in self.members}
        known = {name: text for name, text in self.ids.items() if name in self.members}
        return {**example, **members, **known}

    def target(self, query: Mapping[str, str] | None = None, places: Mapping[str, str] | None = None) -> str:
        """Write the address, with the parameters that are required."""
        path = self.path.format_map(
            {name: self.ids.get(name, UNKNOWN_ID) for name in self.parameters["path"]} | dict(places or {})
        )
        required = {name: "2026-01-01" for name, one in self.parameters["query"].items() if one["required"]}
        asked = urlencode({**required, **(query or {})})
        return f"{path}?{asked}" if asked else path

    def wrong_members(self) -> Iterator[Request]:
        """Put text, a list, an object and a personal value of another kind into each member; and unknown members."""
        right = self.right()
        for member in self.members:
            for value in (TEXT, [NAME], {MAIL: TEXT}, f"{MAIL}\n", f"{NAME}\u202e"):
                yield replace(right, body=_json({**self.body(), member: value}))
        if self.content:
            yield replace(right, body=_json({**self.body(), TEXT: TEXT}))
            yield replace(right, body=_json({MAIL: NAME}))

    def wrong_bodies(self) -> Iterator[Request]:
        """Send what is no object, no JSON, not declared as JSON; and a body where none is read."""
        right = self.right()
        whole = _json(person(next(NUMBERS)))
        for body in (_json(NAME), _json([whole.decode()]), whole[:-1], NAME.encode("latin-1")):
            yield replace(right.changed(Content_Type=JSON), body=body)
        for media in ("text/plain", f"text/{TEXT}", f"{JSON}; charset={TEXT}"):
            yield replace(right.changed(Content_Type=media), body=whole)
        yield replace(right.changed(Content_Type=JSON, Content_Encoding=TEXT), body=whole)

    def wrong_targets(self) -> Iterator[Request]:
        """Send canaries in each parameter, in unknown ones, in longer paths, and with other methods."""
        right = self.right()
        for name in self.parameters["query"]:
            for text in (TEXT, NAME, MAIL):
                yield replace(right, target=self.target({name: text}))
        yield replace(right, target=self.target({TEXT: NAME, "email": MAIL}))
        for name in self.parameters["path"]:
            for text in (TEXT, quote(NAME), MAIL, f"{TEXT.lower()}-{UNKNOWN_ID}"):
                yield replace(right, target=self.target(places={name: text}))
        yield replace(right, target=f"{self.target()}/{quote(MAIL)}")
        for method in ("PUT", TEXT.upper()):
            yield replace(right, method=method, target=self.target({TEXT: NAME}), body=_json(person(0)))

    def wrong_headers(self, right: Request) -> Iterator[Request]:
        """Send keys, versions and credentials that are none, and those of others."""
        for key in (MAIL, f"{TEXT} {TEXT}", quote(NAME), ""):
            yield right.changed(Idempotency_Key=key)
        for version in (f'"{TEXT}"', TEXT, MAIL):
            yield right.changed(If_Match=version)
        for credentials in BAD_CREDENTIALS:
            yield right.changed(Authorization=credentials)
        for key_id in ("auditor", "applicant", "rival"):
            yield right.changed(Authorization=f"Bearer {DEV_SECRETS[key_id]}")
        yield right.changed(Host=DOMAIN)


def _json(document: object) -> bytes:
    return json.dumps(document).encode()
