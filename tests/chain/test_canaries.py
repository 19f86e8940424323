# SPDX-License-Identifier: Apache-2.0
"""A short canary is found in a text or as a whole text, but not by chance among compressed bytes."""

import pytest

from tests.chain.canaries import Canaries

CANARIES = Canaries.of([], ["7X91"])


@pytest.mark.parametrize(
    "content", [b"7x91", b'"id": "7X91"', b"ends in\n7x91.", b"\x0a\x047X91\x12\x01", b'\x12\x0d"last4":"7x91"']
)
def test_it_is_found_where_a_server_would_have_written_it(content: bytes) -> None:
    assert CANARIES.found_in(content)


@pytest.mark.parametrize("content", [b"\x8e\x137x91\xf0", b"73917X91", b"7x912", b"\xff\xfea:7x91\xd1"])
def test_it_is_not_found_where_it_is_a_part_or_chance(content: bytes) -> None:
    assert not CANARIES.found_in(content)
