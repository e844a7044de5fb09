"""Many readings at once: all of them, or none (R8, R9, R12)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, NOT_FOUND, READING_DIFFERS, READINGS_REFUSED
from domain.kernel import Refused
from domain.readings import Origin, ReadingTaken
from domain.taking import MOST_READINGS, ReadingGiven, ReadingsRefused, TakeReading, TakeReadings
from domain.values import Invalid
from tests.given import TODAY, given, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories_work import MEASURE, measure


def one(value: int = 5, **fields: Any) -> ReadingGiven:
    given: dict[str, Any] = {"measure_id": MEASURE, "value": Decimal(value), "taken_on": TODAY}
    return ReadingGiven(**given | fields)


def told(nth: int, value: int = 5) -> ReadingGiven:
    return one(value, source="Shop", external_id=str(nth))


def refusals(ledger: MemoryLedger, *readings: ReadingGiven) -> dict[int, Refused]:
    before = len(ledger.events())
    with pytest.raises(ReadingsRefused) as refused:
        ledger.execute(TakeReadings(readings=readings), issued())
    assert refused.value.code == READINGS_REFUSED
    assert len(ledger.events()) == before
    return refused.value.refusals


def test_r9_many_are_taken_in_their_order() -> None:
    ledger = MemoryLedger()
    ledger.store(measure())
    taken = ledger.execute(TakeReadings(readings=(one(5), one(7, note="Rain"), one(6))), issued())
    assert [event.value for event in taken if isinstance(event, ReadingTaken)] == [5, 7, 6]
    assert {event.as_dict()["origin"] for event in taken} == {Origin.IMPORT}
    assert len({event.as_dict()["reading_id"] for event in taken}) == 3


def test_r9_none_is_taken_where_one_is_refused_and_each_is_named() -> None:
    ledger = MemoryLedger()
    ledger.store(measure())
    found = refusals(
        ledger, one(), one(taken_on=date(2022, 6, 16)), one(), one(measure_id=named("nothing")), told(1), told(1)
    )
    assert {nth: refusal.code for nth, refusal in found.items()} == {1: DAY_IN_FUTURE, 3: NOT_FOUND, 5: ALREADY_EXISTS}


def test_the_sentence_tells_of_a_few_and_the_fields_of_all() -> None:
    given(measure()).when(TakeReadings(readings=(one(), *[one(measure_id=named("nothing"))] * 8))).then_refused(
        READINGS_REFUSED, *(f"readings[{nth}].measureId" for nth in range(1, 9))
    )


@drawn(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), min_size=1, max_size=12))
def test_r12_a_list_tells_what_its_readings_tell_one_by_one(pairs: list[tuple[int, int]]) -> None:
    """The oracle is take-reading: the same ids are known, the same differ, but for the all or none."""
    together, apart = MemoryLedger(), MemoryLedger()
    for ledger in (together, apart):
        ledger.store(measure())
        ledger.execute(TakeReadings(readings=(told(0), told(1, 2))), issued())
    wanted: dict[int, str] = {}
    seen: set[int] = set()
    for nth, (external, value) in enumerate(pairs):
        if external in seen:
            wanted[nth] = ALREADY_EXISTS.name
            continue
        seen.add(external)
        single = TakeReading(
            reading_id=named(f"reading {nth}"), measure_id=MEASURE, value=Decimal(value), taken_on=TODAY,
            source="Shop", external_id=str(external), origin=Origin.IMPORT,
        )  # fmt: skip
        try:
            apart.execute(single, issued())
        except Refused as refused:
            wanted[nth] = refused.code.name
    readings = tuple(told(external, value) for external, value in pairs)
    if wanted:
        assert {nth: refusal.code.name for nth, refusal in refusals(together, *readings).items()} == wanted
        return
    together.execute(TakeReadings(readings=readings), issued())
    values = [[event.as_dict() | {"reading_id": None} for event in ledger.events()] for ledger in (together, apart)]
    assert values[0] == values[1]


def test_r12_the_same_file_again_adds_nothing_and_another_value_is_refused() -> None:
    ledger = MemoryLedger()
    ledger.store(measure())
    command = TakeReadings(readings=(told(1), told(2)))
    assert len(ledger.execute(command, issued())) == 2
    assert not ledger.execute(command, issued())
    assert refusals(ledger, told(1), told(2, 6))[1].code == READING_DIFFERS


def test_a_reading_that_cannot_be_meant_is_named_by_its_place() -> None:
    with pytest.raises(Invalid) as invalid:
        TakeReadings(readings=(one(), one(indicator_id=named("indicator"))))
    assert invalid.value.field == "readings[1].measureId"
    with pytest.raises(Invalid) as invalid:
        TakeReadings(readings=(one(), one(note="\x00")))
    assert invalid.value.field == "readings[1].note"
    assert MOST_READINGS <= 5_000, "deciding on them holds everybody else up"
