# SPDX-License-Identifier: Apache-2.0
"""The whole table of bad input, and those of its cases that one way of sending can show."""

from tests.bad_input import dates, faults, headers, keys, load, money, paging, state, syntax, text, transport
from tests.bad_input.case import Case, Row

ROWS: list[Row] = [
    row
    for part in (syntax, transport, keys, headers, money, dates, state, paging, text, load, faults)
    for row in part.ROWS
]
NAMED: dict[str, Case] = {f"{row.number:03} {case.name}": case for row in ROWS for case in row.cases}
IN_PROCESS = {name: case for name, case in NAMED.items() if not case.edge_only}
AT_THE_EDGE = {name: case for name, case in NAMED.items() if not case.service_only}
# Headers that Nginx takes away: who reaches the service without it must get the same answers.
PAST_THE_EDGE = {
    f"{row.number:03} {case.name}": case
    for row in ROWS
    for case in row.cases
    if row in headers.ROWS[:5] and not (case.edge or case.service_only)
}
