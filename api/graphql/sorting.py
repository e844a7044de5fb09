"""Rows in Python as PostgreSQL orders them: for the ordinary path, which pages by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from api.graphql.mapping import Key, Order
from api.graphql.writing import Moment, Param, sql

Types = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class When:
    """As of which position (None: now), for which day; at what time, where none was named."""

    position: int | None
    day: date | None
    time: datetime | None = None

    def moment(self) -> Moment:
        at = None if self.position is None else sql(constant("int8", self.position))
        time = None if self.time is None else sql(constant("timestamptz", self.time))
        return Moment(at, sql(constant("date", self.day)), time)


def constant(kind: str, value: Any) -> Param:
    """A parameter that is known already."""
    return Param(("constant", kind, value), kind, lambda _: value)


@dataclass(eq=False, slots=True)
class Row:
    """A row of a type, with what every field below it inherits."""

    type_name: str
    values: dict[str, Any]
    types: Types
    when: When


def row_keys(row: Row, order: Order) -> tuple[Any, ...]:
    """What the row is ordered by."""
    return tuple(row.values[f"__k{nth}"] for nth in range(len(order.keys)))


def key_text(value: Any) -> str | None:
    """As PostgreSQL writes a key."""
    if value is None:
        return None
    if isinstance(value, datetime):  # a fraction without its last zeros, and whole hours from Greenwich
        seconds, _, fraction = str(value.astimezone(UTC).replace(tzinfo=None)).partition(".")
        return f"{seconds}.{fraction.rstrip('0')}+00" if fraction else f"{seconds}+00"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _comparable(value: Any) -> Any:
    """Nulls are greater than everything; texts compare by their bytes, as in the collation "C"."""
    return (value is None, value.encode() if isinstance(value, str) else value or 0 if value is None else value)


def in_order(rows: list[Row], order: Order) -> list[Row]:
    """As PostgreSQL orders them."""
    out = list(rows)
    for nth, key in reversed(list(enumerate(order.keys))):
        out.sort(key=lambda row, n=nth: _comparable(row.values[f"__k{n}"]), reverse=key.descending)
    return out


def follows(these: tuple[Any, ...], those: tuple[Any, ...], order: Order) -> bool:
    """Whether these keys come after those."""
    for key, one, other in zip(order.keys, these, those, strict=True):
        if one == other:
            continue
        return _after(key, one, other)
    return False


def _after(key: Key, one: Any, other: Any) -> bool:
    later = _comparable(one) > _comparable(other) if (one is None) == (other is None) else one is None
    return later is not key.descending
