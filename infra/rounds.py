"""Work that a serving process does beside requests, again and again, for as long as it runs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from infra.database import passing, unavailable
from infra.telemetry import log

SECONDS_AFTER_FAULT = 0.5


async def kept(name: str, loop: Callable[[], Awaitable[object]]) -> None:
    """The outermost loop of a task, for as long as it runs: begins anew after whatever failed, which is logged as
    `<name>_failed` unless it passes by itself."""
    while True:
        try:
            await loop()
        except Exception as error:
            if not passing(error):
                log.error(f"{name}_failed", error=type(error).__name__, exc_info=error)
            await asyncio.sleep(SECONDS_AFTER_FAULT)


class Rounds:
    """Goes its round at the start and then every so many seconds, or sooner where it is woken; a database that is away
    is waited for, and any other failure is logged as `<name>_failed`."""

    def __init__(self, name: str, go: Callable[[], Awaitable[object]], seconds: float) -> None:
        self._name = name
        self._go = go
        self._seconds = seconds
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    def hasten(self) -> None:
        """The next round begins now."""
        self._awake.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def once(self) -> None:
        """One round, whatever comes of it."""
        try:
            await self._go()
        except Exception as error:
            if not unavailable(error):
                log.error(f"{self._name}_failed", error=type(error).__name__, exc_info=error)

    async def _keep(self) -> None:
        while True:
            await self.once()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):  # wait_for may lose that it was to stop
                    await self._awake.wait()
            self._awake.clear()
