"""Pages for browsers, from files that the set-up put beside: no page of ours loads anything from elsewhere."""

from functools import cache
from mimetypes import guess_type
from pathlib import Path

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from api.problems import Problem

FOLDER = Path(__file__).parent / "explorer_files"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
ABSENT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Headway</title><body>
<h1>The pages are not set up yet</h1>
<p>Run <code>make run</code>, or <code>python -m api.explorer_setup</code>, and load this page again.</p>
<p>The server works without them: questions go to <code>POST /graphql</code>, the description is at
<a href="/openapi.json">/openapi.json</a>.</p>
</body></html>"""


@cache
def _files() -> frozenset[str]:
    return frozenset(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())


def page(name: str) -> Response[str]:
    """`graphiql` or `reference`; where the files are missing, what to run."""
    if f"{name}.html" not in _files():
        return Response(ABSENT, media_type="text/html", headers=HEADERS)
    return Response((FOLDER / f"{name}.html").read_text(), media_type="text/html", headers=HEADERS)


@get("/explorer/{path:path}", include_in_schema=False, sync_to_thread=True)
def explorer_file(request: Request[None, None, State]) -> Response[bytes]:
    """A built file; only names that the set-up wrote are served."""
    name = str(request.path_params["path"]).lstrip("/")
    if name not in _files():
        raise Problem(404, "NOT_FOUND", "There is no such file.")
    kind = guess_type(name)[0] or "application/octet-stream"
    headers = {**HEADERS, "cache-control": "public, max-age=86400"}
    return Response((FOLDER / name).read_bytes(), media_type=kind, headers=headers)


def routes() -> list[HTTPRouteHandler]:
    """What is served from our own origin."""
    return [explorer_file]
