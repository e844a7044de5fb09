"""Who may come in: API keys, feed tokens and roles."""

from collections.abc import Iterator

from domain.feeds import FeedTokenIssued, FeedTokenRevoked
from domain.organisation import ApiKeyIssued, ApiKeyRevoked, RoleGranted, RoleRevoked
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

API_KEY = Table("api_key", ("name", "role", "scopes", "person_id", "expires_on", "lookup", "digest", "revoked"))
FEED_TOKEN = Table("feed_token", ("feed", "person_id", "expires_on", "lookup", "digest", "revoked"))
PERSON_ROLE = Table("person_role", ("person_id", "role"))
TABLES = (API_KEY, FEED_TOKEN, PERSON_ROLE)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a key, a token or a role becomes."""
    for part in (_keys, _tokens, _roles):
        yield from part(recorded)


def _keys(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case ApiKeyIssued() as event:
            yield insert(
                API_KEY,
                event.api_key_id,
                name=event.name,
                role=event.role.value,
                scopes=list(event.scopes),
                person_id=event.person_id,
                expires_on=event.expires_on,
                lookup=event.lookup,
                digest=event.digest,
                revoked=False,
            )
        case ApiKeyRevoked() as event:
            yield revise(API_KEY, event.api_key_id, revoked=True)
        case _:
            return


def _tokens(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case FeedTokenIssued() as event:
            yield insert(
                FEED_TOKEN,
                event.feed_token_id,
                feed=event.feed.value,
                person_id=event.person_id,
                expires_on=event.expires_on,
                lookup=event.lookup,
                digest=event.digest,
                revoked=False,
            )
        case FeedTokenRevoked() as event:
            yield revise(FEED_TOKEN, event.feed_token_id, revoked=True)
        case _:
            return


def _roles(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case RoleGranted() as event:
            yield insert(
                PERSON_ROLE, link_id("role", event.person_id), person_id=event.person_id, role=event.role.value
            )
        case RoleRevoked() as event:
            yield end(PERSON_ROLE, link_id("role", event.person_id))
        case _:
            return
