"""Rows as facts with a span of validity: what a projection makes of an event, and the fold of it in memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

import msgspec

from domain.kernel import Event

LINKS = UUID("0b6b8c1e-6f0a-4d5e-8f3e-3d0a4c1b7a90")


@dataclass(frozen=True, slots=True)
class Table:
    """A versioned table: its key is organisation, id and since; `columns` are the others, in order.

    `only_added`: its rows are never revised, so nobody need look whether one stands; each names all its columns.
    """

    name: str
    columns: tuple[str, ...]
    only_added: bool = False


@dataclass(frozen=True, slots=True)
class Plus:
    """A column's former value and so many more."""

    amount: int = 1


class Revision(msgspec.Struct, frozen=True, gc=False):
    """What becomes of one row: `values` None ends it; `whole` makes it anew, otherwise the other columns stay."""

    table: Table
    id: UUID
    values: Mapping[str, Any] | None
    whole: bool = False


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event as the ledger keeps it."""

    organisation_id: UUID
    position: int
    event_id: UUID
    event: Event
    type: str
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID
    actor: str
    tags: tuple[str, ...]
    reason: str | None
    recorded_at: datetime
    occurred_at: datetime
    day: date  # of occurred_at in the organisation's zone


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model: its tables and the pure function that feeds them."""

    name: str
    tables: tuple[Table, ...]
    revisions: Callable[[Recorded], Iterable[Revision]]


NOTHING: Mapping[str, Any] = MappingProxyType({})


def insert(table: Table, id_: UUID, **values: Any) -> Revision:
    """A row that begins."""
    return Revision(table, id_, values, whole=True)


def revise(table: Table, id_: UUID, **values: Any) -> Revision:
    """A row of which some columns change from here on."""
    return Revision(table, id_, values)


def end(table: Table, id_: UUID) -> Revision:
    """A row that is no more."""
    return Revision(table, id_, None)


def link_id(*ends: UUID | str) -> UUID:
    """The id of a row that links others: always the same for the same ends."""
    return uuid5(LINKS, "|".join(str(one) for one in ends))


class RowMissing(LookupError):
    """A revision of a row that does not stand: the projection contradicts the ledger."""


class Row(msgspec.Struct, gc=False):
    """A version of a row; `stored` says that the database holds its beginning already."""

    since: int
    values: dict[str, Any]
    stored: bool = False


RowKey = tuple[str, UUID]
Version = tuple[Table, UUID, int, int | None, Mapping[str, Any]]  # table, id, since, until, values


@dataclass(slots=True)
class Sheet:
    """The rows of one organisation in memory: applies revisions, and remembers what has to be written."""

    standing: dict[RowKey, Row] = field(default_factory=dict[RowKey, Row])
    ended: list[tuple[Table, UUID, int, int]] = field(default_factory=list[tuple[Table, UUID, int, int]])
    closed: list[Version] = field(default_factory=list[Version])
    touched: dict[RowKey, Table] = field(default_factory=dict[RowKey, Table])

    def apply(self, revision: Revision, position: int) -> None:
        """Raises RowMissing where a column of an absent row would change."""
        if revision.table.only_added and revision.values is not None:
            self.closed.append((revision.table, revision.id, position, None, revision.values))
            return
        key = (revision.table.name, revision.id)
        was = self.standing.get(key)
        if revision.values is None:
            if was is not None:
                self._end(revision, was, position)
                del self.standing[key]
                self.touched.pop(key, None)
            return
        values = _become(revision, revision.values, was, position)
        if was is not None:
            if was.since == position and not was.stored:
                was.values = values
                return
            self._end(revision, was, position)
        self.standing[key] = Row(position, values)
        self.touched[key] = revision.table

    def _end(self, revision: Revision, was: Row, position: int) -> None:
        if was.stored:
            self.ended.append((revision.table, revision.id, was.since, position))
        elif was.since < position:  # a row that began at this very position never stood
            self.closed.append((revision.table, revision.id, was.since, position, was.values))

    def written(self) -> Iterator[Version]:
        """Every version that the database lacks."""
        yield from self.closed
        for key, table in self.touched.items():
            row = self.standing[key]
            yield table, key[1], row.since, None, row.values


def _become(revision: Revision, told: Mapping[str, Any], was: Row | None, position: int) -> dict[str, Any]:
    if revision.whole:
        return {column: told.get(column) for column in revision.table.columns}
    if was is None:
        raise RowMissing(f"{revision.table.name} {revision.id} is revised at {position} and does not stand")
    values = dict(was.values)
    for column, value in told.items():
        values[column] = (values[column] or 0) + value.amount if isinstance(value, Plus) else value
    return values
