"""Over the wire, what a person may not see is to every command as if it were not there (R15).

Commands and their ids come from the OpenAPI description: new ones are covered at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from api.readings_csv import CSV
from domain.commands import COMMANDS
from tests.api.edge import Edge, refused
from tests.api.test_tenancy import CASES, CREATED, body_of, held, peopled, placed, schema_of

HIDDEN = frozenset(
    {"outcome", "measure", "reading", "boundary", "milestone", "checkIn", "celebration", "comment", "initiative"}
)
NAMING = [(command, field) for command, field in CASES if held(command, field) in HIDDEN]
OF_A_KIND = [name for name in COMMANDS if {"entityId", "kind"} <= schema_of(name)["properties"].keys()]


@dataclass(frozen=True, slots=True)
class Somebody:
    """A lead of the organisation who may not see an outcome: the edge, their key, and the ids that are hidden."""

    edge: Edge
    key: str
    hidden: Mapping[str, str]

    async def alike(self, command: str, hidden: dict[str, Any], unknown: dict[str, Any]) -> None:
        """Both are refused by the same words, and nothing is recorded; also by an expected position."""
        async with self.edge.unmoved():
            for headers, wanted in (({}, {404}), ({"if-match": "1"}, {404, 412})):
                told = [await self.edge.command(command, one, self.key, headers=headers) for one in (hidden, unknown)]
                assert told[0].raw == told[1].raw
                assert {one.status for one in told} <= wanted, told[0].raw


@pytest.fixture(scope="module")
async def somebody(edge: Edge) -> Somebody:
    here = edge.here
    await peopled(edge, here)
    hidden = dict(here.ids)
    ticket = {"entityId": hidden["measure"], "kind": "MEASURE", "reference": {"system": "crm", "id": "sales"}}
    assert (await edge.command("set-reference", ticket)).status == 201
    answer = await edge.command("set-visibility", {"outcomeId": hidden["outcome"], "visibility": "OWNER_AND_LEADS"})
    assert answer.status == 201
    assert (await edge.command("name-tag", {"tagId": hidden["tag"], "name": "Former"})).status == 201
    await peopled(edge, here)  # all that is not hidden
    ben = await edge.command("register-person", {"name": "Ben"})
    _, key = await edge.key(here, "LEAD", personId=ben.json["id"])
    own = await edge.command("subscribe-webhook", {"receiver": "https://example.com/hook"}, key)
    here.ids["webhook"] = own.json["id"]  # another's is left alone whatever is asked
    return Somebody(edge, key, hidden)


@pytest.mark.parametrize(("command", "field"), [case for case in NAMING if case not in CREATED])
async def test_r15_a_command_knows_no_id_that_is_hidden(somebody: Somebody, command: str, field: str) -> None:
    body = body_of(command, somebody.edge.here, field)
    hidden = body | {field: placed(command, field, somebody.hidden[held(command, field)])}
    await somebody.alike(command, hidden, body | {field: placed(command, field, str(uuid4()))})


@pytest.mark.parametrize("kind", ["OUTCOME", "MEASURE", "MILESTONE"])
@pytest.mark.parametrize("command", OF_A_KIND)
async def test_r15_nothing_hidden_is_followed_or_labelled(somebody: Somebody, command: str, kind: str) -> None:
    body = body_of(command, somebody.edge.here) | {"kind": kind}
    await somebody.alike(command, body | {"entityId": somebody.hidden[kind.lower()]}, body | {"entityId": str(uuid4())})


async def test_r15_many_readings_know_no_measure_that_is_hidden(somebody: Somebody) -> None:
    answers = [
        await somebody.edge.command("take-readings", {"readings": [{"measureId": one, "value": "1"}]}, somebody.key)
        for one in (somebody.hidden["measure"], str(uuid4()))
    ]
    assert answers[0].raw == answers[1].raw
    refused(answers[0], 422, "READINGS_REFUSED")


async def test_r15_a_file_of_readings_knows_no_reference_that_is_hidden(somebody: Somebody) -> None:
    async def told(name: str, key: str | None = None) -> bytes:
        sheet = f"measure,day,value\ncrm:{name},2026-06-30,7\n"
        path = "/readings.csv?dryRun=true"
        return (await somebody.edge.ask("POST", path, sheet, key or somebody.key, kind=CSV)).raw

    assert await told("sales") == await told("sails")
    assert b'"taken":1' in await told("sales", somebody.edge.here.keys["OWNER"])


async def test_r15_whoever_may_see_it_reaches_it(somebody: Somebody) -> None:
    """Or the tests above would prove nothing."""
    edge = somebody.edge
    said = {"outcomeId": somebody.hidden["outcome"], "next": "Go on"}
    assert (await edge.command("check-in", said, edge.here.keys["MEMBER"])).status == 201  # who owns it
    open_ = {"outcomeId": edge.here.ids["outcome"], "next": "Go on"}
    assert (await edge.command("check-in", open_, somebody.key)).status == 201


def test_every_kind_of_id_that_can_be_hidden_is_tried() -> None:
    assert {held(*case) for case in NAMING} == HIDDEN
    assert len([case for case in NAMING if case not in CREATED]) > 30
    assert len(OF_A_KIND) > 3
