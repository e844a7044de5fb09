"""Decisions: what was decided, why and by whom; reversed perhaps, never deleted."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, DECISION_REVERSED, NOT_FOUND
from domain.kernel import Command, DecisionId, Event, Fold, OutcomeId, PersonId, Reads, Refused, TeamId
from domain.outcomes import Outcome
from domain.people import Person, Team
from domain.references import check_mentions, mentioned
from domain.values import Reason, Text, Title

People = Annotated[tuple[PersonId, ...], msgspec.Meta(max_length=100)]
Touched = Annotated[tuple[OutcomeId, ...], msgspec.Meta(max_length=100)]


class DecisionRecorded(Event, frozen=True, tag="decision.recorded"):
    """Something was decided."""

    decision_id: DecisionId
    title: Title
    why: Text | None
    decided_on: date
    decided_by_ids: tuple[PersonId, ...]
    outcome_ids: tuple[OutcomeId, ...]
    team_id: TeamId | None = None


class DecisionReversed(Event, frozen=True, tag="decision.reversed"):
    """What was decided holds no longer."""

    decision_id: DecisionId
    reason: Reason
    reversed_on: date


class Decision(Fold[DecisionRecorded | DecisionReversed]):
    """A decision, and whether it has been reversed."""

    def __init__(self, decision_id: UUID) -> None:
        super().__init__(decision=decision_id)
        self.recorded: DecisionRecorded | None = None
        self.reversed = False

    def fold(self, event: DecisionRecorded | DecisionReversed) -> None:
        match event:
            case DecisionRecorded():
                self.recorded = event
            case DecisionReversed():
                self.reversed = True

    def check(self, field: str) -> None:
        """Refuses the mention of a decision that nobody recorded."""
        if self.recorded is None:
            raise Refused(NOT_FOUND, "There is no such decision: record it first.", field)


class RecordDecision(Command):
    """Record what was decided, why, by whom, and which outcomes it touches.

    Refused where a person, a team or an outcome is unknown, or the day lies in the future.
    """

    entity = "decision_id"
    creates = True

    decision_id: DecisionId
    title: Title
    why: Text | None = None
    decided_on: date | None = None
    decided_by_ids: People = ()
    outcome_ids: Touched = ()
    team_id: TeamId | None = None

    def reads(self) -> Reads:
        self.decision = Decision(self.decision_id)
        self.people = [Person(one) for one in dict.fromkeys(self.decided_by_ids)]
        self.outcomes = [Outcome(one) for one in dict.fromkeys(self.outcome_ids)]
        self.mentions = mentioned(teamId=self.team_id and Team(self.team_id))
        yield [self.decision, *self.people, *self.outcomes, *self.mentions.values()]

    def execute(self) -> None:
        if self.decision.recorded:
            raise Refused(ALREADY_EXISTS, "Choose another id: a decision has this one.", "decisionId")
        check_mentions(self.mentions)
        for person in self.people:
            person.check("decidedByIds")
        for outcome in self.outcomes:
            outcome.check("outcomeIds")
        decided_on = self.decided_on or self.issued.today
        if decided_on > self.issued.today:
            raise Refused(DAY_IN_FUTURE, "Give a day that has come.", "decidedOn")
        by = tuple(dict.fromkeys(self.decided_by_ids))
        if not by and self.issued.person_id is not None:
            by = (self.issued.person_id,)
        self.emit(
            DecisionRecorded(
                decision_id=self.decision_id,
                title=self.title,
                why=self.why,
                decided_on=decided_on,
                decided_by_ids=by,
                outcome_ids=tuple(dict.fromkeys(self.outcome_ids)),
                team_id=self.team_id,
            )
        )


class ReverseDecision(Command):
    """Say that a decision holds no longer, and why; it stays on record with its reversal (R9).

    Refused where there is no such decision, or it has been reversed already.
    """

    entity = "decision_id"

    decision_id: DecisionId
    reason: Reason

    def reads(self) -> Reads:
        self.decision = Decision(self.decision_id)
        yield [self.decision]

    def execute(self) -> None:
        self.decision.check("decisionId")
        if self.decision.reversed:
            raise Refused(DECISION_REVERSED, "Record a new decision: this one was reversed.", "decisionId")
        self.emit(DecisionReversed(decision_id=self.decision_id, reason=self.reason, reversed_on=self.issued.today))
