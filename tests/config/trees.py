# SPDX-License-Identifier: Apache-2.0
"""Everything of one kind inside a YAML or JSON document."""

from collections.abc import Iterator
from typing import Any


def things(tree: object) -> Iterator[dict[str, Any]]:
    """Yield every object inside a tree, the tree itself included."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from things(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from things(value)


def strings(thing: object) -> list[str]:
    """Collect every text inside a thing."""
    if isinstance(thing, dict):
        return [text for value in thing.values() for text in strings(value)]
    if isinstance(thing, list):
        return [text for value in thing for text in strings(value)]
    return [thing] if isinstance(thing, str) else []
