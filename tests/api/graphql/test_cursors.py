"""Cursors: Python writes the keys of a row as PostgreSQL does, and reads them back."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from api.graphql.cursors import SQL_KINDS, cursor_keys, cursor_text
from api.graphql.mapping import Key, Order
from api.graphql.sorting import key_text
from infra.database import Database

MOMENTS = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 the zone is drawn beside it
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=11))]),
)
VALUES = {
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "date": st.dates(),
    "uuid": st.uuids(),
    "int8": st.integers(-(2**63), 2**63 - 1),
    "int4": st.integers(-(2**31), 2**31 - 1),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6),
    "timestamptz": MOMENTS,
}


@given(st.sampled_from(sorted(SQL_KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
async def test_a_key_reads_as_postgresql_writes_it_and_comes_back(database: Database, key: tuple[str, Any]) -> None:
    kind, value = key
    async with database.read.of(uuid4()) as connection:
        written = await connection.fetchval(f"select $1::{kind}::text", value)
    assert key_text(value) == written
    assert cursor_keys(cursor_text("", [written]), "", Order((Key("k", kind),))) == (value,)
