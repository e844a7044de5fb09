"""A journal, a database and its addresses for each test: none inherits the damage of another."""

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.embedded import EmbeddedServer
from tests.conftest import fresh_database
from tests.faults.journal import Journal


@dataclass(frozen=True, slots=True)
class Place:
    """A database of its own on a server that may be harmed."""

    server: EmbeddedServer
    name: str

    @property
    def owner(self) -> str:
        return self.server.url(self.name)

    @property
    def application(self) -> str:
        return self.server.application_url(self.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the server had to say about a failure."""
    report = yield
    place = getattr(item, "funcargs", {}).get("place")
    if report.failed and isinstance(place, Place) and place.server.log.exists():
        report.sections.append(("the server's log", place.server.log.read_text()[-6_000:]))
    return report


@pytest.fixture
def journal(tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Journal]:
    """At its end it says what it came to."""
    kept = Journal(tmp_path / "journal.ndjson")
    yield kept
    kept.close()
    told = ", ".join(f"{count} {what}" for what, count in sorted(kept.counts().items()))
    with capsys.disabled():
        print(f"\n{request.node.name}: {told}")  # noqa: T201 - the figures are what the run is for


@pytest.fixture
async def place(postgres: EmbeddedServer, template: str) -> AsyncIterator[Place]:
    if not postgres.is_running():
        postgres.start()
    yield Place(postgres, await fresh_database(postgres, template))
