"""Who takes a person's duties while they are away."""

from contextlib import nullcontext
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import INVALID, NOT_ALLOWED, NOT_FOUND
from domain.delegation import DelegateDuties, Delegations, DutiesDelegated
from domain.kernel import Refused
from domain.values import Invalid, Role
from tests.given import ANA, BEN, CAT, given, issued
from tests.stories import BusyLedger, person

JULY, AUGUST, SEPTEMBER = date(2022, 7, 1), date(2022, 8, 1), date(2022, 9, 1)


def delegate(to: UUID = BEN, ends_on: date = AUGUST, starts_on: date = JULY) -> DelegateDuties:
    return DelegateDuties(person_id=ANA, delegate_id=to, starts_on=starts_on, ends_on=ends_on, reason="leave")


def delegated(to: UUID = BEN, ends_on: date = AUGUST) -> DutiesDelegated:
    return DutiesDelegated(person_id=ANA, delegate_id=to, starts_on=JULY, ends_on=ends_on, reason="leave")


def test_duties_are_delegated_once() -> None:
    given(person(ANA), person(BEN)).when(delegate()).then(delegated())
    given(person(ANA), person(BEN), delegated()).when(delegate()).then_nothing()


def test_a_delegation_from_the_same_day_gets_another_end() -> None:
    longer = delegate(ends_on=SEPTEMBER)
    given(person(ANA), person(BEN), delegated()).when(longer).then(delegated(ends_on=SEPTEMBER))


def test_duties_go_from_and_to_people_who_exist() -> None:
    given(person(BEN)).when(delegate()).then_refused(NOT_FOUND, "personId")
    given(person(ANA)).when(delegate()).then_refused(NOT_FOUND, "delegateId")


def test_nobody_takes_their_own_duties() -> None:
    given(person(ANA)).when(delegate(to=ANA)).then_refused(INVALID, "delegateId")


def test_a_delegation_ends_no_earlier_than_it_begins() -> None:
    with pytest.raises(Invalid):
        delegate(starts_on=AUGUST, ends_on=JULY)


@pytest.mark.parametrize(
    ("by", "role", "may"), [(ANA, Role.MEMBER, True), (BEN, Role.MEMBER, False), (BEN, Role.LEAD, True)]
)
def test_duties_are_delegated_by_the_person_themself_or_a_lead(by: UUID, role: Role, may: bool) -> None:
    ledger = BusyLedger(person(ANA), person(BEN))
    with nullcontext() if may else pytest.raises(Refused, match=str(NOT_ALLOWED)):
        ledger.execute(delegate(), issued(by, role=role))
    assert (len(ledger.events()) == 3) is may


asked = st.builds(delegate, st.sampled_from([ANA, BEN, CAT]), st.sampled_from([AUGUST, SEPTEMBER]))


@for_all(st.lists(st.tuples(asked, asked), max_size=5))
def test_no_two_at_once_delegate_what_is_delegated_already(pairs: list[tuple[DelegateDuties, DelegateDuties]]) -> None:
    ledger = BusyLedger(person(ANA), person(BEN), person(CAT))
    for first, second in pairs:
        ledger.interleave(first, second)
    delegations = Delegations(ANA)
    for position, event in enumerate(ledger.events(), start=1):
        if isinstance(event, DutiesDelegated):
            assert event.delegate_id != ANA
            assert delegations.standing.get((event.delegate_id, event.starts_on)) != event
            delegations.take(event, position)
