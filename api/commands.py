"""One HTTP route per command, made from its class, and one that takes many of them, a line each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import HTTPResponseStartEvent, Receive, Scope, Send

from api.auth import HTTPRequest, viewer_of
from api.bodies import chunks_of, read_body, send_answer
from api.desk import Desk, Done, Envelope, Taken
from api.problems import Problem, invalid, refused, unavailable
from api.viewer import Viewer
from domain.commands import COMMANDS
from domain.kernel import Refused
from domain.values import Invalid
from infra.database import unavailable as database_unavailable
from infra.sequencer import Forgone
from infra.telemetry import COMMANDS as COUNTED

MOST_BYTES = 1_048_576  # of one command
LONGEST_LINE = 262_144
MOST_BULK_BYTES = 1_073_741_824
LONGEST_POSITION = 16  # digits
MOST_IN_FLIGHT = 128  # lines of one request that are on their way together
FAILED_FROM = 400
JSON, NDJSON = "application/json", "application/x-ndjson"


class AcceptedBody(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """The JSON of an accepted command; `secret` is shown this once."""

    id: UUID | None
    position: int
    event_ids: tuple[UUID, ...] = ()
    secret: str | None = None


class LineBody(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """The answer to a line of a bulk request."""

    line: int
    status: int
    id: UUID | None = None
    position: int | None = None
    code: str = ""
    detail: str = ""
    fields: tuple[str, ...] = ()


class Line(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A command in a bulk request: its name, its fields, and what otherwise travels in headers."""

    command: str
    input: msgspec.Raw = msgspec.Raw(b"{}")
    key: str | None = None
    occurred_at: datetime | None = None
    by: str | None = None  # `person:<id>`; an operator's file only


def demand_post(request: HTTPRequest) -> None:
    """Litestar leaves the method to handlers that speak ASGI."""
    if request.method != "POST":
        raise Problem(405, "METHOD_NOT_ALLOWED", "Send commands by POST.", headers={"allow": "POST"})


def demand_media_type(request: HTTPRequest, wanted: str) -> None:
    """Other media types let a foreign site's form reach us without asking first."""
    sent = request.headers.get("content-type", "")
    essence, _, parameters = sent.partition(";")
    charset = parameters.strip().lower()
    if essence.strip().lower() != wanted or charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", f"Send the body as {wanted}.")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "Send the body uncompressed.")


def envelope_of(request: HTTPRequest) -> Envelope:
    """Idempotency-Key, If-Match, Headway-Occurred-At and Headway-Correlation-Id; raises Invalid."""
    headers = request.headers
    expected = headers.get("if-match")
    if expected is not None:
        digits = expected.strip().strip('"')
        if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_POSITION):
            raise Invalid("Give the expected position, a whole number.", "If-Match")
        expected = int(digits)
    return Envelope(
        key=headers.get("idempotency-key"),
        expected=expected,
        occurred_at=_converted(headers.get("headway-occurred-at"), datetime, "Headway-Occurred-At"),
        correlation_id=_converted(headers.get("headway-correlation-id"), UUID, "Headway-Correlation-Id"),
    )


def _converted(text: str | None, kind: type[Any], header: str) -> Any:
    if text is None:
        return None
    try:
        return msgspec.convert(text, kind)
    except msgspec.ValidationError:
        raise Invalid(f"Correct the header {header}, or leave it out.", header) from None


async def issue(desk: Desk, name: str, body: bytes, viewer: Viewer, envelope: Envelope) -> Done:
    """The desk's answer, or a Problem."""
    with told(name) as outcome:
        done = await desk.issue(name, body, viewer, envelope)
        outcome.append("repeated" if done.repeated else "accepted")
        return done


@contextmanager
def told(name: str) -> Generator[list[str]]:
    """Counts what became of a command, which goes into the list where it was taken, and makes Problems of what is
    raised."""
    outcome: list[str] = []
    try:
        yield outcome
    except Refused as refusal:
        outcome.append("refused")
        raise refused(refusal) from None
    except Invalid as error:
        outcome.append("invalid")
        raise invalid(error) from None
    except Forgone:
        outcome.append("forgone")
        raise
    except Exception as error:
        if code := database_unavailable(error):
            outcome.append("unavailable")
            raise unavailable(code) from error
        outcome.append("failed")
        raise
    finally:
        for one in outcome:
            COUNTED.labels(name if name in COMMANDS else "unknown", one).inc()


def route(name: str) -> ASGIRouteHandler:
    """The route of one command."""

    @asgi(f"/commands/{name}", name=name, is_mount=False, copy_scope=False)
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        request: HTTPRequest = Request(scope, receive, send)
        demand_post(request)
        state = request.app.state
        viewer = await viewer_of(request, state.entrance, "write")
        demand_media_type(request, JSON)
        try:
            envelope = envelope_of(request)
        except Invalid as error:
            raise invalid(error) from None
        body = await read_body(receive, request.headers.get("content-length", "0"), MOST_BYTES)
        done = await issue(state.desk, name, body, viewer, envelope)
        answer = msgspec.json.encode(
            AcceptedBody(id=done.id, position=done.position, event_ids=done.event_ids, secret=done.secret)
        )
        headers = [
            (b"content-type", JSON.encode()),
            (b"content-length", str(len(answer)).encode()),
            (b"etag", f'"{done.position}"'.encode()),
            (b"cache-control", b"no-store"),
        ]
        if done.repeated:
            headers.append((b"headway-repeated", b"true"))
        await send_answer(send, 201, answer, headers)

    return serve


async def lines_of(receive: Receive) -> AsyncIterator[bytes]:
    """The lines of a body, as they come in; raises a Problem for one that is too long."""
    rest = b""
    async for chunk in chunks_of(receive):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
        if len(rest) > LONGEST_LINE:
            raise Problem(413, "TOO_LARGE", f"Send lines of at most {LONGEST_LINE} bytes.")
    if rest.strip():
        yield rest


def _read_line(text: bytes, *, operator: bool, key: str | None) -> tuple[Line, Envelope]:
    try:
        line = msgspec.json.decode(text, type=Line)
        by = UUID(line.by.removeprefix("person:")) if line.by is not None else None
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        raise Problem(400, "INVALID", "Write one command a line: {command, input, key, occurredAt}.") from None
    if by is not None and not operator:
        detail = "Leave `by` out; a key acts for the person it was issued to."
        raise Problem(403, "NOT_ALLOWED", detail, fields=["by"])
    return line, Envelope(key=line.key or key, occurred_at=line.occurred_at, by=by)


@dataclass(slots=True)
class TakenLine:
    """A line on its way; `problem` where it could be told at once that nothing comes of it."""

    number: int
    command: str = ""
    taken: Taken | None = None
    problem: Problem | None = None

    async def answer(self) -> LineBody:
        """Raises Forgone for a line behind one that failed."""
        try:
            if self.taken is None:
                raise self.problem or Problem(400, "INVALID", "Write one command a line.")
            with told(self.command) as outcome:
                done = await self.taken.done()
                outcome.append("repeated" if done.repeated else "accepted")
        except Problem as problem:
            return LineBody(
                line=self.number, status=problem.status, code=problem.code, detail=problem.detail, fields=problem.fields
            )
        return LineBody(line=self.number, status=201, id=done.id, position=done.position)


def take_line(
    desk: Desk,
    number: int,
    text: bytes,
    viewer: Viewer,
    after: Taken | None = None,
    *,
    operator: bool = False,
    key: str | None = None,
) -> TakenLine:
    """Nothing that is wrong with it is raised. `key`: where the line has none of its own; `after`: without which it is
    not tried."""
    line = TakenLine(number)
    try:
        read, envelope = _read_line(text, operator=operator, key=key)
        line.command = read.command
        with told(read.command):
            line.taken = desk.take(read.command, bytes(read.input), viewer, envelope, after)
    except Problem as problem:
        line.problem = problem
    return line


Take = Callable[[int, bytes, Taken | None], TakenLine]


async def _take_all(
    lines: AsyncIterator[bytes], take: Take, under_way: asyncio.Queue[TakenLine | None], *, skip: bool
) -> None:
    """Puts every line into the queue as it is taken, and at the end, or where taking fails, None."""
    number, after = 0, None
    try:
        async for text in lines:
            number += 1
            line = take(number, text, after)
            await under_way.put(line)
            if line.problem is not None and not skip:
                break
            after = None if skip else line.taken
    except Problem as problem:
        await under_way.put(TakenLine(number + 1, problem=problem))
    except Exception:
        await under_way.put(None)  # or whoever waits for the next answer would wait for ever; told by the task
        raise
    await under_way.put(None)


async def in_flight(lines: AsyncIterator[bytes], take: Take, *, skip: bool) -> AsyncIterator[LineBody]:
    """An answer a line, in order and as soon as it is known, while the next lines are on their way already; after one
    that failed nothing is tried any more, unless it is to be skipped."""
    under_way: asyncio.Queue[TakenLine | None] = asyncio.Queue(MOST_IN_FLIGHT)

    reading = asyncio.create_task(_take_all(lines, take, under_way, skip=skip))
    try:
        while (line := await under_way.get()) is not None:
            try:
                answer = await line.answer()
            except Forgone:
                return
            yield answer
            if answer.status >= FAILED_FROM and not skip:
                return
        await reading
    finally:
        reading.cancel()


@asgi("/commands", name="commands", is_mount=False, copy_scope=False)
async def bulk(scope: Scope, receive: Receive, send: Send) -> None:
    """Many commands, a line each, answered a line each; `onFailure=skip` goes on after a line that failed. Litestar's
    Stream would listen for the end of the connection meanwhile, and swallow what comes of the body."""
    request: HTTPRequest = Request(scope, receive, send)
    demand_post(request)
    viewer = await viewer_of(request, request.app.state.entrance, "write")
    demand_media_type(request, NDJSON)
    wish = request.query_params.get("onFailure", "stop")
    if wish not in {"stop", "skip"}:
        raise Problem(400, "INVALID", "Say onFailure=stop or onFailure=skip.", fields=["onFailure"])
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", NDJSON.encode()), (b"cache-control", b"no-store")],
    }
    await send(start)
    desk: Desk = request.app.state.desk
    answers = in_flight(
        lines_of(receive), lambda number, text, after: take_line(desk, number, text, viewer, after), skip=wish == "skip"
    )
    async for answer in answers:
        await send({"type": "http.response.body", "body": msgspec.json.encode(answer) + b"\n", "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def routes() -> list[ASGIRouteHandler]:
    """One for each command, and the bulk one."""
    return [*(route(name) for name in COMMANDS), bulk]
