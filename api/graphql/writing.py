"""SQL as parts: parameters stay objects until the end, and every alias of a table carries its predicates.

JSON is written as text: constants and expressions joined by a balanced tree of `||` (a chain copies quadratically),
lists by `array_to_string(array(select …))`. What is NULL makes its surroundings NULL, so whatever may be null is
wrapped where it stands.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

NOW = "9223372036854775807"  # "as of now" for the functions of the read model
LEAF = 8  # operands of one leaf in the tree of `||`
NON_NULL = "non-null "  # begins the text that a guard fails to read as a number


@dataclass(frozen=True, slots=True)
class Param:
    """A value of the request; equal keys share one number. `extract` reads it from what a request binds."""

    key: Hashable
    type: str
    extract: Callable[[Any], Any]

    def __hash__(self) -> int:
        return hash((self.key, self.type))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Param) and (self.key, self.type) == (other.key, other.type)


@dataclass(frozen=True, slots=True)
class Sql:
    """Text and parameters in order."""

    parts: tuple[str | Param, ...]

    def __add__(self, other: "Sql | str | Param") -> "Sql":
        return Sql(self.parts + sql(other).parts)

    def __radd__(self, other: str) -> "Sql":
        return Sql((other, *self.parts))


def sql(*parts: "str | Param | Sql") -> Sql:
    """SQL of its parts, the parameters still without a number."""
    flat: list[str | Param] = []
    for part in parts:
        if isinstance(part, Sql):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return Sql(tuple(flat))


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    """The parts with a separator between them."""
    flat: list[str | Param] = []
    for nth, part in enumerate(parts):
        if nth:
            flat.append(separator)
        flat.extend(part.parts)
    return Sql(tuple(flat))


def literal(text: str) -> str:
    """A string constant (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Text:
    """JSON that is the same for every row."""

    text: str


Piece = Text | Sql
Pieces = list[Piece]


def merged(pieces: Iterable[Piece]) -> Pieces:
    """Neighbouring constants become one."""
    out: Pieces = []
    for piece in pieces:
        last = out[-1] if out else None
        if isinstance(piece, Text) and isinstance(last, Text):
            out[-1] = Text(last.text + piece.text)
        else:
            out.append(piece)
    return out


def written(pieces: Iterable[Piece]) -> Sql:
    """One text expression of the pieces."""
    operands = [sql(literal(one.text)) if isinstance(one, Text) else one for one in merged(pieces)]
    if not operands:
        return sql("''")
    while len(operands) > LEAF:
        operands = [_chain(operands[start : start + LEAF]) for start in range(0, len(operands), LEAF)]
    return _chain(operands)


def _chain(operands: Sequence[Sql]) -> Sql:
    return operands[0] if len(operands) == 1 else sql("(", joined(" || ", operands), ")")


def or_null(pieces: Iterable[Piece]) -> Pieces:
    """The JSON, or `null` where any part of it is null."""
    return [sql("coalesce(", written(pieces), ", 'null')")]


def guarded(pieces: Iterable[Piece], where: str) -> Pieces:
    """A value that must not be null: where it is, the statement fails with the field's name.

    The failing expression depends on a setting, so that the planner can't evaluate it beforehand; on the row it must
    not depend, or every column of that would be reckoned and carried along.
    """
    late = "left(current_setting('headway.organisation'), 0)"
    return [sql("coalesce(", written(pieces), f", ({literal(NON_NULL + where)} || {late})::int::text)")]


def listed(select: Sql) -> Pieces:
    """A JSON list of the texts that the sub-select answers, in its order."""
    return [Text("["), sql("array_to_string(array(", select, "), ',', 'null')"), Text("]")]


def _quoted(value: Sql) -> Pieces:
    return [Text('"'), sql(value, "::text"), Text('"')]


def _string(value: Sql) -> Pieces:
    return [sql("to_json(", value, "::text)::text")]


def _plain(value: Sql) -> Pieces:
    return [sql(value, "::text")]


def _finite(value: Sql) -> Pieces:
    """NaN and the infinities are no JSON: they become null."""
    return [sql("nullif(nullif(nullif(", value, "::text, 'NaN'), 'Infinity'), '-Infinity')")]


def _moment(value: Sql) -> Pieces:
    return [sql("to_json(", value, ")::text")]


FORMATS: dict[str, Callable[[Sql], Pieces]] = {
    "ID": _quoted,
    "Date": _quoted,
    "Decimal": _quoted,
    "Enum": _quoted,
    "String": _string,
    "Int": _plain,
    "Position": _plain,
    "Boolean": _plain,
    "Float": _finite,
    "DateTime": _moment,
    "JSON": _plain,
}

# What a parameter of a GraphQL type is to PostgreSQL.
SQL_TYPES = {
    "ID": "uuid",
    "String": "text",
    "Enum": "text",
    "Int": "int4",
    "Float": "float8",
    "Boolean": "bool",
    "Date": "date",
    "DateTime": "timestamptz",
    "Decimal": "numeric",
    "Position": "int8",
}


def formatted(scalar: str, value: Sql, *, stored: bool = False) -> Pieces:
    """A value as the JSON of its GraphQL type. Stored numbers are finite: the domain takes no others."""
    if stored and scalar == "Float":
        return _plain(sql("(", value, ")"))
    return FORMATS[scalar](sql("(", value, ")"))


@dataclass(frozen=True, slots=True)
class Moment:
    """As of when and for which day is asked. `position` and `day` None: now; the day is then a parameter.

    `time`: by which it is told whose day it is; None where the question names a day, which is everybody's.
    """

    position: Sql | None
    day: Sql
    time: Sql | None = None

    @property
    def known(self) -> Sql:
        """The position for functions."""
        return self.position or sql(NOW)


class Veil(Protocol):
    """Keeps from a statement what its viewer may not see."""

    def predicate(self, writer: "Writer", table: str, alias: str, moment: Moment) -> Sql | None:
        """What every row of the table has to fulfil."""
        ...

    def hidden(self, writer: "Writer", what: str) -> Sql:
        """A sub-select of what is hidden."""
        ...


class Writer:
    """Makes the aliases of one statement. `veil` None: for a viewer from whom nothing is hidden."""

    def __init__(self, organisation: Param, veil: Veil | None = None) -> None:
        self.organisation = organisation
        self.veil = veil
        self.tables: set[str] = set()
        self.common: list[tuple[str, Sql]] = []
        self._aliases = 0

    def alias(self) -> str:
        self._aliases += 1
        return f"a{self._aliases}"

    def table(self, name: str, moment: Moment) -> tuple[str, Sql, Sql]:
        """(alias, from-item, predicates): the only way in which a table comes into a statement."""
        alias = self.alias()
        return alias, sql(f"{name} {alias}"), self.predicates(name, alias, moment)

    def predicates(self, name: str, alias: str, moment: Moment) -> Sql:
        """Whose rows, valid when, seen by whom."""
        self.tables.add(name)
        own = self.standing(alias, moment)
        scope = self.veil.predicate(self, name, alias, moment) if self.veil else None
        return own if scope is None else own + sql(" and (", scope, ")")

    def standing(self, alias: str, moment: Moment) -> Sql:
        """Whose rows, valid when; also those that the viewer may not see."""
        valid = sql(f"{alias}.until is null")
        if moment.position is not None:
            at = moment.position
            valid = sql(f"{alias}.since <= ", at, f" and ({alias}.until is null or {alias}.until > ", at, ")")
        return sql(f"{alias}.organisation_id = ", self.organisation, " and ", valid)

    def hidden(self, what: str) -> Sql:
        """A sub-select of what the viewer may not see: of ids of outcomes, or what `what` says."""
        self.tables.add("outcome")
        return self.veil.hidden(self, what) if self.veil else sql("(select null::uuid where false)")

    def once(self, name: str, body: Sql) -> None:
        """Adds what several places of the statement read, where it is not there yet."""
        if all(one != name for one, _ in self.common):
            self.common.append((name, body))

    def rows(self, name: str, moment: Moment) -> Sql:
        """A sub-select of the valid rows, for templates that name other tables."""
        alias, source, predicates = self.table(name, moment)
        return sql(f"(select {alias}.* from ", source, " where ", predicates, ")")

    def with_common(self, select: Sql) -> Sql:
        """Adds what several places of the statement read, once each."""
        if not self.common:
            return select
        entries = [sql(f"{name} as materialized (", body, ")") for name, body in self.common]
        return sql("with ", joined(", ", entries), " ", select)


def rendered(statement: Sql) -> tuple[str, tuple[Param, ...]]:
    """The text with `$n`, and the parameters in that order."""
    numbers: dict[Param, int] = {}
    out: list[str] = []
    for part in statement.parts:
        if isinstance(part, Param):
            number = numbers.setdefault(part, len(numbers) + 1)
            out.append(f"${number}::{part.type}")
        else:
            out.append(part)
    return "".join(out), tuple(numbers)
