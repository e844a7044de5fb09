"""What the connection adds to uvicorn's, on the event loop that serves."""

import asyncio
from typing import Any

import uvloop

from api.wire import Gathered

Faults = list[dict[str, Any]]


class Told(asyncio.Protocol):
    """Writes twice in a turn; before that, in the same turn, the connection perhaps breaks."""

    def __init__(self, breaks: bool) -> None:
        self.breaks = breaks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        gathered = Gathered(transport, asyncio.get_running_loop())
        if self.breaks:
            gathered.abort()
        gathered.write(b"head ")
        gathered.write(b"body")
        if not self.breaks:
            gathered.close()


async def taken(breaks: bool) -> tuple[bytes, Faults]:
    """What a client is sent, and what went wrong in the loop."""
    loop, faults = asyncio.get_running_loop(), Faults()
    loop.set_exception_handler(lambda _, fault: faults.append(fault))
    server = await loop.create_server(lambda: Told(breaks), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        sent = await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        sent = b""
    writer.close()
    server.close()
    await asyncio.sleep(0)
    return sent, faults


def test_what_was_written_leaves_before_the_connection_closes() -> None:
    assert uvloop.run(taken(breaks=False)) == (b"head body", [])


def test_a_connection_that_breaks_with_an_answer_under_way_is_no_fault() -> None:
    assert uvloop.run(taken(breaks=True)) == (b"", [])
