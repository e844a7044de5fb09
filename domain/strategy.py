"""The strategy and its map: objectives in perspectives, and which of them drives which, without a circle (R3)."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.codes import (
    ALREADY_EXISTS,
    CAUSE_CIRCLE,
    NOT_FOUND,
    OBJECTIVE_RETIRED,
    PERSPECTIVE_IN_USE,
    PERSPECTIVE_UNKNOWN,
)
from domain.kernel import (
    Command,
    DrivesId,
    Event,
    Fold,
    ObjectiveId,
    OrganisationId,
    PerspectiveId,
    Reads,
    ReferenceId,
    Refused,
    TeamId,
)
from domain.people import Team
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Invalid, Name, Reason, Role, Text, Title, checked_span

NAMES = UUID("3c1f5a0e-7d42-4c0b-9a5f-5f0de7a4c6b8")


class Perspective(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A band of the strategy map: what it is called in data, and what a reader is told."""

    key: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z_]{0,39}$(?!\n)")]
    title: Title


USUAL = (
    Perspective(key="FINANCIAL", title="Financial"),
    Perspective(key="CUSTOMER", title="Customer"),
    Perspective(key="INTERNAL_PROCESS", title="Internal process"),
    Perspective(key="LEARNING_AND_GROWTH", title="Learning and growth"),
)


def perspective_id(organisation_id: UUID, key: str) -> PerspectiveId:
    """The same for the same key in the same organisation."""
    return uuid5(NAMES, f"{organisation_id}|{key}")


class StrategyStated(Event, frozen=True, tag="strategy.stated"):
    """Where the organisation is going, and over which time; what was stated before stands in the history."""

    organisation_id: OrganisationId
    statement: Text
    starts_on: date | None = None
    ends_on: date | None = None


class PerspectivesSet(Event, frozen=True, tag="perspectives.set"):
    """The strategy map has these perspectives, in this order; those left out are dropped."""

    organisation_id: OrganisationId
    perspectives: tuple[Perspective, ...]
    dropped_ids: tuple[PerspectiveId, ...] = ()


@bears_reference
class StrategicObjectiveSet(Event, frozen=True, tag="strategic-objective.set"):
    """The strategy map has a new objective, in a perspective."""

    version: ClassVar[int] = 2

    objective_id: ObjectiveId
    title: Title
    perspective: Name
    description: Text | None = None
    team_id: TeamId | None = None
    reference: Reference | None = None
    reference_id: ReferenceId | None = None
    perspective_id: PerspectiveId | None = None


class StrategicObjectiveRevised(Event, frozen=True, tag="strategic-objective.revised"):
    """An objective of the map is said in other words, stands in another perspective, or is another team's."""

    objective_id: ObjectiveId
    title: Title
    perspective: Name
    from_perspective_id: PerspectiveId  # both ends of a move; the same where it stays
    perspective_id: PerspectiveId
    description: Text | None = None
    from_team_id: TeamId | None = None
    team_id: TeamId | None = None


class StrategicObjectiveRetired(Event, frozen=True, tag="strategic-objective.retired"):
    """An objective has left the map; its history stays."""

    objective_id: ObjectiveId
    perspective_id: PerspectiveId
    reason: Reason


class CauseLinked(Event, frozen=True, tag="cause.linked"):
    """One objective of the map drives another."""

    objective_id: ObjectiveId
    drives_id: DrivesId


class CauseUnlinked(Event, frozen=True, tag="cause.unlinked"):
    """One objective of the map is no longer said to drive another."""

    objective_id: ObjectiveId
    drives_id: DrivesId


ObjectiveEvent = StrategicObjectiveSet | StrategicObjectiveRevised | StrategicObjectiveRetired


class Objective(Fold[ObjectiveEvent]):
    """A strategic objective as it stands: its words, its perspective, whether it has left the map."""

    def __init__(self, objective_id: UUID) -> None:
        super().__init__(objective=objective_id)
        self.now: StrategicObjectiveSet | StrategicObjectiveRevised | None = None
        self.retired = False

    def fold(self, event: ObjectiveEvent) -> None:
        match event:
            case StrategicObjectiveSet() | StrategicObjectiveRevised():
                self.now = event
            case StrategicObjectiveRetired():
                self.retired = True

    def known(self, field: str) -> StrategicObjectiveSet | StrategicObjectiveRevised:
        """As it stands; refuses an objective that nobody set."""
        if self.now is None:
            raise Refused(NOT_FOUND, "There is no such strategic objective: set it first.", field)
        return self.now

    def check(self, field: str) -> None:
        """Refuses the mention of an objective that nobody set."""
        self.known(field)


class ObjectiveOnMap(Objective):
    """A strategic objective that something new is to be joined to."""

    def check(self, field: str) -> None:
        """Refuses the mention of an objective that nobody set, or that has left the map."""
        super().check(field)
        if self.retired:
            raise Refused(OBJECTIVE_RETIRED, "Choose an objective that is on the map: this one is retired.", field)


class Perspectives(Fold[PerspectivesSet]):
    """The perspectives in force, in order; the usual four until the organisation names its own."""

    def __init__(self, organisation_id: UUID) -> None:
        super().__init__(organisation=organisation_id)
        self.organisation_id = organisation_id
        self.latest = USUAL

    def fold(self, event: PerspectivesSet) -> None:
        self.latest = event.perspectives

    def id_of(self, key: str, field: str) -> PerspectiveId:
        """Of a perspective in force; refuses any other."""
        keys = [one.key for one in self.latest]
        if key not in keys:
            sentence = f"Choose one of {', '.join(keys)}, or set the perspectives of the map first."
            raise Refused(PERSPECTIVE_UNKNOWN, sentence, field)
        return perspective_id(self.organisation_id, key)


class StandingIn(Fold[ObjectiveEvent]):
    """The objectives that stand in a perspective."""

    def __init__(self, one: UUID) -> None:
        super().__init__(perspective=one)
        self.id = one
        self.objectives: dict[UUID, str] = {}  # with their titles

    def fold(self, event: ObjectiveEvent) -> None:
        match event:
            case StrategicObjectiveSet() | StrategicObjectiveRevised():
                self.objectives.pop(event.objective_id, None)
                if event.perspective_id == self.id:
                    self.objectives[event.objective_id] = event.title
            case StrategicObjectiveRetired():
                self.objectives.pop(event.objective_id, None)


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


class SetPerspectives(Command):
    """Name the perspectives of the strategy map, the first on top; those left out are dropped.

    Until then they are FINANCIAL, CUSTOMER, INTERNAL_PROCESS and LEARNING_AND_GROWTH. Refused where an objective on the
    map stands in one that would be dropped.
    """

    role = Role.LEAD

    perspectives: Annotated[tuple[Perspective, ...], msgspec.Meta(min_length=1, max_length=12)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len({one.key for one in self.perspectives}) < len(self.perspectives):
            raise Invalid("Name each perspective once.", "perspectives")

    def reads(self) -> Reads:
        organisation_id = self.issued.organisation_id
        self.now = Perspectives(organisation_id)
        yield [self.now]
        kept = {one.key for one in self.perspectives}
        self.dropped = {
            one.key: StandingIn(perspective_id(organisation_id, one.key))
            for one in self.now.latest
            if one.key not in kept
        }
        yield [*self.dropped.values()]

    def execute(self) -> None:
        for key, standing in self.dropped.items():
            if standing.objectives:
                title = min(standing.objectives.values())
                sentence = f"Move or retire what stands in {key} first: {len(standing.objectives)}, such as “{title}”."
                raise Refused(PERSPECTIVE_IN_USE, sentence, "perspectives")
        if self.perspectives != self.now.latest:
            self.emit(
                PerspectivesSet(
                    organisation_id=self.issued.organisation_id,
                    perspectives=self.perspectives,
                    dropped_ids=tuple(standing.id for standing in self.dropped.values()),
                )
            )


class SetStrategicObjective(Command):
    """Put an objective on the strategy map, in one of its perspectives.

    Refused where the map has no such perspective, the id or the external reference is used already, or the team is
    unknown.
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
        self.perspectives = Perspectives(self.issued.organisation_id)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id), reference=self.reference and Referenced(self.reference)
        )
        yield [self.objective, self.perspectives, *self.mentions.values()]

    def execute(self) -> None:
        if self.objective.now:
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
                perspective_id=self.perspectives.id_of(self.perspective, "perspective"),
            )
        )


class ReviseStrategicObjective(Command):
    """Say an objective in other words, or give it another perspective or team; what is left out stays (R9).

    Refused where the map has no such perspective, the team is unknown, or the objective is retired.
    """

    entity = "objective_id"
    role = Role.LEAD

    objective_id: ObjectiveId
    title: Title | None = None
    perspective: Name | None = None
    description: Text | None = None
    team_id: TeamId | None = None

    def reads(self) -> Reads:
        self.objective = ObjectiveOnMap(self.objective_id)
        self.perspectives = Perspectives(self.issued.organisation_id)
        self.mentions = mentioned(objectiveId=self.objective, teamId=self.team_id and Team(self.team_id))
        yield [*self.mentions.values(), *([self.perspectives] if self.perspective else [])]

    def execute(self) -> None:
        check_mentions(self.mentions)
        was = self.objective.known("objectiveId")
        former_id = was.perspective_id or perspective_id(self.issued.organisation_id, was.perspective)
        event = StrategicObjectiveRevised(
            objective_id=self.objective_id,
            title=self.title or was.title,
            perspective=self.perspective or was.perspective,
            from_perspective_id=former_id,
            perspective_id=self.perspectives.id_of(self.perspective, "perspective") if self.perspective else former_id,
            description=was.description if self.description is None else self.description,
            from_team_id=was.team_id,
            team_id=self.team_id or was.team_id,
        )
        if any(
            getattr(event, name) != getattr(was, name) for name in ("title", "perspective", "description", "team_id")
        ):
            self.emit(event)


class RetireStrategicObjective(Command):
    """Take an objective off the strategy map, and say why; its history stays, and nothing new is joined to it.

    Refused where it is unknown.
    """

    entity = "objective_id"
    role = Role.LEAD

    objective_id: ObjectiveId
    reason: Reason

    def reads(self) -> Reads:
        self.objective = Objective(self.objective_id)
        yield [self.objective]

    def execute(self) -> None:
        was = self.objective.known("objectiveId")
        if not self.objective.retired:
            stood_in = was.perspective_id or perspective_id(self.issued.organisation_id, was.perspective)
            self.emit(
                StrategicObjectiveRetired(objective_id=self.objective_id, perspective_id=stood_in, reason=self.reason)
            )


class LinkCause(Command):
    """Say that one strategic objective drives another (R3).

    Refused where an objective would drive itself by way of others on the map, or one of them is retired.
    """

    entity = "objective_id"
    role = Role.LEAD

    objective_id: ObjectiveId
    drives_id: DrivesId

    def reads(self) -> Reads:
        self.causes = Causes(self.objective_id)
        self.mentions = mentioned(
            objectiveId=ObjectiveOnMap(self.objective_id), drivesId=ObjectiveOnMap(self.drives_id)
        )
        yield [self.causes, *self.mentions.values()]
        self.driven: set[UUID] = set()
        rising: set[UUID] = {self.drives_id}
        while rising:
            self.driven |= rising
            generation = [(Objective(one), Causes(one)) for one in sorted(rising)]
            yield [fold for folds in generation for fold in folds]
            on_map = [causes for objective, causes in generation if not objective.retired]
            rising = {one for causes in on_map for one in causes.drives} - self.driven

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
