"""Who may say who sees an outcome (R15)."""

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.codes import NOT_ALLOWED, NOT_FOUND
from domain.kernel import Refused
from domain.outcomes import OutcomeSet
from domain.people import PersonRegistered, TeamFormed
from domain.values import Invalid, Role
from domain.visibility import SetVisibility, Sight, Visibility, VisibilitySet
from tests.given import ANA, BEN, CAT, given, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories_work import OUTCOME, an_outcome

TEAM = named("team")
PEOPLE = [PersonRegistered(person_id=one, name="One") for one in (ANA, BEN, CAT)]


def hiding(visibility: Visibility = Visibility.OWNER_AND_LEADS) -> SetVisibility:
    return SetVisibility(outcome_id=OUTCOME, visibility=visibility)


def test_r15_who_may_see_is_said_and_said_once() -> None:
    hidden = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.OWNER_AND_LEADS)
    given(an_outcome()).when(hiding()).then(hidden)
    given(an_outcome(), hidden).when(hiding()).then_nothing()
    given().when(hiding()).then_refused(NOT_FOUND, "outcomeId")


def test_r15_named_people_come_and_go() -> None:
    naming = SetVisibility(outcome_id=OUTCOME, visibility=Visibility.NAMED, person_ids=(BEN,))
    was = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.NAMED, added_ids=(ANA,))
    given(an_outcome(), was, PEOPLE[1]).when(naming).then(
        VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.NAMED, added_ids=(BEN,), removed_ids=(ANA,))
    )
    given(an_outcome()).when(naming).then_refused(NOT_FOUND, "personIds")
    with pytest.raises(Invalid):
        SetVisibility(outcome_id=OUTCOME, visibility=Visibility.TEAM, person_ids=(BEN,))


def test_r15_only_the_owner_and_leads_say_who_may_see() -> None:
    ledger = MemoryLedger()
    owned = OutcomeSet(outcome_id=OUTCOME, title="Bread", owner_id=BEN, team_id=TEAM)
    ledger.store(owned, TeamFormed(team_id=TEAM, name="Ovens", lead_ids=(CAT,)))
    with pytest.raises(Refused) as refused:
        ledger.execute(hiding(), issued(ANA, role=Role.MEMBER))
    assert refused.value.code == NOT_ALLOWED
    assert ledger.execute(hiding(), issued(BEN, role=Role.MEMBER))
    assert ledger.execute(hiding(Visibility.TEAM), issued(CAT, role=Role.MEMBER))


@drawn(st.lists(st.lists(st.sampled_from([ANA, BEN, CAT]), max_size=3), max_size=6))
def test_r15_those_who_are_named_are_those_who_were_said_last(said: list[list[object]]) -> None:
    ledger = MemoryLedger()
    ledger.store(an_outcome(), *PEOPLE)
    for people in said:
        naming = SetVisibility(outcome_id=OUTCOME, visibility=Visibility.NAMED, person_ids=tuple(people))  # pyright: ignore[reportArgumentType]
        ledger.execute(naming, issued())
    sight = Sight(OUTCOME)
    for position, event in enumerate(ledger.events(), start=1):
        if isinstance(event, VisibilitySet):
            sight.take(event, position)
    assert sight.named == (set(said[-1]) if said else set())
