# SPDX-License-Identifier: Apache-2.0
"""Read from a module's source by which attributes it measures, without running it."""

import ast
from collections.abc import Iterator, Mapping

from docs.expressions import Reader, Site, arguments

# What declares or measures, and where its attributes stand: by place, by keyword.
CALLS = {
    "Listed": (1, "attributes"),
    "InstrumentDefinition": (3, "series"),
    "Measurement": (2, "attributes"),
    "Observation": (1, "attributes"),
    "combinations": (0, "axes"),
}
# The same, of an instrument: counter.add(1, {...}).
METHODS = {"add": (1, "attributes"), "record": (1, "attributes")}


def constants(source: str) -> dict[str, str]:
    """Read a module's own text constants."""
    found = {}
    for node in ast.parse(source).body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                found[name] = text
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                found[name] = text
    return found


def sites(source: str, where: str, semconv: Mapping[str, str]) -> Iterator[Site]:
    """Find every place of a module that measures or declares, given the constants of app/telemetry/semconv.py."""
    module = ast.parse(source)
    reader = Reader(module, {**constants(source), **{f"semconv.{name}": text for name, text in semconv.items()}})
    imported = {
        name.asname or name.name
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
        match call.func:
            case ast.Name(id=name) if name in CALLS:
                place, keyword = CALLS[name]
            case ast.Attribute(attr=name, value=owner) if name in METHODS and ast.unparse(owner) not in imported:
                place, keyword = METHODS[name]
            case _:
                continue
        for given in arguments(call, place, keyword):
            site = Site(f"{where}:{call.lineno}", ast.unparse(call.func))
            reader.read(given, site)
            yield site
