"""Arguments while compiling: each a function of the variables; looks at their shape are remembered as observations.

A plan holds for all requests whose variables give the same observations; the values themselves are bound.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any, cast
from uuid import UUID

from graphql import (
    ArgumentNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputField,
    GraphQLNonNull,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    value_from_ast,
)
from strawberry.exceptions import StrawberryInputCoercionError

from api.graphql.mapping import definition_of
from api.graphql.refusals import RequestRefused
from api.graphql.writing import SQL_TYPES, Param
from api.viewer import Viewer

Variables = Mapping[str, Any]
MOST_IN_LIST = 500


@dataclass(slots=True)
class Binding:
    """What the parameters of a statement are read from."""

    variables: Variables
    viewer: Viewer
    today: date
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Observed:
    """The variables of the request that is compiled for, and what was seen of them."""

    variables: Variables
    seen: dict[Hashable, tuple[Callable[[Variables], Hashable], Hashable]] = field(
        default_factory=dict[Hashable, tuple[Callable[[Variables], Hashable], Hashable]]
    )

    def look(self, key: Hashable, fact: Callable[[Variables], Hashable]) -> Any:
        if key not in self.seen:
            self.seen[key] = (fact, fact(self.variables))
        return self.seen[key][1]

    @property
    def observations(self) -> tuple[tuple[Callable[[Variables], Hashable], Hashable], ...]:
        return tuple(self.seen.values())


def _variables_in(node: Any) -> set[str]:
    """Names of the variables in a value."""
    if isinstance(node, VariableNode):
        return {node.name.value}
    found: set[str] = set()
    for child in [*(getattr(node, "values", None) or ()), *(getattr(node, "fields", None) or ())]:
        found |= _variables_in(getattr(child, "value", child) if not isinstance(child, VariableNode) else child)
    return found


@dataclass(frozen=True, slots=True)
class Argument:
    """A value of the document: `read` gives it coerced, Undefined where it is left out."""

    key: Hashable
    read: Callable[[Variables], Any]
    constant: bool
    type: Any
    literal: ObjectValueNode | None = None  # where it is written out in the document

    def part(self, name: str) -> "Argument":
        """A key of an input object; of one that is written out, read without the others."""
        named = get_named_type(self.type)
        inner = getattr(named, "fields", {}).get(name)
        if self.literal is not None and inner is not None:
            node = next((one.value for one in self.literal.fields if one.name.value == name), None)
            return value_of(inner, node, name, needed=_takes_one(self) and node is not None)

        def read(variables: Variables) -> Any:
            whole = self.read(variables)
            return whole.get(name, Undefined) if isinstance(whole, dict) else Undefined

        return Argument((self.key, name), read, self.constant, inner.type if inner else None)

    def seen(self, observed: Observed, what: str, fact: Callable[[Any], Hashable]) -> Any:
        """A fact about the value that the plan depends on."""
        if self.constant:
            return fact(self.read({}))
        return observed.look((self.key, what), lambda variables: fact(self.read(variables)))

    def state(self, observed: Observed) -> str:
        return self.seen(observed, "state", _state)

    def given(self, observed: Observed) -> bool:
        return self.state(observed) == "given"

    @property
    def scalar(self) -> str:
        named = get_named_type(self.type)
        return "Enum" if isinstance(named, GraphQLEnumType) else named.name

    def param(self) -> Param:
        scalar = self.scalar
        lists = is_list_type(self.type.of_type if isinstance(self.type, GraphQLNonNull) else self.type)
        name = SQL_TYPES[scalar] + ("[]" if lists else "")
        bind = bound_list if lists else bound
        if self.constant:
            value = bind(scalar, self.read({}))
            return Param(("argument", self.key), name, lambda _: value)
        return Param(("argument", self.key), name, lambda binding: bind(scalar, self.read(binding.variables)))


def _state(value: Any) -> str:
    if value is Undefined:
        return "absent"
    return "null" if value is None else "given"


def bound(scalar: str, value: Any) -> Any:
    """A value as asyncpg takes it. Raises RequestRefused for a text that PostgreSQL can't hold."""
    if value is None or value is Undefined:
        return None
    if isinstance(value, Enum):
        return value.name
    if scalar == "ID":
        return uuid_of(value)
    if isinstance(value, str):
        return checked_text(value)
    return value


def bound_list(scalar: str, value: Any) -> Any:
    """A list as asyncpg takes it; what is no id is left out. Raises RequestRefused for one that is too long."""
    if value is None or value is Undefined:
        return None
    items = cast(list[Any], value)
    if len(items) > MOST_IN_LIST:
        raise RequestRefused("BAD_INPUT", f"Give a list of at most {MOST_IN_LIST} values.")
    return tuple(bound(scalar, one) for one in items if scalar != "ID" or uuid_of(one) is not None)


def uuid_of(value: Any) -> UUID | None:
    """None for what is no id of ours: nothing bears it."""
    text = str(value)
    try:
        return UUID(text) if len(text) == len("00000000-0000-0000-0000-000000000000") else None
    except ValueError:
        return None


def checked_text(text: str) -> str:
    """The text, if PostgreSQL and JSON can carry it. Raises RequestRefused."""
    if "\x00" in text:
        raise RequestRefused("BAD_INPUT", "Leave the character NUL out of texts.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RequestRefused("BAD_INPUT", "Leave lone surrogates out of texts.") from None
    return text


def argument_of(definition: GraphQLArgument, node: ArgumentNode | None, name: str) -> Argument:
    """A field's argument as the document gives it, or its default."""
    return value_of(definition, node.value if node is not None else None, name)


def value_of(
    definition: GraphQLArgument | GraphQLInputField, value: ValueNode | None, name: str, *, needed: bool = False
) -> Argument:
    """An argument, or a key of an input object, as it is written in the document, or its default."""
    default = _default(definition)
    if value is None:
        return Argument(("default", name, id(definition)), lambda _: default, True, definition.type)
    if isinstance(value, VariableNode):
        variable, needed = value.name.value, needed or is_non_null_type(definition.type)

        def look_up(variables: Variables) -> Any:
            found = variables.get(variable, default)
            if needed and (found is None or found is Undefined):
                raise _misfit()
            return found

        return Argument(("variable", variable, repr(default), needed), look_up, False, definition.type)
    literal = value if isinstance(value, ObjectValueNode) else None
    if literal is not None and _takes_one(definition) and len(literal.fields) != 1:
        raise _misfit()
    if not _variables_in(value):
        constant = literal_value(value, definition, {})
        return Argument(("constant", id(value)), lambda _: constant, True, definition.type, literal)

    def coerce(variables: Variables) -> Any:
        return literal_value(value, definition, variables)

    return Argument(("value", id(value)), coerce, False, definition.type, literal)


def _takes_one(definition: Argument | GraphQLArgument | GraphQLInputField) -> bool:
    """Whether it takes an input object of which one key has to be given, and not as null."""
    written = definition_of(get_named_type(definition.type))
    return written is not None and written.is_one_of


def _misfit() -> RequestRefused:
    return RequestRefused("BAD_INPUT", "Correct the arguments; one has a value that does not fit its type.")


def literal_value(value: ValueNode, definition: GraphQLArgument | GraphQLInputField, variables: Variables) -> Any:
    """A literal, perhaps with variables in it. Raises RequestRefused for what validation lets through."""
    try:
        found = value_from_ast(value, definition.type, dict(variables))
    except (GraphQLError, StrawberryInputCoercionError):
        found = Undefined
    if found is Undefined:
        raise _misfit()
    return found


def _default(definition: GraphQLArgument | GraphQLInputField) -> Any:
    default: Any = getattr(definition, "default_value", Undefined)
    named = get_named_type(definition.type)
    if isinstance(named, GraphQLEnumType) and isinstance(default, str):
        return named.parse_value(default)
    return default
