"""Outcomes: the changes worth making, each owned by a team or a person."""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.codes import ALREADY_EXISTS, NOT_FOUND
from domain.cycles import Cycle
from domain.kernel import (
    Command,
    CycleId,
    Event,
    Fold,
    OutcomeId,
    OwnerId,
    PersonId,
    Reads,
    ReferenceId,
    Refused,
    ReviewerId,
    TeamId,
)
from domain.people import Person, Team
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Text, Title, checked_span


class Ambition(StrEnum):
    """Whether the outcome is expected in full, or 0.7 of it is a success."""

    COMMITTED = "COMMITTED"
    ASPIRATIONAL = "ASPIRATIONAL"


class RollUp(StrEnum):
    """What the progress of an outcome is told from: its measures, what serves it, both, or the sum of their values."""

    MEASURES = "MEASURES"
    CHILDREN = "CHILDREN"
    BOTH = "BOTH"
    SUM = "SUM"


@bears_reference
class OutcomeSet(Event, frozen=True, tag="outcome.set"):
    """A change worth making was written down; nobody works on it yet."""

    version: ClassVar[int] = 2

    outcome_id: OutcomeId
    title: Title
    description: Text | None = None
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    reviewer_id: ReviewerId | None = None
    ambition: Ambition = Ambition.COMMITTED
    starts_on: date | None = None
    due_on: date | None = None
    roll_up: RollUp | None = None
    reference: Reference | None = None
    reference_id: ReferenceId | None = None


class Visibility(StrEnum):
    """Who may see an outcome: everybody; its team and those above; named people; its owner and leads."""

    ORGANISATION = "ORGANISATION"
    TEAM = "TEAM"
    NAMED = "NAMED"
    OWNER_AND_LEADS = "OWNER_AND_LEADS"


class VisibilitySet(Event, frozen=True, tag="outcome.visibility-set"):
    """Who may see an outcome was said."""

    outcome_id: OutcomeId
    visibility: Visibility
    person_ids: tuple[PersonId, ...] = ()


class Outcome(Fold[OutcomeSet]):
    """An outcome as it was set."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.set: OutcomeSet | None = None

    def fold(self, event: OutcomeSet) -> None:
        self.set = event

    def check(self, field: str) -> None:
        """Refuses the mention of an outcome that nobody set."""
        if self.set is None:
            raise Refused(NOT_FOUND, "There is no such outcome: set it first.", field)


class SetOutcome(Command):
    """Write down a change worth making; who owns it and in which cycle may be left open until it is activated.

    Refused where the id or the external reference is used already, or the cycle, team or a person is unknown.
    """

    entity = "outcome_id"
    creates = True

    outcome_id: OutcomeId
    title: Title
    description: Text | None = None
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    reviewer_id: ReviewerId | None = None
    ambition: Ambition = Ambition.COMMITTED
    starts_on: date | None = None
    due_on: date | None = None
    roll_up: RollUp | None = None
    reference: Reference | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_span(self.starts_on, self.due_on, "dueOn")

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.mentions = mentioned(
            cycleId=self.cycle_id and Cycle(self.cycle_id),
            teamId=self.team_id and Team(self.team_id),
            ownerId=self.owner_id and Person(self.owner_id),
            reviewerId=self.reviewer_id and Person(self.reviewer_id),
            reference=self.reference and Referenced(self.reference),
        )
        yield [self.outcome, *self.mentions.values()]

    def execute(self) -> None:
        if self.outcome.set:
            raise Refused(ALREADY_EXISTS, "Choose another id: an outcome has this one.", "outcomeId")
        check_mentions(self.mentions)
        self.emit(
            OutcomeSet(
                outcome_id=self.outcome_id,
                title=self.title,
                description=self.description,
                cycle_id=self.cycle_id,
                team_id=self.team_id,
                owner_id=self.owner_id,
                reviewer_id=self.reviewer_id,
                ambition=self.ambition,
                starts_on=self.starts_on,
                due_on=self.due_on,
                roll_up=self.roll_up,
                reference=self.reference,
                reference_id=key_of(self.reference),
            )
        )


class SetVisibility(Command):
    """Say who may see an outcome (R15).

    Refused where there is no such outcome.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    visibility: Visibility
    person_ids: tuple[PersonId, ...] = ()

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        yield [self.outcome]

    def execute(self) -> None:
        self.outcome.check("outcomeId")
        self.emit(VisibilitySet(outcome_id=self.outcome_id, visibility=self.visibility, person_ids=self.person_ids))
