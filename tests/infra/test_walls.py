"""The second wall: row-level security on every table with an organisation, whatever a statement forgets."""

from uuid import uuid4

import asyncpg
import pytest

from domain.people import RegisterPerson
from infra.database import Database
from infra.ledger import Ledger
from tests.infra.at_work import founded, projecting

TABLES = """
select c.oid::regclass::text as name, c.relrowsecurity and c.relforcerowsecurity as forced,
       exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'organisation') as walled
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'organisation_id' and not a.attisdropped
 where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text in ('ledger', 'read', 'edge', 'headway')
"""


async def test_every_table_with_an_organisation_has_forced_row_security(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(TABLES)
    await connection.close()
    assert len(rows) > 25
    assert [row["name"] for row in rows if not (row["forced"] and row["walled"])] == []


async def test_the_application_role_cannot_pass_the_wall(database: Database) -> None:
    async with database.work.acquire() as connection:
        row = await connection.fetchrow(
            "select rolsuper or rolbypassrls as passes from pg_roles where rolname = current_user"
        )
        assert row is not None
        assert row["passes"] is False
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("set role headway_owner")


async def test_without_an_organisation_nothing_is_there(database: Database) -> None:
    await founded(Ledger(database))
    async with database.work.acquire() as connection:
        for table in ("ledger.events", "ledger.heads", "ledger.tags", "ledger.answers", "read.outcome", "edge.bucket"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0


async def test_a_statement_that_forgets_its_organisation_sees_one_alone(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        ours, theirs = await founded(ledger), await founded(ledger)
        for one in (ours, theirs):
            done = await one.tell(RegisterPerson(person_id=uuid4(), name="Secret"))
            assert await positions.wait(one.organisation_id, done.position, 10)
        async with database.read.of(ours.organisation_id) as connection:
            found = await connection.fetch("select distinct organisation_id from person")
            assert [row[0] for row in found] == [ours.organisation_id]
            assert await connection.fetchval("select count(*) from person where name = 'Secret'") == 1
            events = await connection.fetch("select distinct organisation_id from ledger.events")
            assert [row[0] for row in events] == [ours.organisation_id]
