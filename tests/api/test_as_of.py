"""What was true then stays as it was told: byte for byte, after further writes, corrections and a rebuild."""

from typing import Any

from infra.rebuild import rebuild
from tests.api.edge import Edge
from tests.conftest import seals

QUESTION = """query ($p: Position!, $outcome: ID!, $task: ID!) {
  outcomes(first: 10, asOf: {position: $p}, on: "2026-06-30") { totalCount nodes {
    id title state progress pace suggestedStatus status
    measures { title baseline target current attainment readings(first: 10) { nodes { day value attainment } } }
    milestones(first: 5) { nodes { title state due } } tasks(first: 5) { nodes { title state due formerDues } } } }
  history(entity: $outcome, first: 20, asOf: {position: $p}) {
    totalCount nodes { position type reason changes { field before after } } }
  commitments(first: 5, asOf: {position: $p}) { totalCount nodes { id title state due formerDues } }
  lineOfSight(task: $task, asOf: {position: $p}) {
    paths { weight steps { __typename ... on Outcome { title progress } } } }
}"""


async def tell(edge: Edge, name: str, /, **fields: object) -> str:
    answer = await edge.command(name, fields)
    assert answer.status == 201, (name, answer.raw)
    return answer.json["id"]


async def asked(edge: Edge, **variables: Any) -> bytes:
    answer = await edge.graphql(QUESTION, **variables)
    assert answer.status == 200, answer.raw
    data, _, _ = answer.raw.partition(b',"extensions"')
    return data


async def test_c28_an_answer_as_of_outlives_writes_corrections_and_a_rebuild(edge: Edge) -> None:
    team = await tell(edge, "form-team", name="Keepers")
    cycle = await tell(edge, "plan-cycle", title="2026", startsOn="2026-01-01", endsOn="2026-12-31")
    outcome = await tell(
        edge, "set-outcome", title="Fewer waits", teamId=team, cycleId=cycle, ownerId=str(edge.here.person)
    )
    measure = await tell(
        edge, "set-measure", outcomeId=outcome, title="Days", direction="DECREASE", baseline="9", target="1"
    )
    reading = await tell(edge, "take-reading", measureId=measure, value="7", takenOn="2026-03-31")
    await tell(edge, "take-reading", measureId=measure, value="5", takenOn="2026-06-01")
    milestone = await tell(edge, "set-milestone", outcomeId=outcome, title="Half", dueOn="2026-07-01")
    task = await tell(edge, "commit-task", title="Mend it", dueOn="2026-08-01", outcomeId=outcome)
    await edge.settled(edge.here)
    then = {"p": (await edge.heads())[edge.here.id], "outcome": outcome, "task": task}
    before = await asked(edge, **then)
    assert before.count(b'"Fewer waits"') > 1

    await tell(edge, "correct-reading", readingId=reading, value="8", reason="Misread.")
    await tell(
        edge, "revise-measure", measureId=measure, target="0", effectiveOn="2026-05-01", reason="More is wanted."
    )
    await tell(edge, "take-reading", measureId=measure, value="3", takenOn="2026-06-15")
    await tell(edge, "move-milestone", milestoneId=milestone, dueOn="2026-09-01", reason="Later.")
    await tell(edge, "deliver-task", taskId=task)
    await tell(edge, "abandon-outcome", outcomeId=outcome, reason="Enough.")
    await edge.settled(edge.here)
    assert await asked(edge, **then) == before
    now = {**then, "p": (await edge.heads())[edge.here.id]}
    after = await asked(edge, **now)
    assert after != before

    async with edge.services.database.owner_connection() as connection:
        result = await rebuild(connection, seals())
    assert not result.differences
    assert await asked(edge, **then) == before
    assert await asked(edge, **now) == after
