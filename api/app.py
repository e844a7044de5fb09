"""The Litestar application, put together from settings; and its life, from the first connection to the last answer."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.utils import parseaddr
from time import perf_counter
from typing import Any
from uuid import uuid4

import structlog
from litestar import Litestar, Request, Response
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api import audit, calendars, commands, ingest, map_route, notices, operations, pages, reference, webhooks
from api.applying import Urls
from api.desk import Desk
from api.graphql.event_stream import KIND as STREAM_KIND
from api.graphql.http import graphql_routes
from api.graphql.service import GraphQLService
from api.history_page import history_page
from api.problems import Problem, fault, unavailable
from api.readings_csv import readings
from api.review_page import review_page
from api.webhook_bodies import Bodies
from api.webhook_missed import missed
from infra.access_log import AccessLog
from infra.checkpoints import witnesses_of
from infra.database import Database, verify_durability
from infra.database import unavailable as database_unavailable
from infra.deliverer import Deliverer
from infra.entrance import Entrance
from infra.forgetting import Scrubber, reapply
from infra.hearing import Hearing
from infra.ledger import Ledger
from infra.mailing import mailer_of
from infra.notary import Notary
from infra.notifier import MOST_AT_ONCE, Notifier
from infra.outbox import Outbox
from infra.positions import Positions
from infra.posting import Post
from infra.projector import Projector
from infra.pulling import Puller
from infra.receivers import reach_of
from infra.settings import Settings, SettingsInvalid, public_url_of
from infra.telemetry import REQUEST_SECONDS, log
from infra.timekeeper import Timekeeper

CODES = {400: "INVALID", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "TOO_LARGE"}
ALLOWED_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "headway-min-position",
    "headway-occurred-at",
    "headway-correlation-id",
]
DETAILS = {
    404: "There is nothing at this address; the reference is at /reference.",
    405: "Use another method; the header Allow says which.",
    413: "Send less.",
}


def _of_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    status = error.status_code
    headers = dict(error.headers or {})
    if status >= 500:  # noqa: PLR2004
        return fault(_report(error)).response()
    detail = DETAILS.get(status, "Correct the request; the reference is at /reference.")
    return Problem(status, CODES.get(status, "INVALID"), detail, headers=headers).response()


def _of_problem(_request: Request[Any, Any, Any], error: Problem) -> Response[bytes]:
    return error.response()


def _of_fault(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    if code := database_unavailable(error):
        log.warning("database_unavailable", error=type(error).__name__)
        return unavailable(code).response()
    return fault(_report(error)).response()


def _report(error: Exception) -> str:
    """Puts the error into the log under a reference, which is all that the caller learns."""
    reference_ = uuid4().hex[:12]
    log.error("fault", reference=reference_, error=type(error).__name__, exc_info=error)
    return reference_


def observed(app: ASGIApp) -> ASGIApp:
    """Gives every request an id, times it, and writes one line about it: no query, no header, no body."""

    process, count = uuid4().hex[:16], itertools.count(1)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        request_id = f"{process}-{next(count)}"
        began = perf_counter()
        answered: list[int] = []
        streamed = False

        async def tell(message: Message) -> None:
            nonlocal streamed
            if message["type"] == "http.response.start":
                answered.append(message["status"])
                streamed = (b"content-type", STREAM_KIND) in message["headers"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await app(scope, receive, tell)
            finally:
                seconds = perf_counter() - began
                status = answered[0] if answered else 0
                path = str(scope["path"])
                route = path if path.startswith(("/commands", "/graphql", "/health")) and status != 404 else "other"  # noqa: PLR2004
                route = "stream" if streamed else route  # which lasts as long as somebody listens
                REQUEST_SECONDS.labels(route, f"{status // 100}xx").observe(seconds)
                log.info("request", method=scope["method"], path=path[:200], status=status, ms=round(seconds * 1e3, 2))

    return serve


class Services:
    """What a serving process holds, opened and closed in order."""

    def __init__(self, settings: Settings, urls: Urls) -> None:
        self.settings = settings
        self.urls = urls
        self.readiness = operations.Readiness()
        self.wrong: SettingsInvalid | None = None
        self.opened = False

    async def open(self) -> None:
        """Raises DatabaseUnsafe for a server that could lose what it acknowledged."""
        self.database = await Database.open(self.settings, self.urls.owner, self.urls.application)
        async with self.database.work.acquire() as connection:
            await verify_durability(connection)
        await reapply(self.database)
        self.positions = Positions()
        self.projector = Projector(self.database, self.positions)
        self.ledger = Ledger(self.database)
        self.ledger.appended.append(self.projector.stir)
        self.projector.start()
        self.access_log = AccessLog(self.ledger)
        noting = self.access_log if self.settings.access_log else None
        self.entrance = Entrance(self.database, self.settings.rate_per_second, self.settings.rate_burst, noting)
        self.scrubber = Scrubber(self.database)
        self.scrubber.start()
        self.desk = Desk(self.ledger)
        self.graphql = GraphQLService(self.settings, self.database, self.positions, self.desk, self.entrance)
        await self.graphql.verify()
        self.graphql.start()
        self.positions.forgetting += [self.ledger.forget, self.graphql.forget, self.scrubber.wake]
        self.timekeeper = Timekeeper(self.database, self.ledger)
        if self.settings.timekeeper:
            self.timekeeper.start()
        post = Post(reach_of(self.settings))
        self.deliverer = Deliverer(self.database, self.ledger, post, Bodies(self.graphql).render)
        self.outbox = Outbox(self.database, self.positions, self.deliverer)
        self.projector.follower = self.outbox
        self.outbox.made.append(self.deliverer.wake)
        if self.settings.deliverer:
            self.outbox.start()
            await self.deliverer.start()
        self.hearing = Hearing(self.database, self.ledger)
        self.puller = Puller(self.database, self.ledger, Post(reach_of(self.settings)))
        if self.settings.puller:
            await self.puller.open()
            self.puller.start()
        self.notifier = self._notifier()
        if self.settings.notifier:
            await self.notifier.post.open()
            self.notifier.start()
        self.access_log.start()
        self.notary = Notary(self.database, self.settings)
        self.witnesses = witnesses_of(self.settings)
        if self.settings.checkpoint_seconds:
            self.notary.start()
        self.opened = True

    async def leave(self) -> None:
        """Says goodbye to those who would stay; what is short goes on until `close`."""
        if self.opened:
            await self.graphql.leave()

    def _notifier(self) -> Notifier:
        """Raises SettingsInvalid."""
        sender = self.settings.mail_from or ""
        rendering = notices.Rendering(self.database.seals.vault.secret, public_url_of(self.settings), sender)
        return Notifier(
            self.database,
            self.ledger,
            Post(reach_of(self.settings), sockets=MOST_AT_ONCE),
            mailer_of(self.settings),
            notices.Asking(self.graphql).ask,
            rendering.render,
            parseaddr(sender)[1],
        )

    async def close(self) -> None:
        await self.notifier.stop()
        await self.notifier.post.close()
        await self.graphql.stop()
        await self.puller.stop()
        await self.outbox.stop()
        await self.deliverer.stop()
        await self.notary.stop()
        await self.timekeeper.stop()
        await self.access_log.stop()
        await self.scrubber.stop()
        await self.ledger.drained()
        await self.projector.stop()
        await self.database.close()


def application(services: Services) -> Litestar:
    """The app; its services open when it starts and close when it stops."""

    @asynccontextmanager
    async def life(app: Litestar) -> AsyncGenerator[None]:
        try:
            await services.open()
        except SettingsInvalid as invalid:
            services.wrong = invalid  # for whoever started the server, who only learns that it did not start
            raise
        app.state.update(
            {
                "desk": services.desk,
                "entrance": services.entrance,
                "hearing": services.hearing,
                "graphql": services.graphql,
                "database": services.database,
                "readiness": services.readiness,
                "positions": services.positions,
                "settings": services.settings,
                "witnesses": services.witnesses,
            }
        )
        try:
            yield
        finally:
            await services.close()

    origins = [origin.strip() for origin in services.settings.cors_origins.split(",") if origin.strip()]
    app = Litestar(
        route_handlers=[
            *commands.routes(),
            readings,
            ingest.ingest,
            *graphql_routes(),
            map_route.strategy_map,
            calendars.milestones,
            calendars.commitments,
            *pages.routes(),
            *reference.routes(),
            *audit.routes(),
            *webhooks.routes(),
            missed,
            *notices.routes(),
            review_page,
            history_page,
            operations.live,
            operations.ready,
            operations.metrics,
        ],
        state=State(),
        lifespan=[life],
        exception_handlers={Problem: _of_problem, HTTPException: _of_http, Exception: _of_fault},
        cors_config=CORSConfig(
            allow_origins=origins,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=["etag", "x-request-id", "headway-repeated", "retry-after"],
        )
        if origins
        else None,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=commands.MOST_BYTES,
        debug=False,
    )
    app.asgi_handler = observed(app.asgi_handler)  # outside of the routing, so that what has no route is seen as well
    return app
