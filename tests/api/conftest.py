"""The product under a server with two organisations, once a module."""

from collections.abc import AsyncIterator

import pytest

from api.applying import Urls
from infra.embedded import EmbeddedServer
from infra.settings import Settings
from tests.api.edge import ROOMY, Edge, served


@pytest.fixture(scope="module")
def urls(postgres: EmbeddedServer, database_name: str) -> Urls:
    return Urls(postgres.url(database_name), postgres.application_url(database_name))


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Of the operator; a module may have its own."""
    return ROOMY


@pytest.fixture(scope="module")
async def edge(urls: Urls, settings: Settings) -> AsyncIterator[Edge]:
    async with served(settings, urls) as opened:
        opened.here = await opened.found("Harbour")
        opened.there = await opened.found("Lighthouse")
        yield opened
