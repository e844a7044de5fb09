"""The schema as the compiler and the executor read it: every field with its mark and kind; and the check of it all."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

from api.graphql.mapping import (
    PLACE,
    Column,
    Executed,
    Expr,
    Filter,
    Here,
    Mark,
    Order,
    Probe,
    Relation,
    Stand,
    Variants,
    definition_of,
    mark_of,
    stand_of,
)
from api.graphql.writing import FORMATS

PAGING = frozenset({"first", "after", "last", "before"})


class Kind(Enum):
    """What a field answers."""

    LEAF = "leaf"
    LEAVES = "leaves"
    HERE = "here"
    ONE = "one"
    MANY = "many"
    CONNECTION = "connection"
    VARIANTS = "variants"
    PROBE = "probe"
    EXECUTED = "executed"


KINDS: dict[type, Kind] = {
    Executed: Kind.EXECUTED,
    Here: Kind.HERE,
    Probe: Kind.PROBE,
    Variants: Kind.VARIANTS,
}


class MappingWrong(Exception):
    """Fields that the compiler could not answer, all of them."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A field."""

    parent: str
    name: str
    column: str
    mark: Mark
    kind: Kind
    definition: GraphQLField
    named: GraphQLNamedType  # of a connection, its nodes' type
    non_null: bool
    items_non_null: bool

    @property
    def arguments(self) -> dict[str, GraphQLArgument]:
        return self.definition.args

    @property
    def scalar(self) -> str:
        return "Enum" if isinstance(self.named, GraphQLEnumType) else self.named.name

    @property
    def relation(self) -> Relation:
        if isinstance(self.mark, Variants):
            return self.mark.relation
        if not isinstance(self.mark, Relation):
            raise TypeError(f"{self.parent}.{self.name} is no relation")
        return self.mark

    def order_of(self, name: str | None) -> tuple[str, Order]:
        """The order of that name, or the first; its name goes into cursors."""
        order = self.relation.order
        if isinstance(order, Order):
            return "", order
        if not order:
            return "", Order(())
        chosen = name or next(iter(order))
        return chosen, order[chosen]


@dataclass(slots=True)
class Model:
    """Every mapped type of a schema."""

    schema: GraphQLSchema
    fields: dict[str, dict[str, Mapped]] = field(default_factory=dict[str, dict[str, Mapped]])
    stands: dict[str, Stand] = field(default_factory=dict[str, Stand])

    def stand(self, type_name: str) -> Stand:
        return self.stands.get(type_name) or Stand(None)

    def members(self, named: GraphQLNamedType) -> list[str]:
        """The object types that a value of this type may be of, in the order of the schema."""
        if isinstance(named, (GraphQLInterfaceType, GraphQLUnionType)):
            return [one.name for one in self.schema.get_possible_types(named)]
        return [named.name]


def is_connection(named: GraphQLNamedType) -> bool:
    """Whether a type is a page of others."""
    return isinstance(named, GraphQLObjectType) and "pageInfo" in named.fields and "nodes" in named.fields


def named_type(thing: GraphQLField | GraphQLArgument) -> GraphQLNamedType:
    """What is left of its type without lists and exclamation marks; graphql-core types the way there as unknown."""
    kind: Any = thing.type  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast(GraphQLNamedType, get_named_type(kind))


def inner_type(definition: GraphQLField) -> Any:
    """Its type without the outer exclamation mark."""
    kind: Any = definition.type  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def node_type(connection: GraphQLNamedType) -> GraphQLNamedType:
    """What the pages of a connection hold."""
    if not isinstance(connection, GraphQLObjectType):
        raise TypeError(connection.name)
    return named_type(connection.fields["nodes"])


def _kind(mark: Mark, definition: GraphQLField) -> Kind:
    named = named_type(definition)
    lists = isinstance(inner_type(definition), GraphQLList)
    match mark:
        case Column() | Expr():
            return Kind.LEAVES if lists else Kind.LEAF
        case Relation():
            if isinstance(named, (GraphQLScalarType, GraphQLEnumType)):
                return Kind.LEAVES
            if is_connection(named):
                return Kind.CONNECTION
            return Kind.MANY if lists else Kind.ONE
        case _:
            return KINDS[type(mark)]


def _mapped(parent: str, name: str, definition: GraphQLField, mark: Mark) -> Mapped:
    kind = _kind(mark, definition)
    named = named_type(definition)
    inner = inner_type(definition)
    items = isinstance(inner, GraphQLList) and isinstance(cast(Any, inner).of_type, GraphQLNonNull)
    return Mapped(
        parent=parent,
        name=name,
        column=definition_of(definition).python_name,
        mark=mark,
        kind=kind,
        definition=definition,
        named=node_type(named) if kind is Kind.CONNECTION else named,
        non_null=isinstance(definition.type, GraphQLNonNull),
        items_non_null=items,
    )


def model_of(schema: GraphQLSchema) -> Model:
    """Raises MappingWrong with every field that has no mapping, or a wrong one."""
    model = Model(schema)
    wrong: list[str] = []
    unread = (schema.mutation_type, schema.subscription_type)  # roots that are answered by other roots' fields
    for type_name, named in schema.type_map.items():
        stand = _stand(named)
        if not isinstance(named, GraphQLObjectType) or stand is None or named in unread:
            continue
        model.stands[type_name] = stand
        fields = model.fields[type_name] = {}
        for name, definition in named.fields.items():
            mark = mark_of(definition_of(definition))
            if mark is None:
                wrong.append(f"{type_name}.{name} has no mapping")
            else:
                fields[name] = _mapped(type_name, name, definition, mark)
    for fields in model.fields.values():
        for mapped in fields.values():
            wrong.extend(f"{mapped.parent}.{mapped.name} {text}" for text in _faults(model, mapped))
    if wrong:
        raise MappingWrong("\n".join(wrong))
    return model


def _stand(named: GraphQLNamedType) -> Stand | None:
    definition = definition_of(named)
    return stand_of(getattr(definition, "origin", None)) if definition is not None else None


def snake(name: str) -> str:
    """`orderBy` → `order_by`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _faults(model: Model, mapped: Mapped) -> list[str]:
    """What is wrong with one field's mapping."""
    if mapped.kind in {Kind.LEAF, Kind.LEAVES}:
        faults = [] if mapped.scalar in FORMATS else [f"answers {mapped.scalar}, which has no format"]
        if isinstance(mapped.mark, (Column, Expr)):
            return faults
    elif mapped.kind in {Kind.EXECUTED, Kind.HERE, Kind.PROBE}:
        return []
    else:
        faults = [
            f"leads to {one}, which stands on nothing" for one in model.members(mapped.named) if one not in model.stands
        ]
    if mapped.parent == "Mutation":
        return faults  # its arguments go to the command
    return faults + _argument_faults(mapped) + _order_faults(mapped)


def _filter_exists(mapped: Mapped, path: str) -> bool:
    name, _, rest = path.partition(".")
    argument = mapped.arguments.get(name)
    if argument is None:
        return False
    return not rest or rest in _leaves(named_type(argument))


def _leaves(named: Any) -> list[str]:
    """The paths to the values inside an input object; none for what is none."""
    if not isinstance(named, GraphQLInputObjectType):
        return []
    inner = {key: _leaves(named_type(one)) for key, one in named.fields.items()}
    return [f"{key}.{rest}" if rest else key for key, below in inner.items() for rest in below or [""]]


def _argument_faults(mapped: Mapped) -> list[str]:
    relation = mapped.relation
    faults = [
        f"filters by {path!r}, which is no argument" for path in relation.filters if not _filter_exists(mapped, path)
    ]
    sources = [relation.source] if isinstance(relation.source, str) else list((relation.source or {}).values())
    filters = [one.sql + one.null if isinstance(one, Filter) else one for one in relation.filters.values()]
    link = relation.via.where if relation.via else ""
    used = {m[2] for text in (*sources, *filters, link, relation.where) for m in PLACE.finditer(text) if m[1] == "a"}
    for name, argument in mapped.arguments.items():
        if name in {"asOf", "on", "orderBy"} or (mapped.kind is Kind.CONNECTION and name in PAGING) or name == "first":
            continue
        paths = [f"{name}.{key}" for key in _leaves(named_type(argument))] or [name]
        faults += [
            f"does nothing with its argument {path!r}"
            for path in paths
            if path not in relation.filters and snake(name) not in used and name not in (relation.source or ())
        ]
    names = {snake(name) for name in mapped.arguments}
    return faults + [f"uses {{a.{name}}}, which is no argument" for name in sorted(used - names)]


def _order_faults(mapped: Mapped) -> list[str]:
    relation = mapped.relation
    if mapped.kind is Kind.ONE:
        return []
    if relation.order is None:
        return ["has no order"]
    unique = all(one.keys and not one.keys[-1].nullable for one in relation.orders)
    faults = [] if unique else ["has an order that is not unique"]
    if isinstance(relation.order, Order):
        return faults
    argument = mapped.arguments.get("orderBy")
    named = named_type(argument) if argument else None
    if not isinstance(named, GraphQLEnumType):
        return [*faults, "has orders but no argument orderBy"]
    faults += [f"lacks the order {value}" for value in named.values if value not in relation.order]
    return faults
