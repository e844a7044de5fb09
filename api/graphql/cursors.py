"""Page sizes and cursors: what a client says of a list, checked, and as SQL."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from uuid import UUID

from api.graphql.arguments import Argument, Variables, checked_text
from api.graphql.cost import fixed
from api.graphql.mapping import Key, Order
from api.graphql.refusals import RequestRefused
from api.graphql.writing import Param, Piece, Sql, Text, joined, sql, written

PAGE = 50
LARGEST_PAGE = 500


def _moment(text: str) -> datetime:
    """Raises ValueError for one without a zone as well."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


READERS: dict[str, Callable[[str], Any]] = {
    "text": checked_text,
    "date": date.fromisoformat,
    "uuid": UUID,
    "int8": int,
    "int4": int,
    "numeric": Decimal,
    "timestamptz": _moment,
}
SQL_KINDS = {kind: kind for kind in READERS}


def checked_size(value: Any) -> int:
    """A page size; the default where none is said."""
    if not isinstance(value, int):
        return PAGE
    if not 0 <= value <= LARGEST_PAGE:
        raise RequestRefused("BAD_INPUT", f"Ask for 0 to {LARGEST_PAGE} rows of a list; go on from its end cursor.")
    return value


def page_size(argument: Argument) -> tuple[Callable[[Variables], int], Sql]:
    """The size as a function of the variables, and in SQL: a number, which the planner can use, where one is said."""

    def size(variables: Variables) -> int:
        return checked_size(argument.read(variables))

    if argument.constant:
        return fixed(size({})), sql(str(size({})))
    return size, sql(Param(("size", argument.key), "int4", lambda binding: size(binding.variables)))


# cursors


def cursor_text(name: str, values: list[str | None]) -> str:
    """The cursor of a row whose keys read so; the same bytes as PostgreSQL writes."""
    text = json.dumps([name, *values], ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def cursor_keys(cursor: Any, name: str, order: Order) -> tuple[Any, ...]:
    """The keys in a cursor. Raises RequestRefused where it is damaged or of another order."""
    wrong = RequestRefused("CURSOR_INVALID", "Take the cursor from an answer in the same order, unchanged.")
    if not isinstance(cursor, str) or len(cursor) > 4 * 4096:
        raise wrong
    try:
        parts: Any = json.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise wrong from None
    items = cast(list[Any], parts) if isinstance(parts, list) else []
    if len(items) != len(order.keys) + 1 or items[0] != name:
        raise wrong
    return tuple(_key_value(key, item, wrong) for key, item in zip(order.keys, items[1:], strict=True))


def _key_value(key: Key, item: Any, wrong: RequestRefused) -> Any:
    if item is None and key.nullable:
        return None
    if not isinstance(item, str):
        raise wrong
    try:
        value = READERS[key.kind](item)
    except (ValueError, InvalidOperation, RequestRefused):
        raise wrong from None
    if isinstance(value, int) and not -(2**31 if key.kind == "int4" else 2**63) <= value < 2**63:
        raise wrong
    return value


def cursor(name: str, order: Order, keys: list[str]) -> Sql:
    """The same in SQL, of the row at hand."""
    pieces: list[Piece] = [Text(f'["{name}"')]
    for key, column in zip(order.keys, keys, strict=True):
        value = (
            sql(f"to_json({column}::text)::text") if key.kind == "text" else sql(f"""'"' || {column}::text || '"'""")
        )
        pieces += [Text(","), sql("coalesce(", value, ", 'null')") if key.nullable else value]
    pieces.append(Text("]"))
    return sql("translate(encode(convert_to(", written(pieces), ", 'UTF8'), 'base64'), chr(10), '')")


def beyond(order: Order, keys: list[str], values: list[Sql], nulls: tuple[bool, ...]) -> Sql:
    """What comes after the keys in the order; nulls are greater than everything."""
    directions = {key.descending for key in order.keys}
    if len(directions) == 1 and not any(key.nullable for key in order.keys):
        sign = "<" if directions.pop() else ">"
        return sql(f"({', '.join(keys)}) {sign} (", joined(", ", values), ")")
    rest: Sql | None = None
    for nth in reversed(range(len(keys))):
        rest = _step(order.keys[nth], keys[nth], values[nth], nulls[nth], rest)
    return rest or sql("true")


def _step(key: Key, column: str, value: Sql, null: bool, rest: Sql | None) -> Sql:
    equal = sql(f"{column} is null") if null else sql(f"{column} = ", value)
    if null:
        further = sql(f"{column} is not null") if key.descending else sql("false")
    else:
        further = sql(f"{column} {'<' if key.descending else '>'} ", value)
        if key.nullable and not key.descending:
            further = further + f" or {column} is null"
    if rest is None:
        return sql("(", further, ")")
    return sql("(", further, " or (", equal, " and ", rest, "))")
