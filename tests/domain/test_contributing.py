"""Shared commitments: one answers, others contribute of their own accord (R5, R14)."""

import pytest

from domain.codes import INVALID, NOT_A_PARTY, NOT_FOUND, PERSON_LEFT, TASK_NOT_IN_STATE
from domain.contributing import ContributeToTask, StopContributing
from domain.leaving import DeactivatePerson
from domain.people import PersonDeactivated
from domain.promises import (
    CommitmentBroken,
    ContributionBegun,
    ContributionEnded,
    CounterAgreed,
    TaskAccepted,
    TaskTaken,
)
from domain.tasks import AcceptTask, AgreeTerms, CounterTask, DeliverTask
from tests.domain.test_team_requests import ASKED
from tests.given import ANA, BEN, CAT, given, given_loosely
from tests.stories import TEAM, joined
from tests.stories_work import DUE, LATER, OUTCOME, TASK, counter, person, promise, request

BEGUN = ContributionBegun(task_id=TASK, contributor_id=CAT, outcome_id=OUTCOME)
ENDED = ContributionEnded(task_id=TASK, contributor_id=CAT, outcome_id=OUTCOME)
CONTRIBUTE, STOP = ContributeToTask(task_id=TASK), StopContributing(task_id=TASK)


def test_r5_somebody_contributes_of_their_own_accord_until_they_stop() -> None:
    given(promise()).when(CONTRIBUTE, by=CAT).then(BEGUN)
    given(promise(), BEGUN).when(CONTRIBUTE, by=CAT).then_nothing()
    given(promise(), BEGUN).when(STOP, by=CAT).then(ENDED)
    given(promise(), BEGUN, ENDED).when(CONTRIBUTE, by=CAT).then(BEGUN)


@pytest.mark.parametrize("who", [ANA, BEN])
def test_r5_nobody_ends_the_contribution_of_another(who: object) -> None:
    given(promise(), BEGUN).when(STOP, by=who).then_refused(NOT_A_PARTY, "taskId")  # pyright: ignore[reportArgumentType]


def test_r5_whoever_answers_for_it_contributes_to_it_anyway() -> None:
    given(promise()).when(CONTRIBUTE, by=ANA).then_refused(INVALID, "taskId")


def test_r5_only_what_is_promised_is_contributed_to() -> None:
    given().when(CONTRIBUTE, by=CAT).then_refused(NOT_FOUND, "taskId")
    given(request()).when(CONTRIBUTE, by=CAT).then_refused(TASK_NOT_IN_STATE, "taskId")
    given(promise(), CommitmentBroken(task_id=TASK, reason="no")).when(CONTRIBUTE, by=CAT).then_refused(
        TASK_NOT_IN_STATE
    )


def test_r6_a_contributor_does_not_deliver() -> None:
    refused = given(promise(), BEGUN).when(DeliverTask(task_id=TASK), by=CAT).refused
    assert refused is not None


def test_r5_who_promises_what_they_contributed_to_is_no_contributor_any_more() -> None:
    accepted = TaskAccepted(task_id=TASK, promiser_id=CAT, outcome_id=OUTCOME)
    given(request(of=CAT), BEGUN).when(AcceptTask(task_id=TASK), by=CAT).then(accepted, ENDED)
    taken = TaskTaken(task_id=TASK, team_id=TEAM, promiser_id=CAT, outcome_id=OUTCOME)
    given(ASKED, BEGUN, joined(CAT, TEAM)).when(AcceptTask(task_id=TASK), by=CAT).then(taken, ENDED)


def test_r5_who_is_bound_by_the_terms_they_countered_is_no_contributor_any_more() -> None:
    countered, terms = counter(by=CAT), CounterTask(task_id=TASK, due_on=LATER, reason="ill")
    agreed = CounterAgreed(task_id=TASK, title="Mend it", due_on=LATER, former_due_on=DUE, outcome_id=OUTCOME)
    given(request(of=CAT), BEGUN, countered).when(AgreeTerms(task_id=TASK), by=BEN).then(agreed, ENDED)
    given(request(of=CAT, to=CAT), BEGUN).when(terms, by=CAT).then(countered, agreed, ENDED)


def test_r14_whoever_leaves_contributes_no_longer() -> None:
    left = PersonDeactivated(person_id=CAT, reason="Moves.")
    leave = DeactivatePerson(person_id=CAT, reason="Moves.")
    given(person(CAT), promise(), BEGUN).when(leave, by=ANA).then(ENDED, left)
    broken = CommitmentBroken(task_id=TASK, reason="no")
    given(person(CAT), promise(), BEGUN, broken).when(leave, by=ANA).then(left)
    given_loosely(person(CAT), promise(), left).when(CONTRIBUTE, by=CAT).then_refused(PERSON_LEFT)
