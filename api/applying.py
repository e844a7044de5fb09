"""Commands from a file, in a process of their own: a desk without a server."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.commands import FAILED_FROM, TakenLine, in_flight, take_line
from api.desk import Desk, Taken
from api.viewer import Viewer
from domain.values import Role
from infra.database import Database
from infra.ledger import Ledger
from infra.master_key import open_vault
from infra.migrate import migrate, retag
from infra.positions import Positions
from infra.projecting import projecting_beside
from infra.projector import STATEMENTS, Projector
from infra.rebuild import install
from infra.seals import Seals
from infra.sequencer import Forgone
from infra.settings import Settings

MUCH = 1_000  # lines; another process takes half a second to start
SECONDS_OF_REST = 0.5  # of the projector; nobody here reads before the end, and fewer, larger rounds cost less


@dataclass(frozen=True, slots=True)
class Urls:
    """Of the role that migrates, and of the one that serves (None: the first, with its role set)."""

    owner: str
    application: str | None


@dataclass(slots=True)
class Applied:
    """What became of a file: lines recorded or known already, lines refused, and the first of these."""

    applied: int = 0
    refused: int = 0
    first_refused: int = 0


async def prepare(settings: Settings, urls: Urls, told: Callable[[str], None]) -> list[str]:
    """Migrations and read models; answers the names of the files applied."""
    seals = Seals(open_vault(settings))
    connection = await asyncpg.connect(urls.owner, timeout=5)
    try:
        applied = await migrate(connection)
        if await retag(connection):
            told("The ledger's tags were written anew; this server hashes otherwise than the former.")
        await install(connection, seals, told, Path(settings.sentences) if settings.sentences else None)
    finally:
        await connection.close()
        seals.vault.close()
    return applied


def operator(organisation_id: UUID, time_zone: str = "UTC") -> Viewer:
    """Who sits at the machine may do all, in the name of the system."""
    return Viewer(organisation_id=organisation_id, role=Role.OWNER, time_zone=time_zone)


@dataclass(frozen=True, slots=True)
class Office:
    """A desk with what stands behind it."""

    desk: Desk
    database: Database
    positions: Positions
    projector: Projector


@asynccontextmanager
async def desk_of(settings: Settings, urls: Urls, *, much: bool = False) -> AsyncGenerator[Office]:
    """A desk of this process's own; whatever it records, running servers hear of. Where that is much, another process
    projects it meanwhile."""
    database = await Database.open(settings, urls.owner, urls.application)
    positions = Positions()
    projector = Projector(database, positions, SECONDS_OF_REST)
    ledger = Ledger(database)
    ledger.appended.append(projector.stir)
    try:
        async with projecting_beside(urls.owner, urls.application) if much else nullcontext():
            projector.attend() if much else projector.start()
            yield Office(Desk(ledger), database, positions, projector)
            await ledger.drained()
    finally:
        await projector.stop()
        await database.close()


class Applying:
    """Takes the lines of a file, each with a key by which it is known when the file is applied again."""

    def __init__(self, desk: Desk, viewer: Viewer) -> None:
        self.desk = desk
        self.viewer = viewer
        self.seen = Counter[bytes]()
        self.latest: TakenLine | None = None

    async def each(self, lines: Sequence[bytes]) -> AsyncIterator[bytes]:
        """In order; one that gives the organisation a time zone has to be there before the days of the next are told
        by it."""
        for text in lines:
            yield text
            zone = _zone_in(text)
            if zone is not None and self.latest is not None and await self._came_to_be(self.latest):
                self.viewer = operator(self.viewer.organisation_id, zone)

    async def _came_to_be(self, line: TakenLine) -> bool:
        with suppress(Forgone):
            return (await line.answer()).status < FAILED_FROM
        return False

    def take(self, number: int, text: bytes, after: Taken | None) -> TakenLine:
        self.seen[text] += 1
        key = f"file-{sha256(text).hexdigest()}-{self.seen[text]}"
        self.latest = take_line(self.desk, number, text, self.viewer, after, operator=True, key=key)
        return self.latest


async def apply_file(
    settings: Settings, urls: Urls, path: Path, organisation_id: UUID, talk: Console, *, skip: bool = False
) -> Applied:
    """Line by line, in order; a line that was applied before is not applied again, whether it has a key or not."""
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]  # noqa: ASYNC240 - nothing else runs yet
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    result, last = Applied(), 0
    async with desk_of(settings, urls, much=len(lines) >= MUCH) as office:
        applying = Applying(
            office.desk, operator(organisation_id, await time_zone_of(office.database, organisation_id))
        )
        with Progress(*columns, console=talk, transient=True) as progress:
            bar = progress.add_task(path.name, total=len(lines))
            async for answer in in_flight(applying.each(lines), applying.take, skip=skip):
                progress.advance(bar)
                if answer.status < FAILED_FROM:
                    result.applied += 1
                    last = answer.position or 0
                    continue
                result.refused += 1
                result.first_refused = result.first_refused or answer.line
                told = f"line {answer.line}: {answer.code}: {answer.detail} {' '.join(answer.fields)}"
                talk.print(told, markup=False)
        if result.applied and (skip or not result.refused):
            office.projector.start()  # should the other process have come to an end
            await office.positions.wait(organisation_id, last, 60)
        async with office.database.owner_connection() as connection:
            await connection.execute("analyze")  # plans made before the next autovacuum would be those of empty tables
    return result


async def time_zone_of(database: Database, organisation_id: UUID) -> str:
    """By which days are told; UTC where there is no such organisation yet."""
    async with database.read.of(organisation_id) as connection:
        return await connection.fetchval(STATEMENTS["time_zone"], organisation_id) or "UTC"


def _zone_in(text: bytes) -> str | None:
    """The zone that a line gives the organisation; later lines' days are told by it."""
    if b'"timeZone"' not in text:
        return None
    fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    given = msgspec.json.decode(fields.get("input", msgspec.Raw(b"{}")), type=dict[str, object]).get("timeZone")
    return given if isinstance(given, str) else None
