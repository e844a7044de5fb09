"""A receiver of webhooks on a real socket that misbehaves by path, and keeps what it was sent."""

import asyncio
import gzip
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from socket import SO_LINGER, SOL_SOCKET

from aiohttp.abc import AbstractResolver, ResolveResult

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Behaviour = Callable[["HostileReceiver", Writer], Awaitable[None]]
PIECE = b"x" * 65_536
BEHAVIOURS: dict[str, Behaviour] = {}


@dataclass
class Received:
    """One request as it came."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def all_of(self, name: str) -> list[str]:
        return [value for other, value in self.headers if other.lower() == name]


@dataclass
class HostileReceiver:
    """How many connections and requests came, and how much was written before the sender had enough."""

    host: str
    port: int = 0
    connections: int = 0
    written: int = 0
    received: list[Received] = field(default_factory=list[Received])
    answering: set["asyncio.Task[None] | None"] = field(default_factory=set["asyncio.Task[None] | None"])

    def url(self, path: str, host: str = "receiver.example", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def write(self, writer: Writer, piece: bytes) -> None:
        writer.write(piece)
        await writer.drain()
        self.written += len(piece)

    async def answer(self, writer: Writer, status: str, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
        await self.write(writer, "\r\n".join(lines).encode() + body)

    async def serve(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        self.answering.add(asyncio.current_task())
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while not writer.is_closing():
                    await self._answer_one(reader, writer)
        finally:
            writer.transport.abort()

    async def _answer_one(self, reader: Reader, writer: Writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:])]
        received = Received(head[0], headers, b"")
        received.body = await reader.readexactly(int((received.all_of("content-length") or ["0"])[0]))
        self.received.append(received)
        await BEHAVIOURS[head[0].split(" ")[1].split("?")[0]](self, writer)


def behaviour(path: str) -> Callable[[Behaviour], Behaviour]:
    """A path, and what the receiver does when it is asked."""

    def known(does: Behaviour) -> Behaviour:
        BEHAVIOURS[path] = does
        return does

    return known


def answering(path: str, status: str, body: bytes = b"", *headers: str) -> None:
    """A path that answers properly."""

    async def answer(receiver: HostileReceiver, writer: Writer) -> None:
        await receiver.answer(writer, status, body, *headers)

    BEHAVIOURS[path] = answer


answering("/ok", "200 OK", b"thank you")
answering("/accepted", "204 No Content")
answering("/gone", "410 Gone", b"no more")
answering("/failed", "500 Internal Server Error", b"<b>oh</b> \xff\x00\x1b[31m")
answering("/to-metadata", "301 Moved Permanently", b"", "location: http://169.254.169.254/latest/meta-data/")
answering("/to-itself", "307 Temporary Redirect", b"", "location: /ok")
answering("/cookie", "200 OK", b"", "set-cookie: a=b; Path=/")
answering("/wait/seconds", "429 Too Many Requests", b"", "retry-after: 120")
answering("/wait/date", "503 Service Unavailable", b"", "retry-after: Fri, 31 Dec 2999 23:59:59 GMT")
answering("/wait/garbage", "429 Too Many Requests", b"", "retry-after: soon")
answering("/wait/huge", "429 Too Many Requests", b"", f"retry-after: {'9' * 4_000}")
answering("/bomb", "200 OK", gzip.compress(b"A" * 50_000_000), "content-encoding: gzip")
answering("/long", "200 OK", "ü".encode() * 5_000)


@behaviour("/hang")
async def hang(receiver: HostileReceiver, writer: Writer) -> None:
    await asyncio.Event().wait()


@behaviour("/drip")
async def drip(receiver: HostileReceiver, writer: Writer) -> None:
    """A byte of the head at a time, so that no silence is ever long."""
    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000:
        await receiver.write(writer, bytes([byte]))
        await asyncio.sleep(0.05)


@behaviour("/drip-body")
async def drip_body(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")
    for _ in range(10_000):
        await receiver.write(writer, b"z")
        await asyncio.sleep(0.05)


@behaviour("/never-closing")
async def never_closing(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\n\r\nwell")
    await asyncio.Event().wait()


@behaviour("/huge")
async def huge(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
    for _ in range(15_000):
        await receiver.write(writer, PIECE)


@behaviour("/headers")
async def endless_headers(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\n")
    for n in range(1_000_000):
        await receiver.write(writer, f"x-{n}: {'y' * 1_000}\r\n".encode())


@behaviour("/one-header")
async def endless_header(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\nx: ")
    for _ in range(15_000):
        await receiver.write(writer, PIECE)


@behaviour("/continue")
async def endless_continue(receiver: HostileReceiver, writer: Writer) -> None:
    while True:
        await receiver.write(writer, b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.01)


@behaviour("/switch")
async def switch(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhello")


@behaviour("/bad-http")
async def bad_http(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"220 mail.example ESMTP\r\n\r\n")


@behaviour("/bad-length")
async def bad_length(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello")


@behaviour("/bad-chunks")
async def bad_chunks(receiver: HostileReceiver, writer: Writer) -> None:
    """The head is read before what is wrong with the body comes."""
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n")
    await asyncio.sleep(0.1)
    await receiver.write(writer, b"zz\r\n")
    writer.close()


@behaviour("/bad-at-once")
async def bad_at_once(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
    writer.close()


@behaviour("/cut-body")
async def cut_body(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.write(writer, b"HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\nhalf")
    writer.close()


@behaviour("/close")
async def close(receiver: HostileReceiver, writer: Writer) -> None:
    writer.close()


@behaviour("/reset")
async def reset(receiver: HostileReceiver, writer: Writer) -> None:
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@behaviour("/close-unsaid")
async def close_unsaid(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.answer(writer, "200 OK")
    writer.close()


@behaviour("/close-after")
async def close_after(receiver: HostileReceiver, writer: Writer) -> None:
    await receiver.answer(writer, "200 OK", b"", "connection: close")
    writer.close()


@asynccontextmanager
async def receiving(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncGenerator[HostileReceiver]:
    """Listens on a free port."""
    receiver = HostileReceiver(host)
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in receiver.answering:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in receiver.answering if task is not None), return_exceptions=True)
        await server.wait_closed()


class Answering(AbstractResolver):
    """A name server of the test's own: each look-up is answered by the next list, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host, host=one, port=port, family=10 if ip_address(one).version == 6 else 2, proto=0, flags=0
            )
            for one in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""
