"""Who takes a person's duties while they are away."""

from datetime import date
from typing import Annotated
from uuid import UUID

from domain.codes import INVALID, NOT_ALLOWED
from domain.kernel import OF_PERSON, Command, DelegateId, Event, Fold, PersonId, Reads, Refused
from domain.people import Person
from domain.references import check_mentions, mentioned
from domain.values import Reason, Role, checked_span


class DutiesDelegated(Event, frozen=True, tag="duties.delegated"):
    """Somebody takes a person's duties from a day to a day, both included."""

    person_id: PersonId
    delegate_id: DelegateId
    starts_on: date
    ends_on: date
    reason: Annotated[Reason, OF_PERSON]


class Delegations(Fold[DutiesDelegated]):
    """Who takes a person's duties; the latest word about a delegate and a first day counts."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.standing: dict[tuple[UUID, date], DutiesDelegated] = {}

    def fold(self, event: DutiesDelegated) -> None:
        self.standing[event.delegate_id, event.starts_on] = event

    def in_force(self, delegate_id: UUID, day: date) -> bool:
        """Whether somebody takes the duties on a day."""
        return any(
            one.delegate_id == delegate_id and one.starts_on <= day <= one.ends_on for one in self.standing.values()
        )


class DelegateDuties(Command):
    """Let somebody take a person's duties from a day to a day; said again from the same day, it has another end.

    Refused where one of them is unknown, both are the same, or neither the person themself nor a lead asks for it.
    """

    entity = "person_id"

    person_id: PersonId
    delegate_id: DelegateId
    starts_on: date
    ends_on: date
    reason: Reason

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_span(self.starts_on, self.ends_on, "endsOn")

    def reads(self) -> Reads:
        self.delegations = Delegations(self.person_id)
        self.mentions = mentioned(personId=Person(self.person_id), delegateId=Person(self.delegate_id))
        yield [self.delegations, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.delegate_id == self.person_id:
            raise Refused(INVALID, "Choose somebody else to take the duties.", "delegateId")
        if self.issued.person_id != self.person_id and not self.issued.role.reaches(Role.LEAD):
            raise Refused(NOT_ALLOWED, "Let the person themself, or a lead, delegate their duties.", "personId")
        delegated = DutiesDelegated(
            person_id=self.person_id,
            delegate_id=self.delegate_id,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            reason=self.reason,
        )
        if self.delegations.standing.get((self.delegate_id, self.starts_on)) != delegated:
            self.emit(delegated)
