"""Requests to a team: any one of its members takes it, and promises (R5, R6)."""

import msgspec
import pytest

from domain.codes import DUTIES_LEFT, INVALID, NOT_FOUND, NOT_THE_PROMISER, TASK_NOT_IN_STATE
from domain.leaving import DeactivatePerson, DisbandTeam, TeamHandover
from domain.people import TeamDisbanded, TeamLeft
from domain.promises import AskedTeamReplaced, BeneficiaryReplaced, TaskDeclined, TaskReassigned, TaskTaken
from domain.reassigning import ReassignTask
from domain.tasks import AcceptTask, CounterTask, DeclineTask, DeliverTask, RequestTask
from domain.values import Invalid
from tests.given import ANA, BEN, CAT, given, given_loosely
from tests.stories import OTHER_TEAM, TEAM, joined, team
from tests.stories_work import DUE, LATER, OUTCOME, TASK, an_outcome, person, request

ASKED = msgspec.structs.replace(request(), promiser_id=None, team_id=TEAM)
TAKEN = TaskTaken(task_id=TASK, team_id=TEAM, promiser_id=ANA, outcome_id=OUTCOME)


def test_r5_a_team_is_asked() -> None:
    command = RequestTask(task_id=TASK, title="Mend it", due_on=DUE, team_id=TEAM, outcome_id=OUTCOME)
    given(team(TEAM), an_outcome()).when(command, by=BEN).then(ASKED)
    given(an_outcome()).when(command, by=BEN).then_refused(NOT_FOUND, "teamId")


@pytest.mark.parametrize("asked", [{}, {"promiser_id": ANA, "team_id": TEAM}])
def test_r5_a_person_or_a_team_is_asked(asked: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        RequestTask(task_id=TASK, title="Mend it", due_on=DUE, outcome_id=OUTCOME, **asked)  # pyright: ignore[reportArgumentType]


def test_r5_any_member_takes_it_and_becomes_the_promiser() -> None:
    given(ASKED, joined(ANA, TEAM)).when(AcceptTask(task_id=TASK), by=ANA).then(TAKEN)
    given(ASKED, TAKEN).when(AcceptTask(task_id=TASK), by=CAT).then_refused(TASK_NOT_IN_STATE)
    assert given(ASKED, TAKEN).when(DeliverTask(task_id=TASK), by=ANA).refused is None
    given(ASKED, TAKEN).when(DeliverTask(task_id=TASK), by=CAT).then_refused(NOT_THE_PROMISER)


def test_r5_nobody_else_takes_it() -> None:
    given(ASKED).when(AcceptTask(task_id=TASK), by=BEN).then_refused(NOT_THE_PROMISER)
    given_loosely(ASKED, joined(CAT, OTHER_TEAM)).when(AcceptTask(task_id=TASK), by=CAT).then_refused(NOT_THE_PROMISER)
    left = (joined(CAT, TEAM), TeamLeft(team_id=TEAM, person_id=CAT))
    given(ASKED, *left).when(AcceptTask(task_id=TASK), by=CAT).then_refused(NOT_THE_PROMISER)


def test_r6_a_member_declines_it_for_the_team_and_counters_only_what_they_promise_themself() -> None:
    declined = TaskDeclined(task_id=TASK, reason="no", outcome_id=OUTCOME)
    given(ASKED, joined(ANA, TEAM)).when(DeclineTask(task_id=TASK, reason="no"), by=ANA).then(declined)
    story = given_loosely(ASKED, joined(ANA, TEAM)).when(CounterTask(task_id=TASK, due_on=LATER), by=ANA)
    story.then_refused(NOT_THE_PROMISER)


def test_r6_what_nobody_takes_is_asked_of_somebody() -> None:
    reassigned = TaskReassigned(
        task_id=TASK, promiser_id=CAT, requester_id=BEN, reason="Nobody did.", outcome_id=OUTCOME, from_team_id=TEAM
    )
    command = ReassignTask(task_id=TASK, promiser_id=CAT, reason="Nobody did.")
    given(ASKED, person(CAT)).when(command, by=BEN).then(reassigned)
    given_loosely(ASKED, joined(ANA, TEAM), reassigned).when(AcceptTask(task_id=TASK), by=ANA).then_refused(
        NOT_THE_PROMISER
    )


def test_r6_what_one_of_them_took_is_handed_on_by_them_and_not_by_the_team() -> None:
    handed = TaskReassigned(
        task_id=TASK, from_promiser_id=ANA, promiser_id=CAT, requester_id=BEN, reason="Ill.", outcome_id=OUTCOME
    )
    command = ReassignTask(task_id=TASK, promiser_id=CAT, reason="Ill.")
    given(person(CAT), ASKED, TAKEN).when(command, by=BEN).then(handed)


def test_r14_whoever_asked_a_team_leaves_the_request_to_somebody() -> None:
    command = DeactivatePerson(person_id=BEN, reason="Moves.", successor_id=CAT)
    story = given_loosely(person(BEN), person(CAT), ASKED).when(command, by=ANA)
    assert story.refused is None
    replaced = next(event for event in story.emitted if isinstance(event, BeneficiaryReplaced))
    assert (replaced.beneficiary_id, replaced.requester_id) == (CAT, CAT)


def test_r14_whoever_took_it_from_the_team_leaves_it_to_somebody() -> None:
    command = DeactivatePerson(person_id=ANA, reason="Moves.", successor_id=CAT)
    story = given_loosely(person(ANA), person(CAT), ASKED, TAKEN).when(command, by=BEN)
    assert [event.promiser_id for event in story.emitted if isinstance(event, TaskReassigned)] == [CAT]


REPLACED = AskedTeamReplaced(task_id=TASK, from_team_id=TEAM, team_id=OTHER_TEAM, outcome_id=OUTCOME)
GONE = TeamDisbanded(team_id=TEAM, reason="Merged.")


def test_r14_no_team_is_disbanded_over_a_request_that_nobody_has_taken() -> None:
    story = given_loosely(team(TEAM), ASKED).when(DisbandTeam(team_id=TEAM, reason="Merged."), by=BEN)
    story.then_refused(DUTIES_LEFT, "handovers", "successorId")
    assert story.refused
    assert "is asked Mend it" in story.refused.sentence


@pytest.mark.parametrize(
    "who", [{"successor_id": OTHER_TEAM}, {"handovers": (TeamHandover(entity_id=TASK, team_id=OTHER_TEAM),)}]
)
def test_r14_another_team_is_asked_in_its_place(who: dict[str, object]) -> None:
    command = DisbandTeam(team_id=TEAM, reason="Merged.", **who)  # pyright: ignore[reportArgumentType]
    given(team(TEAM), team(OTHER_TEAM), ASKED).when(command, by=BEN).then(REPLACED, GONE)


def test_r14_what_one_of_them_has_taken_is_theirs() -> None:
    given(team(TEAM), ASKED, TAKEN).when(DisbandTeam(team_id=TEAM, reason="Merged."), by=BEN).then(GONE)
    handover = (TeamHandover(entity_id=TASK, team_id=OTHER_TEAM),)
    command = DisbandTeam(team_id=TEAM, reason="Merged.", handovers=handover)
    given(team(TEAM), team(OTHER_TEAM), ASKED, TAKEN).when(command, by=BEN).then_refused(INVALID, "handovers")


def test_r5_whoever_belongs_to_the_other_team_takes_it_from_then_on() -> None:
    taken = TaskTaken(task_id=TASK, team_id=OTHER_TEAM, promiser_id=CAT, outcome_id=OUTCOME)
    given(ASKED, REPLACED, joined(CAT, OTHER_TEAM)).when(AcceptTask(task_id=TASK), by=CAT).then(taken)
    story = given_loosely(ASKED, REPLACED, joined(ANA, TEAM)).when(AcceptTask(task_id=TASK), by=ANA)
    story.then_refused(NOT_THE_PROMISER)


def test_r14_the_other_team_hands_it_on_as_well() -> None:
    command = DisbandTeam(team_id=OTHER_TEAM, reason="Merged.")
    given_loosely(team(OTHER_TEAM), ASKED, REPLACED).when(command, by=BEN).then_refused(DUTIES_LEFT)
    gone = given_loosely(team(TEAM), ASKED, REPLACED).when(DisbandTeam(team_id=TEAM, reason="Merged."), by=BEN)
    gone.then(GONE)
