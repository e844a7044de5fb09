"""Following: what a person wants news of, once, and of what there is."""

from datetime import date

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.celebrations import Celebrated
from domain.codes import NOT_FOUND, PERSON_REQUIRED
from domain.entities import EntityKind
from domain.following import Follow, FollowingBegun, FollowingEnded, Unfollow
from domain.indicators import IndicatorDefined
from domain.initiatives import InitiativePlanned
from domain.kernel import Command, Event
from domain.milestones import MilestoneSet
from domain.promises import TaskCommitted, TaskRequested
from tests.given import ANA, BEN, given, issued, named
from tests.stories import (
    GROWTH,
    QUARTER,
    TEAM,
    A,
    BusyLedger,
    cycle,
    measure_named,
    measured,
    objective,
    outcome,
    person,
    team,
)

TASK, MILESTONE, VISITORS = named("task"), named("milestone"), named("visitors")
STALL, BRAVO = named("stall"), named("bravo")
DUE = date(2022, 9, 1)
FIRST = {
    EntityKind.PERSON: (BEN, person(BEN, "Ben")),
    EntityKind.TEAM: (TEAM, team()),
    EntityKind.OBJECTIVE: (GROWTH, objective()),
    EntityKind.CYCLE: (QUARTER, cycle()),
    EntityKind.OUTCOME: (A, outcome(A)),
    EntityKind.MEASURE: (measure_named(A), measured(A)),
    EntityKind.INDICATOR: (VISITORS, IndicatorDefined(indicator_id=VISITORS, title="Visitors")),
    EntityKind.TASK: (
        TASK,
        TaskCommitted(task_id=TASK, title="Mend", due_on=DUE, promiser_id=ANA, beneficiary_id=BEN),
    ),
    EntityKind.MILESTONE: (
        MILESTONE,
        MilestoneSet(milestone_id=MILESTONE, outcome_id=A, title="Half", due_on=DUE),
    ),
    EntityKind.INITIATIVE: (STALL, InitiativePlanned(initiative_id=STALL, outcome_id=A, title="A stall")),
    EntityKind.CELEBRATION: (
        BRAVO,
        Celebrated(
            celebration_id=BRAVO,
            author_id=BEN,
            title="Bravo",
            text=None,
            celebrated_on=DUE,
            about_id=A,
            person_ids=(),
            outcome_id=A,
        ),
    ),
}
FOLLOW, UNFOLLOW = Follow(entity_id=A, kind=EntityKind.OUTCOME), Unfollow(entity_id=A, kind=EntityKind.OUTCOME)
BEGUN = FollowingBegun(entity_id=A, follower_id=ANA, kind=EntityKind.OUTCOME)
ENDED = FollowingEnded(entity_id=A, follower_id=ANA)


@pytest.mark.parametrize("kind", EntityKind)
def test_whatever_there_is_can_be_followed(kind: EntityKind) -> None:
    entity_id, made = FIRST[kind]
    follow = Follow(entity_id=entity_id, kind=kind)
    given(made).when(follow).then(FollowingBegun(entity_id=entity_id, follower_id=ANA, kind=kind))
    given().when(follow).then_refused(NOT_FOUND, "entityId")
    given().when(Unfollow(entity_id=entity_id, kind=kind)).then_refused(NOT_FOUND, "entityId")


def test_a_task_that_is_only_asked_for_can_be_followed() -> None:
    asked = TaskRequested(task_id=TASK, title="Mend", due_on=DUE, promiser_id=ANA, beneficiary_id=BEN, requester_id=BEN)
    follow = Follow(entity_id=TASK, kind=EntityKind.TASK)
    given(asked).when(follow).then(FollowingBegun(entity_id=TASK, follower_id=ANA, kind=EntityKind.TASK))


def test_an_entity_is_of_its_own_kind() -> None:
    """The outcome bears the team's tag, and is no team."""
    given().when(Follow(entity_id=A, kind=EntityKind.TEAM)).then_refused(NOT_FOUND, "entityId")


def test_following_begins_once_and_ends_once() -> None:
    given(outcome(A), BEGUN).when(FOLLOW).then_nothing()
    given(outcome(A), BEGUN).when(UNFOLLOW).then(ENDED)
    given(outcome(A), BEGUN, ENDED).when(UNFOLLOW).then_nothing()
    given(outcome(A), BEGUN, ENDED).when(FOLLOW).then(BEGUN)


def test_everybody_follows_for_themself() -> None:
    begun = FollowingBegun(entity_id=A, follower_id=BEN, kind=EntityKind.OUTCOME)
    ledger = BusyLedger(outcome(A), BEGUN)
    ledger.execute(FOLLOW, issued(BEN))
    assert ledger.events()[-1] == begun


def test_news_is_for_somebody() -> None:
    given(outcome(A)).when(FOLLOW, by=None).then_refused(PERSON_REQUIRED)
    given(outcome(A)).when(UNFOLLOW, by=None).then_refused(PERSON_REQUIRED)


steps = st.sampled_from([FOLLOW, UNFOLLOW])


@for_all(st.lists(st.tuples(steps, steps), max_size=6))
def test_following_begins_and_ends_in_turn_whoever_decides_at_once(pairs: list[tuple[Command, Command]]) -> None:
    ledger = BusyLedger(outcome(A))
    for first, second in pairs:
        ledger.interleave(first, second)
    told: list[Event] = [event for event in ledger.events() if isinstance(event, FollowingBegun | FollowingEnded)]
    assert told == [BEGUN if nth % 2 == 0 else ENDED for nth in range(len(told))]
