"""R11: once a person is forgotten nobody can read of them, here or in the files; the chain holds and counts stand."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.acknowledging import Acknowledge
from domain.capacity import StateCapacity
from domain.celebrations import Celebrate, WithdrawCelebration
from domain.checkins import CheckIn, RetractCheckIn, ReviseCheckIn
from domain.commands import EVENTS
from domain.comments import Comment, RetractComment
from domain.connecting import ConnectSource, DisconnectSource, PauseSource
from domain.cycles import PlanCycle, StartCycle, StartReview
from domain.delegation import DelegateDuties
from domain.feeds import Feed, IssueFeedToken, RevokeFeedToken
from domain.focus import ActivateOutcome
from domain.forgetting import ForgetPerson
from domain.grading import CloseCycle, GradeOutcome
from domain.identities import LinkIdentity
from domain.initiatives import PlanInitiative
from domain.kernel import Command
from domain.leaving import DeactivatePerson
from domain.measures import Direction, SetMeasure
from domain.milestones import AssignMilestone, MarkMilestone, SetMilestone
from domain.notices import Channel, Rhythm, SetNotices
from domain.outcomes import SetOutcome
from domain.people import RegisterPerson, RevisePerson
from domain.revising import AssignOutcome
from domain.sources import SourceKind
from domain.subscribing import PauseWebhook, RemoveWebhook, SubscribeWebhook
from domain.taking import TakeReading
from domain.tasks import (
    AcceptTask,
    BreakCommitment,
    CommitTask,
    CounterTask,
    DeclineTask,
    DeliverTask,
    RefuseTerms,
    ReleaseTask,
    RenegotiateTask,
    RequestTask,
    ReturnDelivery,
)
from infra import api_keys
from infra.chain import walk
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.forgetting import TOLD_NO_MORE, Scrubber, reapply
from infra.hearing import Hearing
from infra.master_key import open_vault
from infra.person_export import Held, held
from infra.rebuild import rebuild
from infra.seals import Seals
from infra.settings import Settings
from infra.vault import VaultUnavailable
from projections.read_models import PROJECTIONS
from tests.conftest import prepare, seals
from tests.infra.at_work import Telling, founded, projecting

SECONDS = 20
WORD = "Zephyrine"  # in everything personal of hers, and in nothing else
TODAY = datetime.now(UTC).date()


def a_reviewed_cycle(cycle_id: UUID, *outcomes: tuple[UUID, UUID, UUID | None]) -> Iterator[Command]:
    """A cycle with outcomes, each with its owner and its reviewer, from the plan to the close."""
    yield PlanCycle(cycle_id=cycle_id, title="Spring", starts_on=TODAY, ends_on=TODAY)
    yield StartCycle(cycle_id=cycle_id)
    for outcome_id, owner_id, reviewer_id in outcomes:
        yield SetOutcome(
            outcome_id=outcome_id, title="Done", cycle_id=cycle_id, owner_id=owner_id, reviewer_id=reviewer_id
        )
        yield SetMeasure(
            measure_id=uuid4(), outcome_id=outcome_id, title="Loaves", direction=Direction.INCREASE,
            baseline=Decimal(0), target=Decimal(9), due_on=TODAY,
        )  # fmt: skip
        yield ActivateOutcome(outcome_id=outcome_id)
    yield StartReview(cycle_id=cycle_id)
    for outcome_id, *_ in outcomes:
        yield GradeOutcome(outcome_id=outcome_id, grade=Decimal(1), reason="All done.")
    yield CloseCycle(cycle_id=cycle_id)


async def tell_a_life(telling: Telling, word: str = WORD) -> UUID:
    """Somebody who says something personal in every way there is."""
    hers, next_one, boss = uuid4(), uuid4(), telling.person_id
    outcome, own, measure, check_in, comment, milestone = (uuid4() for _ in range(6))
    task, returned, asked, offered, countered, wanted, needless, token = (uuid4() for _ in range(8))
    another, stall, mistaken, cycle, reviewed, answered_for = (uuid4() for _ in range(6))
    due = date(2100, 1, 1)

    async def by(person: UUID, *commands: Command) -> None:
        for command in commands:
            await telling.tell(command, by=person)

    await by(
        boss,
        RegisterPerson(person_id=next_one, name="Next"),
        RegisterPerson(person_id=hers, name=f"Young {word}", email=f"{word}@young.example"),
        RevisePerson(person_id=hers, name=f"{word} Harbour", email=f"{word}@harbour.example"),
        LinkIdentity(person_id=hers, issuer="https://sign-on.example", subject=f"subject-{word}"),
        SetOutcome(outcome_id=outcome, title="Fewer waits", owner_id=boss, reviewer_id=hers),
        SetOutcome(outcome_id=own, title="Hers", owner_id=hers),
        SetMeasure(
            measure_id=measure,
            outcome_id=outcome,
            title="Waits",
            direction=Direction.DECREASE,
            baseline=Decimal(9),
            target=Decimal(1),
        ),
        SetMilestone(milestone_id=milestone, outcome_id=outcome, title="Half", due_on=TODAY),
        SetMilestone(milestone_id=another, outcome_id=outcome, title="Whole", due_on=TODAY, owner_id=hers),
        PlanInitiative(initiative_id=stall, outcome_id=outcome, title="Stall", owner_id=hers),
        RequestTask(task_id=countered, title="Dear", due_on=due, promiser_id=hers, serves_nothing="A favour."),
        CommitTask(task_id=needless, title="Needless", due_on=due, beneficiary_id=hers, serves_nothing="A favour."),
        RequestTask(task_id=asked, title="Asked", due_on=due, promiser_id=hers, serves_nothing="A favour."),
        RequestTask(task_id=returned, title="Returned", due_on=due, promiser_id=hers, serves_nothing="A favour."),
    )
    other, webhook, source, made = uuid4(), uuid4(), uuid4(), api_keys.make(api_keys.FEED_PREFIX)
    await by(
        hers,
        TakeReading(reading_id=uuid4(), measure_id=measure, value=Decimal(5), note=f"note by {word}"),
        CheckIn(check_in_id=check_in, outcome_id=outcome, moved=f"moved {word}", set_back=f"held {word}", next=word),
        ReviseCheckIn(check_in_id=check_in, moved=f"moved again {word}", reason=f"because {word}"),
        CheckIn(check_in_id=other, outcome_id=outcome, moved=f"soon taken back {word}"),
        RetractCheckIn(check_in_id=other, reason=f"wrong {word}"),
        Comment(comment_id=comment, outcome_id=outcome, text=f"says {word}"),
        Comment(comment_id=uuid4(), outcome_id=outcome, text=f"stays {word}"),
        RetractComment(comment_id=comment, reason=f"not so {word}"),
        MarkMilestone(milestone_id=milestone, note=f"reached by {word}"),
        CounterTask(task_id=countered, due_on=date(2101, 1, 1), reason=f"dear to {word}"),
        ReleaseTask(task_id=needless, reason=f"needless to {word}"),
        RequestTask(task_id=wanted, title="Wanted", due_on=due, promiser_id=boss, serves_nothing="A favour."),
        Celebrate(celebration_id=uuid4(), title="Well done", outcome_id=outcome, text=f"praise by {word}"),
        Celebrate(celebration_id=mistaken, title="Too early", outcome_id=outcome),
        WithdrawCelebration(celebration_id=mistaken, reason=f"mistaken {word}"),
        IssueFeedToken(feed_token_id=token, feed=Feed.MILESTONES, lookup=made.lookup, digest=made.digest),
        RevokeFeedToken(feed_token_id=token, reason=f"lost by {word}"),
        SubscribeWebhook(webhook_id=webhook, receiver="https://example.com/", secret_id=uuid4()),
        SetNotices(
            channel=Channel.SLACK,
            rhythm=Rhythm.DAILY,
            receiver=f"https://example.com/{word}",
            secret_id=uuid4(),
        ),
        PauseWebhook(webhook_id=webhook, reason=f"{word} is away"),
        RemoveWebhook(webhook_id=webhook, reason=f"{word} needs it no more"),
        StateCapacity(per_week=Decimal(20), reason=f"part time {word}"),
        ConnectSource(
            source_id=source,
            measure_id=measure,
            kind=SourceKind.PUSH_JSON,
            value_at="/value",
            lookup=made.lookup,
            digest=made.digest,
            secret_id=uuid4(),
        ),
        PauseSource(source_id=source, reason=f"{word} doubts it"),
        DisconnectSource(source_id=source, reason=f"{word} trusts it no more"),
        DelegateDuties(person_id=hers, delegate_id=boss, starts_on=TODAY, ends_on=TODAY, reason=f"ill {word}"),
        DeclineTask(task_id=asked, reason=f"no time {word}"),
        AcceptTask(task_id=returned),
        DeliverTask(task_id=returned, evidence=f"see {word}"),
        CommitTask(task_id=task, title="Own", due_on=due, serves_nothing="A favour.", beneficiary_id=boss),
        CommitTask(task_id=uuid4(), title="Left", due_on=due, serves_nothing="A favour.", beneficiary_id=boss),
        RenegotiateTask(task_id=task, due_on=date(2101, 1, 1), reason=f"later {word}"),
    )
    await by(
        boss,
        ReturnDelivery(task_id=returned, reason="Not yet."),
        AssignMilestone(milestone_id=another, owner_id=next_one, reason=f"{word} is busy"),
        CounterTask(task_id=wanted, due_on=date(2101, 1, 1)),
        RefuseTerms(task_id=task, reason="No."),
        CommitTask(task_id=offered, title="Hers to judge", due_on=due, beneficiary_id=hers, serves_nothing="-"),
        DeliverTask(task_id=offered),
    )
    mine = uuid4()
    await by(boss, CheckIn(check_in_id=mine, outcome_id=outcome, moved="By the boss"))
    await by(
        hers,
        RefuseTerms(task_id=wanted, reason=f"too late for {word}"),
        ReturnDelivery(task_id=offered, reason=f"not what {word} asked for"),
        BreakCommitment(task_id=task, reason=f"broken {word}"),
        BreakCommitment(task_id=returned, reason=f"broken too {word}"),
        Acknowledge(check_in_id=mine, note=f"read by {word}"),
    )
    await by(boss, *a_reviewed_cycle(cycle, (reviewed, boss, hers), (answered_for, hers, None)))
    await by(
        hers,
        Acknowledge(outcome_id=reviewed, note=f"graded, saw {word}"),
        Acknowledge(cycle_id=cycle, note=f"reviewed, saw {word}"),
    )
    await by(boss, AssignOutcome(outcome_id=own, owner_id=next_one, reason=f"{word} has too much"))
    await by(boss, DeactivatePerson(person_id=hers, reason=f"{word} moves abroad", successor_id=next_one))
    return hers


async def told(connection: asyncpg.Connection, telling: Telling, word: str) -> list[str]:
    """The tables of the organisation's read models that say the word somewhere."""
    said = "select exists (select from read.{} t where organisation_id = $1 and t::text ilike $2)"
    return [
        table.name
        for projection in PROJECTIONS
        for table in projection.tables
        if await connection.fetchval(said.format(table.name), telling.organisation_id, f"%{word}%")
    ]


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_the_ledger_never_holds_what_is_personal(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, _, _positions):
        telling = await founded(ledger)
        await tell_a_life(telling)
    rows = await owner.fetch(
        "select type from ledger.events where organisation_id = $1 and (body || coalesce(reason, '')) ilike $2",
        telling.organisation_id,
        f"%{WORD}%",
    )
    assert rows == []


async def test_every_kind_of_personal_text_was_told(database: Database, owner: asyncpg.Connection) -> None:
    """So that the tests here forget something of each."""
    async with projecting(database) as (ledger, _, _positions):
        telling = await founded(ledger)
        await tell_a_life(telling)
    rows = await owner.fetch(
        "select distinct type from ledger.events where organisation_id = $1 and strpos(body, 'sealed:1:') > 0",
        telling.organisation_id,
    )
    assert {row[0] for row in rows} == {name for name, kind in EVENTS.items() if kind.personal()} - {"role.revoked"}


async def test_what_is_forgotten_can_not_be_read_and_all_else_stands(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        theirs = await tell_a_life(telling, "Balthasarine")
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        before = {table.name: await counted(owner, telling, table.name) for one in PROJECTIONS for table in one.tables}
        others = await told(owner, telling, "Balthasarine")
        assert (
            set(await told(owner, telling, WORD))
            == set(others)
            > {"person", "comment", "check_in", "entry", "findable"}
        )

        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
        assert await told(owner, telling, WORD) == []
        assert await told(owner, telling, "Balthasarine") == others, "somebody else was touched"
        after = {table.name: await counted(owner, telling, table.name) for one in PROJECTIONS for table in one.tables}
        grown = {"person", "entry", "concerned"}  # by the forgetting itself
        assert {name for name, count in after.items() if count != before[name]} <= grown

        again = await telling.tell(Comment(comment_id=uuid4(), outcome_id=await an_outcome(owner, telling), text="On."))
        assert await positions.wait(telling.organisation_id, again.position, SECONDS)
        assert theirs != hers
    rebuilt = await rebuild(owner, seals())
    assert (rebuilt.differences, rebuilt.stopped) == ({}, [])
    assert all(one.broken_at is None for one in await walk(owner, telling.organisation_id, 1))


async def test_what_receivers_have_answered_is_let_go_of_with_whom_it_may_name(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling, other = await founded(ledger), uuid4()
        hers = await tell_a_life(telling)
        for organisation_id in (telling.organisation_id, other):
            await owner.execute(
                "insert into outbox.attempt values ($1, $1, 1, 1, now(), 'http_500', 500, 1, $2)",
                organisation_id,
                f"No such user: {WORD}",
            )
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    said = await owner.fetch(
        "select organisation_id from outbox.attempt where excerpt ilike $1 and organisation_id = any($2::uuid[])",
        f"%{WORD}%",
        [telling.organisation_id, other],
    )
    assert [row[0] for row in said] == [other]
    tables = await owner.fetchval("select tables from edge.forgotten where person_id = $1", hers)
    assert "outbox.attempt" in tables
    assert await Scrubber(database).scrub() >= 1


async def test_what_was_wrong_with_what_sources_told_is_let_go_of_with_whom_it_may_name(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling, other = await founded(ledger), await founded(ledger)
        hers, hearing = await tell_a_life(telling), Hearing(database, ledger)
        sources = wrong, well, late, theirs = [uuid4() for _ in range(4)]
        error = f"At /value there is “{WORD}”, where a number belongs."
        await hearing.failed(telling.organisation_id, wrong, error)
        await hearing.failed(other.organisation_id, theirs, error)
        await owner.execute("insert into edge.source_state values ($1, $2, now())", telling.organisation_id, well)
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
        await hearing.failed(telling.organisation_id, late, error)  # was on its way
    rows = await owner.fetch(
        "select source_id, last_error, last_error_at from edge.source_state where source_id = any($1)", sources
    )
    said = {row[0]: row[1] for row in rows}
    assert said == {wrong: TOLD_NO_MORE, well: None, late: TOLD_NO_MORE, theirs: error}
    assert all((row[1] is None) == (row[2] is None) for row in rows), "that something was wrong is told still"
    assert "edge.source_state" in await owner.fetchval("select tables from edge.forgotten where person_id = $1", hers)
    assert await Scrubber(database).scrub() >= 1


async def test_a_read_model_made_after_it_says_nothing_either(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    await rebuild(owner, seals())
    assert await told(owner, telling, WORD) == []
    name = await owner.fetchval("select name from read.person where id = $1 and until is null", hers)
    assert name == "(forgotten)"


async def test_a_rebuild_that_comes_upon_it_first_begins_anew(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, projector, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        await projector.stop()
        await telling.tell(ForgetPerson(person_id=hers))
        await rebuild(owner, seals())
    assert await told(owner, telling, WORD) == []
    assert (await rebuild(owner, seals())).differences == {}


async def test_a_restored_database_forgets_again_before_it_serves(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
    database.seals.vault.forget(telling.organisation_id, hers)  # after the backup that the database stands at again
    assert await told(owner, telling, WORD) != []
    assert await reapply(database) >= 1
    assert await told(owner, telling, WORD) == []
    assert await reapply(database) == 0
    assert (await rebuild(owner, seals())).differences == {}


async def test_a_restored_vault_forgets_again_as_well(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        database.seals.vault.close()
        kept = database.seals.vault.path.read_bytes()
        database.seals = Seals(open_vault(database.settings))
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    database.seals.vault.close()
    database.seals.vault.path.write_bytes(kept)
    database.seals = Seals(open_vault(database.settings))
    assert not database.seals.vault.has_forgotten(telling.organisation_id, hers)
    assert await reapply(database) >= 1
    assert database.seals.vault.has_forgotten(telling.organisation_id, hers)
    sealed = await owner.fetchval(
        "select body from ledger.events where type = 'person.registered' and strpos(body, $1) > 0", str(hers)
    )
    assert database.seals.open(telling.organisation_id, "person.registered", 1, sealed).as_dict()["email"] is None


async def test_an_export_holds_what_is_hers_and_nothing_of_others_and_is_empty_of_texts_afterwards(
    database: Database, owner: asyncpg.Connection
) -> None:
    async def exported() -> list[Held]:
        return [one async for one in held(owner, database.seals, telling.organisation_id, hers)]

    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        await tell_a_life(telling, "Balthasarine")
        before = await exported()
        said = [value for one in before for value in one.fields.values() if WORD in str(value)]
        assert len(said) >= len([kind for kind in EVENTS.values() if kind.personal()])
        assert not any("Balthasarine" in str(one.fields) for one in before)
        assert {one.issued_by for one in before} == {"you", "somebody else"}
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    after = await exported()
    assert [one.type for one in after] == [*(one.type for one in before), "person.forgotten"]
    assert not any(WORD in str(one.fields) for one in after)


async def test_a_stopped_projection_is_swept_as_well(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, projector, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        await owner.execute(
            "update read.checkpoint set stopped_at = position + 1, problem = 'Poison.'"
            " where organisation_id = $1 and projection = 'practice'",
            telling.organisation_id,
        )
        await telling.tell(ForgetPerson(person_id=hers))
        while not await projector.project(telling.organisation_id):
            pass
        assert await told(owner, telling, WORD) == []
        await owner.execute("update read.checkpoint set stopped_at = null, problem = null")
        projector.stir(telling.organisation_id)
        assert await positions.wait(telling.organisation_id, last.position + 1, SECONDS)
    assert (await rebuild(owner, seals())).differences == {}


async def test_without_the_vault_nothing_personal_is_taken_and_all_else_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise VaultUnavailable("The vault does not answer.")

    async with projecting(database) as (ledger, _, _positions):
        telling = await founded(ledger)
        monkeypatch.setattr(database.seals.vault, "key_of", away)
        with pytest.raises(VaultUnavailable):
            await telling.tell(RegisterPerson(person_id=uuid4(), name="Ben"))
        outcome = uuid4()
        assert (await telling.tell(SetOutcome(outcome_id=outcome, title="Fewer waits"))).position == 3
        monkeypatch.undo()
        assert (await telling.tell(RegisterPerson(person_id=uuid4(), name="Ben"))).position == 4


async def counted(connection: asyncpg.Connection, telling: Telling, table: str) -> int:
    asked = f"select count(*) from read.{table} where organisation_id = $1"
    return await connection.fetchval(asked, telling.organisation_id)


async def an_outcome(connection: asyncpg.Connection, telling: Telling) -> UUID:
    return await connection.fetchval("select id from read.outcome where organisation_id = $1", telling.organisation_id)


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """One whose files can be searched whole."""
    home = Path(tempfile.mkdtemp(prefix="headway-tests-"))
    server = EmbeddedServer(home)
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(server.place, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def holding(folder: Path, word: str) -> list[str]:
    """The files below a folder that hold the word, in whatever case."""
    return [
        str(one.relative_to(folder))
        for one in folder.rglob("*")
        if one.is_file() and word.lower().encode() in one.read_bytes().lower()
    ]


async def test_no_file_of_the_database_holds_a_byte_of_it(server: EmbeddedServer) -> None:
    await prepare(server.url())
    database = await Database.open(Settings(), server.url(), server.application_url())
    scrubber = Scrubber(database)
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        async with database.owner_connection() as connection:
            await connection.execute("analyze")  # so that the planner has noted something too
            await connection.execute("checkpoint")
        assert holding(server.data, WORD) != []
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
        assert await scrubber.scrub() == 1
        assert await scrubber.scrub() == 0, "and once"
    await database.close()
    assert holding(server.data, WORD) == []
