"""The serving process: uvicorn under our own drain."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType
from typing import Literal

import uvicorn

from api.app import Services, application
from api.applying import Urls
from api.wire import Protocol, SocketProtocol
from infra.collection import collect_seldom
from infra.settings import Settings

SECONDS_TO_FINISH = 15
SECONDS_IDLE = 75  # longer than the usual balancer keeps a connection, so that it is not reset under a request


class Server(uvicorn.Server):
    """At SIGTERM it first says that it is not ready, serves on while load balancers notice, then stops; Ctrl-C stops
    it at once."""

    def __init__(self, config: uvicorn.Config, services: Services, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self.services = services
        self.told_ready = ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and not self.services.readiness.draining:
            self.services.readiness.draining = True
            asyncio.get_event_loop().call_later(self.services.settings.drain_seconds, self._leave)
            return
        super().handle_exit(sig, frame)

    def _leave(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Streams end as their protocols say, before connections are closed."""
        await self.services.leave()
        await super().shutdown(sockets)  # pyright: ignore[reportArgumentType]

    async def startup(self, sockets: list[object] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        await super().startup(sockets)  # pyright: ignore[reportArgumentType]
        if self.started and not self.should_exit and self.told_ready is not None:
            self.told_ready()


def config_of(services: Services, host: str, port: int, loop: Literal["none", "uvloop"]) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        application(services),
        host=host,
        port=port,
        loop=loop,
        http=Protocol,
        ws=SocketProtocol,
        ws_max_size=services.settings.graphql_max_bytes,
        ws_per_message_deflate=False,  # a window for each socket would cost more than it saves
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # nothing here asks who the client's address belongs to
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        timeout_keep_alive=SECONDS_IDLE,
    )


def run(settings: Settings, urls: Urls, ready: Callable[[], None] | None = None) -> int:
    """Serves until told to stop; 0 where it stopped cleanly. Raises SettingsInvalid."""
    services = Services(settings, urls)
    config = config_of(services, settings.host, settings.port, "uvloop")
    server = Server(config, services, ready)
    collect_seldom()
    try:
        server.run()
    except SystemExit:
        if services.wrong is None:
            raise
        raise services.wrong from None
    return 0 if server.started else 1
