"""Milestones: dated points on the way of an outcome, set, moved and reached."""

from datetime import date
from typing import Annotated
from uuid import UUID

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, MILESTONE_REACHED, NOT_FOUND, PERSON_REQUIRED
from domain.kernel import OWN, Command, Event, Fold, MilestoneId, OutcomeId, Reads, ReferenceId, Refused
from domain.outcomes import CycleOf, Outcome
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Reason, Text, Title


@bears_reference
class MilestoneSet(Event, frozen=True, tag="milestone.set"):
    """A dated point on the way of an outcome was set."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    title: Title
    due_on: date
    reference: Reference | None = None
    reference_id: ReferenceId | None = None


class MilestoneMoved(Event, frozen=True, tag="milestone.moved"):
    """A milestone is due on another day; the former one stays visible."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    former_due_on: date
    due_on: date
    reason: Reason


class MilestoneReached(Event, frozen=True, tag="milestone.reached"):
    """A milestone was reached, so many days late."""

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    reached_on: date
    days_late: int
    note: Annotated[Text, OWN] | None = None


class Milestone(Fold[MilestoneSet | MilestoneMoved | MilestoneReached]):
    """When a milestone is due, and whether it has been reached (R7)."""

    def __init__(self, milestone_id: UUID) -> None:
        super().__init__(milestone=milestone_id)
        self.set: MilestoneSet | None = None
        self.due_on: date | None = None
        self.reached_on: date | None = None

    def fold(self, event: MilestoneSet | MilestoneMoved | MilestoneReached) -> None:
        match event:
            case MilestoneSet():
                self.set, self.due_on = event, event.due_on
            case MilestoneMoved():
                self.due_on = event.due_on
            case MilestoneReached():
                self.reached_on = event.reached_on

    def standing(self) -> tuple[MilestoneSet, date]:
        """The milestone and its day; refuses one that nobody set, and one that has been reached."""
        if self.set is None or self.due_on is None:
            raise Refused(NOT_FOUND, "There is no such milestone: set it first.", "milestoneId")
        if self.reached_on is not None:
            raise Refused(MILESTONE_REACHED, f"Leave it: it was reached on {self.reached_on}.", "milestoneId")
        return self.set, self.due_on


class SetMilestone(Command):
    """Set a dated point on the way of an outcome.

    Refused where there is no such outcome, or its cycle is closed (R8).
    """

    entity = "milestone_id"
    creates = True

    milestone_id: MilestoneId
    outcome_id: OutcomeId
    title: Title
    due_on: date
    reference: Reference | None = None

    def reads(self) -> Reads:
        self.milestone = Milestone(self.milestone_id)
        outcome = Outcome(self.outcome_id)
        self.mentions = mentioned(outcomeId=outcome, reference=self.reference and Referenced(self.reference))
        yield [self.milestone, *self.mentions.values()]
        self.cycle = CycleOf(outcome)
        yield from self.cycle.reads()

    def execute(self) -> None:
        if self.milestone.set:
            raise Refused(ALREADY_EXISTS, "Choose another id: a milestone has this one.", "milestoneId")
        check_mentions(self.mentions)
        self.cycle.check_open("outcomeId")
        self.emit(
            MilestoneSet(
                milestone_id=self.milestone_id,
                outcome_id=self.outcome_id,
                title=self.title,
                due_on=self.due_on,
                reference=self.reference,
                reference_id=key_of(self.reference),
            )
        )


class MilestoneCommand(Command):
    """What moving and marking a milestone read."""

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

    def standing(self) -> tuple[MilestoneSet, date]:
        """The milestone and its day; refuses one that nobody set, has been reached, or belongs to a closed cycle."""
        standing = self.milestone.standing()
        if self.cycle:
            self.cycle.check_open("milestoneId")
        return standing


class MoveMilestone(MilestoneCommand):
    """Put a milestone on another day and say why.

    Refused once it has been reached, or the cycle of its outcome is closed (R8).
    """

    due_on: date
    reason: Reason

    def execute(self) -> None:
        was, due_on = self.standing()
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


class MarkMilestone(MilestoneCommand):
    """Mark a milestone reached, once, by a person, on a day that has come (R7).

    Refused once the cycle of its outcome is closed (R8).
    """

    reached_on: date | None = None
    note: Text | None = None

    def execute(self) -> None:
        if self.issued.person_id is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: a milestone is marked by somebody.")
        was, due_on = self.standing()
        reached_on = self.reached_on or self.issued.today
        if reached_on > self.issued.today:
            raise Refused(DAY_IN_FUTURE, "Give a day that has come.", "reachedOn")
        self.emit(
            MilestoneReached(
                milestone_id=self.milestone_id,
                outcome_id=was.outcome_id,
                reached_on=reached_on,
                days_late=max(0, (reached_on - due_on).days),
                note=self.note,
            )
        )
