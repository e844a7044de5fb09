"""What is noted of access: the first use of a key on a day, refusals once an hour, of sources' keys too, and by the
system alone."""

from datetime import date
from typing import Any

import pytest

from domain.access import (
    Export,
    Exported,
    KeyRefused,
    KeyUsed,
    Mistake,
    NoteExported,
    NoteKeyRefused,
    NoteKeyUsed,
    NoteSourceRefused,
    SourceRefused,
)
from domain.codes import NOT_ALLOWED, NOT_FOUND
from domain.organisation import ApiKeyIssued
from domain.sources import SourceConnected, SourceDisconnected, SourceKind
from domain.values import Role
from tests.given import ANA, ORGANISATION, given, named
from tests.stories import founded

KEY = named("key")
ISSUED = ApiKeyIssued(api_key_id=KEY, name="Board", role=Role.READER, scopes=(), lookup="look", digest="0" * 64)
DAY = date(2022, 6, 15)
USED = KeyUsed(api_key_id=KEY, used_on=DAY)
REFUSED = KeyRefused(api_key_id=KEY, refused_on=DAY, hour=9, mistake=Mistake.OTHER_SECRET, times=3)
USING = NoteKeyUsed(api_key_id=KEY, used_on=DAY)
REFUSING = NoteKeyRefused(api_key_id=KEY, refused_on=DAY, hour=9, mistake=Mistake.OTHER_SECRET, times=3)


def test_the_use_of_a_key_is_noted_once_a_day() -> None:
    given(ISSUED).when(USING, by=None).then(USED)
    given(ISSUED, USED).when(USING, by=None).then_nothing()
    next_day = date(2022, 6, 16)
    given(ISSUED, USED).when(NoteKeyUsed(api_key_id=KEY, used_on=next_day), by=None).then(
        KeyUsed(api_key_id=KEY, used_on=next_day)
    )


def test_refusals_of_a_key_are_noted_once_an_hour_for_each_mistake() -> None:
    given(ISSUED).when(REFUSING, by=None).then(REFUSED)
    given(ISSUED, REFUSED).when(REFUSING, by=None).then_nothing()
    revoked = NoteKeyRefused(api_key_id=KEY, refused_on=DAY, hour=9, mistake=Mistake.REVOKED)
    given(ISSUED, REFUSED).when(revoked, by=None).then(
        KeyRefused(api_key_id=KEY, refused_on=DAY, hour=9, mistake=Mistake.REVOKED, times=1)
    )


def test_what_is_no_key_is_not_noted() -> None:
    given().when(USING, by=None).then_refused(NOT_FOUND, "apiKeyId")
    given().when(REFUSING, by=None).then_refused(NOT_FOUND, "apiKeyId")


SOURCE, MEASURE = named("source"), named("measure")
CONNECTED = SourceConnected(source_id=SOURCE, kind=SourceKind.PUSH_JSON, value_at="/v", measure_id=MEASURE)


def refusing(mistake: Mistake = Mistake.OTHER_SECRET, times: int = 1) -> NoteSourceRefused:
    return NoteSourceRefused(source_id=SOURCE, refused_on=DAY, hour=9, mistake=mistake, times=times)


def test_refusals_of_what_a_source_is_sent_by_are_noted_once_an_hour_for_each_mistake() -> None:
    first, second = (
        SourceRefused(source_id=SOURCE, refused_on=DAY, hour=9, mistake=one, times=times, measure_id=MEASURE)
        for one, times in ((Mistake.OTHER_SECRET, 3), (Mistake.REVOKED, 1))
    )
    given(CONNECTED).when(refusing(times=3), by=None).then(first)
    given(CONNECTED, first).when(refusing(), by=None).then_nothing()
    gone = SourceDisconnected(source_id=SOURCE, measure_id=MEASURE)
    given(CONNECTED, gone, first).when(refusing(Mistake.REVOKED), by=None).then(second)


def test_a_refusal_is_noted_by_the_system_alone_and_of_a_source_that_there_is() -> None:
    given(CONNECTED).when(refusing(), by=ANA).then_refused(NOT_ALLOWED)
    given().when(refusing(), by=None).then_refused(NOT_FOUND, "sourceId")


@pytest.mark.parametrize(
    "fields",
    [
        {"export": Export.AUDIT, "count": 3, "first": 2, "last": 4},
        {"export": Export.AUDIT, "count": 1, "first": 1, "last": 4, "concerning_id": named("outcome")},
        {"export": Export.PERSON, "count": 7, "person_id": ANA},
    ],
)
def test_each_export_is_noted_with_what_it_held(fields: dict[str, Any]) -> None:
    exported = Exported(organisation_id=ORGANISATION, **fields)
    given(founded()).when(NoteExported(**fields), by=None).then(exported)
    given(founded()).when(NoteExported(**fields), by=ANA).then_refused(NOT_ALLOWED)
    given().when(NoteExported(**fields), by=None).then_refused(NOT_FOUND)


def test_nobody_but_the_system_notes_access() -> None:
    given(ISSUED).when(USING, by=ANA).then_refused(NOT_ALLOWED)
    given(ISSUED).when(REFUSING, by=ANA).then_refused(NOT_ALLOWED)
