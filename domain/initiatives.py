"""Initiatives: bundles of tasks for one outcome (R4); how one ends is told in `domain.ending`."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec.structs import replace

from domain.codes import ALREADY_EXISTS, INITIATIVE_ENDED, NOT_FOUND
from domain.kernel import OF_FORMER_OWNER, Command, Event, Fold, InitiativeId, OutcomeId, OwnerId, Reads, Refused
from domain.outcomes import Outcome
from domain.people import Person
from domain.references import check_mentions, mentioned
from domain.values import Reason, Text, Title, checked_span


class Ending(StrEnum):
    """How an initiative ended."""

    DONE = "DONE"
    DROPPED = "DROPPED"


class InitiativePlanned(Event, frozen=True, tag="initiative.planned"):
    """Tasks can be bundled for an outcome."""

    initiative_id: InitiativeId
    outcome_id: OutcomeId
    title: Title
    description: Text | None = None
    owner_id: OwnerId | None = None
    starts_on: date | None = None
    due_on: date | None = None


class InitiativeRevised(Event, frozen=True, tag="initiative.revised"):
    """An initiative is another one by name, owner or dates; all of it is told."""

    initiative_id: InitiativeId
    outcome_id: OutcomeId
    title: Title
    description: Text | None = None
    owner_id: OwnerId | None = None
    starts_on: date | None = None
    due_on: date | None = None


class InitiativeAssigned(Event, frozen=True, tag="initiative.assigned"):
    """Somebody else sees to an initiative: its owner has left."""

    initiative_id: InitiativeId
    outcome_id: OutcomeId
    from_owner_id: OwnerId
    owner_id: OwnerId
    reason: Annotated[Reason, OF_FORMER_OWNER]


class InitiativeEnded(Event, frozen=True, tag="initiative.ended"):
    """Nothing more is bundled: it is done, or was dropped."""

    initiative_id: InitiativeId
    outcome_id: OutcomeId
    ending: Ending
    reason: Reason | None = None


InitiativeEvent = InitiativePlanned | InitiativeRevised | InitiativeAssigned | InitiativeEnded


class Initiative(Fold[InitiativeEvent]):
    """An initiative as it is now, and whether it has ended."""

    def __init__(self, initiative_id: UUID) -> None:
        super().__init__(initiative=initiative_id)
        self.now: InitiativePlanned | InitiativeRevised | None = None
        self.ended = False

    def fold(self, event: InitiativeEvent) -> None:
        match event:
            case InitiativePlanned() | InitiativeRevised():
                self.now = event
            case InitiativeAssigned():
                self.now = self.now and replace(self.now, owner_id=event.owner_id)
            case InitiativeEnded():
                self.ended = True

    @property
    def outcome_id(self) -> UUID | None:
        return self.now.outcome_id if self.now else None

    def known(self, field: str) -> InitiativePlanned | InitiativeRevised:
        """The initiative as it is; refuses one that nobody planned."""
        if self.now is None:
            raise Refused(NOT_FOUND, "There is no such initiative: plan it first.", field)
        return self.now

    def standing(self, field: str) -> InitiativePlanned | InitiativeRevised:
        """The initiative as it is; refuses one that nobody planned, or that has ended."""
        now = self.known(field)
        if self.ended:
            raise Refused(INITIATIVE_ENDED, "Name another initiative, or plan one: this one has ended.", field)
        return now

    def check(self, field: str) -> None:
        """Refuses the mention of an initiative that nothing can be bundled in."""
        self.standing(field)


class PlanInitiative(Command):
    """Bundle tasks for an outcome, perhaps under somebody who sees to it.

    Refused where the id is used already, or the outcome or the owner is unknown.
    """

    entity = "initiative_id"
    creates = True

    initiative_id: InitiativeId
    outcome_id: OutcomeId
    title: Title
    description: Text | None = None
    owner_id: OwnerId | None = None
    starts_on: date | None = None
    due_on: date | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_span(self.starts_on, self.due_on, "dueOn")

    def reads(self) -> Reads:
        self.initiative = Initiative(self.initiative_id)
        self.mentions = mentioned(outcomeId=Outcome(self.outcome_id), ownerId=self.owner_id and Person(self.owner_id))
        yield [self.initiative, *self.mentions.values()]

    def execute(self) -> None:
        if self.initiative.now:
            raise Refused(ALREADY_EXISTS, "Choose another id: an initiative has this one.", "initiativeId")
        check_mentions(self.mentions)
        self.emit(
            InitiativePlanned(
                initiative_id=self.initiative_id,
                outcome_id=self.outcome_id,
                title=self.title,
                description=self.description,
                owner_id=self.owner_id,
                starts_on=self.starts_on,
                due_on=self.due_on,
            )
        )


class ReviseInitiative(Command):
    """Give an initiative another title, description, owner or dates; what is left out stays as it is.

    Refused where it has ended, or the owner is unknown.
    """

    entity = "initiative_id"

    initiative_id: InitiativeId
    title: Title | None = None
    description: Text | None = None
    owner_id: OwnerId | None = None
    starts_on: date | None = None
    due_on: date | None = None

    def reads(self) -> Reads:
        self.initiative = Initiative(self.initiative_id)
        self.mentions = mentioned(ownerId=self.owner_id and Person(self.owner_id))
        yield [self.initiative, *self.mentions.values()]

    def execute(self) -> None:
        was = self.initiative.standing("initiativeId")
        check_mentions(self.mentions)
        revised = InitiativeRevised(
            initiative_id=self.initiative_id,
            outcome_id=was.outcome_id,
            title=self.title or was.title,
            description=was.description if self.description is None else self.description,
            owner_id=self.owner_id or was.owner_id,
            starts_on=self.starts_on or was.starts_on,
            due_on=self.due_on or was.due_on,
        )
        checked_span(revised.starts_on, revised.due_on, "dueOn")
        if revised.as_dict() != was.as_dict():
            self.emit(revised)
