"""An organisation for the servers: its events put into the ledger at once, its read models made by a rebuild."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from domain.alignment import OutcomeAligned
from domain.indicators import UnitOfMeasure
from domain.kernel import Event
from domain.measures import Direction, MeasureRevised, MeasureSet
from domain.organisation import ApiKeyIssued, OrganisationFounded, Scope
from domain.outcomes import OutcomeSet
from domain.people import PersonRegistered, TeamFormed
from domain.promises import TaskCommitted
from domain.readings import ReadingTaken
from domain.values import Role
from infra import api_keys
from infra.codec import encode
from infra.database import Connection
from infra.rebuild import rebuild
from tests.conftest import seals

COLUMNS = (
    "organisation_id",
    "position",
    "event_id",
    "command_id",
    "correlation_id",
    "causation_id",
    "recorded_at",
    "occurred_at",
    "version",
    "type",
    "actor",
    "tags",
    "reason",
    "body",
    "hash",
)
AT_ONCE = 20_000  # rows of a COPY
TREE_LEVELS, BRANCHES = 5, 4  # 1 + 4 + 16 + 64 + 256 = 341 outcomes
SMALL, LARGE = 10, 1_000  # events of a boundary


class Harbour:
    """Ids of what is there, and the text of a key that may do everything."""

    def __init__(self) -> None:
        self.organisation_id, self.person_id, self.team_ids = uuid4(), uuid4(), [uuid4() for _ in range(5)]
        self.key = api_keys.make()
        self.outcome_ids: list[UUID] = []
        self.busy_measures: dict[int, UUID] = {}
        self.busy_outcomes: dict[int, UUID] = {}
        self.events: list[Event] = []
        self._found()
        self._grow_tree()
        for events in (SMALL, LARGE):
            self._revise_often(events)
            self._promise_often(events)

    def _found(self) -> None:
        self.events += [
            OrganisationFounded(organisation_id=self.organisation_id, name="Harbour", time_zone="UTC"),
            PersonRegistered(person_id=self.person_id, name="Ana"),
            *(TeamFormed(team_id=one, name=f"Team {number}") for number, one in enumerate(self.team_ids)),
            ApiKeyIssued(
                api_key_id=uuid4(),
                name="bench",
                role=Role.OWNER,
                scopes=(Scope.READ, Scope.WRITE),
                person_id=self.person_id,
                lookup=self.key.lookup,
                digest=self.key.digest,
            ),
        ]

    def _grow_tree(self) -> None:
        above: list[UUID] = []
        for level in range(TREE_LEVELS):
            here: list[UUID] = []
            for number in range(BRANCHES**level):
                here.append(self._outcome(f"Outcome {level}.{number:03}", with_measures=True))
                if above:
                    link = OutcomeAligned(outcome_id=here[-1], higher_id=above[number // BRANCHES], weight=Decimal(1))
                    self.events.append(link)
            above = here

    def _outcome(self, title: str, *, with_measures: bool) -> UUID:
        one = uuid4()
        self.outcome_ids.append(one)
        team = self.team_ids[len(self.outcome_ids) % len(self.team_ids)]
        self.events.append(OutcomeSet(outcome_id=one, title=title, team_id=team, owner_id=self.person_id))
        for number in range(3) if with_measures else ():
            measure = self._measure(one, f"Measure {number}")
            for day in range(5):
                self.events.append(
                    ReadingTaken(
                        reading_id=uuid4(),
                        measure_id=measure,
                        outcome_id=one,
                        value=Decimal(41 + day),
                        taken_on=date(2022, 5, 2) + timedelta(days=day),
                    )
                )
        return one

    def _measure(self, outcome_id: UUID, title: str) -> UUID:
        one = uuid4()
        self.events.append(
            MeasureSet(
                measure_id=one,
                outcome_id=outcome_id,
                title=title,
                direction=Direction.INCREASE,
                unit=UnitOfMeasure(symbol="%"),
                baseline=Decimal(40),
                target=Decimal(90),
            )
        )
        return one

    def _revise_often(self, events: int) -> None:
        """A measure that was set once and revised ever after."""
        outcome = self._outcome(f"Often revised {events}", with_measures=False)
        one = self.busy_measures[events] = self._measure(outcome, "Often revised")
        for number in range(events - 1):
            self.events.append(
                MeasureRevised(
                    measure_id=one,
                    outcome_id=outcome,
                    effective_on=date(2022, 1, 1) + timedelta(days=number),
                    title="Often revised",
                    unit=UnitOfMeasure(symbol="%"),
                    baseline=Decimal(40),
                    target=Decimal(90),
                    lower=None,
                    upper=None,
                    weight=Decimal(1),
                    due_on=None,
                    reason="We know more.",
                )
            )

    def _promise_often(self, events: int) -> None:
        """An outcome that many promises serve."""
        outcome = self.busy_outcomes[events] = self._outcome(f"Often promised {events}", with_measures=False)
        for number in range(events - 1):
            self.events.append(
                TaskCommitted(
                    task_id=uuid4(),
                    title=f"Task {number}",
                    due_on=date(2022, 6, 30),
                    promiser_id=self.person_id,
                    beneficiary_id=self.person_id,
                    conditions=None,
                    effort=None,
                    outcome_id=outcome,
                    serves_nothing=None,
                )
            )

    async def store(self, owner: Connection) -> None:
        now = datetime.now(UTC)
        await store(owner, self.organisation_id, ((now, event) for event in self.events))


async def store(owner: Connection, organisation_id: UUID, events: Iterable[tuple[datetime, Event]]) -> int:
    """Into an empty database, with when each was recorded; the chain is not in order, for nothing here looks at it."""
    position = 0
    for some in batched(events, AT_ONCE):
        rows = [_row(organisation_id, nth, at, event) for nth, (at, event) in enumerate(some, start=position + 1)]
        await owner.copy_records_to_table("events", schema_name="ledger", columns=COLUMNS, records=rows)
        position += len(rows)
    await owner.execute(
        "insert into ledger.tags select distinct e.organisation_id, ledger.tag_of(e.type, tag), e.position"
        "  from ledger.events e cross join lateral unnest(e.tags) tag",
        timeout=600,
    )
    await owner.execute(
        "insert into ledger.heads (organisation_id, position) values ($1, $2)", organisation_id, position
    )
    result = await rebuild(owner, seals())
    if result.stopped:
        raise RuntimeError(f"The organisation can't be projected: {result.stopped}")
    await owner.execute("vacuum (analyze)", timeout=600)
    return position


def _row(organisation_id: UUID, position: int, at: datetime, event: Event) -> tuple[Any, ...]:
    ids = (uuid4(), uuid4(), uuid4(), uuid4())
    kind, reason = event.stored_type(), getattr(event, "reason", None)
    head = (organisation_id, position, *ids, at, at, event.version)
    return (*head, kind, "system", event.tags(), reason, encode(event), bytes(32))


def batched(events: Iterable[tuple[datetime, Event]], most: int) -> Iterator[list[tuple[datetime, Event]]]:
    """So many at a time."""
    rest = iter(events)
    while some := list(islice(rest, most)):
        yield some
