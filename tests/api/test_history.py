"""History over the edge: by which key, for whom, and what of it nobody is told (R15)."""

from typing import Any
from uuid import uuid4

from tests.api.edge import Edge

HISTORY = """query ($id: ID!) {
  history(entity: $id) {
    nodes { type sentence actor { kind name } key { name } command { name } changes { field after } }
  }
  wholeHistory(entity: $id) { totalCount }
  compare(entity: $id) { fields { field after } }
}"""


async def told(edge: Edge, command: str, /, **fields: Any) -> str:
    answer = await edge.command(command, fields)
    assert answer.status in {200, 201}, answer.raw
    return str(answer.json["id"])


async def test_an_entry_says_by_which_command_and_key_somebody_recorded_it(edge: Edge) -> None:
    outcome = await told(edge, "set-outcome", title="Bread for all")
    await edge.settled(edge.here)
    answer = await edge.graphql(HISTORY, id=outcome)
    assert answer.json["data"]["history"]["nodes"][0] == {
        "type": "outcome.set",
        "sentence": "Ana of Harbour set the outcome “Bread for all”.",
        "actor": {"kind": "PERSON", "name": "Ana of Harbour"},
        "key": {"name": "OWNER key"},
        "command": {"name": "set-outcome"},
        "changes": [
            {"field": "ambition", "after": "COMMITTED"},
            {"field": "title", "after": "Bread for all"},
        ],
    }


async def test_the_viewer_is_told_in_the_language_that_they_prefer(edge: Edge) -> None:
    was, edge.here = edge.here, await edge.found("languages")
    try:
        task = await told(edge, "commit-task", title="Brot", dueOn="2031-03-03", servesNothing="Haushalt")
        await told(edge, "set-preferences", language="de-CH")
        await edge.settled(edge.here)
        told_in = '{ history(entity: %s) { nodes { sentence english: sentence(language: "en") } } }' % f'"{task}"'
        node = (await edge.graphql(told_in)).json["data"]["history"]["nodes"][0]
        assert node["sentence"] == "Ana of languages hat „Brot“ bis 3. März 2031 zugesagt."
        assert node["english"].startswith("Ana of languages promised “Brot” by 3 March 2031")
        others = (await edge.graphql(told_in, edge.here.keys["READER"])).json["data"]["history"]["nodes"][0]
        assert others["sentence"] == node["english"]
    finally:
        edge.here = was


async def test_r15_nothing_that_was_said_of_parts_of_the_hidden_is_told(edge: Edge) -> None:
    outcome = await told(edge, "set-outcome", title="Merger")
    measure = await told(
        edge, "set-measure", outcomeId=outcome, title="Price", direction="INCREASE", baseline="1", target="2",
        dueOn="2031-01-01",
    )  # fmt: skip
    check_in = await told(edge, "check-in", outcomeId=outcome, next="Sign the merger")
    comment = await told(edge, "comment", checkInId=check_in, text="The merger is dear")
    tag = await told(edge, "name-tag", name=f"merger {uuid4()}")
    await edge.command("tag", {"entityId": measure, "kind": "MEASURE", "tagId": tag})
    await edge.command("retract-comment", {"commentId": comment, "reason": "The merger is secret"})
    await edge.command("set-visibility", {"outcomeId": outcome, "visibility": "OWNER_AND_LEADS"})
    await edge.settled(edge.here)
    for one in (outcome, measure, check_in, comment):
        seen = await edge.graphql(HISTORY, id=one)
        assert seen.json["data"]["history"]["nodes"], one
        answer = (await edge.graphql(HISTORY, edge.here.keys["READER"], id=one)).json["data"]
        assert answer == {"history": {"nodes": []}, "wholeHistory": {"totalCount": 0}, "compare": None}, one
