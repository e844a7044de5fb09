"""How much effort a person can give: stated by them or a lead of theirs, from a day on (R15)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from domain.codes import NOT_ALLOWED, PERSON_REQUIRED
from domain.kernel import OF_PERSON, Command, Event, Fold, PersonId, Reads, Refused
from domain.leading import Leading
from domain.people import Person
from domain.policy import EffortUnit, Policy
from domain.tasks import MOST_EFFORT
from domain.values import Effort, Invalid, Reason, checked_between


class CapacityStated(Event, frozen=True, tag="capacity.stated"):
    """How much effort a person can give each week from a day on; without an amount, nobody says any longer."""

    person_id: PersonId
    effective_on: date
    per_week: Effort | None = None
    unit: EffortUnit | None = None
    reason: Annotated[Reason, OF_PERSON] | None = None


class Capacity(Fold[CapacityStated]):
    """What was stated of a person's capacity; the latest word about a day counts."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.stated: dict[date, CapacityStated] = {}

    def fold(self, event: CapacityStated) -> None:
        self.stated[event.effective_on] = event

    def on(self, day: date) -> CapacityStated | None:
        """The statement that holds on a day; none where nobody says."""
        days = [one for one in self.stated if one <= day]
        held = self.stated[max(days)] if days else None
        return held if held and held.per_week is not None else None


class StateCapacity(Command):
    """State how much effort you, or somebody whom you lead, can give each week from a day on (R15).

    In the unit of the organisation's policy, and from today, unless said otherwise; stated again from the same day, it
    is another amount. Without an amount it is taken back. Refused where the person is unknown or has left, or is
    neither the one who asks nor led by them.
    """

    entity = "person_id"

    person_id: PersonId | None = None
    per_week: Effort | None = None
    unit: EffortUnit | None = None
    effective_on: date | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.per_week is not None:
            checked_between(self.per_week, 0, MOST_EFFORT, "perWeek")
        elif self.unit is not None:
            raise Invalid("Say how much, or leave the unit out.", "perWeek")

    def reads(self) -> Reads:
        self.leading: Leading | None = None
        me = self.issued.person_id
        if (of := self.person_id or me) is None:
            return
        self.person, self.capacity = Person(of), Capacity(of)
        self.policy = Policy(self.issued.organisation_id)
        yield [self.person, self.capacity, self.policy]
        if me and me != of:
            self.leading = Leading(me, of)
            yield from self.leading.reads()

    def execute(self) -> None:
        me = self.issued.person_id
        if me is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: they, or a lead of theirs, state a capacity.")
        self.person.check("personId")
        if self.leading and not self.leading.leads:
            raise Refused(NOT_ALLOWED, "Ask the person, or a lead of theirs, to state it.", "personId")
        stated = self.stated(self.person_id or me)
        same_day = self.capacity.stated.get(stated.effective_on)
        taken_back = stated.per_week is None and self.capacity.on(stated.effective_on) is None
        if stated != same_day and not taken_back:
            self.emit(stated)

    def stated(self, person_id: UUID) -> CapacityStated:
        """What is said, with what was left out."""
        unit = None if self.per_week is None else self.unit or self.policy.latest.effort_unit
        return CapacityStated(
            person_id=person_id,
            effective_on=self.effective_on or self.issued.today,
            per_week=self.per_week,
            unit=unit,
            reason=self.reason,
        )
