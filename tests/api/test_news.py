"""News: what changed after a position, and the feed of a scope, over commands that were really taken."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.edge import Edge

CHANGES = """query ($since: Position!, $first: Int, $after: String) {
  changes(since: $since, first: $first, after: $after) {
  nodes { position type entityId entity { id } } pageInfo { endCursor hasNextPage } } }"""
FEED = """query ($scope: FeedScope!, $types: [String!]) { feed(scope: $scope, types: $types) { nodes {
  position type entityId } } }"""
PERSONAL = ("role.", "api-key.", "feed-token.", "identity.", "preferences.", "following.")


@pytest.fixture(autouse=True)
async def _an_organisation_of_its_own(edge: Edge) -> AsyncIterator[None]:
    was, edge.here = edge.here, await edge.found("Harbour of news")
    yield
    edge.here = was


async def told(edge: Edge, name: str, /, **fields: Any) -> tuple[str, int]:
    answer = await edge.command(name, fields)
    assert answer.status in {200, 201}, answer.raw
    return answer.json.get("id", ""), answer.json["position"]


async def feed(edge: Edge, scope: dict[str, Any], *types: str) -> list[str]:
    answer = await edge.graphql(FEED, scope=scope, types=list(types) or None)
    nodes = answer.json["data"]["feed"]["nodes"]
    assert [one["position"] for one in nodes] == sorted((one["position"] for one in nodes), reverse=True)
    return [one["type"] for one in nodes]


async def test_changes_are_told_in_order_and_gone_on_from_where_one_stopped(edge: Edge) -> None:
    person = str(edge.here.person)
    _, since = await told(edge, "rename-organisation", name="Harbour again")
    team, _ = await told(edge, "form-team", name="Crew")
    await told(edge, "grant-role", personId=person, role="LEAD")
    await told(edge, "grant-role", personId=person, role="OWNER")
    await told(edge, "set-preferences", language="de")
    await told(edge, "issue-api-key", name="Robot", role="READER")
    await told(edge, "issue-feed-token", feed="MILESTONES")
    await told(edge, "link-identity", personId=person, issuer="https://sign-on.example", subject="s-1")
    await told(edge, "follow", entityId=team, kind="TEAM")
    outcome, _ = await told(edge, "set-outcome", title="Fewer waits", teamId=team)
    _, last = await told(edge, "revise-team", teamId=team, name="Platform")
    await edge.settled(edge.here)
    whole = (await edge.graphql(CHANGES, since=since)).json["data"]["changes"]["nodes"]
    assert [(one["type"], one["entityId"]) for one in whole] == [
        ("team.formed", team),
        ("outcome.set", outcome),
        ("team.revised", team),
    ]
    assert all(one["entity"]["id"] == one["entityId"] for one in whole)
    paged: list[Any] = []
    position = since
    while position < last:  # whoever remembers the last position alone misses nothing
        page = (await edge.graphql(CHANGES, since=position, first=1)).json["data"]["changes"]
        paged += page["nodes"]
        position = page["nodes"][-1]["position"]
    assert paged == whole
    everything = (await edge.graphql(CHANGES, since=0)).json["data"]["changes"]["nodes"]
    assert not any(one["type"].startswith(PERSONAL) for one in everything)


async def test_a_feed_tells_the_news_of_its_scope(edge: Edge) -> None:
    person, _ = await told(edge, "register-person", name="Rose")
    cycle, _ = await told(edge, "plan-cycle", title="Q1", startsOn="2031-01-01", endsOn="2031-03-31")
    team, _ = await told(edge, "form-team", name="Crew")
    outcome, _ = await told(edge, "set-outcome", title="More", teamId=team, cycleId=cycle, ownerId=person)
    other, _ = await told(edge, "set-outcome", title="Other")
    await told(edge, "set-milestone", outcomeId=outcome, title="Half", dueOn="2031-02-01")
    await told(edge, "set-milestone", outcomeId=other, title="Half", dueOn="2031-02-01")
    await told(edge, "follow", entityId=other, kind="OUTCOME")
    await edge.settled(edge.here)
    news = ["milestone.set", "outcome.set"]
    assert await feed(edge, {"outcome": outcome}) == news
    assert await feed(edge, {"team": team}) == [*news, "team.formed"]
    assert await feed(edge, {"cycle": cycle}) == [*news, "cycle.planned"]
    assert await feed(edge, {"person": person}) == [*news, "person.registered"]
    assert await feed(edge, {"team": team}, "team.formed", "role.granted") == ["team.formed"]
    assert await feed(edge, {"followed": True}, *news) == news
    assert await feed(edge, {"followed": False}) == []
    await told(edge, "unfollow", entityId=other, kind="OUTCOME")
    await edge.settled(edge.here)
    assert await feed(edge, {"followed": True}, *news) == []


async def test_of_several_scopes_one_has_to_be_given(edge: Edge) -> None:
    answer = await edge.graphql(FEED, scope={"followed": True, "team": str(edge.here.person)})
    assert (answer.status, "data" in answer.json) == (400, False)


async def test_a_celebration_is_news_of_its_outcome_its_team_and_who_is_named(edge: Edge) -> None:
    rose, _ = await told(edge, "register-person", name="Rose")
    team, _ = await told(edge, "form-team", name="Crew")
    outcome, _ = await told(edge, "set-outcome", title="Fewer waits", teamId=team)
    milestone, _ = await told(edge, "set-milestone", outcomeId=outcome, title="Half", dueOn="2024-02-01")
    await told(edge, "mark-milestone", milestoneId=milestone, reachedOn="2024-02-01")
    bravo, _ = await told(edge, "celebrate", title="Bravo", milestoneId=milestone, personIds=[rose])
    await told(edge, "cheer", celebrationId=bravo)
    await told(edge, "comment", celebrationId=bravo, text="Well done")
    await told(edge, "follow", entityId=milestone, kind="MILESTONE")
    await edge.settled(edge.here)
    made = "celebration.made"
    for scope in ({"outcome": outcome}, {"team": team}):
        assert (await feed(edge, scope))[:3] == ["comment.made", "celebration.cheered", made]
    for scope in ({"person": rose}, {"followed": True}):
        assert await feed(edge, scope, made) == [made]
    await told(edge, "set-visibility", outcomeId=outcome, visibility="OWNER_AND_LEADS")
    await edge.settled(edge.here)
    ask = """query ($scope: FeedScope!, $id: ID!) { feed(scope: $scope) { nodes { type } } node(id: $id) { id }
        celebrations { totalCount } worthCelebrating(on: "2024-02-03") { totalCount } }"""
    hidden = await edge.graphql(ask, edge.here.keys["READER"], scope={"team": team}, id=bravo)
    assert hidden.json["data"]["feed"]["nodes"] == [{"type": "team.formed"}]
    assert hidden.json["data"]["node"] is None
    assert hidden.json["data"]["celebrations"] == hidden.json["data"]["worthCelebrating"] == {"totalCount": 0}
    seen = await edge.graphql(ask, scope={"team": team}, id=bravo)
    assert seen.json["data"]["node"] == {"id": bravo}
    assert seen.json["data"]["celebrations"] == seen.json["data"]["worthCelebrating"] == {"totalCount": 1}
