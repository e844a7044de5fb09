"""Questions that pages and pictures ask of the compiled read path, for whoever may read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State

from api.auth import viewer_of
from api.graphql.http import STATUS
from api.graphql.refusals import DocumentRefused, RequestRefused
from api.graphql.service import GraphQLService
from api.problems import Problem
from api.viewer import Viewer

HTTPRequest = Request[None, None, State]
PARAMETERS = frozenset({"asOf", "on"})
UNAVAILABLE = 503
HEADERS = {  # of a picture or a page, beside its own content-security-policy
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
    "vary": "Authorization",
}
LONGEST = 18  # digits of a position


def moment_of(query: Mapping[str, str]) -> dict[str, Any]:
    """The variables `asOf`, a position or a time, and `on`, a day; raises a Problem for a parameter that is unknown."""
    if unknown := query.keys() - PARAMETERS:
        name = min(unknown)
        raise Problem(400, "INVALID", f"Leave out {name}: only asOf and on are asked by.", fields=(name,))
    given: dict[str, Any] = {}
    if (as_of := query.get("asOf")) is not None:
        counted = as_of.isascii() and as_of.isdigit() and len(as_of) <= LONGEST
        given["asOf"] = {"position": int(as_of)} if counted else {"time": as_of}
    if (on := query.get("on")) is not None:
        given["on"] = on
    return given


def problem_of(error: RequestRefused | DocumentRefused) -> Problem:
    """As GraphQL would refuse it."""
    status = STATUS.get(error.code, (400, 400))[0]
    headers = {"retry-after": "1"} if status == UNAVAILABLE else {}
    if isinstance(error, RequestRefused):
        return Problem(status, error.code, error.sentence, headers=headers)
    return Problem(status, error.code, "; ".join(one.message for one in error.errors), headers=headers)


@dataclass(frozen=True, slots=True)
class Told:
    """The data of an answer, the position that it stands for, who asked, and the variables `asOf` and `on`."""

    data: dict[str, Any]
    position: int | None
    viewer: Viewer
    moment: dict[str, Any]


async def ask(request: HTTPRequest, question: str, **variables: Any) -> Told:
    """Asks as of the moment that the address names; raises a Problem where it is refused."""
    viewer = await viewer_of(request, request.app.state.entrance, "read")
    moment = moment_of({name: str(value) for name, value in request.query_params.items()})
    service: GraphQLService = request.app.state.graphql
    try:
        operation = service.endpoint.documents.get(question).operation(None)
        answered = await service.reads.answer(operation, {**moment, **variables}, viewer)
    except (RequestRefused, DocumentRefused) as error:
        raise problem_of(error) from None
    return Told(msgspec.json.decode(answered.body)["data"], answered.position, viewer, moment)
