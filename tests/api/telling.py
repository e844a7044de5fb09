"""What the tests of notices share: an organisation with an inbox, a notifier whose clock a test moves, and real servers
that take what goes out."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast
from uuid import UUID, uuid4

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope

from api.desk import Desk
from api.graphql.service import GraphQLService
from api.notices import Asking, Rendering
from domain.notices import Channel, SetNotices
from domain.people import RegisterPerson, RevisePerson
from domain.preferences import SetPreferences
from domain.tasks import RequestTask
from infra.database import Database
from infra.entrance import Entrance
from infra.mailing import Mailer
from infra.notifier import Notifier
from infra.positions import Positions
from infra.posting import Post
from infra.projector import STATEMENTS as READING
from infra.receivers import reach_of
from infra.settings import Settings
from tests.infra.at_work import Telling, founded, projecting

AT_HOME = Settings(webhook_networks="127.0.0.0/8", webhook_plain_http=True)
SENDER = "Headway <headway@harbour.example>"
PUBLIC = "https://headway.harbour.example"
SECRET = uuid4()


@dataclass
class Postbox:
    """A mail server of one's own; what it answers can be said beforehand."""

    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[str] = field(default_factory=list[str])
    to_recipient: str = "250 fine"
    to_data: str = "250 taken"
    port: int = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _more: Any) -> str:  # noqa: N802
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
            self.recipients.append(address)
        return self.to_recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data.startswith("250"):
            self.mails.append(message_from_bytes(cast(bytes, envelope.content), policy=default))
        return self.to_data


@asynccontextmanager
async def postbox() -> AsyncGenerator[Postbox]:
    box = Postbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="box.example", loop=loop), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


@dataclass
class ChatRoom:
    """Takes what is posted to it."""

    posted: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list[tuple[Mapping[str, str], bytes]])
    status: int = 200
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.posted.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, text="ok")


@asynccontextmanager
async def chat_room() -> AsyncGenerator[ChatRoom]:
    room = ChatRoom()
    app = web.Application()
    app.router.add_post("/hook", room.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    room.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield room
    finally:
        await runner.cleanup()


@dataclass
class World:
    """Ana, who is to be told, and Ben, who asks her for things."""

    telling: Telling
    database: Database
    positions: Positions
    notifier: Notifier
    post: Post
    mailer: Mailer | None
    now: datetime
    ben: UUID

    def clock(self) -> datetime:
        return self.now

    def another(self) -> Notifier:
        """As in another process."""
        one = self.notifier
        return Notifier(
            self.database,
            one.ledger,
            self.post,
            self.mailer,
            one.ask,
            one.render,
            "headway@harbour.example",
            self.clock,
        )

    async def set(self, channel: Channel, by: UUID | None = None, **more: Any) -> None:
        await self.telling.tell(SetNotices(channel=channel, secret_id=SECRET, **more), by=by)

    async def prefer(self, **more: Any) -> None:
        await self.telling.tell(SetPreferences(**more))

    async def asked(self, title: str = "The list", due: date = date(2100, 1, 1)) -> UUID:
        """Ben asks Ana for something."""
        task = uuid4()
        await self.telling.tell(
            RequestTask(
                task_id=task, title=title, due_on=due, promiser_id=self.telling.person_id, serves_nothing="A favour."
            ),
            by=self.ben,
        )
        return task

    async def look(self, *, later: timedelta = timedelta(), notifier: Notifier | None = None) -> int:
        """Once the read models have come as far as the ledger."""
        self.now += later
        organisation_id = self.telling.organisation_id
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            head = await connection.fetchval(
                "select position from ledger.heads where organisation_id = $1", organisation_id
            )
        assert await self.positions.wait(organisation_id, head, 10)
        return await (notifier or self.notifier).look()

    async def rows(self) -> list[dict[str, Any]]:
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], self.telling.organisation_id)
            found = await connection.fetch("select * from edge.notice order by channel, fact")
        return [dict(row) for row in found]

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.rows()]


@asynccontextmanager
async def telling(database: Database, box: Postbox | None = None) -> AsyncGenerator[World]:
    """Tomorrow at noon, so that whatever is set now was set before."""
    async with projecting(database) as (ledger, _, positions), Post(reach_of(AT_HOME)) as post:
        async with database.owner_connection() as connection:  # what an earlier test has left
            await connection.execute("update read.notice_channel set rhythm = null, urgent = '{}'")
        told = await founded(ledger)
        ben = uuid4()
        await told.tell(RegisterPerson(person_id=ben, name="Ben"))
        await told.tell(RevisePerson(person_id=told.person_id, email="ana@harbour.example"))
        entrance = Entrance(database, 1e6, 1e6)
        service = GraphQLService(Settings(), database, positions, Desk(ledger), entrance)
        await service.verify()
        rendering = Rendering(database.seals.vault.secret, PUBLIC, SENDER)
        mailer = Mailer("127.0.0.1", box.port) if box else None
        tomorrow = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
        world = World(told, database, positions, cast(Notifier, None), post, mailer, tomorrow, ben)
        world.notifier = Notifier(
            database,
            ledger,
            post,
            mailer,
            Asking(service).ask,
            rendering.render,
            "headway@harbour.example",
            world.clock,
        )
        yield world
