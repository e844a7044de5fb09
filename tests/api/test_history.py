"""History over the edge: by which key, for whom, and what of it nobody is told (R15)."""

from typing import Any
from uuid import uuid4

from infra.access_log import AccessLog
from infra.api_keys import CHECKSUM, LOOKUP, PREFIX, checksum, make
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
        told_in = f'{{ history(entity: "{task}") {{ nodes {{ sentence english: sentence(language: "en") }} }} }}'
        node = (await edge.graphql(told_in)).json["data"]["history"]["nodes"][0]
        assert (
            node["sentence"]
            == "Ana of languages hat „Brot“ bis 3. März 2031 zugesagt; es dient keinem Ergebnis: Haushalt."
        )
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


AUDIT = """query ($one: ID) {
  audit(filter: { about: $one }) { totalCount nodes { type sentence actor { kind } } }
  byKind: audit(filter: { kinds: ["role"] }) { totalCount }
  asOf: audit(asOf: { position: 2 }) { totalCount }
}"""


async def test_owners_and_auditors_are_told_who_came_and_who_was_kept_out(edge: Edge) -> None:
    was, edge.here = edge.here, await edge.found("audited")
    log = edge.services.entrance.access = AccessLog(edge.services.ledger)
    try:
        key_id, key = await edge.key(edge.here, "READER")
        wrong = made_wrong(key)
        for called in (key, key, wrong, wrong):
            await edge.graphql("{ organisation { name } }", called)
        await told(edge, "revoke-api-key", apiKeyId=str(key_id), reason="Lost")
        await edge.settled(edge.here)
        edge.services.entrance.leases.clear()
        await edge.graphql("{ organisation { name } }", key)
        await log.write()
        await edge.settled(edge.here)
        audit = (await edge.graphql(AUDIT, edge.here.keys["AUDITOR"], one=str(key_id))).json["data"]
        sentences = [one["sentence"] for one in audit["audit"]["nodes"]]
        assert sentences[-1] == "Headway issued the key “READER key” in the role of reader."
        assert "Ana of audited revoked the key “READER key”: Lost." in sentences
        assert len([one for one in sentences if one.startswith("The key “READER key” was used on")]) == 1
        tried = [one for one in sentences if "did not open" in one]
        assert ["called 2 times by the key" in one for one in tried].count(True) == 1
        assert any(one.endswith(": it is revoked.") for one in tried)
        assert audit["audit"]["totalCount"] == 5
        assert audit["asOf"]["totalCount"] == 0
        history = (await edge.graphql(HISTORY, edge.here.keys["OWNER"], id=str(key_id))).json["data"]
        assert len(history["history"]["nodes"]) == 5
        for role in ("MEMBER", "READER"):
            none = (await edge.graphql(AUDIT, edge.here.keys[role], one=str(key_id))).json["data"]
            assert none["audit"] == {"totalCount": 0, "nodes": []}, role
            seen = (await edge.graphql(HISTORY, edge.here.keys[role], id=str(key_id))).json["data"]
            assert [one["type"] for one in seen["history"]["nodes"]] == ["api-key.issued", "api-key.revoked"]
            assert seen["wholeHistory"] == {"totalCount": 2}
        async with edge.services.database.owner_connection() as connection:
            bodies = await connection.fetch("select body from ledger.events where type like 'access.%'")
        assert not any(called[-20:] in row["body"] for called in (key, wrong) for row in bodies)
    finally:
        edge.services.entrance.access = None
        edge.here = was


def made_wrong(key: str) -> str:
    """A key of the same lookup part with another secret, and the checksum that belongs to it."""
    other = make().text
    stem = key[: len(PREFIX) + LOOKUP] + other[len(PREFIX) + LOOKUP : -CHECKSUM]
    return stem + checksum(stem)
