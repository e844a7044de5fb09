"""Who may see an outcome, and that commands know nothing of what their issuer may not see (R15)."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec

from domain.checkins import SaidOf
from domain.codes import NOT_ALLOWED
from domain.kernel import Command, Event, Fold, Issued, OutcomeId, PersonId, Reads, Refused
from domain.outcomes import Outcome
from domain.people import Membership, Person, TeamAbove
from domain.values import Invalid, Role

SEEING_ALL = frozenset({Role.OWNER, Role.AUDITOR})
# What hangs on an outcome and is hidden with it, by the role of its id; no task, for that is a promise between people.
HANGING = frozenset(
    {"measure", "reading", "source", "boundary", "check-in", "milestone", "celebration", "comment", "initiative"}
)
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

    rare = True  # most outcomes are for everybody, and most organisations restrict none

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.visibility = Visibility.ORGANISATION
        self.named: set[UUID] = set()

    def fold(self, event: VisibilitySet) -> None:
        self.visibility = event.visibility
        self.named = (self.named | {*event.added_ids}) - {*event.removed_ids}


class Told(Outcome):
    """An outcome as a sentence tells of it: to whoever may not see it, as if nobody had set it."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome_id)
        self.outcome_id = outcome_id

    @property
    def title(self) -> str | None:
        return self.now.title if self.now else None


class Sights:
    """Which of some outcomes somebody may see. Nothing beyond their sight is read where none is restricted."""

    def __init__(self, outcome_ids: Iterable[UUID], person_id: UUID | None) -> None:
        self.person_id = person_id
        self.sights = {one: Sight(one) for one in sorted(outcome_ids)}
        self.outcomes: dict[UUID, Outcome] = {}
        self.above: dict[UUID, TeamAbove] = {}
        self.memberships: dict[UUID, Membership] = {}

    def reads(self) -> Reads:
        """Of what is restricted also whose it is, and whether the person belongs to its team or to one above."""
        yield [*self.sights.values()]
        restricted = [one for one, sight in self.sights.items() if sight.visibility is not Visibility.ORGANISATION]
        if self.person_id is None or not restricted:
            return
        self.outcomes = {one: Outcome(one) for one in restricted}
        yield [*self.outcomes.values()]
        rising = {one.now.team_id for one in self.outcomes.values() if one.now and one.now.team_id}
        while rising:
            teams = sorted(rising)
            self.above |= {one: TeamAbove(one) for one in teams}
            self.memberships |= {one: Membership(self.person_id, one) for one in teams}
            yield [fold for one in teams for fold in (self.above[one], self.memberships[one])]
            rising = {parent for one in teams if (parent := self.above[one].parent_id)} - self.above.keys()

    @property
    def hidden(self) -> set[UUID]:
        return {one for one, sight in self.sights.items() if not self._sees(one, sight)}

    def _sees(self, outcome_id: UUID, sight: Sight) -> bool:
        if sight.visibility is Visibility.ORGANISATION:
            return True
        outcome = self.outcomes.get(outcome_id)
        now = outcome.now if outcome else None
        if now is None:
            return False
        if self.person_id in {now.owner_id, now.reviewer_id}:
            return True
        teams = list(self._upwards(now.team_id))
        match sight.visibility:
            case Visibility.TEAM:
                return any(one.joined for one in teams)
            case Visibility.NAMED:
                return self.person_id in sight.named or any(one.lead for one in teams[:1])
            case Visibility.OWNER_AND_LEADS:
                return any(one.lead for one in teams)

    def _upwards(self, team_id: UUID | None) -> Iterator[Membership]:
        """In the team and in those above it, the nearest first."""
        while team_id is not None:
            yield self.memberships[team_id]
            team_id = self.above[team_id].parent_id


class Veil:
    """What of all that a command reads is to stay empty, for its issuer may not see it."""

    def __init__(self, named: Iterable[UUID]) -> None:
        self.named = {str(one) for one in named}
        self.hidden: set[UUID] = set()
        self.veiled: set[str] = set()  # of what is named: the hidden outcomes, and what hangs on them

    def covers(self, fold: Fold[Any]) -> bool:
        if isinstance(fold, Told):
            return fold.outcome_id in self.hidden
        return any(tag.partition(":")[2] in self.veiled for tag in fold.tags)

    def look(self, command: Command, issued: Issued) -> Reads:
        """Looks at what was read so far: whether it names, or would tell of, something hidden."""
        command.own = len(command.known)
        told = {fold.outcome_id for fold in command.known if isinstance(fold, Told)}
        hanging: dict[str, UUID] = {}
        yield from self._hanging([*command.known], hanging)
        if outcome_ids := {*hanging.values(), *told, *self.hidden}:
            sights = Sights(outcome_ids, issued.person_id)
            yield from sights.reads()
            self.hidden |= sights.hidden
            self.veiled |= {one for one, outcome_id in hanging.items() if outcome_id in self.hidden}

    def _hanging(self, known: list[Fold[Any]], hanging: dict[str, UUID]) -> Reads:
        """Puts into `hanging` which outcome is named, or hangs on what is: what brought it into being tells."""
        said: dict[str, SaidOf] = {}
        for fold in known:
            role, _, one = fold.tags[0].partition(":")
            if one not in self.named:
                continue
            if role == "outcome":
                hanging[one] = UUID(one)
            elif role in HANGING and (outcome_id := getattr(fold.first, "outcome_id", None)):
                hanging[one] = outcome_id
            elif role == "comment" and (check_in_id := getattr(fold.first, "check_in_id", None)):
                said[one] = SaidOf(check_in_id)
        if said:
            yield [*said.values()]
            hanging.update({one: fold.made.outcome_id for one, fold in said.items() if fold.made})


def as_seen(command: Command, issued: Issued) -> Reads:
    """What a command must know, as who issues it may see it: so begins a command whoever is to execute it.

    What it names and they may not see stays empty, so that it answers as for an id that nobody has used; what it comes
    to by itself (places in the focus, duties, paths) counts all the same. Its own new id is not looked at.
    """
    if issued.role in SEEING_ALL:
        yield from command.begin(issued)
        return
    veil = Veil(set(_ids(command)) - ({getattr(command, command.entity)} if command.creates else set()))
    while True:
        before = len(veil.hidden), len(veil.veiled)
        for asked in command.begin(issued):
            covered = [fold for fold in asked if veil.covers(fold)] if veil.hidden else []
            command.select(covered)
            yield [fold for fold in asked if not veil.covers(fold)] if covered else asked
        yield from veil.look(command, issued)
        if before == (len(veil.hidden), len(veil.veiled)):
            return


def _ids(value: object) -> Iterator[UUID]:
    """All that a command names, in its lists and their parts too."""
    if value is None or isinstance(value, str):
        return
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, tuple):
        for one in cast(tuple[object, ...], value):
            yield from _ids(one)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _ids(getattr(value, name))


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
