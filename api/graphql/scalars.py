"""The scalars of the schema: how a value comes in, checked once, and how the ordinary executor writes it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from graphql import GraphQLError

from domain.values import Invalid, checked_day, checked_moment, checked_number, is_numeral

MOST_EXACT = 2**53
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Position = NewType("Position", int)
JSON = strawberry.scalars.JSON


def _position(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_EXACT:
        raise GraphQLError("A position is a whole number from 0 to 2^53.")
    return value


def _day(value: Any) -> date:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise GraphQLError("Write a day as YYYY-MM-DD.")
    try:
        return checked_day(date.fromisoformat(value), "")
    except (ValueError, Invalid) as error:
        raise GraphQLError(error.sentence if isinstance(error, Invalid) else "There is no such day.") from None


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError("Write a time such as 2023-05-01T12:00:00Z.")
    try:
        return checked_moment(datetime.fromisoformat(value), "").astimezone(UTC)
    except (ValueError, OverflowError, Invalid):
        raise GraphQLError("Write a time with its zone, such as 2023-05-01T12:00:00Z.") from None


def _decimal(value: Any) -> Decimal:
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not is_numeral(text):
        raise GraphQLError("Write a decimal number.")
    try:
        return checked_number(Decimal(text), "")
    except (InvalidOperation, Invalid):
        raise GraphQLError("Write a decimal number of at most 28 digits.") from None


def moment_text(moment: datetime) -> str:
    """As PostgreSQL's to_json writes it in UTC: the fraction without trailing zeros."""
    whole, point, rest = moment.astimezone(UTC).isoformat().partition(".")
    if not point:
        return whole
    fraction, _, zone = rest.partition("+")
    return f"{whole}.{fraction.rstrip('0')}+{zone}"


SCALARS: dict[object, Any] = {
    Position: strawberry.scalar(
        name="Position",
        description="A position of the organisation's record: a whole number up to 2^53.",
        serialize=lambda value: value,
        parse_value=_position,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day, as YYYY-MM-DD.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339#section-5.6",
        serialize=lambda value: value.isoformat(),
        parse_value=_day,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with its zone; answered in UTC.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339#section-5.6",
        serialize=moment_text,
        parse_value=_moment,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="A decimal number with all its digits, as a string.",
        serialize=lambda value: format(value, "f"),
        parse_value=_decimal,
    ),
}
