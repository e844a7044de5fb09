"""How a person wants to be told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import PERSON_REQUIRED
from domain.preferences import Preferences, PreferencesSet, SetPreferences
from tests.given import ANA, BEN, given
from tests.stories import BusyLedger

SAY = SetPreferences(digest_weekday=1, digest_hour=8, quiet_from_hour=22, quiet_until_hour=7, language="pt-BR")
SAID = PreferencesSet(
    person_id=ANA, digest_weekday=1, digest_hour=8, quiet_from_hour=22, quiet_until_hour=7, language="pt-BR"
)


def test_preferences_are_of_the_person_who_sets_them() -> None:
    given().when(SAY, by=ANA).then(SAID)
    given().when(SetPreferences(language="de"), by=BEN).then(PreferencesSet(person_id=BEN, language="de"))


def test_the_same_preferences_are_set_once() -> None:
    given(SAID).when(SAY).then_nothing()
    given().when(SetPreferences()).then_nothing()


def test_preferences_can_be_taken_back() -> None:
    given(SAID).when(SetPreferences()).then(PreferencesSet(person_id=ANA))


def test_a_time_zone_is_one_of_them() -> None:
    given(SAID).when(SetPreferences(time_zone="Pacific/Auckland")).then(
        PreferencesSet(person_id=ANA, time_zone="Pacific/Auckland")
    )


def test_preferences_are_somebodys() -> None:
    given().when(SAY, by=None).then_refused(PERSON_REQUIRED)


@pytest.mark.parametrize(
    "said",
    [
        {"digestWeekday": 1},
        {"digestHour": 8},
        {"digestWeekday": 8, "digestHour": 8},
        {"digestWeekday": 1, "digestHour": 24},
        {"quietFromHour": 22},
        {"quietUntilHour": 7},
        {"quietFromHour": 7, "quietUntilHour": 7},
        {"language": "German"},
        {"language": "de\n"},
        {"timeZone": "Mars/Base"},
        {"timeZone": "America"},
        {"timeZone": "auckland"},
    ],
)
def test_what_cannot_be_meant_is_not_read(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, SetPreferences)


sayings = st.builds(SetPreferences, language=st.sampled_from([None, "de", "en"]))


@for_all(st.lists(st.tuples(sayings, sayings), max_size=6))
def test_no_two_at_once_say_the_same_twice(pairs: list[tuple[SetPreferences, SetPreferences]]) -> None:
    ledger = BusyLedger()
    for first, second in pairs:
        ledger.interleave(first, second)
    preferences = Preferences(ANA)
    for position, event in enumerate(ledger.events(), start=1):
        assert isinstance(event, PreferencesSet)
        assert preferences.latest != event
        preferences.take(event, position)
