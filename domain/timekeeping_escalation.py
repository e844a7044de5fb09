"""Facts that stand open for so long that they go to others: each once a step, while it stands, by the timekeeper."""

from datetime import date
from typing import Any
from uuid import UUID

from domain.checkins import CheckedIn, CheckInRetracted, SaidOf
from domain.codes import INVALID, NOT_FOUND, OUTCOME_NOT_IN_STATE, TASK_NOT_BLOCKED, TASK_NOT_IN_STATE
from domain.escalation import OF_TASKS, Above, Days, EscalationStep, OpenFact, Receiver
from domain.kernel import CheckInId, Command, Event, Fold, OutcomeId, PersonId, Reads, Refused, TaskId
from domain.outcomes import Outcome
from domain.promises import Promise, State
from domain.standing import Standing
from domain.standing import State as Life
from domain.timekeeping import AcknowledgementPassed, CheckInMissed, check_timekeeper
from domain.timekeeping_work import Aged, DuesPassed, Unanswered
from domain.values import Invalid, Role


class TaskEscalated(Event, frozen=True, tag="task.escalated"):
    """A promise that is overdue, unanswered or blocked goes to more people than those whom it waits for."""

    task_id: TaskId
    fact: OpenFact
    stands_since: date
    days: Days
    to: Receiver
    holder_id: UUID  # the team or organisation whose ladder says so; nothing of it is asked by this event
    person_ids: tuple[PersonId, ...]  # as of then; none where nobody is there for it
    outcome_id: OutcomeId | None = None


class OutcomeEscalated(Event, frozen=True, tag="outcome.escalated"):
    """A check-in that is missing, or that nobody has read, goes to more people than those whom it waits for."""

    outcome_id: OutcomeId
    fact: OpenFact
    stands_since: date
    days: Days
    to: Receiver
    holder_id: UUID  # the team or organisation whose ladder says so; nothing of it is asked by this event
    person_ids: tuple[PersonId, ...]
    check_in_id: CheckInId | None = None


StepTaken = tuple[OpenFact, date, int, Receiver, UUID | None]


class Escalated(Fold[TaskEscalated | OutcomeEscalated]):
    """The steps that the facts of a task or an outcome have taken."""

    def __init__(self, **about: UUID | None) -> None:
        super().__init__(**about)
        self.taken: set[StepTaken] = set()

    def fold(self, event: TaskEscalated | OutcomeEscalated) -> None:
        match event:
            case TaskEscalated():
                self.taken.add((event.fact, event.stands_since, event.days, event.to, None))
            case OutcomeEscalated():
                self.taken.add((event.fact, event.stands_since, event.days, event.to, event.check_in_id))


class Silence(Fold[CheckedIn | CheckInRetracted | CheckInMissed | AcknowledgementPassed]):
    """What of an outcome was noted last as missing and as unread, and what has been said since."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.missed_on: date | None = None
        self.unread: AcknowledgementPassed | None = None
        self.said_after_missed: set[UUID] = set()
        self.said_after_unread: set[UUID] = set()

    def fold(self, event: CheckedIn | CheckInRetracted | CheckInMissed | AcknowledgementPassed) -> None:
        match event:
            case CheckedIn():
                self.said_after_missed.add(event.check_in_id)
                self.said_after_unread.add(event.check_in_id)
            case CheckInRetracted():
                self.said_after_missed.discard(event.check_in_id)
                self.said_after_unread.discard(event.check_in_id)
            case CheckInMissed():
                self.missed_on = event.due_on
                self.said_after_missed.clear()
            case AcknowledgementPassed():
                self.unread = event
                self.said_after_unread.clear()


class OfTask:
    """A fact about a promise, and whether it stands."""

    def __init__(self, task_id: UUID, fact: OpenFact) -> None:
        self.task_id, self.fact = task_id, fact
        self.promise = Promise(task_id)
        self.dues, self.unanswered, self.aged = DuesPassed(task_id), Unanswered(task_id), Aged(task_id)
        self.escalated = Escalated(task=task_id)

    def reads(self) -> Reads:
        noted: dict[OpenFact, Fold[Any]] = {
            OpenFact.DUE_PASSED: self.dues,
            OpenFact.ACCEPTANCE_PASSED: self.unanswered,
            OpenFact.BLOCK_AGED: self.aged,
        }
        yield [self.promise, noted[self.fact], self.escalated]
        self.outcome = Outcome(self.promise.outcome_id) if self.promise.outcome_id else None
        if self.outcome:
            yield [self.outcome]

    def check_stands(self, stands_since: date) -> None:
        """Refuses a fact that is over, or that was not noted."""
        terms, state = self.promise.standing()
        match self.fact:
            case OpenFact.DUE_PASSED:
                held, noted = state is State.COMMITTED, stands_since in self.dues.due and terms.due_on == stands_since
            case OpenFact.ACCEPTANCE_PASSED:
                held = state is State.DELIVERED
                noted = self.unanswered.noted and self.unanswered.delivered_on == stands_since
            case _:
                held, noted = self.promise.blocked is not None, self.aged.noted
        if not held:
            code = TASK_NOT_BLOCKED if self.fact is OpenFact.BLOCK_AGED else TASK_NOT_IN_STATE
            raise Refused(code, "Leave it: what it is about is over.", "taskId")
        if not noted:
            raise Refused(INVALID, "Give the day since which a fact stands that was noted.", "standsSince")

    @property
    def owed_by(self) -> UUID | None:
        unanswered = self.fact is OpenFact.ACCEPTANCE_PASSED
        return self.promise.beneficiary_id if unanswered else self.promise.promiser_id

    def event(self, stands_since: date, step: EscalationStep, holder_id: UUID, people: tuple[UUID, ...]) -> Event:
        return TaskEscalated(
            task_id=self.task_id,
            fact=self.fact,
            stands_since=stands_since,
            days=step.days,
            to=step.to,
            holder_id=holder_id,
            person_ids=people,
            outcome_id=self.promise.outcome_id,
        )


class OfOutcome:
    """A check-in of an outcome that is missing, or that nobody has read, and whether that still is so."""

    def __init__(self, outcome_id: UUID, fact: OpenFact, check_in_id: UUID | None) -> None:
        self.outcome_id, self.fact, self.check_in_id = outcome_id, fact, check_in_id
        self.outcome, self.standing, self.silence = Outcome(outcome_id), Standing(outcome_id), Silence(outcome_id)
        self.said = SaidOf(check_in_id) if check_in_id else None
        self.escalated = Escalated(outcome=outcome_id)

    def reads(self) -> Reads:
        yield [self.outcome, self.standing, self.silence, self.escalated, *([self.said] if self.said else [])]

    def check_stands(self, stands_since: date) -> None:
        """Refuses a fact that is over, or that was not noted."""
        self.outcome.check("outcomeId")
        if self.standing.state is not Life.ACTIVE:
            raise Refused(OUTCOME_NOT_IN_STATE, "Leave it: nobody works on the outcome now.", "outcomeId")
        stands = self._unread(stands_since) if self.said else self._missing(stands_since)
        if not stands:
            raise Refused(INVALID, "Leave it: it was said or read meanwhile, or never noted.", "standsSince")

    def _missing(self, stands_since: date) -> bool:
        return self.silence.missed_on == stands_since and not self.silence.said_after_missed

    def _unread(self, stands_since: date) -> bool:
        unread, said = self.silence.unread, self.said
        if unread is None or said is None or said.retracted or said.acknowledged or self.silence.said_after_unread:
            return False
        return (unread.check_in_id, unread.waiting_since) == (self.check_in_id, stands_since)

    @property
    def owed_by(self) -> UUID | None:
        now = self.outcome.known("outcomeId")
        return now.reviewer_id if self.fact is OpenFact.ACKNOWLEDGEMENT_PASSED else now.owner_id

    def event(self, stands_since: date, step: EscalationStep, holder_id: UUID, people: tuple[UUID, ...]) -> Event:
        return OutcomeEscalated(
            outcome_id=self.outcome_id,
            fact=self.fact,
            stands_since=stands_since,
            days=step.days,
            to=step.to,
            holder_id=holder_id,
            person_ids=people,
            check_in_id=self.check_in_id,
        )


class NoteEscalated(Command):
    """Note that a fact has stood open for so long that it goes to more people, and to whom; once for each step.

    Refused where it is over, or was never noted, and where the ladder in force has no such step that it has come to.
    """

    role = Role.OWNER

    fact: OpenFact
    stands_since: date
    days: Days
    to: Receiver
    task_id: TaskId | None = None
    outcome_id: OutcomeId | None = None
    check_in_id: CheckInId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.fact, self.to = OpenFact(self.fact), Receiver(self.to)  # a row of the timekeeper's tells them as texts
        about = (self.fact in OF_TASKS, self.fact not in OF_TASKS, self.fact is OpenFact.ACKNOWLEDGEMENT_PASSED)
        if (self.task_id is not None, self.outcome_id is not None, self.check_in_id is not None) != about:
            raise Invalid("Name what the fact is about: a task, an outcome, or an outcome and a check-in.", "fact")

    def reads(self) -> Reads:
        self.of: OfTask | OfOutcome | None = None
        if self.task_id:
            self.of = OfTask(self.task_id, self.fact)
        elif self.outcome_id:
            self.of = OfOutcome(self.outcome_id, self.fact, self.check_in_id)
        if self.of:
            yield from self.of.reads()
        outcome = self.of.outcome if self.of else None
        self.above = Above(self.issued.organisation_id, outcome.now.team_id if outcome and outcome.now else None)
        yield from self.above.reads()

    def execute(self) -> None:
        check_timekeeper(self.issued)
        if self.of is None:
            raise Refused(NOT_FOUND, "Name what the fact is about.", "fact")
        if (self.fact, self.stands_since, self.days, self.to, self.check_in_id) in self.of.escalated.taken:
            return
        self.of.check_stands(self.stands_since)
        step, ladder = EscalationStep(fact=self.fact, days=self.days, to=self.to), self.above.ladder
        if step not in (ladder.steps or ()) or not step.reached(self.stands_since, self.issued.today):
            raise Refused(INVALID, "Give a step of the ladder in force that the fact has come to.", "days", "to")
        people = tuple(sorted(self._people(self.of) - {self.of.owed_by}))
        self.emit(self.of.event(self.stands_since, step, ladder.holder_id, people))

    def _people(self, of: OfTask | OfOutcome) -> set[UUID]:
        """Those whom the step names, as they are now."""
        now = of.outcome.now if of.outcome else None
        match self.to:
            case Receiver.BENEFICIARY:
                found = {of.promise.beneficiary_id} if isinstance(of, OfTask) else set[UUID | None]()
            case Receiver.OWNER:
                found = {now.owner_id} if now else set[UUID | None]()
            case Receiver.REVIEWER:
                found = {now.reviewer_id} if now else set[UUID | None]()
            case Receiver.LEADS | Receiver.LEADS_ABOVE:
                found = self.above.led_by(self.to)
        return {one for one in found if one is not None}
