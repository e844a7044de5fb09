"""A wire that can be cut, stalled, slowed, sliced, or made to lose replies; over unix sockets or TCP."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from infra.embedded import EmbeddedServer

CHUNK = 65_536
SOCKET = ".s.PGSQL.5432"


class Proxy:
    """Forwards to `target`, a socket's path or a port, with whatever harm is set at the moment."""

    def __init__(self, target: Path | int) -> None:
        self.target = target
        self.cutting = False  # new connections are refused
        self.delay = 0.0  # seconds, of each piece
        self.slice = 0  # bytes of a piece; 0: as they come
        self.losing = 0.0  # the chance that a reply is swallowed, and its connection cut
        self.lost = 0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.chance = random.Random(7)  # noqa: S311 - no secret
        self.ends: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Every connection that stands, at once."""
        for end in list(self.ends):
            end.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cutting:
            writer.transport.abort()
            return
        try:
            if isinstance(self.target, Path):
                there = await asyncio.open_unix_connection(str(self.target))
            else:
                there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.ends |= {writer, there[1]}
        up = asyncio.create_task(self._forward(reader, there[1], lossy=False))
        down = asyncio.create_task(self._forward(there[0], writer, lossy=True))
        self.tasks |= {up, down}
        try:
            await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            for end in (writer, there[1]):
                end.transport.abort()
                self.ends.discard(end)
            self.tasks -= {up, down}

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, lossy: bool) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                await self.flowing.wait()
                if lossy and self.losing and self.chance.random() < self.losing:
                    self.lost += 1
                    return
                size = self.slice or len(data)
                for start in range(0, len(data), size):
                    if self.delay:
                        await asyncio.sleep(self.delay)
                    sink.write(data[start : start + size])
                    await sink.drain()

    async def serve(self, place: Path | None, port: int = 0) -> asyncio.Server:
        if place is not None:
            return await asyncio.start_unix_server(self._accept, str(place))
        return await asyncio.start_server(self._accept, "127.0.0.1", port)

    async def close(self, server: asyncio.Server) -> None:
        server.close()
        self.flowing.set()
        self.cut()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def before_database(server: EmbeddedServer, folder: Path) -> AsyncGenerator[Proxy]:
    """In a folder of its own, in which clients look for the server's socket."""
    proxy = Proxy(server.sockets / SOCKET)
    listening = await proxy.serve(folder / SOCKET)
    try:
        yield proxy
    finally:
        await proxy.close(listening)


@asynccontextmanager
async def before_product(port: int) -> AsyncGenerator[tuple[Proxy, int]]:
    """With the port that clients are to call."""
    proxy = Proxy(port)
    listening = await proxy.serve(None)
    try:
        yield proxy, listening.sockets[0].getsockname()[1]
    finally:
        await proxy.close(listening)


def by_way_of(url: str, server: EmbeddedServer, folder: Path) -> str:
    """The address of the same database behind the proxy."""
    return url.replace(quote(str(server.sockets), safe=""), quote(str(folder), safe=""))
