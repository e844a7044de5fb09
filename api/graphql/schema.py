"""The schema put together, checked, and printed."""

from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType
from strawberry.schema.config import StrawberryConfig

from api.graphql.model import Model, model_of
from api.graphql.query import Query
from api.graphql.scalars import SCALARS
from api.graphql.subscription import subscription_type


@dataclass(frozen=True, slots=True)
class Built:
    """The schema in strawberry's hands and in graphql-core's, and the compiler's view of it."""

    strawberry: strawberry.Schema
    core: GraphQLSchema
    model: Model

    @property
    def sdl(self) -> str:
        """As printed and committed."""
        return self.strawberry.as_str() + "\n"


def build(mutation: type[Any] | None = None) -> Built:
    """Raises MappingWrong with every field that could not be answered."""
    schema = strawberry.Schema(Query, mutation, subscription_type(), config=StrawberryConfig(scalar_map=SCALARS))
    core: GraphQLSchema = schema._schema
    for named in core.type_map.values():
        if named.name.startswith("__"):
            continue  # graphql-core's own, shared by every schema
        if isinstance(named, GraphQLObjectType):
            named.is_type_of = None  # rows are no instances of the classes
            for field in named.fields.values():
                field.resolve = None  # resolvers are made from the mapping
        if isinstance(named, (GraphQLInterfaceType, GraphQLUnionType)):
            named.resolve_type = None
        if getattr(named, "description", None):
            named.description = " ".join((named.description or "").split())
    return Built(schema, core, model_of(core))


def sdl() -> str:
    """The whole schema with its mutations."""
    from api.graphql.mutations import mutation_type  # noqa: PLC0415 - that module stands above, on the commands

    return build(mutation_type()).sdl
