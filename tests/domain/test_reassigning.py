"""Tasks change hands, and what they serve (R4, R5, R6)."""

from domain.codes import INVALID, NOT_FOUND, NOT_THE_REQUESTER, PERSON_LEFT, SERVES_NOTHING_SAID, TASK_NOT_IN_STATE
from domain.people import PersonDeactivated, TeamLeft
from domain.promises import State, TaskReassigned, TaskRelinked
from domain.reassigning import ReassignTask, RelinkTask
from domain.tasks import DeliverTask
from tests.given import ANA, BEN, CAT, given, given_loosely, named
from tests.stories import OTHER_TEAM, TEAM, joined, team
from tests.stories_work import OUTCOME, TASK, an_outcome, counter, person, promise, promise_of, proposal, request

LED, OTHER = named("Led"), named("other outcome")
TO_CAT = ReassignTask(task_id=TASK, promiser_id=CAT, reason="Ana is ill.")


def reassigned(lapsed: bool = False, asks: object = BEN) -> TaskReassigned:
    return TaskReassigned(
        task_id=TASK, from_promiser_id=ANA, promiser_id=CAT, requester_id=asks, reason="Ana is ill.",  # pyright: ignore[reportArgumentType]
        terms_lapsed=lapsed, outcome_id=OUTCOME,
    )  # fmt: skip


def test_r5_whoever_gets_a_task_is_asked_for_it_and_bound_by_nothing() -> None:
    story = given(promise(), person(CAT)).when(TO_CAT, by=BEN)
    story.then(reassigned())
    assert promise_of(story.ledger, TASK).state is State.REQUESTED
    given_loosely(promise(), reassigned()).when(DeliverTask(task_id=TASK), by=CAT).then_refused(TASK_NOT_IN_STATE)


def test_r5_terms_that_wait_lapse() -> None:
    given(promise(), proposal(), person(CAT)).when(TO_CAT, by=BEN).then(reassigned(lapsed=True))
    given(request(), counter(), person(CAT)).when(TO_CAT, by=BEN).then(reassigned(lapsed=True))


def test_r6_a_lead_of_whoever_asks_reassigns_for_them() -> None:
    led = (team(TEAM, leads=[LED]), joined(BEN, TEAM))
    given(promise(), person(CAT), *led).when(TO_CAT, by=LED).then(reassigned())


def test_r6_a_lead_of_another_team_or_of_one_that_they_left_does_not() -> None:
    elsewhere = (team(OTHER_TEAM, leads=[LED]), team(TEAM), joined(BEN, TEAM))
    given_loosely(promise(), person(CAT), *elsewhere).when(TO_CAT, by=LED).then_refused(NOT_THE_REQUESTER)
    left = (team(TEAM, leads=[LED]), joined(BEN, TEAM), TeamLeft(team_id=TEAM, person_id=BEN))
    given_loosely(promise(), person(CAT), *left).when(TO_CAT, by=LED).then_refused(NOT_THE_REQUESTER)


def test_r6_whoever_takes_it_does_not_ask_for_it_too() -> None:
    asked = request(by=CAT, of=ANA, to=BEN)
    given(asked, person(CAT)).when(TO_CAT, by=CAT).then(reassigned(asks=BEN))


def test_r14_nobody_gets_a_task_who_is_not_there() -> None:
    given(promise()).when(TO_CAT, by=BEN).then_refused(NOT_FOUND, "promiserId")
    gone = PersonDeactivated(person_id=CAT, reason="Moved.")
    given(promise(), person(CAT), gone).when(TO_CAT, by=BEN).then_refused(PERSON_LEFT, "promiserId")
    same = ReassignTask(task_id=TASK, promiser_id=ANA, reason="Again.")
    given(promise(), person(ANA)).when(same, by=BEN).then_refused(INVALID, "promiserId")


def test_r4_a_task_serves_another_outcome_or_says_why_none() -> None:
    relinked = TaskRelinked(task_id=TASK, from_outcome_id=OUTCOME, outcome_id=OTHER)
    given(promise(), an_outcome(OTHER)).when(RelinkTask(task_id=TASK, outcome_id=OTHER), by=ANA).then(relinked)
    nothing = TaskRelinked(task_id=TASK, from_outcome_id=OUTCOME, serves_nothing="Dropped.")
    given(promise()).when(RelinkTask(task_id=TASK, serves_nothing="Dropped."), by=BEN).then(nothing)


def test_r4_there_is_no_silent_third_way_later_either() -> None:
    given(promise()).when(RelinkTask(task_id=TASK), by=ANA).then_refused(SERVES_NOTHING_SAID)
    given(promise()).when(RelinkTask(task_id=TASK, outcome_id=OTHER), by=ANA).then_refused(NOT_FOUND, "outcomeId")


def test_r4_what_it_serves_already_changes_nothing() -> None:
    given(promise(), an_outcome()).when(RelinkTask(task_id=TASK, outcome_id=OUTCOME), by=ANA).then_nothing()
