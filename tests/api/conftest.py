"""The product under a server with two organisations, once a module."""

from collections.abc import AsyncIterator

import pytest

from api.applying import Urls
from infra.embedded import EmbeddedServer
from tests.api.edge import ROOMY, Edge, served


@pytest.fixture(scope="module")
def urls(postgres: EmbeddedServer, database_name: str) -> Urls:
    return Urls(postgres.url(database_name), postgres.application_url(database_name))


@pytest.fixture(scope="module")
async def edge(urls: Urls) -> AsyncIterator[Edge]:
    async with served(ROOMY, urls) as opened:
        opened.here = await opened.found("Harbour")
        opened.there = await opened.found("Lighthouse")
        yield opened
