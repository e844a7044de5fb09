"""One organisation's commands, in the order in which they came.

Those that arrive together are decided one after the other on warm folds, each seeing what those before it decided, and
appended in one call; while it is under way the next are decided on what it is about to leave. What a command stood upon
travels with it, so that the database refuses whatever was decided on an event that did not come to be. A command that
brings something into being is decided as if nothing were known of it, without reading; the append looks.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from uuid_utils.compat import uuid7

from domain.codes import CONFLICT, IDEMPOTENCY_KEY_REUSED, STALE_POSITION
from domain.kernel import Command, Fold, FoldKey, Issued, Refused
from domain.visibility import as_seen
from infra.appender import MOST_COMMANDS, Answers, Appender, Decided, Fact, Item
from infra.database import SECONDS_TO_CONNECT, Database, statements, unavailable
from infra.telemetry import APPEND_BATCH, APPEND_CONFLICTS, FOLDS_COLD, FOLDS_PRESUMED, FOLDS_WARM, STALE_REFUSALS
from infra.vault import VaultUnavailable
from infra.warmth import Warmth

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
MOST_TRIES = 3
MOST_TAIL = 500  # foreign events folded one by one; past that reading anew is cheaper
TURNS_TO_GATHER = 4  # of the event loop: what has arrived on other sockets by now goes along
WORTH_HALVING = 8  # so many that deciding the second half while the first is appended beats appending all at once


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command: its last position (the head, where nothing had to change) and the ids of its events."""

    position: int
    event_ids: tuple[UUID, ...] = ()
    repeated: bool = False


class Forgone(Exception):
    """The command before it came to nothing, and so it was not tried."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A command on its way to an answer."""

    command: Command
    issued: Issued
    answer: asyncio.Future[Accepted]
    after: "Waiting | None" = None  # comes to nothing where this one does
    tries: int = 0
    wary: bool = False  # presumes nothing any more
    alone: bool = False  # is served by itself
    presumed: dict[FoldKey, Fold[Any]] = field(default_factory=dict[FoldKey, Fold[Any]])
    refusal: Refused | None = None
    facts: list[Fact] = field(default_factory=list[Fact])
    upon: set[int] = field(default_factory=set[int])

    def boundary(self, known: int) -> list[Item]:
        """Everything that was read, each item once."""
        folds = {(fold.stored, fold.tags): fold.key for fold in self.command.known}
        return [
            (",".join(types), "\n".join(tags), 0 if key in self.presumed else known)
            for (types, tags), key in folds.items()
        ]


@dataclass(slots=True)
class Turn:
    """What one pass over the undecided came to."""

    decided: list[Waiting] = field(default_factory=list[Waiting])
    refused: list[Waiting] = field(default_factory=list[Waiting])
    cold: dict[FoldKey, Fold[Any]] = field(default_factory=dict[FoldKey, Fold[Any]])
    ordinals: dict[int, int] = field(default_factory=dict[int, int])  # of the decided, from 1, by identity
    keys: set[str] = field(default_factory=set[str])
    rows: list[Decided] = field(default_factory=list[Decided])
    blocked: bool = False  # somebody has to wait for the next turn, and so have all who came later
    events: int = 0


@dataclass(slots=True, eq=False)
class Flight:
    """Commands on their way into the database, and the head that they leave if all of them get there."""

    commands: list[Waiting]
    before: int
    after: int
    round: int
    answers: asyncio.Future[Answers]


class Sequencer:
    """The commands of one organisation."""

    def __init__(
        self,
        organisation_id: UUID,
        database: Database,
        appender: Appender,
        appended: Sequence[Callable[[UUID, int], None]],
    ) -> None:
        self.organisation_id = organisation_id
        self.database = database
        self.appender = appender
        self.appended = appended
        self.queue: deque[Waiting] = deque()
        self.warmth = Warmth()
        self.task: asyncio.Task[None] | None = None
        self.sleep: asyncio.Future[None] | None = None  # until a command comes or the flight has landed
        self.flight: Flight | None = None
        self.landed: tuple[Flight, Answers] | None = None  # wholly, and not told yet
        self.stale = False  # whether what it remembers is to be forgotten
        self.round = 0  # counts the batches taken up
        self.fresh = False  # whether the database has confirmed the warm folds since the batch was taken up

    def forget(self) -> None:
        """What is known is read again, once nothing stands upon it."""
        self.stale = self.task is not None and self.flight is not None
        if not self.stale:
            self.warmth.forget()

    def submit(self, waiting: Waiting) -> None:
        self.queue.append(waiting)
        if self.task is None:
            self.task = asyncio.create_task(self._run())
        self._wake()

    def _wake(self, _: object = None) -> None:
        if self.sleep is not None and not self.sleep.done():
            self.sleep.set_result(None)

    async def _run(self) -> None:
        while self.queue or self.flight:
            if self.flight and not self.queue:
                self.sleep = asyncio.get_running_loop().create_future()
                self.flight.answers.add_done_callback(self._wake)
                await self.sleep
            for _ in range(TURNS_TO_GATHER):
                await asyncio.sleep(0)
            undecided = self._take()
            try:
                await self._serve(undecided)
            except Exception as error:
                self.warmth.forget()
                _fail(undecided, error)
            self.warmth.trim()
            if self.stale and self.flight is None:
                self.forget()
        self.task = None  # nothing is awaited between the last look at the queue and this mark

    def _take(self) -> list[Waiting]:
        """None where only an append is to be waited for; one alone that has spoilt a batch."""
        self.round += 1
        self.fresh = False
        count = min(len(self.queue), MOST_COMMANDS)
        if self.flight is None and count >= WORTH_HALVING:
            count = (count + 1) // 2
        taken: list[Waiting] = []
        while self.queue and len(taken) < count and not (taken and (taken[0].alone or self.queue[0].alone)):
            waiting = self.queue.popleft()
            if not waiting.answer.done():  # whoever waited may have gone
                taken.append(waiting)
        return taken

    async def _serve(self, undecided: list[Waiting]) -> None:
        """Turns until every command has been answered, is on its way, or waits in the queue again; it leaves the list
        then."""
        if not undecided:
            await self._land(undecided)
            self._report()
        while undecided:
            turn = self._decide_all(undecided)
            if not await self._land(undecided):
                return
            if turn.decided:
                self._launch(turn)
            self._report()  # only now, so that the database does not idle while those who are answered go on
            for waiting in turn.refused:
                await self._refuse(waiting)
            launched = set(map(id, turn.decided))
            undecided[:] = [one for one in undecided if id(one) not in launched and not one.answer.done()]
            if turn.cold or self.warmth.known is None or (turn.blocked and not turn.decided):
                if not await self._land(undecided):
                    return
                self._report()
                await self._read(list(turn.cold.values()))

    def _decide_all(self, undecided: list[Waiting]) -> Turn:
        turn = Turn()
        for waiting in undecided:
            self._decide(waiting, turn)
        return turn

    def _decide(self, waiting: Waiting, turn: Turn) -> None:
        """Puts the command among the decided or the refused, or leaves it for the next turn."""
        command, warmth = waiting.command, self.warmth
        if not self._is_its_turn(waiting, turn) or not self._knows_enough(waiting, turn):
            return
        folds = command.known
        FOLDS_WARM.inc(len(folds) - len(waiting.presumed))
        FOLDS_PRESUMED.inc(len(waiting.presumed))
        waiting.upon = warmth.stands_upon(folds)
        try:
            self._check_expected(waiting)
            command.execute()
        except Refused as refusal:
            if self._confirmed and not waiting.upon and not waiting.presumed:
                turn.refused.append(waiting)
            else:
                turn.blocked = waiting.wary = True
            waiting.refusal = refusal
            return
        if waiting.refusal is not None:
            STALE_REFUSALS.inc()
            waiting.refusal = None
        try:
            waiting.facts = self._facts(waiting)
        except VaultUnavailable as error:
            waiting.answer.set_exception(error)
            return
        turn.decided.append(waiting)
        turn.ordinals[id(waiting)] = len(turn.decided)
        if waiting.issued.key is not None:
            turn.keys.add(waiting.issued.key)
        self._note(waiting, turn)

    def _is_its_turn(self, waiting: Waiting, turn: Turn) -> bool:
        """Equal keys are answered one after the other, and nothing is decided before what it comes after."""
        if waiting.issued.key in turn.keys or not self._may_follow(waiting, turn):
            turn.blocked = True
            return False
        return not waiting.answer.done()

    def _knows_enough(self, waiting: Waiting, turn: Turn) -> bool:
        cold = self._learn(waiting)
        if cold:
            FOLDS_COLD.inc(len(cold))
            turn.cold.update((fold.key, fold) for fold in cold)
            turn.blocked = True
        return not turn.blocked and self.warmth.known is not None

    def _may_follow(self, waiting: Waiting, turn: Turn) -> bool:
        """False where it is not known yet what becomes of the command before it; where that came to nothing, so does
        this one."""
        before = waiting.after
        if before is None:
            return True
        if before.answer.done():
            if before.answer.cancelled() or before.answer.exception() is not None:
                waiting.answer.set_exception(Forgone())
                waiting.answer.exception()  # looked at, for nobody may be left who waits for it
            waiting.after = None
            return True
        return id(before) in turn.ordinals or (self.flight is not None and before in self.flight.commands)

    @property
    def _confirmed(self) -> bool:
        """Whether the database has looked, or will have before anybody is answered, since the batch was taken up."""
        return self.fresh or (self.flight is not None and self.flight.round == self.round)

    def _learn(self, waiting: Waiting) -> list[Fold[Any]]:
        """Tells the command what is known; the folds that have to be read before it can go on."""
        waiting.presumed = {}
        for asked in as_seen(waiting.command, waiting.issued):
            cold = [fold for fold in asked if not self._lend(fold, waiting)]
            if cold:
                return cold
            waiting.command.select(asked)
        return []

    def _lend(self, fold: Fold[Any], waiting: Waiting) -> bool:
        """Gives a fold what is known of it, or presumes that there is nothing; false where it has to be read."""
        if self.warmth.lend(fold):
            return True
        if waiting.wary or not waiting.command.presumes_none(fold):
            return False
        waiting.presumed[fold.key] = fold
        return True

    def _check_expected(self, waiting: Waiting) -> None:
        expected = waiting.issued.expected
        if expected is not None and (waiting.upon or waiting.command.last_read > expected):
            raise Refused(STALE_POSITION, "Read the current state and decide again; it has changed since.", "If-Match")

    def _facts(self, waiting: Waiting) -> list[Fact]:
        """What was decided, as it is stored; raises VaultUnavailable."""
        issued, facts = waiting.issued, list[Fact]()
        for tagged in waiting.command.new_decisions:
            event = tagged.decision
            body, reason = self.database.seals.sealed(self.organisation_id, event, issued.person_id)
            told = (uuid7(), issued.correlation_id, issued.causation_id, issued.occurred_at, event.version)
            facts.append((*told, event.stored_type(), issued.by, "\n".join(tagged.tags), reason, body))
        return facts

    def _note(self, waiting: Waiting, turn: Turn) -> None:
        """Lets the warm folds have what was decided ahead of the append."""
        issued, known = waiting.issued, self.flight.after if self.flight else self.warmth.known or 0
        for fold in waiting.presumed.values():
            self.warmth.presume(fold, len(turn.decided))
        for tagged in waiting.command.new_decisions:
            turn.events += 1
            self.warmth.take(tagged.decision, tagged.tags, known + turn.events, len(turn.decided))
        follows = turn.ordinals.get(id(waiting.after), 0)
        told = (issued.command_id, issued.key, issued.digest, follows, sorted(waiting.upon), waiting.boundary(known))
        turn.rows.append((*told, waiting.facts))

    def _launch(self, turn: Turn) -> None:
        known = self.warmth.known or 0
        APPEND_BATCH.observe(len(turn.rows))
        answers = self.appender.submit(self.organisation_id, turn.rows)
        self.flight = Flight(turn.decided, known, known + turn.events, self.round, answers)
        self.warmth.pending.clear()

    async def _land(self, undecided: list[Waiting]) -> bool:
        """Answers whoever is on the way, if anybody is; false where something else came to be than was thought: then
        whoever was decided on it, and whoever lost against it, is in the queue again."""
        flight, self.flight = self.flight, None
        if flight is None:
            return True
        try:
            answers = await flight.answers
        except Exception as error:
            if isinstance(error, asyncpg.PostgresError) and len(flight.commands) > 1 and not unavailable(error):
                for waiting in flight.commands:  # one bad command must not fail its neighbours
                    waiting.alone = True
            else:
                _fail(flight.commands, error)
            return self._again(flight, undecided)
        expected = flight.before
        for status, first, last in answers:
            if status != "appended" or first != expected + 1:  # somebody else has appended, or less came to be
                await self._answer_all(flight, answers)
                return self._again(flight, undecided)
            expected = last
        self.warmth.known = expected
        self.fresh = flight.round == self.round
        self.landed = (flight, answers)
        return True

    def _report(self) -> None:
        """Answers those who have landed."""
        if self.landed is None:
            return
        flight, answers = self.landed
        self.landed = None
        for waiting, (_, _, last) in zip(flight.commands, answers, strict=True):
            self._accept(waiting, last)
        self._tell(answers)

    def _tell(self, answers: Answers) -> None:
        head = max(last for _, _, last in answers)
        for told in self.appended:
            told(self.organisation_id, head)

    async def _answer_all(self, flight: Flight, answers: Answers) -> None:
        for waiting, (status, first, last) in zip(flight.commands, answers, strict=True):
            if status == "appended":
                self._accept(waiting, last)
            else:
                await self._answer(waiting, status, first, last)
        self._tell(answers)

    def _again(self, flight: Flight, undecided: list[Waiting]) -> bool:
        self.warmth.forget()
        self.fresh = False
        self.queue.extendleft(reversed([one for one in (*flight.commands, *undecided) if not one.answer.done()]))
        undecided.clear()
        return False

    def _accept(self, waiting: Waiting, position: int) -> None:
        waiting.after = None  # or a long file would stay in memory, a line by the next
        if not waiting.answer.done():  # whoever waited may have gone
            ids = tuple(fact[0] for fact in waiting.facts)
            waiting.answer.set_result(Accepted(position=position, event_ids=ids))

    async def _answer(self, waiting: Waiting, status: str, first: int, last: int) -> None:
        if waiting.answer.done():
            return
        if status == "repeated":
            try:
                rows = await self._fetch(STATEMENTS["event_ids"], self.organisation_id, first, last)
            except Exception as error:
                _fail([waiting], error)
                return
            ids = tuple(row[0] for row in rows)
            waiting.answer.set_result(Accepted(position=last, event_ids=ids, repeated=True))
        elif status == "key reused":
            sentence = "Use a new idempotency key for another command; this one was used before."
            waiting.answer.set_exception(Refused(IDEMPOTENCY_KEY_REUSED, sentence, "Idempotency-Key"))
        else:
            APPEND_CONFLICTS.inc()
            waiting.wary = True
            waiting.tries += 1
            if waiting.tries > MOST_TRIES:
                sentence = "Send the command again as it is; others changed the same things at the same time."
                waiting.answer.set_exception(Refused(CONFLICT, sentence))

    async def _refuse(self, waiting: Waiting) -> None:
        """A command that was accepted under its key stays accepted, whatever the rules say of it now (R12)."""
        key, refusal = waiting.issued.key, waiting.refusal
        row = None
        if key is not None:
            row = next(iter(await self._fetch(STATEMENTS["answered"], self.organisation_id, key)), None)
        if row is not None:
            status = "repeated" if row[0] == waiting.issued.digest else "key reused"
            await self._answer(waiting, status, row[1], row[2])
        elif refusal is not None and not waiting.answer.done():
            waiting.answer.set_exception(refusal)

    async def _read(self, cold: list[Fold[Any]]) -> None:
        """Catches the warm folds up with the head and warms the cold ones, in one snapshot."""
        warmth = self.warmth
        items = [(fold.stored, fold.tags, 0) for fold in cold]
        rows = await self._fetch(STATEMENTS["read"], self.organisation_id, warmth.known, MOST_TAIL, items)
        tell = partial(self.database.seals.open, self.organisation_id)
        head = 0
        tail: list[tuple[int, int, str, str, list[str]]] = []
        for item, position, version, kind, body, tags in rows:
            if item == 0:
                head = position
            elif item < 0:
                tail.append((position, version, kind, body, tags))
            else:
                cold[item - 1].take(tell(kind, version, body), position)  # pyright: ignore[reportUnknownMemberType] - folds of any events
        if tail and tail[-1][0] < head:
            warmth.forget()
        else:
            for position, version, kind, body, tags in tail:
                warmth.take(tell(kind, version, body), tags, position)
        for fold in cold:
            warmth.keep(fold)
        warmth.known = head
        self.fresh = True

    async def _fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.database.append.acquire(timeout=SECONDS_TO_CONNECT) as connection:
            return await connection.fetch(statement, *arguments)


def _fail(commands: Sequence[Waiting], error: Exception) -> None:
    for waiting in commands:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
