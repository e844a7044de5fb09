"""What a GraphQL type and its fields stand on in the read model: declared once, on the type.

The compiler and the ordinary executor both live off these marks; nothing else says where a value comes from.

Templates are SQL with places: `{t}` the row that has the field, `{c}` a row of the relation, `{l}` its link, `{org}`,
`{pos}` the position as of which is asked, `{on}` the day, `{at}` the time, null where the question names a day,
`{ahead}` and `{behind}` the days at that time where it is the latest and the earliest, `{a.name}` an argument, `{v}` a
filter's value, `{s}` a row that fields share, `{viewer.person}`, `{rows:table}` the rows of a table that are valid for
the question, `{hidden}` the ids of the outcomes that the viewer may not see. What of a table a viewer sees is said in
`sight`, for every way to its rows.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_args, get_origin

import strawberry

MARK = "headway"
BACKREF = "strawberry-definition"
BY_ID = "{c}.id = {a.id}"  # the row that the argument `id` names
PLACE = re.compile(r"\{([a-z]+)(?:[.:]([a-z_]+))?\}")
C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])


class NotCompiled(Exception):
    """The body of a field was called: its signature is all there is of it."""


@dataclass(frozen=True, slots=True)
class Stand:
    """The table of a type. `table` None: the relation that leads to the type says where its rows come from."""

    table: str | None
    key: str = "id"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the row; its name is the field's unless said otherwise."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression over the row, or over the one row, `{s}`, of a function that an object's fields read together.

    `of`: that function. `alone`: what is cheaper where no other field reads its row.
    """

    sql: str
    price: int = 2
    of: str = ""
    alone: str = ""

    @property
    def whole(self) -> str:
        """For a field on its own."""
        if not self.of:
            return self.sql
        return self.alone or f"(select {self.sql.replace('{s}', 's')} from {self.of} s)"


@dataclass(frozen=True, slots=True)
class Here:
    """An object that stands on the same row; null where `null`, a predicate, holds."""

    null: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are ordered by. Texts are ordered by their code points (`collate "C"` on the column)."""

    sql: str
    kind: str = "text"
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """Keys, the last of them unique."""

    keys: tuple[Key, ...]

    def reversed(self) -> "Order":
        """The same rows from the other end."""
        return Order(tuple(Key(k.sql, k.kind, not k.descending, k.nullable) for k in self.keys))


def order(*keys: str, unique: str = "id uuid") -> Order:
    """`order("due_on date null", "title desc")`: column, kind (text), `desc`, `null`; the unique key comes last."""
    return Order(tuple(_key(words.split()) for words in (*keys, unique) if words))


def _key(words: list[str]) -> Key:
    column, *marks = words
    kinds = [one for one in marks if one not in {"desc", "null"}]
    sql = column if "{" in column else f"{{c}}.{column}"
    return Key(sql, kinds[0] if kinds else "text", "desc" in marks, "null" in marks)


@dataclass(frozen=True, slots=True)
class Filter:
    """A predicate for a filter's value; `null` is the one for an explicit null, which otherwise asks for nothing.
    `holds`: the value says whether it holds, and decides the statement's text, so that an index may serve. `narrow`: it
    leaves few rows, which no index counts, so that they are found once to be counted and read."""

    sql: str
    null: str = ""
    holds: bool = False
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A versioned table between two rows: `this` names the row that has the field, `other` the related one."""

    table: str
    this: str
    other: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Other rows: one, a list or a connection, by the field's type.

    `on`: for one row, this row's column that bears its key; for many, their column that bears this row's key.
    `where`: any other condition. `source`: a from-item in place of the type's table, or one for each of several
    arguments of which exactly one has to be given; `of`: a function whose one row, `{s}`, it reads together with other
    fields. `veiled`: the source for a viewer from whom something is hidden. `value`: the expression of a list of plain
    values.
    """

    on: str | None = None
    where: str = ""
    via: Link | None = None
    source: str | Mapping[str, str] | None = None
    of: str = ""
    veiled: str = ""
    order: Order | Mapping[str, Order] | None = None
    filters: Mapping[str, str | Filter] = field(default_factory=lambda: MappingProxyType[str, str | Filter]({}))
    value: str = ""
    typical: int = 10  # rows, for the price
    to: str = ""  # module and name of a type that stands higher in the files: "alignment.Outcome"

    @property
    def orders(self) -> tuple[Order, ...]:
        """Those that there are to choose from."""
        return (self.order,) if isinstance(self.order, Order) else tuple((self.order or {}).values())


@dataclass(frozen=True, slots=True)
class Variant:
    """A union: column `by` says which member; the member's row is the one whose key stands in column `on`."""

    by: str
    members: Mapping[str, str]
    on: str = "id"


@dataclass(frozen=True, slots=True)
class Variants:
    """A list of a union: the relation's rows, each leading to a member."""

    relation: Relation
    variant: Variant


@dataclass(frozen=True, slots=True)
class Probe:
    """An interface by key: the first of its types that has such a row."""

    key: str


@dataclass(frozen=True, slots=True)
class Executed:
    """Left to the ordinary executor on purpose; counted by its reason."""

    reason: str
    resolve: Callable[..., Any]


Mark = Column | Expr | Here | Relation | Variants | Probe | Executed
MARKS = (Column, Expr, Here, Relation, Variants, Probe, Executed)


def field_of(mark: Mark, *, resolver: Any = None, description: str | None = None) -> Any:
    """A strawberry field that bears its mark; strawberry's own stubs know no type for it."""
    return strawberry.field(resolver=resolver, metadata={MARK: mark}, description=description)


def mapped(mark: Mark) -> Callable[[F], F]:
    """A field with arguments: the function's signature and docstring are the field's."""

    def made(function: F) -> F:
        return field_of(mark, resolver=function, description=inspect.getdoc(function))

    return made


def stands_on(table: str | None, *, key: str = "id", **options: Any) -> Callable[[type[C]], type[C]]:
    """A GraphQL type over a table; fields without a mark stand on the column of their name."""

    def made(cls: type[C]) -> type[C]:
        for name, hint in list(cls.__annotations__.items()):
            if name not in cls.__dict__:
                _mark(cls, name, hint)
        cls.__stand__ = Stand(table, key)  # pyright: ignore[reportAttributeAccessIssue] - read by `stand_of`
        description = " ".join((cls.__doc__ or "").split())
        return strawberry.type(cls, description=description or None, **options)  # pyright: ignore[reportCallIssue, reportUnknownVariableType]

    return made


def _mark(cls: type, name: str, hint: Any) -> None:
    marks = [one for one in get_args(hint)[1:] if isinstance(one, MARKS)] if get_origin(hint) is Annotated else []
    said = [one for one in get_args(hint)[1:] if isinstance(one, str)] if get_origin(hint) is Annotated else []
    mark: Mark = marks[0] if marks else Column()
    if isinstance(mark, Relation) and mark.to:
        module, _, type_name = mark.to.rpartition(".")
        lazy: Any = strawberry.LazyType(type_name, f"api.graphql.types.{module}")
        cls.__annotations__[name] = lazy | None if type(None) in get_args(get_args(hint)[0]) else lazy
    elif get_origin(hint) is Annotated:
        cls.__annotations__[name] = get_args(hint)[0]
    setattr(cls, name, field_of(mark, description=said[0] if said else None))


def stand_of(cls: Any) -> Stand | None:
    """The stand of a type's class, if it has one; not its base's."""
    return vars(cls).get("__stand__") if isinstance(cls, type) else None


def mark_of(definition: Any) -> Mark | None:
    """The mark in a strawberry field's metadata."""
    metadata: Mapping[str, Any] = getattr(definition, "metadata", None) or {}
    return metadata.get(MARK)


def definition_of(thing: Any) -> Any:
    """Strawberry's own definition behind a type or field."""
    return thing.extensions.get(BACKREF)
