# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of the OpenAPI document: those of the very models that read requests and write answers."""

from collections.abc import Iterable
from typing import Any, Final

from openapi_pydantic.v3.v3_1 import Reference, Schema
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.api.operation import Operation

PREFIX: Final = "#/components/schemas/"
Model = type[BaseModel]


class ProblemError(BaseModel):
    """One thing that is wrong with the request."""

    pointer: str
    code: str
    message: str


class ProblemDocument(BaseModel):
    """A refusal (RFC 9457); programs read `code`, people read `detail`; some codes bring members of their own."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None
    code: str
    errors: list[ProblemError]
    trace_id: str | None


class HealthDocument(BaseModel):
    """The health of the service."""

    status: str


class Schemas:
    """The schemas of all operations, each once, under its model's name."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        operations = tuple(operations)
        self._queries = _unique(operation.query for operation in operations)
        bodies = _unique(operation.body for operation in operations)
        answers = _unique(answer for operation in operations for answer in operation.answers.values())
        answers += [ProblemDocument, HealthDocument]
        reads: list[tuple[Model, JsonSchemaMode]] = [(model, "validation") for model in bodies + self._queries]
        # Answers are described as they are written, where members can have other names.
        writes: list[tuple[Model, JsonSchemaMode]] = [(model, "serialization") for model in answers]
        self._references, schemas = models_json_schema(reads + writes, ref_template=PREFIX + "{model}")
        self._definitions: dict[str, dict[str, Any]] = schemas["$defs"]

    def read(self, model: Model) -> Reference:
        """Refer to the schema of what the service reads."""
        return Reference.model_validate(self._references[model, "validation"])

    def written(self, model: Model) -> Reference:
        """Refer to the schema of what the service writes."""
        return Reference.model_validate(self._references[model, "serialization"])

    def parameters(self, query: Model) -> dict[str, tuple[Schema, bool]]:
        """Return the schema of each parameter, and whether it is required."""
        definition = self._definitions[self._name(query)]
        required = definition.get("required", [])
        return {
            name: (Schema.model_validate(_without_null(schema)), name in required)
            for name, schema in definition.get("properties", {}).items()
        }

    def components(self) -> dict[str, Schema]:
        """Return all schemas by name; a query is none, its parameters are listed with their operations."""
        queries = {self._name(query) for query in self._queries}
        names = sorted(self._definitions.keys() - queries)
        return {name: Schema.model_validate(self._definitions[name]) for name in names}

    def _name(self, query: Model) -> str:
        return str(self._references[query, "validation"]["$ref"]).removeprefix(PREFIX)


def _unique(models: Iterable[Model | None]) -> list[Model]:
    return list(dict.fromkeys(model for model in models if model is not None))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out null, which a query can't express: a parameter that is not given is absent."""
    rest = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) > 1:
        return {**rest, "anyOf": kinds}
    return {**rest, **kinds[0]} if kinds else rest
