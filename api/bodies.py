"""Bodies as they come in and go out, for handlers that speak ASGI: the usual pipeline costs a tenth of a command."""

from collections.abc import AsyncIterator

from litestar.types import HTTPResponseStartEvent, Receive, Send

from api.problems import Problem


async def chunks_of(receive: Receive) -> AsyncIterator[bytes]:
    """The body in pieces; raises a Problem where the client goes away in the middle."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "INVALID", "Send the whole body.")
        yield message["body"] if message["type"] == "http.request" else b""
        if not message.get("more_body"):
            return


async def read_body(receive: Receive, claimed: str, most: int) -> bytes:
    """The whole body, refused as soon as it grows too large, whatever length it claims."""
    if claimed.isdigit() and int(claimed) > most:
        raise Problem(413, "TOO_LARGE", f"Send at most {most} bytes.")
    body = bytearray()
    async for chunk in chunks_of(receive):
        body += chunk
        if len(body) > most:
            raise Problem(413, "TOO_LARGE", f"Send at most {most} bytes.")
    return bytes(body)


async def send_answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """All at once; the headers say the length."""
    start: HTTPResponseStartEvent = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
