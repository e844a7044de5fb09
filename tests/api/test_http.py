"""What HTTP lets a stranger try: media types, methods, headers, paths, other sites, and pages that operators read
(attacks 6, 26, 53, 54, 60, 82, 84 and 85)."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import aiohttp
import pytest

from api.applying import Urls
from api.wire import Protocol
from infra.settings import Settings
from tests.api.edge import JSON, NDJSON, Edge, refused, refused_by_graphql, served

PERSON = b'{"name":"Nobody"}'
LINE = b'{"command":"register-person","input":{"name":"Nobody"}}\n'
QUESTION = b'{"query":"{ viewer { role } }"}'
MULTIPART = "multipart/form-data; boundary=x"
FORM = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nNobody\r\n--x--\r\n'
ANSWERS = 200  # of 90 kB each
OWN_SITE, FOREIGN_SITE = "https://okr.example", "https://evil.example"


def request_of(edge: Edge, start: str, *headers: str, body: bytes = b"") -> bytes:
    """A request by the owner, as bytes, after whose answer the connection closes."""
    key = edge.here.keys["OWNER"]
    lines = [f"{start} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", "Connection: close", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


KINDS = [
    "text/plain",
    "application/x-www-form-urlencoded",
    MULTIPART,
    "application/x-msgpack",
    "application/graphql",
    "application/jsonx",
    "application/json, text/plain",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "text/plain; application/json",
    "*/*",
    "",
]


@pytest.mark.parametrize("kind", [*KINDS, NDJSON])
async def test_a_command_is_taken_as_json_only(edge: Edge, kind: str) -> None:  # 54
    async with edge.unmoved():
        refused(await edge.command("register-person", PERSON, kind=kind), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("kind", [*KINDS, JSON])
async def test_lines_are_taken_as_ndjson_only(edge: Edge, kind: str) -> None:  # 54
    async with edge.unmoved():
        refused(
            await edge.ask("POST", "/commands", LINE, edge.here.keys["OWNER"], kind=kind), 415, "UNSUPPORTED_MEDIA_TYPE"
        )


@pytest.mark.parametrize("kind", [*KINDS, NDJSON])
async def test_questions_are_taken_as_json_only(edge: Edge, kind: str) -> None:  # 54
    answer = await edge.ask("POST", "/graphql", QUESTION, edge.here.keys["OWNER"], kind=kind)
    refused_by_graphql(answer, 415, "MEDIA_TYPE_UNKNOWN")


@pytest.mark.parametrize("path", ["/commands/register-person", "/graphql"])
async def test_a_body_of_no_named_kind_is_not_guessed(edge: Edge, path: str) -> None:  # 54
    async with edge.unmoved():
        answer = await edge.raw(request_of(edge, f"POST {path}", body=PERSON))
    assert answer.startswith(b"HTTP/1.1 415 ")


@pytest.mark.parametrize(
    "kind", ["Application/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf-8"']
)
async def test_json_by_any_spelling_is_taken(edge: Edge, kind: str) -> None:
    assert (await edge.command("register-person", PERSON, kind=kind)).status == 201
    assert (await edge.ask("POST", "/graphql", QUESTION, edge.here.keys["OWNER"], kind=kind)).status == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_packed_bodies_are_not_unpacked(edge: Edge, coding: str) -> None:  # 53
    packed = {"content-encoding": coding}
    async with edge.unmoved():
        refused(await edge.command("register-person", PERSON, headers=packed), 415, "UNSUPPORTED_MEDIA_TYPE")
        answer = await edge.ask("POST", "/graphql", QUESTION, edge.here.keys["OWNER"], headers=packed)
        refused_by_graphql(answer, 415, "MEDIA_TYPE_UNKNOWN")


@pytest.mark.parametrize("size", [10, 70_000, 900_000])
async def test_a_connection_whose_body_was_not_wanted_serves_on(edge: Edge, size: int) -> None:  # 54
    """The refusal is sent while the form is still coming in; what is left of it must not be taken for a request."""
    form = FORM.replace(b"Nobody", b"x" * size)
    head = f"POST /commands/register-person HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {edge.here.keys['OWNER']}\r\n"
    async with edge.unmoved(), edge.connected() as (reader, writer):
        for _ in range(3):
            writer.write(f"{head}Content-Type: {MULTIPART}\r\nContent-Length: {len(form)}\r\n\r\n".encode() + form)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 415 ")
            length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            assert b"UNSUPPORTED_MEDIA_TYPE" in await reader.readexactly(length)


@pytest.mark.parametrize("size", [10, 70_000, 900_000])
async def test_a_form_with_a_file_is_refused_whatever_its_size(edge: Edge, size: int) -> None:  # 54
    form = aiohttp.FormData()
    form.add_field("name", "x")
    form.add_field("file", b"x" * size, filename="x.json", content_type=JSON)
    headers = {"authorization": f"Bearer {edge.here.keys['OWNER']}"}
    async with edge.unmoved():
        address = f"{edge.base}/commands/register-person"
        async with edge.session.post(address, data=form, headers=headers) as response:
            assert response.status == 415
            assert (await response.json(content_type=None))["code"] == "UNSUPPORTED_MEDIA_TYPE"


METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "post"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/commands/register-person", "/commands", "/graphql", "/health/live", "/metrics"])
async def test_only_the_methods_that_are_meant_do_anything(edge: Edge, method: str, path: str) -> None:  # 84
    meant = (path in {"/health/live", "/metrics", "/graphql"} and method in {"GET", "HEAD", "OPTIONS"}) or (
        path == "/graphql" and method == "POST"
    )
    async with edge.unmoved():
        answer = await edge.raw(request_of(edge, f"{method} {path}", "Content-Type: application/json"))
    status = int(answer.split(b" ", 2)[1])
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"max-forwards" not in answer.lower()
    assert edge.here.keys["OWNER"].encode() not in answer, "a trace echoes the key"
    if not meant:
        assert status in {400, 405}, answer[:200]
    if status == 405:
        assert b"\r\nallow: " in head


@pytest.mark.parametrize(
    "path",
    [
        "/commands/%00",
        "/commands/register-person%00",
        "/commands/register-person%0d%0aSet-Cookie:%20a=b",
        "/commands/..%2f..%2fetc%2fpasswd",
        "/commands/../graphql/../commands/register-people",
        "/explorer/../../../etc/passwd",
        "/explorer/..%2f..%2f..%2fpyproject.toml",
        "/explorer/%2e%2e/pages.py",
        "/explorer//etc/passwd",
        "/explorer/%00",
        "/explorer/",
        "//",
        "/%ff%fe",
        "/%",
        "/%zz",
        "/commands/" + "x" * 20_000,
        "/COMMANDS/REGISTER-PERSON",
        "/" + "a/" * 2_000,
        "/{x}",
        "/*",
        "/.env",
        "/.git/config",
        "/debug",
        "/schema",
        "/docs",
        "/admin",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_paths_that_lead_nowhere_are_not_found(edge: Edge, method: str, path: str) -> None:  # 60, 85
    async with edge.unmoved():
        answer = await edge.raw(request_of(edge, f"{method} {path}", "Content-Type: application/json", body=PERSON))
    status = int(answer.split(b" ", 2)[1])
    assert status in {400, 404, 405, 414, 431}, answer[:300]
    head, _, body = answer.lower().partition(b"\r\n\r\n")
    assert b"set-cookie" not in head
    for word in (b"traceback", b"root:", b"site-packages", b"[project]"):
        assert word not in body


@pytest.mark.parametrize(
    "broken",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rSet-Cookie: c=d\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\x00B: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n : c\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ],
)
async def test_a_request_that_is_none_is_refused(edge: Edge, broken: bytes) -> None:  # 60
    async with edge.unmoved():
        answer = await edge.raw(broken)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 ", b"HTTP/1.1 404 ")), answer[:200]
    assert b"set-cookie" not in answer.lower()
    assert (await edge.ask("GET", "/health/live")).status == 200


@pytest.mark.parametrize(("path", "code"), [("/commands/register-person", "TOO_LARGE"), ("/graphql", "BODY_TOO_LARGE")])
async def test_a_body_of_unknown_length_has_an_end(edge: Edge, path: str, code: str) -> None:  # 49
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {edge.here.keys['OWNER']}\r\n"
    chunk = b"%x\r\n%b\r\n" % (65_536, b" " * 65_536)
    async with edge.unmoved(), edge.connected() as (reader, writer):
        writer.write(f"{head}Content-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunk * 20)
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 5)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert f'"code":"{code}"'.encode() in answer


async def test_a_client_that_asks_first_is_not_made_to_send(edge: Edge) -> None:
    """`Expect: 100-continue`: a body that nobody wants is not asked for."""
    async with edge.connected() as (reader, writer):
        for headers, status in (
            ("Content-Type: application/json\r\n", b"401"),
            (f"Authorization: Bearer {edge.here.keys['OWNER']}\r\nContent-Type: text/plain\r\n", b"415"),
        ):
            start = "POST /commands/register-person HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n"
            writer.write(f"{start}Expect: 100-continue\r\n{headers}\r\n".encode())
            assert (await asyncio.wait_for(reader.readuntil(b"}"), 5)).startswith(b"HTTP/1.1 " + status)
            writer.write(PERSON)


async def test_what_is_left_of_one_request_is_not_another(edge: Edge) -> None:  # 60
    """Request smuggling: a second request hidden in the first one's body stays a body."""
    hidden = request_of(edge, "POST /commands/register-person", "Content-Type: application/json", body=PERSON)
    async with edge.unmoved():
        answer = await edge.raw(request_of(edge, "POST /commands/nothing", "Content-Type: text/plain", body=hidden))
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "header",
    [
        ("headway-correlation-id", "x\x7f"),
        ("headway-correlation-id", "é"),
        ("headway-occurred-at", "é"),
        ("if-match", "é"),
        ("content-length", "9" * 30),
        ("idempotency-key", "\x7f"),
    ],
)
async def test_a_header_that_cannot_be_meant_is_refused(edge: Edge, header: tuple[str, str]) -> None:  # 60
    name, value = header
    more = ["Content-Type: application/json", f"{name}: {value}"]
    async with edge.unmoved():
        answer = await edge.raw(request_of(edge, "POST /commands/register-person", *more, body=PERSON))
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]


@pytest.mark.parametrize("start", [b"GET /health/live HTTP/1.1\r\nHost: x\r\nA: ", b"GET /", b"GET / HTTP/1.1\r\nA"])
async def test_a_head_without_end_is_refused(edge: Edge, start: bytes) -> None:  # 60
    async with edge.connected() as (reader, writer):
        writer.write(start)
        sent = 0
        with suppress(ConnectionError):
            while not reader.at_eof() and sent < 8_000_000:
                writer.write(b"x" * 16_384)
                await asyncio.wait_for(writer.drain(), 2)
                sent += 16_384
                await asyncio.sleep(0)
            assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 431 ")
    assert sent < 8_000_000


async def test_many_headers_that_end_are_taken(edge: Edge) -> None:
    more = [f"X-{n}: {'x' * 100}" for n in range(300)]
    assert (await edge.raw(request_of(edge, "GET /health/live", *more))).startswith(b"HTTP/1.1 200 ")


async def test_blank_lines_do_not_hold_a_connection(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:  # 81
    monkeypatch.setattr(Protocol, "seconds", 0.2)
    async with edge.connected() as (reader, writer):
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readuntil(b"}")
        assert await closed(reader, writer, b"\r\n"), "still open after three seconds"


async def test_a_refused_bulk_request_does_not_hold_a_connection(  # 81
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "seconds", 0.2)
    async with edge.connected() as (reader, writer):
        writer.write(b"POST /commands HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")
        assert await closed(reader, writer, b"x"), "still open after three seconds"


@asynccontextmanager
async def narrow(edge: Edge) -> AsyncGenerator[asyncio.StreamReader]:
    """The answers to more questions than the system's buffers take, over a connection that takes little at a time."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    small.setblocking(False)
    await asyncio.get_running_loop().sock_connect(small, (edge.host, edge.port))
    reader, writer = await asyncio.open_connection(sock=small, limit=65_536)
    writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * ANSWERS)
    try:
        yield reader
    finally:
        writer.close()


async def taken(reader: asyncio.StreamReader, pause: float) -> int:
    """How many answers begin before the connection ends, or all have."""
    answers = bytearray()
    with suppress(ConnectionError):
        while answers.count(b"HTTP/1.1 200 ") < ANSWERS and (part := await asyncio.wait_for(reader.read(131_072), 5)):
            answers += part
            await asyncio.sleep(pause)
    return answers.count(b"HTTP/1.1 200 ")


async def test_who_takes_no_answer_does_not_hold_it_for_ever(  # 80
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "seconds", 0.2)
    async with narrow(edge) as reader:
        await asyncio.sleep(1)
        assert await taken(reader, 0) < ANSWERS


async def test_a_slow_reader_is_waited_for(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "seconds", 0.8)
    async with narrow(edge) as reader:
        assert await taken(reader, 0.01) == ANSWERS


async def closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trickle: bytes) -> bool:
    """Whether the server ends the connection while bytes go on to trickle in."""
    ended = asyncio.ensure_future(reader.read())
    for _ in range(60):
        await asyncio.sleep(0.05)
        if ended.done():
            with suppress(ConnectionError):
                ended.result()
            return True
        writer.write(trickle)
    ended.cancel()
    return False


# other sites


@pytest.mark.parametrize("origin", [FOREIGN_SITE, "null", "https://okr.example.evil.example", "*"])
async def test_no_other_site_is_let_in_unless_it_is_named(edge: Edge, origin: str) -> None:  # 82
    asks = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for path in ("/graphql", "/commands/register-person", "/commands", "/openapi.json"):
        for method in ("OPTIONS", "POST", "GET"):
            answer = await edge.ask(method, path, headers=asks)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-allow")]


@pytest.fixture(scope="module")
async def shared(urls: Urls) -> AsyncIterator[Edge]:
    """Served with one site named."""
    async with served(
        Settings(cors_origins=f" {OWN_SITE} ,https://other.example", checkpoint_seconds=0), urls
    ) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/graphql", "/commands/register-person", "/commands"])
async def test_a_named_site_is_let_in_and_no_other(shared: Edge, path: str) -> None:  # 82
    for origin in (OWN_SITE, FOREIGN_SITE, "null", OWN_SITE + ".evil.example", OWN_SITE.upper()):
        asks = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,idempotency-key",
        }
        for answer in (
            await shared.ask("OPTIONS", path, headers=asks),
            await shared.ask("POST", path, b"{}", headers={"origin": origin}),
        ):
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (OWN_SITE if origin == OWN_SITE else None), (origin, answer)
            assert "access-control-allow-credentials" not in answer.headers


async def test_a_cookie_opens_nothing(edge: Edge) -> None:  # 83
    headers = {"cookie": f"authorization=Bearer {edge.here.keys['OWNER']}; session={uuid4()}"}
    async with edge.unmoved():
        refused(await edge.ask("POST", "/commands/register-person", PERSON, headers=headers), 401, "UNAUTHENTICATED")
    answer = await edge.command("register-person", PERSON)
    assert "set-cookie" not in answer.headers


# pages that operators read


async def test_figures_are_for_owners_and_auditors(edge: Edge) -> None:  # 85
    refused(await edge.ask("GET", "/metrics"), 401, "UNAUTHENTICATED")
    for role in ("MEMBER", "READER"):
        refused(await edge.ask("GET", "/metrics", key=edge.here.keys[role]), 403, "NOT_ALLOWED")
    for role in ("OWNER", "AUDITOR"):
        answer = await edge.ask("GET", "/metrics", key=edge.here.keys[role])
        assert (answer.status, answer.kind) == (200, "text/plain")
        assert b"headway_commands_total" in answer.raw
        for private in (edge.here.id, edge.there.id, edge.here.person, "Harbour", "Ana", *edge.here.keys.values()):
            assert str(private).encode() not in answer.raw


async def test_no_stranger_makes_a_figure_of_his_own(edge: Edge) -> None:  # 85
    """Paths and command names from outside are no labels: each would be kept for ever."""
    name = uuid4().hex
    for path in (f"/{name}", f"/commands/{name}", f"/health/{name}", f"/graphql/{name}"):
        await edge.ask("POST", path, {})
    await edge.bulk(b'{"command":"%s"}' % name.encode())
    figures = await edge.ask("GET", "/metrics", key=edge.here.keys["OWNER"])
    assert name.encode() not in figures.raw


async def test_health_tells_nothing_but_health(edge: Edge) -> None:
    assert (await edge.ask("GET", "/health/live")).json == {"status": "live", "failing": None}
    answer = await edge.ask("GET", "/health/ready")
    assert (answer.status, answer.json) == (200, {"status": "ready", "failing": None})
    assert answer.headers["cache-control"] == "no-store"


async def test_every_answer_has_an_id_of_its_own(edge: Edge) -> None:
    ids = [(await edge.ask("GET", path)).headers["x-request-id"] for path in ("/health/live", "/", "/graphql")]
    assert len(set(ids)) == 3
