"""F13: every command arrives one to three times, out of order, over two processes; and what would let it be recorded
twice is caught."""

import asyncio
import random
from uuid import uuid4

import pytest

from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_ledger
from tests.faults.journal import Journal, Outcome
from tests.faults.load import Asked, Issue, Load, World, by_desk
from tests.faults.mutants import without_idempotency, without_its_condition, without_its_lock
from tests.faults.stand import product

WINDOW = 20


def twice(chance: random.Random, asked: list[Asked]) -> list[Asked]:
    """Each one to three times, shuffled in windows."""
    many = [one for one in asked for _ in range(chance.randrange(1, 4))]
    windows = [many[start : start + WINDOW] for start in range(0, len(many), WINDOW)]
    for window in windows:
        chance.shuffle(window)
    return [one for window in windows for one in window]


def harmless(world: World, count: int) -> list[Asked]:
    """Commands that no rule refuses, in whatever order they come; a limit that comes back late undoes the one after."""
    made: list[Asked] = []
    for n in range(count):
        made.append(world.asked("register-person", personId=uuid4(), name="Ana"))
        made.append(world.asked("check-in", outcomeId=world.outcomes[0], moved="A little."))
        made.append(world.reading(world.measures[0], n))
        limit = {"cycleId": world.cycle_id, "teamId": world.team_id, "limit": 5 + n % 5}
        made.append(world.asked("set-focus-limit", reason="Calm.", **limit))
    return made


async def send_all(load: Load, issues: list[Issue], asked: list[Asked]) -> None:
    """Windows one after the other, what is in a window at once."""
    for start in range(0, len(asked), WINDOW):
        window = asked[start : start + WINDOW]
        await asyncio.gather(*(load.once(one, load.chance.choice(issues)) for one in window))


async def doubled(place: Place, journal: Journal, count: int = 40) -> None:
    async with (
        product(place.owner, place.application) as one,
        product(place.owner, place.application) as other,
    ):
        load = Load(journal, by_desk(one.desk))
        await load.prepare()
        issues = [by_desk(one.desk), by_desk(other.desk)]
        asked = [harmless(world, count) for world in load.worlds[:3]]
        await asyncio.gather(*(send_all(load, issues, twice(load.chance, each)) for each in asked))
        await check_all(place.owner, journal)
        every = [entry for entry in journal.entries.values() for _ in entry.answers]
        assert all(entry.answers[0].outcome is Outcome.ACKNOWLEDGED for entry in every)


async def test_f13_doubled_and_reordered_commands_are_recorded_once(place: Place, journal: Journal) -> None:
    await doubled(place, journal)


async def test_f13_another_body_under_the_same_key_is_refused(place: Place, journal: Journal) -> None:
    async with product(place.owner, place.application) as one, product(place.owner, place.application) as other:
        load = Load(journal, by_desk(one.desk))
        await load.prepare()
        for world in load.worlds:
            first = world.reading(world.measures[0], 1)
            second = Asked(world.organisation_id, first.name, first.fields | {"value": "2"}, first.key)
            answers = await asyncio.gather(by_desk(one.desk)(first), by_desk(other.desk)(second))
            told = sorted(answer.code or answer.outcome.value for answer in answers)
            assert told == ["IDEMPOTENCY_KEY_REUSED", "acknowledged"]
        await check_all(place.owner, journal)


async def test_f13_catches_a_ledger_without_idempotency(place: Place, journal: Journal) -> None:
    await without_idempotency(place)
    with pytest.raises(Broken) as broken:
        await doubled(place, journal)
    assert broken.value.invariant in {"I1", "I2"}


async def test_f13_catches_a_ledger_without_its_lock(place: Place, journal: Journal) -> None:
    await without_its_lock(place)
    with pytest.raises(Broken) as broken:
        await doubled(place, journal)
    assert broken.value.invariant in {"I1", "I3", "I4", "I9"}


async def rivals(place: Place, journal: Journal) -> None:
    """Two processes fill the same focus up, each sure of what it knew."""
    async with product(place.owner, place.application) as one, product(place.owner, place.application) as other:
        load = Load(journal, by_desk(one.desk))
        await load.prepare()
        issues = [by_desk(one.desk), by_desk(other.desk)]
        for world in load.worlds:
            outcomes = [uuid4() for _ in range(12)]
            for outcome_id in outcomes:
                await load.once(world.outcome(outcome_id))
                await load.once(world.measure(uuid4(), outcome_id))
            activations = [world.asked("activate-outcome", outcomeId=outcome_id) for outcome_id in outcomes]
            await asyncio.gather(*(load.once(each, issues[n % 2]) for n, each in enumerate(activations)))
            await circle(load, world, issues)
        await check_ledger(place.owner, journal)


async def circle(load: Load, world: World, issues: list[Issue]) -> None:
    """Both ways at once."""
    one, other = world.outcomes[:2]
    ways = [(one, other), (other, one)]
    asked = [world.asked("align-outcome", outcomeId=lower, higherId=higher) for lower, higher in ways]
    await asyncio.gather(*(load.once(each, issue) for each, issue in zip(asked, issues, strict=True)))


async def test_i8_rivals_neither_exceed_a_focus_nor_close_a_circle(place: Place, journal: Journal) -> None:
    await rivals(place, journal)


async def test_i8_catches_a_ledger_without_its_condition(place: Place, journal: Journal) -> None:
    await without_its_condition(place)
    with pytest.raises(Broken) as broken:
        await rivals(place, journal)
    assert broken.value.invariant == "I8"
