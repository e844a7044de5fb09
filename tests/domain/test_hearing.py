"""What a source tells: taken once, all or none, held back while it is paused; and by the system alone (R9, R12)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.codes import NOT_ALLOWED, NOT_FOUND, READINGS_REFUSED, SOURCE_DISCONNECTED
from domain.cycles import CycleClosed
from domain.hearing import HearSource, SourceReading
from domain.kernel import Event
from domain.outcomes import OutcomeSet
from domain.readings import Origin, ReadingHeldBack, ReadingTaken
from domain.sources import SourceHeardAgain
from domain.taking import ReadingsRefused
from tests.domain.test_sources import DISCONNECTED, FED, HEARD, PAUSED, RESUMED, SILENT, SOURCE, connected
from tests.given import TODAY, given, issued
from tests.memory_ledger import MemoryLedger
from tests.stories import QUARTER, cycle
from tests.stories_work import MEASURE, OUTCOME, measure

YESTERDAY, TOMORROW = date(2022, 6, 14), date(2022, 6, 16)


def told(value: int = 5, taken_on: date | None = TODAY, external_id: str | None = None) -> SourceReading:
    return SourceReading(value=Decimal(value), taken_on=taken_on, external_id=external_id)


class Listening:
    """A measure with a source, and what came of what it told."""

    def __init__(self, *more: Event) -> None:
        self.ledger = MemoryLedger()
        self.ledger.store(measure(), connected(), *more)

    def hear(self, *readings: SourceReading) -> list[Event]:
        return list(self.ledger.execute(HearSource(source_id=SOURCE, readings=readings), issued(None)))

    def values(self, *readings: SourceReading) -> list[Decimal]:
        """Of those that were taken."""
        return [event.value for event in self.hear(*readings) if isinstance(event, ReadingTaken)]


def test_what_a_source_tells_is_taken_as_the_sources() -> None:
    (taken,) = Listening().hear(told(external_id="7"))
    assert isinstance(taken, ReadingTaken)
    assert (taken.value, taken.taken_on, taken.origin) == (5, TODAY, Origin.SOURCE)
    assert (taken.source_id, taken.measure_id, taken.external_id) == (SOURCE, MEASURE, "7")


def test_without_a_day_it_is_todays() -> None:
    (taken,) = Listening().hear(told(taken_on=None))
    assert isinstance(taken, ReadingTaken)
    assert taken.taken_on == TODAY


def test_r12_what_is_told_again_under_its_id_adds_nothing() -> None:
    listening = Listening()
    assert listening.values(told(external_id="7")) == [5]
    assert listening.values(told(external_id="7")) == []
    assert listening.values(told(external_id="7"), told(6, external_id="8")) == [6]


def test_r12_another_value_under_the_same_id_is_refused() -> None:
    listening = Listening()
    listening.hear(told(external_id="7"))
    with pytest.raises(ReadingsRefused):
        listening.hear(told(6, external_id="7"))


@drawn(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([YESTERDAY, TODAY])), max_size=12))
def test_without_ids_only_the_last_of_a_day_is_no_news(tellings: list[tuple[int, date]]) -> None:
    """Against the plain rule: taken whenever it differs from what was told last for its day."""
    listening, last = Listening(), dict[date, int]()
    for value, day in tellings:
        expected = [] if last.get(day) == value else [value]
        assert listening.values(told(value, day)) == expected
        last[day] = value


def test_a_day_told_twice_at_once_needs_ids() -> None:
    story = given(measure(), connected()).when(HearSource(source_id=SOURCE, readings=(told(5), told(6))), by=None)
    story.then_refused(READINGS_REFUSED, "readings[1].takenOn")
    ids = (told(5, external_id="1"), told(6, external_id="2"))
    assert Listening().values(*ids) == [5, 6]


def test_all_or_none() -> None:
    readings = (told(5, YESTERDAY), told(6, TOMORROW))
    given(measure(), connected()).when(HearSource(source_id=SOURCE, readings=readings), by=None).then_refused(
        READINGS_REFUSED, "readings[1].takenOn"
    )


def test_r8_nothing_more_is_taken_inside_a_closed_cycle() -> None:
    closed = (
        OutcomeSet(outcome_id=OUTCOME, title="Fewer waits", cycle_id=QUARTER),
        cycle(),
        CycleClosed(cycle_id=QUARTER, closed_on=TODAY),
    )
    hear = HearSource(source_id=SOURCE, readings=(told(5, YESTERDAY),))
    given(measure(), connected(), *closed).when(hear, by=None).then_refused(READINGS_REFUSED, "readings[0].takenOn")


def test_while_it_is_paused_it_is_held_back_and_counts_no_more_afterwards() -> None:
    listening = Listening(PAUSED)
    (held,) = listening.hear(told(external_id="7"))
    assert isinstance(held, ReadingHeldBack)
    assert (held.value, held.taken_on, held.source_id, held.measure_id) == (5, TODAY, SOURCE, MEASURE)
    assert listening.hear(told(external_id="7")) == []
    listening.ledger.store(RESUMED)
    assert listening.hear(told(external_id="7")) == [], "held back stays held back"
    assert listening.values(told(6, external_id="8")) == [6]


def test_without_ids_the_value_that_stands_counts_once_it_is_resumed() -> None:
    listening = Listening(PAUSED)
    assert len(listening.hear(told(5))) == 1
    assert listening.hear(told(5)) == []
    listening.ledger.store(RESUMED)
    assert listening.values(told(5)) == [5]
    assert listening.values(told(5)) == []


def test_a_silence_is_over_with_whatever_is_told() -> None:
    listening = Listening()
    listening.hear(told(5))
    listening.ledger.store(SILENT)
    assert listening.hear() == [], "nothing is no word"
    assert listening.hear(told(5)) == [HEARD], "nothing new, and yet it speaks"
    assert listening.hear(told(5)) == []
    listening.ledger.store(SILENT)
    taken, heard = listening.hear(told(6))
    assert isinstance(taken, ReadingTaken)
    assert heard == SourceHeardAgain(source_id=SOURCE, **FED)


def test_nobody_passes_for_a_source() -> None:
    hear = HearSource(source_id=SOURCE, readings=(told(),))
    given(measure(), connected()).when(hear).then_refused(NOT_ALLOWED)
    given().when(hear, by=None).then_refused(NOT_FOUND, "sourceId")
    given(measure(), connected(), DISCONNECTED).when(hear, by=None).then_refused(SOURCE_DISCONNECTED, "sourceId")
