"""The read path put together for a serving process."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.auth import viewer_by, viewer_of
from api.desk import Desk
from api.graphql.announcing import Announcements
from api.graphql.document import Limits, Operation
from api.graphql.http import Endpoint, HTTPRequest
from api.graphql.live import Live
from api.graphql.mutating import Mutating
from api.graphql.mutations import Desks, mutation_type
from api.graphql.plans import Reads
from api.graphql.schema import build
from api.graphql.streams import Guests, Streams
from api.graphql.subscription import CHANGES
from api.graphql.trusted import Trusted
from api.graphql.verification import verify
from api.viewer import Viewer
from infra.database import Database
from infra.entrance import Entrance
from infra.positions import Positions
from infra.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """What the settings say, and our own where they say nothing."""
    return Limits(
        document_bytes=settings.graphql_document_bytes,
        tokens=settings.graphql_max_tokens,
        depth=settings.graphql_max_depth,
        aliases=settings.graphql_max_aliases,
        root_fields=settings.graphql_max_root_fields,
        cost=settings.graphql_max_cost,
        introspection=settings.introspection,
    )


class GraphQLService:
    """Schema, plans and endpoint of one process."""

    def __init__(
        self, settings: Settings, database: Database, positions: Positions, desk: Desk, entrance: Entrance
    ) -> None:
        self.built = build(mutation_type())
        self.database = database
        self.positions = positions
        self.reads = Reads(
            self.built.model,
            database.read,
            positions,
            limits_of(settings),
            cache_bytes=settings.response_cache_megabytes * 1_000_000,
        )
        self.live = Live(self.reads, positions, max(1, settings.read_pool_size // 2))
        self.guests = Guests(positions, entrance.let_in_still, settings.live_queries)

        async def enter(key: str) -> Viewer:
            return await viewer_by(key, entrance, "read")

        self.endpoint = Endpoint(
            self.built,
            self.reads,
            _viewer,
            mutating=Mutating(self.reads, Desks(desk)),
            trusted=Trusted.of(settings.graphql_documents, settings.graphql_trust),
            explorer=settings.explorer,
            most_bytes=settings.graphql_max_bytes,
            streams=Streams(enter, self.guests, self.live.listen, {CHANGES: self._announcing}),
        )

    def _announcing(self, operation: Operation, raw: Mapping[str, Any], viewer: Viewer) -> Announcements:
        return Announcements(self.reads, self.positions, operation, raw, viewer)

    def start(self) -> None:
        """Live queries are asked from now on."""
        self.live.start()
        self.guests.start()

    async def leave(self) -> None:
        """Ends every stream, while their connections can still be told."""
        await self.guests.leave()

    async def stop(self) -> None:
        await self.guests.stop()
        await self.live.stop()

    def forget(self, _: UUID) -> None:
        """Lets go of every answer that was kept."""
        self.reads.responses.forget()

    async def verify(self) -> None:
        """Raises MappingWrong where the read model lacks what a field stands on, and SettingsInvalid for a trusted
        document that does not fit the schema."""
        self.endpoint.trusted.verify(self.endpoint.documents)
        async with self.database.owner_connection() as connection:
            await verify(self.built.model, connection)


async def _viewer(request: HTTPRequest) -> Viewer:
    return await viewer_of(request, request.app.state.entrance, "read")
