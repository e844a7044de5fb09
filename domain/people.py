"""Persons, and the teams that they belong to; teams nest without a circle (R3)."""

from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import (
    ALREADY_EXISTS,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON_FORGOTTEN,
    PERSON_LEFT,
    TEAM_CIRCLE,
    TEAM_DISBANDED,
)
from domain.kernel import (
    OF_NEW_PERSON,
    OF_PERSON,
    Command,
    Event,
    Fold,
    ParentTeamId,
    PersonId,
    Reads,
    ReferenceId,
    Refused,
    TeamId,
)
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Email, Name, Reason, Role


@bears_reference
class PersonRegistered(Event, frozen=True, tag="person.registered"):
    """A person can be named from now on as an owner, a promiser or a lead."""

    person_id: PersonId
    name: Annotated[Name, OF_NEW_PERSON]
    email: Annotated[Email, OF_NEW_PERSON] | None = None
    reference: Reference | None = None
    reference_id: ReferenceId | None = None


class PersonRevised(Event, frozen=True, tag="person.revised"):
    """A person goes by this name and this address from now on."""

    person_id: PersonId
    name: Annotated[Name, OF_PERSON]
    email: Annotated[Email, OF_PERSON] | None = None


@bears_reference
class TeamFormed(Event, frozen=True, tag="team.formed"):
    """A team came to be, with its leads, perhaps inside another team."""

    team_id: TeamId
    name: Name
    parent_id: ParentTeamId | None = None
    lead_ids: tuple[PersonId, ...] = ()
    reference: Reference | None = None
    reference_id: ReferenceId | None = None


class TeamRevised(Event, frozen=True, tag="team.revised"):
    """A team goes by another name."""

    team_id: TeamId
    name: Name


class TeamMoved(Event, frozen=True, tag="team.moved"):
    """A team lies inside another one now, or inside none."""

    team_id: TeamId
    from_parent_id: ParentTeamId | None = None
    parent_id: ParentTeamId | None = None


class TeamJoined(Event, frozen=True, tag="team.joined"):
    """A person belongs to a team, as a lead or not."""

    team_id: TeamId
    person_id: PersonId
    lead: bool = False


class TeamLeft(Event, frozen=True, tag="team.left"):
    """A person belongs to a team no longer."""

    team_id: TeamId
    person_id: PersonId


class PersonDeactivated(Event, frozen=True, tag="person.deactivated"):
    """A person has left; nothing can be given to them any more."""

    person_id: PersonId
    reason: Annotated[Reason, OF_PERSON]


class PersonForgotten(Event, frozen=True, tag="person.forgotten"):
    """Name, address and texts of a person can be read no more, here or in any copy that has no key."""

    person_id: PersonId


class TeamDisbanded(Event, frozen=True, tag="team.disbanded"):
    """A team is no more; nothing can be given to it."""

    team_id: TeamId
    reason: Reason


class Person(Fold[PersonRegistered | PersonDeactivated]):
    """Whether a person is registered, and has left since."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.registered: PersonRegistered | None = None
        self.left = False

    def fold(self, event: PersonRegistered | PersonDeactivated) -> None:
        match event:
            case PersonRegistered():
                self.registered = event
            case PersonDeactivated():
                self.left = True

    def check_known(self, field: str) -> None:
        """Refuses the mention of a person whom nobody registered."""
        if self.registered is None:
            raise Refused(NOT_FOUND, "There is no such person: register them first.", field)

    def check(self, field: str) -> None:
        """Refuses the mention of a person whom nobody registered, or who has left (R14)."""
        self.check_known(field)
        if self.left:
            raise has_left(field)


class Departure(Fold[PersonDeactivated]):
    """Whether somebody who is registered for certain has left meanwhile."""

    rare = True

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.left = False

    def fold(self, event: PersonDeactivated) -> None:
        del event  # that there is one is all that counts
        self.left = True

    def check(self, field: str) -> None:
        """Refuses what would give a duty to somebody who has left (R14)."""
        if self.left:
            raise has_left(field)


class Oblivion(Fold[PersonForgotten]):
    """Whether a person has been forgotten."""

    rare = True

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.forgotten = False

    def fold(self, event: PersonForgotten) -> None:
        del event  # that there is one is all that counts
        self.forgotten = True

    def check(self, field: str) -> None:
        """Refuses what would tell something new of somebody who has been forgotten (R11)."""
        if self.forgotten:
            raise Refused(PERSON_FORGOTTEN, "Leave it: this person has been forgotten.", field)


def has_left(field: str) -> Refused:
    """The refusal of somebody who has left."""
    return Refused(PERSON_LEFT, "Name somebody else: this person has left.", field)


class Particulars(Fold[PersonRegistered | PersonRevised]):
    """A person's name and address, as last told."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.latest: PersonRevised | None = None

    def fold(self, event: PersonRegistered | PersonRevised) -> None:
        match event:
            case PersonRegistered():
                self.latest = PersonRevised(person_id=event.person_id, name=event.name, email=event.email)
            case PersonRevised():
                self.latest = event


class Team(Fold[TeamFormed | TeamDisbanded]):
    """Whether a team exists, and has been disbanded since."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.formed: TeamFormed | None = None
        self.disbanded = False

    def fold(self, event: TeamFormed | TeamDisbanded) -> None:
        match event:
            case TeamFormed():
                self.formed = event
            case TeamDisbanded():
                self.disbanded = True

    def check(self, field: str) -> None:
        """Refuses the mention of a team that nobody formed, or that has been disbanded (R14)."""
        if self.formed is None:
            raise Refused(NOT_FOUND, "There is no such team: form it first.", field)
        if self.disbanded:
            raise is_disbanded(field)


class Disbanding(Fold[TeamDisbanded]):
    """Whether a team that was formed for certain has been disbanded meanwhile."""

    rare = True

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.disbanded = False

    def fold(self, event: TeamDisbanded) -> None:
        del event  # that there is one is all that counts
        self.disbanded = True

    def check(self, field: str) -> None:
        """Refuses what would give a duty to a team that has been disbanded (R14)."""
        if self.disbanded:
            raise is_disbanded(field)


def is_disbanded(field: str) -> Refused:
    """The refusal of a team that has been disbanded."""
    return Refused(TEAM_DISBANDED, "Name another team: this one has been disbanded.", field)


class TeamName(Fold[TeamFormed | TeamRevised]):
    """What a team is called; nothing before it has been formed."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.name: str | None = None

    def fold(self, event: TeamFormed | TeamRevised) -> None:
        match event:
            case TeamFormed() | TeamRevised():
                self.name = event.name


class TeamAbove(Fold[TeamFormed | TeamMoved]):
    """The team that a team lies inside of."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.parent_id: ParentTeamId | None = None

    def fold(self, event: TeamFormed | TeamMoved) -> None:
        match event:
            case TeamFormed() | TeamMoved():
                self.parent_id = event.parent_id


class Membership(Fold[TeamFormed | TeamJoined | TeamLeft]):
    """Whether a person belongs to a team, and as a lead."""

    def __init__(self, person_id: UUID, team_id: UUID) -> None:
        super().__init__(person=person_id, team=team_id)
        self.joined = False
        self.lead = False

    def fold(self, event: TeamFormed | TeamJoined | TeamLeft) -> None:
        match event:
            case TeamFormed():  # it bears the person's tag only where they lead
                self.joined, self.lead = True, True
            case TeamJoined():
                self.joined, self.lead = True, event.lead
            case TeamLeft():
                self.joined, self.lead = False, False


class RegisterPerson(Command):
    """Register a person, so that they can own, promise and lead.

    Refused where the id or the external reference is used already.
    """

    entity = "person_id"
    creates = True

    person_id: PersonId
    name: Name
    email: Email | None = None
    reference: Reference | None = None

    def reads(self) -> Reads:
        self.person = Person(self.person_id)
        self.mentions = mentioned(reference=self.reference and Referenced(self.reference))
        yield [self.person, *self.mentions.values()]

    def execute(self) -> None:
        if self.person.registered:
            raise Refused(ALREADY_EXISTS, "Choose another id: a person has this one.", "personId")
        check_mentions(self.mentions)
        self.emit(
            PersonRegistered(
                person_id=self.person_id,
                name=self.name,
                email=self.email,
                reference=self.reference,
                reference_id=key_of(self.reference),
            )
        )


class RevisePerson(Command):
    """Give a person another name or address; what is left out stays as it is.

    Refused where there is no such person, or neither they themself nor a lead asks for it.
    """

    entity = "person_id"

    person_id: PersonId
    name: Name | None = None
    email: Email | None = None

    def reads(self) -> Reads:
        self.particulars = Particulars(self.person_id)
        self.oblivion = Oblivion(self.person_id)
        yield [self.particulars, self.oblivion]

    def execute(self) -> None:
        was = self.particulars.latest
        if was is None:
            raise Refused(NOT_FOUND, "There is no such person: register them first.", "personId")
        self.oblivion.check("personId")
        if self.issued.person_id != self.person_id and not self.issued.role.reaches(Role.LEAD):
            raise Refused(NOT_ALLOWED, "Let the person themself, or a lead, revise their name and address.", "personId")
        revised = PersonRevised(person_id=self.person_id, name=self.name or was.name, email=self.email or was.email)
        if revised != was:
            self.emit(revised)


class FormTeam(Command):
    """Form a team with its leads, perhaps inside another team.

    Refused where the id or the external reference is used already, or the parent or a lead is unknown.
    """

    entity = "team_id"
    creates = True
    role = Role.LEAD

    team_id: TeamId
    name: Name
    parent_id: ParentTeamId | None = None
    lead_ids: Annotated[tuple[PersonId, ...], msgspec.Meta(max_length=100)] = ()
    reference: Reference | None = None

    def reads(self) -> Reads:
        self.team = Team(self.team_id)
        self.leads = [Person(one) for one in dict.fromkeys(self.lead_ids)]
        self.mentions = mentioned(
            parentId=self.parent_id and Team(self.parent_id),
            reference=self.reference and Referenced(self.reference),
        )
        yield [self.team, *self.leads, *self.mentions.values()]

    def execute(self) -> None:
        if self.team.formed:
            raise Refused(ALREADY_EXISTS, "Choose another id: a team has this one.", "teamId")
        check_mentions(self.mentions)
        for lead in self.leads:
            lead.check("leadIds")
        self.emit(
            TeamFormed(
                team_id=self.team_id,
                name=self.name,
                parent_id=self.parent_id,
                lead_ids=tuple(dict.fromkeys(self.lead_ids)),
                reference=self.reference,
                reference_id=key_of(self.reference),
            )
        )


class ReviseTeam(Command):
    """Give a team another name.

    Refused where there is no such team.
    """

    entity = "team_id"
    role = Role.LEAD

    team_id: TeamId
    name: Name

    def reads(self) -> Reads:
        self.called = TeamName(self.team_id)
        yield [self.called]

    def execute(self) -> None:
        if self.called.name is None:
            raise Refused(NOT_FOUND, "There is no such team: form it first.", "teamId")
        if self.name != self.called.name:
            self.emit(TeamRevised(team_id=self.team_id, name=self.name))


class MoveTeam(Command):
    """Put a team inside another one, or inside none (R3).

    Refused where the team would lie inside itself.
    """

    entity = "team_id"
    role = Role.LEAD

    team_id: TeamId
    parent_id: ParentTeamId | None = None

    def reads(self) -> Reads:
        self.place = TeamAbove(self.team_id)
        self.mentions = mentioned(teamId=Team(self.team_id), parentId=self.parent_id and Team(self.parent_id))
        yield [self.place, *self.mentions.values()]
        self.above: set[UUID] = set()
        rising = self.parent_id
        while rising and rising not in self.above:
            self.above.add(rising)
            parent = TeamAbove(rising)
            yield [parent]
            rising = parent.parent_id

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.parent_id == self.place.parent_id:
            return
        if self.team_id in self.above:
            raise Refused(TEAM_CIRCLE, "Choose a parent that does not lie inside the team.", "parentId")
        self.emit(TeamMoved(team_id=self.team_id, from_parent_id=self.place.parent_id, parent_id=self.parent_id))


class JoinTeam(Command):
    """Let a person belong to a team, or change whether they lead it.

    Refused where the team or the person is unknown.
    """

    entity = "team_id"

    team_id: TeamId
    person_id: PersonId
    lead: bool = False

    def reads(self) -> Reads:
        self.membership = Membership(self.person_id, self.team_id)
        self.mentions = mentioned(teamId=Team(self.team_id), personId=Person(self.person_id))
        yield [self.membership, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if (self.membership.joined, self.membership.lead) != (True, self.lead):
            self.emit(TeamJoined(team_id=self.team_id, person_id=self.person_id, lead=self.lead))


class LeaveTeam(Command):
    """Let a person belong to a team no longer.

    Refused where the team or the person is unknown.
    """

    entity = "team_id"

    team_id: TeamId
    person_id: PersonId

    def reads(self) -> Reads:
        self.membership = Membership(self.person_id, self.team_id)
        self.mentions = mentioned(teamId=Team(self.team_id), personId=Person(self.person_id))
        yield [self.membership, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.membership.joined:
            self.emit(TeamLeft(team_id=self.team_id, person_id=self.person_id))
