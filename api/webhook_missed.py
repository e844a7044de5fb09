"""What a receiver pulls that has seen a gap: the same bodies under the same ids, as far as they may be seen still."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from api.audit import numbers_of, opened
from api.auth import HTTPRequest, viewer_of
from api.problems import Problem, unavailable
from api.viewer import Viewer
from api.webhook_bodies import Bodies
from domain.values import Role
from domain.webhooks import Mode
from infra.deliverer import Message, body_of
from infra.outbox import STATEMENTS

MOST = 100
MOST_AFTER = 2**63 - 1
LACKING = "There is no such webhook of yours; `webhooks` over GraphQL lists them."


class Missed(msgspec.Struct):
    """A delivery: `id` as in its header webhook-id, `event` as in its body."""

    id: str
    event: msgspec.Raw


async def _told(state: State, caller: Viewer, webhook_id: UUID, after: int) -> tuple[list[Message], Viewer | None]:
    """What was delivered after a number, and in whose eyes: the webhook's, and no more than the caller sees. Raises a
    Problem."""
    organisation_id = caller.organisation_id
    async with opened(state, caller) as connection:
        owner = caller.role is Role.OWNER
        webhook: Any = await connection.fetchrow(
            STATEMENTS["eyes"], organisation_id, webhook_id, caller.person_id, caller.api_key_id, owner
        )
        if webhook is None:
            raise Problem(404, "NOT_FOUND", LACKING)
        if webhook["role"] is None:
            return [], None
        eyes = Viewer(
            organisation_id=organisation_id,
            role=Role(webhook["role"]) if caller.sees_all else caller.role,
            person_id=webhook["person_id"],
            api_key_id=webhook["api_key_id"],
        )
        rows = await connection.fetch(
            STATEMENTS["told_after"], organisation_id, webhook_id, eyes.person_id, eyes.sees_all, after, MOST
        )
    beside = {
        "organisation_id": organisation_id,
        "webhook_id": webhook_id,
        "mode": webhook["mode"],
        "person_id": eyes.person_id,
        "api_key_id": eyes.api_key_id,
    }
    return [msgspec.convert(dict(row) | beside, Message) for row in rows], eyes


@get("/webhooks/{webhook_id:uuid}/events", include_in_schema=False)
async def missed(request: HTTPRequest, state: State, webhook_id: FromPath[UUID]) -> Response[bytes]:
    """At most a hundred, in the order of their numbers; for the next ones, ask after the last of these."""
    caller = await viewer_of(request, state.entrance, "read")
    (after,) = numbers_of(request.query_params, "after")
    messages, eyes = await _told(state, caller, webhook_id, min(after or 0, MOST_AFTER))
    bodies = Bodies(state.graphql)
    told: list[Missed] = []
    for one in messages:
        try:
            more = await bodies.seen(one, eyes) if one.mode is Mode.FULL and eyes is not None else ""
        except TimeoutError:
            raise unavailable() from None
        told.append(Missed(one.id, msgspec.Raw(body_of(one, more))))
    return Response(
        msgspec.json.encode(told), media_type="application/json", headers={"cache-control": "private, no-store"}
    )
