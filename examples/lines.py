"""A command a line: what `headway apply` reads, and how the examples write it."""

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

import msgspec

CLOSE_OF_BUSINESS = time(17)


class Line(TypedDict):
    """One command; `occurredAt` and `by` (`person:<id>`) where they are not now and the key's own."""

    command: str
    key: str
    occurredAt: NotRequired[str]
    by: NotRequired[str]
    input: dict[str, object]


def present(**fields: object) -> dict[str, object]:
    """The input of a command without the fields that say nothing."""
    return {name: value for name, value in fields.items() if value is not None}


def person(identity: str) -> str:
    """How a line names the person who acts."""
    return f"person:{identity}"


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The close of business of a day there, in universal time: a fact of that day, in whatever zone it is read."""
    return datetime.combine(day, CLOSE_OF_BUSINESS, zone).astimezone(UTC)


def wire(moment: datetime) -> str:
    """`2021-12-31T22:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(lines: Iterable[Line], out: Path | None) -> None:
    """NDJSON, the same bytes for the same lines; to stdout where no file is named."""
    encode = msgspec.json.encode
    if out is None:
        sys.stdout.buffer.writelines(encode(line) + b"\n" for line in lines)
        return
    with out.open("wb") as file:
        file.writelines(encode(line) + b"\n" for line in lines)
