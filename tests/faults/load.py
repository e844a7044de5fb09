"""Eight writers over eight organisations, who send again whatever was left unanswered."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from api.applying import operator
from api.desk import Desk, Envelope
from domain.kernel import Refused
from domain.values import Invalid
from infra.database import unavailable
from tests.faults.journal import Answer, Journal, Outcome

CORRELATIONS = UUID("6f1f5f0e-3b6e-4b7a-9c43-0b8a1f5f8f10")
WRITERS = ORGANISATIONS = 8
PATIENCE = 40.0  # seconds of the wall's clock until a fault has to be over
SECONDS_TO_ANSWER = 10.0
PAUSE = 0.1  # before an unknown command is sent again


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with all that a client chooses, the same whenever it is sent."""

    organisation_id: UUID
    name: str
    fields: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))

    @property
    def correlation_id(self) -> UUID:
        return uuid5(CORRELATIONS, self.key)

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.fields)


Issue = Callable[[Asked], Awaitable[Answer]]


def by_desk(desk: Desk) -> Issue:
    """As the edge does it, without the network."""

    async def issue(asked: Asked) -> Answer:
        envelope = Envelope(key=asked.key, correlation_id=asked.correlation_id)
        call = desk.issue(asked.name, asked.body, operator(asked.organisation_id), envelope)
        try:
            done = await asyncio.wait_for(call, SECONDS_TO_ANSWER)
        except Refused as refusal:
            return Answer(Outcome.REFUSED, code=refusal.code.name)
        except Invalid as error:
            return Answer(Outcome.REFUSED, code=f"INVALID {error}")
        except Exception as error:
            if code := unavailable(error):
                return Answer(Outcome.UNKNOWN, code=f"{code} {type(error).__name__}")
            return Answer(Outcome.UNKNOWN, code=f"500 {type(error).__name__}: {error}")
        return Answer(Outcome.ACKNOWLEDGED, done.position, done.event_ids)

    return issue


@dataclass(slots=True)
class World:
    """What the commands of an organisation are about."""

    organisation_id: UUID = field(default_factory=uuid4)
    team_id: UUID = field(default_factory=uuid4)
    cycle_id: UUID = field(default_factory=uuid4)
    outcomes: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(4)])
    measures: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(4)])
    active: list[UUID] = field(default_factory=list[UUID])

    def asked(self, command: str, **fields: Any) -> Asked:
        return Asked(self.organisation_id, command, fields)

    def outcome(self, outcome_id: UUID) -> Asked:
        return self.asked(
            "set-outcome", outcomeId=outcome_id, title="Better", teamId=self.team_id, cycleId=self.cycle_id
        )

    def measure(self, measure_id: UUID, outcome_id: UUID) -> Asked:
        numbers = {"direction": "INCREASE", "baseline": "0", "target": "10"}
        return self.asked("set-measure", measureId=measure_id, outcomeId=outcome_id, title="Count", **numbers)

    def beginning(self) -> list[Asked]:
        made = [self.outcome(one) for one in self.outcomes]
        measured = [self.measure(*ids) for ids in zip(self.measures, self.outcomes, strict=True)]
        return [
            self.asked("found-organisation", organisationId=self.organisation_id, name="Harbour", timeZone="UTC"),
            self.asked("form-team", teamId=self.team_id, name="Crew"),
            self.asked("plan-cycle", cycleId=self.cycle_id, title="2022", startsOn="2022-01-01", endsOn="2022-12-31"),
            *made,
            *measured,
        ]

    def anything(self, chance: random.Random) -> list[Asked]:
        """A few commands, each to be answered before the next."""
        match chance.randrange(6):
            case 0:
                return [self.asked("register-person", personId=uuid4(), name="Ana")]
            case 1:
                return [self.asked("form-team", teamId=uuid4(), name="Crew", parentId=self.team_id)]
            case 2:
                return self._focused(chance)
            case 3:
                one, other = chance.sample(self.outcomes, 2)
                return [self.asked("align-outcome", outcomeId=one, higherId=other)]
            case 4:
                return [self.asked("check-in", outcomeId=chance.choice(self.outcomes), moved="A little.")]
            case _:
                return [self.reading(chance.choice(self.measures), chance.randrange(100))]

    def reading(self, measure_id: UUID, value: int) -> Asked:
        return self.asked("take-reading", measureId=measure_id, value=str(value), takenOn="2022-05-05")

    def _focused(self, chance: random.Random) -> list[Asked]:
        """One more outcome for the team's focus, and perhaps one less."""
        new = uuid4()
        asked = [self.outcome(new), self.measure(uuid4(), new), self.asked("activate-outcome", outcomeId=new)]
        self.active.append(new)
        if len(self.active) > 4:
            over = self.active.pop(chance.randrange(4))
            asked.append(self.asked("abandon-outcome", outcomeId=over, reason="Enough."))
        return asked


class Load:
    """Writers at work on a product."""

    def __init__(self, journal: Journal, issue: Issue, seed: int = 1) -> None:
        self.journal = journal
        self.issue = issue
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.worlds = [World() for _ in range(ORGANISATIONS)]
        self.acknowledged = 0
        self.last = monotonic()  # when a command was last acknowledged
        self.stopping = False
        self.resending = True

    async def prepare(self) -> None:
        await asyncio.gather(*(self._prepare(world) for world in self.worlds))

    async def _prepare(self, world: World) -> None:
        for asked in world.beginning():
            answer = await self.send(asked)
            assert answer.outcome is Outcome.ACKNOWLEDGED, (asked, answer)

    async def once(self, asked: Asked, issue: Issue | None = None) -> Answer:
        """Asked once and noted."""
        self.journal.asked(asked.key, asked.organisation_id, asked.name, asked.correlation_id)
        answer = await (issue or self.issue)(asked)
        self.journal.answered(asked.key, answer)
        if answer.code.startswith(("5", "INVALID")) and not answer.code.startswith("503"):
            self.journal.violations.append(f"{asked.name}: {answer.code}")
        if answer.outcome is Outcome.ACKNOWLEDGED:
            self.acknowledged += 1
            self.last = monotonic()
        return answer

    async def send(self, asked: Asked) -> Answer:
        """Until it is answered."""
        until = monotonic() + PATIENCE
        while True:
            answer = await self.once(asked)
            if answer.outcome is not Outcome.UNKNOWN or not self.resending:
                return answer
            assert monotonic() < until, f"{asked.name} has found no answer in {PATIENCE} s: {answer.code}"
            await asyncio.sleep(PAUSE)

    async def _write(self) -> None:
        while not self.stopping:
            for asked in self.chance.choice(self.worlds).anything(self.chance):
                answer = await self.send(asked)
                if answer.outcome is Outcome.UNKNOWN:
                    return

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """In the background; at the end every command has been answered."""
        writers = [asyncio.create_task(self._write()) for _ in range(WRITERS)]
        try:
            yield
            self.stopping = True
            await asyncio.gather(*writers)
        finally:
            self.stopping = True
            for writer in writers:
                writer.cancel()
            await asyncio.gather(*writers, return_exceptions=True)
            self.stopping = False

    async def until_more(self, count: int = 20, seconds: float = 20.0) -> float:
        """Waits until so many more have been acknowledged; answers how long that took."""
        began, goal = monotonic(), self.acknowledged + count
        while self.acknowledged < goal:
            assert monotonic() - began < seconds, f"no {count} commands acknowledged in {seconds} s"
            await asyncio.sleep(0.01)
        return monotonic() - began
