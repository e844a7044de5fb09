"""How far each organisation's read models have come, as this process knows it; who waits for a position is woken by
it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

MOST = 50_000


class Positions:
    """Positions reached, told by the local projector and by other processes' notices. Unsure (`sure` false): nothing
    is known."""

    def __init__(self) -> None:
        self.sure = False  # whether notices of other processes arrive
        self.awaited: list[Callable[[UUID], None]] = []  # told when somebody begins to wait
        self.forgetting: list[Callable[[UUID], None]] = []  # told when somebody of the organisation is forgotten
        self.moved: list[Callable[[UUID, int], None]] = []  # told of every position that is reached
        self.listened: set[UUID] = set()  # organisations whose every move somebody wants to hear of soon
        self.trusted: list[Callable[[], None]] = []  # told when notices arrive again, after some may have been lost
        self._reached: OrderedDict[UUID, int] = OrderedDict()
        self._waiting: dict[UUID, list[tuple[int, asyncio.Future[None]]]] = {}

    def reached(self, organisation_id: UUID) -> int | None:
        """The position, or None where the database has to be asked."""
        return self._reached.get(organisation_id) if self.sure else None

    def is_awaited(self, organisation_id: UUID) -> bool:
        return organisation_id in self._waiting

    def advance(self, organisation_id: UUID, position: int) -> None:
        if position <= self._reached.get(organisation_id, -1):
            return
        self._reached[organisation_id] = position
        self._reached.move_to_end(organisation_id)
        if len(self._reached) > MOST:
            self._reached.popitem(last=False)
        for told in self.moved:
            told(organisation_id, position)
        if organisation_id in self._waiting:
            self._wake(organisation_id, position)

    def _wake(self, organisation_id: UUID, position: int) -> None:
        waiting = self._waiting[organisation_id]
        rest: list[tuple[int, asyncio.Future[None]]] = []
        for asked, future in waiting:
            if asked > position:
                rest.append((asked, future))
            elif not future.done():
                future.set_result(None)
        if rest:
            self._waiting[organisation_id] = rest
        else:
            del self._waiting[organisation_id]

    def forget(self, organisation_id: UUID) -> None:
        """Whatever this process remembers of the organisation may hold what nobody should know any more."""
        for told in self.forgetting:
            told(organisation_id)

    def trust(self) -> None:
        """Notices arrive from now on; what was noted before may have been overtaken unheard."""
        self._reached.clear()
        self.sure = True
        for told in self.trusted:
            told()

    def doubt(self) -> None:
        """Notices were lost: what was known may be behind."""
        self.sure = False
        self._reached.clear()

    async def wait(self, organisation_id: UUID, position: int, seconds: float) -> bool:
        """Whether the position was reached within the time."""
        if self._reached.get(organisation_id, -1) >= position:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(organisation_id, []).append((position, future))
        for told in self.awaited:
            told(organisation_id)
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return False
        finally:
            left = [(asked, one) for asked, one in self._waiting.get(organisation_id, []) if one is not future]
            if left:
                self._waiting[organisation_id] = left
            else:
                self._waiting.pop(organisation_id, None)
        return True
