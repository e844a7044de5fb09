"""Following: what a person wants news of."""

from typing import ClassVar
from uuid import UUID

from domain.codes import PERSON_REQUIRED
from domain.entities import EntityKind, existing
from domain.kernel import Command, EntityId, Event, Fold, FollowerId, Reads, Refused


class FollowingBegun(Event, frozen=True, tag="following.begun"):
    """A person wants news of an entity."""

    version: ClassVar[int] = 2

    entity_id: EntityId
    follower_id: FollowerId
    kind: EntityKind


class FollowingEnded(Event, frozen=True, tag="following.ended"):
    """A person wants news of an entity no longer."""

    entity_id: EntityId
    follower_id: FollowerId


class Following(Fold[FollowingBegun | FollowingEnded]):
    """Whether a person follows an entity."""

    def __init__(self, follower_id: UUID, entity_id: UUID) -> None:
        super().__init__(entity=entity_id, follower=follower_id)
        self.holds = False

    def fold(self, event: FollowingBegun | FollowingEnded) -> None:
        match event:
            case FollowingBegun():
                self.holds = True
            case FollowingEnded():
                self.holds = False


class FollowCommand(Command):
    """What following and not following read."""

    entity = "entity_id"

    entity_id: EntityId
    kind: EntityKind

    def reads(self) -> Reads:
        self.followed = existing(self.kind, self.entity_id)
        self.following: Following | None = None
        if self.issued.person_id is None:
            yield [self.followed]
        else:
            self.following = Following(self.issued.person_id, self.entity_id)
            yield [self.followed, self.following]

    def checked(self) -> tuple[FollowerId, bool]:
        """Who follows, and whether they do already; refuses what can't be followed, and nobody."""
        if self.issued.person_id is None or self.following is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: news is for somebody.")
        self.followed.check("entityId")
        return self.issued.person_id, self.following.holds


class Follow(FollowCommand):
    """Have news of an entity in your feed.

    Refused where there is no such entity, or the key stands for no person.
    """

    def execute(self) -> None:
        follower_id, holds = self.checked()
        if not holds:
            self.emit(FollowingBegun(entity_id=self.entity_id, follower_id=follower_id, kind=self.kind))


class Unfollow(FollowCommand):
    """Have no more news of an entity in your feed.

    Refused where there is no such entity, or the key stands for no person.
    """

    def execute(self) -> None:
        follower_id, holds = self.checked()
        if holds:
            self.emit(FollowingEnded(entity_id=self.entity_id, follower_id=follower_id))
