"""Mutations: each root field's command in turn, then its payload as of the command's position."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import msgspec
from graphql import FieldNode, GraphQLArgument

from api.graphql.arguments import Binding, Undefined, argument_of
from api.graphql.document import Operation
from api.graphql.model import named_type
from api.graphql.plans import Answered, Reads
from api.graphql.refusals import RequestRefused
from api.viewer import Viewer

SECONDS_TO_PROJECT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What became of a command: a position and the entity, or a refusal."""

    position: int | None = None
    entity_id: UUID | None = None
    secret: str | None = None
    code: str | None = None
    rule: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()


class Commands(Protocol):
    """The write side, as mutations see it."""

    async def issue(self, field: str, arguments: Mapping[str, Any], viewer: Viewer) -> Issued:
        """Issues the command of a mutation field (`commitTask`); `arguments` as coerced by GraphQL, in its spelling."""
        ...


def coerced(
    definitions: Mapping[str, GraphQLArgument], node: FieldNode, variables: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of a field that were given."""
    nodes = {one.name.value: one for one in node.arguments or ()}
    values: dict[str, Any] = {}
    for name, definition in definitions.items():
        value = argument_of(definition, nodes.get(name), name).read(variables)
        if value is not Undefined:
            values[name] = value
    return values


class Mutating:
    """Runs mutation operations."""

    def __init__(self, reads: Reads, commands: Commands) -> None:
        self.reads = reads
        self.commands = commands

    async def answer(self, operation: Operation, raw: Mapping[str, Any], viewer: Viewer) -> Answered:
        """Raises DocumentRefused; a refusal by a rule is data."""
        schema = self.reads.model.schema
        variables = operation.coerce(schema, raw, self.reads.limits.introspection)
        collected = self.reads.compiler(operation, variables).collect("Mutation", [operation.node.selection_set])
        parts: list[bytes] = []
        errors: list[dict[str, Any]] = []
        position: int | None = None
        for key, nodes in collected.items():
            if nodes[0].name.value == "__typename":
                value = b'"Mutation"'
            else:
                value, at, error = await self._field(operation, key, nodes, variables, viewer)
                position = at if at is not None else position
                errors.extend([error] if error else [])
            parts.append(b'"%b":%b' % (key.encode(), value))
        extensions = b'{"position":%d}' % position if position is not None else b"{}"
        told = b'"errors":%b,' % msgspec.json.encode(errors) if errors else b""
        body = b'{%b"data":{%b},"extensions":%b}' % (told, b",".join(parts), extensions)
        return Answered(body, position, partial=bool(errors))

    async def _field(
        self, operation: Operation, key: str, nodes: list[FieldNode], variables: Mapping[str, Any], viewer: Viewer
    ) -> tuple[bytes, int | None, dict[str, Any] | None]:
        mutation = self.reads.model.schema.mutation_type
        if mutation is None:
            raise RequestRefused("OPERATION_UNKNOWN", "There are no mutations here.")
        name = nodes[0].name.value
        definition = mutation.fields[name]
        issued = await self.commands.issue(name, coerced(definition.args, nodes[0], variables), viewer)
        error, entity_id = None, issued.entity_id
        if issued.position is not None:
            try:
                await self.reads.wait(viewer.organisation_id, issued.position, SECONDS_TO_PROJECT)
            except RequestRefused as late:  # what was recorded stays so: only the entity can't be shown yet
                error, entity_id = late.formatted() | {"path": [key]}, None
        given = {
            "entity_id": entity_id,
            "position": issued.position,
            "code": issued.code,
            "rule": issued.rule,
            "message": issued.message,
            "fields": issued.fields,
            "secret": issued.secret,
        }
        binding = Binding(variables, viewer, viewer.today(), given)
        payload = named_type(definition).name
        return await self.reads.payload(operation, nodes, payload, binding), issued.position, error
