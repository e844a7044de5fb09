"""Sources that are fetched from: over HTTP under guard, and from a database that nothing is written to."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiohttp import web

from domain.connecting import ConnectSource, DisconnectSource, PauseSource, ResumeSource
from domain.indicators import DefineIndicator
from domain.sources import SourceKind
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.ledger import Ledger
from infra.positions import Positions
from infra.posting import Post
from infra.projector import STATEMENTS as READING
from infra.projector import Projector
from infra.pulling import MOST_BYTES, Puller
from infra.receivers import reach_of
from infra.settings import Settings, SettingsInvalid
from infra.source_credentials import credentials_of
from infra.source_databases import NotAnswered, databases_of, rows_of
from infra.timekeeper import Timekeeper
from tests.infra.at_work import Telling, founded, projecting

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Fetching:
    """An organisation with an indicator, a server that answers as it is told, and a puller on a clock of its own."""

    telling: Telling
    ledger: Ledger
    database: Database
    positions: Positions
    projector: Projector
    puller: Puller
    address: str = ""
    answer: Answering | None = None
    asked: list[web.Request] = field(default_factory=list[web.Request])
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    indicator_id: UUID = field(default_factory=uuid4)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        assert self.answer is not None
        return await self.answer(request)

    def answers(self, body: Any, status: int = 200) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.json_response(body, status=status)

        self.answer = answer

    async def connect(self, kind: SourceKind = SourceKind.PULL_HTTP, **more: Any) -> UUID:
        source_id = uuid4()
        where = {"address": self.address} if kind is SourceKind.PULL_HTTP else {}
        fields: dict[str, Any] = {"value_at": "value", "every_minutes": 10, **where, **more}
        await self.telling.tell(
            ConnectSource(
                source_id=source_id,
                kind=kind,
                indicator_id=self.indicator_id,
                lookup="unused",
                digest="0" * 64,
                secret_id=uuid4(),
                **fields,
            )
        )
        await self.settled()
        return source_id

    async def settled(self) -> None:
        async with self.scoped() as connection:
            head = await connection.fetchval(
                "select position from ledger.heads where organisation_id = $1", self.telling.organisation_id
            )
        self.projector.stir(self.telling.organisation_id)
        assert await self.positions.wait(self.telling.organisation_id, head, 10)

    @asynccontextmanager
    async def scoped(self) -> AsyncGenerator[Any]:
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], self.telling.organisation_id)
            yield connection

    async def pull(self, minutes: int = 0) -> int:
        """So many minutes later; how many were asked."""
        self.moment += timedelta(minutes=minutes)
        asked = await self.puller.pull()
        await self.settled()
        return asked

    async def values(self) -> list[Decimal]:
        async with self.scoped() as connection:
            rows = await connection.fetch(
                "select value from read.reading where series_id = $1 and until is null order by taken_at",
                self.indicator_id,
            )
        return [row[0] for row in rows]

    async def state(self, source_id: UUID) -> Any:
        async with self.scoped() as connection:
            return await connection.fetchrow("select * from edge.source_state where source_id = $1", source_id)

    async def error(self, source_id: UUID) -> str:
        return str((await self.state(source_id))["last_error"])


@pytest.fixture
async def world(database: Database, database_url: str) -> AsyncIterator[Fetching]:
    open_to = Settings(
        webhook_networks="127.0.0.0/8", webhook_plain_http=True, source_databases=f"warehouse={database_url}"
    )
    was, database.settings = database.settings, open_to
    async with (
        projecting(database) as (ledger, projector, positions),
        Post(reach_of(open_to), first_byte=0.5, total=1.0) as post,
    ):
        async with database.owner_connection() as connection:  # what an earlier test has left due
            await connection.execute(
                "insert into edge.source_state (organisation_id, source_id, due_at)"
                " select organisation_id, id, 'infinity' from read.source where until is null"
                " on conflict (organisation_id, source_id) do update set due_at = excluded.due_at"
            )
        puller = Puller(database, ledger, post, lambda: made.moment)
        made = Fetching(await founded(ledger), ledger, database, positions, projector, puller)
        await made.telling.tell(DefineIndicator(indicator_id=made.indicator_id, title="Visits"))
        app = web.Application()
        app.router.add_get("/{rest:.*}", made.serve)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        made.address = f"http://127.0.0.1:{port}/figures"
        yield made
        await runner.cleanup()
    database.settings = was


async def test_a_source_is_asked_every_so_many_minutes(world: Fetching) -> None:
    world.answers({"value": 5})
    source = await world.connect()
    assert [await world.pull(), await world.pull(), await world.pull(9)] == [1, 0, 0]
    world.answers({"value": 6})
    assert await world.pull(1) == 1
    assert await world.values() == [5, 6]
    state = await world.state(source)
    assert state["last_error"] is None
    assert state["due_at"] == world.moment + timedelta(minutes=10)
    assert state["lease"] is None
    assert [one.headers["user-agent"] for one in world.asked] == ["Headway-Sources/1"] * 2
    assert not any("authorization" in one.headers or "cookie" in one.headers for one in world.asked)


async def test_the_same_value_again_is_a_word_and_no_reading(world: Fetching) -> None:
    world.answers({"value": 5})
    source = await world.connect()
    await world.pull()
    first = await world.state(source)
    assert await world.pull(10) == 1
    again = await world.state(source)
    assert await world.values() == [5]
    assert again["heard_at"] > first["heard_at"]
    assert again["last_reading_at"] == first["last_reading_at"]


async def test_many_processes_ask_each_source_once(world: Fetching) -> None:
    world.answers({"value": 5})
    await world.connect()
    others = [Puller(world.database, Ledger(world.database), world.puller.post, lambda: world.moment) for _ in range(4)]
    assert sum(await asyncio.gather(*(one.pull() for one in others))) == 1
    assert len(world.asked) == 1


async def test_what_was_leased_and_never_came_back_is_asked_again(world: Fetching) -> None:
    world.answers({"value": 5})
    source = await world.connect()
    (lost,) = await world.puller.take()
    assert lost.source_id == source
    assert await world.puller.take() == []
    async with world.database.owner_connection() as connection:
        await connection.execute("update edge.source_state set lease_until = now() where source_id = $1", source)
    assert await world.pull() == 1


async def test_what_rests_is_not_asked(world: Fetching) -> None:
    world.answers({"value": 5})
    source = await world.connect()
    await world.telling.tell(PauseSource(source_id=source))
    await world.settled()
    assert await world.pull() == 0
    await world.telling.tell(ResumeSource(source_id=source))
    await world.settled()
    assert await world.pull() == 1
    await world.telling.tell(DisconnectSource(source_id=source))
    await world.settled()
    assert await world.pull(60) == 0


async def test_what_goes_wrong_is_told_and_tried_again_next_time(world: Fetching) -> None:
    source = await world.connect()
    for body, status, told in (
        ({"value": 5}, 500, "The address answered with the status 500."),
        ({"value": 5}, 302, "The address answered with the status 302."),
        ({"value": "n/a"}, 200, "At value there is “n/a”, where a number belongs."),
        ({"value": 5, "pad": "x" * MOST_BYTES}, 200, f"The address answered with more than {MOST_BYTES} bytes."),
    ):
        world.answers(body, status)
        assert await world.pull(10) == 1
        assert await world.error(source) == told
    assert await world.values() == []
    world.answers({"value": 5})
    await world.pull(10)
    assert await world.values() == [5]
    assert (await world.state(source))["last_error"] is None


async def test_who_never_answers_is_given_up(world: Fetching) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        raise AssertionError

    world.answer = hang
    source = await world.connect()
    await world.pull()
    assert await world.error(source) == "The address took too long to answer."


async def test_a_redirect_is_not_followed(world: Fetching) -> None:
    async def elsewhere(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/other")

    world.answer = elsewhere
    await world.connect()
    await world.pull()
    assert [one.path for one in world.asked] == ["/figures"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/figures",
        "http://[::1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://localhost:{port}/",
        "http://127.0.0.1.nip.example:{port}/",
    ],
)
async def test_nothing_inside_a_network_is_reached_unless_it_is_allowed(world: Fetching, address: str) -> None:
    port = world.address.split(":")[2].split("/")[0]
    world.answers({"value": 5})
    source = await world.connect(address=address.format(port=port))
    async with Post(reach_of(Settings(webhook_plain_http=True)), total=1.0) as guarded:
        world.puller.post = guarded
        await world.pull()
    assert world.asked == []
    assert "reached" in await world.error(source)
    assert await world.values() == []


ROWS = (
    "select v as value, d as day, i as id from (values (1, date '2026-01-01', 'a'), (2, '2026-01-02', 'b')) t (v, d, i)"
)


async def test_rows_are_read_from_a_database_that_the_operator_has_named(world: Fetching) -> None:
    source = await world.connect(
        SourceKind.PULL_SQL, connection="warehouse", query=ROWS, day_at="day", id_at="id", value_at="value"
    )
    assert await world.pull() == 1
    assert await world.pull(10) == 1
    assert await world.values() == [1, 2]
    assert (await world.state(source))["last_error"] is None


async def test_a_database_that_is_not_named_is_told(world: Fetching) -> None:
    source = await world.connect(SourceKind.PULL_SQL, connection="elsewhere", query=ROWS)
    await world.pull()
    assert await world.error(source) == "The operator has set no database elsewhere."


@pytest.mark.parametrize(
    "query",
    [
        "insert into kept values (1)",
        "with one as (insert into kept values (1) returning 1 as value) select value from one",
        "select 1 as value; insert into kept values (1)",
        "commit; insert into kept values (1)",
        "select set_config('transaction_read_only', 'off', false) as value, nextval('counted')",
        "select nextval('counted') as value",
        "create table more (n int)",
        "copy kept from program 'echo 1'",
        "set transaction read write",
        "select 1 as value for update",
        "select n as value from kept for update",
        "select lo_create(0) as value",
    ],
)
async def test_nothing_is_written(postgres: EmbeddedServer, database_url: str, query: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("create table if not exists kept (n int); create sequence if not exists counted")
        before = await connection.fetchval("select last_value from counted")
        with suppress(NotAnswered):
            await rows_of(database_url, query)
        assert await connection.fetchval("select count(*) from kept") == 0
        assert await connection.fetchval("select last_value from counted") == before
        assert await connection.fetchval("select to_regclass('more')") is None
        assert await connection.fetchval("select count(*) from pg_largeobject_metadata") == 0
    finally:
        await connection.close()


async def test_a_statement_that_takes_too_long_is_ended(database_url: str) -> None:
    with pytest.raises(NotAnswered, match="took longer"):
        await rows_of(database_url, "select pg_sleep(20) as value", 0.2)


async def test_rows_without_end_are_not_all_read(database_url: str) -> None:
    rows = await rows_of(
        database_url, "with recursive t (n) as (select 1 union all select n + 1 from t) select n as value from t", 2
    )
    assert len(rows) == 5_001


async def test_what_the_database_says_is_told_without_its_address(database_url: str) -> None:
    with pytest.raises(NotAnswered, match="42P01"):
        await rows_of(database_url, "select n as value from nothing")
    with pytest.raises(NotAnswered, match="can't be reached"):
        await rows_of("postgresql://nobody:secret@127.0.0.1:9/none", "select 1 as value")


@pytest.mark.parametrize(
    "wrong", ["warehouse", "warehouse=mysql://x", "W=postgresql://x", "a=postgresql://x a=postgresql://y"]
)
def test_databases_are_named_once_each_and_a_mistake_tells_no_address(wrong: str) -> None:
    with pytest.raises(SettingsInvalid) as told:
        databases_of(Settings(source_databases=wrong))
    assert "//x" not in str(told.value)


# credentials


def named(world: Fetching, origin: str) -> None:
    told = f"crm={origin}#Authorization:Bearer%20sesame-open"
    world.puller.credentials = credentials_of(Settings(source_credentials=told))


async def test_an_address_is_shown_what_the_operator_has_named(world: Fetching) -> None:
    named(world, world.address.removesuffix("/figures"))
    world.answers({"value": 5})
    source = await world.connect(connection="crm")
    await world.pull()
    assert [one.headers["authorization"] for one in world.asked] == ["Bearer sesame-open"]
    assert (await world.values(), (await world.state(source))["last_error"]) == ([5], None)


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:9", "https://127.0.0.1:{port}", "http://localhost:{port}", "http://127.0.0.1"]
)
async def test_it_is_shown_to_no_other_origin(world: Fetching, origin: str) -> None:
    named(world, origin.format(port=world.address.split(":")[2].split("/")[0]))
    world.answers({"value": 5})
    source = await world.connect(connection="crm")
    await world.pull()
    assert world.asked == []
    assert await world.error(source) == "The credential crm is for another host: it is not shown to this address."


async def test_a_credential_that_is_not_named_is_told(world: Fetching) -> None:
    world.answers({"value": 5})
    source = await world.connect(connection="crm")
    await world.pull()
    assert (world.asked, await world.error(source)) == ([], "The operator has set no credential crm.")


async def test_an_answer_that_tells_the_credential_is_not_read(world: Fetching) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        return web.json_response({"value": request.headers["authorization"].split()[1]})

    named(world, world.address.removesuffix("/figures"))
    world.answer = echo
    source = await world.connect(connection="crm")
    await world.pull()
    assert await world.error(source) == "The address answered with the credential itself: let it answer without."


def test_a_short_word_of_a_credential_is_no_echo_of_it() -> None:
    credential = credentials_of(
        Settings(source_credentials="crm=https://crm.example#Authorization:Token%20sesame-open%201")
    )
    assert not credential["crm"].is_echoed(b'{"Token": 1}')
    assert credential["crm"].is_echoed(b'{"value": "sesame-open"}')


@pytest.mark.parametrize(
    "wrong",
    [
        "crm",
        "crm=https://crm.example",
        "CRM=https://crm.example#Authorization:sesame-open",
        "crm=ftp://crm.example#Authorization:sesame-open",
        "crm=https://crm.example/path#Authorization:sesame-open",
        "crm=https://ana:pass@crm.example#Authorization:sesame-open",
        "crm=https://crm.example:port#Authorization:sesame-open",
        "crm=https://crm.example#Host:sesame-open",
        "crm=https://crm.example#Authorization:short",
        "crm=https://crm.example#Authorization:sesame-open%0D%0AX-More:1",
        "crm=https://crm.example#Authorization:sesame%C3%A9-open",
        "crm=https://crm.example#Authorization:sesame-open crm=https://crm.example#Authorization:sesame-open",
    ],
)
def test_credentials_are_named_once_each_and_a_mistake_tells_none(wrong: str) -> None:
    with pytest.raises(SettingsInvalid) as told:
        credentials_of(Settings(source_credentials=wrong))
    assert "sesame" not in str(told.value)


async def test_a_silence_is_noted_once_and_over_with_the_next_word(world: Fetching) -> None:
    world.answers({"value": 5})
    source = await world.connect(expect_every_hours=2)
    await world.pull()
    start = datetime.now(UTC)

    async def look(hours: float) -> int:
        moment = start + timedelta(hours=hours)
        noted = await Timekeeper(world.database, world.ledger, lambda: moment).look()
        await world.settled()
        return noted

    async def silent_since() -> datetime | None:
        async with world.scoped() as connection:
            return await connection.fetchval(
                "select silent_since from read.source where id = $1 and until is null", source
            )

    assert [await look(1), await look(1.9)] == [0, 0]
    assert await silent_since() is None
    assert [await look(2.1), await look(2.2), await look(30)] == [1, 0, 0]
    assert await silent_since() == (await world.state(source))["heard_at"]
    world.answers({"value": "n/a"})
    await world.pull(10)
    assert await silent_since() is not None, "an error is no word"
    world.answers({"value": 5})
    await world.pull(10)
    assert await silent_since() is None, "the same value again is one"
    assert await world.values() == [5]
    start = datetime.now(UTC)
    assert [await look(1), await look(3)] == [0, 1], "another silence, noted once more"


async def test_what_was_never_heard_is_silent_from_when_it_was_connected(world: Fetching) -> None:
    source = await world.connect(SourceKind.PULL_SQL, connection="elsewhere", query=ROWS, expect_every_hours=1)
    later = datetime.now(UTC) + timedelta(hours=2)
    keeper = Timekeeper(world.database, world.ledger, lambda: later)
    await world.telling.tell(PauseSource(source_id=source))
    await world.settled()
    assert await keeper.look() == 0, "what rests is not silent"
    await world.telling.tell(ResumeSource(source_id=source))
    await world.settled()
    assert await keeper.look() == 1
