"""Feed tokens: one's own, for one feed, until revoked."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.codes import ALREADY_EXISTS, INVALID, NOT_ALLOWED, NOT_FOUND, PERSON_REQUIRED
from domain.feeds import Feed, FeedTokenIssued, FeedTokenRevoked, IssueFeedToken, RevokeFeedToken
from domain.leaving import DeactivatePerson
from domain.values import Role
from tests.given import ANA, BEN, TODAY, given, given_loosely, named
from tests.stories import person

TOKEN = named("token")
ISSUE = IssueFeedToken(feed_token_id=TOKEN, feed=Feed.MILESTONES, lookup="f1", digest="0" * 64)
REVOKE = RevokeFeedToken(feed_token_id=TOKEN)


def issued(person_id: UUID = ANA) -> FeedTokenIssued:
    return FeedTokenIssued(feed_token_id=TOKEN, person_id=person_id, feed=Feed.MILESTONES, lookup="f1", digest="0" * 64)


def revoked(person_id: UUID = ANA) -> FeedTokenRevoked:
    return FeedTokenRevoked(feed_token_id=TOKEN, person_id=person_id)


def test_a_person_issues_themself_a_token_for_one_feed() -> None:
    given().when(ISSUE, role=Role.MEMBER).then(issued())
    given().when(ISSUE, by=None).then_refused(PERSON_REQUIRED)
    given(issued()).when(ISSUE).then_refused(ALREADY_EXISTS, "feedTokenId")
    late = IssueFeedToken(
        feed_token_id=TOKEN, feed=Feed.MILESTONES, lookup="f1", digest="0" * 64, expires_on=TODAY - timedelta(1)
    )
    given().when(late).then_refused(INVALID, "expiresOn")


@pytest.mark.parametrize(("by", "role"), [(ANA, Role.MEMBER), (BEN, Role.LEAD), (None, Role.OWNER)])
def test_whose_it_is_and_leads_revoke_it_once(by: UUID | None, role: Role) -> None:
    given(issued()).when(REVOKE, by=by, role=role).then(revoked())
    given(issued(), revoked()).when(REVOKE, by=by, role=role).then_nothing()


def test_nobody_else_revokes_it() -> None:
    given(issued()).when(REVOKE, by=BEN, role=Role.MEMBER).then_refused(NOT_ALLOWED, "feedTokenId")
    given().when(REVOKE).then_refused(NOT_FOUND, "feedTokenId")


def test_r14_whoever_leaves_is_read_for_no_longer() -> None:
    leaving = DeactivatePerson(person_id=BEN, reason="Moved.")
    emitted = given_loosely(person(BEN), issued(BEN)).when(leaving).emitted
    assert FeedTokenRevoked(feed_token_id=TOKEN, person_id=BEN, reason="Moved.") in emitted
    emitted = given_loosely(person(BEN), issued(BEN), revoked(BEN)).when(leaving).emitted
    assert not [event for event in emitted if isinstance(event, FeedTokenRevoked)]
