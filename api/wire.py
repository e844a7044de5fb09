"""What uvicorn's protocol lacks: a head and its body leave in one packet, and who trickles a request in, or takes no
answer, is cut off."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MOST_HEAD = 65_536
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Gathered:
    """A transport that sends what is written in one turn of the loop in one go; a system call less for each answer."""

    __slots__ = ("_loop", "_parts", "_transport")

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def _flush(self) -> None:
        if self._parts:
            parts, self._parts = self._parts, []
            if not self._transport.is_closing():  # the client may have gone since; uvloop would raise
                self._transport.write(b"".join(parts))

    def close(self) -> None:
        self._flush()
        self._transport.close()


class Untaken:
    """What of the answers the client has not taken yet, and when it last took some."""

    __slots__ = ("bytes", "moved")

    def __init__(self) -> None:
        self.bytes, self.moved = 0, 0.0

    def seconds(self, transport: Any, now: float) -> float:
        """For how long nothing has been taken of what waits."""
        unsent = transport.get_write_buffer_size()
        if unsent == 0 or unsent != self.bytes:
            self.bytes, self.moved = unsent, now
        return now - self.moved


class Protocol(HttpToolsProtocol):
    """A connection. A request has to come in whole within some seconds, but for a bulk one, which only has to go on."""

    seconds = 10.0
    _began: float | None  # when the request that is coming in began; None between requests
    _bulk = False
    _head: int | None = None  # how long the head has grown that is coming in; None outside of one
    _untaken: Untaken
    _next_look: asyncio.TimerHandle

    def connection_made(self, transport: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(Gathered(transport, self.loop))  # pyright: ignore[reportArgumentType]
        self._began, self._untaken = self.loop.time(), Untaken()
        self._look()

    def handle_websocket_upgrade(self) -> None:
        self._next_look.cancel()  # the socket's own protocol looks from now on
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._began, self._head = self.loop.time(), 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head = None
        self._bulk = self.scope.get("path") == "/commands"  # it has none where a WebSocket begins

    def on_message_complete(self) -> None:
        self._began, self._bulk = None, False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        if self._began is None or (self._bulk and not self.cycle.response_complete):
            self._began = self.loop.time()
        head = self._head
        super().data_received(data)
        if head is not None and self._head is not None:
            self._head += len(data)
            if self._head > MOST_HEAD:
                self.transport.write(TOO_LONG)
                self.transport.close()

    def _look(self) -> None:
        now = self.loop.time()
        untaken = self._untaken.seconds(self.transport, now)
        waited = 0.0 if self._began is None or self.flow.read_paused else now - self._began
        if untaken > self.seconds:
            self.transport.abort()
        elif waited > self.seconds:
            cycle: Any = self.cycle  # None until the first request, whatever its type says
            if cycle is None or cycle.response_complete:
                self.transport.write(TOO_SLOW)
            self.transport.close()
            self._next_look = self.loop.call_later(self.seconds, self.transport.abort)
        else:
            self._next_look = self.loop.call_later(self.seconds / 4, self._look)


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket. Its transport is the connection's, so that what is written in one turn leaves in one packet."""

    seconds = 10.0
    _untaken: Untaken
    _next_look: asyncio.TimerHandle

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._untaken = Untaken()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self._untaken.seconds(self.transport, self.loop.time()) > self.seconds:
            self.transport.abort()
        else:
            self._next_look = self.loop.call_later(self.seconds / 4, self._look)
