# SPDX-License-Identifier: Apache-2.0
"""Row 110: a fault on request that no fault can be like; past Nginx, which lets nothing under /ops/ through."""

from typing import Any

from tests.bad_input.case import Case, each_of, row
from tests.bad_input.request import CANARY, post
from tests.bad_input.world import Build

BODY = {"kind": "latency", "lasts_seconds": 60}


def _fault(changes: dict[str, Any]) -> Build:
    body = {name: value for name, value in (BODY | changes).items() if value is not ...}
    return lambda _world: post("/ops/faults", body, key_id="operator")


def _wrong(member: str, values: dict[str, Any], code: str = "invalid_body") -> list[Case]:
    def case(name: str, value: Any) -> Case:  # noqa: ANN401  # also wrong types
        changes = value if isinstance(value, dict) else {member: value}
        return Case(f"a fault's {member}: {name}", _fault(changes), 422, code, member, service_only=True)

    return list(each_of(values, case))


ROWS = [
    row(
        110,
        "a fault on request that can't be",
        422,
        _wrong("kind", {"missing": ..., "unknown": CANARY, "a number": 1, "null": None}),
        _wrong("lasts_seconds", {"missing": ..., "0": 0, "over an hour": 3601, "a fraction": 1.5, "text": "60"}),
        _wrong("lasts_seconds", {"true": True, "infinite": 10**400}),
        _wrong("share", {"text": "1", "true": True}),
        _wrong("share", {"0": 0, "over 1": 1.01, "negative": -1}, "invalid_fault"),
        _wrong("share", {"of a worker": {"kind": "cpu", "share": 0.5}}, "invalid_fault"),
        _wrong("amount", {"text": CANARY, "an array": [1]}),
        _wrong("amount", {"0": 0, "beyond the limit": 5.1, "negative": -1}, "invalid_fault"),
        _wrong("amount", {"of a kind without": {"kind": "errors", "amount": 1}}, "invalid_fault"),
        Case("an unknown member of a fault", _fault({CANARY: 1}), 422, "invalid_body", "", service_only=True),
    ),
]
