"""Who may see an outcome (R15)."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import NOT_ALLOWED
from domain.kernel import Command, Event, Fold, OutcomeId, PersonId, Reads, Refused
from domain.outcomes import Outcome
from domain.people import Membership, Person
from domain.values import Invalid, Role

People = Annotated[tuple[PersonId, ...], msgspec.Meta(max_length=100)]


class Visibility(StrEnum):
    """Who may see an outcome: everybody; its team and those above; named people; its owner and leads."""

    ORGANISATION = "ORGANISATION"
    TEAM = "TEAM"
    NAMED = "NAMED"
    OWNER_AND_LEADS = "OWNER_AND_LEADS"


class VisibilitySet(Event, frozen=True, tag="outcome.visibility-set"):
    """Who may see an outcome changed; of the people who are named, those who came and those who went."""

    outcome_id: OutcomeId
    visibility: Visibility
    added_ids: tuple[PersonId, ...] = ()
    removed_ids: tuple[PersonId, ...] = ()


class Sight(Fold[VisibilitySet]):
    """Who may see an outcome, and who is named."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.visibility = Visibility.ORGANISATION
        self.named: set[UUID] = set()

    def fold(self, event: VisibilitySet) -> None:
        self.visibility = event.visibility
        self.named = (self.named | {*event.added_ids}) - {*event.removed_ids}


class SetVisibility(Command):
    """Say who may see an outcome and what hangs on it: all, its team and those above, named people, or its owner and
    the leads (R15).

    What is hidden counts in every figure all the same. Refused where neither its owner, a lead of its team, nor a lead
    of the organisation asks for it, or a person is unknown.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    visibility: Visibility
    person_ids: People = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.person_ids and self.visibility is not Visibility.NAMED:
            raise Invalid("Name people only where it is for named people.", "personIds")

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.sight = Sight(self.outcome_id)
        self.people = [Person(one) for one in dict.fromkeys(self.person_ids)]
        yield [self.outcome, self.sight, *self.people]
        self.membership: Membership | None = None
        now, person_id = self.outcome.now, self.issued.person_id
        if now and now.team_id and person_id:
            self.membership = Membership(person_id, now.team_id)
            yield [self.membership]

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        for person in self.people:
            person.check("personIds")
        leads = self.issued.role.reaches(Role.LEAD) or (self.membership is not None and self.membership.lead)
        if not leads and (now.owner_id is None or now.owner_id != self.issued.person_id):
            raise Refused(NOT_ALLOWED, "Ask its owner, or a lead of its team, to do this.", "outcomeId")
        named = tuple(dict.fromkeys(self.person_ids))
        event = VisibilitySet(
            outcome_id=self.outcome_id,
            visibility=self.visibility,
            added_ids=tuple(one for one in named if one not in self.sight.named),
            removed_ids=tuple(sorted(self.sight.named - set(named))),
        )
        if event.visibility is not self.sight.visibility or event.added_ids or event.removed_ids:
            self.emit(event)
