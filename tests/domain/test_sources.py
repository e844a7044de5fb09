"""Sources: what may be connected and by whom, who may change it, and what each command comes to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.codes import (
    ALREADY_EXISTS,
    INVALID,
    MEASURE_RETIRED,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_READ_DIRECTLY,
    SOURCE_DISCONNECTED,
    SOURCE_LIMIT_REACHED,
    SOURCE_MISSING,
    SOURCE_THERE,
)
from domain.connecting import (
    ConnectSource,
    DisconnectSource,
    NoteSourceSilent,
    PauseSource,
    ResumeSource,
    ReviseSource,
    RotateSourceKey,
)
from domain.indicators import IndicatorDefined
from domain.kernel import Command, Event
from domain.measures import Direction, MeasureRetired
from domain.readings import Origin, ReadingTaken
from domain.rosters import Rostered, roster_of
from domain.sources import (
    MOST_SOURCES,
    SourceConnected,
    SourceDisconnected,
    SourceHeardAgain,
    SourceKeyRotated,
    SourceKind,
    SourcePaused,
    SourceResumed,
    SourceRevised,
    SourceSilent,
)
from domain.taking import Override, TakeReading
from domain.values import Invalid, Role
from tests.given import ANA, BEN, ORGANISATION, TODAY, given, given_loosely, named
from tests.stories_work import MEASURE, OUTCOME, READING, measure

SOURCE, SECRET, FORMER_SECRET, INDICATOR = named("source"), named("secret"), named("former"), named("indicator")
DIGEST, FORMER_DIGEST = "1" * 64, "0" * 64
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
ROSTER = roster_of(ORGANISATION, Rostered.SOURCES)
FED: dict[str, Any] = {"measure_id": MEASURE, "outcome_id": OUTCOME}


def connect(kind: SourceKind = SourceKind.PUSH_JSON, **more: Any) -> ConnectSource:
    fields: dict[str, Any] = {"measure_id": MEASURE, "value_at": "/value", **more}
    return ConnectSource(source_id=SOURCE, kind=kind, lookup="k2", digest=DIGEST, secret_id=SECRET, **fields)


def connected(by: UUID | None = ANA, kind: SourceKind = SourceKind.PUSH_JSON, **more: Any) -> SourceConnected:
    key: dict[str, Any] = {} if kind.pulls or more.get("secret_id") else {"lookup": "k1", "digest": FORMER_DIGEST}
    fields: dict[str, Any] = {"value_at": "/value", "roster_id": ROSTER, **FED, **key, **more}
    return SourceConnected(source_id=SOURCE, kind=kind, person_id=by, **fields)


PAUSED = SourcePaused(source_id=SOURCE, **FED)
RESUMED = SourceResumed(source_id=SOURCE, **FED)
DISCONNECTED = SourceDisconnected(source_id=SOURCE, roster_id=ROSTER, **FED)
SILENT = SourceSilent(source_id=SOURCE, silent_since=NOON, **FED)
HEARD = SourceHeardAgain(source_id=SOURCE, **FED)


def rotate(hours: int = 24) -> RotateSourceKey:
    return RotateSourceKey(source_id=SOURCE, lookup="k2", digest=DIGEST, secret_id=SECRET, overlap_hours=hours)


def test_whoever_may_take_readings_connects_what_sends_them() -> None:
    given(measure()).when(connect(), role=Role.MEMBER).then(
        SourceConnected(
            source_id=SOURCE,
            kind=SourceKind.PUSH_JSON,
            value_at="/value",
            measure_id=MEASURE,
            outcome_id=OUTCOME,
            person_id=ANA,
            lookup="k2",
            digest=DIGEST,
            roster_id=ROSTER,
        )
    )


def test_what_signs_has_a_secret_and_no_key() -> None:
    given(measure()).when(connect(signed=True, title="Shop", expect_every_hours=24)).then(
        connected(secret_id=SECRET, title="Shop", expect_every_hours=24)
    )


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (SourceKind.PULL_HTTP, {"address": "https://example.com/figures"}),
        (SourceKind.PULL_HTTP, {"address": "https://example.com/figures", "connection": "crm"}),
        (SourceKind.PULL_SQL, {"connection": "warehouse", "query": "select 1 as value", "value_at": "value"}),
    ],
)
def test_a_lead_has_something_fetched_each_hour_unless_told_otherwise(kind: SourceKind, terms: dict[str, Any]) -> None:
    given(measure()).when(connect(kind, **terms), role=Role.LEAD).then(connected(kind=kind, every_minutes=60, **terms))
    given_loosely(measure()).when(connect(kind, **terms), role=Role.MEMBER).then_refused(NOT_ALLOWED, "kind")


def test_an_indicator_has_a_source_too() -> None:
    defined = IndicatorDefined(indicator_id=INDICATOR, title="Visits")
    given(defined).when(connect(measure_id=None, indicator_id=INDICATOR)).then(
        connected(measure_id=None, outcome_id=None, indicator_id=INDICATOR, lookup="k2", digest=DIGEST)
    )


def test_one_source_feeds_a_measure_at_a_time() -> None:
    other = SourceConnected(source_id=named("other"), kind=SourceKind.PUSH_CSV, value_at="value", **FED)
    given(measure(), other).when(connect()).then_refused(SOURCE_THERE, "sourceId")
    gone = SourceDisconnected(source_id=named("other"), **FED)
    given(measure(), other, gone).when(connect()).then(connected(lookup="k2", digest=DIGEST))
    given(measure(), connected()).when(connect()).then_refused(ALREADY_EXISTS, "sourceId")


def test_a_source_feeds_what_is_there_and_read_directly() -> None:
    given().when(connect()).then_refused(NOT_FOUND, "measureId")
    retired = MeasureRetired(measure_id=MEASURE, outcome_id=OUTCOME, reason="Done.")
    given(measure(), retired).when(connect()).then_refused(MEASURE_RETIRED, "measureId")
    given(measure(Direction.CHECKLIST)).when(connect()).then_refused(NOT_READ_DIRECTLY, "measureId")
    given().when(connect(measure_id=None, indicator_id=INDICATOR)).then_refused(NOT_FOUND, "indicatorId")


def test_what_adds_up_needs_ids() -> None:
    given(measure(accumulates=True)).when(connect()).then_refused(INVALID, "idAt")
    given(measure(accumulates=True)).when(connect(id_at="/id")).then(connected(id_at="/id", lookup="k2", digest=DIGEST))
    given(measure(accumulates=True)).when(connect(signed=True)).then(connected(secret_id=SECRET))


@pytest.mark.parametrize(
    ("field", "kind", "terms"),
    [
        ("valueAt", SourceKind.PUSH_JSON, {"value_at": "/a~2"}),
        ("valueAt", SourceKind.PUSH_JSON, {"value_at": "a..b"}),
        ("itemsAt", SourceKind.PUSH_JSON, {"items_at": "a."}),
        ("valueAt", SourceKind.PUSH_CSV, {"value_at": ""}),
        ("itemsAt", SourceKind.PUSH_CSV, {"items_at": "rows"}),
        ("address", SourceKind.PUSH_JSON, {"address": "https://example.com/"}),
        ("everyMinutes", SourceKind.PUSH_CSV, {"every_minutes": 5}),
        ("connection", SourceKind.PUSH_JSON, {"connection": "crm"}),
        ("address", SourceKind.PULL_HTTP, {}),
        ("signed", SourceKind.PULL_HTTP, {"address": "https://example.com/", "signed": True}),
        ("connection", SourceKind.PULL_SQL, {"query": "select 1 as value"}),
        ("query", SourceKind.PULL_SQL, {"connection": "warehouse"}),
        ("query", SourceKind.PULL_SQL, {"connection": "warehouse", "query": "delete from orders"}),
        ("query", SourceKind.PULL_SQL, {"connection": "warehouse", "query": "copy orders to program 'sh'"}),
        ("measureId", SourceKind.PUSH_JSON, {"indicator_id": INDICATOR}),
        ("measureId", SourceKind.PUSH_JSON, {"measure_id": None}),
    ],
)
def test_a_source_is_told_what_its_kind_has(field: str, kind: SourceKind, terms: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as wrong:
        connect(kind, **terms)
    assert wrong.value.field == field


def test_what_is_left_out_of_a_revision_stays() -> None:
    given(connected(title="Shop", id_at="/id")).when(
        ReviseSource(source_id=SOURCE, value_at="data.value", expect_every_hours=4)
    ).then(
        SourceRevised(source_id=SOURCE, value_at="data.value", title="Shop", id_at="/id", expect_every_hours=4, **FED)
    )
    given(connected()).when(ReviseSource(source_id=SOURCE, value_at="/value")).then_nothing()
    given(connected()).when(ReviseSource(source_id=SOURCE, value_at="a..b")).then_refused(INVALID, "valueAt")
    given(connected()).when(ReviseSource(source_id=SOURCE, address="https://example.com/")).then_refused(
        INVALID, "address"
    )


def test_where_something_is_fetched_from_is_a_leads_to_say() -> None:
    pulled = connected(kind=SourceKind.PULL_HTTP, address="https://example.com/", every_minutes=60)
    elsewhere = ReviseSource(source_id=SOURCE, address="https://example.org/")
    given(pulled).when(elsewhere, role=Role.MEMBER).then_refused(NOT_ALLOWED, "sourceId")
    given(pulled).when(elsewhere, by=BEN, role=Role.LEAD).then(
        SourceRevised(source_id=SOURCE, value_at="/value", address="https://example.org/", every_minutes=60, **FED)
    )


def test_the_former_key_holds_for_a_while() -> None:
    given(connected()).when(rotate()).then(
        SourceKeyRotated(
            source_id=SOURCE,
            **FED,
            former_until=NOON + timedelta(hours=24),
            lookup="k2",
            digest=DIGEST,
            former_digest=FORMER_DIGEST,
        )
    )
    given(connected(secret_id=FORMER_SECRET)).when(rotate(0)).then(
        SourceKeyRotated(source_id=SOURCE, **FED, former_until=NOON, secret_id=SECRET, former_secret_id=FORMER_SECRET)
    )
    pulled = connected(kind=SourceKind.PULL_HTTP, address="https://example.com/", every_minutes=60)
    given(pulled).when(rotate()).then_refused(INVALID, "sourceId")


@pytest.mark.parametrize(
    "command",
    [
        rotate(),
        ReviseSource(source_id=SOURCE, value_at="/other"),
        PauseSource(source_id=SOURCE),
        ResumeSource(source_id=SOURCE),
        DisconnectSource(source_id=SOURCE),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_source_has_to_be_there(command: Command) -> None:
    given().when(command).then_refused(NOT_FOUND, "sourceId")
    given(connected(), DISCONNECTED).when(command).then_refused(SOURCE_DISCONNECTED, "sourceId")


@pytest.mark.parametrize("command", [rotate(), DisconnectSource(source_id=SOURCE)], ids=lambda one: type(one).__name__)
def test_who_connected_a_source_changes_it_or_a_lead(command: Command) -> None:
    given(connected(by=BEN)).when(command, role=Role.MEMBER).then_refused(NOT_ALLOWED, "sourceId")
    given(connected(by=None)).when(command, by=None, role=Role.MEMBER).then_refused(NOT_ALLOWED, "sourceId")
    for by, role in ((BEN, Role.MEMBER), (ANA, Role.LEAD)):
        story = given(connected(by=BEN)).when(command, by=by, role=role)
        assert story.refused is None
        assert len(story.emitted) == 1


def test_a_source_rests_and_goes_on_whoever_says_so() -> None:
    by: dict[str, Any] = {"by": BEN, "role": Role.MEMBER}
    pause, resume = PauseSource(source_id=SOURCE, reason="Moved."), ResumeSource(source_id=SOURCE)
    given(connected()).when(pause, **by).then(SourcePaused(source_id=SOURCE, reason="Moved.", **FED))
    given(connected(), PAUSED).when(pause, **by).then_nothing()
    given(connected(), PAUSED).when(resume, **by).then(RESUMED)
    given(connected()).when(resume, **by).then_nothing()


def test_a_source_feeds_nothing_once_it_is_disconnected() -> None:
    given(connected(), PAUSED).when(DisconnectSource(source_id=SOURCE, reason="Old.")).then(
        SourceDisconnected(source_id=SOURCE, reason="Old.", roster_id=ROSTER, **FED)
    )


NOTE = NoteSourceSilent(source_id=SOURCE, silent_since=NOON)


@pytest.mark.parametrize(
    ("before", "noted"),
    [
        ((), True),
        ((SILENT,), False),
        ((SILENT, HEARD), True),
        ((PAUSED,), False),
        ((SILENT, PAUSED, RESUMED), True),
    ],
)
def test_a_silence_is_noted_once(before: tuple[Event, ...], noted: bool) -> None:
    given(connected(), *before).when(NOTE, by=None).then(*([SILENT] if noted else []))


def test_silence_is_noted_by_the_timekeeper_alone() -> None:
    given(connected()).when(NOTE).then_refused(NOT_ALLOWED)
    given().when(NOTE, by=None).then_refused(NOT_FOUND, "sourceId")
    given(connected(), DISCONNECTED).when(NOTE, by=None).then_refused(SOURCE_DISCONNECTED, "sourceId")


def by_hand(override: Override = Override.ONCE) -> TakeReading:
    return TakeReading(reading_id=READING, measure_id=MEASURE, value=Decimal(7), taken_on=TODAY, override=override)


TAKEN = ReadingTaken(
    reading_id=READING,
    measure_id=MEASURE,
    outcome_id=OUTCOME,
    value=Decimal(7),
    taken_on=TODAY,
    origin=Origin.PERSON,
)


def test_a_reading_by_hand_leaves_the_source_alone_unless_it_is_to_stand() -> None:
    given_loosely(measure(), connected()).when(by_hand()).then(TAKEN)
    held = SourcePaused(source_id=SOURCE, reading_id=READING, **FED)
    given(measure(), connected()).when(by_hand(Override.UNTIL_RESUMED)).then(TAKEN, held)
    given(measure(), connected(), PAUSED).when(by_hand(Override.UNTIL_RESUMED)).then(TAKEN)


def test_nothing_is_overridden_where_no_source_is() -> None:
    given(measure()).when(by_hand(Override.UNTIL_RESUMED)).then_refused(SOURCE_MISSING, "override")
    given(measure(), connected(), DISCONNECTED).when(by_hand(Override.UNTIL_RESUMED)).then_refused(
        SOURCE_MISSING, "override"
    )


def test_an_organisation_has_a_limited_number_of_sources_and_disconnecting_one_makes_room() -> None:
    many: list[Event] = [
        SourceConnected(source_id=named(f"source {nth}"), kind=SourceKind.PUSH_JSON, value_at="/v", roster_id=ROSTER)
        for nth in range(MOST_SOURCES)
    ]
    given(measure(), *many).when(connect()).then_refused(SOURCE_LIMIT_REACHED, "sourceId")
    gone = SourceDisconnected(source_id=named("source 7"), roster_id=ROSTER)
    assert given(measure(), *many, gone).when(connect()).refused is None
