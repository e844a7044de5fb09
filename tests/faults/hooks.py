"""Organisations with many webhooks, a steady stream of milestones, and processes that send."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

from api.desk import Envelope
from api.viewer import Viewer
from domain.values import Role
from infra.settings import Settings
from tests.faults.child import Child
from tests.faults.conftest import Place
from tests.faults.delivering import READY
from tests.faults.journal import Journal
from tests.faults.load import Asked, Issue, Load, World, by_desk
from tests.faults.receivers import Hook, Manner, Receivers
from tests.faults.stand import Product, eventually, product

AT_HOME = Settings(webhook_networks="127.0.0.0/8", webhook_plain_http=True)
OF_AN_ORGANISATION = 25
A_SECOND = 4.0
SECONDS_TO_START = 30.0


def manners() -> list[tuple[Manner, bool]]:
    """Of the webhooks of an organisation: most are prompt, a few of them ordered; the others are trouble."""
    trouble = [Manner.SLOW, Manner.SLOW, Manner.SLOW, Manner.HANGING, Manner.HANGING, Manner.DEAD]
    trouble += [Manner.FICKLE, Manner.FICKLE, Manner.FICKLE]
    ordered = [(Manner.PROMPT, True), (Manner.PROMPT, True), (Manner.SLOW, True), (Manner.FICKLE, True)]
    rest = [(Manner.PROMPT, False)] * (OF_AN_ORGANISATION - len(trouble) - len(ordered))
    return [*((one, False) for one in trouble), *ordered, *rest]


class Stones(Load):
    """Milestones, some a second whoever is slow to answer."""

    def __init__(self, journal: Journal, issue: Issue, seed: int = 5, organisations: int = 8) -> None:
        super().__init__(journal, issue, seed)
        self.worlds = self.worlds[:organisations]
        self.outcomes = {world.organisation_id: uuid4() for world in self.worlds}
        self.pause = 8 / A_SECOND  # of each of the eight writers

    async def _write(self) -> None:
        await asyncio.sleep(self.pause * self.chance.random())
        while not self.stopping:
            await self.send(self.stone(self.chance.choice(self.worlds)))
            await asyncio.sleep(self.pause)

    def stone(self, world: World) -> Asked:
        outcome_id = self.outcomes[world.organisation_id]
        return world.asked(
            "set-milestone", milestoneId=uuid4(), outcomeId=outcome_id, title="Stone", dueOn="2100-01-01"
        )


async def subscribed(
    running: Product, load: Stones, receivers: Receivers, wanted: list[tuple[Manner, bool]]
) -> list[Hook]:
    """Webhooks of every organisation, in the eyes of a person who may see all, on an outcome that belongs to no
    cycle."""
    running.database.settings = AT_HOME
    hooks: list[Hook] = []
    for world in load.worlds:
        person = uuid4()
        await load.send(world.asked("register-person", personId=person, name="Ana"))
        await load.send(world.asked("grant-role", personId=person, role="OWNER"))
        outcome_id = load.outcomes[world.organisation_id]
        await load.send(world.asked("set-outcome", outcomeId=outcome_id, title="Better"))
        viewer = Viewer(organisation_id=world.organisation_id, role=Role.OWNER, person_id=person)
        made = [Hook(world.organisation_id, uuid4(), *one) for one in wanted]
        await asyncio.gather(*(_subscribe(running, viewer, receivers, one) for one in made))
        hooks += made
    return hooks


async def _subscribe(running: Product, viewer: Viewer, receivers: Receivers, hook: Hook) -> None:
    body = (
        f'{{"webhookId":"{hook.webhook_id}","receiver":"{receivers.url(hook)}","kinds":["milestone.set"],'
        f'"ordered":{str(hook.ordered).lower()}}}'
    )
    await running.desk.issue("subscribe-webhook", body.encode(), viewer, Envelope(key=str(uuid4())))


@asynccontextmanager
async def set_up(
    place: Place, journal: Journal, receivers: Receivers, wanted: list[tuple[Manner, bool]], organisations: int = 8
) -> AsyncGenerator[tuple[Product, Stones, list[Hook]]]:
    """The product in this process, which sends nothing itself."""
    async with product(place.owner, place.application) as running:
        load = Stones(journal, by_desk(running.desk), organisations=organisations)
        await load.prepare()
        yield running, load, await subscribed(running, load, receivers, wanted)


class Sender(Child):
    """A process that sends, and may be killed, stopped, and started again."""

    def __init__(self, place: Place, folder: Path, mutant: str = "") -> None:
        folder.mkdir()
        super().__init__(place, folder)
        self.program = ("-m", "tests.faults.delivering", *([mutant] if mutant else []))
        self.environment |= {"HEADWAY_WEBHOOK_NETWORKS": "127.0.0.0/8", "HEADWAY_WEBHOOK_PLAIN_HTTP": "true"}

    async def start(self, *, ready: bool = True) -> None:
        began = self.log.stat().st_size if self.log.exists() else 0
        await super().start(ready=False)
        if ready:
            await eventually(lambda: READY in self.log.read_text()[began:], SECONDS_TO_START)


numbers = count()


@asynccontextmanager
async def senders(place: Place, folder: Path, many: int = 2, mutant: str = "") -> AsyncGenerator[list[Sender]]:
    """So many, each in a process of its own; killed in the end."""
    made = [Sender(place, folder / f"sender-{next(numbers)}", mutant) for _ in range(many)]
    try:
        await asyncio.gather(*(one.start() for one in made))
        yield made
    finally:
        await asyncio.gather(*(one.kill() for one in made))


async def rotate(load: Stones, hooks: list[Hook]) -> None:
    """New secrets for some, while deliveries are on their way."""
    worlds = {world.organisation_id: world for world in load.worlds}
    for hook in load.chance.sample(hooks, 10):
        await load.send(worlds[hook.organisation_id].asked("rotate-webhook-secret", webhookId=hook.webhook_id))
