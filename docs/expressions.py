# SPDX-License-Identifier: Apache-2.0
"""Follow an expression of a module's source to the names of the attributes that it is made of."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# What was declared elsewhere, and is read there.
DECLARED = ("attributes", "series")


@dataclass
class Site:
    """A place that measures or declares, the attributes that it names, and what cannot be read."""

    where: str
    what: str
    attributes: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)


def arguments(call: ast.Call, place: int, keyword: str) -> list[ast.expr]:
    """Give a call's argument by keyword, or else by place; none if it has neither."""
    return [one.value for one in call.keywords if one.arg == keyword] or call.args[place : place + 1]


class Reader:
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
            case ast.Call(func=ast.Name(id=function) | ast.Attribute(attr=function)) if function in self._functions:
                return _results(self._functions[function])
            case ast.Name(id=variable):
                return self._bound(variable, given)
            case ast.Attribute(attr=member):
                return self._kept(member)
        return None

    def _bound(self, variable: str, place: ast.expr) -> list[ast.expr] | None:
        """Give what a variable is, in its function or else in its module."""
        function = self._inside.get(place)
        local = [*self._assigned(variable, function)] if function else []
        if function and variable in (names := _parameters(function)):
            passed = self._passed(function.name, names.index(variable), variable)
            return [*local, *passed] if passed else None
        return local or [*self._assigned(variable, self._module)] or None

    def _assigned(self, variable: str, scope: ast.AST) -> Iterator[ast.expr]:
        for node in ast.walk(scope):
            match node:
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=key)]) if name == variable:
                    yield key
                case (
                    ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value)
                ):
                    yield from _taken(variable, target, value)
                case ast.For(target=target, iter=several) | ast.comprehension(target=target, iter=several):
                    for one in self._each_of(several):
                        yield from _taken(variable, target, one)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="update"), args=more) if (
                    name == variable
                ):
                    yield from more

    def _each_of(self, several: ast.expr) -> list[ast.expr]:
        match several:
            case ast.Call(func=ast.Name(id=function)) if function in self._functions:
                return _results(self._functions[function])
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return elements
        return [several]

    def _kept(self, member: str) -> list[ast.expr] | None:
        """Give what the module puts into a member of its classes, whose constructor takes their members in order."""
        kept: list[ast.expr] = []
        for kind in (node for node in ast.walk(self._module) if isinstance(node, ast.ClassDef)):
            members = [ast.unparse(one.target) for one in kind.body if isinstance(one, ast.AnnAssign)]
            if member in members:
                calls = self._calls_of(kind.name)
                kept += [one for call in calls for one in arguments(call, members.index(member), member)]
        return kept or None

    def _calls_of(self, name: str) -> list[ast.Call]:
        calls = (node for node in ast.walk(self._module) if isinstance(node, ast.Call))
        return [call for call in calls if ast.unparse(call.func).removeprefix("self.") == name]

    def _passed(self, function: str, place: int, parameter: str) -> list[ast.expr]:
        """Give what the module passes to a function as a parameter."""
        return [one for call in self._calls_of(function) for one in arguments(call, place, parameter)]


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [one.arg for one in function.args.args if one.arg != "self"]


def _is_declared(given: ast.expr) -> bool:
    """Return whether an expression is a place of its own, or what was read at one."""
    match given:
        case ast.Call(func=ast.Name(id="combinations")):
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
