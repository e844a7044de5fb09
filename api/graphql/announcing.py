"""`changes`: each public event once, in order, to whoever listens; asked for page by page, as fast as they take it."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import Undefined, value_from_ast_untyped

from api.graphql.document import Operation
from api.graphql.plans import Reads
from api.graphql.streams import Told
from api.graphql.subscription import CHANGES, PAGE, POSITION, SINCE, question_of, root_field
from api.viewer import Viewer
from infra.positions import Positions

SECONDS_BETWEEN_LOOKS = 15.0  # should ever a notice be lost on its way


class Announcements:
    """Somebody's `changes`. They are asked for when they are taken, so that a slow reader loses none and fills no
    memory."""

    def __init__(
        self, reads: Reads, positions: Positions, operation: Operation, raw: Mapping[str, Any], viewer: Viewer
    ) -> None:
        self.reads = reads
        self.positions = positions
        self.operation = question_of(operation)
        self.raw = raw
        self.viewer = viewer
        self.field = root_field(operation)
        self.named = self.field.alias.value if self.field.alias else self.field.name.value
        self.since: int | None = self._asked(operation)
        self._page: deque[Told] = deque()
        self._ended: Exception | None = None
        self._ending = asyncio.Event()

    def _asked(self, operation: Operation) -> int | None:
        """The position to begin after; None: from now on. Raises DocumentRefused."""
        variables = operation.coerce(self.reads.model.schema, self.raw)
        given = next((one for one in self.field.arguments or () if one.name.value == "since"), None)
        found: Any = value_from_ast_untyped(given.value, variables) if given else None
        return int(found) if found is not None and found is not Undefined else None

    def __aiter__(self) -> "Announcements":
        return self

    async def __anext__(self) -> Told:
        while not self._page:
            if self._ended is not None:
                raise self._ended
            await self._turn()
        return self._page.popleft()

    async def mark(self) -> int:
        """The position after which they begin: from now on, unless it was said."""
        if self.since is None:
            self.since = await self.reads.reached(self.viewer.organisation_id)
        return self.since

    def go_on_after(self, position: int) -> None:
        self.since = position

    async def _turn(self) -> None:
        """The next page, once there is one."""
        organisation_id = self.viewer.organisation_id
        if self.since is None:
            self.since = await self.mark()
        elif (self.positions.reached(organisation_id) or 0) <= self.since:
            await self._wait(self.since + 1)
        answered = await self.reads.answer(self.operation, {**self.raw, SINCE: self.since}, self.viewer)
        nodes: list[dict[str, Any]] = msgspec.json.decode(answered.body)["data"][CHANGES]["nodes"]
        last = max(answered.position or 0, self.since)
        if len(nodes) == PAGE:  # those of its last position may go on
            last = int(nodes[-1][POSITION]) - 1
        positions = [int(node.pop(POSITION)) for node in nodes]
        for node, position, following in zip(nodes, positions, [*positions[1:], 0], strict=False):
            if position <= last:
                body = msgspec.json.encode({"data": {self.named: node}})
                self._page.append(Told(position, body, whole=position != following))
        self.since = last

    async def _wait(self, position: int) -> None:
        """Until it is reached, or somebody ends it, or a while has passed."""
        reached = asyncio.ensure_future(
            self.positions.wait(self.viewer.organisation_id, position, SECONDS_BETWEEN_LOOKS)
        )
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait((reached, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            reached.cancel()
            ending.cancel()
        if self._ended is not None:
            raise self._ended

    def look_as(self, viewer: Viewer) -> None:
        """What was fetched for who they were is fetched again."""
        self.viewer = viewer
        if self._page:
            self.since = self._page[0].position - 1
            self._page.clear()

    def end(self, because: Exception | None = None) -> None:
        self._ended = because or StopAsyncIteration()
        if because is not None:
            self._page.clear()
        self._ending.set()

    def close(self) -> None:
        """Nothing is held but by who iterates."""
