"""The strategy and its map: strategic objectives, and which of them drives which, without a circle (R3)."""

from datetime import date
from uuid import UUID

from domain.codes import ALREADY_EXISTS, CAUSE_CIRCLE, NOT_FOUND
from domain.kernel import (
    Command,
    DrivesId,
    Event,
    Fold,
    ObjectiveId,
    OrganisationId,
    Reads,
    ReferenceId,
    Refused,
    TeamId,
)
from domain.people import Team
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Name, Role, Text, Title, checked_span


class StrategyStated(Event, frozen=True, tag="strategy.stated"):
    """Where the organisation is going, and over which time; what was stated before stands in the history."""

    organisation_id: OrganisationId
    statement: Text
    starts_on: date | None = None
    ends_on: date | None = None


@bears_reference
class StrategicObjectiveSet(Event, frozen=True, tag="strategic-objective.set"):
    """The strategy map has a new objective, in a perspective."""

    objective_id: ObjectiveId
    title: Title
    perspective: Name
    description: Text | None = None
    team_id: TeamId | None = None
    reference: Reference | None = None
    reference_id: ReferenceId | None = None


class CauseLinked(Event, frozen=True, tag="cause.linked"):
    """One objective of the map drives another."""

    objective_id: ObjectiveId
    drives_id: DrivesId


class CauseUnlinked(Event, frozen=True, tag="cause.unlinked"):
    """One objective of the map is no longer said to drive another."""

    objective_id: ObjectiveId
    drives_id: DrivesId


class Objective(Fold[StrategicObjectiveSet]):
    """Whether a strategic objective exists."""

    def __init__(self, objective_id: UUID) -> None:
        super().__init__(objective=objective_id)
        self.set: StrategicObjectiveSet | None = None

    def fold(self, event: StrategicObjectiveSet) -> None:
        self.set = event

    def check(self, field: str) -> None:
        """Refuses the mention of an objective that nobody set."""
        if self.set is None:
            raise Refused(NOT_FOUND, "There is no such strategic objective: set it first.", field)


class Causes(Fold[CauseLinked | CauseUnlinked]):
    """The objectives that an objective drives."""

    def __init__(self, objective_id: UUID) -> None:
        super().__init__(objective=objective_id)
        self.drives: set[UUID] = set()

    def fold(self, event: CauseLinked | CauseUnlinked) -> None:
        match event:
            case CauseLinked():
                self.drives.add(event.drives_id)
            case CauseUnlinked():
                self.drives.discard(event.drives_id)


class StateStrategy(Command):
    """State where the organisation is going, and until when."""

    role = Role.LEAD

    statement: Text
    starts_on: date | None = None
    ends_on: date | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_span(self.starts_on, self.ends_on, "endsOn")

    def execute(self) -> None:
        self.emit(
            StrategyStated(
                organisation_id=self.issued.organisation_id,
                statement=self.statement,
                starts_on=self.starts_on,
                ends_on=self.ends_on,
            )
        )


class SetStrategicObjective(Command):
    """Put an objective on the strategy map: FINANCIAL, CUSTOMER, INTERNAL_PROCESS, LEARNING_AND_GROWTH or your own.

    Refused where the id or the external reference is used already, or the team is unknown.
    """

    entity = "objective_id"
    creates = True
    role = Role.LEAD

    objective_id: ObjectiveId
    title: Title
    perspective: Name
    description: Text | None = None
    team_id: TeamId | None = None
    reference: Reference | None = None

    def reads(self) -> Reads:
        self.objective = Objective(self.objective_id)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id), reference=self.reference and Referenced(self.reference)
        )
        yield [self.objective, *self.mentions.values()]

    def execute(self) -> None:
        if self.objective.set:
            raise Refused(ALREADY_EXISTS, "Choose another id: a strategic objective has this one.", "objectiveId")
        check_mentions(self.mentions)
        self.emit(
            StrategicObjectiveSet(
                objective_id=self.objective_id,
                title=self.title,
                perspective=self.perspective,
                description=self.description,
                team_id=self.team_id,
                reference=self.reference,
                reference_id=key_of(self.reference),
            )
        )


class LinkCause(Command):
    """Say that one strategic objective drives another (R3).

    Refused where an objective would drive itself by way of others.
    """

    entity = "objective_id"
    role = Role.LEAD

    objective_id: ObjectiveId
    drives_id: DrivesId

    def reads(self) -> Reads:
        self.causes = Causes(self.objective_id)
        self.mentions = mentioned(objectiveId=Objective(self.objective_id), drivesId=Objective(self.drives_id))
        yield [self.causes, *self.mentions.values()]
        self.driven: set[UUID] = set()
        rising: set[UUID] = {self.drives_id}
        while rising:
            self.driven |= rising
            generation = [Causes(objective_id) for objective_id in sorted(rising)]
            yield [*generation]
            rising = {one for causes in generation for one in causes.drives} - self.driven

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.objective_id in self.driven:
            sentence = "Unlink a cause first: what this objective would drive drives it already, by way of others."
            raise Refused(CAUSE_CIRCLE, sentence, "drivesId")
        if self.drives_id not in self.causes.drives:
            self.emit(CauseLinked(objective_id=self.objective_id, drives_id=self.drives_id))


class UnlinkCause(Command):
    """Say no longer that one strategic objective drives another.

    Refused where one of them is unknown.
    """

    entity = "objective_id"
    role = Role.LEAD

    objective_id: ObjectiveId
    drives_id: DrivesId

    def reads(self) -> Reads:
        self.causes = Causes(self.objective_id)
        self.mentions = mentioned(objectiveId=Objective(self.objective_id), drivesId=Objective(self.drives_id))
        yield [self.causes, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.drives_id in self.causes.drives:
            self.emit(CauseUnlinked(objective_id=self.objective_id, drives_id=self.drives_id))
