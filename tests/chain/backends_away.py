# SPDX-License-Identifier: Apache-2.0
"""Backends that are away for a while, and what waits for them on disk."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stack.runner import Stack


@contextmanager
def away(stack: Stack, *names: str) -> Iterator[None]:
    """Stop servers, and start again at the end those that do not run."""
    for name in names:
        stack.stop(name)
    try:
        yield
    finally:
        come_back(stack, *names)


def come_back(stack: Stack, *names: str) -> None:
    """Start the servers that do not run, and wait until all are ready."""
    for name in names:
        if name not in stack.running:
            stack.start(name)
    for name in names:
        stack.wait_ready(name)


def queues(stack: Stack) -> dict[str, bytes]:
    """Read the collector's queues, a file for each backend."""
    return {path.name: path.read_bytes() for path in stack.site.data("otelcol").glob("exporter_*")}


def wait_in_queues(stack: Stack, marks: Mapping[str, bytes]) -> bytes | None:
    """Give the content of all queues once each of these has its mark, by a part of its file's name."""
    found = queues(stack)
    for part, mark in marks.items():
        if not any(part in name and mark in content for name, content in found.items()):
            return None
    return b"\n".join(found.values())
