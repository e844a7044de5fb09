"""Bodies as they come in and go out, for handlers that speak ASGI: the usual pipeline costs a tenth of a command."""

from collections.abc import AsyncIterator

from litestar.types import HTTPResponseStartEvent, Receive, Send

from api.problems import Problem


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    """And whether there are more; raises a Problem where the client has gone away."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Problem(400, "INVALID", "Send the whole body.")
    return message["body"] if message["type"] == "http.request" else b"", bool(message.get("more_body"))


async def chunks_of(receive: Receive) -> AsyncIterator[bytes]:
    """The body in pieces; raises a Problem where the client goes away in the middle."""
    more = True
    while more:
        piece, more = await _piece(receive)
        yield piece


async def whole(receive: Receive, most: int) -> bytes | None:
    """The body, mostly one piece; None as soon as it grows too large. Raises as `chunks_of` does."""
    piece, more = await _piece(receive)
    if more:
        body = bytearray(piece)
        while more and len(body) <= most:
            piece, more = await _piece(receive)
            body += piece
        piece = bytes(body)
    return piece if len(piece) <= most else None


async def read_body(receive: Receive, claimed: str, most: int) -> bytes:
    """The whole body, refused as soon as it grows too large, whatever length it claims."""
    body = None if claimed.isdigit() and int(claimed) > most else await whole(receive, most)
    if body is None:
        raise Problem(413, "TOO_LARGE", f"Send at most {most} bytes.")
    return body


async def send_answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """All at once; the headers say the length."""
    start: HTTPResponseStartEvent = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
