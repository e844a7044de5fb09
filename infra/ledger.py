"""The ledger: reads what a command must know, lets it decide, appends; every organisation by a sequencer of its own."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from uuid import UUID

from domain.kernel import Command, Issued
from domain.visibility import as_seen
from infra.appender import Appender
from infra.database import SECONDS_TO_CONNECT, Database
from infra.sequencer import STATEMENTS, Accepted, Sequencer, Waiting

MOST_ORGANISATIONS = 2_000  # whose folds stay warm


class Ledger:
    """Of a process; others may append to the same organisations at the same time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.appender = Appender(database)
        self.sequencers: OrderedDict[UUID, Sequencer] = OrderedDict()
        self.appended: list[Callable[[UUID, int], None]] = []  # told after each commit, never inside it

    async def execute(self, command: Command, issued: Issued) -> Accepted:
        """Raises Refused where a rule, the expected position or the key says no; the database's errors where it
        fails."""
        return await self.submit(command, issued).answer

    def submit(self, command: Command, issued: Issued, after: Waiting | None = None) -> Waiting:
        """Taken in behind all that came before; not tried (Forgone) where the one that it comes `after` comes to
        nothing."""
        waiting = Waiting(command, issued, asyncio.get_running_loop().create_future(), after)
        self._sequencer(issued.organisation_id).submit(waiting)
        return waiting

    async def rehearse(self, command: Command, issued: Issued) -> int:
        """How many events the command would append on what is recorded now; raises Refused as `execute` would."""
        tell = partial(self.database.seals.open, issued.organisation_id)
        async with self.database.append.acquire(timeout=SECONDS_TO_CONNECT) as connection:
            for asked in as_seen(command, issued):
                items = [(fold.stored, fold.tags, 0) for fold in asked]
                rows = await connection.fetch(STATEMENTS["read"], issued.organisation_id, None, 0, items)
                for item, position, version, kind, body, _ in rows:
                    if item > 0:
                        asked[item - 1].take(tell(kind, version, body), position)  # pyright: ignore[reportUnknownMemberType] - folds of any events
                command.select(asked)
        command.execute()
        return len(command.new_decisions)

    def _sequencer(self, organisation_id: UUID) -> Sequencer:
        sequencer = self.sequencers.get(organisation_id)
        if sequencer is not None:
            self.sequencers.move_to_end(organisation_id)
            return sequencer
        if len(self.sequencers) >= MOST_ORGANISATIONS:
            idle = next((one for one, s in self.sequencers.items() if s.task is None), None)
            if idle is not None:
                del self.sequencers[idle]
        sequencer = self.sequencers[organisation_id] = Sequencer(
            organisation_id, self.database, self.appender, self.appended
        )
        return sequencer

    def forget(self, organisation_id: UUID) -> None:
        """Lets go of what is known of the organisation; it will be read again."""
        if sequencer := self.sequencers.get(organisation_id):
            sequencer.forget()

    async def drained(self) -> None:
        """Returns when every command that was taken in has been answered."""
        while tasks := [s.task for s in self.sequencers.values() if s.task is not None]:
            await asyncio.wait(tasks)
