"""No change goes unheard: not one of another process, not one that came while this one could not listen."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg

from api.applying import Urls
from infra.embedded import EmbeddedServer
from infra.projector import CHANNEL
from tests.api.edge import ROOMY, Edge, served
from tests.api.listening import introduced, streamed
from tests.faults.stand import eventually

TEAM = "subscription ($id: ID!) { team(id: $id) { name } }"
LISTENING = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = $1 and query ilike 'listen%' and application_name = 'headway'
"""


@asynccontextmanager
async def two(urls: Urls, name: str) -> AsyncGenerator[tuple[Edge, Edge]]:
    """Two processes' worth of the product over one database."""
    async with served(ROOMY, urls) as one, served(ROOMY, urls) as other:
        one.here = other.here = await one.found(name)
        await other.settled(other.here)
        yield one, other


async def told(edge: Edge, name: str, /, **fields: object) -> str:
    done = await edge.tell(edge.here, name, **fields)
    await edge.settled(edge.here)
    return str(done.id)


async def test_what_another_process_appends_is_told(urls: Urls) -> None:
    async with two(urls, "Two harbours") as (one, other):
        team = await told(other, "form-team", name="Anchor")
        async with introduced(one) as wire, streamed(one, TEAM, id=team) as events:
            await wire.subscribe(TEAM, id=team)
            for number in range(5):
                assert await wire.next() == await events.data()
                await told(other, "revise-team", teamId=team, name=f"Anchor {number}")
            assert await wire.next() == {"team": {"name": "Anchor 4"}}


@asynccontextmanager
async def nobody_connects(postgres: EmbeddedServer, name: str) -> AsyncGenerator[asyncpg.Connection]:
    """To a database, but for those who are in already."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute(f"alter database {name} with allow_connections false")
    try:
        yield connection
    finally:
        await connection.execute(f"alter database {name} with allow_connections true")
        await connection.close()


async def overhearing(urls: Urls, notices: list[str]) -> asyncpg.Connection:
    """A connection by which the processes' notices are heard."""

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        notices.append(str(payload))

    connection = await asyncpg.connect(urls.owner)
    await connection.add_listener(CHANNEL, hear)
    return connection


def told_in(notices: list[str], organisation_id: UUID, position: int | None) -> bool:
    """Whether a notice told that the position was reached."""
    parts = [part for notice in notices for part in notice.split(",")]
    return any(part.startswith(str(organisation_id)) and part.endswith(f":{position}") for part in parts)


async def test_what_comes_while_nobody_listens_is_told_afterwards(
    urls: Urls, postgres: EmbeddedServer, database_name: str
) -> None:
    async with two(urls, "Deaf harbours") as (one, other):
        team = await told(other, "form-team", name="Buoy")
        async with introduced(one) as wire:
            await wire.subscribe(TEAM, id=team)
            await wire.next()
            await one.services.projector.stop()  # so that it hears of others' work only
            one.services.projector.attend()
            await eventually(lambda: one.services.positions.sure, 5)
            told_by_notice = list[str]()
            watching = await overhearing(urls, told_by_notice)
            async with nobody_connects(postgres, database_name) as owner:
                assert await owner.fetch(LISTENING, database_name)
                await eventually(lambda: not one.services.positions.sure, 5)
                done = await other.tell(other.here, "revise-team", teamId=team, name="Buoy two")
                await eventually(lambda: told_in(told_by_notice, one.here.id, done.position), 10)
                await wire.silent()
                one.services.graphql.live._rounds = 1  # so that the next rare look is as far away as can be
            await watching.close()
            assert await wire.next() == {"team": {"name": "Buoy two"}}


async def test_every_connection_may_break_and_the_streams_go_on(
    urls: Urls, postgres: EmbeddedServer, database_name: str
) -> None:
    everybody = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"
    async with two(urls, "Broken harbours") as (one, other):
        team = await told(other, "form-team", name="Cable")
        async with introduced(one) as wire:
            await wire.subscribe(TEAM, id=team)
            await wire.next()
            owner = await asyncpg.connect(postgres.url("postgres"))
            for number in range(3):
                await owner.fetch(everybody, database_name)
                async with asyncio.timeout(20):
                    while True:
                        try:
                            await other.tell(other.here, "revise-team", teamId=team, name=f"Cable {number}")
                        except Exception:
                            await asyncio.sleep(0.05)
                        else:
                            break
                assert await wire.next() == {"team": {"name": f"Cable {number}"}}
            await owner.close()


async def test_a_notice_that_is_lost_on_its_way_is_found_out(urls: Urls) -> None:
    async with two(urls, "Forgetful harbours") as (one, other):
        team = await told(other, "form-team", name="Deck")
        live = one.services.graphql.live
        async with introduced(one) as wire:
            await wire.subscribe(TEAM, id=team)
            await wire.next()
            await one.services.projector.stop()  # hears nothing more, and nobody doubts
            one.services.positions.sure = True
            await told(other, "revise-team", teamId=team, name="Deck two")
            await wire.silent()
            live._rounds = -1  # the next one looks
            assert await wire.next() == {"team": {"name": "Deck two"}}


async def test_a_notice_that_the_database_does_not_take_is_told_later(
    urls: Urls, postgres: EmbeddedServer, database_name: str
) -> None:
    others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> $2"
    async with served(ROOMY, urls) as edge:
        notices, organisation_id = list[str](), uuid4()
        watching = await overhearing(urls, notices)
        async with nobody_connects(postgres, database_name) as owner:
            await owner.fetch(others, database_name, watching.get_server_pid())
            edge.services.projector._notice(organisation_id, 0, 7)
            await asyncio.sleep(0.3)
            assert not notices
        await eventually(lambda: told_in(notices, organisation_id, 7), 10)
        await watching.close()
