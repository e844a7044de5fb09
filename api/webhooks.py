"""What a receiver is told before anything is sent: which public events there are, how they look, and by which key they
are signed."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from api.auth import HTTPRequest, viewer_of
from domain.public_events import PUBLIC, PublicEvent, data_type, schema
from infra.database import Database
from infra.webhook_keys import public_key

SAMPLES = UUID("0d9f6a3e-5c1b-4f0e-9a52-7f1d2c3b4a60")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1  # of the catalogue: raised where a field is added, never for another meaning, which is another name


def envelope(kind: PublicEvent) -> dict[str, Any]:
    """The JSON Schema of a whole delivery. What it does not name may be added later."""
    uuid = {"type": "string", "format": "uuid"}
    counted = {"type": "integer", "minimum": 1}
    data = schema(kind)
    parts = data.pop("$defs", None)
    return {
        "$schema": DIALECT,
        "title": kind.name,
        "description": kind.sentence,
        "type": "object",
        "properties": {
            "type": {"const": kind.name},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "organisation": uuid,
            "position": counted | {"description": "Of the event in the organisation's record: ask as of it."},
            "sequence": counted | {"description": "Of deliveries to this webhook, without a gap within an epoch."},
            "epoch": counted | {"description": "Another one: the sequence does not continue what was."},
            "data": data,
            "entity": {
                "type": ["object", "null"],
                "description": "In full deliveries: what it is about as it stood then, as GraphQL tells it.",
            },
            "changes": {"type": "array", "description": "In full deliveries: fields, before and after."},
            "sentence": {"type": "string", "description": "In full deliveries: told as one tells it to a person."},
        },
        "required": ["type", "timestamp", "organisation", "position", "sequence", "epoch", "data"],
        **({"$defs": parts} if parts else {}),
    }


def example(kind: PublicEvent) -> dict[str, Any]:
    """A thin delivery, made of the types: every field of its data has a value."""
    data = data_type(kind)
    hints = get_type_hints(data)
    told = msgspec.to_builtins(data(**{name: _sample(name, hints[name]) for name in data.__struct_fields__}))
    return {
        "type": kind.name,
        "timestamp": "2026-03-02T09:30:00Z",
        "organisation": str(uuid5(SAMPLES, "organisation")),
        "position": 90_210,
        "sequence": 4_711,
        "epoch": 1,
        "data": told,
    }


def _sample(name: str, hint: Any) -> Any:
    if get_origin(hint) in {Union, UnionType}:
        return _sample(name, next(one for one in get_args(hint) if one is not type(None)))
    if get_origin(hint) is tuple:
        return (_sample(name, get_args(hint)[0]),)
    values: Mapping[type, Any] = {
        UUID: uuid5(SAMPLES, name),
        date: date(2026, 3, 2),
        datetime: datetime.fromisoformat("2026-03-02T09:30:00Z"),
        Decimal: Decimal("0.7"),
        int: 3,
        bool: True,
    }
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    return values[hint]


@cache
def catalogue() -> bytes:
    """Every public event with its schema and an example, as JSON."""
    told = [
        {"name": one.name, "description": one.sentence, "schema": envelope(one), "example": example(one)}
        for one in PUBLIC
    ]
    return msgspec.json.encode({"version": VERSION, "events": told})


@get("/webhooks/events", include_in_schema=False, sync_to_thread=False)
def events() -> Response[bytes]:
    """The catalogue, public as the repository is."""
    return Response(catalogue(), media_type="application/json")


@get("/webhooks/keys", include_in_schema=False)
async def keys(request: HTTPRequest) -> Response[bytes]:
    """The organisation's public key, by which `v1a` signatures are checked without a secret."""
    viewer = await viewer_of(request, request.app.state.entrance, "read")
    database: Database = request.app.state.database
    told = {"keys": [public_key(database.seals.vault.secret, viewer.organisation_id)]}
    return Response(
        msgspec.json.encode(told), media_type="application/json", headers={"cache-control": "private, max-age=300"}
    )


def routes() -> list[HTTPRouteHandler]:
    """The catalogue and the keys."""
    return [events, keys]
