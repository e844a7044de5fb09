"""Sends one request to where somebody else has chosen, or fetches from there, and tells what came of it, whatever the
other side does.

The guard sits where a socket is opened, for names may stand for one address when they are checked and for another when
they are dialled, and aiohttp never asks a resolver about a literal address. A connection that is used again was dialled
under the same guard.
"""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import perf_counter
from typing import Any, Literal, Self

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from infra.addresses import Reach

AGENT = "Headway-Webhooks/1"
CONNECT_SECONDS = 5.0
FIRST_BYTE_SECONDS = 10.0
TOTAL_SECONDS = 15.0
SOCKETS = 200  # under way at once; those kept for the next request are beside them
KEEP_ALIVE_SECONDS = 2.0  # less than most receivers': a connection closed under a request is a failed attempt
NAME_SECONDS = 10.0
NAME_THREADS = 16
ADDRESSES_KEPT = 10_000
MOST_READ = 65_536
MOST_TOLD = 1_024
MOST_HEADERS = 64
LONGEST_HEADER = 4_096
LONGEST_WAIT = 604_800.0
DATE_LENGTH = 64
SUCCESS = range(200, 300)
SECONDS = re.compile(r"[0-9]+")
SHORT_SECONDS = 9  # digits
UNTOLD = {code: "\ufffd" for code in (*range(32), 127) if chr(code) not in "\t\n\r"}  # PostgreSQL keeps no NUL

Result = Literal["accepted", "refused", "timed_out", "tls", "not_allowed", "answered"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one request; a status decides, however its body goes on."""

    result: Result
    status: int | None = None
    retry_after: float | None = None  # seconds
    excerpt: str = ""
    milliseconds: float
    first_byte: float | None = None  # milliseconds until status and headers were there


class NotAllowed(OSError):
    """The address that a name stands for is out of reach; one sentence for all, so that aiohttp keeps the type."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "out of reach")


class Post:
    """One session for all receivers; to be opened before and closed after use, or used with `async with`."""

    def __init__(
        self,
        reach: Reach,
        *,
        connect: float = CONNECT_SECONDS,
        first_byte: float = FIRST_BYTE_SECONDS,
        total: float = TOTAL_SECONDS,
        sockets: int = SOCKETS,
        names: AbstractResolver | None = None,
        name_seconds: float = NAME_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.unfit = lru_cache(ADDRESSES_KEPT)(reach.check_url)
        self.reach = reach
        self.timeout = aiohttp.ClientTimeout(total=total, connect=connect, sock_connect=connect, sock_read=first_byte)
        self.sockets = sockets
        self.names = names
        self.name_seconds = name_seconds
        self.tls = tls
        self._room = asyncio.Semaphore(sockets)
        self._resolver: AbstractResolver | None = None
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Within the loop that sends."""
        self._resolver = self.names or Names()
        self._session = aiohttp.ClientSession(
            connector=self._connector(self._resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": AGENT, "accept-encoding": "identity"},
            timeout=self.timeout,
            auto_decompress=False,
            trust_env=False,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
            max_headers=MOST_HEADERS,
        )

    async def close(self) -> None:
        """Ends what is under way."""
        if self._session is not None:
            await self._session.close()
        if self._resolver is not None:
            await self._resolver.close()
        self._session = self._resolver = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Never raises for what a receiver does; waiting for a free socket is not counted as the receiver's time."""
        answer, _ = await self._ask("POST", url, {"content-type": "application/json", **headers}, body, MOST_READ)
        return answer

    async def get(self, url: str, headers: Mapping[str, str], most: int) -> tuple[Answer, bytes]:
        """Likewise, with what was answered: at most so many bytes of it and one more, if there are more."""
        return await self._ask("GET", url, headers, None, most + 1)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, most: int
    ) -> tuple[Answer, bytes]:
        if self._session is None:
            raise RuntimeError("Open the post before sending.")
        if self.unfit(url) is not None:
            return Answer(result="not_allowed", milliseconds=0.0), b""
        async with self._room:
            started = perf_counter()
            try:
                asking = self._session.request(method, url, data=body, headers=headers, allow_redirects=False)
                async with asking as response:
                    return await _told(response, started, most)
            except (aiohttp.ClientError, OSError, RuntimeError) as error:  # RuntimeError: uvloop, for some sockets
                return Answer(result=_result(error), milliseconds=_since(started)), b""

    def _connector(self, names: AbstractResolver) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            socket_factory=self._socket,
            resolver=names,
            ttl_dns_cache=self.name_seconds,  # pyright: ignore[reportArgumentType]  (any number will do)
            limit=self.sockets,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            ssl=self.tls or True,
        )

    def _socket(self, dialled: tuple[Any, ...]) -> socket.socket:
        """Raises NotAllowed."""
        family, kind, protocol, _, address = dialled
        if not self.reach.may_dial(address[0], address[1]):
            raise NotAllowed
        return socket.socket(family, kind, protocol)


class Names(AbstractResolver):
    """The system's resolver in threads of its own: names that never resolve hold up nothing but deliveries."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(NAME_THREADS, thread_name_prefix="headway-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self.threads, _looked_up, host, port, family)
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=0, flags=0)
            for kind, _, _, _, address in found
        ]

    async def close(self) -> None:
        """Waits for nobody."""
        self.threads.shutdown(wait=False, cancel_futures=True)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds or an HTTP date, at most a week; nothing for what is neither."""
    if value is None:
        return None
    value = value.strip()
    if SECONDS.fullmatch(value):
        return min(float(value), LONGEST_WAIT) if len(value) <= SHORT_SECONDS else LONGEST_WAIT
    if len(value) > DATE_LENGTH:
        return None
    try:
        date = parsedate_to_datetime(value)
        wait = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)


def _looked_up(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
    try:
        found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label that is none
        raise socket.gaierror(socket.EAI_NONAME, "no such name") from None
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return list(found)


async def _told(response: aiohttp.ClientResponse, started: float, most: int) -> tuple[Answer, bytes]:
    first_byte = _since(started)
    body = await _beginning(response, most)
    answer = Answer(
        result="accepted" if response.status in SUCCESS else "answered",
        status=response.status,
        retry_after=retry_after(response.headers.get("retry-after"), datetime.now(UTC)),
        excerpt=body[: 4 * MOST_TOLD].decode(errors="replace")[:MOST_TOLD].translate(UNTOLD),
        milliseconds=_since(started),
        first_byte=first_byte,
    )
    return answer, body


async def _beginning(response: aiohttp.ClientResponse, most: int) -> bytes:
    """What came until the end, the most that is read, a fault or the time was up; only an end keeps the connection."""
    read = bytearray()
    try:
        async for piece in response.content.iter_any():
            read += piece
            if len(read) > most:
                response.close()
                break
    except (aiohttp.ClientError, OSError):
        response.close()
    return bytes(read[:most])


def _result(error: Exception) -> Result:
    if isinstance(error, TimeoutError):
        return "timed_out"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "tls"
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, NotAllowed):
        return "not_allowed"
    return "not_allowed" if isinstance(error, aiohttp.InvalidURL) else "refused"


def _since(started: float) -> float:
    return (perf_counter() - started) * 1_000
