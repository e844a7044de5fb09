"""Check-ins: what is said of outcomes, in their rhythm; said again, taken back, acknowledged (R9, R13)."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.codes import (
    ALREADY_EXISTS,
    CHECK_IN_RETRACTED,
    DAY_IN_FUTURE,
    NOT_ALLOWED,
    NOT_FOUND,
)
from domain.kernel import (
    OF_AUTHOR,
    OF_PERSON,
    OWN,
    CheckInId,
    Command,
    Event,
    Fold,
    Issued,
    OutcomeId,
    PersonId,
    Reads,
    Refused,
)
from domain.outcomes import CycleOf, Outcome
from domain.standing import Standing
from domain.values import Confidence, Invalid, Reason, Role, Text, checked_between


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
    moved: Annotated[Text, OF_AUTHOR] | None = None
    set_back: Annotated[Text, OF_AUTHOR] | None = None
    next: Annotated[Text, OF_AUTHOR] | None = None


class CheckInRevised(Event, frozen=True, tag="check-in.revised"):
    """A check-in says something else; all of it is told."""

    check_in_id: CheckInId
    outcome_id: OutcomeId
    on: date
    confidence: Confidence | None
    status: Status | None
    moved: Annotated[Text, OWN] | None
    set_back: Annotated[Text, OWN] | None
    next: Annotated[Text, OWN] | None
    reason: Annotated[Reason, OWN]


class CheckInRetracted(Event, frozen=True, tag="check-in.retracted"):
    """A check-in was made in error; it counts nowhere, and stays in the history."""

    check_in_id: CheckInId
    outcome_id: OutcomeId
    reason: Annotated[Reason, OWN]


class CheckInAcknowledged(Event, frozen=True, tag="check-in.acknowledged"):
    """Who reviews an outcome has read what was said of it."""

    check_in_id: CheckInId
    outcome_id: OutcomeId
    person_id: PersonId
    note: Annotated[Text, OF_PERSON] | None = None


CheckInEvent = CheckedIn | CheckInRevised | CheckInRetracted | CheckInAcknowledged


class SaidOf(Fold[CheckInEvent]):
    """A check-in as it stands, who made it, and who has acknowledged it."""

    def __init__(self, check_in_id: UUID) -> None:
        super().__init__(check_in=check_in_id)
        self.made: CheckedIn | None = None
        self.stands: CheckedIn | CheckInRevised | None = None
        self.retracted = False
        self.acknowledged: set[UUID] = set()

    def fold(self, event: CheckInEvent) -> None:
        match event:
            case CheckedIn():
                self.made = self.stands = event
            case CheckInRevised():
                self.stands = event
            case CheckInRetracted():
                self.retracted = True
            case CheckInAcknowledged():
                self.acknowledged.add(event.person_id)

    def standing(self) -> tuple[CheckedIn, CheckedIn | CheckInRevised]:
        """The check-in as it was made and as it stands; refuses one that nobody made, and one that was taken back."""
        if self.made is None or self.stands is None:
            raise Refused(NOT_FOUND, "There is no such check-in: check in first.", "checkInId")
        if self.retracted:
            raise Refused(CHECK_IN_RETRACTED, "Check in anew: this one was taken back.", "checkInId")
        return self.made, self.stands


def check_author(author_id: UUID | None, issued: Issued) -> None:
    """Refuses whoever neither said it nor leads."""
    if issued.person_id != author_id and not issued.role.reaches(Role.LEAD):
        raise Refused(NOT_ALLOWED, "Ask who said it, or a lead, to change it.")


class CheckIn(Command):
    """Say how an outcome stands: status, confidence, what moved, what set it back, what is next (R13).

    Refused where there is no such outcome, it has been abandoned or withdrawn, or the day lies in the future, or inside
    the cycle of the outcome once that is closed (R8).
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
        self.standing = Standing(self.outcome_id)
        self.made = SaidOf(self.check_in_id)
        yield [self.outcome, self.standing, self.made]
        self.cycle = CycleOf(self.outcome)
        yield from self.cycle.reads()

    def execute(self) -> None:
        self.outcome.check("outcomeId")
        if self.made.made:
            raise Refused(ALREADY_EXISTS, "Choose another id: a check-in has this one.", "checkInId")
        self.standing.check_counts("outcomeId")
        on = self.on or self.issued.today
        if on > self.issued.today:
            raise Refused(DAY_IN_FUTURE, "Give a day that has come.", "on")
        self.cycle.check_day(on, "on")
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


SAID = ("confidence", "status", "moved", "set_back", "next")


class ReviseCheckIn(Command):
    """Say something else in a check-in, and why; what is left out stays as it was said (R9).

    Refused where somebody else said it, or it was taken back.
    """

    entity = "check_in_id"

    check_in_id: CheckInId
    reason: Reason
    confidence: Confidence | None = None
    status: Status | None = None
    moved: Text | None = None
    set_back: Text | None = None
    next: Text | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.confidence is not None:
            checked_between(self.confidence, 0, 1, "confidence")

    def reads(self) -> Reads:
        self.said = SaidOf(self.check_in_id)
        yield [self.said]

    def execute(self) -> None:
        made, stands = self.said.standing()
        check_author(made.author_id, self.issued)
        kept = {name: getattr(stands, name) for name in SAID}
        told = {name: getattr(self, name) for name in SAID if getattr(self, name) is not None}
        if {**kept, **told} != kept:
            self.emit(
                CheckInRevised(
                    check_in_id=self.check_in_id,
                    outcome_id=made.outcome_id,
                    on=made.on,
                    reason=self.reason,
                    **{**kept, **told},
                )
            )


class RetractCheckIn(Command):
    """Take a check-in back and say why: it counts nowhere, and stays in the history (R9).

    Refused where somebody else said it.
    """

    entity = "check_in_id"

    check_in_id: CheckInId
    reason: Reason

    def reads(self) -> Reads:
        self.said = SaidOf(self.check_in_id)
        yield [self.said]

    def execute(self) -> None:
        if self.said.retracted:
            return
        made, _ = self.said.standing()
        check_author(made.author_id, self.issued)
        self.emit(CheckInRetracted(check_in_id=self.check_in_id, outcome_id=made.outcome_id, reason=self.reason))
