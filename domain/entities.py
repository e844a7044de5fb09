"""Entities of whatever kind: for what may be done with any of them, such as to follow or to tag it."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.codes import NOT_FOUND
from domain.cycles import CyclePlanned
from domain.indicators import IndicatorDefined
from domain.kernel import Fold, Refused
from domain.measures import MeasureSet
from domain.milestones import MilestoneSet
from domain.outcomes import OutcomeSet
from domain.people import Person, Team
from domain.promises import TaskCommitted, TaskRequested
from domain.strategy import Objective


class EntityKind(StrEnum):
    """What an entity is."""

    PERSON = "PERSON"
    TEAM = "TEAM"
    OBJECTIVE = "OBJECTIVE"
    CYCLE = "CYCLE"
    OUTCOME = "OUTCOME"
    MEASURE = "MEASURE"
    INDICATOR = "INDICATOR"
    TASK = "TASK"
    MILESTONE = "MILESTONE"


class ExistingCycle(Fold[CyclePlanned]):
    """Whether a cycle was planned."""

    def __init__(self, cycle_id: UUID) -> None:
        super().__init__(cycle=cycle_id)

    def fold(self, event: CyclePlanned) -> None:
        del event  # that it was seen is all that counts

    def check(self, field: str) -> None:
        """Refuses the mention of a cycle that nobody planned."""
        _demand(self, "cycle: plan it first", field)


class ExistingOutcome(Fold[OutcomeSet]):
    """Whether an outcome was set."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)

    def fold(self, event: OutcomeSet) -> None:
        del event

    def check(self, field: str) -> None:
        """Refuses the mention of an outcome that nobody set."""
        _demand(self, "outcome: set it first", field)


class ExistingMeasure(Fold[MeasureSet]):
    """Whether a measure was set."""

    def __init__(self, measure_id: UUID) -> None:
        super().__init__(measure=measure_id)

    def fold(self, event: MeasureSet) -> None:
        del event

    def check(self, field: str) -> None:
        """Refuses the mention of a measure that nobody set."""
        _demand(self, "measure: set it first", field)


class ExistingIndicator(Fold[IndicatorDefined]):
    """Whether an indicator was defined."""

    def __init__(self, indicator_id: UUID) -> None:
        super().__init__(indicator=indicator_id)

    def fold(self, event: IndicatorDefined) -> None:
        del event

    def check(self, field: str) -> None:
        """Refuses the mention of an indicator that nobody defined."""
        _demand(self, "indicator: define it first", field)


class ExistingTask(Fold[TaskRequested | TaskCommitted]):
    """Whether a task was requested or committed."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(task=task_id)

    def fold(self, event: TaskRequested | TaskCommitted) -> None:
        del event

    def check(self, field: str) -> None:
        """Refuses the mention of a task that nobody requested or committed."""
        _demand(self, "task: request or commit it first", field)


class ExistingMilestone(Fold[MilestoneSet]):
    """Whether a milestone was set."""

    def __init__(self, milestone_id: UUID) -> None:
        super().__init__(milestone=milestone_id)

    def fold(self, event: MilestoneSet) -> None:
        del event

    def check(self, field: str) -> None:
        """Refuses the mention of a milestone that nobody set."""
        _demand(self, "milestone: set it first", field)


Existing = (
    Person
    | Team
    | Objective
    | ExistingCycle
    | ExistingOutcome
    | ExistingMeasure
    | ExistingIndicator
    | ExistingTask
    | ExistingMilestone
)


def _demand(fold: Fold[Any], missing: str, field: str) -> None:
    if not fold.seen:
        raise Refused(NOT_FOUND, f"There is no such {missing}.", field)


def existing(kind: EntityKind, entity_id: UUID) -> Existing:
    """The fold that knows whether there is an entity of the kind under the id."""
    folds: dict[EntityKind, type[Existing]] = {
        EntityKind.PERSON: Person,
        EntityKind.TEAM: Team,
        EntityKind.OBJECTIVE: Objective,
        EntityKind.CYCLE: ExistingCycle,
        EntityKind.OUTCOME: ExistingOutcome,
        EntityKind.MEASURE: ExistingMeasure,
        EntityKind.INDICATOR: ExistingIndicator,
        EntityKind.TASK: ExistingTask,
        EntityKind.MILESTONE: ExistingMilestone,
    }
    return folds[kind](entity_id)
