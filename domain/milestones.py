"""Milestones: dated points on the way of an outcome or an initiative, set, moved, reached, missed, withdrawn."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from domain.codes import (
    ALREADY_EXISTS,
    DAY_IN_FUTURE,
    MILESTONE_MISSED,
    MILESTONE_NOT_PASSED,
    MILESTONE_REACHED,
    MILESTONE_WAITS,
    MILESTONE_WITHDRAWN,
    NOT_FOUND,
    PERSON_REQUIRED,
    Code,
)
from domain.evidence import Shown
from domain.initiatives import Initiative
from domain.kernel import (
    OF_FORMER_OWNER,
    OWN,
    AwaitedId,
    AwaitedOutcomeId,
    Command,
    Event,
    Fold,
    InitiativeId,
    MilestoneId,
    OutcomeId,
    OwnerId,
    Reads,
    ReferenceId,
    Refused,
)
from domain.outcomes import CycleOf, Outcome
from domain.people import Person
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Reason, Text, Title, Weight, checked_between, checked_choice

MOST_WEIGHT = 1_000


@bears_reference
class MilestoneSet(Event, frozen=True, tag="milestone.set"):
    """A dated point on the way of an outcome was set; of an initiative, its outcome is told as well."""

    version: ClassVar[int] = 3

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    title: Title
    due_on: date
    reference: Reference | None = None
    reference_id: ReferenceId | None = None
    weight: Weight = Decimal(1)
    owner_id: OwnerId | None = None
    initiative_id: InitiativeId | None = None


class MilestoneRevised(Event, frozen=True, tag="milestone.revised"):
    """A milestone has another title or counts for more or less; what it was stays in the history."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    former_title: Title
    title: Title
    former_weight: Weight
    weight: Weight
    reason: Reason | None = None


class MilestoneMoved(Event, frozen=True, tag="milestone.moved"):
    """A milestone is due on another day; the former one stays visible."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    former_due_on: date
    due_on: date
    reason: Reason


class MilestoneAssigned(Event, frozen=True, tag="milestone.assigned"):
    """Somebody else answers for a milestone, or nobody beyond who owns its outcome."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    from_owner_id: OwnerId | None
    owner_id: OwnerId | None
    reason: Annotated[Reason, OF_FORMER_OWNER] | None = None


class MilestoneReached(Event, frozen=True, tag="milestone.reached"):
    """A milestone was reached, so many days late or early."""

    version: ClassVar[int] = 2

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    reached_on: date
    days_late: int
    note: Annotated[Text, OWN] | None = None
    days_early: int = 0
    evidence: Shown = ()


class MilestoneMissed(Event, frozen=True, tag="milestone.missed"):
    """The day of a milestone passed without it, and it was said why."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    due_on: date
    missed_on: date
    reason: Reason


class MilestoneWithdrawn(Event, frozen=True, tag="milestone.withdrawn"):
    """A milestone is none any more; it counts nowhere."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    reason: Reason


class MilestoneLinked(Event, frozen=True, tag="milestone.linked"):
    """A milestone waits for another one, perhaps of another outcome."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    awaited_id: AwaitedId
    awaited_outcome_id: AwaitedOutcomeId


class MilestoneUnlinked(Event, frozen=True, tag="milestone.unlinked"):
    """A milestone waits for another one no longer."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    awaited_id: AwaitedId
    awaited_outcome_id: AwaitedOutcomeId


class State(StrEnum):
    """Where a milestone stands."""

    PLANNED = "PLANNED"
    REACHED = "REACHED"
    MISSED = "MISSED"
    WITHDRAWN = "WITHDRAWN"


# What is said where something can no longer be done; a missed one can still be reached, late, or be given another day.
CLOSING: dict[State, tuple[Code, str]] = {
    State.REACHED: (MILESTONE_REACHED, "Leave it: it has been reached."),
    State.MISSED: (MILESTONE_MISSED, "Move it or mark it reached: it is on record that it was missed."),
    State.WITHDRAWN: (MILESTONE_WITHDRAWN, "Set another milestone: this one was withdrawn."),
}
UNDER_WAY = (State.PLANNED, State.MISSED)

MilestoneEvent = (
    MilestoneSet
    | MilestoneRevised
    | MilestoneMoved
    | MilestoneAssigned
    | MilestoneReached
    | MilestoneMissed
    | MilestoneWithdrawn
)


class Milestone(Fold[MilestoneEvent]):
    """Whose a milestone is, when it is due, and where it stands (R7)."""

    def __init__(self, milestone_id: UUID) -> None:
        super().__init__(milestone=milestone_id)
        self.set: MilestoneSet | None = None
        self.title = ""
        self.weight = Decimal(1)
        self.due_on: date | None = None
        self.moved = False
        self.owner_id: UUID | None = None
        self.state = State.PLANNED

    def fold(self, event: MilestoneEvent) -> None:
        match event:
            case MilestoneSet():
                self.set, self.due_on, self.owner_id = event, event.due_on, event.owner_id
                self.title, self.weight = event.title, event.weight
            case MilestoneRevised():
                self.title, self.weight = event.title, event.weight
            case MilestoneMoved():
                self.due_on, self.state, self.moved = event.due_on, State.PLANNED, True
            case MilestoneAssigned():
                self.owner_id = event.owner_id
            case MilestoneReached():
                self.state = State.REACHED
            case MilestoneMissed():
                self.state = State.MISSED
            case MilestoneWithdrawn():
                self.state = State.WITHDRAWN

    @property
    def outcome_id(self) -> UUID | None:
        return self.set.outcome_id if self.set else None

    def check(self, field: str) -> None:
        """Refuses the mention of a milestone that nobody set."""
        self.known(field)

    def known(self, field: str = "milestoneId") -> tuple[MilestoneSet, date]:
        """The milestone and its day; refuses one that nobody set."""
        if self.set is None or self.due_on is None:
            raise Refused(NOT_FOUND, "There is no such milestone: set it first.", field)
        return self.set, self.due_on

    def demand(self, *states: State, field: str = "milestoneId") -> tuple[MilestoneSet, date]:
        """The milestone and its day; refuses one that stands elsewhere."""
        known = self.known(field)
        if self.state not in states:
            code, sentence = CLOSING[self.state]
            raise Refused(code, sentence, field)
        return known


class Awaits(Fold[MilestoneLinked | MilestoneUnlinked]):
    """The milestones that one waits for, each with the outcome that it is of."""

    def __init__(self, milestone_id: UUID) -> None:
        super().__init__(milestone=milestone_id)
        self.awaited: dict[UUID, UUID] = {}

    def fold(self, event: MilestoneLinked | MilestoneUnlinked) -> None:
        match event:
            case MilestoneLinked():
                self.awaited[event.awaited_id] = event.awaited_outcome_id
            case MilestoneUnlinked():
                self.awaited.pop(event.awaited_id, None)


class SetMilestone(Command):
    """Set a dated point on the way of an outcome, or of an initiative for one: how much it counts for, and who answers
    for it.

    What is an initiative's is told with its outcome, and counts in none of the outcome's checklists. Refused where
    there is no such outcome, the initiative has ended, the cycle is closed (R8), or the owner is unknown.
    """

    entity = "milestone_id"
    creates = True

    milestone_id: MilestoneId
    title: Title
    due_on: date
    outcome_id: OutcomeId | None = None
    initiative_id: InitiativeId | None = None
    weight: Weight = Decimal(1)
    owner_id: OwnerId | None = None
    reference: Reference | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_between(self.weight, 0, MOST_WEIGHT, "weight")
        checked_choice((self.outcome_id, "outcomeId"), (self.initiative_id, "initiativeId"))

    def reads(self) -> Reads:
        self.milestone = Milestone(self.milestone_id)
        self.initiative = self.initiative_id and Initiative(self.initiative_id)
        outcome = self.outcome_id and Outcome(self.outcome_id)
        self.mentions = mentioned(
            outcomeId=outcome,
            initiativeId=self.initiative,
            ownerId=self.owner_id and Person(self.owner_id),
            reference=self.reference and Referenced(self.reference),
        )
        yield [self.milestone, *self.mentions.values()]
        if self.initiative and self.initiative.outcome_id:
            outcome = Outcome(self.initiative.outcome_id)
            yield [outcome]
        self.cycle = CycleOf(outcome) if outcome else None
        if self.cycle:
            yield from self.cycle.reads()

    def execute(self) -> None:
        if self.milestone.set:
            raise Refused(ALREADY_EXISTS, "Choose another id: a milestone has this one.", "milestoneId")
        check_mentions(self.mentions)
        if self.cycle:
            self.cycle.check_open("initiativeId" if self.initiative else "outcomeId")
        outcome_id = self.initiative.outcome_id if self.initiative else self.outcome_id
        assert outcome_id is not None  # noqa: S101 - one of the two is given
        self.emit(
            MilestoneSet(
                milestone_id=self.milestone_id,
                outcome_id=outcome_id,
                title=self.title,
                due_on=self.due_on,
                reference=self.reference,
                reference_id=key_of(self.reference),
                weight=self.weight,
                owner_id=self.owner_id,
                initiative_id=self.initiative_id,
            )
        )


class MilestoneCommand(Command):
    """What is read of a milestone, and of the cycle that its outcome is in."""

    entity = "milestone_id"

    milestone_id: MilestoneId

    def reads(self) -> Reads:
        self.milestone = Milestone(self.milestone_id)
        yield [self.milestone]
        self.cycle: CycleOf | None = None
        if was := self.milestone.set:
            outcome = Outcome(was.outcome_id)
            yield [outcome]
            self.cycle = CycleOf(outcome)
            yield from self.cycle.reads()

    def demand(self, *states: State) -> tuple[MilestoneSet, date]:
        """The milestone and its day; refuses one that stands elsewhere, or belongs to a closed cycle."""
        demanded = self.milestone.demand(*states)
        if self.cycle:
            self.cycle.check_open("milestoneId")
        return demanded


class MoveMilestone(MilestoneCommand):
    """Put a milestone on another day and say why; the former days stay visible, and one that was missed is planned
    again.

    Refused once it has been reached or withdrawn, or the cycle of its outcome is closed (R8).
    """

    due_on: date
    reason: Reason

    def execute(self) -> None:
        was, due_on = self.demand(*UNDER_WAY)
        if due_on == self.due_on:
            return
        self.emit(
            MilestoneMoved(
                milestone_id=self.milestone_id,
                outcome_id=was.outcome_id,
                former_due_on=due_on,
                due_on=self.due_on,
                reason=self.reason,
            )
        )


class AssignMilestone(MilestoneCommand):
    """Say who answers for a milestone; without an owner, whoever owns its outcome.

    Refused where the person is unknown or has left, the milestone has been reached or withdrawn, or the cycle of its
    outcome is closed (R8).
    """

    owner_id: OwnerId | None = None
    reason: Reason | None = None

    def reads(self) -> Reads:
        yield from super().reads()
        self.mentions = mentioned(ownerId=self.owner_id and Person(self.owner_id))
        yield [*self.mentions.values()]

    def execute(self) -> None:
        was, _ = self.demand(*UNDER_WAY)
        check_mentions(self.mentions)
        if self.owner_id == self.milestone.owner_id:
            return
        self.emit(
            MilestoneAssigned(
                milestone_id=self.milestone_id,
                outcome_id=was.outcome_id,
                from_owner_id=self.milestone.owner_id,
                owner_id=self.owner_id,
                reason=self.reason,
            )
        )


class MarkMilestone(MilestoneCommand):
    """Mark a milestone reached, once, by a person, on a day that has come; a note and pages can show it (R7).

    Refused once it has been withdrawn, while a milestone that it waits for has not been reached, or where the cycle of
    its outcome is closed (R8).
    """

    reached_on: date | None = None
    note: Text | None = None
    evidence: Shown = ()

    def reads(self) -> Reads:
        yield from super().reads()
        awaits = Awaits(self.milestone_id)
        yield [awaits]
        self.awaited = [Milestone(one) for one in sorted(awaits.awaited)]
        yield [*self.awaited]

    def execute(self) -> None:
        if self.issued.person_id is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: a milestone is marked by somebody.")
        was, due_on = self.demand(*UNDER_WAY)
        reached_on = self.reached_on or self.issued.today
        if reached_on > self.issued.today:
            raise Refused(DAY_IN_FUTURE, "Give a day that has come.", "reachedOn")
        # Counted, not named: whose they are may be hidden (R15).
        if waiting := sum(one.state in UNDER_WAY for one in self.awaited):
            sentence = f"Mark what it waits for first, or unlink it: {waiting} not reached yet."
            raise Refused(MILESTONE_WAITS, sentence, "milestoneId")
        late = (reached_on - due_on).days
        self.emit(
            MilestoneReached(
                milestone_id=self.milestone_id,
                outcome_id=was.outcome_id,
                reached_on=reached_on,
                days_late=max(0, late),
                note=self.note,
                days_early=max(0, -late),
                evidence=self.evidence,
            )
        )


class MissMilestone(MilestoneCommand):
    """Say that the day of a milestone passed without it, and why; it can still be reached, late, or be moved.

    Refused while its day has not passed, once it has been reached, missed or withdrawn, or where the cycle of its
    outcome is closed (R8).
    """

    reason: Reason

    def execute(self) -> None:
        was, due_on = self.demand(State.PLANNED)
        if self.issued.today <= due_on:
            sentence = f"Move it or withdraw it: its day, {due_on}, has not passed."
            raise Refused(MILESTONE_NOT_PASSED, sentence, "milestoneId")
        self.emit(
            MilestoneMissed(
                milestone_id=self.milestone_id,
                outcome_id=was.outcome_id,
                due_on=due_on,
                missed_on=self.issued.today,
                reason=self.reason,
            )
        )


class WithdrawMilestone(MilestoneCommand):
    """Say that a milestone is none any more, and why; it counts nowhere, and what waited for it waits no longer.

    Refused once it has been reached (R7). A closed cycle takes it as a correction (R8).
    """

    reason: Reason

    def execute(self) -> None:
        if self.milestone.state is State.WITHDRAWN:
            return
        was, _ = self.milestone.demand(*UNDER_WAY)
        self.emit(MilestoneWithdrawn(milestone_id=self.milestone_id, outcome_id=was.outcome_id, reason=self.reason))
