"""The command line: facts on standard output, talk on standard error.

Exit 0: done; 1: found something; 2: asked wrongly.
"""

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from cyclopts import App, Parameter
from uuid_utils.compat import uuid7

from api.applying import Urls, apply_file, desk_of, operator, prepare, time_zone_of
from api.audit_cli import audit_app
from api.desk import Envelope
from api.person_page import write_export
from api.readings_csv import ReadingsBody, SheetRefused, take
from api.terminal import DONE, FOUND, WRONG, Json, NobodyReads, asked, database, say, talk
from api.webhooks_cli import webhooks_app
from domain.access import Export, NoteExported
from domain.kernel import Refused
from domain.values import Invalid, Role
from infra.access_log import note_export
from infra.collection import collect_seldom
from infra.database import Connection, Database, DatabaseUnsafe, unavailable
from infra.embedded import EmbeddedFailed
from infra.forgetting import Scrubber
from infra.master_key import key_in, open_vault
from infra.migrate import MigrationRefused
from infra.notes import NoteWrong, read_notes
from infra.person_export import STATEMENTS as EXPORT
from infra.person_export import Held, held
from infra.projector import STATEMENTS
from infra.rebuild import compare
from infra.rebuild import rebuild as rebuild_models
from infra.seals import Seals
from infra.settings import Settings, SettingsInvalid, described, read_settings
from infra.telemetry import configure_logs
from infra.vault import VaultUnavailable, VaultUnsafe
from infra.verifying import verify
from projections.read_models import NAMES, PROJECTIONS
from projections.wording import WordingWrong

app = App(name="headway", help="What was promised, what became of it, and how it moves the strategy.", version="0.1.0")
organisation_app = App(name="organisation", help="Organisations of this installation.")
key_app = App(name="key", help="API keys.")
person_app = App(name="person", help="What is held about a person, and how it is forgotten.")
vault_app = App(name="vault", help="The keys to what is personal.")
readings_app = App(name="readings", help="Readings of measures and indicators.")
T = TypeVar("T")
app.command(organisation_app)
app.command(readings_app)
app.command(key_app)
app.command(audit_app)
app.command(person_app)
app.command(vault_app)
app.command(webhooks_app)


def _serve(settings: Settings, greet: Callable[[Settings, Urls], Awaitable[str]] | None = None) -> int:
    from api.serving import run  # noqa: PLC0415 - the other subcommands need no web server

    with database(settings) as urls:
        uvloop.run(prepare(settings, urls, talk.print))
        greeting = uvloop.run(_greeted(greet(settings, urls))) if greet is not None else ""
        return run(settings, urls, lambda: talk.print(greeting, markup=False, soft_wrap=True) if greeting else None)


async def _greeted(greeting: Awaitable[str]) -> str:
    return await greeting


@app.command
def serve() -> int:
    """Serve HTTP and GraphQL; first applies missing migrations, and starts the embedded database where none is set."""
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    return _serve(settings)


@app.command
def demo() -> int:
    """Serve with real data of the federal government and a small organisation, and keys to look at them."""
    from api.demonstration import load, near  # noqa: PLC0415 - nobody else needs the samples

    settings = near(read_settings(os.environ), os.environ)
    configure_logs(settings.log_level if "HEADWAY_LOG_LEVEL" in os.environ else "warning")
    return _serve(settings, lambda settings, urls: load(settings, urls, talk))


@app.command
def migrate() -> int:
    """Apply the schema steps that are missing, and bring the read models to this release's shape."""
    settings = read_settings(os.environ)
    with database(settings) as urls:
        applied = uvloop.run(prepare(settings, urls, talk.print))
    say("\n".join(applied) if applied else "Nothing to do.")
    return DONE


@app.command
def apply(file: Path, *, organisation: UUID, on_failure: Literal["stop", "skip"] = "stop") -> int:
    """Apply commands from a file, a JSON line each; run again, it goes on where it stopped."""
    settings = read_settings(os.environ)
    with database(settings) as urls:
        uvloop.run(prepare(settings, urls, talk.print))
        collect_seldom()
        result = uvloop.run(apply_file(settings, urls, file, organisation, talk, skip=on_failure == "skip"))
    first = f", the first on line {result.first_refused}" if result.refused else ""
    say(f"{result.applied} applied, {result.refused} refused{first}")
    return FOUND if result.refused else DONE


@readings_app.command(name="import")
def import_readings(file: Path, *, organisation: UUID, dry_run: bool = False) -> int:
    """Take the readings of a CSV file, all of them or none; the same file again adds nothing."""
    settings = read_settings(os.environ)
    content = file.read_bytes()

    async def run(urls: Urls) -> ReadingsBody:
        await prepare(settings, urls, talk.print)
        async with desk_of(settings, urls) as office:
            viewer = operator(organisation, await time_zone_of(office.database, organisation))
            envelope = Envelope(key=f"csv-{sha256(content).hexdigest()}")
            told = await take(content, office.desk, office.database, viewer, envelope, dry_run=dry_run)
            if told.position is not None:
                await office.positions.wait(organisation, told.position, 60)
        return told

    try:
        with database(settings) as urls:
            told = uvloop.run(run(urls))
    except SheetRefused as refusal:
        for one in refusal.problems:
            where = f"line {one.line}{f', {one.column}' if one.column else ''}"
            talk.print(f"{where}: {one.code}: {one.detail}", markup=False, soft_wrap=True)
        say(f"Nothing was taken; lines that are wrong: {len({one.line for one in refusal.problems})}")
        return FOUND
    verb = "would be taken" if dry_run else "taken"
    say(f"{told.readings} readings, {told.taken} {verb}, {told.known} known already")
    return DONE


@organisation_app.command
def found(name: str, *, time_zone: str = "UTC") -> int:
    """Found an organisation and issue its owner's key, which is shown this once."""
    organisation_id = uuid7()
    founding = {"organisationId": organisation_id, "name": name, "timeZone": time_zone}
    key = {"name": "First owner", "role": Role.OWNER.value}
    _, secret = _issue(organisation_id, ("found-organisation", founding), ("issue-api-key", key))
    say(f"organisation {organisation_id}\nkey {secret}")
    return DONE


@key_app.command(name="issue")
def issue_key(
    organisation: UUID,
    *,
    name: str,
    role: Role = Role.MEMBER,
    person: UUID | None = None,
    expires_on: date | None = None,
) -> int:
    """Issue an API key; it is shown this once."""
    fields = {"name": name, "role": role.value, "personId": person, "expiresOn": expires_on}
    given = {field: value for field, value in fields.items() if value is not None}
    key_id, secret = _issue(organisation, ("issue-api-key", given))
    say(f"id {key_id}\nkey {secret}")
    return DONE


@key_app.command(name="revoke")
def revoke_key(organisation: UUID, key: UUID, *, reason: str = "Revoked by the operator.") -> int:
    """Revoke an API key; every process refuses it within a second."""
    _issue(organisation, ("revoke-api-key", {"apiKeyId": key, "reason": reason}))
    say("revoked")
    return DONE


@person_app.command
def forget(organisation: UUID, person: UUID) -> int:
    """Destroy the keys to all that is personal of somebody who has left; it cannot be undone."""
    _issue(organisation, ("forget-person", {"personId": person}))
    scrubbed = asked(lambda opened: Scrubber(opened).scrub())
    say("forgotten" if scrubbed else "forgotten; another process is writing the files anew")
    return DONE


@person_app.command
def export(organisation: UUID, person: UUID, folder: Path) -> int:
    """Write everything held about a person into a folder, as JSON and as a page to read; that it was done goes on
    record."""

    async def told(database: Database) -> tuple[str, str, list[Held]]:
        async with database.work.acquire() as connection, connection.transaction():
            await connection.execute(STATEMENTS["scope"], organisation)
            names = await connection.fetchrow(EXPORT["names"], organisation, person) or ("somebody unknown", "")
            events = [one async for one in held(connection, database.seals, organisation, person)]
        return names[0], names[1], events

    async def exported(database: Database) -> list[Held]:
        name, where, events = await told(database)
        write_export(folder, name, where, events)
        if events:
            noted = NoteExported(export=Export.PERSON, count=len(events), person_id=person)
            await note_export(database, organisation, noted)
        return events

    events = asked(exported)
    say(f"{len(events)} records in {folder}")
    return DONE if events else FOUND


@vault_app.command(name="rotate-master-key")
def rotate_master_key(file: Path) -> int:
    """Wrap every person's key anew under the master key in a file, which is made where there is none. Stop all that
    serves first; afterwards say where the key is (HEADWAY_MASTER_KEY_FILE, HEADWAY_MASTER_KEY, or the home's file)."""
    vault = open_vault(read_settings(os.environ))
    try:
        wrapped = vault.wrap_anew(key_in(file.absolute()))
    except VaultUnavailable as error:
        talk.print(str(error), markup=False, soft_wrap=True)
        return WRONG
    finally:
        vault.close()
    say(f"{wrapped} keys wrapped anew: from now on only the master key in {file} opens them")
    return DONE


def _issue(organisation_id: UUID, *commands: tuple[str, Mapping[str, object]]) -> tuple[UUID | None, str | None]:
    """Issues commands in the name of the system; answers the last one's entity and secret."""
    settings = read_settings(os.environ)

    async def run(urls: Urls) -> tuple[UUID | None, str | None]:
        await prepare(settings, urls, talk.print)
        entity, secret = None, None
        async with desk_of(settings, urls) as office:
            for name, fields in commands:
                viewer = operator(organisation_id)
                done = await office.desk.issue(name, msgspec.json.encode(fields), viewer, Envelope())
                await office.positions.wait(organisation_id, done.position, 30)
                entity, secret = done.id, done.secret
        return entity, secret

    with database(settings) as urls:
        return uvloop.run(run(urls))


def _ask(question: Callable[[Connection, Seals], Awaitable[T]]) -> T:
    """Asks over a connection of the role that migrates, which sees every organisation, with the vault."""

    async def over_the_owner(opened: Database) -> T:
        async with opened.owner_connection() as connection:
            return await question(connection, opened.seals)

    return asked(over_the_owner)


@app.command
def status(*, json: Json = False) -> int:
    """How far every projection of every organisation has come, and what has stopped."""

    async def question(connection: Connection, _: Seals) -> list[asyncpg.Record]:
        async with connection.transaction():
            await connection.execute(STATEMENTS["sweep_scope"])
            return await connection.fetch(STATEMENTS["standing"])

    rows = _ask(question)
    for row in rows:
        if json:
            say(msgspec.json.encode(dict(row)).decode())
        else:
            stopped = f"  STOPPED at {row['stopped_at']}: {row['problem']}" if row["stopped_at"] else ""
            say(f"{row['organisation_id']}  {row['projection']:<14} {row['position']:>9} of {row['head']}{stopped}")
    return FOUND if any(row["stopped_at"] for row in rows) else DONE


@app.command(name="verify")
def verify_record(
    organisation: UUID | None = None,
    *,
    since: int = 1,
    checkpoint: Path | None = None,
    read_models: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Walk the chain of hashes (from --since on), make the tree anew, and compare them with the stored nodes and every
    checkpoint; --checkpoint FILE: with what was kept outside, too; --read-models: and fold the read models anew."""
    try:
        kept = read_notes(checkpoint.read_text(encoding="utf-8")) if checkpoint is not None else []
        found = _ask(lambda connection, _: verify(connection, organisation, since, kept))
    except (OSError, NoteWrong) as error:
        talk.print(str(error), markup=False, soft_wrap=True)
        return WRONG
    for sentence in (sentence for one in found for sentence in one.sentences):
        say(sentence)
    differs = _read_models_differ() if read_models else False
    return FOUND if differs or not all(one.holds for one in found) else DONE


def _read_models_differ() -> bool:
    """Says what differs, and what could not be compared."""
    result = _ask(compare)
    for sentence in [
        *(
            f"{table}: {count} rows differ from those that the events make"
            for table, count in result.differences.items()
        ),
        *(f"stopped: {stopped}" for stopped in result.stopped),
        *(f"not compared: {behind}" for behind in result.behind),
    ]:
        say(sentence)
    if not result.differences and not result.stopped:
        say(f"the read models of {result.events} events hold")
    return bool(result.differences or result.stopped)


@app.command
def rebuild(projection: str | None = None) -> int:
    """Make read models anew beside the old ones, compare, switch; all of them, or one."""
    if projection is not None and projection not in NAMES:
        talk.print(f"There is no projection {projection}; there are {', '.join(NAMES)}.")
        return WRONG
    wanted = [one for one in PROJECTIONS if projection in {None, one.name}]
    result = _ask(lambda connection, seals: rebuild_models(connection, seals, wanted))
    say(f"{result.events} events folded, {result.rows} rows loaded")
    for table, count in result.differences.items():
        say(f"{table}: {count} rows differed from those that stood")
    for stopped in result.stopped:
        say(f"stopped: {stopped}")
    return FOUND if result.differences or result.stopped else DONE


@app.command
def settings(*, json: Json = False) -> int:
    """Every setting, its value and where that comes from; secrets are masked."""
    for one in described(read_settings(os.environ), os.environ):
        if json:
            say(msgspec.json.encode(one).decode())
        else:
            say(f"{one.name:<40} {one.value:<30} {one.origin:<12} {one.sentence}")
    return DONE


@app.command
def schema() -> int:
    """The GraphQL schema."""
    from api.graphql.mutations import mutation_type  # noqa: PLC0415 - building it takes a moment
    from api.graphql.schema import build  # noqa: PLC0415

    say(build(mutation_type()).sdl.rstrip("\n"))
    return DONE


def main() -> None:
    """The entry point; what a person can mend is said in a sentence, without a stack trace."""
    try:
        code = app(result_action="return_value")
    except (SettingsInvalid, EmbeddedFailed, MigrationRefused, DatabaseUnsafe, VaultUnsafe, WordingWrong) as error:
        _leave(str(error))
    except Refused as refusal:
        _leave(f"{refusal.code}: {refusal.sentence}")
    except Invalid as error:
        _leave(f"{error.field}: {error.sentence}")
    except (KeyboardInterrupt, NobodyReads):
        sys.exit(DONE)
    except Exception as error:
        if not unavailable(error):
            raise
        _leave("The database does not answer. Check that it runs, and HEADWAY_DATABASE_URL.")
    else:
        sys.exit(code if isinstance(code, int) else DONE)


def _leave(sentence: str) -> None:
    talk.print(sentence, markup=False, soft_wrap=True)
    sys.exit(WRONG)
