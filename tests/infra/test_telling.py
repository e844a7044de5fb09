"""History told: sentences over a real ledger, with the names of then, in the reader's language."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from domain.commands import EVENTS
from domain.cycles import PlanCycle
from domain.indicators import UnitOfMeasure
from domain.kernel import Event
from domain.measures import Direction, SetMeasure
from domain.outcomes import SetOutcome
from domain.people import FormTeam, RegisterPerson, RevisePerson
from domain.readings import CorrectReading, VoidReading
from domain.reassigning import ReassignTask
from domain.taking import TakeReading
from domain.tasks import (
    AcceptTask,
    AgreeTerms,
    CommitTask,
    CounterTask,
    DeliverTask,
    RefuseTerms,
    RenegotiateTask,
    RequestTask,
)
from infra.codec import decode
from infra.database import Database
from infra.positions import Positions
from infra.sequencer import Accepted
from infra.wording import install_wording
from projections.history import revisions
from projections.rows import Recorded
from tests.golden_files import Golden, path_of
from tests.infra.at_work import Telling, founded, projecting

DUE, LATER = date(2031, 3, 3), date(2031, 3, 10)


@dataclass
class Story:
    """An organisation whose history can be asked for."""

    telling: Telling
    database: Database
    positions: Positions

    @property
    def tell(self) -> Callable[..., Awaitable[Accepted]]:
        return self.telling.tell

    async def rows(self, what: str, last: int, *given: Any) -> list[Any]:
        """An expression over each of the last entries, in order."""
        head = (await self.tell(RegisterPerson(person_id=uuid4(), name="Nobody"))).position
        assert await self.positions.wait(self.telling.organisation_id, head, 10)
        async with self.database.read.of(self.telling.organisation_id) as connection:
            rows = await connection.fetch(
                f"select {what} from entry e where e.organisation_id = $1 and e.position >= {head - last}"
                f" and e.position < {head} order by e.position",
                self.telling.organisation_id,
                *given,
            )
        return [row[0] for row in rows]

    async def told(self, last: int = 1, language: str = "en", hidden: tuple[UUID, ...] = ()) -> list[str]:
        """The sentences of the last events."""
        return await self.rows("told_sentence($1, e.position, $2, $3::uuid[])", last, language, hidden)


@pytest.fixture
async def story(database: Database) -> AsyncIterator[Story]:
    async with projecting(database) as (ledger, _, positions):
        yield Story(await founded(ledger), database, positions)


async def renegotiated(story: Story, task: UUID) -> UUID:
    """Ana's task for Ben is due a week later; then Ben takes another name."""
    tell, ben = story.tell, uuid4()
    await tell(RegisterPerson(person_id=ben, name="Ben"))
    await tell(
        RequestTask(
            task_id=task, title="Shelves", due_on=DUE, promiser_id=story.telling.person_id, serves_nothing="Upkeep"
        ),
        by=ben,
    )
    await tell(AcceptTask(task_id=task))
    await tell(RenegotiateTask(task_id=task, due_on=LATER, reason="supplier late"))
    await tell(AgreeTerms(task_id=task), by=ben)
    await tell(RevisePerson(person_id=ben, name="Benjamin"))
    return ben


async def test_new_terms_are_told_with_dates_reason_and_consent_and_the_names_of_then(story: Story) -> None:
    await renegotiated(story, uuid4())
    today = datetime.now(UTC).date()
    assert await story.told(5) == [
        "Ben asked Ana for “Shelves” by 3 March 2031; it serves no outcome: Upkeep.",
        "Ana promised “Shelves”.",
        "Ana proposed other terms for “Shelves” (due date from 3 March 2031 to 10 March 2031): supplier late.",
        "Ana moved the due date of “Shelves” from 3 March 2031 to 10 March 2031: supplier late."
        f" Consent: Ben, {today.day} {today:%B}.",
        "Ana revised Benjamin: name from Ben to Benjamin.",
    ]


async def test_another_language_tells_what_it_has_and_the_rest_in_english(story: Story) -> None:
    await renegotiated(story, uuid4())
    told = await story.told(5, "de")
    assert told[1] == "Ana hat „Shelves“ zugesagt."
    assert told[3].startswith("Ana hat „Shelves“ vom 3. März 2031 auf den 10. März 2031 verschoben: supplier late.")
    assert told[4] == "Ana revised Benjamin: name from Ben to Benjamin."


async def test_a_sentence_that_a_language_lacks_bears_english_days_too(story: Story) -> None:
    cycle = uuid4()
    await story.tell(PlanCycle(cycle_id=cycle, title="Spring", starts_on=DUE, ends_on=LATER))
    (told,) = await story.told(1)
    assert "3 March 2031" in told
    assert told in await story.told(2, "de")


async def test_what_a_team_was_asked_for_is_told_of_the_team(story: Story) -> None:
    team, task, ben, ana = uuid4(), uuid4(), uuid4(), story.telling.person_id
    asked = RequestTask(task_id=task, title="Shelves", due_on=DUE, team_id=team, beneficiary_id=ben, serves_nothing="-")
    for command in (
        RegisterPerson(person_id=ben, name="Ben"),
        FormTeam(team_id=team, name="Shop"),
        asked,
        ReassignTask(task_id=task, promiser_id=ben, reason="Nobody took it"),
    ):
        await story.tell(command, by=ana)
    assert await story.told(2) == [
        "Ana asked Shop for “Shelves” on behalf of Ben by 3 March 2031; it serves no outcome: -.",
        "Ana asks Ben for “Shelves”, in place of Shop: Nobody took it.",
    ]
    assert (await story.told(3, "de"))[:2] == [
        "Ana hat Shop für Ben bis 3. März 2031 um „Shelves“ gebeten; es dient keinem Ergebnis: -.",
        "Ana bittet Ben um „Shelves“, anstelle von Shop: Nobody took it.",
    ]


async def test_terms_that_were_countered_and_refused_were_never_in_force(story: Story) -> None:
    tell, ben, task, ana = story.tell, uuid4(), uuid4(), story.telling.person_id
    await tell(RegisterPerson(person_id=ben, name="Ben"))
    asked = RequestTask(task_id=task, title="Shelves", due_on=DUE, promiser_id=ana, serves_nothing="Upkeep")
    await tell(asked, by=ben)
    await tell(CounterTask(task_id=task, due_on=LATER, reason="Too early"))
    await tell(RefuseTerms(task_id=task, reason="Too late"), by=ben)
    await tell(AcceptTask(task_id=task))
    await tell(RenegotiateTask(task_id=task, due_on=DUE + timedelta(1), reason="supplier late"))
    told = "Ana proposed other terms for “Shelves” (due date from 3 March 2031 to 4 March 2031): supplier late."
    assert await story.told() == [told]


async def test_a_reason_is_of_one_event_and_what_was_before_has_no_before(story: Story) -> None:
    await renegotiated(story, task := uuid4())
    await story.tell(RenegotiateTask(task_id=task, due_on=DUE, reason="He came"))
    told = await story.rows(
        "array(select c.field || coalesce(' not ' || c.before, '') from history_changes($1, e.entity_id, e.position) c"
        " order by c.field)",
        1,
    )
    assert told == [['dueOn not "2031-03-10"', "proposerId", "reason"]]


async def test_a_promise_to_oneself_needs_no_consent_and_other_terms_move_no_date(story: Story) -> None:
    task = uuid4()
    await story.tell(CommitTask(task_id=task, title="Tidy", due_on=DUE, serves_nothing="Upkeep"))
    await story.tell(RenegotiateTask(task_id=task, conditions="Both rooms", reason="It was not said"))
    await story.tell(DeliverTask(task_id=task))
    told = await story.told(5)
    assert told[0] == "Ana promised “Tidy” by 3 March 2031; it serves no outcome: Upkeep."
    assert told[2] == "Ana changed the terms of “Tidy”: It was not said."
    assert told[4] == "Ana accepted what was delivered of “Tidy”: the promise is kept."
    names = await story.rows("command_of($1, e.position)", 6)
    assert names[:5] == ["commit-task", "renegotiate-task", "renegotiate-task", "deliver-task", "deliver-task"]


async def test_figures_bear_their_unit_and_corrections_what_they_put_right(story: Story) -> None:
    outcome, measure, reading = uuid4(), uuid4(), uuid4()
    await story.tell(SetOutcome(outcome_id=outcome, title="Bread"))
    await story.tell(
        SetMeasure(
            measure_id=measure, outcome_id=outcome, title="Loaves", direction=Direction.INCREASE, baseline=Decimal(1),
            target=Decimal("2.50"), unit=UnitOfMeasure(symbol="%"),
        )
    )  # fmt: skip
    day = datetime.now(UTC).date()
    await story.tell(TakeReading(reading_id=reading, measure_id=measure, value=Decimal("1.50"), taken_on=day))
    await story.tell(CorrectReading(reading_id=reading, value=Decimal(2), taken_on=day, reason="Misread"))
    await story.tell(VoidReading(reading_id=reading, reason="Wrong shop"))
    told = await story.told(4)
    assert told[0] == "Ana set the measure “Loaves” for “Bread”, from 1% to 2.5%."
    assert told[1] == f"Ana took a reading of “Loaves”: 1.5% on {day.day} {day:%B}."
    assert told[2] == f"Ana corrected the reading of “Loaves” from 1.5% to 2% on {day.day} {day:%B}: Misread."
    assert told[3] == "Ana voided the reading of “Loaves”, which had said 2%: Wrong shop."


async def test_r15_what_is_hidden_is_named_in_no_sentence(story: Story) -> None:
    outcome, task = uuid4(), uuid4()
    await story.tell(SetOutcome(outcome_id=outcome, title="Merger"))
    await story.tell(CommitTask(task_id=task, title="Read", due_on=DUE, outcome_id=outcome))
    told = await story.told(1, hidden=(outcome,))
    assert told == ["Ana promised “Read” by 3 March 2031, for something that you may not see."]
    assert await story.told(2) != told


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: kind.stored_type())
@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_event_can_be_told(database: Database, database_url: str, kind: type[Event], language: str) -> None:
    """Even where nothing that it names is known."""
    golden = msgspec.json.decode(path_of(kind).read_bytes(), type=Golden)
    now = datetime(2026, 6, 15, tzinfo=UTC)
    one = Recorded(
        organisation_id=uuid4(), position=1, event_id=uuid4(), event=decode(golden.type, golden.version, golden.body),
        type=golden.type, command_id=uuid4(), correlation_id=uuid4(), causation_id=uuid4(), actor="system",
        tags=tuple(golden.tags), reason=None, recorded_at=now, occurred_at=now, day=now.date(),
    )  # fmt: skip
    entry = next(iter(revisions(one)))
    values = {"organisation_id": one.organisation_id, "id": entry.id, "since": 1, **(entry.values or {})}
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("set search_path = read")
        places = ", ".join(f"${nth}" for nth in range(1, len(values) + 1))
        await connection.execute(f"insert into entry ({', '.join(values)}) values ({places})", *values.values())
        told = await connection.fetchval("select told_sentence($1, 1, $2, '{}')", one.organisation_id, language)
    finally:
        await connection.close()
    assert told
    assert told.endswith((".", "”.", ":", "✓"))
    assert not set("{}[]") & set(told)
    assert "  " not in told


@pytest.mark.parametrize(
    ("asked", "preferred", "told"),
    [
        ("de", None, "de"),
        ("de-AT", None, "de"),
        (None, "DE", "de"),
        ("fr", "de-CH", "de"),
        ("fr", None, "en"),
    ],
)
async def test_the_language_is_the_asked_one_or_the_preferred_one_or_english(
    database: Database, asked: str | None, preferred: str | None, told: str
) -> None:
    async with database.read.of(uuid4()) as connection:
        assert await connection.fetchval("select language_of($1, $2)", asked, preferred) == told


async def test_an_operators_words_stand_until_they_are_taken_away(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[general]\nsystem = "The machine"')
    connection = await asyncpg.connect(database_url)
    try:
        for own, word in ((tmp_path, "The machine"), (tmp_path, "The machine"), (None, "Headway")):
            await install_wording(connection, own)
            found = "select told #>> '{}' from edge.wording where language = $1 and key = 'general:system'"
            assert await connection.fetchval(found, "en") == word
            assert await connection.fetchval(found, "de") == word
    finally:
        await connection.close()


async def test_what_corrects_and_what_is_corrected_are_events(database: Database) -> None:
    async with database.read.of(uuid4()) as connection:
        pairs = [(kind, await connection.fetchval("select corrected_types($1)", kind)) for kind in EVENTS]
    correcting = {kind: corrected for kind, corrected in pairs if corrected}
    assert len(correcting) == 7
    for kind, corrected in correcting.items():
        subjects = {EVENTS[one].__struct_fields__[0] for one in (kind, *corrected)}
        assert len(subjects) == 1, kind
