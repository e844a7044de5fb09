"""Feed tokens: what a calendar reads one feed by, and nothing else."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.codes import ALREADY_EXISTS, INVALID, NOT_ALLOWED, NOT_FOUND, PERSON_REQUIRED
from domain.kernel import OF_PERSON, Command, Event, FeedTokenId, Fold, PersonId, Reads, Refused
from domain.organisation import Digest, Lookup
from domain.values import Reason, Role


class Feed(StrEnum):
    """What a calendar may subscribe to."""

    MILESTONES = "MILESTONES"
    COMMITMENTS = "COMMITMENTS"


class FeedTokenIssued(Event, frozen=True, tag="feed-token.issued"):
    """A person's calendar may read one feed by a token that stands in its address."""

    feed_token_id: FeedTokenId
    person_id: PersonId
    feed: Feed
    lookup: Lookup
    digest: Digest
    expires_on: date | None = None


class FeedTokenRevoked(Event, frozen=True, tag="feed-token.revoked"):
    """A feed token opens nothing any more."""

    feed_token_id: FeedTokenId
    person_id: PersonId
    reason: Annotated[Reason, OF_PERSON] | None = None


class FeedToken(Fold[FeedTokenIssued | FeedTokenRevoked]):
    """A feed token as it was issued, and whether it has been revoked."""

    def __init__(self, feed_token_id: UUID) -> None:
        super().__init__(feed_token=feed_token_id)
        self.issued: FeedTokenIssued | None = None
        self.revoked = False

    def fold(self, event: FeedTokenIssued | FeedTokenRevoked) -> None:
        match event:
            case FeedTokenIssued():
                self.issued = event
            case FeedTokenRevoked():
                self.revoked = True


class FeedTokens(Fold[FeedTokenIssued | FeedTokenRevoked]):
    """The feed tokens of a person that are in force."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.feed_token_ids: dict[UUID, None] = {}

    def fold(self, event: FeedTokenIssued | FeedTokenRevoked) -> None:
        match event:
            case FeedTokenIssued():
                self.feed_token_ids[event.feed_token_id] = None
            case FeedTokenRevoked():
                self.feed_token_ids.pop(event.feed_token_id, None)


class IssueFeedToken(Command):
    """Issue yourself a token, until a day perhaps, by which a calendar reads one feed: put it into the feed's address.

    Refused where the key stands for no person, or the day has passed.
    """

    entity = "feed_token_id"
    creates = True

    feed_token_id: FeedTokenId
    feed: Feed
    lookup: Lookup
    digest: Digest
    expires_on: date | None = None

    def reads(self) -> Reads:
        self.token = FeedToken(self.feed_token_id)
        yield [self.token]

    def execute(self) -> None:
        if self.issued.person_id is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: a feed is somebody's.")
        if self.token.issued:
            raise Refused(ALREADY_EXISTS, "Choose another id: a feed token has this one.", "feedTokenId")
        if self.expires_on and self.expires_on < self.issued.today:
            raise Refused(INVALID, "Let the token expire on a day that has not passed.", "expiresOn")
        self.emit(
            FeedTokenIssued(
                feed_token_id=self.feed_token_id,
                person_id=self.issued.person_id,
                feed=self.feed,
                lookup=self.lookup,
                digest=self.digest,
                expires_on=self.expires_on,
            )
        )


class RevokeFeedToken(Command):
    """Let a feed token open nothing any more.

    Refused where there is no such token, or it is somebody else's and the caller is no lead.
    """

    entity = "feed_token_id"

    feed_token_id: FeedTokenId
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.token = FeedToken(self.feed_token_id)
        yield [self.token]

    def execute(self) -> None:
        if self.token.issued is None:
            raise Refused(NOT_FOUND, "There is no such feed token: issue one first.", "feedTokenId")
        person_id = self.token.issued.person_id
        if person_id != self.issued.person_id and not self.issued.role.reaches(Role.LEAD):
            raise Refused(NOT_ALLOWED, "Ask whose token it is, or a lead, to revoke it.", "feedTokenId")
        if not self.token.revoked:
            self.emit(FeedTokenRevoked(feed_token_id=self.feed_token_id, person_id=person_id, reason=self.reason))
