"""Live queries: a question asked again whenever its answer may have changed, once for all who ask it alike.

Those who ask the same of the same sight form a group. A position that the read models reach, and a new quarter of an
hour, make the groups of an organisation due; some workers ask them in turn, one organisation after the other, and
whoever listens is told what differs from what they were told last. A listener has room for one answer: who takes long
finds the newest.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec

from api.graphql.audience import Audience, Group, Listener
from api.graphql.compiler import QUARTER, TODAY
from api.graphql.document import Operation
from api.graphql.plans import REACHED, Reads, data_of
from api.graphql.refusals import RequestRefused
from api.graphql.streams import Told
from api.graphql.subscription import question_of
from api.viewer import Viewer
from infra.database import unavailable
from infra.positions import Positions
from infra.rounds import Rounds
from infra.telemetry import LIVE_CHANGED, LIVE_FAILED, LIVE_GROUPS, LIVE_QUERIES, LIVE_UNCHANGED, log

SECONDS_A_ROUND = 1.0  # of looks at the calendar
ROUNDS_BETWEEN_LOOKS = 15  # at positions, should ever a notice be lost on its way
MOST_SECONDS_OF_REST = 1.0  # a group rests for as long as its answer took
SECONDS_UNTIL_ANOTHER_TRY = 1.0
PASSING = frozenset({"UNAVAILABLE", "TIMEOUT", "STORAGE_FULL", "POSITION_NOT_REACHED"})


def _by_the_clock(group: Group) -> bool:
    """Whether its answer may be another one without an event."""
    plans = group.operation.plans
    return not plans or any(param is TODAY or param is QUARTER for plan in plans for param in plan.params)


class Live:
    """The live queries of a process."""

    def __init__(self, reads: Reads, positions: Positions, workers: int = 4) -> None:
        self.reads = reads
        self.positions = positions
        self.workers = workers
        self.audiences: dict[UUID, Audience] = {}
        self._due: OrderedDict[UUID, Audience] = OrderedDict()
        self._quarters: dict[str, tuple[Viewer, datetime]] = {}  # somebody of each zone, and when
        self._awake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._calendar = Rounds("live_calendar", self._turn_pages, SECONDS_A_ROUND)
        self._rounds = 0
        self._doubtful: set[UUID] = set()
        positions.moved.append(self.moved)
        positions.trusted.append(self._doubted)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self.workers)]
        self._calendar.start()

    async def stop(self) -> None:
        await self._calendar.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    # who listens

    def listen(self, operation: Operation, raw: Mapping[str, Any], viewer: Viewer) -> Listener:
        """Raises RequestRefused and DocumentRefused, as for a question that is asked once."""
        listener = Listener(self, question_of(operation), raw, viewer)
        self.join(listener)
        return listener

    def join(self, listener: Listener) -> None:
        operation, viewer = listener.operation, listener.viewer
        declared = [one.variable.name.value for one in operation.node.variable_definitions or ()]
        given = {name: listener.raw[name] for name in declared if name in listener.raw}
        by_key = viewer.api_key_id if self.reads.names_key(operation, given, viewer) else None
        sight = (viewer.role, viewer.person_id, viewer.time_zone, by_key)
        variables = msgspec.json.encode(given, order="deterministic")
        key = (operation.text, operation.name, variables, *sight)
        audience = self.audiences.get(viewer.organisation_id)
        if audience is None:
            reached = self.positions.reached(viewer.organisation_id)
            audience = self.audiences[viewer.organisation_id] = Audience(reached or 0)
            self.positions.listened.add(viewer.organisation_id)
        group = audience.groups.get(key)
        if group is None:
            group = audience.groups[key] = Group(key, operation, given, viewer)
            LIVE_GROUPS.inc()
        group.listeners.add(listener)
        group.fresh.append(listener)
        listener.group = group
        self._quarters.setdefault(viewer.time_zone, (viewer, viewer.quarter()))
        LIVE_QUERIES.inc()
        self._make_due(group, at_once=True)

    def leave(self, listener: Listener) -> None:
        group, listener.group = listener.group, None
        if group is None:
            return
        LIVE_QUERIES.dec()
        group.listeners.discard(listener)
        if group.listeners:
            return
        LIVE_GROUPS.dec()
        organisation_id = group.viewer.organisation_id
        audience = self.audiences[organisation_id]
        del audience.groups[group.key]
        audience.due.pop(group.key, None)
        if not audience.groups:
            del self.audiences[organisation_id]
            self.positions.listened.discard(organisation_id)

    # what makes due

    def moved(self, organisation_id: UUID, position: int) -> None:
        """The read models have reached a position."""
        audience = self.audiences.get(organisation_id)
        if audience is None or position <= audience.position:
            return
        audience.position = position
        self._make_stale(audience)

    def _make_stale(self, audience: Audience) -> None:
        for group in audience.groups.values():
            group.stale = True
            self._make_due(group)

    def _make_due(self, group: Group, *, at_once: bool = False) -> None:
        if group.busy or not group.listeners:
            return  # whoever is at it looks again
        organisation_id = group.viewer.organisation_id
        audience = self.audiences[organisation_id]
        audience.due[group.key] = group
        if at_once:
            audience.due.move_to_end(group.key, last=False)
        self._due[organisation_id] = audience
        self._awake.set()

    async def _turn_pages(self) -> None:
        """Each second: whether a quarter of an hour began; now and then, whether a position was missed."""
        for zone, (viewer, quarter) in list(self._quarters.items()):
            begun = viewer.quarter()
            if begun != quarter:
                self._quarters[zone] = (viewer, begun)
                self._new_quarter(zone)
        self._rounds += 1
        if self._rounds % ROUNDS_BETWEEN_LOOKS == 0:
            self._doubtful.update(self.audiences)
        while self._doubtful:
            await self._look(next(iter(self._doubtful)))

    def _new_quarter(self, zone: str) -> None:
        """Days begin with a quarter of an hour, and so does what is overdue."""
        found = [group for one in self.audiences.values() for group in one.groups.values()]
        mine = [group for group in found if group.viewer.time_zone == zone]
        for group in mine:
            if _by_the_clock(group):
                group.stale = True
                self._make_due(group)
        if not mine:
            del self._quarters[zone]

    def _doubted(self) -> None:
        """Notices arrive again: what came meanwhile was not heard."""
        self._doubtful.update(self.audiences)
        self._calendar.hasten()

    async def _look(self, organisation_id: UUID) -> None:
        """Asks the database itself how far the read models are."""
        if organisation_id in self.audiences:
            row = await self.reads.fetch(organisation_id, REACHED, (organisation_id,))
            self.moved(organisation_id, row[0] or 0)
        self._doubtful.discard(organisation_id)

    # asking

    async def _work(self) -> None:
        while True:
            group = self._next()
            if group is None:
                self._awake.clear()
                await self._awake.wait()
                continue
            group.busy = True
            began = perf_counter()
            try:
                wait = await self._ask(group)
            except Exception as error:
                log.error("live_query_failed", error=type(error).__name__, exc_info=error)
                wait = SECONDS_UNTIL_ANOTHER_TRY
            rest = wait or min(perf_counter() - began, MOST_SECONDS_OF_REST)
            asyncio.get_running_loop().call_later(rest, self._rested, group)

    def _next(self) -> Group | None:
        """One organisation after the other."""
        while self._due:
            organisation_id, audience = self._due.popitem(last=False)
            if audience.due:
                _, group = audience.due.popitem(last=False)
                if audience.due:
                    self._due[organisation_id] = audience
                return group
        return None

    def _rested(self, group: Group) -> None:
        group.busy = False
        if group.due and group.listeners:
            self._make_due(group, at_once=bool(group.fresh))

    async def _ask(self, group: Group) -> float:
        """Tells those whom it concerns; how long to wait where it failed."""
        stale, group.stale = group.stale, False
        fresh, group.fresh = group.fresh, []
        try:
            answered = await self.reads.answer(group.operation, group.raw, group.viewer)
        except Exception as error:
            LIVE_FAILED.inc()
            group.stale = group.stale or stale
            return self._failed(group, fresh, error)
        group.failures = 0
        told = Told(answered.position or 0, answered.body)
        digest = blake2b(data_of(told.body), digest_size=16).digest()
        hearing = list(group.listeners) if stale else [one for one in fresh if one.group is group]
        news = [one.tell(told, digest) for one in hearing]
        (LIVE_CHANGED if any(news) else LIVE_UNCHANGED).inc()
        return 0.0

    def _failed(self, group: Group, fresh: list[Listener], error: Exception) -> float:
        """What passes is waited for by those who were told something; whoever comes is refused as a question is."""
        passing = (isinstance(error, RequestRefused) and error.code in PASSING) or unavailable(error) is not None
        for listener in fresh if passing else list(group.listeners):
            if listener.group is group:
                listener.end(error)
        group.failures += 1
        return SECONDS_UNTIL_ANOTHER_TRY * min(group.failures, 15)
