"""Webhooks: what the bookkeeping of deliveries costs, how soon they arrive, and whether a pile of them is in anybody's
way.

The bound is the same client posting the same bytes to the same receiver with nothing written down; of the delay, a
notice sent with the commit and one post by whoever hears it.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from statistics import median
from time import perf_counter, process_time
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from msgspec.structs import replace

from domain.kernel import Command
from domain.milestones import SetMilestone
from domain.organisation import GrantRole
from domain.outcomes import SetOutcome
from domain.people import RegisterPerson
from domain.subscribing import SubscribeWebhook
from domain.values import Role
from infra.database import Database
from infra.deliverer import MOST_CLAIMED, MOST_OF_EACH, Claimed, Deliverer, Finished, body_of
from infra.ledger import Ledger
from infra.outbox import Outbox
from infra.positions import Positions
from infra.posting import Answer, Post
from infra.projector import Projector
from infra.receivers import reach_of
from infra.settings import Settings
from infra.webhook_keys import secret_of, signing_key
from infra.webhook_signing import sign
from tests.bench.pairs import PAIRS, SECONDS, Figure, compared, interleaved, tell
from tests.bench.place import Place
from tests.bench.receiver import Receiver, receiving
from tests.bench.told import found, issued, told_for

HOOKS = 8
EVENTS = 300  # a round: as many deliveries for each of the webhooks
A_SECOND = 20
WAITING = 1_000_000
OTHERS = 500  # webhooks with a half of those that wait
CHANNEL = "bench_webhooks"
AT_HOME = Settings(webhook_networks="127.0.0.0/8", webhook_plain_http=True)
DUE = date(2100, 1, 1)
AGAIN = (
    "update outbox.delivery set state = 'DUE', attempt = 0, due_at = now(), ended_at = null where state <> 'DUE'",
    "update outbox.endpoint set due_at = now()",
    "truncate outbox.attempt",
)
EVENTS_TOLD = """
insert into outbox.event (organisation_id, position, nth, kind, about_id, occurred_at, recorded_at, data)
select e.organisation_id, 1000000 + n, 0, e.kind, e.about_id, e.occurred_at, e.recorded_at, e.data
  from (select * from outbox.event order by position desc limit 1) e cross join generate_series(1, $1::int) n
"""
FILL = """
insert into outbox.delivery (organisation_id, webhook_id, sequence, epoch, position, nth, due_at)
select e.organisation_id, w, e.position, 1, e.position, 0, now() + $3 * interval '1 day'
  from unnest($1::uuid[]) w cross join outbox.event e
 where e.position > 1000000 and e.position <= 1000000 + $2
"""
ENDPOINTS = """
insert into outbox.endpoint (organisation_id, webhook_id, sequence, due_at)
select e.organisation_id, w, 1000, now() + interval '1 day'
  from unnest($1::uuid[]) w cross join (select organisation_id from outbox.event limit 1) e
"""
STATEMENT = re.compile(r"LOG: {2}(?:statement|execute [^:]*): (.*)")


class Counting(Deliverer):
    """Knows when all have come back."""

    left = 0

    def __init__(self, database: Database, ledger: Ledger, post: Post) -> None:
        super().__init__(database, ledger, post)
        self.all_came = asyncio.Event()

    async def _note(
        self, came: Sequence[tuple[Claimed, Answer]], finishes: Sequence[Finished], failing: Sequence[Any]
    ) -> None:
        await super()._note(came, finishes, failing)
        self.left -= len(came)
        if self.left <= 0:
            self.all_came.set()


@dataclass(slots=True)
class Stage:
    """The product in this process, an organisation with an outcome, and its webhooks."""

    place: Place
    name: str
    database: Database
    ledger: Ledger
    positions: Positions
    outbox: Outbox
    deliverer: Counting
    organisation_id: UUID = field(default_factory=uuid4)
    person_id: UUID = field(default_factory=uuid4)
    outcome_id: UUID = field(default_factory=uuid4)
    hooks: list[UUID] = field(default_factory=list[UUID])
    position: int = 0

    async def tell(self, command: Command) -> None:
        sent = replace(
            issued(self.organisation_id, keyed=False), person_id=self.person_id, by=f"person:{self.person_id}"
        )
        self.position = max(self.position, (await self.ledger.execute(command, sent)).position)

    async def begin(self, receiver: str, hooks: int) -> None:
        await found(self.ledger, [self.organisation_id])
        await self.tell(RegisterPerson(person_id=self.person_id, name="Ana"))
        await self.tell(GrantRole(person_id=self.person_id, granted_role=Role.OWNER))
        await self.tell(SetOutcome(outcome_id=self.outcome_id, title="Faster"))
        self.hooks = [uuid4() for _ in range(hooks)]
        for one in self.hooks:
            await self.tell(
                SubscribeWebhook(webhook_id=one, receiver=receiver, secret_id=uuid4(), kinds=("milestone.set",))
            )

    async def stone(self) -> None:
        stone = uuid4()
        await self.tell(SetMilestone(milestone_id=stone, outcome_id=self.outcome_id, title="Stone", due_on=DUE))

    async def out(self) -> None:
        """Deliveries are made of everything."""
        if not await self.positions.wait(self.organisation_id, self.position, 60):
            raise RuntimeError("The read models have not come as far.")
        while not await self.outbox.advance(self.organisation_id):
            pass

    async def again(self) -> float:
        """All that was sent is due once more."""
        async with self.place.owner(self.name) as owner:
            for statement in AGAIN:
                await owner.execute(statement)
        return 0.0


@asynccontextmanager
async def staged(place: Place, receiver: str, hooks: int = HOOKS) -> AsyncGenerator[Stage]:
    name = await place.database()
    async with place.opened(name) as database:
        positions = Positions()
        projector, ledger = Projector(database, positions), Ledger(database)
        ledger.appended.append(projector.stir)
        projector.start()
        deliverer = Counting(database, ledger, Post(reach_of(AT_HOME)))
        projector.follower = outbox = Outbox(database, positions, deliverer)
        stage = Stage(place, name, database, ledger, positions, outbox, deliverer)
        try:
            await stage.begin(receiver, hooks)
            yield stage
            await ledger.drained()
        finally:
            await deliverer.stop()
            await outbox.stop()
            await projector.stop()
    await place.drop(name)


async def _sent(stage: Stage) -> float:
    """Deliveries a second, from the claim until what came of it is written down."""
    stage.deliverer.left = goal = HOOKS * EVENTS
    stage.deliverer.all_came.clear()
    began = perf_counter()
    await stage.deliverer.start()
    await stage.deliverer.all_came.wait()
    took = perf_counter() - began
    await stage.deliverer.stop()
    return goal / took


Written = Callable[[Claimed], tuple[bytes, dict[str, str]]]


async def _posted(url: str, messages: Sequence[Claimed], written: Written) -> float:
    """Posts a second, as many at once."""
    left = iter(messages)

    async def client(session: aiohttp.ClientSession) -> None:
        for one in left:
            body, headers = written(one)
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()

    async with aiohttp.ClientSession() as session:
        began = perf_counter()
        await asyncio.gather(*(client(session) for _ in range(HOOKS * MOST_OF_EACH)))
        return len(messages) / (perf_counter() - began)


def _signed(stage: Stage, claimed: Claimed) -> tuple[bytes, dict[str, str]]:
    installation, body = stage.database.seals.vault.secret, body_of(claimed, "")
    secret = secret_of(installation, claimed.organisation_id, claimed.webhook_id, claimed.secret_id)
    key = signing_key(installation, claimed.organisation_id)
    return body, sign(f"msg_{claimed.message_id.hex}", 1_800_000_000, body, [secret], key)


async def _rate(place: Place) -> list[Figure]:
    async with receiving() as url, staged(place, url) as stage:
        await asyncio.gather(*(stage.stone() for _ in range(EVENTS)))
        await stage.out()
        taken = await stage.deliverer.take(MOST_CLAIMED)
        made = {one.lease: _signed(stage, one) for one in taken}
        messages = [taken[n % len(taken)] for n in range(HOOKS * EVENTS)]
        rounds = await interleaved(
            partial(_sent, stage),
            partial(_posted, url, messages, lambda one: made[one.lease]),
            partial(_posted, url, messages, partial(_signed, stage)),
            before=stage.again,
        )
    sides = "a second, a second"
    return [
        compared("webhooks", "deliveries ÷ bare posts", [(a, b) for a, b, _ in rounds], 0.5, sides=sides),
        compared("webhooks", "deliveries ÷ posts signed each", [(a, c) for a, _, c in rounds], 0.5, sides=sides),
    ]


async def _arrive(stage: Stage, heard: asyncio.Event) -> tuple[float, float]:
    """From the answer of a command until it has come, and until it was visible, p50 in milliseconds."""
    delays, visible, seen = list[float](), list[float](), [0.0]

    def told(_organisation: UUID, _position: int) -> None:
        seen[0] = perf_counter()

    stage.positions.moved.insert(0, told)
    for _ in range(int(A_SECOND * SECONDS)):
        await asyncio.sleep(1 / A_SECOND)
        heard.clear()
        await stage.stone()
        committed = perf_counter()
        await asyncio.wait_for(heard.wait(), 20)
        delays.append(perf_counter() - committed)
        visible.append(seen[0] - committed)
    stage.positions.moved.remove(told)
    return median(delays) * 1e3, median(visible) * 1e3


async def _by_hand(stage: Stage, url: str, heard: asyncio.Event) -> float:
    """From a commit with a notice until the post that it sets off has come, p50 in milliseconds."""
    noticed, delays = asyncio.Event(), list[float]()
    body = b"x" * 400
    async with (
        stage.place.owner(stage.name) as writing,
        stage.place.owner(stage.name) as listening,
        aiohttp.ClientSession() as session,
    ):

        def notice(*_: object) -> None:
            noticed.set()

        await listening.add_listener(CHANNEL, notice)
        for _ in range(int(A_SECOND * SECONDS)):
            await asyncio.sleep(1 / A_SECOND)
            noticed.clear()
            heard.clear()
            async with writing.transaction():
                await writing.execute("update outbox.endpoint set sequence = sequence where false")
                await writing.execute("select pg_notify($1, '')", CHANNEL)
            committed = perf_counter()
            await noticed.wait()
            async with session.post(url, data=body) as answer:
                await answer.read()
            delays.append(perf_counter() - committed)
    return median(delays) * 1e3


async def _delay(place: Place) -> list[Figure]:
    heard = asyncio.Event()

    class Hearing(Receiver):
        """In this process, so that it knows when."""

        def heard(self) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
            heard.set()

    server = await asyncio.get_running_loop().create_server(Hearing, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with staged(place, url, 1) as stage:
        stage.outbox.made.append(stage.deliverer.wake)
        stage.outbox.start()
        await stage.deliverer.start()
        rounds = [(*await _arrive(stage, heard), await _by_hand(stage, url, heard)) for _ in range(PAIRS + 1)][1:]
    server.close()
    told = "ms, ms by hand"
    return [
        compared("webhooks", "committed → receipt p50", [(a - v, h) for a, v, h in rounds], 2, at_most=True,
                 sides=told),
        compared("webhooks", "answered → receipt p50, which projects", [(a, h) for a, _, h in rounds], 4, at_most=True,
                 sides=told),
    ]  # fmt: skip


async def _claims(stage: Stage) -> float:
    """Deliveries a second that are claimed and given back."""
    began, taken = perf_counter(), 0
    while perf_counter() < began + SECONDS:
        claimed = await stage.deliverer.take(MOST_CLAIMED)
        await stage.deliverer.release([one.lease for one in claimed], 0.0)
        taken += len(claimed)
    return taken / (perf_counter() - began)


async def _appends(stage: Stage) -> float:
    return await told_for(stage.ledger, lambda: stage.organisation_id, SECONDS)


async def _fill(stage: Stage) -> None:
    """A half is due now, of the webhooks that are claimed from; the other waits, of others."""
    others = [uuid4() for _ in range(OTHERS)]
    async with stage.place.owner(stage.name) as owner:
        await owner.execute(ENDPOINTS, others)
        await owner.execute(EVENTS_TOLD, WAITING // 2 // HOOKS)
        await owner.execute(FILL, stage.hooks, WAITING // 2 // HOOKS, 0.0)
        await owner.execute(FILL, others, WAITING // 2 // OTHERS, 1.0)
        await owner.execute("vacuum analyze outbox.delivery")


async def _pile(place: Place) -> list[Figure]:
    url = "http://127.0.0.1:9/"
    async with staged(place, url) as empty, staged(place, url) as full:
        for stage in (empty, full):
            await asyncio.gather(*(stage.stone() for _ in range(EVENTS)))
            await stage.out()
        await _fill(full)
        claims = await interleaved(partial(_claims, full), partial(_claims, empty))
        appends = await interleaved(partial(_appends, full), partial(_appends, empty))
    waiting = f"{WAITING:,} waiting ÷ none"
    sides = "a second, a second"
    return [
        compared("webhooks", f"claims, {waiting}", [(a, b) for a, b in claims], 0.8, sides=sides),
        compared("webhooks", f"append, {waiting}", [(a, b) for a, b in appends], 0.9, sides=sides),
    ]


async def _idle(place: Place) -> list[Figure]:
    """Of a core while nothing happens, and how often the statement comes that comes most often."""
    async with receiving() as url, staged(place, url) as stage, place.owner(stage.name) as owner:
        stage.outbox.start()
        await stage.deliverer.start()
        await asyncio.sleep(1)
        await owner.execute("alter system set log_statement = 'all'")
        await owner.execute("select pg_reload_conf()")
        await asyncio.sleep(0.5)
        start, used, began = place.server.log.stat().st_size, process_time(), perf_counter()
        await asyncio.sleep(SECONDS * 5)
        seconds = perf_counter() - began
        share = (process_time() - used) / seconds * 100
        said = place.server.log.read_bytes()[start:].decode(errors="replace")
        await owner.execute("alter system reset log_statement")
        await owner.execute("select pg_reload_conf()")
    often = Counter(line for line in STATEMENT.findall(said) if "set_config" not in line and "BEGIN" not in line)
    often = Counter({text: count for text, count in often.items() if not text.startswith(("COMMIT", "BEGIN"))})
    most = max(often.values(), default=0) / seconds
    return [_figure("of a core, nothing to send", share, 1, " %"), _figure("the same statement a second", most, 1.05)]


def _figure(name: str, value: float, limit: float, unit: str = "") -> Figure:
    figure = Figure(
        bench="webhooks", name=name, value=value, limit=limit, least=value, most=value, at_most=True, unit=unit
    )
    tell(figure.line())
    return figure


async def webhooks(place: Place) -> list[Figure]:
    figures: list[Figure] = []
    for part in (_rate, _delay, _pile, _idle):
        figures += await part(place)
    return figures
