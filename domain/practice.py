"""Practice: what a team says of its outcomes, in its rhythm."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE
from domain.kernel import CheckInId, Command, Event, Fold, OutcomeId, PersonId, Reads, Refused
from domain.outcomes import Outcome
from domain.values import Confidence, Invalid, Text, checked_between


class Status(StrEnum):
    """How an outcome is said to stand."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    OFF_TRACK = "OFF_TRACK"


class CheckedIn(Event, frozen=True, tag="outcome.checked-in"):
    """It was said how an outcome stood on a day."""

    check_in_id: CheckInId
    outcome_id: OutcomeId
    on: date
    author_id: PersonId | None = None
    confidence: Confidence | None = None
    status: Status | None = None
    moved: Text | None = None
    set_back: Text | None = None
    next: Text | None = None


class CheckedInOnce(Fold[CheckedIn]):
    """Whether the id of a check-in is used."""

    def __init__(self, check_in_id: UUID) -> None:
        super().__init__(check_in=check_in_id)
        self.made: CheckedIn | None = None

    def fold(self, event: CheckedIn) -> None:
        self.made = event


class CheckIn(Command):
    """Say how an outcome stands: status, confidence, what moved, what set it back, what is next (R13).

    Refused where there is no such outcome, or the day lies in the future.
    """

    entity = "check_in_id"
    creates = True

    check_in_id: CheckInId
    outcome_id: OutcomeId
    confidence: Confidence | None = None
    status: Status | None = None
    moved: Text | None = None
    set_back: Text | None = None
    next: Text | None = None
    on: date | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.confidence is not None:
            checked_between(self.confidence, 0, 1, "confidence")
        said = (self.confidence, self.status, self.moved, self.set_back, self.next)
        if all(one is None for one in said):
            raise Invalid(
                "Say something: a status, a confidence, what moved, what set it back, or what is next.", "status"
            )

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.made = CheckedInOnce(self.check_in_id)
        yield [self.outcome, self.made]

    def execute(self) -> None:
        self.outcome.check("outcomeId")
        if self.made.made:
            raise Refused(ALREADY_EXISTS, "Choose another id: a check-in has this one.", "checkInId")
        on = self.on or self.issued.today
        if on > self.issued.today:
            raise Refused(DAY_IN_FUTURE, "Give a day that has come.", "on")
        self.emit(
            CheckedIn(
                check_in_id=self.check_in_id,
                outcome_id=self.outcome_id,
                on=on,
                author_id=self.issued.person_id,
                confidence=self.confidence,
                status=self.status,
                moved=self.moved,
                set_back=self.set_back,
                next=self.next,
            )
        )
