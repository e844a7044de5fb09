"""From the Authorization header to a viewer."""

from litestar import Request
from litestar.datastructures import State

from api.problems import Problem
from api.viewer import Viewer
from infra.entrance import Entered, Entrance, KeyUnknown, TooManyRequests

LONGEST = 200
HTTPRequest = Request[None, None, State]


def unauthorised(detail: str = "Send a valid API key as `Authorization: Bearer hw_live_…`.") -> Problem:
    """The same for every reason: what is wrong with a key is nobody's business."""
    return Problem(401, "UNAUTHENTICATED", detail, headers={"www-authenticate": "Bearer"})


def bearer_given(request: HTTPRequest) -> bool:
    """Whether there is such a header at all."""
    return any(name == b"authorization" for name, _ in request.scope["headers"])


def bearer(request: HTTPRequest) -> str:
    """The key as sent; raises a Problem where there is not exactly one of decent length."""
    values = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if len(values) != 1 or len(values[0]) > LONGEST:
        raise unauthorised()
    return key_in(values[0].decode("latin-1"))


def key_in(authorization: str) -> str:
    """The key of `Bearer …`; raises a Problem where there is none."""
    scheme, _, key = authorization.partition(" ")
    if len(authorization) > LONGEST or scheme.lower() != "bearer" or not key.isascii() or not key.isprintable():
        raise unauthorised()
    return key.strip()


def too_many(limit: TooManyRequests) -> Problem:
    """How long to wait."""
    seconds = max(1, round(limit.wait))
    detail = f"Wait {seconds} s; the key has used its requests up."
    return Problem(429, "TOO_MANY_REQUESTS", detail, headers={"retry-after": str(seconds)})


async def viewer_of(request: HTTPRequest, entrance: Entrance, scope: str) -> Viewer:
    """The viewer of a request; raises 401, 403 where the key lacks the scope (`read` or `write`), 429."""
    return await viewer_by(bearer(request), entrance, scope)


async def viewer_by(key: str, entrance: Entrance, scope: str) -> Viewer:
    """The viewer that a key lets in; raises as `viewer_of` does."""
    try:
        entered = await entrance.enter(key)
    except KeyUnknown:
        raise unauthorised() from None
    except TooManyRequests as limit:
        raise too_many(limit) from None
    if scope not in entered.scopes:
        raise Problem(403, "NOT_ALLOWED", f"Use a key with the scope {scope!r}; this one lacks it.")
    return viewer_as(entered)


def viewer_as(entered: Entered) -> Viewer:
    """Whoever stands behind a key that holds."""
    return Viewer(
        organisation_id=entered.organisation_id,
        api_key_id=entered.api_key_id,
        role=entered.role,
        scopes=entered.scopes,
        person_id=entered.person_id,
        time_zone=entered.time_zone,
    )
