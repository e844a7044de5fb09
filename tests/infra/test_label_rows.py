"""What entities bear, as rows: tags, links and references, as they were and as they are."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg

from domain.entities import EntityKind
from domain.labels import AttachLink, NameTag, SetReference, Tag, Untag
from domain.outcomes import SetOutcome
from domain.people import RevisePerson
from domain.references import Reference
from infra.database import Database
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import Telling, founded, projecting

SECONDS = 10
OUTCOME = EntityKind.OUTCOME
FIRST, NEXT = Reference(system="tracker", id="T-1"), Reference(system="tracker", id="T-2", url="https://t.example/2")


async def rows(database: Database, telling: Telling, what: str, as_of: int) -> list[tuple[Any, ...]]:
    async with database.read.of(telling.organisation_id) as connection:
        valid = "since <= $1 and (until is null or until > $1)"
        return [tuple(row) for row in await connection.fetch(f"select {what} where {valid} order by 1, 2", as_of)]


async def bearers(database: Database, telling: Telling, as_of: int) -> dict[str, UUID]:
    return {row[0]: row[1] for row in await rows(database, telling, "external_id, entity_id from reference", as_of)}


async def test_r9_what_an_entity_bears_is_told_as_of_then_and_now(database: Database, database_url: str) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        tell, outcome, other, growth, url = telling.tell, uuid4(), uuid4(), uuid4(), "https://wiki.example"
        await tell(SetOutcome(outcome_id=outcome, title="More", reference=FIRST))
        await tell(NameTag(tag_id=growth, name="Growth"))
        await tell(Tag(entity_id=outcome, kind=OUTCOME, tag_id=growth))
        tagged = await tell(AttachLink(entity_id=outcome, kind=OUTCOME, url=url))
        await tell(NameTag(tag_id=growth, name="More of it"))
        await tell(AttachLink(entity_id=outcome, kind=OUTCOME, url=url, title="Wiki"))
        await tell(Untag(entity_id=outcome, kind=OUTCOME, tag_id=growth))
        replaced = await tell(SetReference(entity_id=outcome, kind=OUTCOME, reference=NEXT))
        await tell(SetOutcome(outcome_id=other, title="Other", reference=FIRST))
        last = await tell(RevisePerson(person_id=telling.person_id, name="Anna"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
    assert await rows(database, telling, "entity_id, tag_id from tagging", tagged.position) == [(outcome, growth)]
    assert await rows(database, telling, "entity_id, tag_id from tagging", last.position) == []
    assert await rows(database, telling, "name, id from tag", tagged.position) == [("Growth", growth)]
    assert await rows(database, telling, "name, id from tag", last.position) == [("More of it", growth)]
    assert await rows(database, telling, "url, title from link", tagged.position) == [(url, None)]
    assert await rows(database, telling, "url, title from link", last.position) == [(url, "Wiki")]
    assert await bearers(database, telling, tagged.position) == {"T-1": outcome}
    assert await bearers(database, telling, replaced.position) == {"T-2": outcome}
    assert await bearers(database, telling, last.position) == {"T-1": other, "T-2": outcome}
    connection = await asyncpg.connect(database_url)
    result = await rebuild(connection, seals())
    await connection.close()
    assert result.differences == {}
