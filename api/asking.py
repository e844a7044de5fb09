"""Questions that pages and pictures ask of the compiled read path, for whoever may read."""

from collections.abc import Mapping
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
LONGEST = 18  # digits of a position


def parameters(request: HTTPRequest) -> dict[str, str]:
    """Of the address, each once."""
    return {name: str(value) for name, value in request.query_params.items()}


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


async def ask(request: HTTPRequest, question: str, **variables: Any) -> tuple[dict[str, Any], int | None, Viewer]:
    """The data of the answer, the position that it stands for, and who asked; raises a Problem where it is refused."""
    viewer = await viewer_of(request, request.app.state.entrance, "read")
    given = {**moment_of(parameters(request)), **variables}
    service: GraphQLService = request.app.state.graphql
    try:
        operation = service.endpoint.documents.get(question).operation(None)
        answered = await service.reads.answer(operation, given, viewer)
    except (RequestRefused, DocumentRefused) as error:
        raise problem_of(error) from None
    return msgspec.json.decode(answered.body)["data"], answered.position, viewer
