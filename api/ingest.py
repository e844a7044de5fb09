"""`POST /ingest/{source}`: readings as a source sends them, by its own narrow key or signed after Standard Webhooks."""

import hmac
from collections.abc import Sequence
from time import time
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from api.auth import HTTPRequest, bearer, bearer_given, too_many
from api.bodies import read_body
from api.commands import JSON, demand_media_type
from api.desk import checked_key
from api.problems import Problem, invalid, of_code, refused
from domain.access import Mistake
from domain.codes import INVALID, SOURCE_UNREADABLE
from domain.hearing import SourceReading
from domain.kernel import Refused
from domain.sources import SourceKind
from domain.values import Invalid
from infra.entrance import Entrance, SourceEntered, TooManyRequests
from infra.hearing import Hearing
from infra.sequencer import Accepted
from infra.source_bodies import MOST_BYTES, NotRead, Places, Unreadable, of_csv, of_json
from infra.webhook_signing import NotVerified, verify

CSV = "text/csv"
MEDIA_TYPES = {SourceKind.PUSH_JSON.value: JSON, SourceKind.PUSH_CSV.value: CSV}
ID_HEADER = "webhook-id"


class HeardBody(msgspec.Struct, kw_only=True, rename="camel"):
    """What became of what a source sent: its readings, and the events that were recorded; none where all had been told
    before."""

    source: UUID
    readings: int
    event_ids: tuple[UUID, ...]
    position: int


def not_a_source() -> Problem:
    """The same for every reason: whether there is such a source is nobody's business."""
    detail = "Send the source's own key as `Authorization: Bearer hw_src_…`, or sign the body with its secret."
    return Problem(401, "UNAUTHENTICATED", detail, headers={"www-authenticate": "Bearer"})


def _opened(entrance: Entrance, told: Sequence[tuple[SourceEntered, Mistake | None]]) -> SourceEntered:
    """The one that nothing was wrong for; where there is none, that is noted, and a Problem is raised."""
    for source, mistake in told:
        if mistake is None:
            return source
    for source, mistake in told:
        if mistake is not None:
            entrance.refuse(source, mistake)
    raise not_a_source()


def _by_key(request: HTTPRequest, entrance: Entrance, candidates: list[SourceEntered]) -> SourceEntered:
    try:
        key = bearer(request)
    except Problem:
        raise not_a_source() from None
    return _opened(entrance, [(one, one.by_key(key)) for one in candidates])


def _by_signature(
    request: HTTPRequest, body: bytes, entrance: Entrance, candidates: list[SourceEntered]
) -> SourceEntered:
    def holds(secret: str) -> bool:
        try:
            verify(request.headers, body, [secret], (), time())
        except NotVerified as error:
            if error.reason != "wrong_signature":  # nothing by which to tell whose it is
                raise not_a_source() from None
            return False
        return True

    installation = entrance.database.seals.vault.secret
    return _opened(entrance, [(one, one.by_signature(installation, holds)) for one in candidates if one.secret_id])


def _delivery_of(request: HTTPRequest, signed: bool) -> str | None:
    """The id of what was sent; raises a Problem for one that can't be told."""
    name = ID_HEADER if signed else "idempotency-key"
    given = request.headers.get(name)
    try:
        return None if given is None else checked_key(given)
    except Invalid as error:
        raise invalid(error) from None


def _readings(source: SourceEntered, body: bytes, delivery: str | None) -> tuple[SourceReading, ...]:
    """Raises NotRead."""
    places = Places(source.value_at, source.day_at, source.id_at, source.items_at, source.time_zone)
    read = of_csv if source.kind == SourceKind.PUSH_CSV.value else of_json
    return read(body, places, delivery)


async def _heard(request: HTTPRequest, source: SourceEntered, body: bytes) -> tuple[Accepted, int]:
    """Raises a Problem for what can't be taken."""
    delivery = _delivery_of(request, source.secret_id is not None)
    hearing: Hearing = request.app.state.hearing
    installation: bytes = hearing.database.seals.vault.secret
    key, digest = None, b""
    if delivery is not None:
        known = hmac.digest(installation, source.source_id.bytes + delivery.encode(), "sha256")
        key = f"source:{known.hex()}"  # that nobody else can take beforehand
        digest = hmac.digest(installation, source.source_id.bytes + body, "sha256")
    try:
        readings = _readings(source, body, delivery)
        accepted = await hearing.hear(source.organisation_id, source.source_id, readings, source.time_zone, key, digest)
    except Unreadable as error:
        raise of_code(
            SOURCE_UNREADABLE, f"Correct what is sent, or where its readings stand. {error.sentence}", [error.field]
        ) from None
    except NotRead as error:
        raise of_code(INVALID, error.sentence) from None
    except Refused as refusal:
        raise refused(refusal) from None
    except Invalid as error:
        raise invalid(error) from None
    return accepted, len(readings)


async def _admit(entrance: Entrance, source: SourceEntered) -> None:
    """Raises 429."""
    try:
        await entrance.admit(source)
    except TooManyRequests as limit:
        raise too_many(limit) from None


@post("/ingest/{source_id:str}", include_in_schema=False)
async def ingest(request: HTTPRequest, source_id: FromPath[str]) -> Response[bytes]:
    """Readings from a source, all of them or none."""
    entrance: Entrance = request.app.state.entrance
    hearing: Hearing = request.app.state.hearing
    candidates = await entrance.sources(source_id)
    length = request.headers.get("content-length", "0")
    body: bytes | None = None
    if bearer_given(request):
        source = _by_key(request, entrance, candidates)
    elif any(one.secret_id for one in candidates):
        body = await read_body(request.receive, length, MOST_BYTES)
        source = _by_signature(request, body, entrance, candidates)
    else:
        raise not_a_source()
    await _admit(entrance, source)
    try:
        demand_media_type(request, MEDIA_TYPES[source.kind])
        if body is None:
            body = await read_body(request.receive, length, MOST_BYTES)
        told = await _heard(request, source, body)
    except Problem as problem:
        await hearing.failed(source.organisation_id, source.source_id, problem.detail)
        raise
    return _answer(source, *told)


def _answer(source: SourceEntered, accepted: Accepted, count: int) -> Response[bytes]:
    told = HeardBody(source=source.source_id, readings=count, event_ids=accepted.event_ids, position=accepted.position)
    headers = {"cache-control": "no-store", **({"headway-repeated": "true"} if accepted.repeated else {})}
    return Response(msgspec.json.encode(told), status_code=201, media_type=JSON, headers=headers)
