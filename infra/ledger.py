"""The ledger: reads what a command must know, lets it decide, appends.

One sequencer an organisation takes the commands that arrive together and decides them one after the other on warm
folds, each seeing
what those before it decided; one call appends them all. What a command stood upon travels with it, so that the
database refuses
whatever was decided on an event that did not come to be.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from uuid_utils.compat import uuid7

from domain.codes import CONFLICT, IDEMPOTENCY_KEY_REUSED, STALE_POSITION
from domain.kernel import Command, Fold, Issued, Refused
from infra.codec import decode, encode
from infra.database import Database, statements, unavailable
from infra.telemetry import APPEND_BATCH, APPEND_CONFLICTS, APPEND_SECONDS, FOLDS_COLD, FOLDS_WARM, STALE_REFUSALS
from infra.warmth import Warmth

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
MOST_COMMANDS = 64  # in one append: more lengthens the lock without saving much
MOST_TRIES = 3
MOST_TAIL = 500  # foreign events folded one by one; past that reading anew is cheaper
MOST_ORGANISATIONS = 2_000  # whose folds stay warm
SECONDS_TO_CONNECT = 2.0

Fact = tuple[UUID, UUID, UUID, datetime, int, str, str, list[str], str | None, str]
Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command: its last position (the head, where nothing had to change) and the ids of its events."""

    position: int
    event_ids: tuple[UUID, ...] = ()
    repeated: bool = False


@dataclass(slots=True, eq=False)
class Waiting:
    """A command on its way to an answer."""

    command: Command
    issued: Issued
    answer: asyncio.Future[Accepted]
    tries: int = 0
    refusal: Refused | None = None
    facts: list[Fact] = field(default_factory=list[Fact])
    upon: set[int] = field(default_factory=set[int])


@dataclass(slots=True)
class Turn:
    """What one pass over the undecided came to."""

    decided: list[Waiting] = field(default_factory=list[Waiting])
    refused: list[Waiting] = field(default_factory=list[Waiting])
    cold: dict[Any, Fold[Any]] = field(default_factory=dict[Any, Fold[Any]])
    blocked: bool = False  # somebody has to wait for the next turn, and so have all who came later
    events: int = 0


class Ledger:
    """Every organisation's ledger, by way of one sequencer each."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sequencers: OrderedDict[UUID, Sequencer] = OrderedDict()
        self.appended: list[Callable[[UUID, int], None]] = []  # told after each commit, never inside it

    async def execute(self, command: Command, issued: Issued) -> Accepted:
        """Raises Refused where a rule, the expected position or the key says no; the database's errors where it
        fails."""
        answer: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._sequencer(issued.organisation_id).submit(Waiting(command, issued, answer))
        return await answer

    def _sequencer(self, organisation_id: UUID) -> "Sequencer":
        sequencer = self.sequencers.get(organisation_id)
        if sequencer is not None:
            self.sequencers.move_to_end(organisation_id)
            return sequencer
        if len(self.sequencers) >= MOST_ORGANISATIONS:
            idle = next((one for one, s in self.sequencers.items() if s.task is None), None)
            if idle is not None:
                del self.sequencers[idle]
        sequencer = self.sequencers[organisation_id] = Sequencer(self, organisation_id)
        return sequencer

    async def drained(self) -> None:
        """Returns when every command that was taken in has been answered."""
        while tasks := [s.task for s in self.sequencers.values() if s.task is not None]:
            await asyncio.wait(tasks)


class Sequencer:
    """The commands of one organisation, in the order in which they came."""

    def __init__(self, ledger: Ledger, organisation_id: UUID) -> None:
        self.ledger = ledger
        self.organisation_id = organisation_id
        self.queue: deque[Waiting] = deque()
        self.warmth = Warmth()
        self.task: asyncio.Task[None] | None = None
        self.fresh = False  # whether the database has confirmed the warm folds since the batch was taken up

    def submit(self, waiting: Waiting) -> None:
        self.queue.append(waiting)
        if self.task is None:
            self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self.queue:
            batch = [self.queue.popleft() for _ in range(min(len(self.queue), MOST_COMMANDS))]
            try:
                async with self.ledger.database.append.acquire(timeout=SECONDS_TO_CONNECT) as connection:
                    await self._serve_all(connection, batch)
            except Exception as error:
                self._fail(batch, error)
            self.warmth.trim()
        self.task = None  # nothing is awaited between the last look at the queue and this mark

    async def _serve_all(self, connection: Connection, batch: list[Waiting]) -> None:
        """One bad command must not fail its neighbours: after an error of the data each is served alone."""
        try:
            await self._serve(connection, batch)
        except asyncpg.PostgresError as error:
            self.warmth.forget()
            if len(batch) == 1 or unavailable(error):
                raise
            for waiting in [one for one in batch if not one.answer.done()]:
                try:
                    await self._serve(connection, [waiting])
                except asyncpg.PostgresError as alone:
                    self._fail([waiting], alone)

    def _fail(self, batch: list[Waiting], error: Exception) -> None:
        self.warmth.forget()
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)

    async def _serve(self, connection: Connection, batch: list[Waiting]) -> None:
        """Turns until every command of the batch has been answered."""
        self.fresh = False
        undecided = [waiting for waiting in batch if not waiting.answer.done()]
        while undecided:
            turn = self._decide_all(undecided)
            for waiting in turn.refused:
                await self._refuse(connection, waiting)
            if turn.decided:
                await self._append(connection, turn.decided)
            if turn.cold or self.warmth.known is None or (turn.blocked and not turn.decided):
                await self._read(connection, list(turn.cold.values()))
            undecided = [waiting for waiting in undecided if not waiting.answer.done()]

    def _decide_all(self, undecided: list[Waiting]) -> Turn:
        turn = Turn()
        for waiting in undecided:
            self._decide(waiting, turn)
        return turn

    def _decide(self, waiting: Waiting, turn: Turn) -> None:
        """Puts the command among the decided or the refused, or leaves it for the next turn."""
        command, warmth = waiting.command, self.warmth
        folds: list[Fold[Any]] = []
        for asked in command.begin(waiting.issued):
            cold = [fold for fold in asked if not warmth.lend(fold)]
            if cold:
                FOLDS_COLD.inc(len(cold))
                turn.cold.update((fold.key, fold) for fold in cold)
                turn.blocked = True
                return
            command.select(asked)
            folds += asked
        if turn.blocked or warmth.known is None:
            return
        FOLDS_WARM.inc(len(folds))
        waiting.upon = warmth.stands_upon(folds)
        try:
            self._check_expected(waiting, folds)
            command.execute()
        except Refused as refusal:
            if self.fresh and not waiting.upon:
                waiting.refusal = refusal
                turn.refused.append(waiting)
            else:
                turn.blocked = True
                waiting.refusal = refusal
            return
        if waiting.refusal is not None:
            STALE_REFUSALS.inc()
            waiting.refusal = None
        turn.decided.append(waiting)
        self._note(waiting, turn)

    def _check_expected(self, waiting: Waiting, folds: list[Fold[Any]]) -> None:
        expected = waiting.issued.expected
        if expected is None:
            return
        last = max((fold.last for fold in folds), default=0)
        if waiting.upon or last > expected:
            raise Refused(STALE_POSITION, "Read the current state and decide again; it has changed since.", "If-Match")

    def _note(self, waiting: Waiting, turn: Turn) -> None:
        """Makes the facts of a decision, and lets the warm folds have them ahead of the append."""
        issued, known = waiting.issued, self.warmth.known or 0
        waiting.facts = []
        for tagged in waiting.command.new_decisions:
            event = tagged.decision
            turn.events += 1
            waiting.facts.append(
                (
                    uuid7(),
                    issued.correlation_id,
                    issued.causation_id,
                    issued.occurred_at,
                    event.version,
                    event.stored_type(),
                    issued.by,
                    tagged.tags,
                    getattr(event, "reason", None),
                    encode(event),
                )
            )
            self.warmth.take(event, tagged.tags, known + turn.events, len(turn.decided))

    async def _append(self, connection: Connection, decided: list[Waiting]) -> None:
        known = self.warmth.known or 0
        commands = [
            (
                waiting.issued.command_id,
                waiting.issued.key,
                waiting.issued.digest,
                known,
                sorted(waiting.upon),
                list(dict.fromkeys((fold.stored, fold.tags) for fold in waiting.command.known)),
                waiting.facts,
            )
            for waiting in decided
        ]
        began = perf_counter()
        answers = await connection.fetch(STATEMENTS["append"], self.organisation_id, commands)
        APPEND_SECONDS.observe(perf_counter() - began)
        APPEND_BATCH.observe(len(decided))
        expected = known
        for waiting, (status, first, last) in zip(decided, answers, strict=True):
            if status == "appended":
                expected = last if first == expected + 1 else -1
                self._accept(waiting, last)
            else:
                expected = -1
                await self._answer(connection, waiting, status, first, last)
        if expected < 0:  # somebody else has appended, or less came to be than was thought
            self.warmth.forget()
            self.fresh = False
        else:
            self.warmth.known = expected
            self.warmth.pending.clear()
            self.fresh = True
        head = max(last for status, _, last in answers if status != "key reused") if answers else 0
        for told in self.ledger.appended:
            told(self.organisation_id, head)

    def _accept(self, waiting: Waiting, position: int) -> None:
        if not waiting.answer.done():  # whoever waited may have gone
            ids = tuple(fact[0] for fact in waiting.facts)
            waiting.answer.set_result(Accepted(position=position, event_ids=ids))

    async def _answer(self, connection: Connection, waiting: Waiting, status: str, first: int, last: int) -> None:
        if waiting.answer.done():
            return
        if status == "repeated":
            rows = await connection.fetch(STATEMENTS["event_ids"], self.organisation_id, first, last)
            ids = tuple(row[0] for row in rows)
            waiting.answer.set_result(Accepted(position=last, event_ids=ids, repeated=True))
        elif status == "key reused":
            sentence = "Use a new idempotency key for another command; this one was used before."
            waiting.answer.set_exception(Refused(IDEMPOTENCY_KEY_REUSED, sentence, "Idempotency-Key"))
        else:
            APPEND_CONFLICTS.inc()
            waiting.tries += 1
            if waiting.tries > MOST_TRIES:
                sentence = "Send the command again as it is; others changed the same things at the same time."
                waiting.answer.set_exception(Refused(CONFLICT, sentence))

    async def _refuse(self, connection: Connection, waiting: Waiting) -> None:
        """A command that was accepted under its key stays accepted, whatever the rules say of it now (R12)."""
        key, refusal = waiting.issued.key, waiting.refusal
        row = None
        if key is not None:
            row = await connection.fetchrow(STATEMENTS["answered"], self.organisation_id, key)
        if row is not None:
            status = "repeated" if row[0] == waiting.issued.digest else "key reused"
            await self._answer(connection, waiting, status, row[1], row[2])
        elif refusal is not None and not waiting.answer.done():
            waiting.answer.set_exception(refusal)

    async def _read(self, connection: Connection, cold: list[Fold[Any]]) -> None:
        """Catches the warm folds up with the head and warms the cold ones, in one snapshot."""
        warmth = self.warmth
        items = [(fold.stored, fold.tags) for fold in cold]
        rows = await connection.fetch(STATEMENTS["read"], self.organisation_id, warmth.known, MOST_TAIL, items)
        head = 0
        tail: list[tuple[int, int, str, str, list[str]]] = []
        for item, position, version, kind, body, tags in rows:
            if item == 0:
                head = position
            elif item < 0:
                tail.append((position, version, kind, body, tags))
            else:
                cold[item - 1].take(decode(kind, version, body), position)  # pyright: ignore[reportUnknownMemberType] - folds of any events
        if tail and tail[-1][0] < head:
            warmth.forget()
        else:
            for position, version, kind, body, tags in tail:
                warmth.take(decode(kind, version, body), tags, position)
        for fold in cold:
            warmth.keep(fold)
        warmth.known = head
        self.fresh = True
