"""Tells people what waits for them: digests when they are due, and at once what they want to know at once.

Any number of processes share the work; the one that looks through an organisation holds its lock. What is to be told is
a fact, which stands once: it is taken in a transaction before it is sent, so that no two send it, and what may have
arrived is not sent again. What the facts come to is asked when they go out, as the person may see it then; nothing of
that is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from time import time
from typing import Any, NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from domain.kernel import Refused
from domain.notices import Channel, NoteNoticeFailed, NoticeProblem, Rhythm
from domain.values import Role
from domain.zones import quarter_of
from infra.access_log import noted
from infra.database import Database, statements, unavailable
from infra.ledger import Ledger
from infra.mailing import Mailer, Sent
from infra.notice_times import DEFAULT_HOUR, DEFAULT_WEEKDAY, Clock
from infra.posting import Answer, Post
from infra.projector import STATEMENTS as READING
from infra.rounds import Rounds
from infra.telemetry import NOTICES, log
from infra.timekeeper import now
from infra.webhook_keys import secret_of, signing_key
from infra.webhook_signing import sign

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
SECONDS_BETWEEN_LOOKS = 20.0
WAITS = (60, 600, 3_600, 14_400)  # seconds before each further try
MOST_AT_ONCE = 8
MOST_OF_ORGANISATION = 100  # notices a round
SECONDS_UNTIL_LOST = 1_800
SECONDS_TO_FINISH = 5.0
SECONDS_AFTER_FAULT = 3_600  # of our own
DAYS_KEPT = 400
DAYS_WAITED = 30  # for a mail server
GONE = frozenset({404, 410})
AGAIN = frozenset({408, 425, 429})
CLIENT_ERRORS = range(400, 500)
DIGEST = "DIGEST"
NOTICE_IDS = UUID("5a0f3a52-7f0e-4a7b-8d2a-6a0b1c9d7e44")

Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person on a channel, with all that is to be known for telling them."""

    organisation_id: UUID
    organisation: str
    person_id: UUID
    name: str
    email: str | None
    role: Role
    channel: Channel
    rhythm: Rhythm | None
    urgent: frozenset[str]
    receiver: str | None = field(repr=False)
    secret_id: UUID | None = field(repr=False)
    set_at: datetime
    time_zone: str  # by which they live; the organisation's days are those of its own
    organisation_zone: str
    digest_weekday: int | None
    digest_hour: int | None
    quiet_from_hour: int | None
    quiet_until_hour: int | None
    language: str | None

    @property
    def clock(self) -> Clock:
        return Clock(
            zone=ZoneInfo(self.time_zone),
            weekday=self.digest_weekday or DEFAULT_WEEKDAY,
            hour=DEFAULT_HOUR if self.digest_hour is None else self.digest_hour,
            quiet_from=self.quiet_from_hour,
            quiet_until=self.quiet_until_hour,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something that waits for somebody, as the inbox told it."""

    kind: str
    about_id: str
    due: date
    nth: int = 0  # of its kind about the same thing: terms that were proposed anew, a delivery that was returned
    title: str | None = None  # None: of something that the person may not see
    other: str | None = None  # who asked, delivered or wrote
    of: str | None = None  # whose it is, where that has delegated it
    settled_by: str = ""

    @property
    def fact(self) -> str:
        return f"{self.kind}:{self.about_id}:{self.due}:{self.nth}"


class Waiting(NamedTuple):
    """What waits for somebody: the most urgent of it, and how much it is altogether."""

    duties: Sequence[Duty]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told at one time."""

    to: Addressee
    id: UUID  # the same for each try
    at: datetime
    whole: bool  # a digest of all that waits; else only what is urgent
    duties: Sequence[Duty]
    total: int


class Outgoing(NamedTuple):
    """A notice as its channel has it; no mail: to an address that can't be written to."""

    mail: EmailMessage | None = None
    body: bytes = b""


class Taken(NamedTuple):
    """A notice that this process holds."""

    notice: Notice
    facts: Sequence[str]
    attempt: int
    outgoing: Outgoing


class Plan(NamedTuple):
    """A fact that is to be told, as the statement takes it."""

    person_id: UUID
    channel: str
    fact: str
    due_at: datetime


Ask = Callable[[Addressee, datetime], Awaitable[Waiting]]
Render = Callable[[Notice], Outgoing]


def came_of(answer: Answer, channel: Channel) -> tuple[Sent, float | None]:
    """What an answer over HTTP means, and how long the other side wants to be left alone.

    A program knows a notice again by its id, a chat does not: what it did not answer in time may stand there already.
    """
    if answer.result == "accepted":
        return "sent", None
    if answer.result == "not_allowed" or answer.status in GONE:
        return "refused", None
    if answer.result == "timed_out" and channel is not Channel.WEBHOOK:
        return "unknown", None
    refused = answer.status in CLIENT_ERRORS and answer.status not in AGAIN
    return ("refused" if refused else "failed"), answer.retry_after


class Notifier(Rounds):
    """Looks through every organisation in which somebody wants to be told."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        post: Post,
        mailer: Mailer | None,
        ask: Ask,
        render: Render,
        sender: str = "",
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.database = database
        self.ledger = ledger
        self.post = post
        self.mailer = mailer
        self.ask = ask
        self.render = render
        self.sender = sender
        self.clock = clock
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()
        super().__init__("notifier", self.look, SECONDS_BETWEEN_LOOKS)

    async def stop(self) -> None:
        """Lets what is on its way come back for a moment; what does not is not sent again."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=SECONDS_TO_FINISH)
        await super().stop()

    async def look(self) -> int:
        """Through every organisation; how many notices went out, or were tried."""
        moment = self.clock()
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            organisations = await connection.fetch(STATEMENTS["organisations"])
        tried = 0
        for (organisation_id,) in organisations:
            try:
                taken = await self._look_through(organisation_id, moment)
            except Exception as error:
                if unavailable(error):
                    raise
                log.error("notices_failed", organisation=str(organisation_id), exc_info=error)
                continue
            for one in taken:
                task = asyncio.create_task(self._send(one))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            tried += len(taken)
        if self._sending:
            await asyncio.wait(self._sending)
        return tried

    async def _look_through(self, organisation_id: UUID, moment: datetime) -> Sequence[Taken]:
        """What is to be sent now, taken by this process."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            claimed = await connection.fetchrow(STATEMENTS["claim"], organisation_id)
            if claimed is None:
                return []
            await connection.execute(STATEMENTS["lost"], organisation_id, moment, SECONDS_UNTIL_LOST)
            await connection.execute(STATEMENTS["sweep"], organisation_id, moment, DAYS_KEPT, DAYS_WAITED)
            addressees = await self._addressees(connection, organisation_id)
            position, looked_position, looked_at = claimed
            since = looked_at if looked_position == position else None
            plans, whole = await self._plans(addressees, since, moment)
            if plans:
                columns = [list(column) for column in zip(*plans, strict=True)]
                await connection.execute(STATEMENTS["plan"], organisation_id, *columns)
            if whole:
                await connection.execute(STATEMENTS["looked"], organisation_id, position, moment)
            return await self._take(connection, organisation_id, addressees, moment)

    async def _addressees(self, connection: Connection, organisation_id: UUID) -> Sequence[Addressee]:
        rows = await connection.fetch(STATEMENTS["addressees"], organisation_id)
        return [msgspec.convert(dict(row), Addressee) for row in rows]

    async def _plans(
        self, addressees: Sequence[Addressee], since: datetime | None, moment: datetime
    ) -> tuple[list[Plan], bool]:
        """What is to be told that may not have been `since`, or ever; and whether everybody's could be asked for."""
        plans: list[Plan] = []
        whole = True
        for one in addressees:
            plans += _digest(one, since, moment)
            if one.urgent and (since is None or quarter_of(since) != quarter_of(moment)):
                try:
                    plans += await self._urgent(one, moment)
                except Exception as error:
                    if unavailable(error):
                        raise
                    log.error("notices_not_asked_for", error=type(error).__name__, exc_info=error)
                    whole = False
        return plans, whole

    async def _urgent(self, one: Addressee, moment: datetime) -> list[Plan]:
        """What they want to know at once, after their quiet hours."""
        waiting = await self.ask(one, moment)
        due_at = one.clock.after_quiet(moment)
        return [
            Plan(one.person_id, one.channel.value, duty.fact, due_at)
            for duty in waiting.duties
            if duty.kind in one.urgent
        ]

    async def _take(
        self, connection: Connection, organisation_id: UUID, addressees: Iterable[Addressee], moment: datetime
    ) -> Sequence[Taken]:
        by_key = {(one.person_id, one.channel.value): one for one in addressees}
        taken: list[Taken] = []
        channels = [one.value for one in Channel if one is not Channel.EMAIL or self.mailer is not None]
        for row in await connection.fetch(STATEMENTS["due"], organisation_id, moment, channels, MOST_OF_ORGANISATION):
            one = by_key.get((row["person_id"], row["channel"]))
            if one is None:  # who has left, or wants to be told no more
                key = (organisation_id, row["person_id"], row["channel"])
                await connection.execute(STATEMENTS["end"], *key, row["facts"], "NOTHING", moment)
            elif found := await self._taken(connection, one, row["facts"], row["attempt"], moment):
                taken.append(found)
        return taken

    async def _taken(
        self, connection: Connection, one: Addressee, facts: Sequence[str], attempt: int, moment: datetime
    ) -> Taken | None:
        """None where there is nothing to say any more, or not now; who can't be told keeps nobody else waiting."""
        try:
            async with connection.transaction():
                rows = await connection.fetch(STATEMENTS["take"], *_key(one), facts, moment)
                facts = sorted(row["fact"] for row in rows)
                notice = await self._notice(one, facts, moment)
                if notice is None:
                    await connection.execute(STATEMENTS["end"], *_key(one), facts, "NOTHING", moment)
                    return None
                return Taken(notice, facts, attempt + 1, self.render(notice))
        except Exception as error:
            if unavailable(error):
                raise
            log.error("notice_not_rendered", channel=one.channel.value, error=type(error).__name__, exc_info=error)
            later = moment + timedelta(seconds=SECONDS_AFTER_FAULT)
            await connection.execute(STATEMENTS["put_off"], *_key(one), facts, later)
            return None

    async def _notice(self, one: Addressee, facts: Sequence[str], moment: datetime) -> Notice | None:
        """As it stands now; a digest tells what is urgent as well."""
        waiting = await self.ask(one, moment)
        whole = any(fact.startswith(DIGEST) for fact in facts)
        known = set(facts)
        duties = waiting.duties if whole else [duty for duty in waiting.duties if duty.fact in known]
        if not duties:
            return None
        return Notice(
            to=one,
            id=uuid5(NOTICE_IDS, "|".join([*map(str, _key(one)), *facts])),
            at=moment,
            whole=whole,
            duties=duties,
            total=waiting.total if whole else len(duties),
        )

    async def _send(self, taken: Taken) -> None:
        async with self._room:
            came, rest = await self._sent(taken)
        NOTICES.labels(taken.notice.to.channel.value, came).inc()
        try:
            await self._finish(taken, came, rest)
        except Exception as error:  # it stays taken, and is not sent again
            if not unavailable(error):
                log.error("notice_not_written_down", error=type(error).__name__, exc_info=error)

    async def _sent(self, taken: Taken) -> tuple[Sent, float | None]:
        one, outgoing = taken.notice.to, taken.outgoing
        try:
            if one.channel is Channel.EMAIL:
                if self.mailer is None or outgoing.mail is None:
                    return "refused", None
                recipient = outgoing.mail["To"].addresses[0].addr_spec
                return await self.mailer.send(outgoing.mail, self.sender, recipient), None
            answer = await self.post.post(one.receiver or "", outgoing.body, self._headers(taken))
            return came_of(answer, one.channel)
        except Exception as error:
            log.error("notice_failed", channel=one.channel.value, error=type(error).__name__, exc_info=error)
            return "unknown", None

    def _headers(self, taken: Taken) -> dict[str, str]:
        """Signed for a program; a chat knows us by the address."""
        one = taken.notice.to
        if one.channel is not Channel.WEBHOOK or one.secret_id is None:
            return {}
        installation = self.database.seals.vault.secret
        secret = secret_of(installation, one.organisation_id, one.person_id, one.secret_id)
        key = signing_key(installation, one.organisation_id)
        return sign(f"msg_{taken.notice.id.hex}", int(time()), taken.outgoing.body, [secret], key)

    async def _finish(self, taken: Taken, came: Sent, rest: float | None) -> None:
        one, moment = taken.notice.to, self.clock()
        again = came == "failed" and taken.attempt <= len(WAITS)
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], one.organisation_id)
            if again:
                step = WAITS[taken.attempt - 1]
                wait = max(step, min(rest or 0.0, 2.0 * step))
                due_at = one.clock.after_quiet(moment + timedelta(seconds=wait))
                await connection.execute(STATEMENTS["again"], *_key(one), taken.facts, due_at)
            else:
                state = {"sent": "SENT", "unknown": "UNKNOWN"}.get(came, "FAILED")
                await connection.execute(STATEMENTS["end"], *_key(one), taken.facts, state, moment)
        if not again and came in {"failed", "refused"}:
            await self._tell_failure(one, came, moment)

    async def _tell_failure(self, one: Addressee, came: Sent, moment: datetime) -> None:
        """On record, where the person finds it."""
        problem = NoticeProblem.REFUSED if came == "refused" else NoticeProblem.NOT_REACHED
        if one.receiver and self.post.reach.check_url(one.receiver) is not None:
            problem = NoticeProblem.NOT_ALLOWED
        command = NoteNoticeFailed(person_id=one.person_id, channel=one.channel, problem=problem)
        try:
            await self.ledger.execute(command, noted(one.organisation_id, moment, one.time_zone))
        except Refused as refused:
            log.info("notice_failure_not_noted", code=refused.code.name)


def _digest(one: Addressee, since: datetime | None, moment: datetime) -> list[Plan]:
    """The last one that was due since the channel was set; those before it that nobody sent are left out."""
    if one.rhythm is None:
        return []
    day, due = one.clock.last_due(one.rhythm, moment)
    if due <= one.set_at or (since is not None and due <= since):
        return []
    return [Plan(one.person_id, one.channel.value, f"{DIGEST}:{day}", one.clock.after_quiet(due))]


def _key(one: Addressee) -> tuple[UUID, UUID, str]:
    return one.organisation_id, one.person_id, one.channel.value
