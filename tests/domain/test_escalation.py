"""To whom an open fact goes, after how many days; noted once a step, while it stands."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.checkins import CheckedIn, CheckInAcknowledged, CheckInRetracted
from domain.codes import INVALID, NOT_ALLOWED, NOT_FOUND, OUTCOME_NOT_IN_STATE, TASK_NOT_BLOCKED, TASK_NOT_IN_STATE
from domain.escalation import MOST_STEPS, EscalationSet, EscalationStep, OpenFact, Receiver, SetEscalation
from domain.kernel import Event
from domain.outcomes import OutcomeSet
from domain.people import TeamFormed, TeamJoined, TeamLeft
from domain.promises import BlockKind, DeliveryReturned, TaskBlocked, TaskDelivered, TaskUnblocked, TermsAgreed
from domain.standing import OutcomeActivated, OutcomePaused
from domain.timekeeping import AcknowledgementPassed, CheckInMissed
from domain.timekeeping_escalation import NoteEscalated, OutcomeEscalated, TaskEscalated
from domain.timekeeping_work import AcceptancePassed, BlockAged, DuePassed
from domain.values import Invalid, Role
from tests.given import ANA, BEN, CAT, ORGANISATION, TODAY, given, given_loosely, named
from tests.stories import QUARTER
from tests.stories_work import DUE, LATER, OUTCOME, TASK, promise

TEAM, HOUSE, CHECK_IN = named("team"), named("house"), named("check-in")
DAN, EVE = named("Dan"), named("Eve")
TO_LEADS = EscalationStep(fact=OpenFact.DUE_PASSED, days=3, to=Receiver.LEADS)
TO_ABOVE = EscalationStep(fact=OpenFact.DUE_PASSED, days=7, to=Receiver.LEADS_ABOVE)
WHY = "Nothing waits for ever."


def ladder(*steps: EscalationStep, team_id: UUID | None = None) -> EscalationSet:
    if team_id:
        return EscalationSet(holder_id=team_id, steps=steps, reason=WHY, team_id=team_id)
    return EscalationSet(holder_id=ORGANISATION, steps=steps, reason=WHY, organisation_id=ORGANISATION)


def setting(*steps: EscalationStep, team_id: UUID | None = None) -> SetEscalation:
    return SetEscalation(steps=steps, reason=WHY, team_id=team_id)


def test_a_ladder_is_of_the_organisation_or_a_team_and_can_be_taken_off() -> None:
    given().when(setting(TO_LEADS, TO_ABOVE)).then(ladder(TO_LEADS, TO_ABOVE))
    given(ladder(TO_LEADS)).when(setting(TO_LEADS)).then_nothing()
    formed, of_team = TeamFormed(team_id=TEAM, name="Ovens"), ladder(TO_LEADS, team_id=TEAM)
    given(formed).when(setting(TO_LEADS, team_id=TEAM)).then(of_team)
    off = EscalationSet(holder_id=TEAM, steps=None, reason=WHY, team_id=TEAM)
    given(formed, of_team).when(SetEscalation(none=True, reason=WHY, team_id=TEAM)).then(off)
    given(formed, of_team).when(setting(team_id=TEAM)).then(ladder(team_id=TEAM))
    given().when(SetEscalation(none=True, reason=WHY)).then_nothing()
    given().when(setting(TO_LEADS, team_id=TEAM)).then_refused(NOT_FOUND, "teamId")
    assert SetEscalation.role is Role.LEAD


STEPS = st.lists(
    st.builds(EscalationStep, fact=st.sampled_from(OpenFact), days=st.integers(1, 20), to=st.sampled_from(Receiver)),
    max_size=12,
)


def sound(steps: Iterable[EscalationStep]) -> bool:
    """Said plainly: by fact."""
    never = {
        (OpenFact.ACCEPTANCE_PASSED, Receiver.BENEFICIARY),
        (OpenFact.CHECK_IN_MISSED, Receiver.OWNER),
        (OpenFact.CHECK_IN_MISSED, Receiver.BENEFICIARY),
        (OpenFact.ACKNOWLEDGEMENT_PASSED, Receiver.REVIEWER),
        (OpenFact.ACKNOWLEDGEMENT_PASSED, Receiver.BENEFICIARY),
    }
    days: dict[OpenFact, list[int]] = {fact: [] for fact in OpenFact}
    for one in steps:
        days[one.fact].append(one.days)
    rising = all(sorted(set(some)) == some and len(some) <= MOST_STEPS for some in days.values())
    return rising and all((one.fact, one.to) not in never for one in steps)


@drawn(STEPS)
def test_the_days_of_a_fact_rise_and_nothing_goes_to_whom_it_waits_for(steps: list[EscalationStep]) -> None:
    if sound(steps):
        assert setting(*steps).steps == tuple(steps)
        return
    with pytest.raises(Invalid) as invalid:
        setting(*steps)
    assert invalid.value.field == "steps"


@pytest.mark.parametrize("fields", [{}, {"steps": (), "none": True}])
def test_a_ladder_is_given_or_taken_off(fields: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        SetEscalation(reason=WHY, **fields)  # pyright: ignore[reportArgumentType]


def an_outcome(team_id: UUID | None = TEAM) -> OutcomeSet:
    return OutcomeSet(outcome_id=OUTCOME, title="Fewer waits", team_id=team_id, owner_id=BEN, reviewer_id=CAT)


INSIDE = TeamFormed(team_id=TEAM, name="Ovens", parent_id=HOUSE, lead_ids=(DAN, ANA))
AROUND = TeamFormed(team_id=HOUSE, name="House", lead_ids=(EVE,))
TEAMS = (INSIDE, AROUND)
PASSED = DuePassed(task_id=TASK, due_on=DUE, outcome_id=OUTCOME)


def overdue(step: EscalationStep = TO_LEADS, since: date = DUE) -> NoteEscalated:
    return NoteEscalated(fact=step.fact, stands_since=since, days=step.days, to=step.to, task_id=TASK)


def escalated(step: EscalationStep, *people: UUID, holder: UUID = ORGANISATION, since: date = DUE) -> TaskEscalated:
    return TaskEscalated(
        task_id=TASK, fact=step.fact, stands_since=since, days=step.days, to=step.to, holder_id=holder,
        person_ids=tuple(sorted(people)), outcome_id=OUTCOME,
    )  # fmt: skip


def noted(note: NoteEscalated, *events: Event, after: int = 3) -> list[Event]:
    story = given_loosely(*events).when(note, by=None, on=DUE + timedelta(after))
    assert story.refused is None, str(story.refused)
    return story.emitted


def test_r6_an_overdue_promise_goes_to_the_leads_once_its_days_have_come() -> None:
    world = (promise(by=ANA, to=BEN), PASSED, an_outcome(), *TEAMS, ladder(TO_LEADS, TO_ABOVE))
    given(*world).when(overdue(), by=None, on=DUE + timedelta(3)).then(escalated(TO_LEADS, DAN))
    given(*world).when(overdue(), by=None, on=DUE + timedelta(2)).then_refused(INVALID, "days", "to")
    given_loosely(*world).when(overdue(), by=ANA, on=DUE + timedelta(3)).then_refused(NOT_ALLOWED)
    again = (*world, escalated(TO_LEADS, DAN))
    given(*again).when(overdue(), by=None, on=DUE + timedelta(4)).then_nothing()
    given(*again).when(overdue(TO_ABOVE), by=None, on=DUE + timedelta(7)).then(escalated(TO_ABOVE, EVE))


def test_a_step_names_whom_it_goes_to_as_they_are_then_and_not_who_owes_it() -> None:
    world = (promise(by=ANA, to=BEN), PASSED, an_outcome(), *TEAMS)
    for receiver, people in (
        (Receiver.BENEFICIARY, [BEN]),
        (Receiver.OWNER, [BEN]),
        (Receiver.REVIEWER, [CAT]),
        (Receiver.LEADS, [DAN]),
        (Receiver.LEADS_ABOVE, [EVE]),
    ):
        step = EscalationStep(fact=OpenFact.DUE_PASSED, days=1, to=receiver)
        assert noted(overdue(step), *world, ladder(step)) == [escalated(step, *people)]
    joined = TeamJoined(team_id=TEAM, person_id=CAT, lead=True)
    led = (*world, ladder(TO_LEADS), joined, TeamLeft(team_id=TEAM, person_id=DAN))
    assert noted(overdue(), *led) == [escalated(TO_LEADS, CAT)]
    nobody = (promise(by=ANA, to=BEN), PASSED, an_outcome(None), ladder(TO_LEADS))
    assert noted(overdue(), *nobody) == [escalated(TO_LEADS)], "that nobody is there for it is on record"


def test_the_nearest_ladder_counts_as_a_whole() -> None:
    world = (promise(by=ANA, to=BEN), PASSED, an_outcome(), *TEAMS, ladder(TO_LEADS))
    inner = EscalationStep(fact=OpenFact.BLOCK_AGED, days=1, to=Receiver.OWNER)
    story = given_loosely(*world, ladder(inner, team_id=TEAM)).when(overdue(), by=None, on=LATER)
    story.then_refused(INVALID, "days", "to")
    given_loosely(*world, ladder(team_id=TEAM)).when(overdue(), by=None, on=LATER).then_refused(INVALID)
    off = EscalationSet(holder_id=TEAM, steps=None, reason=WHY, team_id=TEAM)
    assert noted(overdue(), *world, ladder(team_id=TEAM), off) == [escalated(TO_LEADS, DAN)]
    of_house = ladder(TO_LEADS, team_id=HOUSE)
    assert noted(overdue(), *world, of_house) == [escalated(TO_LEADS, DAN, holder=HOUSE)]


def test_r6_what_is_over_or_was_never_noted_goes_nowhere() -> None:
    world = (promise(by=ANA, to=BEN), an_outcome(), *TEAMS, ladder(TO_LEADS))
    delivered = TaskDelivered(task_id=TASK, delivered_on=DUE, outcome_id=OUTCOME)
    agreed = TermsAgreed(task_id=TASK, title="Mend it", due_on=LATER, former_due_on=DUE, outcome_id=OUTCOME)
    on = DUE + timedelta(3)
    given_loosely(*world).when(overdue(), by=None, on=on).then_refused(INVALID, "standsSince")
    given_loosely(*world, PASSED, delivered).when(overdue(), by=None, on=on).then_refused(TASK_NOT_IN_STATE, "taskId")
    given_loosely(*world, PASSED, agreed).when(overdue(), by=None, on=on).then_refused(INVALID, "standsSince")
    given().when(overdue(), by=None, on=on).then_refused(NOT_FOUND, "taskId")


def test_r6_an_unanswered_delivery_and_an_aged_block_go_further_while_they_stand() -> None:
    asked = EscalationStep(fact=OpenFact.ACCEPTANCE_PASSED, days=2, to=Receiver.LEADS)
    blocked = EscalationStep(fact=OpenFact.BLOCK_AGED, days=2, to=Receiver.BENEFICIARY)
    world = (promise(by=ANA, to=DAN), an_outcome(), *TEAMS, ladder(asked, blocked))
    delivered = TaskDelivered(task_id=TASK, delivered_on=DUE, outcome_id=OUTCOME)
    waiting = AcceptancePassed(task_id=TASK, delivered_on=DUE, outcome_id=OUTCOME)
    given_loosely(*world, delivered).when(overdue(asked), by=None, on=LATER).then_refused(INVALID, "standsSince")
    assert noted(overdue(asked), *world, delivered, waiting) == [escalated(asked, ANA)], "Dan owes the answer"
    returned = DeliveryReturned(task_id=TASK, reason="torn")
    story = given_loosely(*world, delivered, waiting, returned).when(overdue(asked), by=None, on=LATER)
    story.then_refused(TASK_NOT_IN_STATE)
    stuck = TaskBlocked(
        task_id=TASK, kind=BlockKind.ACCESS, next_action="Ask for the key", act_by=DUE, waiting_for="the landlord"
    )
    aged, free = BlockAged(task_id=TASK, outcome_id=OUTCOME), TaskUnblocked(task_id=TASK)
    assert noted(overdue(blocked), *world, stuck, aged) == [escalated(blocked, DAN)]
    given_loosely(*world, stuck).when(overdue(blocked), by=None, on=LATER).then_refused(INVALID, "standsSince")
    story = given_loosely(*world, stuck, aged, free).when(overdue(blocked), by=None, on=LATER)
    story.then_refused(TASK_NOT_BLOCKED, "taskId")


ACTIVE = OutcomeActivated(outcome_id=OUTCOME, cycle_id=QUARTER, team_id=TEAM, owner_id=BEN)
SAID = CheckedIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, on=TODAY, author_id=BEN, moved="much")
MISSED = CheckInMissed(outcome_id=OUTCOME, due_on=DUE)
UNREAD = AcknowledgementPassed(check_in_id=CHECK_IN, outcome_id=OUTCOME, waiting_since=DUE)
SILENT = EscalationStep(fact=OpenFact.CHECK_IN_MISSED, days=2, to=Receiver.LEADS)
UNHEARD = EscalationStep(fact=OpenFact.ACKNOWLEDGEMENT_PASSED, days=2, to=Receiver.LEADS_ABOVE)
RUNNING = (an_outcome(), ACTIVE, *TEAMS, ladder(SILENT, UNHEARD))


def of_outcome(step: EscalationStep) -> NoteEscalated:
    check_in_id = CHECK_IN if step.fact is OpenFact.ACKNOWLEDGEMENT_PASSED else None
    return NoteEscalated(
        fact=step.fact, stands_since=DUE, days=step.days, to=step.to, outcome_id=OUTCOME, check_in_id=check_in_id
    )


def told_further(step: EscalationStep, *people: UUID) -> OutcomeEscalated:
    note = of_outcome(step)
    return OutcomeEscalated(
        outcome_id=OUTCOME, fact=step.fact, stands_since=DUE, days=step.days, to=step.to, holder_id=ORGANISATION,
        person_ids=tuple(sorted(people)), check_in_id=note.check_in_id,
    )  # fmt: skip


def test_r13_a_missed_check_in_goes_further_until_somebody_says_something() -> None:
    note, further = of_outcome(SILENT), told_further(SILENT, ANA, DAN)
    given(*RUNNING, MISSED).when(note, by=None, on=LATER).then(further)
    given(*RUNNING, MISSED, further).when(note, by=None, on=LATER).then_nothing()
    for over in ((), (MISSED, SAID), (SAID,)):
        given(*RUNNING, *over).when(note, by=None, on=LATER).then_refused(INVALID, "standsSince")
    back = CheckInRetracted(check_in_id=CHECK_IN, outcome_id=OUTCOME, reason="of another")
    given(*RUNNING, MISSED, SAID, back).when(note, by=None, on=LATER).then(further)
    paused = OutcomePaused(outcome_id=OUTCOME, reason="not now")
    given_loosely(*RUNNING, MISSED, paused).when(note, by=None, on=LATER).then_refused(OUTCOME_NOT_IN_STATE)
    given().when(note, by=None, on=LATER).then_refused(NOT_FOUND, "outcomeId")


def test_an_unread_check_in_goes_further_until_somebody_reads_it_or_says_another() -> None:
    note, further = of_outcome(UNHEARD), told_further(UNHEARD, EVE)
    given(*RUNNING, SAID, UNREAD).when(note, by=None, on=LATER).then(further)
    read = CheckInAcknowledged(check_in_id=CHECK_IN, outcome_id=OUTCOME, person_id=CAT)
    back = CheckInRetracted(check_in_id=CHECK_IN, outcome_id=OUTCOME, reason="of another")
    newer = CheckedIn(check_in_id=named("newer"), outcome_id=OUTCOME, on=TODAY, author_id=BEN, moved="more")
    for over in (read, back, newer):
        given(*RUNNING, SAID, UNREAD, over).when(note, by=None, on=LATER).then_refused(INVALID, "standsSince")


def test_a_note_names_what_its_fact_is_about() -> None:
    with pytest.raises(Invalid):
        NoteEscalated(fact=OpenFact.DUE_PASSED, stands_since=DUE, days=3, to=Receiver.LEADS, outcome_id=OUTCOME)
    with pytest.raises(Invalid):
        NoteEscalated(
            fact=OpenFact.ACKNOWLEDGEMENT_PASSED, stands_since=DUE, days=3, to=Receiver.LEADS, outcome_id=OUTCOME
        )
