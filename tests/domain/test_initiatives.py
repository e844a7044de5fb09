"""Initiatives bundle tasks for one outcome (R4)."""

import msgspec
import pytest

from domain.codes import (
    ALREADY_EXISTS,
    INITIATIVE_ENDED,
    NOT_FOUND,
    REASON_MISSING,
    SERVES_NOTHING_SAID,
)
from domain.initiatives import (
    Ending,
    EndInitiative,
    InitiativeEnded,
    InitiativePlanned,
    InitiativeRevised,
    PlanInitiative,
    ReviseInitiative,
)
from domain.promises import TaskRelinked
from domain.reassigning import RelinkTask
from domain.tasks import CommitTask, RequestTask
from domain.values import Invalid
from tests.given import ANA, BEN, given, given_loosely, named
from tests.stories_work import DUE, LATER, OUTCOME, TASK, an_outcome, person, promise, request

STALL = named("stall")
PLANNED = InitiativePlanned(initiative_id=STALL, outcome_id=OUTCOME, title="A stall", owner_id=BEN, due_on=DUE)
DONE = InitiativeEnded(initiative_id=STALL, outcome_id=OUTCOME, ending=Ending.DONE)
PLAN = PlanInitiative(initiative_id=STALL, outcome_id=OUTCOME, title="A stall", owner_id=BEN, due_on=DUE)


def test_r4_an_initiative_is_of_an_outcome_that_is_there() -> None:
    given(an_outcome(), person(BEN)).when(PLAN).then(PLANNED)
    given(person(BEN)).when(PLAN).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome()).when(PLAN).then_refused(NOT_FOUND, "ownerId")
    given(an_outcome(), person(BEN), PLANNED).when(PLAN).then_refused(ALREADY_EXISTS, "initiativeId")


def test_what_is_left_out_stays_as_it_is() -> None:
    revised = InitiativeRevised(initiative_id=STALL, outcome_id=OUTCOME, title="Two stalls", owner_id=BEN, due_on=DUE)
    given(PLANNED).when(ReviseInitiative(initiative_id=STALL, title="Two stalls")).then(revised)
    given(PLANNED).when(ReviseInitiative(initiative_id=STALL, title="A stall")).then_nothing()
    given().when(ReviseInitiative(initiative_id=STALL, title="A stall")).then_refused(NOT_FOUND, "initiativeId")


def test_it_does_not_end_before_it_begins() -> None:
    with pytest.raises(Invalid):
        PlanInitiative(initiative_id=STALL, outcome_id=OUTCOME, title="A stall", starts_on=LATER, due_on=DUE)


def test_it_ends_done_or_dropped_with_a_reason_once() -> None:
    given(PLANNED).when(EndInitiative(initiative_id=STALL, ending=Ending.DONE)).then(DONE)
    given(PLANNED).when(EndInitiative(initiative_id=STALL, ending=Ending.DROPPED)).then_refused(REASON_MISSING)
    dropped = EndInitiative(initiative_id=STALL, ending=Ending.DROPPED, reason="Too dear.")
    given(PLANNED).when(dropped).then(msgspec.structs.replace(DONE, ending=Ending.DROPPED, reason="Too dear."))
    given(PLANNED, DONE).when(dropped).then_refused(INITIATIVE_ENDED, "initiativeId")


def test_r4_a_task_serves_an_initiative_and_through_it_its_outcome() -> None:
    command = CommitTask(task_id=TASK, title="Mend it", due_on=DUE, beneficiary_id=BEN, initiative_id=STALL)
    given(person(BEN), PLANNED).when(command, by=ANA).then(msgspec.structs.replace(promise(), initiative_id=STALL))
    asked = RequestTask(task_id=TASK, title="Mend it", due_on=DUE, promiser_id=ANA, initiative_id=STALL)
    given(person(ANA), PLANNED).when(asked, by=BEN).then(msgspec.structs.replace(request(), initiative_id=STALL))
    given_loosely(person(BEN), PLANNED, DONE).when(command, by=ANA).then_refused(INITIATIVE_ENDED, "initiativeId")
    given(person(BEN)).when(command, by=ANA).then_refused(NOT_FOUND, "initiativeId")


def test_r4_a_task_serves_one_thing() -> None:
    both = CommitTask(task_id=TASK, title="Mend it", due_on=DUE, initiative_id=STALL, outcome_id=OUTCOME)
    given_loosely(an_outcome(), PLANNED).when(both).then_refused(SERVES_NOTHING_SAID)


def test_r4_a_task_is_linked_to_an_initiative_later() -> None:
    relinked = TaskRelinked(task_id=TASK, from_outcome_id=OUTCOME, outcome_id=OUTCOME, initiative_id=STALL)
    given(promise(), PLANNED).when(RelinkTask(task_id=TASK, initiative_id=STALL), by=ANA).then(relinked)
    given(promise(), PLANNED, relinked).when(RelinkTask(task_id=TASK, initiative_id=STALL), by=ANA).then_nothing()
