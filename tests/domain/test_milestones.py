"""Milestones (R7): every move of one, allowed or refused, by where it stands; and what waits for what (R3)."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.awaiting import LinkMilestone, UnlinkMilestone
from domain.codes import (
    ALREADY_EXISTS,
    DAY_IN_FUTURE,
    DUTIES_LEFT,
    INITIATIVE_ENDED,
    MILESTONE_CIRCLE,
    MILESTONE_MISSED,
    MILESTONE_NOT_PASSED,
    MILESTONE_REACHED,
    MILESTONE_WAITS,
    MILESTONE_WITHDRAWN,
    NOT_FOUND,
    PERSON_REQUIRED,
    REASON_MISSING,
    Code,
)
from domain.evidence import Evidence
from domain.initiatives import Ending, InitiativeEnded, InitiativePlanned
from domain.kernel import Command, Event, Refused
from domain.leaving import DeactivatePerson, PersonHandover
from domain.milestones import (
    AssignMilestone,
    MarkMilestone,
    MilestoneAssigned,
    MilestoneLinked,
    MilestoneMissed,
    MilestoneMoved,
    MilestoneReached,
    MilestoneRevised,
    MilestoneSet,
    MilestoneUnlinked,
    MilestoneWithdrawn,
    MissMilestone,
    MoveMilestone,
    SetMilestone,
    WithdrawMilestone,
)
from domain.values import Invalid, Role
from domain.visibility import Visibility, VisibilitySet
from domain.weighing import ReviseMilestone
from tests.given import BEN, CAT, TODAY, given, given_loosely, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories import person
from tests.stories_work import DUE, LATER, MILESTONE, OUTCOME, an_outcome, milestone

AWAITED, THIRD, ELSEWHERE, STALL = named("awaited"), named("third"), named("elsewhere"), named("stall")
PAST = DUE + timedelta(days=5)
SETTING = SetMilestone(milestone_id=MILESTONE, outcome_id=OUTCOME, title="Half way", due_on=DUE)
MARKING = MarkMilestone(milestone_id=MILESTONE)
MOVING = MoveMilestone(milestone_id=MILESTONE, due_on=LATER, reason="ill")
MISSING = MissMilestone(milestone_id=MILESTONE, reason="The oven broke.")
WITHDRAWING = WithdrawMilestone(milestone_id=MILESTONE, reason="Set twice.")
GIVING = AssignMilestone(milestone_id=MILESTONE, owner_id=BEN)
LINKING = LinkMilestone(milestone_id=MILESTONE, awaited_id=AWAITED)
UNLINKING = UnlinkMilestone(milestone_id=MILESTONE, awaited_id=AWAITED)
REACHED = MilestoneReached(milestone_id=MILESTONE, outcome_id=OUTCOME, reached_on=TODAY, days_late=0)
MOVED = MilestoneMoved(milestone_id=MILESTONE, outcome_id=OUTCOME, former_due_on=DUE, due_on=LATER, reason="ill")
MISSED = MilestoneMissed(
    milestone_id=MILESTONE, outcome_id=OUTCOME, due_on=DUE, missed_on=PAST, reason="The oven broke."
)
WITHDRAWN = MilestoneWithdrawn(milestone_id=MILESTONE, outcome_id=OUTCOME, reason="Set twice.")
ASSIGNED = MilestoneAssigned(milestone_id=MILESTONE, outcome_id=OUTCOME, from_owner_id=None, owner_id=BEN)
LINKED = MilestoneLinked(milestone_id=MILESTONE, outcome_id=OUTCOME, awaited_id=AWAITED, awaited_outcome_id=ELSEWHERE)
RENAMING = ReviseMilestone(milestone_id=MILESTONE, title="Two thirds")
RENAMED = MilestoneRevised(
    milestone_id=MILESTONE, outcome_id=OUTCOME, former_title="Half way", title="Two thirds", former_weight=Decimal(1),
    weight=Decimal(1),
)  # fmt: skip
UNLINKED = MilestoneUnlinked(
    milestone_id=MILESTONE, outcome_id=OUTCOME, awaited_id=AWAITED, awaited_outcome_id=ELSEWHERE
)
FIRST = MilestoneSet(milestone_id=AWAITED, outcome_id=ELSEWHERE, title="First", due_on=DUE)
LATE = MilestoneReached(milestone_id=MILESTONE, outcome_id=OUTCOME, reached_on=PAST, days_late=5)

STANDING: dict[str, tuple[Event, ...]] = {
    "planned": (milestone(),),
    "missed": (milestone(), MISSED),
    "reached": (milestone(), REACHED),
    "withdrawn": (milestone(), WITHDRAWN),
}
# From where, what is done, and what comes of it: an event, nothing, or a refusal.
MOVES: list[tuple[str, Command, Event | Code | None]] = [
    ("planned", MOVING, MOVED),
    ("planned", MARKING, LATE),
    ("planned", MISSING, MISSED),
    ("planned", WITHDRAWING, WITHDRAWN),
    ("planned", GIVING, ASSIGNED),
    ("planned", LINKING, LINKED),
    ("planned", RENAMING, RENAMED),
    ("missed", RENAMING, RENAMED),
    ("reached", RENAMING, MILESTONE_REACHED),
    ("withdrawn", RENAMING, MILESTONE_WITHDRAWN),
    ("missed", MOVING, MOVED),
    ("missed", MARKING, LATE),
    ("missed", MISSING, MILESTONE_MISSED),
    ("missed", WITHDRAWING, WITHDRAWN),
    ("missed", GIVING, ASSIGNED),
    ("missed", LINKING, LINKED),
    ("reached", MOVING, MILESTONE_REACHED),
    ("reached", MARKING, MILESTONE_REACHED),
    ("reached", MISSING, MILESTONE_REACHED),
    ("reached", WITHDRAWING, MILESTONE_REACHED),
    ("reached", GIVING, MILESTONE_REACHED),
    ("reached", LINKING, MILESTONE_REACHED),
    ("withdrawn", MOVING, MILESTONE_WITHDRAWN),
    ("withdrawn", MARKING, MILESTONE_WITHDRAWN),
    ("withdrawn", MISSING, MILESTONE_WITHDRAWN),
    ("withdrawn", WITHDRAWING, None),
    ("withdrawn", GIVING, MILESTONE_WITHDRAWN),
    ("withdrawn", LINKING, MILESTONE_WITHDRAWN),
]


@pytest.mark.parametrize(("where", "command", "comes"), MOVES, ids=lambda one: getattr(one, "__name__", None))
def test_a_milestone_moves_only_so(where: str, command: Command, comes: Event | Code | None) -> None:
    story = given_loosely(*STANDING[where], FIRST, person(BEN)).when(command, on=PAST)
    match comes:
        case Code():
            story.then_refused(comes, "milestoneId")
        case None:
            story.then_nothing()
        case _:
            story.then(comes)


def test_of_every_place_and_every_move_it_is_decided_what_comes() -> None:
    kinds = {
        MoveMilestone,
        MarkMilestone,
        MissMilestone,
        WithdrawMilestone,
        AssignMilestone,
        LinkMilestone,
        ReviseMilestone,
    }
    assert {(where, type(command)) for where, command, _ in MOVES} == {(w, kind) for w in STANDING for kind in kinds}


@pytest.mark.parametrize("command", [MOVING, MARKING, MISSING, WITHDRAWING, GIVING, LINKING, UNLINKING, RENAMING])
def test_nothing_is_done_with_a_milestone_that_nobody_set(command: Command) -> None:
    given_loosely(FIRST, person(BEN)).when(command, on=PAST).then_refused(NOT_FOUND, "milestoneId")


def test_a_milestone_is_set_on_the_way_of_an_outcome() -> None:
    given(an_outcome()).when(SETTING).then(milestone())
    given().when(SETTING).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome(), milestone()).when(SETTING).then_refused(ALREADY_EXISTS, "milestoneId")


def test_a_milestone_has_a_weight_and_somebody_who_answers_for_it() -> None:
    heavy = SetMilestone(
        milestone_id=MILESTONE, outcome_id=OUTCOME, title="Half way", due_on=DUE, weight=Decimal(3), owner_id=BEN
    )
    is_set = MilestoneSet(
        milestone_id=MILESTONE, outcome_id=OUTCOME, title="Half way", due_on=DUE, weight=Decimal(3), owner_id=BEN
    )
    given(an_outcome(), person(BEN)).when(heavy).then(is_set)
    given(an_outcome()).when(heavy).then_refused(NOT_FOUND, "ownerId")
    given(milestone()).when(GIVING).then_refused(NOT_FOUND, "ownerId")
    with pytest.raises(Invalid, match="between 0 and 1000"):
        SetMilestone(milestone_id=MILESTONE, outcome_id=OUTCOME, title="Half", due_on=DUE, weight=Decimal(-1))


def test_a_move_tells_both_days_and_why() -> None:
    given(milestone()).when(MOVING).then(MOVED)
    given(milestone()).when(MoveMilestone(milestone_id=MILESTONE, due_on=DUE, reason="no")).then_nothing()


def test_r7_a_milestone_is_marked_reached_with_what_shows_it() -> None:
    shown = (Evidence(url="https://example.org/plan", title="The plan"),)
    marking = MarkMilestone(milestone_id=MILESTONE, note="All of it.", evidence=shown)
    early = MilestoneReached(
        milestone_id=MILESTONE, outcome_id=OUTCOME, reached_on=TODAY, days_late=0, days_early=(DUE - TODAY).days,
        note="All of it.", evidence=shown,
    )  # fmt: skip
    given(milestone()).when(marking).then(early)


def test_r7_what_was_reached_late_says_by_how_many_days() -> None:
    late = MilestoneReached(milestone_id=MILESTONE, outcome_id=OUTCOME, reached_on=date(2022, 7, 11), days_late=10)
    marking = MarkMilestone(milestone_id=MILESTONE, reached_on=date(2022, 7, 11))
    given(milestone()).when(marking, on=date(2022, 7, 20)).then(late)


def test_r7_no_milestone_is_reached_tomorrow() -> None:
    tomorrow = MarkMilestone(milestone_id=MILESTONE, reached_on=TODAY + timedelta(days=1))
    given(milestone()).when(tomorrow).then_refused(DAY_IN_FUTURE, "reachedOn")


def test_r7_a_milestone_is_marked_by_a_person() -> None:
    given_loosely(milestone()).when(MARKING, by=None).then_refused(PERSON_REQUIRED)


def test_r7_no_milestone_is_missed_before_its_day_has_passed() -> None:
    given(milestone()).when(MISSING, on=DUE).then_refused(MILESTONE_NOT_PASSED, "milestoneId")
    given(milestone(), MOVED).when(MISSING, on=PAST).then_refused(MILESTONE_NOT_PASSED, "milestoneId")


def test_a_missed_milestone_that_is_moved_can_be_missed_again() -> None:
    again = MilestoneMissed(
        milestone_id=MILESTONE, outcome_id=OUTCOME, due_on=LATER, missed_on=LATER + timedelta(1),
        reason="The oven broke.",
    )  # fmt: skip
    given(milestone(), MISSED, MOVED).when(MISSING, on=LATER + timedelta(1)).then(again)


def test_assigned_to_whom_it_is_nothing_happens() -> None:
    given(milestone(), ASSIGNED, person(BEN)).when(GIVING).then_nothing()


def test_r14_whoever_answers_for_an_open_milestone_leaves_it_to_somebody() -> None:
    reason = "Moved."
    handed = MilestoneAssigned(
        milestone_id=MILESTONE, outcome_id=OUTCOME, from_owner_id=BEN, owner_id=CAT, reason=reason
    )
    one_by_one = (PersonHandover(entity_id=MILESTONE, person_id=CAT),)
    people = [an_outcome(), person(BEN), person(CAT)]
    for story in ([milestone(), ASSIGNED], [milestone(), ASSIGNED, MISSED]):
        for leaving in (
            DeactivatePerson(person_id=BEN, reason=reason, successor_id=CAT),
            DeactivatePerson(person_id=BEN, reason=reason, handovers=one_by_one),
        ):
            assert handed in given_loosely(*people, *story).when(leaving).emitted
        left = given_loosely(*people, *story).when(DeactivatePerson(person_id=BEN, reason=reason))
        left.then_refused(DUTIES_LEFT, "handovers", "successorId")
        assert "answers for milestone Half way" in str(left.refused)
    elsewhere = MilestoneAssigned(milestone_id=MILESTONE, outcome_id=OUTCOME, from_owner_id=BEN, owner_id=CAT)
    for story in ([milestone(), ASSIGNED, elsewhere], [milestone(), ASSIGNED, REACHED]):
        emitted = given_loosely(*people, *story).when(DeactivatePerson(person_id=BEN, reason=reason)).emitted
        assert emitted
        assert not [event for event in emitted if isinstance(event, MilestoneAssigned)]


def test_r15_a_milestone_left_behind_is_counted_where_it_may_not_be_seen() -> None:
    hidden = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.OWNER_AND_LEADS)
    left = given_loosely(an_outcome(), person(BEN), milestone(), ASSIGNED, hidden).when(
        DeactivatePerson(person_id=BEN, reason="Moved."), by=CAT, role=Role.LEAD
    )
    left.then_refused(DUTIES_LEFT, "handovers", "successorId")
    assert "Half way" not in str(left.refused)
    assert "1 that you may not see" in str(left.refused)


# What is revised


def revised(title: str = "Half way", weight: int = 1, reason: str | None = None) -> MilestoneRevised:
    return MilestoneRevised(
        milestone_id=MILESTONE, outcome_id=OUTCOME, former_title="Half way", title=title, former_weight=Decimal(1),
        weight=Decimal(weight), reason=reason,
    )  # fmt: skip


def test_a_milestone_is_called_otherwise_and_weighed_anew_with_a_reason() -> None:
    renaming = ReviseMilestone(milestone_id=MILESTONE, title="Two thirds")
    weighing = ReviseMilestone(milestone_id=MILESTONE, weight=Decimal(3))
    given(milestone()).when(renaming).then(revised("Two thirds"))
    given(milestone()).when(weighing).then_refused(REASON_MISSING, "reason")
    explained = ReviseMilestone(milestone_id=MILESTONE, weight=Decimal(3), reason="Harder.")
    given(milestone()).when(explained).then(revised(weight=3, reason="Harder."))
    given(milestone(), MOVED).when(renaming).then_refused(REASON_MISSING, "reason")
    told = ReviseMilestone(milestone_id=MILESTONE, title="Two thirds", reason="Clearer.")
    given(milestone(), MOVED).when(told).then(revised("Two thirds", reason="Clearer."))
    given(milestone(), revised("Two thirds")).when(renaming).then_nothing()
    given(milestone()).when(ReviseMilestone(milestone_id=MILESTONE)).then_nothing()
    with pytest.raises(Invalid, match="between 0 and 1000"):
        ReviseMilestone(milestone_id=MILESTONE, weight=Decimal(1001))


# Of an initiative


def of_initiative() -> MilestoneSet:
    return replace(milestone(), initiative_id=STALL)


def test_a_milestone_is_set_on_the_way_of_an_initiative_and_told_with_its_outcome() -> None:
    setting = SetMilestone(milestone_id=MILESTONE, initiative_id=STALL, title="Half way", due_on=DUE)
    planned = InitiativePlanned(initiative_id=STALL, outcome_id=OUTCOME, title="A stall")
    dropped = InitiativeEnded(initiative_id=STALL, outcome_id=OUTCOME, ending=Ending.DROPPED, reason="Rain.")
    given(an_outcome(), planned).when(setting).then(of_initiative())
    given().when(setting).then_refused(NOT_FOUND, "initiativeId")
    given_loosely(an_outcome(), planned, dropped).when(setting).then_refused(INITIATIVE_ENDED, "initiativeId")
    with pytest.raises(Invalid, match="exactly one"):
        SetMilestone(milestone_id=MILESTONE, title="Half way", due_on=DUE)
    with pytest.raises(Invalid, match="exactly one"):
        SetMilestone(milestone_id=MILESTONE, title="Half", due_on=DUE, initiative_id=STALL, outcome_id=OUTCOME)
    hidden = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.OWNER_AND_LEADS)
    story = given_loosely(an_outcome(), planned, hidden)
    story.when(setting, by=BEN, role=Role.MEMBER).then_refused(NOT_FOUND, "initiativeId")


# What waits for what


def test_a_milestone_that_waits_is_reached_after_what_it_waits_for() -> None:
    first_reached = MilestoneReached(milestone_id=AWAITED, outcome_id=ELSEWHERE, reached_on=TODAY, days_late=0)
    first_withdrawn = MilestoneWithdrawn(milestone_id=AWAITED, outcome_id=ELSEWHERE, reason="Set twice.")
    story = (milestone(), FIRST, LINKED)
    given(*story).when(MARKING).then_refused(MILESTONE_WAITS, "milestoneId")
    for done in (first_reached, first_withdrawn):
        assert given(*story, done).when(MARKING).emitted
    assert given_loosely(*story, UNLINKED).when(MARKING).emitted


def test_r3_milestones_that_wait_form_no_circle() -> None:
    third = MilestoneSet(milestone_id=THIRD, outcome_id=OUTCOME, title="Third", due_on=DUE)
    links = [
        MilestoneLinked(milestone_id=one, outcome_id=OUTCOME, awaited_id=other, awaited_outcome_id=OUTCOME)
        for one, other in ((AWAITED, THIRD), (THIRD, MILESTONE))
    ]
    given_loosely(milestone(), FIRST, third, *links).when(LINKING).then_refused(MILESTONE_CIRCLE, "awaitedId")
    itself = LinkMilestone(milestone_id=MILESTONE, awaited_id=MILESTONE)
    given(milestone()).when(itself).then_refused(MILESTONE_CIRCLE, "awaitedId")
    given(milestone(), FIRST, LINKED).when(LINKING).then_nothing()
    given(milestone(), FIRST, LINKED).when(UNLINKING).then(UNLINKED)
    given(milestone(), FIRST).when(UNLINKING).then_nothing()
    given(milestone()).when(LINKING).then_refused(NOT_FOUND, "awaitedId")


def test_r15_what_is_awaited_is_counted_where_it_may_not_be_seen_and_can_not_be_linked_to() -> None:
    hidden = VisibilitySet(outcome_id=ELSEWHERE, visibility=Visibility.OWNER_AND_LEADS)
    story = given_loosely(an_outcome(), an_outcome(ELSEWHERE), milestone(), FIRST, hidden)
    story.when(LINKING, by=BEN, role=Role.MEMBER).then_refused(NOT_FOUND, "awaitedId")
    waiting = given_loosely(an_outcome(), an_outcome(ELSEWHERE), milestone(), FIRST, LINKED, hidden)
    waiting.when(MARKING, by=BEN, role=Role.MEMBER).then_refused(MILESTONE_WAITS, "milestoneId")
    assert "First" not in str(waiting.refused)


PEERS = [named(f"milestone {nth}") for nth in range(5)]


@drawn(st.lists(st.tuples(st.sampled_from(PEERS), st.sampled_from(PEERS)), max_size=20))
def test_r3_whatever_is_linked_in_whatever_order_no_circle_comes_of_it(links: list[tuple[UUID, UUID]]) -> None:
    ledger = MemoryLedger()
    ledger.store(*(MilestoneSet(milestone_id=one, outcome_id=OUTCOME, title="M", due_on=DUE) for one in PEERS))
    awaited: dict[UUID, set[UUID]] = {one: set() for one in PEERS}

    def reaches(one: UUID, other: UUID) -> bool:
        return one == other or any(reaches(next_, other) for next_ in awaited[one])

    for one, other in links:
        linking = LinkMilestone(milestone_id=one, awaited_id=other)
        if reaches(other, one):
            with pytest.raises(Refused, match="MILESTONE_CIRCLE"):
                ledger.execute(linking, issued())
        else:
            ledger.execute(linking, issued())
            awaited[one].add(other)


@drawn(st.lists(st.tuples(st.booleans(), st.integers(-30, 30)), max_size=15))
def test_r7_in_any_order_it_is_reached_once_and_late_by_its_last_day(tries: list[tuple[bool, int]]) -> None:
    ledger = MemoryLedger()
    ledger.store(milestone())
    due, reached = DUE, 0
    for mark, days in tries:
        day = TODAY + timedelta(days=days)
        command = (
            MarkMilestone(milestone_id=MILESTONE, reached_on=day)
            if mark
            else MoveMilestone(milestone_id=MILESTONE, due_on=day, reason="again")
        )
        try:
            events = ledger.execute(command, issued())
        except Refused:
            if reached == 0 and not (mark and days > 0):
                raise
            continue
        for event in events:
            if isinstance(event, MilestoneMoved):
                assert event.former_due_on == due
                due = event.due_on
            if isinstance(event, MilestoneReached):
                reached += 1
                assert event.days_late - event.days_early == (event.reached_on - due).days
                assert 0 in {event.days_late, event.days_early}
    assert reached <= 1
