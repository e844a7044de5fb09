"""A serving process of its own, and clients that keep its connections busy."""

import asyncio
import re
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from infra.api_keys import ApiKeyMade
from tests.bench.place import Place

CONNECTIONS = 16  # as many as the clients of the other benches
SECONDS_TO_START = 30.0
OK = 300
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
RESIDENT: dict[str, float] = {}  # MiB of each server at its end

Asked = tuple[str, bytes, dict[str, str]]  # path, body, more headers


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("The server has gone.")


class Client(asyncio.Protocol):
    """One kept-alive connection. As bare as can be: what a client costs would draw every ratio towards 1."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.whole = 0  # bytes of the answer, once its head has come
        self.start = 0  # of its body
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionResetError("The server has closed the connection."))

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.whole:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            length = LENGTH.search(self.received, 0, end)
            if length is None:
                raise RuntimeError("An answer without a length.")
            self.start = end + 4
            self.whole = self.start + int(length[1])
        if len(self.received) >= self.whole and self.answer is not None:
            status, body = int(self.received[9:12]), bytes(self.received[self.start : self.whole])
            self.received.clear()
            self.whole = 0
            self.answer.set_result((status, body))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer


class Server:
    """Where it listens, with a key to come in by."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.head = f"host: bench\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
        self.clients: list[Client] = []

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            _, client = await loop.create_connection(Client, "127.0.0.1", self.port)
            self.clients.append(client)

    def close(self) -> None:
        for client in self.clients:
            client.transport.close()

    def request(self, asked: Asked) -> bytes:
        path, body, more = asked
        headers = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        return f"POST {path} HTTP/1.1\r\n{self.head}{headers}content-length: {len(body)}\r\n\r\n".encode() + body

    async def ask(self, asked: Asked, client: Client | None = None) -> bytes:
        status, text = await (client or self.clients[0]).send(self.request(asked))
        if status >= OK:
            raise RuntimeError(f"{asked[0]} answered {status}: {text[:300]!r}")
        return text

    async def a_second(self, make: Callable[[], Asked], seconds: float, clients: int = CONNECTIONS) -> float:
        """Answers a second over so many connections, each asking again as soon as it is answered."""
        began = perf_counter()
        until, answered = began + seconds, 0

        async def work(client: Client) -> None:
            nonlocal answered
            while perf_counter() < until:
                await self.ask(make(), client)
                answered += 1

        await asyncio.gather(*(work(client) for client in self.clients[:clients]))
        return answered / (perf_counter() - began)


async def _until_ready(server: Server, process: asyncio.subprocess.Process) -> None:
    until = perf_counter() + SECONDS_TO_START
    while process.returncode is None:
        try:
            return await server.connect()
        except OSError:
            if perf_counter() > until:
                raise
        await asyncio.sleep(0.05)
    raise RuntimeError(f"The server stopped at its start with {process.returncode}.")


class Keyed(Protocol):
    """An organisation that can be entered."""

    key: ApiKeyMade


@asynccontextmanager
async def serving(place: Place, database: str, harbour: Keyed, title: str, **more: str) -> AsyncGenerator[Server]:
    """Stopped on the way out, whatever happens; what it held by then goes to RESIDENT."""
    port = _free_port()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HEADWAY_HOME": str(place.server.home / "served"),
        "HEADWAY_DATABASE_URL": place.server.url(database),
        "HEADWAY_APPLICATION_DATABASE_URL": place.server.application_url(database),
        "HEADWAY_PORT": str(port),
        "HEADWAY_LOG_LEVEL": "warning",
        "HEADWAY_RATE_PER_SECOND": "1000000",
        "HEADWAY_RATE_BURST": "1000000",
        "HEADWAY_DRAIN_SECONDS": "0",
        **more,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.server", env=environment)
    server = Server(port, harbour.key.text)
    try:
        await _until_ready(server, process)
        yield server
        RESIDENT[title] = _resident(process.pid)
    finally:
        server.close()
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()
