"""What the inbox says of who can settle something is what becomes of it: by role, and by who they are to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from infra.timekeeper import Timekeeper
from tests.api.edge import Edge

QUESTION = """query ($p: Position!) {
  inbox(first: 100, asOf: {position: $p}) { nodes {
    kind settledBy canSettle input { name value } person { name } rule { fact days to setFor }
    task { title escalations { stands people { name } } } outcome { title } cycle { title }
  } }
}"""
TODAY = datetime.now(UTC).date()
# By which a command is refused for whoever issues it, not for what it is about.
BY_WHOM = frozenset(
    {
        "NOT_ALLOWED",
        "PERSON_REQUIRED",
        "NOT_THE_PROMISER",
        "NOT_THE_BENEFICIARY",
        "NOT_THE_REQUESTER",
        "NOT_A_PARTY",
    }
)


def ago(days: int) -> str:
    return (TODAY - timedelta(days)).isoformat()


class Bakery:
    """People with keys of their own, and what waits for them."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.people: dict[str, str] = {"Ana": str(edge.here.person)}
        self.keys: dict[str, str] = {"Ana": edge.here.keys["OWNER"]}

    async def tell(self, name: str, /, by: str = "Ana", **fields: object) -> str:
        answer = await self.edge.command(name, fields, self.keys[by])
        assert answer.status == 201, (name, answer.raw)
        return answer.json["id"]

    async def come(self, name: str, role: str = "MEMBER", person: str = "") -> None:
        if not person:
            self.people[name] = await self.tell("register-person", name=name)
        person_id = self.people[person or name]
        self.keys[name] = (await self.edge.key(self.edge.here, role, personId=person_id))[1]

    async def outcome(self, title: str, cycle: str, team: str, owner: str) -> str:
        made = await self.tell(
            "set-outcome", title=title, cycleId=cycle, teamId=team, ownerId=self.people[owner],
            reviewerId=self.people["Cat"],
        )  # fmt: skip
        await self.tell("set-measure", outcomeId=made, title="Days", direction="DECREASE", baseline="9", target="1")
        await self.tell("activate-outcome", outcomeId=made)
        return made

    async def live(self) -> None:
        for name in ("Ben", "Cat", "Dan", "Fay"):
            await self.come(name)
        await self.come("Cat who only reads", "READER", person="Cat")
        team = await self.tell("form-team", name="Ovens", leadIds=[self.people["Ben"]])
        for person in ("Cat", "Fay"):
            away = {"startsOn": ago(9), "endsOn": ago(-9), "reason": "On leave."}
            await self.tell("delegate-duties", personId=self.people[person], delegateId=self.people["Dan"], **away)
        steps = [
            {"fact": "DUE_PASSED", "days": 2, "to": "LEADS"},
            {"fact": "ACCEPTANCE_PASSED", "days": 8, "to": "LEADS"},
            {"fact": "ACKNOWLEDGEMENT_PASSED", "days": 8, "to": "LEADS"},
        ]
        await self.tell("set-escalation", reason="Nothing waits for ever.", steps=steps)
        now = await self.tell("plan-cycle", title="Now", startsOn=ago(40), endsOn=ago(-40))
        former = await self.tell("plan-cycle", title="Before", startsOn=ago(90), endsOn=ago(41))
        for cycle in (now, former):
            await self.tell("start-cycle", cycleId=cycle)
        bread, cakes = await self.outcome("Bread", now, team, "Fay"), await self.outcome("Cakes", former, team, "Fay")
        await self.tell("check-in", by="Fay", outcomeId=bread, moved="much", on=ago(20))
        due = {"outcomeId": bread, "dueOn": ago(10)}
        await self.tell("commit-task", by="Fay", title="Bake", beneficiaryId=self.people["Ben"], **due)
        given = await self.tell("commit-task", by="Cat", title="Mill", beneficiaryId=self.people["Fay"], **due)
        await self.tell("deliver-task", by="Cat", taskId=given, deliveredOn=ago(12))
        await self.tell("start-review", cycleId=former)
        why = {"reason": "As seen.", "cause": "CAPACITY", "lesson": "Ask earlier."}
        await self.tell("grade-outcome", outcomeId=cakes, grade="0.5", **why)
        await self.tell("close-cycle", cycleId=former)

    async def passes(self) -> None:
        """The timekeeper has looked: at what passed, and then at what has gone further."""
        services = self.edge.services
        for _ in range(2):
            await self.edge.settled(self.edge.here)
            await Timekeeper(services.database, services.desk.ledger).look()
        await self.edge.settled(self.edge.here)

    async def inbox(self, who: str) -> list[dict[str, Any]]:
        position = (await self.edge.heads())[self.edge.here.id]
        answer = await self.edge.graphql(QUESTION, self.keys[who], p=position)
        return answer.json["data"]["inbox"]["nodes"]

    async def settle(self, who: str, duty: dict[str, Any]) -> str:
        """The code by which it is refused, if it is."""
        told = {part["name"]: part["value"] for part in duty["input"] if part["value"]}
        answer = await self.edge.command(duty["settledBy"], told, self.keys[who])
        return "" if answer.status == 201 else answer.code


def about(duty: dict[str, Any]) -> tuple[str, str]:
    named = duty["task"] or duty["outcome"] or duty["cycle"]
    return duty["kind"], named["title"]


async def test_who_can_settle_what_is_in_their_inbox_is_not_refused_and_nobody_else_is_told_so(edge: Edge) -> None:
    bakery = Bakery(edge)
    await bakery.live()
    await bakery.passes()
    found = {who: await bakery.inbox(who) for who in bakery.keys}
    told = {who: {about(one): one["canSettle"] for one in duties} for who, duties in found.items()}
    assert told["Fay"] == {
        ("DELIVER", "Bake"): True,
        ("ACCEPT_DELIVERY", "Mill"): True,
        ("REVIEW_ACKNOWLEDGEMENT_DUE", "Before"): True,
    }
    assert told["Cat"] == {("ACKNOWLEDGEMENT_DUE", "Bread"): True, ("GRADE_ACKNOWLEDGEMENT_DUE", "Cakes"): True}
    assert told["Cat who only reads"] == dict.fromkeys(told["Cat"], False)
    assert told["Dan"] == {**dict.fromkeys(told["Fay"], False), **told["Cat"]}
    assert told["Ben"] == {
        ("ESCALATED", "Bake"): False,
        ("ESCALATED", "Mill"): False,
        ("ESCALATED", "Bread"): True,
    }
    every = [(who, one) for who, duties in found.items() for one in duties]
    for who, one in every:
        if not one["canSettle"]:
            assert await bakery.settle(who, one) in BY_WHOM, (who, one)
    for who, one in every:
        if one["canSettle"]:
            assert await bakery.settle(who, one) == "", (who, one)
    await edge.settled(edge.here)
    left = {who: [about(one) for one in await bakery.inbox(who)] for who in bakery.keys}
    assert left == {who: [] for who in bakery.keys} | {"Ben": [("ACCEPT_DELIVERY", "Bake")]}, (
        "what was delivered to him"
    )
