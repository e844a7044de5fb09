"""The log of access: each fact once, however often it is seen, and by how many processes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from domain.access import Mistake
from domain.connecting import ConnectSource
from domain.indicators import DefineIndicator
from domain.organisation import IssueApiKey
from domain.sources import SourceKind
from domain.values import Role
from infra import access_log
from infra.access_log import AccessLog
from infra.database import Database
from infra.ledger import Ledger
from tests.infra.at_work import Telling, founded

LATE = datetime(2022, 6, 15, 23, 30, tzinfo=UTC)  # the day after in Berlin


async def keyed(ledger: Ledger) -> tuple[Telling, UUID]:
    telling, key = await founded(ledger), uuid4()
    lookup = uuid4().hex[:8]
    await telling.tell(IssueApiKey(api_key_id=key, name="Board", key_role=Role.READER, lookup=lookup, digest="0" * 64))
    return telling, key


async def noted(database: Database, telling: Telling) -> list[Any]:
    async with database.read.of(telling.organisation_id) as connection:
        return await connection.fetch(
            "select type, actor, body from ledger.events where organisation_id = $1 and type like 'access.%'"
            " order by position",
            telling.organisation_id,
        )


async def test_a_use_is_noted_once_a_day_of_the_organisation_in_any_number_of_processes(database: Database) -> None:
    ledger = Ledger(database)
    telling, key = await keyed(ledger)
    logs = [AccessLog(ledger, lambda: LATE), AccessLog(Ledger(database), lambda: LATE)]
    for log in logs:
        log.used(telling.organisation_id, key, "Europe/Berlin")
        log.used(telling.organisation_id, key, "Europe/Berlin")
    assert [await log.write() for log in logs] == [1, 0]
    assert await logs[0].write() == 0
    (event,) = await noted(database, telling)
    assert (event["type"], event["actor"]) == ("access.key-used", "system")
    assert '"used_on":"2022-06-16"' in event["body"]


async def test_refusals_are_counted_and_noted_once_an_hour(database: Database) -> None:
    ledger = Ledger(database)
    telling, key = await keyed(ledger)
    log = AccessLog(ledger, lambda: LATE)
    for _ in range(500):
        log.refused(telling.organisation_id, key, "UTC", Mistake.OTHER_SECRET)
    assert await log.write() == 1
    log.refused(telling.organisation_id, key, "UTC", Mistake.OTHER_SECRET)
    assert await log.write() == 0
    (event,) = await noted(database, telling)
    assert '"refused_on":"2022-06-15","hour":23,"mistake":"OTHER_SECRET","times":500' in event["body"]


async def test_what_is_kept_until_it_is_written_is_bounded(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(access_log, "MOST_KEPT", 1)
    ledger = Ledger(database)
    telling, key = await keyed(ledger)
    log = AccessLog(ledger, lambda: LATE)
    log.used(telling.organisation_id, key, "UTC")
    log.refused(telling.organisation_id, key, "UTC", Mistake.REVOKED)
    assert await log.write() == 1


async def test_a_key_that_is_not_on_record_is_no_error(database: Database) -> None:
    log = AccessLog(Ledger(database), lambda: LATE)
    log.used(uuid4(), uuid4(), "UTC")
    assert await log.write() == 0


async def test_what_was_seen_last_is_written_at_the_end(database: Database) -> None:
    ledger = Ledger(database)
    telling, key = await keyed(ledger)
    log = AccessLog(ledger, lambda: LATE)
    log.start()
    log.used(telling.organisation_id, key, "UTC")
    await log.stop()
    assert len(await noted(database, telling)) == 1


async def test_refusals_of_a_source_are_noted_like_those_of_a_key(database: Database) -> None:
    ledger = Ledger(database)
    telling, source = await founded(ledger), uuid4()
    await telling.tell(DefineIndicator(indicator_id=source, title="Visits"))
    await telling.tell(
        ConnectSource(
            source_id=source,
            indicator_id=source,
            kind=SourceKind.PUSH_JSON,
            value_at="/v",
            lookup=uuid4().hex[:8],
            digest="0" * 64,
            secret_id=uuid4(),
        )
    )
    logs = [AccessLog(ledger, lambda: LATE), AccessLog(Ledger(database), lambda: LATE)]
    for log in logs:
        log.source_refused(telling.organisation_id, source, "Europe/Berlin", Mistake.EXPIRED)
        log.source_refused(telling.organisation_id, source, "Europe/Berlin", Mistake.EXPIRED)
        log.source_refused(telling.organisation_id, uuid4(), "Europe/Berlin", Mistake.EXPIRED)
    assert [await log.write() for log in logs] == [1, 0]
    (event,) = await noted(database, telling)
    assert (event["type"], event["actor"]) == ("access.source-refused", "system")
    assert '"refused_on":"2022-06-16","hour":1,"mistake":"EXPIRED","times":2' in event["body"]
