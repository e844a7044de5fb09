"""Golden files of event shapes: one for every shape ever released, written once (`make golden`), never changed."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5

import msgspec

from domain.commands import EVENTS
from domain.kernel import Event
from infra.codec import encode

FOLDER = Path(__file__).parent / "golden" / "events"
TEXTS = {
    "receiver": "https://example.com/headway",
    "kinds": "milestone.*",
    "address": "https://example.com/figures",
    "connection": "warehouse",
    "query": "select count(*) as value from orders",
    "value_at": "/data/value",
    "time_zone": "Europe/Berlin",
    "email": "ana@example.org",
    "url": "https://tracker.example/1",
    "issuer": "https://sign-on.example",
    "language": "pt-BR",
    "digest": "0" * 64,
    "former_digest": "1" * 64,
    "currency": "EUR",
    "key": "LIKE_THIS",
}
NAMES = UUID("0f1d7c66-8a4b-4f3f-9d55-2f2f0c1b9a33")


class Golden(msgspec.Struct, kw_only=True):
    """An example body as stored, its tags, and the shape: field → type, in order."""

    type: str
    version: int
    shape: dict[str, str]
    tags: list[str]
    body: str


def path_of(kind: type[Event]) -> Path:
    return FOLDER / f"{kind.stored_type()}.v{kind.version}.json"


def shape_of(kind: type[Event]) -> dict[str, str]:
    hints = get_type_hints(kind, include_extras=False)
    required = {one.name: one.required for one in msgspec.structs.fields(kind)}
    return {name: _told(hints[name]) + ("" if required[name] else " =") for name in kind.__struct_fields__}


def _told(hint: Any) -> str:
    if get_origin(hint) in {Union, UnionType}:
        return " | ".join(_told(one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return f"[{_told(get_args(hint)[0])}]"
    if hint is type(None):
        return "null"
    if issubclass(hint, Enum):
        return "{" + ",".join(one.value for one in hint) + "}"
    if issubclass(hint, msgspec.Struct):
        inner = get_type_hints(hint)
        return "{" + ", ".join(f"{name}: {_told(inner[name])}" for name in hint.__struct_fields__) + "}"
    return hint.__name__


def example_of(hint: Any, name: str) -> Any:
    """A value of the type, the same at every run; every optional field is filled."""
    if get_origin(hint) is Annotated:
        return example_of(get_args(hint)[0], name)
    if get_origin(hint) in {Union, UnionType}:
        return example_of(next(one for one in get_args(hint) if one is not type(None)), name)
    if get_origin(hint) is tuple:
        return (example_of(get_args(hint)[0], name),)
    if issubclass(hint, Enum):
        return next(iter(hint))
    if issubclass(hint, msgspec.Struct):
        inner = get_type_hints(hint)
        return hint(**{one: example_of(inner[one], one) for one in hint.__struct_fields__})
    values: dict[type, Any] = {
        UUID: uuid5(NAMES, name),
        date: date(2022, 6, 15),
        datetime: datetime(2022, 6, 15, 9, 30, tzinfo=UTC),
        Decimal: Decimal("12.50"),
        int: 3,
        bool: True,
        str: TEXTS.get(name, f"{name}: Zoë ✓"),
    }
    return values[hint]


def made(kind: type[Event]) -> Golden:
    hints = get_type_hints(kind)
    event = kind(**{name: example_of(hints[name], name) for name in kind.__struct_fields__})
    return Golden(
        type=kind.stored_type(), version=kind.version, shape=shape_of(kind), tags=event.tags(), body=encode(event)
    )


def write_missing() -> Iterator[Path]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in EVENTS.values():
        path = path_of(kind)
        if not path.exists():
            path.write_bytes(msgspec.json.format(msgspec.json.encode(made(kind)), indent=2) + b"\n")
            yield path


if __name__ == "__main__":
    for written in write_missing():
        sys.stdout.write(f"{written.name}\n")
