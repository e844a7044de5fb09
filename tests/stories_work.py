"""Makers of events of the work: measures, tasks, milestones, check-ins; each with sound defaults."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.measures import Direction, MeasureSet
from domain.milestones import MilestoneSet
from domain.outcomes import OutcomeSet
from domain.people import PersonRegistered
from domain.promises import Promise, TaskCommitted, TaskCountered, TaskRequested, TermsProposed
from domain.readings import ReadingTaken
from tests.given import ANA, BEN, named
from tests.memory_ledger import MemoryLedger

OUTCOME, MEASURE, READING = named("outcome"), named("measure"), named("reading")
TASK, MILESTONE = named("task"), named("milestone")
DUE, LATER = date(2022, 7, 1), date(2022, 8, 1)


def person(person_id: UUID = BEN) -> PersonRegistered:
    return PersonRegistered(person_id=person_id, name="Somebody")


def an_outcome(outcome_id: UUID = OUTCOME) -> OutcomeSet:
    return OutcomeSet(outcome_id=outcome_id, title="Fewer waits")


def measure(direction: Direction = Direction.INCREASE, **terms: Any) -> MeasureSet:
    return MeasureSet(measure_id=MEASURE, outcome_id=OUTCOME, title="Count", direction=direction, **terms)


def reading(value: int = 5, taken_on: date = date(2022, 6, 1)) -> ReadingTaken:
    return ReadingTaken(
        reading_id=READING, measure_id=MEASURE, outcome_id=OUTCOME, value=Decimal(value), taken_on=taken_on
    )


def request(by: UUID = BEN, of: UUID = ANA, to: UUID | None = None) -> TaskRequested:
    """`by` asks `of` for a promise to `to`, or to themself."""
    return TaskRequested(
        task_id=TASK,
        title="Mend it",
        due_on=DUE,
        promiser_id=of,
        beneficiary_id=to or by,
        requester_id=by,
        outcome_id=OUTCOME,
    )


def promise(by: UUID = ANA, to: UUID = BEN) -> TaskCommitted:
    return TaskCommitted(
        task_id=TASK, title="Mend it", due_on=DUE, promiser_id=by, beneficiary_id=to, outcome_id=OUTCOME
    )


def proposal(by: UUID = ANA, due_on: date = LATER) -> TermsProposed:
    return TermsProposed(task_id=TASK, proposer_id=by, title="Mend it", due_on=due_on, reason="ill", outcome_id=OUTCOME)


def counter(by: UUID = ANA, due_on: date = LATER) -> TaskCountered:
    return TaskCountered(task_id=TASK, proposer_id=by, title="Mend it", due_on=due_on, reason="ill", outcome_id=OUTCOME)


def milestone() -> MilestoneSet:
    return MilestoneSet(milestone_id=MILESTONE, outcome_id=OUTCOME, title="Half way", due_on=DUE)


def promise_of(ledger: MemoryLedger, task_id: UUID) -> Promise:
    """How a task stands."""
    fold = Promise(task_id)
    for position, event in enumerate(ledger.events(), start=1):
        if fold.selects(event, event.tags()):
            fold.take(event, position)
    return fold
