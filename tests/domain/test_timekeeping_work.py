"""What time brings about for promises: overdue, unanswered, blocked too long; each noted once (R6)."""

from datetime import date, timedelta

import pytest

from domain.codes import INVALID, NOT_ALLOWED, NOT_FOUND, TASK_NOT_BLOCKED, TASK_NOT_IN_STATE
from domain.kernel import Command, Event
from domain.preferences import PreferencesSet
from domain.promises import BlockKind, DeliveryReturned, TaskBlocked, TaskDelivered, TaskUnblocked, TermsAgreed
from domain.timekeeping_work import (
    AcceptancePassed,
    BlockAged,
    DuePassed,
    NoteAcceptancePassed,
    NoteBlockAged,
    NoteDuePassed,
)
from tests.given import ANA, BEN, TODAY, given, given_loosely
from tests.stories_work import DUE, LATER, OUTCOME, TASK, promise, request

AFTER = DUE + timedelta(1)
PASSED = DuePassed(task_id=TASK, due_on=DUE, outcome_id=OUTCOME)
DELIVERED = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
WAITING = AcceptancePassed(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
BLOCKED = TaskBlocked(
    task_id=TASK, kind=BlockKind.ACCESS, next_action="Ask for the key", act_by=DUE, waiting_for="the landlord"
)
AGED = BlockAged(task_id=TASK, outcome_id=OUTCOME)


def agreed(due_on: date, former: date) -> TermsAgreed:
    return TermsAgreed(task_id=TASK, title="Mend it", due_on=due_on, former_due_on=former, outcome_id=OUTCOME)


def noting(command: Command, *events: Event, on: date = AFTER) -> list[Event]:
    story = given_loosely(*events).when(command, by=None, on=on)
    assert story.refused is None, str(story.refused)
    return story.emitted


def test_r6_a_due_date_that_passed_is_noted_once() -> None:
    given(promise()).when(NoteDuePassed(task_id=TASK, due_on=DUE), by=None, on=AFTER).then(PASSED)
    given(promise(), PASSED).when(NoteDuePassed(task_id=TASK, due_on=DUE), by=None, on=AFTER).then_nothing()


def test_r6_each_due_date_in_force_is_noted() -> None:
    late = DuePassed(task_id=TASK, due_on=LATER, outcome_id=OUTCOME)
    story = (promise(), PASSED, agreed(LATER, DUE))
    assert noting(NoteDuePassed(task_id=TASK, due_on=LATER), *story, on=LATER + timedelta(1)) == [late]
    back = (*story, late, agreed(DUE, LATER))
    assert noting(NoteDuePassed(task_id=TASK, due_on=DUE), *back, on=LATER + timedelta(1)) == []


@pytest.mark.parametrize("on", [DUE, TODAY])
def test_r6_the_due_day_itself_is_in_time(on: date) -> None:
    given(promise()).when(NoteDuePassed(task_id=TASK, due_on=DUE), by=None, on=on).then_refused(INVALID, "dueOn")


AUCKLAND, ANGELES = (
    "Pacific/Auckland",
    "America/Los_Angeles",
)  # at noon of UTC the next day has begun there, and here not


@pytest.mark.parametrize(
    ("promiser", "beneficiary", "passes_on"),
    [
        (AUCKLAND, AUCKLAND, DUE),
        (AUCKLAND, None, AFTER),
        (None, AUCKLAND, AFTER),
        (ANGELES, AUCKLAND, AFTER),
        (AUCKLAND, ANGELES, AFTER),
        ("Pacific/Pago_Pago", AUCKLAND, AFTER),
    ],
)
def test_r6_a_due_date_passes_once_its_day_has_ended_for_both_parties(
    promiser: str | None, beneficiary: str | None, passes_on: date
) -> None:
    zones = [(ANA, promiser), (BEN, beneficiary)]
    where = [PreferencesSet(person_id=one, time_zone=zone) for one, zone in zones if zone]
    note = NoteDuePassed(task_id=TASK, due_on=DUE)
    given(promise(), *where).when(note, by=None, on=passes_on).then(PASSED)
    before = passes_on - timedelta(1)
    given(promise(), *where).when(note, by=None, on=before).then_refused(INVALID, "dueOn")


def test_r5_a_date_that_is_no_longer_in_force_does_not_pass() -> None:
    story = given(promise(), agreed(LATER, DUE)).when(NoteDuePassed(task_id=TASK, due_on=DUE), by=None, on=AFTER)
    story.then_refused(INVALID, "dueOn")


def test_r6_what_nobody_promised_or_what_is_delivered_is_not_overdue() -> None:
    note = NoteDuePassed(task_id=TASK, due_on=DUE)
    given(request()).when(note, by=None, on=AFTER).then_refused(TASK_NOT_IN_STATE)
    given(promise(), DELIVERED).when(note, by=None, on=AFTER).then_refused(TASK_NOT_IN_STATE)


def test_r6_the_clock_runs_during_a_block() -> None:
    given(promise(), BLOCKED).when(NoteDuePassed(task_id=TASK, due_on=DUE), by=None, on=AFTER).then(PASSED)


def test_r6_an_unanswered_delivery_is_noted_once_and_the_next_one_again() -> None:
    note = NoteAcceptancePassed(task_id=TASK)
    given(promise(), DELIVERED).when(note, by=None, on=AFTER).then(WAITING)
    given(promise(), DELIVERED, WAITING).when(note, by=None, on=AFTER).then_nothing()
    returned = DeliveryReturned(task_id=TASK, reason="torn")
    given(promise(), DELIVERED, WAITING, returned).when(note, by=None, on=AFTER).then_refused(TASK_NOT_IN_STATE)
    assert noting(note, promise(), DELIVERED, WAITING, returned, DELIVERED) == [WAITING]


def test_r6_an_aged_block_is_noted_once_and_the_next_one_again() -> None:
    note, free = NoteBlockAged(task_id=TASK), TaskUnblocked(task_id=TASK)
    given(promise(), BLOCKED).when(note, by=None).then(AGED)
    given(promise(), BLOCKED, AGED).when(note, by=None).then_nothing()
    given(promise(), BLOCKED, AGED, free).when(note, by=None).then_refused(TASK_NOT_BLOCKED, "taskId")
    assert noting(note, promise(), BLOCKED, AGED, free, BLOCKED) == [AGED]


NOTES = (NoteDuePassed(task_id=TASK, due_on=DUE), NoteAcceptancePassed(task_id=TASK), NoteBlockAged(task_id=TASK))


@pytest.mark.parametrize("note", NOTES, ids=lambda one: type(one).__name__)
def test_only_the_timekeeper_notes_and_only_of_what_is_there(note: Command) -> None:
    given_loosely(promise()).when(note, by=ANA, on=AFTER).then_refused(NOT_ALLOWED)
    given().when(note, by=None, on=AFTER).then_refused(NOT_FOUND, "taskId")
