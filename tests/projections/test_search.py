"""What can be found by its words: every event that tells words is known to the search, or it is said why not (R9)."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest

from domain.boundaries import BoundarySet
from domain.celebrations import CelebrationWithdrawn
from domain.checklists import CheckAdded, CheckDropped, CheckTicked, CheckUnticked
from domain.commands import EVENTS
from domain.decisions import DecisionRecorded
from domain.declining import WorkDeclined
from domain.kernel import Event
from domain.labels import LinkAttached, TagNamed
from domain.organisation import ApiKeyIssued, OrganisationFounded, OrganisationRenamed
from domain.people import PersonForgotten
from domain.promises import TaskCountered, TermsProposed
from domain.sources import SourceConnected, SourceRevised
from domain.webhooks import WebhookRevised, WebhookSubscribed
from infra.codec import decode
from projections.rows import Recorded, Revision
from projections.search import revisions
from tests.given import ORGANISATION
from tests.golden_files import Golden, path_of

WORDS = {"title", "name", "description", "conditions"}
NOT_FOUND_BY: dict[type[Event], str] = {
    TermsProposed: "the old terms stand until the other party agrees (R5)",
    TaskCountered: "the terms asked for stand until the requester agrees (R6)",
    CheckAdded: "found with its task",
    CheckTicked: "found with its task",
    CheckUnticked: "found with its task",
    CheckDropped: "found with its task",
    OrganisationFounded: "a search looks inside one organisation",
    OrganisationRenamed: "a search looks inside one organisation",
    ApiKeyIssued: "no entity that a reader looks for",
    TagNamed: "tags are asked for by name",
    LinkAttached: "found with what bears it",
    BoundarySet: "found with its outcome",
    DecisionRecorded: "decisions are asked for by team and outcome",
    WebhookSubscribed: "no entity that a reader looks for",
    WebhookRevised: "no entity that a reader looks for",
    SourceConnected: "found with what it feeds",
    SourceRevised: "found with what it feeds",
    WorkDeclined: "declined work is asked for by team, person and cycle",
}
TELLING = [kind for kind in EVENTS.values() if WORDS & set(kind.__struct_fields__)]


def recorded(event: Event, day: date = date(2022, 6, 15)) -> Recorded:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Recorded(
        organisation_id=ORGANISATION,
        position=1,
        event_id=UUID(int=1),
        event=event,
        type=event.stored_type(),
        command_id=UUID(int=2),
        correlation_id=UUID(int=2),
        causation_id=UUID(int=2),
        actor="system",
        tags=tuple(event.tags()),
        reason=None,
        recorded_at=at,
        occurred_at=at,
        day=day,
    )


def told_of(kind: type[Event]) -> tuple[Event, list[Revision]]:
    """The example of an event in its golden file, and what the search makes of it."""
    golden = msgspec.json.decode(path_of(kind).read_bytes(), type=Golden)
    event = decode(golden.type, golden.version, golden.body)
    return event, list(revisions(recorded(event)))


@pytest.mark.parametrize("kind", TELLING, ids=lambda kind: kind.stored_type())
def test_r9_every_event_that_tells_words_is_known_to_the_search(kind: type[Event]) -> None:
    event, made = told_of(kind)
    if kind in NOT_FOUND_BY:
        assert made == [], "it is found by its words: leave it out of NOT_FOUND_BY"
        return
    assert len(made) == 1, "let the search know it, or say in NOT_FOUND_BY why not"
    told = {value for name in WORDS if (value := getattr(event, name, None)) is not None}
    values = made[0].values or {}
    assert told == {values[name] for name in ("title", "description") if values.get(name) is not None}


@pytest.mark.parametrize(
    "kind",
    [kind for kind in EVENTS.values() if kind not in {*TELLING, PersonForgotten, CelebrationWithdrawn}],
    ids=lambda kind: kind.stored_type(),
)
def test_an_event_that_tells_no_words_changes_nothing_that_is_found(kind: type[Event]) -> None:
    _, made = told_of(kind)
    assert made == []
