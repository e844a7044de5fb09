"""Entities of whatever kind: for what may be done with any of them, such as to follow or to tag it."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.celebrations import Celebrated
from domain.codes import NOT_FOUND
from domain.cycles import CyclePlanned
from domain.indicators import IndicatorDefined
from domain.initiatives import InitiativePlanned
from domain.kernel import Event, Fold, Refused
from domain.measures import MeasureSet
from domain.milestones import MilestoneSet
from domain.outcomes import OutcomeSet
from domain.people import PersonRegistered, TeamFormed
from domain.promises import TaskCommitted, TaskRequested
from domain.references import Reference
from domain.strategy import StrategicObjectiveSet


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
    INITIATIVE = "INITIATIVE"
    CELEBRATION = "CELEBRATION"


class Existing(Fold[Event]):
    """Whether there is an entity, and the reference that it was brought into being with: a fold for each kind."""

    missing: ClassVar[str] = ""

    def __init_subclass__(cls, *, by: tuple[type[Event], ...], missing: str) -> None:
        cls.types = by
        cls.stored = tuple(sorted(kind.stored_type() for kind in by))
        cls.missing = missing

    def __init__(self, **ids: UUID | None) -> None:
        super().__init__(**ids)
        self.reference: Reference | None = None

    def fold(self, event: Event) -> None:
        self.reference = getattr(event, "reference", None)

    def check(self, field: str) -> None:
        """Refuses the mention of what nobody brought into being."""
        if not self.seen:
            raise Refused(NOT_FOUND, f"There is no such {self.missing}.", field)


class ExistingPerson(Existing, by=(PersonRegistered,), missing="person: register them first"):
    """Whether a person was registered."""


class ExistingTeam(Existing, by=(TeamFormed,), missing="team: form it first"):
    """Whether a team was formed."""


class ExistingObjective(Existing, by=(StrategicObjectiveSet,), missing="objective: set it first"):
    """Whether a strategic objective was set."""


class ExistingCycle(Existing, by=(CyclePlanned,), missing="cycle: plan it first"):
    """Whether a cycle was planned."""


class ExistingOutcome(Existing, by=(OutcomeSet,), missing="outcome: set it first"):
    """Whether an outcome was set."""


class ExistingMeasure(Existing, by=(MeasureSet,), missing="measure: set it first"):
    """Whether a measure was set."""


class ExistingIndicator(Existing, by=(IndicatorDefined,), missing="indicator: define it first"):
    """Whether an indicator was defined."""


class ExistingTask(Existing, by=(TaskRequested, TaskCommitted), missing="task: request or commit it first"):
    """Whether a task was requested or committed."""


class ExistingMilestone(Existing, by=(MilestoneSet,), missing="milestone: set it first"):
    """Whether a milestone was set."""


class ExistingInitiative(Existing, by=(InitiativePlanned,), missing="initiative: plan it first"):
    """Whether an initiative was planned."""


class ExistingCelebration(Existing, by=(Celebrated,), missing="celebration: celebrate first"):
    """Whether a celebration was made."""


EXISTING: dict[EntityKind, type[Existing]] = {
    EntityKind.PERSON: ExistingPerson,
    EntityKind.TEAM: ExistingTeam,
    EntityKind.OBJECTIVE: ExistingObjective,
    EntityKind.CYCLE: ExistingCycle,
    EntityKind.OUTCOME: ExistingOutcome,
    EntityKind.MEASURE: ExistingMeasure,
    EntityKind.INDICATOR: ExistingIndicator,
    EntityKind.TASK: ExistingTask,
    EntityKind.MILESTONE: ExistingMilestone,
    EntityKind.INITIATIVE: ExistingInitiative,
    EntityKind.CELEBRATION: ExistingCelebration,
}


def existing(kind: EntityKind, entity_id: UUID) -> Existing:
    """The fold that knows whether there is an entity of the kind under the id."""
    return EXISTING[kind](**{kind.value.lower(): entity_id})
