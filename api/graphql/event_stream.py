"""Results over HTTP as server-sent events, as graphql-sse has them with a connection for each operation."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from litestar.types import HTTPResponseStartEvent, Receive, Send

from api.graphql.streams import Guests, Source, Told
from api.viewer import Viewer

STREAM = "text/event-stream"
KIND = b"text/event-stream; charset=utf-8"
SECONDS_BETWEEN_COMMENTS = 12.0  # so that nobody on the way takes the connection for dead
COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
HEADERS = [
    (b"content-type", KIND),
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Authorization"),
    (b"x-accel-buffering", b"no"),  # or a proxy would gather the events
]


def takes_stream(accept: str) -> bool:
    """Whether the media type is named, and not refused."""
    for part in accept.lower().split(","):
        name, _, parameters = part.partition(";")
        if name.strip() == STREAM:
            return parameters.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def mark_of(position: int) -> bytes:
    """Tells a client after which position it would go on, and nothing else: without data it is no event to it."""
    return b"id: %d\n\n" % position


def event_of(told: Told) -> bytes:
    """A result as an event. What comes of no position bears no id, nor does what is not the last of its position: who
    breaks off there goes on after the one before, and misses nothing."""
    at = b"id: %d\n" % told.position if told.position and told.whole else b""
    return b"%bevent: next\ndata: %b\n\n" % (at, told.body.replace(b"\n", b"\ndata: "))


class EventStream:
    """The answer to one request, for as long as it lasts."""

    def __init__(self, source: Source, viewer: Viewer, guests: Guests, errors: Callable[[Exception], bytes]) -> None:
        """Raises RequestRefused where there is no place."""
        self.source = source
        self.viewer = viewer
        self.guests = guests
        self.errors = errors
        self._marked = False
        guests.come(self)

    def look_as(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.source.look_as(viewer)

    def end(self, because: Exception | None = None) -> None:
        self.source.end(because)

    async def serve(self, receive: Receive, send: Send) -> None:
        start: HTTPResponseStartEvent = {"type": "http.response.start", "status": 200, "headers": HEADERS}
        gone = asyncio.ensure_future(_gone(receive))
        coming = asyncio.ensure_future(self._next())
        try:
            await send(start)
            while True:
                await asyncio.wait({gone, coming}, timeout=SECONDS_BETWEEN_COMMENTS, return_when="FIRST_COMPLETED")
                if gone.done():
                    return
                if not coming.done():
                    await _send(send, COMMENT)
                    continue
                event = coming.result()
                if event is None:
                    break
                await _send(send, event)
                coming = asyncio.ensure_future(self._next())
            await send({"type": "http.response.body", "body": COMPLETE, "more_body": False})
        finally:
            gone.cancel()
            coming.cancel()
            self.source.close()
            self.guests.go(self)
            with suppress(Exception, asyncio.CancelledError):
                await asyncio.gather(gone, coming)

    async def _next(self) -> bytes | None:
        """The next event, before the first one where it begins; what went wrong is the last."""
        try:
            if not self._marked:
                self._marked = True
                if (position := await self.source.mark()) is not None:
                    return mark_of(position)
            return event_of(await self.source.__anext__())
        except StopAsyncIteration:
            return None
        except Exception as error:
            self.source.end()
            return event_of(Told(0, self.errors(error)))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
