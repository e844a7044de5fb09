"""Results over a WebSocket that speaks `graphql-transport-ws`: several operations side by side, each under an id."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol, cast

import msgspec
from litestar.types import Receive, Scope, Send

from api.auth import key_in, unauthorised
from api.graphql.document import Documents
from api.graphql.refusals import RequestRefused
from api.graphql.streams import Source, Streams, Told
from api.problems import Problem
from api.viewer import Viewer

SUBPROTOCOL = "graphql-transport-ws"
SECONDS_TO_INTRODUCE = 10.0
MOST_OPERATIONS = 100
LONGEST_ID = 200
COMPLETE, ERROR = b'{"id":%b,"type":"complete"}', b'{"id":%b,"type":"error","payload":%b}'
NEXT = b'{"id":%b,"type":"next","payload":%b}'
AWAY, BAD, UNINTRODUCED, FORBIDDEN, OTHER_PROTOCOL, TOO_LATE, TAKEN, TWICE = (
    (1001, "Going away"),
    (4400, "Invalid message"),
    (4401, "Unauthorized"),
    (4403, "Forbidden"),
    (4406, "Subprotocol not acceptable"),
    (4408, "Connection initialisation timeout"),
    (4409, "Subscriber already exists"),
    (4429, "Too many initialisation requests"),
)


class Answering(Protocol):
    """The endpoint, as a socket sees it."""

    documents: Documents
    streams: Streams | None

    def asked(self, given: Mapping[str, Any]) -> Any:
        """The parameters of an operation."""
        ...

    async def source(self, operation: Any, asked: Any, viewer: Viewer) -> Source:
        """Where its results come from."""
        ...

    def told_as(self, error: Exception) -> tuple[str, list[dict[str, Any]]]:
        """A code and errors."""
        ...


async def serve_socket(endpoint: Answering, scope: Scope, receive: Receive, send: Send) -> None:
    """From the request to connect until it is closed."""
    await receive()
    offered: Any = scope.get("subprotocols")
    if endpoint.streams is None or SUBPROTOCOL not in offered:
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        await send({"type": "websocket.close", "code": OTHER_PROTOCOL[0], "reason": OTHER_PROTOCOL[1]})
        return
    await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": []})
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    await Socket(endpoint, endpoint.streams, given[0] if len(given) == 1 else None, send).serve(receive)


class Socket:
    """A client's connection."""

    viewer: Viewer

    def __init__(self, endpoint: Answering, streams: Streams, authorization: str | None, send: Send) -> None:
        self.endpoint = endpoint
        self.streams = streams
        self.authorization = authorization
        self._send = send
        self._one_at_a_time = asyncio.Lock()  # so that what waits to be sent is never more than one result
        self._introduced = False
        self._known = False  # let in, and among the guests
        self._closing: asyncio.Task[None] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sources: dict[str, Source] = {}
        self._takes: dict[str, Callable[[dict[str, Any]], Any]] = {
            "connection_init": self._introduce,
            "subscribe": self._subscribe,
            "complete": self._complete,
            "ping": self._ping,
            "pong": self._pong,
        }

    async def serve(self, receive: Receive) -> None:
        late = asyncio.get_running_loop().call_later(SECONDS_TO_INTRODUCE, self._late)
        try:
            while True:
                message: Any = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                if self._closing is None:
                    await self._take(message.get("text"))
        finally:
            late.cancel()
            for task in self._running.values():
                task.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await asyncio.gather(*self._running.values(), *([self._closing] if self._closing else []))
            if self._known:
                self.streams.guests.go(self)

    # as a guest

    def look_as(self, viewer: Viewer) -> None:
        self.viewer = viewer
        for source in list(self._sources.values()):
            source.look_as(viewer)

    def end(self, because: Exception | None = None) -> None:
        self._close(AWAY if because is None else FORBIDDEN)

    # what comes in

    async def _take(self, text: str | None) -> None:
        try:
            message: Any = msgspec.json.decode(text or "")
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            message = None
        given = cast(dict[str, Any], message) if isinstance(message, dict) else {}
        take = self._takes.get(str(given.get("type")))
        if take is None:
            self._close(BAD)
        else:
            await take(given)

    async def _introduce(self, message: dict[str, Any]) -> None:
        if self._introduced:
            self._close(TWICE)
            return
        self._introduced = True
        payload = message.get("payload")
        if payload is not None and not isinstance(payload, dict):
            self._close(BAD)
            return
        for name, value in cast(dict[str, Any], payload or {}).items():
            if name.lower() == "authorization" and isinstance(value, str):
                self.authorization = value
        try:
            self.viewer = await self._enter()
            self.streams.guests.come(self)
        except (Problem, RequestRefused) as refused:
            self._close((FORBIDDEN[0], (refused.detail if isinstance(refused, Problem) else refused.sentence)[:120]))
            return
        self._known = True
        await self._tell(b'{"type":"connection_ack"}')

    async def _enter(self) -> Viewer:
        """Takes one of the key's tokens. Raises a Problem."""
        if self.authorization is None:
            raise unauthorised()
        return await self.streams.enter(key_in(self.authorization))

    async def _subscribe(self, message: dict[str, Any]) -> None:
        name, payload = message.get("id"), message.get("payload")
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID or not isinstance(payload, dict):
            self._close(BAD)
        elif not self._known:
            self._close(UNINTRODUCED)
        elif name in self._running:
            self._close(TAKEN)
        elif len(self._running) >= MOST_OPERATIONS:
            sentence = f"Complete an operation first; a socket has at most {MOST_OPERATIONS}."
            await self._fail(msgspec.json.encode(name), RequestRefused("TOO_MANY_REQUESTS", sentence))
        else:
            self._running[name] = asyncio.create_task(self._run(name, cast(dict[str, Any], payload)))

    async def _complete(self, message: dict[str, Any]) -> None:
        name = message.get("id")
        if not isinstance(name, str):
            self._close(BAD)
        elif task := self._running.pop(name, None):
            task.cancel()

    async def _ping(self, message: dict[str, Any]) -> None:
        payload = b',"payload":%b' % msgspec.json.encode(message["payload"]) if "payload" in message else b""
        await self._tell(b'{"type":"pong"%b}' % payload)

    async def _pong(self, _: dict[str, Any]) -> None:
        """Asks for nothing."""

    # operations

    async def _run(self, name: str, payload: dict[str, Any]) -> None:
        """One operation, from its parameters to the message that ends it."""
        quoted = msgspec.json.encode(name)
        try:
            await self._results(name, quoted, payload)
            await self._tell(COMPLETE % quoted)
        except Problem as problem:
            if problem.status == 401:  # noqa: PLR2004 - the key holds no longer
                self._close(FORBIDDEN)
            else:
                await self._fail(quoted, problem)
        except Exception as error:
            await self._fail(quoted, error)
        finally:
            if self._running.get(name) is asyncio.current_task():
                del self._running[name]

    async def _results(self, name: str, quoted: bytes, payload: dict[str, Any]) -> None:
        viewer = await self._enter()
        asked = self.endpoint.asked(payload)
        operation = self.endpoint.documents.get(asked.query).operation(asked.operation_name)
        guests = self.streams.guests
        guests.take_place(viewer)
        source: Source | None = None
        try:
            source = self._sources[name] = await self.endpoint.source(operation, asked, viewer)
            while True:
                try:
                    told: Told = await source.__anext__()
                except StopAsyncIteration:
                    return
                await self._tell(NEXT % (quoted, told.body))
        finally:
            guests.give_place_back(viewer)
            if source is not None:
                source.close()
                if self._sources.get(name) is source:
                    del self._sources[name]

    # what goes out

    async def _tell(self, message: bytes) -> None:
        async with self._one_at_a_time:
            if self._closing is None:
                with suppress(OSError):  # the client has gone, which `serve` hears of as well
                    await self._send({"type": "websocket.send", "bytes": None, "text": message.decode()})

    async def _fail(self, quoted: bytes, error: Exception) -> None:
        await self._tell(ERROR % (quoted, msgspec.json.encode(self.endpoint.told_as(error)[1])))

    def _late(self) -> None:
        if not self._introduced:
            self._close(TOO_LATE)

    def _close(self, why: tuple[int, str]) -> None:
        """The first reason counts."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._leave(*why))

    async def _leave(self, code: int, reason: str) -> None:
        async with self._one_at_a_time:
            with suppress(OSError):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
