"""The review of a cycle, as GraphQL tells it and as a page shows it (R8)."""

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

from api.review_page import page
from tests.api.edge import Edge, Organisation, refused

HOSTILE = "<script>alert('&amp;')</script>"
VOID = {"meta", "br"}


class Balanced(HTMLParser):
    """Whether every element that begins ends."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


class Season:
    """A cycle that was reviewed, told to an organisation of its own."""

    def __init__(self, edge: Edge, organisation: Organisation) -> None:
        self.edge, self.organisation = edge, organisation
        self.cycle = str(uuid4())
        self.measures: dict[str, str] = {}

    async def tell(self, name: str, **fields: Any) -> str:
        answer = await self.edge.command(name, fields, self.organisation.keys["OWNER"])
        assert answer.status in {200, 201}, answer.raw
        return answer.json.get("id", "")

    async def outcome(self, title: str, *values: tuple[str, str], **more: Any) -> str:
        outcome = await self.tell(
            "set-outcome", title=title, cycleId=self.cycle, ownerId=str(self.organisation.person), **more
        )
        terms = {"direction": "INCREASE", "baseline": "0", "target": "100", "dueOn": "2022-03-31"}
        measure = self.measures[title] = await self.tell("set-measure", outcomeId=outcome, title="Count", **terms)
        await self.tell("activate-outcome", outcomeId=outcome)
        for day, value in values:
            await self.tell("take-reading", measureId=measure, value=value, takenOn=day)
        return outcome

    async def told(self) -> None:
        await self.tell("plan-cycle", cycleId=self.cycle, title="Spring", startsOn="2022-01-01", endsOn="2022-03-31")
        await self.tell("start-cycle", cycleId=self.cycle)
        risen = await self.outcome(HOSTILE, ("2022-03-01", "100"))
        fallen = await self.outcome("Fallen", ("2022-01-01", "60"), ("2022-03-01", "30"))
        given_up = await self.outcome("Given up")
        await self.tell("abandon-outcome", outcomeId=given_up, reason="Nobody asks for it.")
        await self.tell("start-review", cycleId=self.cycle)
        refused(
            await self.edge.command("close-cycle", {"cycleId": self.cycle}, self.organisation.keys["OWNER"]),
            422,
            "OUTCOMES_UNGRADED",
        )
        await self.tell("grade-outcome", outcomeId=risen, next="KEEP")
        await self.tell("grade-outcome", outcomeId=fallen, cause="FOCUS", lesson="One thing at a time.")
        task = {"servesNothing": "Housekeeping", "dueOn": "2022-02-01", "effort": "3"}
        await self.tell("commit-task", title="Tidy up", **task)
        await self.tell("close-cycle", cycleId=self.cycle)
        await self.edge.settled(self.organisation)

    async def get(self, path: str) -> Any:
        return await self.edge.ask("GET", path, key=self.organisation.keys["READER"])


QUESTION = """query ($cycle: ID!, $asOf: AsOf) { cycleReview(cycle: $cycle, asOf: $asOf, on: "2022-04-30") {
  cycle { state }
  counts { outcomes active graded abandoned successes green amber red meanGrade changedGrades }
  effort { tasks effort unalignedTasks unalignedShare }
  movers { outcome { title } fromProgress toProgress change } fallers { outcome { title } change }
  graded(first: 9) { totalCount nodes { title grade { grade suggested success colour lesson } } }
  stopped(first: 9) { nodes { title stateReason } } ungraded(first: 9) { totalCount }
} }"""


async def test_r8_a_review_tells_what_became_of_a_cycle_then_and_now(edge: Edge) -> None:
    season = Season(edge, await edge.found("Spring"))
    await season.told()
    key = season.organisation.keys["READER"]
    review = (await edge.graphql(QUESTION, key, cycle=season.cycle)).json["data"]["cycleReview"]
    assert review["cycle"]["state"] == "CLOSED"
    assert review["counts"] == {
        "outcomes": 3, "active": 0, "graded": 2, "abandoned": 1, "successes": 1, "green": 1, "amber": 0, "red": 1,
        "meanGrade": 0.65, "changedGrades": 0,
    }  # fmt: skip
    assert review["effort"] == {"tasks": 1, "effort": "3", "unalignedTasks": 1, "unalignedShare": 1}
    assert review["movers"] == [{"outcome": {"title": HOSTILE}, "fromProgress": 0, "toProgress": 1, "change": 1}]
    assert review["fallers"] == [{"outcome": {"title": "Fallen"}, "change": -0.3}]
    assert [one["grade"]["colour"] for one in review["graded"]["nodes"]] == ["GREEN", "RED"]
    assert review["stopped"]["nodes"] == [{"title": "Given up", "stateReason": "Nobody asks for it."}]
    early = (await edge.graphql(QUESTION, key, cycle=season.cycle, asOf={"position": 8})).json["data"]["cycleReview"]
    assert (early["cycle"]["state"], early["counts"]["graded"]) == ("RUNNING", 0)


STOOD = """query ($cycle: ID!, $on: Date) {
  cycleReview(cycle: $cycle, on: $on) { counts { meanProgress } movers { toProgress } cycle { progress } }
  cycle(id: $cycle, on: $on) { progress trend(days: 2) { day progress } }
}"""


async def test_r8_a_cycle_stands_as_on_its_last_day_afterwards(edge: Edge) -> None:
    season = Season(edge, await edge.found("Later"))
    await season.told()
    terms = {"measureId": season.measures["Fallen"], "value": "90", "takenOn": "2022-05-01"}
    await season.tell("take-reading", **terms)
    await edge.settled(season.organisation)
    key = season.organisation.keys["READER"]

    async def stood(on: str | None) -> Any:
        return (await edge.graphql(STOOD, key, cycle=season.cycle, on=on)).json["data"]

    last = await stood("2022-03-31")
    assert last["cycleReview"]["counts"]["meanProgress"] == last["cycle"]["progress"] == 0.65
    for later in ("2022-05-02", None):
        told = await stood(later)
        assert told["cycleReview"] == last["cycleReview"]
        assert told["cycle"]["progress"] == 0.65
        assert [one["progress"] for one in told["cycle"]["trend"]] == [0.65, 0.65]
    earlier = await stood("2022-02-01")
    assert earlier["cycleReview"]["counts"]["meanProgress"] == earlier["cycle"]["progress"] == 0.3


PROMISED = """query ($cycle: ID!, $asOf: AsOf) {
  cycleReview(cycle: $cycle, asOf: $asOf) { promises(first: 9) { nodes { title } } }
}"""


async def test_r8_what_is_promised_in_a_review_is_told_before_and_after_it_closes(edge: Edge) -> None:
    season = Season(edge, await edge.found("Promises"))
    today = date.today()  # noqa: DTZ011 - the organisation's zone is UTC, and days around midnight are all inside
    ended, begins = today - timedelta(days=20), today - timedelta(days=19)
    following, year = str(uuid4()), str(uuid4())
    whole = {"startsOn": str(ended - timedelta(days=200)), "endsOn": str(today + timedelta(days=60))}
    await season.tell("plan-cycle", cycleId=year, title="Year", **whole)
    span = {"startsOn": str(ended - timedelta(days=30)), "endsOn": str(ended)}
    await season.tell("plan-cycle", cycleId=season.cycle, title="Former", **span)
    later = {"startsOn": str(begins), "endsOn": str(today + timedelta(days=60))}
    await season.tell("plan-cycle", cycleId=following, title="Following", **later)
    key = season.organisation.keys["READER"]

    async def told(cycle: str = following) -> list[str]:
        await edge.settled(season.organisation)
        answer = await edge.graphql(PROMISED, key, cycle=cycle)
        return [one["title"] for one in answer.json["data"]["cycleReview"]["promises"]["nodes"]]

    async def promise(title: str) -> None:
        await season.tell("commit-task", title=title, servesNothing="Housekeeping", dueOn=str(today))

    await promise("Planned only")
    assert await told() == [], "the former cycle never ran"
    await season.tell("start-cycle", cycleId=season.cycle)
    assert await told() == ["Planned only"], "it has ended, and its review may begin any day"
    await season.tell("start-review", cycleId=season.cycle)
    await promise("In review")
    assert sorted(await told()) == ["In review", "Planned only"], "of the day on which the review began"
    past = {"startsOn": str(ended - timedelta(days=90)), "endsOn": str(ended - timedelta(days=60))}
    overdue, next_one = str(uuid4()), str(uuid4())
    await season.tell("plan-cycle", cycleId=overdue, title="Long over", parentId=year, **past)
    between = {"startsOn": str(ended - timedelta(days=59)), "endsOn": str(ended - timedelta(days=40))}
    await season.tell("plan-cycle", cycleId=next_one, title="Over too", parentId=year, **between)
    await season.tell("start-cycle", cycleId=overdue)
    await season.tell("start-review", cycleId=overdue)
    assert len(await told(next_one)) == 2, "a review that still runs, however late, is none of the past"
    await season.tell("close-cycle", cycleId=season.cycle)
    assert sorted(await told()) == ["In review", "Planned only"]
    await season.tell("reopen-cycle", cycleId=season.cycle, reason="A count was forgotten.")
    assert sorted(await told()) == ["In review", "Planned only"]


async def test_the_page_is_whole_escaped_and_loads_nothing(edge: Edge) -> None:
    season = Season(edge, await edge.found("Page"))
    await season.told()
    answer = await season.get(f"/reviews/{season.cycle}.html")
    assert (answer.status, answer.kind) == (200, "text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    text = answer.raw.decode()
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert "script" not in parser.seen
    assert not re.search(r"\b(src|href)=", text)
    assert HOSTILE in "".join(parser.text)
    for said in ("Spring: review", "One thing at a time.", "Nobody asks for it.", "−30 points", "closed since"):
        assert said in "".join(parser.text)


def foot(answer: Any) -> str:
    text = answer.raw.decode()
    return text[text.index("<footer>") + len("<footer>") : text.index("</footer>")]


async def test_the_page_says_as_of_when_and_of_which_day_it_is(edge: Edge) -> None:
    season = Season(edge, await edge.found("Foot"))
    await season.told()
    path = f"/reviews/{season.cycle}.html"
    today = datetime.now(UTC).date()
    head = (await edge.heads())[season.organisation.id]
    assert foot(await season.get(path)) == f"As of position {head} of the ledger, for the day {today}."
    assert foot(await season.get(path + "?on=2022-03-31")) == (
        f"As of position {head} of the ledger, for the day 2022-03-31."
    )
    assert foot(await season.get(path + "?asOf=8")) == f"As of position 8 of the ledger, for the day {today}."
    moment = f"{today + timedelta(days=3)}T12:00:00Z"
    assert foot(await season.get(f"{path}?asOf={moment}")) == (
        f"As recorded by {moment}, for the day {today + timedelta(days=3)}."
    )
    assert foot(await season.get(f"{path}?asOf={moment}&on=2022-03-31")) == (
        f"As recorded by {moment}, for the day 2022-03-31."
    )


async def test_the_page_is_for_who_may_read_and_of_what_is_there(edge: Edge) -> None:
    season = Season(edge, await edge.found("Door"))
    await season.told()
    path = f"/reviews/{season.cycle}.html"
    refused(await edge.ask("GET", path), 401, "UNAUTHENTICATED")
    refused(await edge.ask("GET", path, key=edge.there.keys["READER"]), 404, "NOT_FOUND")
    refused(await season.get("/reviews/spring.html"), 404, "NOT_FOUND")
    refused(await season.get(path + "?when=now"), 400, "INVALID")
    refused(await season.get(path + "?on=yesterday"), 400, "BAD_VARIABLES")
    before = await season.get(path + "?asOf=8&on=2022-02-01")
    assert "running" in before.raw.decode()
    assert "Nothing has been graded yet." in before.raw.decode()


def test_a_page_says_how_many_rows_it_leaves_out() -> None:
    row = {"title": "One", "state": "PAUSED", "stateReason": None, "team": None, "progress": None}
    empty: dict[str, Any] = {"totalCount": 0, "nodes": []}
    cycle = {"title": "Spring", "state": "CLOSED", "startsOn": "2022-01-01", "endsOn": "2022-03-31", "closedOn": None}
    review: dict[str, Any] = {
        "cycle": cycle,
        "counts": None, "effort": None, "movers": [], "fallers": [], "graded": empty, "stale": empty,
        "ungraded": empty, "promises": empty, "stopped": {"totalCount": 140, "nodes": [row] * 100},
    }  # fmt: skip
    assert "40 more are not shown." in page("Harbour", review, "As of position 1.")
