"""Acknowledgements: who has read a check-in, a grade, or the review of a cycle."""

from typing import Annotated
from uuid import UUID

from domain.checkins import CheckInAcknowledged, SaidOf
from domain.codes import NOT_ALLOWED, NOT_FOUND, OUTCOME_NOT_IN_STATE, PERSON_REQUIRED
from domain.cycles import Cycle, CycleReopened, CycleState
from domain.delegation import Delegations
from domain.kernel import (
    OF_PERSON,
    CheckInId,
    Command,
    CycleId,
    Event,
    Fold,
    Issued,
    OutcomeId,
    PersonId,
    Reads,
    Refused,
)
from domain.outcomes import Outcome, OutcomeAssigned
from domain.people import Membership
from domain.standing import (
    OutcomeAbandoned,
    OutcomeActivated,
    OutcomeCarriedOver,
    OutcomeGraded,
    OutcomePaused,
    OutcomeReopened,
    OutcomeResumed,
    OutcomeWithdrawn,
    StandingEvent,
)
from domain.values import Text, checked_choice


class GradeAcknowledged(Event, frozen=True, tag="outcome.grade-acknowledged"):
    """Who reviews an outcome, or leads its team, has read its grade."""

    outcome_id: OutcomeId
    person_id: PersonId
    note: Annotated[Text, OF_PERSON] | None = None


class ReviewAcknowledged(Event, frozen=True, tag="cycle.review-acknowledged"):
    """Who owns an outcome of a cycle has read its review."""

    cycle_id: CycleId
    person_id: PersonId
    note: Annotated[Text, OF_PERSON] | None = None


class Grade(Fold[OutcomeGraded | OutcomeReopened | OutcomeWithdrawn | GradeAcknowledged]):
    """The grade of an outcome, and who has read it; another grade is read anew."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.given: OutcomeGraded | None = None
        self.acknowledged: set[UUID] = set()

    def fold(self, event: OutcomeGraded | OutcomeReopened | OutcomeWithdrawn | GradeAcknowledged) -> None:
        match event:
            case OutcomeGraded():
                self.given, self.acknowledged = event, set()
            case OutcomeReopened() | OutcomeWithdrawn():
                self.given = None
            case GradeAcknowledged():
                self.acknowledged.add(event.person_id)


class Review(Fold[ReviewAcknowledged | CycleReopened]):
    """Who has read the review of a cycle; once it is reopened, it is read anew."""

    def __init__(self, cycle_id: UUID) -> None:
        super().__init__(cycle=cycle_id)
        self.acknowledged: set[UUID] = set()

    def fold(self, event: ReviewAcknowledged | CycleReopened) -> None:
        match event:
            case ReviewAcknowledged():
                self.acknowledged.add(event.person_id)
            case CycleReopened():
                self.acknowledged.clear()


class OwnedIn(Fold[StandingEvent | OutcomeAssigned]):
    """The outcomes that a person owned in a cycle while something became of them."""

    def __init__(self, owner_id: UUID, cycle_id: UUID) -> None:
        super().__init__(owner=owner_id, cycle=cycle_id)
        self.outcome_ids: set[UUID] = set()

    def fold(self, event: StandingEvent | OutcomeAssigned) -> None:
        match event:
            case OutcomeActivated() | OutcomePaused() | OutcomeResumed() | OutcomeReopened():
                self.outcome_ids.add(event.outcome_id)
            case OutcomeGraded() | OutcomeCarriedOver() | OutcomeAbandoned() | OutcomeAssigned():
                self.outcome_ids.add(event.outcome_id)
            case OutcomeWithdrawn():
                self.outcome_ids.discard(event.outcome_id)


class Reviewers:
    """Who reviews an outcome: its reviewer, whoever takes their duties, and the leads of its team."""

    def __init__(self, outcome_id: UUID, issued: Issued) -> None:
        self.outcome, self.issued = Outcome(outcome_id), issued
        self.membership: Membership | None = None
        self.delegations: Delegations | None = None

    def reads(self) -> Reads:
        """What tells whether whoever issues the command is one of them."""
        yield [self.outcome]
        now, person_id = self.outcome.now, self.issued.person_id
        if now and now.team_id and person_id:
            self.membership = Membership(person_id, now.team_id)
        if now and now.reviewer_id:
            self.delegations = Delegations(now.reviewer_id)
        yield [fold for fold in (self.membership, self.delegations) if fold is not None]

    def check(self, person_id: UUID, author_id: UUID | None, field: str) -> None:
        """Refuses whoever is none of them, and whoever would read their own word."""
        if person_id == author_id or not self._include(person_id):
            sentence = "Leave it to the reviewer of the outcome, their delegate, or a lead of its team."
            raise Refused(NOT_ALLOWED, sentence, field)

    def _include(self, person_id: UUID) -> bool:
        now = self.outcome.now
        if now and now.reviewer_id == person_id:
            return True
        if self.membership is not None and self.membership.lead:
            return True
        return self.delegations is not None and self.delegations.in_force(person_id, self.issued.today)


class Acknowledge(Command):
    """Tell that you have read a check-in or a grade, as the reviewer of its outcome or a lead of its team; or the
    review of a closed cycle, as an owner of one of its outcomes.

    Refused for whoever is neither, and for one's own check-in or grade.
    """

    entity = "check_in_id"

    check_in_id: CheckInId | None = None
    outcome_id: OutcomeId | None = None
    cycle_id: CycleId | None = None
    note: Text | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.check_in_id, "checkInId"), (self.outcome_id, "outcomeId"), (self.cycle_id, "cycleId"))

    def reads(self) -> Reads:
        self.reviewers: Reviewers | None = None
        if self.check_in_id:
            self.said = SaidOf(self.check_in_id)
            yield [self.said]
            if self.said.made is not None:
                self.reviewers = Reviewers(self.said.made.outcome_id, self.issued)
        elif self.outcome_id:
            self.grade = Grade(self.outcome_id)
            yield [self.grade]
            self.reviewers = Reviewers(self.outcome_id, self.issued)
        elif self.cycle_id:
            yield from self._read_review(self.cycle_id)
        if self.reviewers:
            yield from self.reviewers.reads()

    def _read_review(self, cycle_id: UUID) -> Reads:
        self.cycle, self.review = Cycle(cycle_id), Review(cycle_id)
        owned = OwnedIn(self.issued.person_id, cycle_id) if self.issued.person_id else None
        yield [self.cycle, self.review, *([owned] if owned else [])]
        self.owned = [Outcome(one) for one in sorted(owned.outcome_ids)] if owned else []
        yield [*self.owned]

    def execute(self) -> None:
        if self.check_in_id:
            self._check_in(self.check_in_id)
        elif self.outcome_id:
            self._grade(self.outcome_id)
        elif self.cycle_id:
            self._review(self.cycle_id)

    def _person(self) -> UUID:
        if self.issued.person_id is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: an acknowledgement is somebody's.")
        return self.issued.person_id

    def _check_in(self, check_in_id: UUID) -> None:
        made, _ = self.said.standing()
        person_id = self._person()
        if person_id in self.said.acknowledged:
            return
        if self.reviewers:
            self.reviewers.check(person_id, made.author_id, "checkInId")
        self.emit(
            CheckInAcknowledged(
                check_in_id=check_in_id, outcome_id=made.outcome_id, person_id=person_id, note=self.note
            )
        )

    def _grade(self, outcome_id: UUID) -> None:
        reviewers = self.reviewers
        if reviewers is None or reviewers.outcome.now is None:
            raise Refused(NOT_FOUND, "There is no such outcome: set it first.", "outcomeId")
        if self.grade.given is None:
            raise Refused(OUTCOME_NOT_IN_STATE, "Wait for the grade: the outcome has none.", "outcomeId")
        person_id = self._person()
        if person_id in self.grade.acknowledged:
            return
        reviewers.check(person_id, self.grade.given.grader_id, "outcomeId")
        self.emit(GradeAcknowledged(outcome_id=outcome_id, person_id=person_id, note=self.note))

    def _review(self, cycle_id: UUID) -> None:
        self.cycle.demand(CycleState.CLOSED)
        person_id = self._person()
        if person_id in self.review.acknowledged:
            return
        held = [one.now for one in self.owned if one.now]
        if all((one.owner_id, one.cycle_id) != (person_id, cycle_id) for one in held):
            raise Refused(NOT_ALLOWED, "Leave it to those who own an outcome of the cycle.", "cycleId")
        self.emit(ReviewAcknowledged(cycle_id=cycle_id, person_id=person_id, note=self.note))
