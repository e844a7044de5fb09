"""What an auditor asks over HTTP: the last checkpoint, the keys that sign, proofs; and where a witness cosigns."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, asgi, get
from litestar.datastructures import State
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.types import Receive, Scope, Send

from api.auth import HTTPRequest, viewer_of
from api.bodies import read_body, send_answer
from api.commands import JSON, demand_media_type, demand_post
from api.problems import Problem
from api.viewer import Viewer
from infra.checkpoints import NotCosigned, Stored, cosign, keys_of, newest
from infra.database import Connection, Database
from infra.notes import NoteWrong, Signature, encoded, read_signature
from infra.projector import STATEMENTS as READING
from infra.tiles import consistency, inclusion, root_at, size_of
from infra.tree import ProofWrong

TEXT = "text/plain; charset=utf-8"
HEADERS = {"cache-control": "private, no-cache", "vary": "Authorization", "x-content-type-options": "nosniff"}
LONGEST = 18  # digits of a position
MOST_BYTES = 10_000
NOT_YET = "Ask again in a moment: no checkpoint has been signed yet (HEADWAY_CHECKPOINT_SECONDS says how often)."


class InclusionBody(msgspec.Struct, kw_only=True):
    """That an event is among the first `size`: hashes in base64, the proof from the leaf upwards."""

    position: int
    size: int
    leaf: str
    root: str
    proof: list[str]


class ConsistencyBody(msgspec.Struct, kw_only=True, rename={"from_": "from", "to": "to"}):
    """That the tree of `to` events begins with that of `from`."""

    from_: int
    to: int
    fromRoot: str  # noqa: N815 - as it is called on the wire
    toRoot: str  # noqa: N815
    proof: list[str]


class CosignBody(msgspec.Struct, forbid_unknown_fields=True):
    """A witness's line below the checkpoint of so many events."""

    size: Annotated[int, msgspec.Meta(ge=1, le=10**LONGEST)]
    signature: str


async def auditor(request: HTTPRequest) -> Viewer:
    """Raises a Problem for anybody but an owner or an auditor."""
    viewer = await viewer_of(request, request.app.state.entrance, "read")
    if not viewer.sees_all:
        raise Problem(403, "NOT_ALLOWED", "Use the key of an owner or auditor to check the record.")
    return viewer


def numbers_of(query: Mapping[str, Any], *names: str) -> list[int | None]:
    """Whole numbers from the address; None for those left out. Raises a Problem."""
    if unknown := query.keys() - set(names):
        raise Problem(400, "INVALID", f"Leave out {min(unknown)}.", fields=(min(unknown),))
    return [_number(name, str(query[name])) if name in query else None for name in names]


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST:
        raise Problem(400, "INVALID", f"Write {name} as a whole number.", fields=(name,))
    return int(text)


def needed(name: str, value: int | None) -> int:
    """Raises a Problem where it was left out."""
    if value is None:
        raise Problem(400, "INVALID", f"Say {name}.", fields=(name,))
    return value


@asynccontextmanager
async def opened(state: State, viewer: Viewer) -> AsyncGenerator[Connection]:
    """A connection that sees the viewer's organisation."""
    database: Database = state.database
    async with database.read.of(viewer.organisation_id) as connection:
        yield connection


async def _last(connection: Connection, viewer: Viewer) -> Stored:
    found = await newest(connection, viewer.organisation_id)
    if found is None:
        raise Problem(404, "NOT_FOUND", NOT_YET, headers={"retry-after": "60"})
    return found


async def _within(connection: Connection, viewer: Viewer, name: str, size: int) -> None:
    covered = await size_of(connection, viewer.organisation_id)
    if not 0 < size <= covered:
        raise Problem(400, "INVALID", f"Say a {name} from 1 to {covered}, as far as the tree reaches.", fields=(name,))


@get("/audit/checkpoint", include_in_schema=False)
async def checkpoint(request: HTTPRequest, state: State) -> Response[str]:
    """The last checkpoint, with every cosignature that has come since: C2SP's tlog-checkpoint."""
    viewer = await auditor(request)
    async with opened(state, viewer) as connection:
        found = await _last(connection, viewer)
    return Response(str(found.note), media_type=TEXT, headers=HEADERS)


@get("/audit/keys", include_in_schema=False)
async def keys(request: HTTPRequest, state: State) -> Response[str]:
    """Every public key that has signed for the organisation, a line each, the newest first."""
    viewer = await auditor(request)
    async with opened(state, viewer) as connection:
        found = await keys_of(connection, viewer.organisation_id)
    return Response("".join(f"{key.line}\n" for key in found), media_type=TEXT, headers=HEADERS)


@get("/audit/inclusion", include_in_schema=False)
async def inclusion_proof(request: HTTPRequest, state: State) -> Response[InclusionBody]:
    """That the event at `position` is among the first `size` (those of the last checkpoint unless said)."""
    viewer = await auditor(request)
    position, size = numbers_of(request.query_params, "position", "size")
    position, organisation_id = needed("position", position), viewer.organisation_id
    async with opened(state, viewer) as connection:
        if size is None:
            size = (await _last(connection, viewer)).checkpoint.size
        await _within(connection, viewer, "size", size)
        try:
            leaf, proof, root = await inclusion(connection, organisation_id, position, size)
        except ProofWrong:
            raise Problem(400, "INVALID", f"Say a position from 1 to {size}.", fields=("position",)) from None
    body = InclusionBody(
        position=position,
        size=size,
        leaf=encoded(leaf),
        root=encoded(root),
        proof=[encoded(one) for one in proof],
    )
    return Response(body, headers=HEADERS)


@get("/audit/consistency", include_in_schema=False)
async def consistency_proof(request: HTTPRequest, state: State) -> Response[ConsistencyBody]:
    """That the tree of `to` events (those of the last checkpoint unless said) begins with that of `from`."""
    viewer = await auditor(request)
    old, size = numbers_of(request.query_params, "from", "to")
    old, organisation_id = needed("from", old), viewer.organisation_id
    async with opened(state, viewer) as connection:
        if size is None:
            size = (await _last(connection, viewer)).checkpoint.size
        await _within(connection, viewer, "to", size)
        if not 0 < old <= size:
            raise Problem(400, "INVALID", f"Say a from between 1 and {size}.", fields=("from",))
        proof = await consistency(connection, organisation_id, old, size)
        roots = [await root_at(connection, organisation_id, one) for one in (old, size)]
    body = ConsistencyBody(
        from_=old,
        to=size,
        fromRoot=encoded(roots[0]),
        toRoot=encoded(roots[1]),
        proof=[encoded(one) for one in proof],
    )
    return Response(body, headers=HEADERS)


def _told_by(body: bytes) -> tuple[int, Signature]:
    """What a witness sent; raises a Problem."""
    try:
        given = msgspec.json.decode(body, type=CosignBody)
        return given.size, read_signature(given.signature.rstrip("\n"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "INVALID", "Send an object with the size and the signature, a line.") from None
    except NoteWrong as error:
        raise Problem(400, "INVALID", str(error), fields=("signature",)) from None


@asgi("/audit/cosign", name="cosign", is_mount=False, copy_scope=False)
async def cosign_checkpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """Adds the signature of a known witness to the checkpoint of a size; the same again changes nothing."""
    request: HTTPRequest = Request(scope, receive, send)
    demand_post(request)
    state, viewer = request.app.state, await auditor(request)
    demand_media_type(request, JSON)
    body = await read_body(receive, request.headers.get("content-length", "0"), MOST_BYTES)
    size, signature = _told_by(body)
    database: Database = state.database
    async with database.work.acquire() as connection, connection.transaction():
        await connection.execute(READING["scope"], viewer.organisation_id)
        try:
            await cosign(connection, viewer.organisation_id, size, signature, state.witnesses)
        except NotCosigned as error:
            raise Problem(422, "NOT_COSIGNED", str(error), fields=("signature",)) from None
    answer = msgspec.json.encode({"size": size})
    await send_answer(send, 201, answer, [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(answer))])


def routes() -> list[HTTPRouteHandler | ASGIRouteHandler]:
    """All of them."""
    return [checkpoint, keys, inclusion_proof, consistency_proof, cosign_checkpoint]
