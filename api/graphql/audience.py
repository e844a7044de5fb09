"""Who listens to a live query, and with whom they form a group: all who ask the same of the same sight."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from api.graphql.document import Operation
from api.graphql.streams import Told
from api.viewer import Viewer


class Register(Protocol):
    """Where listeners come and go."""

    def join(self, listener: "Listener") -> None:
        """Into the group of those who ask alike; raises what refuses the question."""
        ...

    def leave(self, listener: "Listener") -> None:
        """Nothing is told to them any more."""
        ...


class Listener:
    """Somebody's live query: the newest answer that they were not told, where there is one."""

    def __init__(self, register: Register, operation: Operation, raw: Mapping[str, Any], viewer: Viewer) -> None:
        self.register = register
        self.operation = operation
        self.raw = raw
        self.viewer = viewer
        self.group: Group | None = None
        self.told: bytes | None = None  # the digest of what was taken last
        self._slot: tuple[Told, bytes] | None = None
        self._ended: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Told:
        while self._slot is None:
            if self._ended is not None:
                raise self._ended
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        (told, self.told), self._slot = self._slot, None
        return told

    async def mark(self) -> None:
        """Every answer is of now."""

    def go_on_after(self, position: int) -> None:
        """The first answer is of now, however long somebody was away."""

    def tell(self, told: Told, digest: bytes) -> bool:
        """Whether it is news."""
        news = digest != self.told
        self._slot = (told, digest) if news else None
        if news:
            self._wake()
        return news

    def look_as(self, viewer: Viewer) -> None:
        self.register.leave(self)
        self.viewer = viewer
        try:
            self.register.join(self)
        except Exception as refused:
            self.end(refused)

    def end(self, because: Exception | None = None) -> None:
        self.register.leave(self)
        self._ended = because or StopAsyncIteration()
        if because is not None:
            self._slot = None
        self._wake()

    def close(self) -> None:
        self.register.leave(self)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


@dataclass(slots=True, eq=False)
class Group:
    """Those who ask alike. `stale`: the answer may have changed; `fresh`: listeners that were told nothing yet."""

    key: Any
    operation: Operation
    raw: Mapping[str, Any]
    viewer: Viewer
    listeners: set[Listener] = field(default_factory=set[Listener])
    fresh: list[Listener] = field(default_factory=list[Listener])
    stale: bool = False
    busy: bool = False
    failures: int = 0

    @property
    def due(self) -> bool:
        return self.stale or bool(self.fresh)


@dataclass(slots=True)
class Audience:
    """The groups of an organisation, and those of them that are to be asked."""

    position: int = 0
    groups: dict[Any, Group] = field(default_factory=dict[Any, Group])
    due: OrderedDict[Any, Group] = field(default_factory=OrderedDict[Any, Group])
