"""Outcomes: the changes worth making, each owned by a team or a person."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from domain.codes import ALREADY_EXISTS, CYCLE_CLOSED, NOT_FOUND
from domain.cycles import REOPEN, Cycle
from domain.kernel import (
    OF_FORMER_OWNER,
    Command,
    CycleId,
    Event,
    Fold,
    OutcomeId,
    OwnerId,
    Reads,
    ReferenceId,
    Refused,
    ReviewerId,
    SharedId,
    TeamId,
)
from domain.people import Person, Team
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Reason, Text, Title, checked_span


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


class OutcomeRevised(Event, frozen=True, tag="outcome.revised"):
    """The words or the terms of an outcome are others; all of them are told."""

    outcome_id: OutcomeId
    title: Title
    description: Text | None
    cycle_id: CycleId | None
    ambition: Ambition
    starts_on: date | None
    due_on: date | None
    roll_up: RollUp | None
    reason: Reason | None = None


class OutcomeAssigned(Event, frozen=True, tag="outcome.assigned"):
    """An outcome belongs to another team, another person, or both; both ends of the move are told."""

    outcome_id: OutcomeId
    cycle_id: CycleId | None
    from_team_id: TeamId | None
    team_id: TeamId | None
    from_owner_id: OwnerId | None
    owner_id: OwnerId | None
    active: bool  # whether its place in the focus moves along
    reason: Annotated[Reason, OF_FORMER_OWNER] | None = None


class ReviewerNamed(Event, frozen=True, tag="outcome.reviewer-named"):
    """Somebody who does not own an outcome reviews it."""

    outcome_id: OutcomeId
    from_reviewer_id: ReviewerId | None
    reviewer_id: ReviewerId


class OutcomeShared(Event, frozen=True, tag="outcome.shared"):
    """Teams share an outcome with its owner, or share it no longer."""

    outcome_id: OutcomeId
    added_ids: tuple[SharedId, ...]
    removed_ids: tuple[SharedId, ...]


OutcomeEvent = OutcomeSet | OutcomeRevised | OutcomeAssigned | ReviewerNamed | OutcomeShared


class Outcome(Fold[OutcomeEvent]):
    """An outcome: as it was set, as it is now, and the teams that share it."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.set: OutcomeSet | None = None
        self.now: OutcomeSet | None = None
        self.shared: set[UUID] = set()

    def fold(self, event: OutcomeEvent) -> None:
        match event:
            case OutcomeSet():
                self.set = self.now = event
            case OutcomeRevised():
                self._become(
                    title=event.title,
                    description=event.description,
                    cycle_id=event.cycle_id,
                    ambition=event.ambition,
                    starts_on=event.starts_on,
                    due_on=event.due_on,
                    roll_up=event.roll_up,
                )
            case OutcomeAssigned():
                self._become(team_id=event.team_id, owner_id=event.owner_id)
            case ReviewerNamed():
                self._become(reviewer_id=event.reviewer_id)
            case OutcomeShared():
                self.shared = (self.shared | {*event.added_ids}) - {*event.removed_ids}

    def _become(self, **changed: Any) -> None:
        if self.now is not None:
            self.now = msgspec.structs.replace(self.now, **changed)

    def check(self, field: str) -> None:
        """Refuses the mention of an outcome that nobody set."""
        self.known(field)

    def known(self, field: str) -> OutcomeSet:
        """The outcome as it is now; refuses the mention of one that nobody set."""
        if self.now is None:
            raise Refused(NOT_FOUND, "There is no such outcome: set it first.", field)
        return self.now


class CycleOf:
    """The cycle of an outcome that a command changes: once closed, it takes corrections with a reason only (R8)."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.cycle: Cycle | None = None

    def reads(self) -> Reads:
        """The cycle, if it has one; the outcome has been read before."""
        now = self.outcome.now
        if now and now.cycle_id:
            self.cycle = Cycle(now.cycle_id)
            yield [self.cycle]

    @property
    def closed(self) -> bool:
        return self.cycle is not None and self.cycle.closed

    def check_open(self, field: str) -> None:
        """Refuses what is no correction."""
        if self.closed:
            raise Refused(CYCLE_CLOSED, REOPEN, field)

    def check_day(self, day: date, field: str) -> None:
        """Refuses what is dated inside the cycle and is no correction."""
        planned = self.cycle.planned if self.cycle else None
        if planned and planned.starts_on <= day <= planned.ends_on:
            self.check_open(field)

    def check_correction(self, reason: str | None) -> None:
        """Refuses a correction that does not say why."""
        if self.closed and reason is None:
            sentence = "Say why, or reopen the cycle with a reason: it is closed, and takes corrections with a reason."
            raise Refused(CYCLE_CLOSED, sentence, "reason")


def cycles_of(cycles: Iterable[CycleOf]) -> Reads:
    """Reads the cycles of several outcomes together."""
    yield [fold for cycle in cycles for folds in cycle.reads() for fold in folds]


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
        self.cycle = self.cycle_id and Cycle(self.cycle_id)
        self.mentions = mentioned(
            cycleId=self.cycle,
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
        if self.cycle:
            self.cycle.check_open("cycleId")
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
