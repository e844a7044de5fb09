"""Readings out of bodies: by pointer and by column; what can't be read is named with what stands there instead."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hearing import SourceReading
from domain.values import LEAST_EXPONENT, MOST_DIGITS, MOST_EXPONENT
from infra.source_bodies import NotRead, Places, Unreadable, of_csv, of_json, of_rows

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


def places(
    value: str = "/value",
    day: str | None = None,
    known: str | None = None,
    items: str | None = None,
    zone: str = "UTC",
) -> Places:
    return Places(value, day, known, items, zone)


def values(body: bytes | str, at: Places | None = None) -> list[Decimal]:
    sent = body.encode() if isinstance(body, str) else body
    return [one.value for one in of_json(sent, at or places())]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"value": 5}', "5"),
        ('{"value": 0.1}', "0.1"),
        ('{"value": "12.50"}', "12.50"),
        ('{"value": " 7 "}', "7"),
        ('{"value": -1e3}', "-1000"),
        ('{"value": true}', "1"),
        ('{"value": false}', "0"),
        ('{"value": 9007199254740993.000000000001}', "9007199254740993.000000000001"),
    ],
)
def test_a_value_is_read_with_all_its_digits(body: str, value: str) -> None:
    assert values(body) == [Decimal(value)]


def test_a_bare_number_is_a_body() -> None:
    assert values("42.5", places("")) == [Decimal("42.5")]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"value": "n/a"}', "“n/a”"),
        ('{"value": "1_000"}', "“1_000”"),
        ('{"value": "\u0665"}', "“\u0665”"),
        ('{"value": null}', "null"),
        ('{"value": [1]}', "a list"),
        ('{"value": {"is": 1}}', "an object"),
        ('{"values": 1}', "nothing"),
        ('{"value": 1e400000}', "1E+400000"),
        ('{"value": 12345678901234567890123456789}', "12345678901234567890123456789"),
    ],
)
def test_what_is_no_number_is_named_with_its_pointer(body: str, found: str) -> None:
    with pytest.raises(Unreadable, match=r"^At /value there is ") as wrong:
        values(body)
    assert f"there is {found}, where a number" in wrong.value.sentence
    assert wrong.value.field == "valueAt"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"value": NaN}',
        b"[" * 100_000,
        b'{"value": 1} 2',
        b'"\xed\xa0\x80"',
        b"9" * 100_000 + b",",
    ],
)
def test_what_is_no_json_is_not_read(body: bytes) -> None:
    with pytest.raises(NotRead):
        of_json(body, places())


def test_many_are_read_or_none() -> None:
    at = places("amount", "on", "no", "data.rows")
    body = {
        "data": {"rows": [{"amount": 1, "on": "2026-03-01", "no": 7}, {"amount": 2, "on": "2026-03-02", "no": "8"}]}
    }
    assert of_json(json.dumps(body).encode(), at) == (
        SourceReading(value=Decimal(1), taken_on=date(2026, 3, 1), external_id="7"),
        SourceReading(value=Decimal(2), taken_on=date(2026, 3, 2), external_id="8"),
    )
    body["data"]["rows"][1]["amount"] = "many"
    with pytest.raises(Unreadable, match="At item 1 amount there is “many”"):
        of_json(json.dumps(body).encode(), at)
    with pytest.raises(Unreadable, match=r"At data\.rows there is an object, where a list belongs"):
        of_json(b'{"data": {"rows": {}}}', at)


def test_too_many_are_refused() -> None:
    with pytest.raises(NotRead, match="at most 5000"):
        of_json(json.dumps([{"value": 1}] * 5_001).encode(), places(items=""))


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("2026-03-01T23:30:00Z", date(2026, 3, 2)),
        ("2026-03-01T23:30:00+01:00", date(2026, 3, 1)),
        ("2026-03-01T23:30:00", date(2026, 3, 1)),
    ],
)
def test_a_moment_is_of_the_day_in_the_organisations_zone(told: str, day: date) -> None:
    (reading,) = of_json(json.dumps({"value": 1, "at": told}).encode(), places(day="at", zone="Europe/Berlin"))
    assert reading.taken_on == day


@pytest.mark.parametrize(
    "told", [20260301, "20260301", "1 March", "2026-13-01", "0001-01-01", "2026-W10-7", None, True]
)
def test_what_is_no_day_is_named(told: object) -> None:
    with pytest.raises(Unreadable) as wrong:
        of_json(json.dumps({"value": 1, "at": told}).encode(), places(day="/at"))
    assert wrong.value.field == "dayAt"


@pytest.mark.parametrize("told", ["", "x" * 301, 1.5, None, True, [], "a\u0000b"])
def test_what_is_no_id_is_named(told: object) -> None:
    with pytest.raises(Unreadable) as wrong:
        of_json(json.dumps({"value": 1, "id": told}).encode(), places(known="/id"))
    assert wrong.value.field == "idAt"


def test_a_delivery_is_the_id_of_what_tells_none() -> None:
    (one,) = of_json(b'{"value": 1}', places(), "msg_1")
    assert one.external_id == "msg_1"
    many = of_json(b'[{"value": 1}, {"value": 2}]', places(items=""), "msg_1")
    assert [one.external_id for one in many] == ["msg_1#0", "msg_1#1"]
    (own,) = of_json(b'{"value": 1, "id": "own"}', places(known="id"), "msg_1")
    assert own.external_id == "own"


def test_csv_is_read_by_its_columns() -> None:
    at = places("amount", "on", "no")
    for text in (
        "no,on,amount\n1,2026-03-01,5\n\n2,2026-03-02,6.5\n",
        "\ufeffno;on;amount\r\n1;2026-03-01;5\r\n2;2026-03-02;6.5",
    ):
        assert [(one.external_id, one.taken_on, one.value) for one in of_csv(text.encode(), at)] == [
            ("1", date(2026, 3, 1), Decimal(5)),
            ("2", date(2026, 3, 2), Decimal("6.5")),
        ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"no,on\n1,2026-03-01\n", "At row 1 amount there is nothing"),
        (b"no,on,amount\n1,2026-03-01\n", "At row 1 amount there is nothing"),
        (b"no,on,amount\n1,2026-03-01,many\n", "At row 1 amount there is “many”"),
        (b'no,on,amount\n1,2026-03-01,"5\n', "Send CSV in UTF-8"),
        (b"\xff", "Send CSV in UTF-8"),
    ],
)
def test_csv_that_cannot_be_read_is_told(text: bytes, sentence: str) -> None:
    with pytest.raises(NotRead, match=sentence):
        of_csv(text, places("amount", "on", "no"))


def test_rows_of_a_database_are_read_as_they_are_typed() -> None:
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    known = UUID(int=7)
    rows: list[dict[str, Any]] = [
        {"v": Decimal("1.50"), "d": date(2026, 3, 1), "i": 7},
        {"v": 2, "d": moment, "i": known},
        {"v": 0.1, "d": moment.astimezone(timezone(timedelta(hours=-9))), "i": "x"},
    ]
    read = of_rows(rows, places("v", "d", "i", zone="Europe/Berlin"))
    assert [(one.value, one.taken_on, one.external_id) for one in read] == [
        (Decimal("1.50"), date(2026, 3, 1), "7"),
        (Decimal(2), date(2026, 3, 2), str(known)),
        (Decimal("0.1"), date(2026, 3, 2), "x"),
    ]
    for wrong in (None, float("nan"), float("inf"), b"1", [1]):
        with pytest.raises(Unreadable):
            of_rows([{"v": wrong}], places("v"))


@given(JSON, st.sampled_from(["", "a", "a.b", "/a/0", "/b", "0"]), st.sampled_from([None, "", "c", "a.0"]))
def test_whatever_comes_is_read_safely_or_named(document: Any, value_at: str, items_at: str | None) -> None:
    try:
        read = of_json(
            json.dumps(document).encode(), Places(value_at, "d" if items_at == "c" else None, None, items_at, "UTC")
        )
    except NotRead:
        return
    for one in read:
        _, digits, exponent = one.value.as_tuple()
        assert isinstance(exponent, int)
        assert len(digits) <= MOST_DIGITS
        assert LEAST_EXPONENT <= exponent <= MOST_EXPONENT


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_not(body: bytes) -> None:
    for read in (of_json, of_csv):
        with suppress(NotRead):
            assert all(one.taken_on and one.external_id for one in read(body, places("value", "day", "id")))
