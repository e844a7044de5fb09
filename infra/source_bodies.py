"""Readings out of what a source tells: JSON by pointers, CSV and rows of a database by columns; all of them or none."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.hearing import SourceReading
from domain.pointers import Absent, found_at, shown
from domain.taking import MOST_READINGS
from domain.values import Invalid, checked_day, checked_number, cleaned_text, is_numeral

MOST_BYTES = 1_048_576
LONGEST_ID = 300
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DECODER = msgspec.json.Decoder(float_hook=Decimal)
Look = Callable[[str], Any]  # what stands at a pointer or in a column; raises Absent


class NotRead(Exception):
    """It is no JSON or CSV at all; the sentence says what to send."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Unreadable(NotRead):
    """Where a reading should stand there is something else, or nothing; `field` is the one that says where."""

    def __init__(self, where: str, found: str, wanted: str, field: str) -> None:
        super().__init__(f"At {where or 'the whole of it'} there is {found}, where {wanted} belongs.")
        self.field = field


@dataclass(frozen=True, slots=True)
class Places:
    """Where the readings of a source stand, and in which zone its days are told."""

    value_at: str
    day_at: str | None
    id_at: str | None
    items_at: str | None
    time_zone: str


def of_json(body: bytes, places: Places, delivery: str | None = None) -> tuple[SourceReading, ...]:
    """`delivery`: the id of what was sent, where its readings tell none. Raises NotRead."""
    document = _decoded(body)
    if places.items_at is None:
        return (_reading(lambda at: found_at(document, at), places, "", delivery),)
    items = _items(document, places.items_at)
    return tuple(
        _reading(lambda at, item=item: found_at(item, at), places, f"item {nth} ", _numbered(delivery, nth))
        for nth, item in enumerate(items)
    )


def of_csv(body: bytes, places: Places, delivery: str | None = None) -> tuple[SourceReading, ...]:
    """UTF-8 with commas or semicolons, the columns named on the first line. Raises NotRead."""
    try:
        text = body.decode("utf-8-sig")
        rows = list(_rows(text))
    except (UnicodeDecodeError, csv.Error):
        raise NotRead("Send CSV in UTF-8, with the columns named on its first line.") from None
    return of_rows(rows, places, delivery)


def of_rows(
    rows: Sequence[Mapping[str, Any]], places: Places, delivery: str | None = None
) -> tuple[SourceReading, ...]:
    """A reading a row. Raises NotRead."""
    _check_count(len(rows))
    return tuple(
        _reading(lambda at, row=row: _cell(row, at), places, f"row {nth} ", _numbered(delivery, nth))
        for nth, row in enumerate(rows, start=1)
    )


def _decoded(body: bytes) -> Any:
    try:
        body.decode()
        return DECODER.decode(body)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        raise NotRead("Send one JSON document in UTF-8.") from None


def _items(document: Any, items_at: str) -> list[Any]:
    items = _found(lambda at: found_at(document, at), items_at, "", "a list", "itemsAt")
    if not isinstance(items, list):
        raise Unreadable(items_at, shown(items), "a list", "itemsAt")
    found = cast(list[Any], items)
    _check_count(len(found))
    return found


def _check_count(count: int) -> None:
    if count > MOST_READINGS:
        raise NotRead(f"Send at most {MOST_READINGS} readings at once.")


def _rows(text: str) -> Iterator[dict[str, str]]:
    heading = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in heading else ",", strict=True)
    columns = [cell.strip() for cell in next(reader, list[str]())]
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield dict(zip(columns, (cell.strip() for cell in cells), strict=False))


def _cell(row: Mapping[str, Any], column: str) -> Any:
    if column not in row:
        raise Absent(column)
    return row[column]


def _numbered(delivery: str | None, nth: int) -> str | None:
    return None if delivery is None else f"{delivery}#{nth}"


def _reading(look: Look, places: Places, where: str, delivery: str | None) -> SourceReading:
    value = _found(look, places.value_at, where, "a number", "valueAt")
    day: date | None = None
    if places.day_at is not None:
        found = _found(look, places.day_at, where, "a day", "dayAt")
        day = _day(found, places, where)
    known = delivery
    if places.id_at is not None:
        known = _id(_found(look, places.id_at, where, "an id", "idAt"), places.id_at, where)
    return SourceReading(value=_value(value, places.value_at, where), taken_on=day, external_id=known)


def _found(look: Look, at: str, where: str, wanted: str, field: str) -> Any:
    try:
        return look(at)
    except Absent:
        raise Unreadable(where + at, "nothing", wanted, field) from None


def _value(found: Any, at: str, where: str) -> Decimal:
    """A number, one in digits, or true and false for 1 and 0."""
    try:
        match found:
            case bool() | int():
                number = Decimal(int(found))
            case Decimal():
                number = found
            case float():
                number = Decimal(repr(found))
            case str() if is_numeral(found.strip()):
                number = Decimal(found.strip())
            case _:
                raise Unreadable(where + at, shown(found), "a number", "valueAt")
        return checked_number(number, "valueAt")
    except Invalid:
        wanted = "a number of at most 28 digits, 12 of them after the point,"
        raise Unreadable(where + at, shown(found), wanted, "valueAt") from None


def _day(found: Any, places: Places, where: str) -> date:
    """A day, or the one of a moment in the organisation's zone."""
    try:
        moment = _moment(found)
        if isinstance(moment, datetime):
            moment = (moment.astimezone(ZoneInfo(places.time_zone)) if moment.tzinfo else moment).date()
        return checked_day(moment, "dayAt")
    except (ValueError, OverflowError):  # Invalid is a ValueError
        raise Unreadable(where + (places.day_at or ""), shown(found), "a day such as 2026-06-30", "dayAt") from None


def _moment(found: Any) -> date:
    """Raises ValueError."""
    match found:
        case date():
            return found
        case str() if DAY.match(found):
            return datetime.fromisoformat(found) if len(found) > len("2026-06-30") else date.fromisoformat(found)
        case _:
            raise ValueError("no day")


def _id(found: Any, at: str, where: str) -> str:
    text = str(found) if isinstance(found, int | UUID) and not isinstance(found, bool) else found
    try:
        if isinstance(text, str) and 0 < len(text) <= LONGEST_ID:
            return cleaned_text(text, "idAt")
    except Invalid:
        pass
    raise Unreadable(where + at, shown(found), f"an id of 1 to {LONGEST_ID} characters", "idAt")
