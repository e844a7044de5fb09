"""Streams of results and who holds them: how many there may be, and what ends them when their key does.

Where results come from and how they travel are two things: a source gives payloads, each with the position that it is
of, and an adapter writes them as its protocol wants them.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from api.auth import unauthorised
from api.graphql.document import Operation
from api.graphql.refusals import RequestRefused
from api.graphql.subscription import root_field
from api.viewer import Viewer
from infra.entrance import Entered
from infra.positions import Positions
from infra.rounds import Rounds

SECONDS_BETWEEN_LOOKS = 2.0  # at the keys of organisations in which something happened
SHARE_OF_A_KEY = 10  # a key holds at most one in ten of the places
SECONDS_TO_LEAVE = 3.0

LetInStill = Callable[[UUID, list[UUID]], Awaitable[dict[UUID, Entered]]]


@dataclass(frozen=True, slots=True)
class Told:
    """A result as it is sent, and the position that it is of; `whole`: nothing else of that position is to come."""

    position: int
    body: bytes
    whole: bool = True


class Source(Protocol):
    """Results as they come; iterating ends with StopAsyncIteration, or raises what refuses the operation."""

    async def __anext__(self) -> Told:
        """The next result, once there is one."""
        ...

    async def mark(self) -> int | None:
        """The position that what comes first comes after; None where every answer is of now."""
        ...

    def go_on_after(self, position: int) -> None:
        """What is of this position, or one before, has been told; makes no difference to what is of now."""
        ...

    def look_as(self, viewer: Viewer) -> None:
        """The key now stands for somebody who may see more or less."""
        ...

    def end(self, because: Exception | None = None) -> None:
        """Nothing more comes; `because` is raised where somebody waits."""
        ...

    def close(self) -> None:
        """Nobody listens any more."""
        ...


class Once:
    """A single result: what a question or a command comes to, where a stream is asked for."""

    def __init__(self, told: Told) -> None:
        self._left: Told | None = told

    async def __anext__(self) -> Told:
        told, self._left = self._left, None
        if told is None:
            raise StopAsyncIteration
        return told

    async def mark(self) -> None:
        """Of now."""

    def go_on_after(self, position: int) -> None:
        """Of now."""

    def look_as(self, viewer: Viewer) -> None:
        """Nothing is looked at any more."""

    def end(self, because: Exception | None = None) -> None:  # noqa: ARG002 - what is no more has no reason
        self._left = None

    def close(self) -> None:
        """Nothing is held."""


class Guest(Protocol):
    """Whatever stays: a stream or a socket with several."""

    viewer: Viewer

    def look_as(self, viewer: Viewer) -> None:
        """The key now stands for somebody who may see more or less."""
        ...

    def end(self, because: Exception | None = None) -> None:
        """Has to leave: `because` None, as the server does."""
        ...


class Guests:
    """Those who stay, and the looks at their keys."""

    def __init__(self, positions: Positions, let_in_still: LetInStill, most: int) -> None:
        self.let_in_still = let_in_still
        self.most = most
        self.leaving = False
        self._here: dict[UUID, set[Guest]] = {}
        self._places: Counter[UUID | None] = Counter()  # taken, by key
        self._taken = 0
        self._moved: set[UUID] = set()
        self._day = datetime.now(UTC).date()
        self._rounds = Rounds("live_keys", self.look, SECONDS_BETWEEN_LOOKS)
        positions.moved.append(self._heard)
        positions.trusted.append(self._doubted)

    def start(self) -> None:
        self._rounds.start()

    async def stop(self) -> None:
        await self._rounds.stop()

    async def leave(self) -> None:
        """Sends everybody away, and waits until they have gone, for some seconds at most."""
        self.leaving = True
        for guest in [one for some in self._here.values() for one in some]:
            guest.end()
        for _ in range(round(SECONDS_TO_LEAVE / 0.02)):
            if not self._here:
                return
            await asyncio.sleep(0.02)

    # places

    def take_place(self, viewer: Viewer) -> None:
        """For one stream or socket. Raises RequestRefused where there is none."""
        if self.leaving:
            raise RequestRefused("UNAVAILABLE", "Connect again in a moment; this server leaves.")
        if self._taken >= self.most:
            raise RequestRefused("TOO_MANY_REQUESTS", "Try another time; this server holds as many streams as it may.")
        share = max(1, self.most // SHARE_OF_A_KEY)
        if self._places[viewer.api_key_id] >= share:
            raise RequestRefused("TOO_MANY_REQUESTS", f"Close a stream first; a key holds at most {share}.")
        self._places[viewer.api_key_id] += 1
        self._taken += 1

    def give_place_back(self, viewer: Viewer) -> None:
        self._taken -= 1
        self._places[viewer.api_key_id] -= 1
        if not self._places[viewer.api_key_id]:
            del self._places[viewer.api_key_id]

    def come(self, guest: Guest) -> None:
        """Raises RequestRefused where there is no place."""
        self.take_place(guest.viewer)
        self._here.setdefault(guest.viewer.organisation_id, set()).add(guest)

    def go(self, guest: Guest) -> None:
        here = self._here.get(guest.viewer.organisation_id, set())
        here.discard(guest)
        if not here:
            self._here.pop(guest.viewer.organisation_id, None)
        self.give_place_back(guest.viewer)

    # keys

    def _heard(self, organisation_id: UUID, _position: int) -> None:
        if organisation_id in self._here:
            self._moved.add(organisation_id)

    def _doubted(self) -> None:
        self._moved.update(self._here)

    async def look(self) -> None:
        """Ends those whose key was revoked or has expired, and tells the others whom it stands for now."""
        today = datetime.now(UTC).date()
        if today != self._day:
            self._day = today
            self._moved.update(self._here)
        while self._moved:
            organisation_id = next(iter(self._moved))
            guests = list(self._here.get(organisation_id, ()))
            keys = {one.viewer.api_key_id for one in guests if one.viewer.api_key_id is not None}
            found = await self.let_in_still(organisation_id, list(keys)) if keys else {}
            self._moved.discard(organisation_id)
            for guest in guests:
                if guest.viewer.api_key_id is not None:
                    _tell(guest, found.get(guest.viewer.api_key_id))


def _tell(guest: Guest, entered: Entered | None) -> None:
    if entered is None or "read" not in entered.scopes:
        guest.end(unauthorised("Use another key; this one was revoked or has expired."))
        return
    viewer = replace(
        guest.viewer,
        role=entered.role,
        scopes=entered.scopes,
        person_id=entered.person_id,
        time_zone=entered.time_zone,
    )
    if viewer != guest.viewer:
        guest.look_as(viewer)


Opener = Callable[[Operation, Mapping[str, Any], Viewer], Source]


@dataclass(frozen=True, slots=True)
class Streams:
    """What the adapters need: who comes in by a key, who stays, and where the results of an operation come from."""

    enter: Callable[[str], Awaitable[Viewer]]
    guests: Guests
    live: Opener
    others: Mapping[str, Opener] = field(default_factory=dict[str, Opener])  # by root field, those that are not live

    def open(self, operation: Operation, raw: Mapping[str, Any], viewer: Viewer) -> Source:
        """Raises RequestRefused and DocumentRefused."""
        return self.others.get(root_field(operation).name.value, self.live)(operation, raw, viewer)
