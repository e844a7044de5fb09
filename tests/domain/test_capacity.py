"""How much effort people can give: who states it, and from when it holds."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.capacity import Capacity, CapacityStated, StateCapacity
from domain.codes import NOT_ALLOWED, NOT_FOUND, PERSON_LEFT, PERSON_REQUIRED
from domain.people import PersonDeactivated
from domain.policy import EffortUnit, PolicySet
from tests.given import ANA, BEN, CAT, ORGANISATION, TODAY, given, given_loosely, named
from tests.stories import BusyLedger, joined, person, team

TWENTY = Decimal(20)
IN_HOURS = PolicySet(organisation_id=ORGANISATION, effort_unit=EffortUnit.HOURS)
PARENT = named("parent team")


def stated(amount: int | None = 20, on: date = TODAY, unit: EffortUnit | None = EffortUnit.POINTS) -> CapacityStated:
    per_week = None if amount is None else Decimal(amount)
    return CapacityStated(
        person_id=ANA, effective_on=on, per_week=per_week, unit=unit if per_week is not None else None
    )


def test_who_can_give_it_states_it_in_the_unit_of_the_policy_from_today() -> None:
    given(person()).when(StateCapacity(per_week=TWENTY)).then(stated())
    given(person(), IN_HOURS).when(StateCapacity(per_week=TWENTY)).then(stated(unit=EffortUnit.HOURS))
    own = StateCapacity(per_week=TWENTY, unit=EffortUnit.POINTS, effective_on=date(2022, 1, 3), reason="part time")
    expected = msgspec.structs.replace(stated(on=date(2022, 1, 3)), reason="part time")
    given(person(), IN_HOURS).when(own).then(expected)


def test_r15_a_lead_of_theirs_may_and_nobody_else() -> None:
    told = StateCapacity(person_id=ANA, per_week=TWENTY)
    given(person(), joined(), joined(BEN, lead=True)).when(told, by=BEN).then(stated())
    above = (team(PARENT, leads=[BEN]), team(parent=PARENT), joined())
    given_loosely(person(), *above).when(told, by=BEN).then(stated())
    given_loosely(person(), joined(), joined(BEN)).when(told, by=BEN).then_refused(NOT_ALLOWED, "personId")
    given_loosely(person(), joined(CAT), joined(BEN, lead=True)).when(told, by=BEN).then_refused(
        NOT_ALLOWED, "personId"
    )


def test_a_capacity_is_of_somebody_who_is_here() -> None:
    given().when(StateCapacity(per_week=TWENTY), by=None).then_refused(PERSON_REQUIRED)
    given().when(StateCapacity(per_week=TWENTY)).then_refused(NOT_FOUND, "personId")
    left = PersonDeactivated(person_id=ANA, reason="moved")
    given(person(), left).when(StateCapacity(per_week=TWENTY)).then_refused(PERSON_LEFT, "personId")


def test_stated_again_it_is_another_amount_and_the_same_is_stated_once() -> None:
    given(person(), stated()).when(StateCapacity(per_week=TWENTY)).then_nothing()
    given(person(), stated()).when(StateCapacity(per_week=Decimal(8))).then(stated(8))
    given(person(), stated()).when(StateCapacity(per_week=Decimal(0))).then(stated(0))


def test_without_an_amount_it_is_taken_back_where_there_is_one() -> None:
    given(person(), stated()).when(StateCapacity()).then(stated(None))
    given(person()).when(StateCapacity()).then_nothing()
    given(person(), stated(), stated(None)).when(StateCapacity()).then_nothing()
    later = stated(on=TODAY + timedelta(1))
    given(person(), later).when(StateCapacity()).then_nothing()


@pytest.mark.parametrize(
    "said", [{"perWeek": -1}, {"perWeek": 100_001}, {"unit": "HOURS"}, {"perWeek": 1, "unit": "DAYS"}]
)
def test_what_cannot_be_meant_is_not_read(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, StateCapacity)


days = st.integers(0, 4).map(lambda nth: TODAY + timedelta(nth))
amounts = st.sampled_from([None, Decimal(0), Decimal(8), Decimal(20)])
sayings = st.builds(StateCapacity, per_week=amounts, effective_on=days)


@for_all(st.lists(st.tuples(sayings, sayings), max_size=6))
def test_each_day_has_the_latest_word_about_the_nearest_day_before(
    pairs: list[tuple[StateCapacity, StateCapacity]],
) -> None:
    ledger = BusyLedger(person())
    for first, second in pairs:
        ledger.interleave(first, second)
    capacity, plain = Capacity(ANA), dict[date, Decimal | None]()
    for position, event in enumerate(ledger.events(), start=1):
        if isinstance(event, CapacityStated):
            assert capacity.stated.get(event.effective_on) != event
            capacity.take(event, position)
            plain[event.effective_on] = event.per_week
    for nth in range(6):
        day = TODAY + timedelta(nth)
        expected = next((plain[one] for one in sorted(plain, reverse=True) if one <= day), None)
        held = capacity.on(day)
        assert (held.per_week if held else None) == expected
