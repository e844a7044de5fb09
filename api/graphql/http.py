"""GraphQL over HTTP on one route: what comes in, which path it takes, and how it is answered."""

import gzip
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qs
from uuid import uuid4

import msgspec
import zstandard
from graphql import OperationType
from litestar import Request, asgi
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send
from msgspec.structs import replace

from api.bodies import send_answer, whole
from api.graphql.document import Documents, Operation, checked_variables
from api.graphql.event_stream import STREAM, EventStream, takes_stream
from api.graphql.mutating import Mutating
from api.graphql.plans import Answered, Reads
from api.graphql.refusals import DocumentRefused, RequestRefused
from api.graphql.schema import Built
from api.graphql.streams import Once, Source, Streams, Told
from api.graphql.trusted import Trusted, named_in
from api.graphql.websocket import serve_socket
from api.pages import page
from api.problems import Problem
from api.viewer import Viewer
from infra.database import unavailable
from infra.telemetry import log

RESPONSE, JSON = "application/graphql-response+json", "application/json"
WORTH_COMPRESSING = 1_024
SECONDS_FOR_POSITION = 2.0
# the position that an answer is of at least, and the one that a stream goes on after
POSITIONS = {b"headway-min-position": "Headway-Min-Position", b"last-event-id": "Last-Event-ID"}
VARY = b"Accept, Authorization, Accept-Encoding"
MOST_EXACT = 2**53

HTTPRequest = Request[None, None, State]
Headers = Mapping[bytes, bytes]  # of several of one name the last
Authenticate = Callable[[HTTPRequest], Awaitable[Viewer]]

# Code → status. Two numbers: for graphql-response+json, and where a client asks for application/json by name, for which
# the audits of graphql-http (October 2025) want 200 while the draft of the specification wants 4xx. The rest is 400.
STATUS: Mapping[str, tuple[int, int]] = {
    "PARSE_FAILED": (400, 200),
    "VALIDATION_FAILED": (400, 200),
    "BAD_VARIABLES": (400, 200),
    "UNAUTHENTICATED": (401, 401),
    "NOT_ALLOWED": (403, 403),
    "METHOD_NOT_ALLOWED": (405, 405),
    "NOT_ACCEPTABLE": (406, 406),
    "BODY_TOO_LARGE": (413, 413),
    "MEDIA_TYPE_UNKNOWN": (415, 415),
    "TOO_MANY_REQUESTS": (429, 429),
    "INTERNAL": (500, 500),
    "UNAVAILABLE": (503, 503),
    "STORAGE_FULL": (503, 503),
    "POSITION_NOT_REACHED": (503, 503),
    "TIMEOUT": (504, 504),
}
RETRY_AFTER = frozenset({"UNAVAILABLE", "POSITION_NOT_REACHED"})


class Asked(msgspec.Struct, frozen=True):
    """The parameters of a request."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None
    min_position: int | None
    told: int | None = None  # what a client that comes back was told last


class Reply(msgspec.Struct, frozen=True):
    """What goes back: a body, or what comes out of a stream."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]
    stream: EventStream | None = None


def accepted(accept: str) -> str | None:
    """The media type to answer in: by weight, the newer one before the older; None: nothing that we have."""
    if not accept.strip():
        return JSON
    best, chosen = 0.0, None
    for part in accept.split(","):
        name, _, parameters = part.partition(";")
        weight = weight_of(parameters)
        name = name.strip().lower()
        offered = {RESPONSE: RESPONSE, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(name)
        if offered is None or ("charset" in parameters.lower() and "utf-8" not in parameters.lower()):
            continue
        if weight > best or (weight == best and weight > 0 and offered == RESPONSE):
            best, chosen = weight, offered
    return chosen


def weight_of(parameters: str) -> float:
    """The `q` of a header's element."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


def coding_of(accept_encoding: str) -> str | None:
    """zstd before gzip, where the client takes it."""
    taken = {}
    for part in accept_encoding.split(","):
        name, _, parameters = part.partition(";")
        taken[name.strip().lower()] = weight_of(parameters)
    for coding in ("zstd", "gzip"):
        if taken.get(coding, 0.0) > 0:
            return coding
    return None


def compressed(body: bytes, coding: str) -> bytes:
    """At the fastest level: more would cost more time than it saves."""
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=1).compress(body)
    return gzip.compress(body, compresslevel=1, mtime=0)


class Endpoint:
    """The route."""

    def __init__(
        self,
        built: Built,
        reads: Reads,
        authenticate: Authenticate,
        *,
        mutating: Mutating | None = None,
        trusted: Trusted | None = None,
        explorer: bool = False,
        most_bytes: int = 262_144,
        streams: Streams | None = None,
    ) -> None:
        self.reads = reads
        self.documents = Documents(built.core, reads.limits)
        self.authenticate = authenticate
        self.mutating = mutating
        self.trusted = trusted or Trusted({})
        self.explorer = explorer
        self.most_bytes = most_bytes
        self.streams = streams

    async def reply(self, request: HTTPRequest) -> Reply:
        headers = dict(request.scope["headers"])
        accept = headers.get(b"accept", b"").decode("latin-1")
        if self.explorer and request.method == "GET" and "text/html" in accept.lower():
            shown = page("graphiql")
            headers_out = [(name.encode(), value.encode()) for name, value in shown.headers.items()]
            kind = (b"content-type", b"text/html; charset=utf-8")
            return Reply(200, str(shown.content).encode(), [kind, (b"vary", VARY), *headers_out])
        media, streams = accepted(accept), self.streams is not None and takes_stream(accept)
        if media is None and not streams:
            refused = RequestRefused("NOT_ACCEPTABLE", f"Accept {RESPONSE} or {JSON}.")
            return self._failed(refused, JSON, by_name=False)
        try:
            return await self._replied(request, headers, media, streams)
        except Exception as error:
            return self._failed(error, media or JSON, JSON in accept.lower())

    async def _replied(self, request: HTTPRequest, headers: Headers, media: str | None, streams: bool) -> Reply:
        if request.method not in {"GET", "POST"}:
            raise RequestRefused("METHOD_NOT_ALLOWED", "Use GET or POST.")
        viewer = await self.authenticate(request)
        asked = await self._asked(request, headers)
        if media is None:
            return await self._only_streamed(request, asked, viewer)
        operation = self.documents.get(asked.query).operation(asked.operation_name)
        if operation.kind is not OperationType.SUBSCRIPTION:
            return await self._answered(request, headers, operation, asked, viewer, media)
        if streams:
            return self._streamed(await self.source(operation, asked, viewer), viewer)
        raise RequestRefused("NOT_ACCEPTABLE", f"Accept {STREAM} for a subscription, or send it over a WebSocket.")

    async def _answered(
        self, request: HTTPRequest, headers: Headers, operation: Operation, asked: Asked, viewer: Viewer, media: str
    ) -> Reply:
        known = None
        if request.method == "GET":
            self._refuse_by_get(operation)
            tag = headers.get(b"if-none-match")
            known = tag.decode("latin-1").removeprefix("W/") if tag else None
        answered = await self.answer(operation, asked, viewer, known)
        if known is not None and known == answered.tag:
            return Reply(304, b"", self._caching(answered, tagged=True))
        coding = headers.get(b"accept-encoding", b"").decode("latin-1")
        return self._fine(answered, media, coding, tagged=request.method == "GET")

    def _refuse_by_get(self, operation: Operation) -> None:
        if operation.kind is OperationType.MUTATION:
            raise RequestRefused("METHOD_NOT_ALLOWED", "Send mutations by POST.", allow="POST")

    async def answer(self, operation: Operation, asked: Asked, viewer: Viewer, tag: str | None = None) -> Answered:
        """Of a query or a mutation. Raises RequestRefused, DocumentRefused and Problem. `tag`: what the client has."""
        if asked.min_position is not None:
            await self.reads.wait(viewer.organisation_id, asked.min_position, SECONDS_FOR_POSITION)
        if operation.kind is OperationType.MUTATION:
            return await self._mutate(operation, asked, viewer)
        return await self.reads.answer(operation, asked.variables, viewer, tag)

    # streams

    async def source(self, operation: Operation, asked: Asked, viewer: Viewer) -> Source:
        """Of any operation. Raises as `answer` does."""
        if self.streams is None:
            raise RequestRefused("OPERATION_UNKNOWN", "There are no subscriptions here.")
        if operation.kind is not OperationType.SUBSCRIPTION:
            answered = await self.answer(operation, asked, viewer)
            return Once(Told(answered.position or 0, answered.body))
        if asked.min_position is not None:
            await self.reads.wait(viewer.organisation_id, asked.min_position, SECONDS_FOR_POSITION)
        source = self.streams.open(operation, asked.variables, viewer)
        if asked.told is not None:
            source.go_on_after(asked.told)
        return source

    async def _only_streamed(self, request: HTTPRequest, asked: Asked, viewer: Viewer) -> Reply:
        """For a client that takes nothing but a stream: what is wrong with the document is told in it."""
        try:
            operation = self.documents.get(asked.query).operation(asked.operation_name)
            if request.method == "GET":
                self._refuse_by_get(operation)
            return self._streamed(await self.source(operation, asked, viewer), viewer)
        except DocumentRefused as refused:
            return self._streamed(Once(Told(0, self.errors(refused))), viewer)

    def _streamed(self, source: Source, viewer: Viewer) -> Reply:
        if self.streams is None:
            raise TypeError("there are no streams here")
        try:
            return Reply(200, b"", [], EventStream(source, viewer, self.streams.guests, self.errors))
        except RequestRefused:
            source.close()
            raise

    def errors(self, error: Exception) -> bytes:
        """A result that is nothing but errors."""
        return msgspec.json.encode({"errors": self.told_as(error)[1]})

    async def _mutate(self, operation: Operation, asked: Asked, viewer: Viewer) -> Answered:
        if "write" not in viewer.scopes:
            raise RequestRefused("NOT_ALLOWED", "Use a key with the scope 'write'; this one lacks it.")
        if self.mutating is None:
            raise RequestRefused("OPERATION_UNKNOWN", "There are no mutations here.")
        return await self.mutating.answer(operation, asked.variables, viewer)

    # what comes in

    async def _asked(self, request: HTTPRequest, headers: Headers) -> Asked:
        if request.method == "GET":
            given = from_url(request.scope["query_string"])
        else:
            given = await self._from_body(request, headers)
        asked = self.asked(given)
        if POSITIONS.keys().isdisjoint(headers):
            return asked
        least, told = (read_position(headers[one], name) if one in headers else None for one, name in POSITIONS.items())
        return replace(asked, min_position=asked.min_position if least is None else least, told=told)

    def asked(self, given: Mapping[str, Any]) -> Asked:
        """The parameters, however they came. Raises RequestRefused."""
        name, extensions = given.get("operationName"), given.get("extensions")
        query = self.trusted.text_of(given.get("query"), named_in(given))
        if name is not None and not isinstance(name, str):
            raise RequestRefused("BAD_REQUEST", "Send operationName as a text.")
        if extensions is not None and not isinstance(extensions, dict):
            raise RequestRefused("BAD_REQUEST", "Send the extensions as a JSON object.")
        position = cast(dict[str, Any], extensions or {}).get("minPosition")
        if position is not None and (type(position) is not int or not 0 <= position <= MOST_EXACT):
            raise RequestRefused("BAD_REQUEST", "Give minPosition as a whole number from 0 to 2^53.")
        return Asked(query, checked_variables(given.get("variables")), name or None, position)

    async def _from_body(self, request: HTTPRequest, headers: Headers) -> dict[str, Any]:
        kind, _, parameters = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
        charset = parameters.partition("charset=")[2].strip(' "')
        if kind.strip() != JSON or charset not in {"", "utf-8"} or b"content-encoding" in headers:
            raise RequestRefused("MEDIA_TYPE_UNKNOWN", "Send application/json in UTF-8.")
        length = headers.get(b"content-length", b"0")
        fits = length.isdigit() and int(length) <= self.most_bytes
        body = await whole(request.receive, self.most_bytes) if fits else None
        if body is None:
            raise RequestRefused("BODY_TOO_LARGE", f"Send at most {self.most_bytes} bytes.")
        return json_object(body)

    # what goes back

    def _caching(self, answered: Answered, *, tagged: bool) -> list[tuple[bytes, bytes]]:
        headers = [(b"cache-control", b"private, no-cache"), (b"vary", VARY)]
        if tagged and answered.tag is not None:
            headers.append((b"etag", answered.tag.encode()))
        return headers

    def _fine(self, answered: Answered, media: str, accept_encoding: str, *, tagged: bool) -> Reply:
        body, headers = answered.body, self._caching(answered, tagged=tagged)
        headers.append((b"content-type", f"{media}; charset=utf-8".encode()))
        coding = coding_of(accept_encoding) if accept_encoding and len(body) > WORTH_COMPRESSING else None
        if coding is not None:
            body = self._coded(answered, coding)
            headers.append((b"content-encoding", coding.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        return Reply(200, body, headers)

    def _coded(self, answered: Answered, coding: str) -> bytes:
        """A kept answer is compressed once for each coding."""
        if answered.kept is None:
            return compressed(answered.body, coding)
        found = answered.kept.coded.get(coding)
        if found is None:
            found = answered.kept.coded[coding] = compressed(answered.body, coding)
            self.reads.responses.grown(len(found))
        return found

    def told_as(self, error: Exception) -> tuple[str, list[dict[str, Any]]]:
        """Its code and the errors that go out."""
        match error:
            case DocumentRefused():
                return error.code, [dict(one) for one in error.formatted()]
            case RequestRefused():
                return error.code, [error.formatted()]
            case Problem():
                return error.code, [{"message": error.detail, "extensions": {"code": error.code}}]
            case _:
                return self._internal(error)

    def _failed(self, error: Exception, media: str, by_name: bool) -> Reply:
        more = error.headers if isinstance(error, Problem) else {}
        code, errors = self.told_as(error)
        status = STATUS.get(code, (error.status if isinstance(error, Problem) else 400, 400))
        chosen = status[1 if media == JSON and by_name else 0]
        body = msgspec.json.encode({"errors": errors})
        headers = [
            (b"content-type", f"{media}; charset=utf-8".encode()),
            (b"cache-control", b"no-store"),
            (b"vary", VARY),
            (b"content-length", str(len(body)).encode()),
        ]
        if code == "METHOD_NOT_ALLOWED":
            headers.append((b"allow", b"GET, POST"))
        if code in RETRY_AFTER and "retry-after" not in more:
            headers.append((b"retry-after", b"2" if code == "UNAVAILABLE" else b"1"))
        headers.extend((name.encode(), value.encode()) for name, value in more.items())
        return Reply(chosen, body, headers)

    def _internal(self, error: Exception) -> tuple[str, list[dict[str, Any]]]:
        """Nothing of the error's own text goes out."""
        away = unavailable(error)
        if away is not None:
            sentence = "Ask again in a moment; the database does not answer."
            return away, [{"message": sentence, "extensions": {"code": away}}]
        reference = uuid4().hex[:12]
        log.error("graphql_failed", reference=reference, exc_info=error)
        sentence = f"Tell the operator this reference: {reference}."
        return "INTERNAL", [{"message": sentence, "extensions": {"code": "INTERNAL", "reference": reference}}]


def read_position(header: bytes, name: str) -> int:
    """Raises RequestRefused for what is no position."""
    if not header.isdigit() or len(header) > len(str(MOST_EXACT)):
        raise RequestRefused("BAD_REQUEST", f"Give the header {name} as a whole number.")
    return int(header)


def json_object(body: bytes) -> dict[str, Any]:
    """Raises RequestRefused for anything else."""
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RequestRefused("BAD_REQUEST", "Send one JSON object in UTF-8.") from None
    if not isinstance(decoded, dict):
        raise RequestRefused("BAD_REQUEST", "Send one JSON object; operations are not taken in batches.")
    return cast(dict[str, Any], decoded)


def from_url(query_string: bytes) -> dict[str, Any]:
    """The parameters of a GET, variables and extensions as JSON."""
    try:
        parameters = parse_qs(query_string.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise RequestRefused("BAD_REQUEST", "Write the parameters in UTF-8, percent-encoded.") from None
    if any(len(values) > 1 for values in parameters.values()):
        raise RequestRefused("BAD_REQUEST", "Give each parameter once.")
    given: dict[str, Any] = {name: values[0] for name, values in parameters.items()}
    for name in ("variables", "extensions"):
        text = given.get(name)
        given[name] = json_object(text.encode()) if text and text != "null" else None
    return given


def graphql_routes(_settings: object = None) -> list[ASGIRouteHandler]:
    """For the Litestar app, whose state holds the service as `graphql`."""

    @asgi("/graphql", is_mount=False, copy_scope=False)
    async def graphql(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:
            await serve_socket(scope["litestar_app"].state.graphql.endpoint, scope, receive, send)
            return
        request: HTTPRequest = Request(scope, receive, send)
        endpoint: Endpoint = request.app.state.graphql.endpoint
        reply = await endpoint.reply(request)
        if reply.stream is not None:
            await reply.stream.serve(receive, send)
            return
        await send_answer(send, reply.status, b"" if request.method == "HEAD" else reply.body, reply.headers)

    return [graphql]
