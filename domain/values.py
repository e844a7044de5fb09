"""Limited types of the domain's fields, and the checks that every text, number and day passes once."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, cast

import msgspec

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
MOST_DIGITS, LEAST_EXPONENT, MOST_EXPONENT = 28, -12, 15

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Symbol = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217")]
NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# msgspec limits no Decimal: `checked_between` does, in the command that has the field.
Weight = Annotated[Decimal, msgspec.Meta(description="0 … 1000")]
Confidence = Annotated[Decimal, msgspec.Meta(description="0 … 1")]
Effort = Annotated[Decimal, msgspec.Meta(description="0 … 100000")]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
Weekday = Annotated[int, msgspec.Meta(ge=1, le=7, description="1 is Monday")]
# `(?!\n)`: in Python `$` also matches before a last newline.
Email = Annotated[str, msgspec.Meta(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$(?!\n)")]
Link = Annotated[str, msgspec.Meta(max_length=2_000, pattern=r"^https?://\S+$(?!\n)")]
# UTC or Area/City; `zones.checked_zone` asks whether there is such a zone.
TimeZone = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^(UTC|[A-Z][\w+-]*(/[A-Z][\w+-]*){1,2})$(?!\n)")]

# Direction marks and isolates: they reorder what a reader sees, so names lose them.
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_CONTROL = frozenset(chr(c) for c in [*range(0x20), 0x7F] if chr(c) not in "\t\n")
_INVISIBLE = {"Cf", "Cc", "Zs", "Zl", "Zp", "Mn"}


class Role(StrEnum):
    """What a caller may do; the first three may issue commands, each also all that the next may."""

    OWNER = "OWNER"
    LEAD = "LEAD"
    MEMBER = "MEMBER"
    AUDITOR = "AUDITOR"
    READER = "READER"

    def reaches(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) <= order.index(needed)


class Invalid(ValueError):
    """A value that no rule need look at: it cannot be meant."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


@cache
def camel(name: str) -> str:
    """The caller's spelling of a field."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def cleaned_text(text: str, field: str) -> str:
    """NFC, without direction marks; raises Invalid on what PostgreSQL, JSON or a reader's eye would not survive."""
    if text.isascii():
        if not _CONTROL.isdisjoint(text):
            raise Invalid("Leave control characters out of the text.", field)
    else:
        if not _CONTROL.isdisjoint(text) or not _encodable(text):
            raise Invalid("Leave control characters and lone surrogates out of the text.", field)
        text = unicodedata.normalize("NFC", text.translate(_BIDI))
        if text and all(unicodedata.category(c) in _INVISIBLE for c in text):
            raise Invalid("Write something that can be seen.", field)
    if text and not text.strip():
        raise Invalid("Write something that can be seen.", field)
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_numeral(text: str) -> bool:
    """Whether every layer reads the text as the same number: Python alone takes `1_000` and digits of other scripts."""
    return NUMERAL.fullmatch(text) is not None


def checked_number(number: Decimal, field: str) -> Decimal:
    """Finite, at most 28 digits, exponent −12 … 15: what asyncpg and PostgreSQL's numeric carry without loss."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise Invalid("Give a finite number.", field)
    if len(digits) > MOST_DIGITS or exponent < LEAST_EXPONENT or exponent > MOST_EXPONENT:
        raise Invalid("Give a number of at most 28 digits, 12 of them after the point.", field)
    return number


def checked_between(number: Decimal, least: int, most: int, field: str) -> None:
    """Raises Invalid on a number outside its limits."""
    if not least <= number <= most:
        raise Invalid(f"Give a number between {least} and {most}.", field)


def checked_span(starts_on: date | None, ends_on: date | None, field: str) -> None:
    """Raises Invalid on an end before the beginning."""
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid("Give an end that is not before the beginning.", field)


def checked_choice(*given: tuple[object, str]) -> None:
    """Raises Invalid unless exactly one of the (value, field) pairs has a value."""
    if sum(value is not None for value, _ in given) != 1:
        raise Invalid(f"Give exactly one of {', '.join(field for _, field in given)}.", given[0][1])


def checked_day(day: date, field: str) -> date:
    """Between 1900 and 2200: the years that every layer below carries unchanged."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid("Give a day between 1900-01-01 and 2200-12-31.", field)
    return day


def checked_moment(moment: datetime, field: str) -> datetime:
    """With its zone, between 1900 and 2200."""
    if moment.tzinfo is None:
        raise Invalid("Give a time with its zone, such as 2023-05-01T12:00:00Z.", field)
    checked_day(moment.date(), field)
    return moment


def cleaned(value: object, field: str) -> object:
    """The same value, safe to record, whatever its kind; lists and structs are walked. Raises Invalid."""
    match value:
        case str() if not isinstance(value, StrEnum):
            return cleaned_text(value, field)
        case Decimal():
            return checked_number(value, field)
        case datetime():
            return checked_moment(value, field)
        case date():
            return checked_day(value, field)
        case tuple():
            return tuple(cleaned(one, f"{field}[{nth}]") for nth, one in enumerate(cast(tuple[object, ...], value)))
        case msgspec.Struct():
            return _cleaned_struct(value, field)
        case _:
            return value


def _cleaned_struct(struct: msgspec.Struct, field: str) -> msgspec.Struct:
    changed: dict[str, object] = {}
    for name in struct.__struct_fields__:
        was: object = getattr(struct, name)
        now = cleaned(was, f"{field}.{camel(name)}")
        if now is not was:
            changed[name] = now
    return msgspec.structs.replace(struct, **changed) if changed else struct
