"""By which identity of a sign-on service a person is known: each stands for one person."""

from typing import Annotated
from uuid import UUID, uuid5

import msgspec

from domain.codes import IDENTITY_TAKEN
from domain.kernel import OF_PERSON, Command, Event, Fold, IdentityId, PersonId, Reads, Refused
from domain.people import Person
from domain.references import NAMES, check_mentions, mentioned
from domain.values import Link, Role

Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class IdentityLinked(Event, frozen=True, tag="identity.linked"):
    """A person is known to a sign-on service by a subject."""

    person_id: PersonId
    identity_id: IdentityId
    issuer: Link
    subject: Annotated[Subject, OF_PERSON]


def key_of(issuer: str, subject: str) -> IdentityId:
    """The same for the same subject of the same issuer; NUL stands between them, for no recorded text bears one."""
    return uuid5(NAMES, f"identity\0{issuer}\0{subject}")


class Identity(Fold[IdentityLinked]):
    """Whose identity it is; nobody's yet where nobody linked it."""

    def __init__(self, identity_id: UUID) -> None:
        super().__init__(identity=identity_id)
        self.person_id: UUID | None = None

    def fold(self, event: IdentityLinked) -> None:
        self.person_id = event.person_id


class LinkIdentity(Command):
    """Say by which subject a sign-on service knows a person; a person may have several.

    Refused where the person is unknown, or the identity is somebody else's.
    """

    entity = "person_id"
    role = Role.OWNER  # whoever links an identity decides who comes in as that person

    person_id: PersonId
    issuer: Link
    subject: Subject

    def reads(self) -> Reads:
        self.identity_id = key_of(self.issuer, self.subject)
        self.identity = Identity(self.identity_id)
        self.mentions = mentioned(personId=Person(self.person_id))
        yield [self.identity, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.identity.person_id == self.person_id:
            return
        if self.identity.person_id is not None:
            raise Refused(IDENTITY_TAKEN, "Link another identity: this one is somebody else's.", "subject")
        self.emit(
            IdentityLinked(
                person_id=self.person_id, identity_id=self.identity_id, issuer=self.issuer, subject=self.subject
            )
        )
