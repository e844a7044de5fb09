"""The desk: what is checked before a command is decided, and what is made for it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from api.desk import Desk, Envelope
from api.viewer import Viewer
from domain.codes import NOT_ALLOWED, OCCURRED_IN_FUTURE
from domain.kernel import Refused
from domain.values import Invalid, Role
from infra.database import Database
from infra.ledger import Ledger
from tests.infra.at_work import founded


@pytest.fixture
async def viewer(database: Database) -> Viewer:
    telling = await founded(Ledger(database))
    return Viewer(organisation_id=telling.organisation_id, role=Role.OWNER, person_id=telling.person_id)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(Ledger(database))


TEAM = msgspec.json.encode({"name": "Crew"})


async def test_a_new_entity_gets_an_id(desk: Desk, viewer: Viewer) -> None:
    done = await desk.issue("form-team", TEAM, viewer, Envelope())
    assert isinstance(done.id, UUID)
    assert len(done.event_ids) == 1


async def test_r12_the_same_key_names_the_same_entity(desk: Desk, viewer: Viewer) -> None:
    first = await desk.issue("form-team", TEAM, viewer, Envelope(key="k"))
    again = await desk.issue("form-team", TEAM, viewer, Envelope(key="k"))
    assert (again.id, again.position, again.event_ids) == (first.id, first.position, first.event_ids)
    assert again.repeated
    assert not first.repeated


async def test_a_secret_is_shown_once(desk: Desk, viewer: Viewer) -> None:
    body = msgspec.json.encode({"name": "Robot", "role": "READER"})
    first = await desk.issue("issue-api-key", body, viewer, Envelope(key="once"))
    again = await desk.issue("issue-api-key", body, viewer, Envelope(key="once"))
    assert first.secret is not None
    assert first.secret.startswith("hw_live_")
    assert again.secret is None
    assert again.id == first.id


@pytest.mark.parametrize("field", ["lookup", "digest"])
async def test_what_the_server_makes_is_not_taken_from_outside(desk: Desk, viewer: Viewer, field: str) -> None:
    body = msgspec.json.encode({"name": "Robot", "role": "READER", field: "0" * 64})
    with pytest.raises(Invalid) as invalid:
        await desk.issue("issue-api-key", body, viewer, Envelope())
    assert invalid.value.field == field


async def test_what_is_recorded_has_happened(desk: Desk, viewer: Viewer) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(Refused) as refusal:
        await desk.issue("form-team", TEAM, viewer, Envelope(occurred_at=tomorrow))
    assert refusal.value.code == OCCURRED_IN_FUTURE


@pytest.mark.parametrize("role", [Role.MEMBER, Role.AUDITOR, Role.READER])
async def test_a_role_reaches_only_its_commands(desk: Desk, viewer: Viewer, role: Role) -> None:
    weaker = Viewer(organisation_id=viewer.organisation_id, role=role, person_id=uuid4())
    with pytest.raises(Refused) as refusal:
        await desk.issue("form-team", TEAM, weaker, Envelope())
    assert refusal.value.code == NOT_ALLOWED


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[]", b"\xff{}", b'{"name":"\xff"}', b"", b'{"name": "x"'])
async def test_what_is_no_object_is_invalid(desk: Desk, viewer: Viewer, body: bytes) -> None:
    with pytest.raises(Invalid):
        await desk.issue("form-team", body, viewer, Envelope())


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a\x00b"}, "name"),
        ({"name": "\u200b\u200d"}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "parentId": "no uuid"}, "parentId"),
    ],
)
async def test_a_value_that_cannot_be_meant_is_told_by_its_field(
    desk: Desk, viewer: Viewer, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as invalid:
        await desk.issue("form-team", msgspec.json.encode(fields), viewer, Envelope())
    assert invalid.value.field == field
    assert invalid.value.sentence
