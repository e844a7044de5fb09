"""Who leaves is asked for all that `dutiesOf` tells, and for nothing else (R14)."""

from tests.api.edge import Edge, refused

QUESTION = """query ($person: ID!, $p: Position!) {
  dutiesOf(person: $person, first: 20, asOf: {position: $p}) { totalCount nodes {
    kind outcome { title } task { title } team { name } source { id title } } }
}"""


async def tell(edge: Edge, name: str, /, **fields: object) -> str:
    answer = await edge.command(name, fields)
    assert answer.status == 201, (name, answer.raw)
    return answer.json["id"]


async def duties(edge: Edge, person: str, position: int) -> list[tuple[str, str]]:
    answer = await edge.graphql(QUESTION, person=person, p=position)
    told = answer.json["data"]["dutiesOf"]
    assert told["totalCount"] == len(told["nodes"])
    about = [one["outcome"] or one["task"] or one["team"] or one["source"] for one in told["nodes"]]
    return [(one["kind"], next(iter(it.values()))) for one, it in zip(told["nodes"], about, strict=True)]


async def test_r14_the_duties_told_are_those_that_a_refusal_lists(edge: Edge) -> None:
    ana = str(edge.here.person)
    leaver, taker = [await tell(edge, "register-person", name=name) for name in ("Lee", "Tom")]
    team = await tell(edge, "form-team", name="Crew", leadIds=[leaver])
    cycle = await tell(edge, "plan-cycle", title="2026", startsOn="2026-01-01", endsOn="2026-12-31")
    owned = await tell(edge, "set-outcome", title="Fewer waits", cycleId=cycle, ownerId=leaver)
    await tell(edge, "set-outcome", title="A draft of theirs", cycleId=cycle, ownerId=leaver)
    await tell(edge, "set-outcome", title="More calls", teamId=team, cycleId=cycle, reviewerId=leaver)
    await tell(edge, "set-measure", outcomeId=owned, title="Days", direction="DECREASE", baseline="9", target="1")
    await tell(edge, "activate-outcome", outcomeId=owned)
    await tell(edge, "request-task", title="Mend", dueOn="2026-12-01", promiserId=leaver, servesNothing="Dull.")
    sail = {"title": "Sail", "dueOn": "2026-12-01", "servesNothing": "Dull."}
    delivered = await tell(edge, "commit-task", **sail, beneficiaryId=leaver)
    await tell(edge, "deliver-task", taskId=delivered)
    kept = await tell(edge, "commit-task", **sail | {"title": "Row"}, beneficiaryId=ana)
    await tell(edge, "deliver-task", taskId=kept)
    key = (await edge.key(edge.here, "MEMBER", personId=leaver))[1]
    figure = await tell(edge, "define-indicator", title="Visits")
    asked = {"kind": "PUSH_JSON", "valueAt": "/v", "indicatorId": figure}
    source = (await edge.command("connect-source", asked, key)).json["id"]
    await edge.settled(edge.here)
    before = (await edge.heads())[edge.here.id]
    told = await duties(edge, leaver, before)
    assert told == [
        ("ANSWERS_FOR_SOURCE", source),
        ("IS_PROMISED", "Sail"),
        ("LEADS_TEAM", "Crew"),
        ("OWNS_OUTCOME", "Fewer waits"),
        ("PROMISED", "Mend"),
        ("REVIEWS_OUTCOME", "More calls"),
    ]
    leaves = {"personId": leaver, "reason": "Moves."}
    answer = await edge.command("deactivate-person", leaves)
    refused(answer, 422, "DUTIES_LEFT")
    named = answer.json["detail"].partition(": ")[2].removesuffix(".").split("; ")
    assert sorted(named) == sorted(
        f"{kind.lower().replace('_', ' ')} {title}".replace(source, "push json") for kind, title in told
    )

    handovers = [{"entityId": owned, "personId": ana}]
    await tell(edge, "deactivate-person", **leaves, successorId=taker, handovers=handovers)
    await edge.settled(edge.here)
    now = (await edge.heads())[edge.here.id]
    assert await duties(edge, leaver, now) == []
    assert await duties(edge, leaver, before) == told
    assert [kind for kind, _ in await duties(edge, taker, now)] == [
        "ANSWERS_FOR_SOURCE", "IS_PROMISED", "LEADS_TEAM", "PROMISED", "REVIEWS_OUTCOME"
    ]  # fmt: skip
