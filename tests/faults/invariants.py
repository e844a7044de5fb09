"""I1 to I9 of the research on reliability, asked of the database from outside the product."""

import asyncio
from collections import defaultdict
from time import monotonic
from uuid import UUID

import asyncpg

from domain.alignment import OutcomeAligned, OutcomeUnaligned
from domain.focus import FocusLimitSet
from domain.kernel import Event
from domain.policy import FOCUS_LIMIT
from domain.standing import OutcomeAbandoned, OutcomeActivated
from infra.chain import walk
from infra.codec import decode
from infra.rebuild import rebuild
from projections.read_models import NAMES
from tests.conftest import seals
from tests.faults.journal import Entry, Journal
from tests.infra.test_interleavings import reached_from

QUIET = 10.0  # seconds that the read models are given to catch up


class Broken(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant = invariant


def demand(holds: bool, invariant: str, sentence: str) -> None:
    if not holds:
        raise Broken(invariant, sentence)


async def check_all(url: str, journal: Journal, *, quiet: float = QUIET) -> None:
    """Every invariant but I7, which is of webhooks; raises Broken."""
    await check_ledger(url, journal)
    await check_read_models(url, quiet=quiet)


async def check_ledger(url: str, journal: Journal) -> None:
    """I1 to I4, I8 and I9."""
    connection = await asyncpg.connect(url)
    try:
        await _check_commands(connection, journal)
        await _check_positions(connection)
        for chain in await walk(connection):
            demand(chain.broken_at is None, "I4", chain.sentence)
        for events in (await _events(connection)).values():
            check_focus(events)
            check_alignment(events)
    finally:
        await connection.close()
    demand(not journal.violations, "I9", "; ".join(journal.violations[:5]))


async def check_read_models(url: str, *, quiet: float = QUIET) -> None:
    """I6, then I5: rows are kept for every position, so equal rows answer equally as of each of them."""
    connection = await asyncpg.connect(url)
    try:
        behind = await _behind(connection)
        until = monotonic() + quiet
        while behind and monotonic() < until:
            await asyncio.sleep(0.05)
            behind = await _behind(connection)
        demand(not behind, "I6", f"behind after {quiet} s: {behind[:5]}")
        rebuilt = await rebuild(connection, seals())
        demand(not rebuilt.stopped, "I5", f"stopped: {rebuilt.stopped[:5]}")
        demand(not rebuilt.differences, "I5", f"rows differ from a fresh rebuild: {rebuilt.differences}")
    finally:
        await connection.close()


async def _behind(connection: asyncpg.Connection) -> list[tuple[str, str, int, int]]:
    rows = await connection.fetch(
        "select h.organisation_id, n.name, coalesce(c.position, 0) as reached, h.position"
        "  from ledger.heads h cross join unnest($1::text[]) n (name)"
        "  left join read.checkpoint c on c.organisation_id = h.organisation_id and c.projection = n.name"
        " where h.position > 0 and c.position is distinct from h.position",
        NAMES,
    )
    for row in rows:
        demand(row["reached"] <= row["position"], "I6", f"a checkpoint past the head: {tuple(row)}")
    return [(str(row[0]), row[1], row[2], row[3]) for row in rows]


async def _check_commands(connection: asyncpg.Connection, journal: Journal) -> None:
    """Commands are told by the correlation id that the client chose, not by what the product notes under their key."""
    recorded: defaultdict[UUID, dict[UUID, list[tuple[UUID, int, UUID]]]] = defaultdict(dict)
    for row in await connection.fetch(
        "select correlation_id, command_id, organisation_id, position, event_id"
        "  from ledger.events order by organisation_id, position"
    ):
        recorded[row[0]].setdefault(row[1], []).append((row[2], row[3], row[4]))
    lost = [key for key, entry in journal.entries.items() if entry.acknowledged and not _stands(entry, recorded)]
    total = sum(bool(entry.acknowledged) for entry in journal.entries.values())
    demand(not lost, "I1", f"{len(lost)} of {total} acknowledged commands are not as acknowledged: {lost[:3]}")
    for key, entry in journal.entries.items():
        commands = recorded.get(entry.correlation_id, {})
        demand(len(commands) <= 1, "I2", f"{key} was recorded {len(commands)} times")
        told = {(one.position, one.event_ids) for one in entry.acknowledged if one.event_ids}
        demand(len(told) <= 1, "I2", f"{key} was acknowledged differently: {told}")
        demand(not (entry.refused and commands), "I2", f"{key} was recorded, and refused: {entry.refused[:1]}")


def _stands(entry: Entry, recorded: dict[UUID, dict[UUID, list[tuple[UUID, int, UUID]]]]) -> bool:
    """Whether the events of every acknowledgement are where it said they were."""
    events = [event for events in recorded.get(entry.correlation_id, {}).values() for event in events]
    for answer in entry.acknowledged:
        if not answer.event_ids:
            continue  # nothing had to be recorded
        first = answer.position - len(answer.event_ids) + 1
        told = [(entry.organisation_id, first + n, one) for n, one in enumerate(answer.event_ids)]
        if not set(told) <= set(events):
            return False
    return True


async def _check_positions(connection: asyncpg.Connection) -> None:
    """I3, and that recorded_at never falls (F14)."""
    rows = await connection.fetch(
        "select h.organisation_id, h.position, count(e.position), coalesce(min(e.position), 1),"
        "       coalesce(max(e.position), 0)"
        "  from ledger.heads h left join ledger.events e using (organisation_id)"
        " group by h.organisation_id, h.position"
    )
    for organisation_id, head, count, first, last in rows:
        place = f"{organisation_id}: head {head}, {count} events from {first} to {last}"
        demand(head == count == last and first == 1, "I3", place)
    fallen = await connection.fetchval(
        "select count(*) from (select recorded_at < lag(recorded_at) over (partition by organisation_id"
        "       order by position) as fell from ledger.events) e where fell"
    )
    demand(fallen == 0, "F14", f"recorded_at fell {fallen} times")


async def _events(connection: asyncpg.Connection) -> dict[UUID, list[Event]]:
    found: defaultdict[UUID, list[Event]] = defaultdict(list)
    for row in await connection.fetch(
        "select organisation_id, type, version, body from ledger.events order by organisation_id, position"
    ):
        found[row[0]].append(decode(row[1], row[2], row[3]))
    return found


def check_focus(events: list[Event]) -> None:
    """R2: at the moment of its activation, no outcome was one too many of its team's in its cycle."""
    active: defaultdict[tuple[UUID, UUID | None], set[UUID]] = defaultdict(set)
    limits: dict[tuple[UUID, UUID | None], int] = {}
    for event in events:
        match event:
            case OutcomeActivated():
                place = (event.cycle_id, event.team_id)
                active[place].add(event.outcome_id)
                most = limits.get(place, FOCUS_LIMIT)
                demand(len(active[place]) <= most, "I8", f"{len(active[place])} active, {most} allowed")
            case OutcomeAbandoned():
                for held in active.values():
                    held.discard(event.outcome_id)
            case FocusLimitSet():
                limits[event.cycle_id, event.team_id] = event.limit
            case _:
                pass


def check_alignment(events: list[Event]) -> None:
    """R3: no circle, ever."""
    higher: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for event in events:
        match event:
            case OutcomeAligned():
                circle = event.outcome_id in reached_from(event.higher_id, higher)
                demand(not circle, "I8", "outcomes are aligned in a circle")
                higher[event.outcome_id].add(event.higher_id)
            case OutcomeUnaligned():
                higher[event.outcome_id].discard(event.higher_id)
            case _:
                pass
