"""Clients of live queries, over real connections: a WebSocket, and a stream of events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.api.edge import Edge

SUBPROTOCOL = "graphql-transport-ws"
STREAM = "text/event-stream"
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """One of a stream; a comment has neither name nor data."""

    name: str
    data: str
    id: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass(slots=True)
class Wire:
    """An open socket."""

    socket: aiohttp.ClientWebSocketResponse

    async def say(self, kind: str, **more: Any) -> None:
        await self.socket.send_json({"type": kind, **more})

    async def heard(self, seconds: float = SECONDS) -> dict[str, Any]:
        return await self.socket.receive_json(timeout=seconds)

    async def subscribe(self, query: str, name: str = "1", **variables: Any) -> None:
        await self.say("subscribe", id=name, payload={"query": query, "variables": variables})

    async def next(self, name: str = "1") -> Any:
        """The data of the next result."""
        message = await self.heard()
        assert (message["type"], message["id"]) == ("next", name), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def refused(self, name: str = "1") -> str:
        """The code of the error that ends the operation."""
        message = await self.heard()
        assert (message["type"], message["id"]) == ("error", name), message
        return message["payload"][0]["extensions"]["code"]

    async def silent(self, seconds: float = 0.3) -> None:
        """Nothing is said for so long."""
        try:
            message = await self.socket.receive(timeout=seconds)
        except TimeoutError:
            return
        raise AssertionError(message)

    async def closed(self, seconds: float = SECONDS) -> int | None:
        """The code that it is closed with."""
        while True:
            message = await self.socket.receive(timeout=seconds)
            if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
                return self.socket.close_code


@asynccontextmanager
async def wired(
    edge: Edge, protocols: tuple[str, ...] = (SUBPROTOCOL,), headers: Mapping[str, str] | None = None
) -> AsyncGenerator[Wire]:
    """Not introduced yet."""
    async with edge.session.ws_connect(f"{edge.base}/graphql", protocols=protocols, headers=headers) as socket:
        yield Wire(socket)


@asynccontextmanager
async def introduced(edge: Edge, key: str | None = None) -> AsyncGenerator[Wire]:
    """By the first organisation's owner unless said otherwise."""
    async with wired(edge) as wire:
        chosen = edge.here.keys["OWNER"] if key is None else key
        await wire.say("connection_init", payload={"Authorization": f"Bearer {chosen}"})
        assert await wire.heard() == {"type": "connection_ack"}
        yield wire


@dataclass(slots=True)
class Events:
    """An open stream, and after which position a client that comes back goes on."""

    response: aiohttp.ClientResponse
    mark: str = ""

    async def next(self, seconds: float = SECONDS) -> Event:
        fields: dict[str, str] = {}
        while True:
            line = (await asyncio.wait_for(self.response.content.readline(), seconds)).decode()
            assert line, "the stream has ended"
            if line != "\n":
                name, _, value = line.removesuffix("\n").partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            self.mark = fields.get("id", self.mark)
            if fields.keys() != {"id"}:
                return Event(fields.get("event", ""), fields.get("data", ""), fields.get("id", ""))
            fields = {}

    async def begins_after(self) -> int:
        """The position that is told before any event."""
        lines = [(await asyncio.wait_for(self.response.content.readline(), SECONDS)).decode() for _ in range(2)]
        assert lines[1] == "\n"
        self.mark = lines[0].removeprefix("id: ").removesuffix("\n")
        return int(self.mark)

    async def data(self) -> Any:
        event = await self.next()
        assert event.name == "next"
        assert "errors" not in event.json, event
        return event.json["data"]

    async def ended(self) -> bool:
        return await asyncio.wait_for(self.response.content.read(), SECONDS) == b""


@asynccontextmanager
async def streamed(
    edge: Edge, query: str, key: str | None = None, /, told_last: str | None = None, **variables: Any
) -> AsyncGenerator[Events]:
    chosen = edge.here.keys["OWNER"] if key is None else key
    headers = {"accept": STREAM, "authorization": f"Bearer {chosen}"}
    if told_last is not None:
        headers["last-event-id"] = told_last
    body = {"query": query, "variables": variables}
    async with edge.session.post(f"{edge.base}/graphql", json=body, headers=headers) as response:
        assert (response.status, response.content_type) == (200, STREAM), await response.read()
        yield Events(response)
