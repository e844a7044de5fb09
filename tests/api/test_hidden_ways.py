"""Initiatives, milestones and celebrations of what may not be seen: named nowhere, whichever way is asked (R15)."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.api.edge import Edge

SECRET = "Merger"
DUE = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
EVERYWHERE = """query ($outcome: ID!, $team: ID!, $person: ID!, $cycle: ID!, $task: ID!, $tag: ID!, $initiative: ID!) {
  changes(since: 0, first: 200) { nodes { type entityId entity { id ... on Celebration { title } } } }
  byTeam: feed(scope: {team: $team}) { nodes { type sentence entityId } }
  byPerson: feed(scope: {person: $person}) { nodes { type sentence entityId } }
  byCycle: feed(scope: {cycle: $cycle}) { nodes { type sentence entityId } }
  ofOutcome: feed(scope: {outcome: $outcome}) { nodes { type sentence entityId } }
  search(text: "Merger") { nodes { title } }
  initiative(id: $initiative) { title }
  milestones { totalCount nodes { title initiative { id } outcome { id } } }
  ofInitiative: milestones(filter: {initiative: $initiative}) { totalCount }
  celebrations { nodes { title outcome { id } comments { nodes { text } } tags { name } links { url } } }
  worthCelebrating { nodes { outcome { id } milestone { id } people { name } } }
  risks(cycle: $cycle) { nodes { kind outcome { title } task { title } } }
  dutiesOf(person: $person) { totalCount nodes { kind initiative { title } milestone { title } outcome { title } } }
  commitments(filter: {initiative: $initiative}) { totalCount }
  task(id: $task) { title outcome { id } initiative { id ... on Initiative { title } } }
  tagged: milestones(filter: {tag: $tag}) { totalCount }
  lineOfSight(task: $task) { paths { steps { __typename ... on Outcome { title } ... on Initiative { title } } } }
  outcome(id: $outcome) { title initiatives { title } }
}"""
HISTORY = """query ($id: ID!) { node(id: $id) { id }
  history(entity: $id) { nodes { type sentence changes { field before after } } }
  wholeHistory(entity: $id) { nodes { type sentence } } compare(entity: $id) { fields { before after } } }"""


def leaks(raw: bytes) -> list[str]:
    """Where the secret is named, with what stands around it."""
    text = raw.decode()
    return [text[max(0, one.start() - 120) : one.end() + 60] for one in re.finditer(SECRET, text, re.IGNORECASE)]


async def told(edge: Edge, name: str, /, **fields: object) -> str:
    answer = await edge.command(name, fields)
    assert answer.status in {200, 201}, (name, answer.raw)
    return answer.json.get("id", "")


async def hide(edge: Edge) -> dict[str, str]:
    """An outcome with all that can hang on it, hidden afterwards from all but its owner."""
    person = str(edge.here.person)
    ids = {"person": person, "team": await told(edge, "form-team", name="Crew")}
    ids["cycle"] = await told(edge, "plan-cycle", title="Now", startsOn="2026-01-01", endsOn="2035-12-31")
    about = {"teamId": ids["team"], "cycleId": ids["cycle"], "ownerId": person}
    ids["outcome"] = await told(edge, "set-outcome", title=SECRET, **about)
    ids["initiative"] = await told(
        edge, "plan-initiative", outcomeId=ids["outcome"], title=f"{SECRET} talks", ownerId=person
    )
    of = {"initiativeId": ids["initiative"]}
    ids["milestone"] = await told(edge, "set-milestone", **of, title=f"{SECRET} signed", dueOn=DUE, ownerId=person)
    await told(edge, "revise-milestone", milestoneId=ids["milestone"], title=f"{SECRET} sealed")
    ids["own"] = await told(edge, "set-milestone", outcomeId=ids["outcome"], title=f"{SECRET} half", dueOn=DUE)
    await told(edge, "mark-milestone", milestoneId=ids["own"])
    ids["task"] = await told(edge, "commit-task", title="Book a room", dueOn=DUE, **of)
    ids["celebration"] = await told(edge, "celebrate", title=f"{SECRET}!", milestoneId=ids["own"], personIds=[person])
    ids["tag"] = await told(edge, "name-tag", name=f"Plain {uuid4()}")
    ids["outside"] = await told(edge, "set-outcome", title="Plain", **about)
    for kind in ("initiative", "milestone", "celebration"):
        one = {"entityId": ids[kind], "kind": kind.upper()}
        await told(edge, "follow", **one)
        await told(edge, "tag", **one, tagId=ids["tag"])
        await told(edge, "attach-link", **one, url=f"https://{SECRET.lower()}.example/{kind}", title=SECRET)
        await told(edge, "set-reference", **one, reference={"system": SECRET, "id": kind})
    for kind in ("initiative", "celebration"):
        ids[f"comment on {kind}"] = await told(
            edge, "comment", **{f"{kind}Id": ids[kind]}, text=f"The {SECRET} is dear"
        )
        ids[f"retracted on {kind}"] = await told(edge, "comment", **{f"{kind}Id": ids[kind]}, text=f"No {SECRET}")
        await told(edge, "retract-comment", commentId=ids[f"retracted on {kind}"], reason=f"The {SECRET} is secret")
    await told(edge, "withdraw-celebration", celebrationId=ids["celebration"], reason=f"{SECRET} was not made")
    await told(edge, "set-visibility", outcomeId=ids["outcome"], visibility="OWNER_AND_LEADS")
    await edge.settled(edge.here)
    return ids


async def test_r15_initiatives_milestones_and_celebrations_of_the_hidden_are_named_nowhere(edge: Edge) -> None:
    was, edge.here = edge.here, await edge.found("Harbour of hidden ways")
    try:
        ids = await hide(edge)
        asked = {one: ids[one] for one in ("outcome", "team", "person", "cycle", "task", "tag", "initiative")}
        seen = await edge.graphql(EVERYWHERE, **asked)
        assert seen.raw.count(SECRET.encode()) > 20, seen.raw
        key = edge.here.keys["READER"]
        answer = await edge.graphql(EVERYWHERE, key, **asked)
        assert "errors" not in answer.json, answer.raw
        assert leaks(answer.raw) == []
        hidden = set(ids.values()) - {ids[one] for one in ("person", "team", "cycle", "task", "tag", "outside")}
        assert not [name for name, one in ids.items() if one in hidden and one in answer.raw.decode()]
        for name, one in ids.items():
            history = await edge.graphql(HISTORY, key, id=one)
            assert leaks(history.raw) == [], name
            assert [other for other in hidden - {one} if other in history.raw.decode()] == [], (name, history.raw)
            page = await edge.ask("GET", f"/history/{one}.html", key=key)
            assert leaks(page.raw) == [], name
            assert (page.status == 404) is (one in hidden), name
        for path in ("/milestones.ics", "/commitments.ics"):
            assert leaks((await edge.ask("GET", path, key=key)).raw) == [], path
    finally:
        edge.here = was
