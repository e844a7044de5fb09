"""`headway webhooks`: for who writes a receiver, and for who wants to see what goes out. It asks a Headway that serves,
by HEADWAY_URL and HEADWAY_API_KEY."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from time import time
from typing import Annotated, Any, Literal
from uuid import UUID

import aiohttp
import msgspec
import uvloop
from aiohttp import web
from cyclopts import App, Parameter

from api.terminal import DONE, FOUND, WRONG, Json, say, talk
from api.webhook_arrivals import Arrival, Arrivals, NotADelivery
from infra.webhook_signing import KeyMalformed, read_public_key, sign

webhooks_app = App(name="webhooks", help="What is sent to receivers: see it arrive, and see it go out.")
SECONDS = 30
SECONDS_OF_GRACE = 2.0
HERE = "127.0.0.1"
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
KEEPING = ("content-type", *SIGNED)  # headers that are forwarded
TITLE = "headway webhooks listen"
WEBHOOKS = """{ webhooks(first: 500, filter: {state: [ACTIVE, PAUSED, DISABLED]}) { nodes {
  id title receiver kinds mode ordered state because team { name } outcome { title }
  health { sequence epoch waiting failed failingSince restsUntil } } } }"""
DELIVERIES = """query ($webhook: ID) {
  latest: deliveries(first: 200, filter: {webhook: $webhook}) { nodes { ...d } }
  open: deliveries(first: 300, filter: {webhook: $webhook, state: [DUE, SENT]}) { nodes { ...d } } }
fragment d on Delivery { id webhookId sequence position kind state attemptsMade dueAt
  attempts { attempt result status milliseconds excerpt } }"""
Row = dict[str, Any]
Subscribing = Callable[[str], AbstractAsyncContextManager[str]]  # to a receiver; its secret


class NotAnswered(Exception):
    """What was asked of the other side did not succeed; the sentence says why and what to do."""


class Served:
    """A Headway that serves."""

    def __init__(self, session: aiohttp.ClientSession, url: str, api_key: str) -> None:
        self.session = session
        self.url = url.rstrip("/")
        self.headers = {"authorization": f"Bearer {api_key}"}

    async def _posted(self, path: str, body: Row) -> Row:
        try:
            async with self.session.post(
                self.url + path, json=body, headers=self.headers, allow_redirects=False
            ) as response:
                told = msgspec.json.decode(await response.read(), type=Row)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            raise NotAnswered(f"{self.url} does not answer as Headway does. Check HEADWAY_URL.") from None
        if "detail" in told:
            raise NotAnswered(f"{told.get('code')}: {told['detail']}")
        return told

    async def asked(self, question: str, **variables: Any) -> Row:
        """Raises NotAnswered."""
        told = await self._posted("/graphql", {"query": question, "variables": variables})
        if told.get("errors"):
            raise NotAnswered(str(told["errors"][0]["message"]))
        return told["data"]

    async def command(self, name: str, **fields: Any) -> Row:
        """Raises NotAnswered."""
        return await self._posted(f"/commands/{name}", fields)


@asynccontextmanager
async def served() -> AsyncGenerator[Served]:
    """Raises NotAnswered where nobody has said which."""
    url, key = os.environ.get("HEADWAY_URL"), os.environ.get("HEADWAY_API_KEY")
    if not url or not key:
        raise NotAnswered("Set HEADWAY_URL and HEADWAY_API_KEY; `headway demo` writes both into a file keys.env.")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(SECONDS)) as session:
        yield Served(session, url, key)


def plain(text: object) -> str:
    """What somebody else has written, without what a terminal would obey."""
    return "".join(one if one.isprintable() else "\ufffd" for one in str(text))


def gap(missing: Sequence[int]) -> str:
    """What to do about numbers that did not come."""
    span = f"{missing[0]}" if len(missing) == 1 else f"{missing[0]} to {missing[-1]}"
    return f"GAP: {span} did not come; pull them: GET /webhooks/<id>/events?after={missing[0] - 1}"


def told(arrival: Arrival) -> list[str]:
    """An arrival in lines for people."""
    if arrival.problem is not None:
        return [f"WRONG SIGNATURE {plain(arrival.id)}: {arrival.problem}"]
    event: Row = arrival.event
    words = {True: "verified", False: "", None: "NOT VERIFIED: give --secret or --key"}[arrival.verified]
    notes = [words, "known already" if arrival.repeated else "", "late" if arrival.late else ""]
    line = f"#{event['sequence']:<5} {event['type']:<28} position {event['position']:<7} {arrival.id}"
    lines = [plain(f"{line}  {', '.join(one for one in notes if one)}")]
    if "sentence" in event:
        lines.append(plain(f"       {event['sentence']}"))
    return lines


class Listener:
    """Answers deliveries on a local port."""

    def __init__(self, arrivals: Arrivals, forward: str | None, *, as_json: bool) -> None:
        self.arrivals = arrivals
        self.forward = forward
        self.as_json = as_json
        self.ready = asyncio.Event()

    async def _take(self, request: web.Request) -> web.Response:
        await self.ready.wait()
        body = await request.read()
        try:
            arrival = self.arrivals.take({name.lower(): value for name, value in request.headers.items()}, body, time())
        except NotADelivery as error:
            talk.print(str(error), markup=False, soft_wrap=True)
            return web.Response(status=400)
        if self.as_json:
            say(msgspec.json.encode(arrival).decode())
        else:
            say("\n".join(told(arrival)))
        if arrival.missing:
            asyncio.get_running_loop().call_later(SECONDS_OF_GRACE, self._tell_gap, arrival.missing)
        if not arrival.welcome:
            return web.Response(status=401)
        return web.Response(status=await self._forwarded(request, body))

    def _tell_gap(self, passed: Sequence[int]) -> None:
        """Of numbers that were passed a while ago: deliveries overtake one another."""
        missing = [one for one in passed if one in self.arrivals.missing]
        if missing:
            talk.print(gap(missing), markup=False, soft_wrap=True)

    async def _forwarded(self, request: web.Request, body: bytes) -> int:
        """204, or 502 where whoever it is forwarded to did not take it, so that it is sent again."""
        if self.forward is None:
            return 204
        kept = {name: request.headers[name] for name in KEEPING if name in request.headers}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(SECONDS)) as session,
                session.post(self.forward, data=body, headers=kept, allow_redirects=False) as response,
            ):
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            talk.print(f"{self.forward} does not answer: {type(error).__name__}", markup=False, soft_wrap=True)
            return 502
        if status not in range(200, 300):
            talk.print(f"{self.forward} answers {status}", markup=False, soft_wrap=True)
            return 502
        return 204

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncGenerator[int]:
        """On this port, or a free one for 0. Raises NotAnswered where it is taken, or none."""
        busy = NotAnswered(f"Port {port} can't be listened on: choose another one with --port.")
        if port not in range(65_536):
            raise busy
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_post("/{path:.*}", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, HERE, port)
            try:
                await site.start()
            except OSError:
                raise busy from None
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


@asynccontextmanager
async def subscribed(receiver: str, *, kinds: tuple[str, ...], full: bool) -> AsyncGenerator[str]:
    """A webhook for as long as somebody listens; its secret. Raises NotAnswered."""
    async with served() as headway:
        mode = "FULL" if full else "THIN"
        made = await headway.command("subscribe-webhook", receiver=receiver, kinds=list(kinds), mode=mode, title=TITLE)
        talk.print(f"subscribed {made['id']}", markup=False)
        try:
            yield made["secret"]
        finally:
            await headway.command("remove-webhook", webhookId=made["id"], reason="Nobody listens any more.")
            talk.print(f"removed {made['id']}", markup=False)


async def interrupted() -> None:
    """Until somebody presses Ctrl-C, or asks the process to end."""
    done = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, done.set)
    await done.wait()


async def _listen(listener: Listener, port: int, subscribing: Subscribing | None) -> int:
    async with listener.listening(port) as bound:
        receiver = f"http://{HERE}:{bound}/"
        stopped = asyncio.create_task(interrupted())
        if subscribing is None:
            listener.ready.set()
            talk.print(f"listening on {receiver}; Ctrl-C stops", markup=False)
            await stopped
        else:
            async with subscribing(receiver) as secret:
                listener.arrivals.secrets.append(secret)
                listener.ready.set()
                talk.print(f"listening on {receiver}; Ctrl-C removes the webhook and stops", markup=False)
                await stopped
    missing = sorted(listener.arrivals.missing)
    if missing:
        talk.print(f"{len(missing)} never came, the first of them {missing[0]}", markup=False)
    return FOUND if listener.arrivals.wrong or missing else DONE


def _run(what: Awaitable[int]) -> int:
    async def run() -> int:
        return await what

    try:
        return uvloop.run(run())
    except (NotAnswered, KeyMalformed) as error:
        talk.print(str(error), markup=False, soft_wrap=True)
        return WRONG


@webhooks_app.command
def listen(
    *,
    port: int = 9000,
    secret: tuple[str, ...] = (),
    key: tuple[str, ...] = (),
    forward: str | None = None,
    subscribe: Annotated[bool, Parameter(negative="")] = False,
    kinds: tuple[str, ...] = ("*",),
    full: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> int:
    """Tell what arrives on a local port, verified by a secret (whsec_…) or the organisation's public key (whpk_…): each
    once, with the gaps between. --subscribe: subscribe the port by HEADWAY_URL and HEADWAY_API_KEY, and remove the
    webhook at the end; --forward URL: hand each on, signed as it came."""
    arrivals = Arrivals(list(secret), list(key))
    try:
        for one in secret:
            sign("msg_check", 0, b"", [one], None)
        for one in key:
            read_public_key(one)
    except KeyMalformed as error:
        talk.print(str(error), markup=False, soft_wrap=True)
        return WRONG
    subscribing = partial(subscribed, kinds=kinds, full=full) if subscribe else None
    return _run(_listen(Listener(arrivals, forward, as_json=json), port, subscribing))


def standing(webhook: Row) -> str:
    """A webhook in a line for people."""
    health: Row = webhook["health"] or {"sequence": 0, "epoch": 1, "waiting": 0, "failed": 0}
    of = webhook["outcome"] or webhook["team"]
    parts = [
        f"{webhook['id']}  {webhook['state']:<8} {webhook['mode']:<4} #{health['sequence']:<6}",
        f"{health['waiting']} waiting, {health['failed']} failed",
        webhook["receiver"],
        " ".join(webhook["kinds"]),
        *([f"of {of.get('name') or of.get('title')}"] if of else []),
        *([webhook["title"]] if webhook["title"] else []),
        *([f"because {webhook['because']}"] if webhook["because"] else []),
    ]
    return plain("  ".join(parts))


@webhooks_app.command(name="list")
def list_webhooks(*, json: Json = False) -> int:
    """Webhooks that you have subscribed, with how their receivers do; an owner is told all."""

    async def run() -> int:
        async with served() as headway:
            rows: list[Row] = (await headway.asked(WEBHOOKS))["webhooks"]["nodes"]
        for row in rows:
            say(msgspec.json.encode(row).decode() if json else standing(row))
        failing = [row for row in rows if row["state"] == "DISABLED" or (row["health"] and row["health"]["failed"])]
        return FOUND if failing else DONE

    return _run(run())


def moved(row: Row) -> str:
    """What has become of a delivery, in a line for people."""
    tries: list[Row] = row["attempts"]
    last = f"  {tries[-1]['result']} in {tries[-1]['milliseconds']:.0f} ms" if tries else ""
    said = f": {tries[-1]['excerpt']}" if tries and tries[-1]["excerpt"] and row["state"] != "ACCEPTED" else ""
    again = f", again at {row['dueAt']}" if row["state"] == "DUE" and tries else ""
    state = f"{row['state']:<9} try {row['attemptsMade']}"
    return plain(f"{row['webhookId']} #{row['sequence']:<5} {row['kind']:<28} {state}{last}{said}{again}")


class Following:
    """Deliveries, told again when they have moved."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def moved(self, data: Row) -> list[Row]:
        """The oldest first."""
        rows: dict[str, Row] = {row["id"]: row for row in [*data["latest"]["nodes"], *data["open"]["nodes"]]}
        found = [row for row in rows.values() if self._known.get(row["id"]) != (row["state"], row["attemptsMade"])]
        self._known |= {row["id"]: (row["state"], row["attemptsMade"]) for row in found}
        return sorted(found, key=lambda row: (int(row["position"]), row["webhookId"]))


@webhooks_app.command
def tail(
    *,
    webhook: UUID | None = None,
    last: Annotated[int, Parameter(help="Deliveries of before that are told first.")] = 10,
    follow: Annotated[Literal["yes", "no"], Parameter(help="no: stop once those are told.")] = "yes",
    json: Json = False,
) -> int:
    """Tell what becomes of deliveries, as it happens: due, sent, accepted, tried again, given up."""

    async def run() -> int:
        following, first = Following(), True
        async with served() as headway:
            stopped = asyncio.create_task(interrupted())
            while not stopped.done():
                rows = following.moved(await headway.asked(DELIVERIES, webhook=str(webhook) if webhook else None))
                for row in rows[-last:] if first and last else [] if first else rows:
                    say(msgspec.json.encode(row).decode() if json else moved(row))
                if follow == "no":
                    stopped.cancel()
                    break
                first = False
                await asyncio.wait([stopped], timeout=1)
        return DONE

    return _run(run())
