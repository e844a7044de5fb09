"""One PostgreSQL a session, a database a module: cloned from a template that has been migrated once."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.master_key import open_vault
from infra.migrate import migrate
from infra.rebuild import install
from infra.seals import Seals
from infra.settings import Settings

TEMPLATE = "headway_template"

settings.register_profile(
    "fast",
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("deep", settings.get_profile("fast"), max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    """The embedded server, with everything on that is on in earnest."""
    home = Path(tempfile.mkdtemp(prefix="headway-tests-"))
    server = EmbeddedServer(home)
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(server.place, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


@cache
def seals() -> Seals:
    """With the vault that every database of these tests uses."""
    return Seals(open_vault(Settings()))


async def prepare(url: str) -> None:
    connection = await asyncpg.connect(url)
    await migrate(connection)
    await install(connection, seals())
    await connection.close()


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedServer) -> str:
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute(f"create database {TEMPLATE}")
    await connection.close()
    await prepare(postgres.url(TEMPLATE))
    return TEMPLATE


async def fresh_database(postgres: EmbeddedServer, template: str) -> str:
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute(f"create database {name} template {template}")
    await connection.close()
    return name


@pytest.fixture(scope="module")
async def database_name(postgres: EmbeddedServer, template: str) -> str:
    return await fresh_database(postgres, template)


@pytest.fixture(scope="module")
def database_url(postgres: EmbeddedServer, database_name: str) -> str:
    """As the owner."""
    return postgres.url(database_name)


@pytest.fixture(scope="module")
async def database(postgres: EmbeddedServer, database_name: str) -> AsyncIterator[Database]:
    """As the product opens it."""
    opened = await Database.open(Settings(), postgres.url(database_name), postgres.application_url(database_name))
    yield opened
    await opened.close()
