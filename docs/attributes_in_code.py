# SPDX-License-Identifier: Apache-2.0
"""Read from a module's source by which attributes it measures, without running it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# What declares or measures, and where its attributes stand: by place, by keyword.
CALLS = {
    "Fence": (1, "attributes"),
    "Declared": (3, "series"),
    "Measurement": (2, "attributes"),
    "Observation": (1, "attributes"),
    "each": (0, "axes"),
}
# The same, of an instrument: counter.add(1, {...}).
METHODS = {"add": (1, "attributes"), "record": (1, "attributes")}
# What was declared elsewhere, and is read there.
DECLARED = ("attributes", "series")


@dataclass
class Site:
    """A place that measures or declares, the attributes that it names, and what cannot be read."""

    where: str
    what: str
    attributes: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)


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
    reader = _Reader(module, {**constants(source), **{f"semconv.{name}": text for name, text in semconv.items()}})
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
        for given in _arguments(call, place, keyword):
            site = Site(f"{where}:{call.lineno}", ast.unparse(call.func))
            reader.read(given, site)
            yield site


def _arguments(call: ast.Call, place: int, keyword: str) -> list[ast.expr]:
    return [one.value for one in call.keywords if one.arg == keyword] or call.args[place : place + 1]


class _Reader:
    """Follows an expression to the dictionaries that it is made of."""

    def __init__(self, module: ast.Module, names: Mapping[str, str]) -> None:
        self._module, self._names = module, names
        self._functions = {node.name: node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
        # The innermost function of each part, as an outer one is walked first.
        self._inside = {part: function for function in self._functions.values() for part in ast.walk(function)}

    def read(self, given: ast.expr, site: Site, seen: frozenset[ast.expr] = frozenset()) -> None:
        """Note the attributes of an expression, or that it cannot be read."""
        if name := self._name(given):
            site.attributes.add(name)
        elif given not in seen and not _is_declared(given):
            parts = _written(given)
            parts = self._meant(given) if parts is None else parts
            site.unreadable += [ast.unparse(given)] if parts is None else []
            for part in parts or []:
                self.read(part, site, seen | {given})

    def _name(self, given: ast.expr) -> str | None:
        match given:
            case ast.Constant(value=str(text)):
                return text
            case ast.Attribute() | ast.Name():
                return self._names.get(ast.unparse(given))
        return None

    def _meant(self, given: ast.expr) -> list[ast.expr] | None:
        """Give what a variable or a call of the module's own function is; None for what is unknown."""
        match given:
            case ast.Call(func=ast.Name(id=function)) if function in self._functions:
                return _results(self._functions[function])
            case ast.Name(id=variable):
                return self._bound(variable, given)
        return None

    def _bound(self, variable: str, place: ast.expr) -> list[ast.expr] | None:
        """Give what a variable is, in its function or else in its module."""
        function = self._inside.get(place)
        for scope in (function, self._module):
            found = [] if scope is None else [*self._assigned(variable, scope)]
            if found:
                return found
        return self._passed(variable, function) if function else None

    def _assigned(self, variable: str, scope: ast.AST) -> Iterator[ast.expr]:
        for node in ast.walk(scope):
            match node:
                case (
                    ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value)
                ):
                    yield from _taken(variable, target, value)
                case ast.For(target=target, iter=several) | ast.comprehension(target=target, iter=several):
                    for one in self._each_of(several):
                        yield from _taken(variable, target, one)

    def _each_of(self, several: ast.expr) -> list[ast.expr]:
        match several:
            case ast.Call(func=ast.Name(id=function)) if function in self._functions:
                return _results(self._functions[function])
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return elements
        return [several]

    def _passed(self, parameter: str, function: ast.FunctionDef) -> list[ast.expr] | None:
        """Give what the module passes to a function as a parameter."""
        names = [one.arg for one in function.args.args if one.arg != "self"]
        if parameter not in names:
            return None
        calls = [
            node
            for node in ast.walk(self._module)
            if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("self.") == function.name
        ]
        return [one for call in calls for one in _arguments(call, names.index(parameter), parameter)] or None


def _is_declared(given: ast.expr) -> bool:
    """Tell whether an expression is a place of its own, or what was read at one."""
    match given:
        case ast.Call(func=ast.Name(id="each")):
            return True
        case ast.Attribute(attr=attribute):
            return attribute in DECLARED
    return False


def _written(given: ast.expr) -> list[ast.expr] | None:
    """Give the parts of which an expression is put together."""
    match given:
        case ast.Dict(keys=keys, values=values):
            return [value if key is None else key for key, value in zip(keys, values, strict=True)]
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return elements
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return [left, right]
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.Starred(value=value):
            return [value]
    return None


def _results(function: ast.FunctionDef) -> list[ast.expr]:
    nodes = (node for node in ast.walk(function) if isinstance(node, ast.Return | ast.Yield))
    return [node.value for node in nodes if node.value is not None]


def _taken(variable: str, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    """Give the part of a value that an assignment names so."""
    match target, value:
        case ast.Name(id=name), _ if name == variable:
            yield value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, part in zip(targets, values, strict=True):
                yield from _taken(variable, one, part)
