"""Readings that sources send over HTTP: by a narrow key that opens nothing else, or signed; once, all or none."""

import asyncio
import json
import os
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from infra.access_log import AccessLog
from infra.api_keys import SOURCE_PREFIX, digest_of, make
from infra.settings import Settings
from infra.source_bodies import MOST_BYTES
from infra.webhook_signing import sign
from tests.api.edge import JSON, ROOMY, Answer, Edge, refused

CSV = "text/csv"
TODAY = datetime.now(UTC).date()
NOON = datetime(2022, 6, 15, 12, tzinfo=UTC)
SOURCES = """query ($id: ID) { sources(filter: {measure: $id}) { nodes { id kind state keyPrefix silentSince
  expectEveryHours measure { id } person { id } address connection formerKeyUntil
  health { heardAt lastReadingAt lastError nextAt } } } }"""


@pytest.fixture(autouse=True)
async def _an_organisation_of_its_own(edge: Edge) -> AsyncIterator[None]:
    was, edge.here = edge.here, await edge.found("Harbour of sources")
    yield
    edge.here = was


@pytest.fixture(scope="module")
def settings() -> Settings:
    """With a credential for an address."""
    return replace(ROOMY, source_credentials="crm=https://crm.example.com#Authorization:Bearer%20sesame-open")


@dataclass
class Fed:
    """A measure, its source, and what the source sends with."""

    edge: Edge
    measure: str
    source: str
    secret: str

    @property
    def path(self) -> str:
        return f"/ingest/{self.source}"

    async def send(self, body: Any, kind: str = JSON, key: str | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        chosen = self.secret if key is None else key
        return await self.edge.ask("POST", self.path, body, chosen, named, kind)

    async def sign(self, body: Any, known: str = "msg_1", secret: str = "", at: float = 0.0) -> Answer:
        raw = json.dumps(body).encode()
        headers = sign(known, int(at or time()), raw, [secret or self.secret], None)
        return await self.edge.ask("POST", self.path, raw, None, headers, JSON)

    async def readings(self) -> list[tuple[float, str]]:
        """Value and day, the earliest first."""
        await self.edge.settled(self.edge.here)
        query = "query ($id: ID!) { measure(id: $id) { readings { nodes { value day origin externalId } } } }"
        nodes = (await self.edge.graphql(query, id=self.measure)).json["data"]["measure"]["readings"]["nodes"]
        assert all(one["origin"] in {"SOURCE", "PERSON"} for one in nodes)
        return [(one["value"], one["day"]) for one in nodes]

    async def told(self) -> Mapping[str, Any]:
        await self.edge.settled(self.edge.here)
        (one,) = (await self.edge.graphql(SOURCES, id=self.measure)).json["data"]["sources"]["nodes"]
        return one

    async def error(self) -> str | None:
        return (await self.told())["health"]["lastError"]


async def told(edge: Edge, name: str, /, **fields: Any) -> Any:
    answer = await edge.command(name, fields)
    assert answer.status == 201, answer.raw
    await edge.settled(edge.here)
    return answer.json


async def fed(edge: Edge, **fields: Any) -> Fed:
    outcome = (await told(edge, "set-outcome", title="Fewer waits"))["id"]
    terms = {"direction": "INCREASE", "baseline": "0", "target": "10"}
    measure = (await told(edge, "set-measure", outcomeId=outcome, title="Answered", **terms))["id"]
    asked = {"kind": "PUSH_JSON", "valueAt": "/value", "measureId": measure, **fields}
    made = await told(edge, "connect-source", **asked)
    return Fed(edge, measure, made["id"], made.get("secret", ""))


async def test_what_a_source_sends_is_a_reading(edge: Edge) -> None:
    one = await fed(edge)
    answer = await one.send({"value": 5})
    assert answer.status == 201, answer.raw
    body = answer.json
    assert (body["source"], body["readings"], len(body["eventIds"])) == (one.source, 1, 1)
    assert await one.readings() == [(5, TODAY.isoformat())]
    source = await one.told()
    assert source["health"]["lastError"] is None
    assert source["health"]["heardAt"]
    assert source["health"]["lastReadingAt"]
    assert source["keyPrefix"] == one.secret[: len(SOURCE_PREFIX) + 8]


async def test_many_at_once_are_taken_or_none(edge: Edge) -> None:
    one = await fed(edge, itemsAt="/rows", valueAt="v", dayAt="d", idAt="i")
    rows = [{"v": 1, "d": "2026-03-01", "i": "a"}, {"v": 2, "d": "2026-03-02", "i": "b"}]
    assert (await one.send({"rows": rows})).status == 201
    async with edge.unmoved():
        wrong = [*rows, {"v": 3, "d": "2026-03-03", "i": "c"}, {"v": "n/a", "d": "2026-03-04", "i": "d"}]
        refused(await one.send({"rows": wrong}), 422, "SOURCE_UNREADABLE")
        refused(await one.send({"rows": [*rows, {"v": 3, "d": "2999-01-01", "i": "e"}]}), 422, "SOURCE_UNREADABLE")
        tomorrow = (TODAY + timedelta(3)).isoformat()
        refused(await one.send({"rows": [*rows, {"v": 3, "d": tomorrow, "i": "e"}]}), 422, "READINGS_REFUSED")
    assert await one.readings() == [(1, "2026-03-01"), (2, "2026-03-02")]


async def test_a_value_that_cannot_be_read_is_named_and_told_as_the_last_error(edge: Edge) -> None:
    one = await fed(edge, valueAt="/data/0/value")
    async with edge.unmoved():
        answer = await one.send({"data": [{"value": "n/a"}]})
        refused(answer, 422, "SOURCE_UNREADABLE")
        assert "At /data/0/value there is “n/a”, where a number belongs" in answer.json["detail"]
        assert answer.json["fields"] == ["valueAt"]
        assert "“n/a”" in (await one.error() or "")
        refused(await one.send(b"{"), 400, "INVALID")
        assert "JSON" in (await one.error() or "")
    assert (await one.send({"data": [{"value": 3}]})).status == 201
    assert await one.error() is None


async def test_csv_comes_in_by_its_columns(edge: Edge) -> None:
    one = await fed(edge, kind="PUSH_CSV", valueAt="amount", dayAt="day", idAt="no")
    assert (await one.send(b"no;day;amount\n1;2026-03-01;5\n2;2026-03-02;6\n", CSV)).status == 201
    assert await one.readings() == [(5, "2026-03-01"), (6, "2026-03-02")]
    refused(await one.send(b"no;day;amount\n3;2026-03-03;many\n", CSV), 422, "SOURCE_UNREADABLE")


async def test_what_is_sent_again_adds_nothing(edge: Edge) -> None:
    one = await fed(edge, idAt="/id")
    assert len((await one.send({"value": 5, "id": "a"})).json["eventIds"]) == 1
    again = await one.send({"value": 5, "id": "a"})
    assert (again.status, again.json["eventIds"]) == (201, [])
    refused(await one.send({"value": 6, "id": "a"}), 422, "READINGS_REFUSED")
    assert [value for value, _ in await one.readings()] == [5]


async def test_r12_under_an_idempotency_key_the_first_answer_comes_again(edge: Edge) -> None:
    one = await fed(edge)
    first = await one.send({"value": 5}, idempotency_key="k1")
    await one.send({"value": 6}, idempotency_key="k2")
    again = await one.send({"value": 5}, idempotency_key="k1")
    assert again.json == first.json
    assert again.headers["headway-repeated"] == "true"
    refused(await one.send({"value": 7}, idempotency_key="k1"), 422, "IDEMPOTENCY_KEY_REUSED")
    assert [value for value, _ in await one.readings()] == [5, 6]


async def test_many_who_send_the_same_at_once_are_taken_once(edge: Edge) -> None:
    one = await fed(edge, idAt="/id")
    answers = await asyncio.gather(*(one.send({"value": 5, "id": "a"}) for _ in range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len(await one.readings()) == 1


async def test_the_key_of_a_source_opens_nothing_else(edge: Edge) -> None:
    one, other = await fed(edge), await fed(edge)
    assert one.secret.startswith(SOURCE_PREFIX)
    async with edge.unmoved():
        refused(await other.send({"value": 5}, key=one.secret), 401, "UNAUTHENTICATED")
        for method, path in (
            ("GET", "/graphql?query={viewer{role}}"),
            ("GET", "/milestones.ics"),
            ("GET", f"/milestones.ics?token={one.secret}"),
            ("GET", "/strategy-map.svg"),
            ("GET", "/audit/checkpoint"),
            ("GET", "/webhooks/keys"),
            ("POST", "/commands"),
            ("POST", "/readings.csv"),
        ):
            answer = await edge.ask(method, path, b"" if method == "POST" else None, one.secret, kind="text/csv")
            assert (answer.status, answer.code) == (401, "UNAUTHENTICATED"), path
        assert (await edge.command("take-reading", {"measureId": one.measure, "value": "1"}, one.secret)).status == 401
        assert (await edge.graphql("{ viewer { role } }", one.secret)).status == 401


async def test_no_other_key_opens_a_source(edge: Edge) -> None:
    one = await fed(edge)
    async with edge.unmoved():
        for wrong in (edge.here.keys["OWNER"], make(SOURCE_PREFIX).text, one.secret[:-1], one.secret + "A", "", "ü"):
            refused(await one.send({"value": 5}, key=wrong), 401, "UNAUTHENTICATED")
        refused(await edge.ask("POST", one.path, {"value": 5}), 401, "UNAUTHENTICATED")
        for nowhere in (uuid4(), "x", "%00", one.source + "0"):
            answer = await edge.ask("POST", f"/ingest/{nowhere}", {"value": 5}, one.secret)
            assert answer.status == 401, nowhere
        refused(await edge.ask("GET", one.path, key=one.secret), 405, "METHOD_NOT_ALLOWED")


REFUSALS = """query ($id: ID) { audit(filter: { about: $id, kinds: ["access"] }) { nodes { type sentence } } }"""


async def test_who_sends_by_what_does_not_hold_is_on_record_once_an_hour(edge: Edge) -> None:
    log = edge.services.entrance.access = AccessLog(edge.services.ledger, lambda: NOON)
    try:
        keyed, signed = await fed(edge), await fed(edge, signed=True)
        await told(edge, "rotate-source-key", sourceId=keyed.source, overlapHours=0)
        for wrong in (make(SOURCE_PREFIX).text, edge.here.keys["OWNER"], keyed.secret, keyed.secret):
            await keyed.send({"value": 5}, key=wrong)
        await signed.sign({"value": 5}, secret=f"whsec_{'A' * 43}=")
        await signed.sign({"value": 5}, at=time() - 900)  # may be a clock, and is no attempt with another secret
        await edge.ask("POST", signed.path, {"value": 5})
        await edge.ask("POST", f"/ingest/{uuid4()}", {"value": 5}, keyed.secret)
        await told(edge, "disconnect-source", sourceId=signed.source)
        await signed.sign({"value": 5})
        await log.write()
        await signed.sign({"value": 5})
        assert await log.write() == 0
        await edge.settled(edge.here)
        said = "by what does not hold, on 15 June: "
        for one, wanted in (
            (
                keyed,
                {
                    f"2 times … {said}the key or the secret was another",
                    f"2 times … {said}a newer key has taken its place",
                },
            ),
            (signed, {f"once … {said}the key or the secret was another", f"once … {said}the source is disconnected"}),
        ):
            found = (await edge.graphql(REFUSALS, edge.here.keys["AUDITOR"], id=one.source)).json["data"]["audit"][
                "nodes"
            ]
            assert {
                node["sentence"].removeprefix("Somebody sent ").replace("as the source of “Answered”", "…").rstrip(".")
                for node in found
            } == wanted
            assert {node["type"] for node in found} == {"access.source-refused"}
            unseen = await edge.graphql(REFUSALS, edge.here.keys["MEMBER"], id=one.source)
            assert unseen.json["data"]["audit"]["nodes"] == []
    finally:
        edge.services.entrance.access = None


async def test_a_body_is_of_its_kind_and_of_its_size(edge: Edge) -> None:
    one = await fed(edge)
    async with edge.unmoved():
        refused(await one.send(b"value\n5\n", CSV), 415, "UNSUPPORTED_MEDIA_TYPE")
        refused(await one.send(b'{"value": 5}', content_encoding="gzip"), 415, "UNSUPPORTED_MEDIA_TYPE")
        large = b'{"value": 5, "pad": "' + b"x" * MOST_BYTES + b'"}'
        refused(await one.send(large), 413, "TOO_LARGE")
        refused(await one.send({"value": 5}, idempotency_key="x" * 300), 400, "INVALID")


async def test_the_former_key_holds_for_as_long_as_was_said(edge: Edge) -> None:
    one = await fed(edge)
    new = (await told(edge, "rotate-source-key", sourceId=one.source, overlapHours=1))["secret"]
    assert (await one.told())["formerKeyUntil"]
    assert (await one.send({"value": 1})).status == 201
    assert (await one.send({"value": 2}, key=new)).status == 201
    newest = (await told(edge, "rotate-source-key", sourceId=one.source, overlapHours=0))["secret"]
    for old in (one.secret, new):
        refused(await one.send({"value": 3}, key=old), 401, "UNAUTHENTICATED")
    assert (await one.send({"value": 4}, key=newest)).status == 201
    await told(edge, "disconnect-source", sourceId=one.source, reason="Old.")
    refused(await one.send({"value": 5}, key=newest), 401, "UNAUTHENTICATED")
    assert [value for value, _ in await one.readings()] == [1, 2, 4]


async def test_a_source_that_signs_needs_no_key(edge: Edge) -> None:
    one = await fed(edge, signed=True)
    assert one.secret.startswith("whsec_")
    first = await one.sign({"value": 5})
    assert first.status == 201, first.raw
    again = await one.sign({"value": 5})
    assert (again.json, again.headers["headway-repeated"]) == (first.json, "true")
    assert (await one.sign({"value": 5}, "msg_2")).json["eventIds"], "another message is another reading"
    async with edge.unmoved():
        refused(await one.sign({"value": 6}, "msg_1"), 422, "IDEMPOTENCY_KEY_REUSED")
        refused(await one.sign({"value": 6}, "msg_3", secret=f"whsec_{'A' * 43}="), 401, "UNAUTHENTICATED")
        refused(await one.sign({"value": 6}, "msg_3", at=time() - 900), 401, "UNAUTHENTICATED")
        refused(await edge.ask("POST", one.path, {"value": 6}), 401, "UNAUTHENTICATED")
        refused(await one.send({"value": 6}, key=make(SOURCE_PREFIX).text), 401, "UNAUTHENTICATED")
        headers = sign("msg_3", int(time()), b'{"value": 6}', [one.secret], None)
        refused(await edge.ask("POST", one.path, b'{"value": 7}', None, headers), 401, "UNAUTHENTICATED")
    new = (await told(edge, "rotate-source-key", sourceId=one.source))["secret"]
    assert new.startswith("whsec_")
    assert (await one.sign({"value": 8}, "msg_4")).status == 201
    assert (await one.sign({"value": 9}, "msg_5", secret=new)).status == 201


async def test_a_secret_is_shown_once_and_kept_and_logged_nowhere(
    edge: Edge, capfd: pytest.CaptureFixture[str]
) -> None:
    keyed, signed = await fed(edge), await fed(edge, signed=True)
    await keyed.send({"value": 5})
    await signed.sign({"value": 5})
    await keyed.send({"value": 5}, key=keyed.secret[:-1] + "x")
    out, err = capfd.readouterr()
    async with edge.services.database.owner_connection() as connection:
        tables = await connection.fetch(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables"
            " where table_schema in ('ledger', 'read', 'edge', 'outbox') and table_type = 'BASE TABLE'"
        )
        for secret in (keyed.secret, signed.secret):
            assert secret[:-1] not in out + err
            for (table,) in tables:
                sql = f"select count(*) from {table} as t where t::text like '%' || $1 || '%'"
                assert await connection.fetchval(sql, secret) == 0, table
    history = await edge.graphql(
        "query ($id: ID!) { history(entity: $id) { nodes { sentence changes { after } } } }", id=keyed.source
    )
    assert digest_of(keyed.secret).encode() not in history.raw
    assert "connected a source to “Answered”" in history.raw.decode()


async def test_what_is_fetched_has_no_key_and_its_address_is_masked(edge: Edge) -> None:
    one = await fed(edge, kind="PULL_HTTP", address="https://figures.example.com/secret/path?token=abc", valueAt="v")
    assert one.secret == ""
    assert (await one.told())["address"] == "https://figures.example.com/secr…"
    refused(await one.send({"v": 5}, key=make(SOURCE_PREFIX).text), 401, "UNAUTHENTICATED")
    refused(await edge.command("rotate-source-key", {"sourceId": one.source}), 400, "INVALID")
    raw = (
        await edge.graphql("query ($id: ID!) { history(entity: $id) { nodes { changes { after } } } }", id=one.source)
    ).raw
    assert b"token=abc" not in raw


async def test_an_address_that_wants_a_credential_is_shown_it_by_its_name_alone(edge: Edge) -> None:
    one = await fed(edge, kind="PULL_HTTP", address="https://crm.example.com/won", valueAt="v", connection="crm")
    assert (await one.told())["connection"] == "crm"
    elsewhere = {"sourceId": one.source, "address": "https://example.com/", "connection": "crm"}
    refused(await edge.command("revise-source", elsewhere), 400, "INVALID")
    same = {"sourceId": one.source, "address": "https://crm.example.com/lost"}
    assert (await edge.command("revise-source", same)).status == 201


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": "PULL_HTTP", "address": "http://figures.example.com/"}, "address"),
        ({"kind": "PULL_HTTP", "address": "https://127.0.0.1/"}, "address"),
        ({"kind": "PULL_HTTP", "address": "https://ana:secret@example.com/"}, "address"),
        ({"kind": "PULL_SQL", "connection": "elsewhere", "query": "select 1 as v"}, "connection"),
        ({"kind": "PULL_SQL", "connection": "crm", "query": "select 1 as v"}, "connection"),
        ({"kind": "PULL_HTTP", "connection": "elsewhere", "address": "https://crm.example.com/"}, "connection"),
        ({"kind": "PULL_HTTP", "connection": "crm", "address": "https://figures.example.com/"}, "connection"),
        ({"kind": "PUSH_JSON", "lookup": "mine"}, "lookup"),
        ({"kind": "PUSH_JSON", "secretId": str(uuid4())}, "secretId"),
    ],
)
async def test_nothing_is_connected_that_could_not_be_reached(edge: Edge, terms: dict[str, str], field: str) -> None:
    outcome = (await told(edge, "set-outcome", title="Fewer waits"))["id"]
    measure = (await told(edge, "set-measure", outcomeId=outcome, title="Answered", direction="INCREASE"))["id"]
    async with edge.unmoved():
        answer = await edge.command("connect-source", {"measureId": measure, "valueAt": "v", **terms})
        refused(answer, 400, "INVALID")
        assert answer.json["fields"] == [field]


async def test_an_override_stands_until_the_source_is_resumed(edge: Edge) -> None:
    one = await fed(edge)
    await one.send({"value": 5})
    by_hand = {"measureId": one.measure, "value": "7", "override": "UNTIL_RESUMED"}
    await told(edge, "take-reading", **by_hand)
    held = await one.send({"value": 6})
    assert (held.status, len(held.json["eventIds"])) == (201, 1)
    assert [value for value, _ in await one.readings()] == [5, 7]
    assert (await one.told())["state"] == "PAUSED"
    history = await edge.graphql("query ($id: ID!) { history(entity: $id) { nodes { sentence } } }", id=one.measure)
    assert "told 6 on" in history.raw.decode()
    await told(edge, "resume-source", sourceId=one.source)
    assert [value for value, _ in await one.readings()] == [5, 7], "what was held back stays so"
    await one.send({"value": 6})
    assert [value for value, _ in await one.readings()] == [5, 7, 6]


async def test_without_more_a_reading_by_hand_stands_until_the_source_tells_another_value(edge: Edge) -> None:
    one = await fed(edge)
    await one.send({"value": 5})
    await told(edge, "take-reading", measureId=one.measure, value="7")
    await one.send({"value": 5})
    assert [value for value, _ in await one.readings()] == [5, 7]
    await one.send({"value": 6})
    assert [value for value, _ in await one.readings()] == [5, 7, 6]


async def test_a_source_is_counted_like_a_key(edge: Edge) -> None:
    one = await fed(edge)
    entrance = edge.services.entrance
    was = entrance.rate, entrance.burst
    entrance.rate, entrance.burst = 0.001, 2.0
    try:
        answers = [await one.send({"value": nth}) for nth in range(4)]
        wrong = await one.send({"value": 5}, key=make(SOURCE_PREFIX).text)
    finally:
        entrance.rate, entrance.burst = was
    assert [answer.status for answer in answers] == [201, 201, 429, 429]
    refused(wrong, 401, "UNAUTHENTICATED")


async def test_two_organisations_may_choose_the_same_id(edge: Edge) -> None:
    one = await fed(edge)
    here, edge.here = edge.here, edge.there
    try:
        other = await fed(edge, sourceId=one.source)
        async with edge.unmoved():
            refused(await one.send({"value": 5}, key=other.secret[:-1] + "x"), 401, "UNAUTHENTICATED")
        assert (await other.send({"value": 9})).status == 201
        assert [value for value, _ in await other.readings()] == [9]
    finally:
        edge.here = here
    assert (await one.send({"value": 5})).status == 201
    assert [value for value, _ in await one.readings()] == [5]


async def test_r15_a_source_is_hidden_with_its_outcome(edge: Edge) -> None:
    other = (await told(edge, "register-person", name="Ben"))["id"]
    outcome = (await told(edge, "set-outcome", title="Secret", ownerId=other))["id"]
    measure = (await told(edge, "set-measure", outcomeId=outcome, title="Answered", direction="INCREASE"))["id"]
    made = await told(edge, "connect-source", kind="PUSH_JSON", valueAt="/value", measureId=measure)
    await told(edge, "set-visibility", outcomeId=outcome, visibility="OWNER_AND_LEADS")
    member = edge.here.keys["MEMBER"]
    query = "{ sources { nodes { id } } }"
    assert made["id"].encode() in (await edge.graphql(query)).raw
    assert made["id"].encode() not in (await edge.graphql(query, member)).raw
    async with edge.unmoved():
        for name in ("pause-source", "rotate-source-key", "disconnect-source"):
            refused(await edge.command(name, {"sourceId": made["id"]}, member), 404, "NOT_FOUND")
        asked = {"kind": "PUSH_JSON", "valueAt": "/value", "measureId": measure}
        refused(await edge.command("connect-source", asked, member), 404, "NOT_FOUND")
    key = made["secret"]
    assert (await edge.ask("POST", f"/ingest/{made['id']}", {"value": 5}, key)).status == 201


async def test_silence_is_a_risk_and_a_duty_of_who_connected_it(edge: Edge) -> None:
    cycle = (await told(edge, "plan-cycle", title="Q", startsOn="2026-01-01", endsOn="2099-12-31"))["id"]
    outcome = (await told(edge, "set-outcome", title="Fewer waits", cycleId=cycle, ownerId=str(edge.here.person)))["id"]
    terms = {"direction": "INCREASE", "baseline": "0", "target": "10", "dueOn": "2099-01-01"}
    measure = (await told(edge, "set-measure", outcomeId=outcome, title="Answered", **terms))["id"]
    await told(edge, "activate-outcome", outcomeId=outcome)
    asked = {"kind": "PUSH_JSON", "valueAt": "/value", "measureId": measure, "expectEveryHours": 1}
    made = await told(edge, "connect-source", **asked)
    keeper = edge.services.timekeeper
    was = keeper.clock
    keeper.clock = lambda: datetime.now(UTC) + timedelta(hours=2)
    try:
        assert await keeper.look() == 1
    finally:
        keeper.clock = was
    await edge.settled(edge.here)
    risks = "query ($cycle: ID!) { risks(cycle: $cycle) { nodes { kind source { id silentSince } outcome { id } } } }"
    inbox = "{ inbox { nodes { kind settledBy input { name value } source { id } } } }"
    (risk,) = (await edge.graphql(risks, cycle=cycle)).json["data"]["risks"]["nodes"]
    assert (risk["kind"], risk["source"]["id"], risk["outcome"]["id"]) == ("SILENT_SOURCE", made["id"], outcome)
    assert datetime.fromisoformat(risk["source"]["silentSince"]).tzinfo
    duties = (await edge.graphql(inbox)).json["data"]["inbox"]["nodes"]
    (duty,) = [one for one in duties if one["kind"] == "SOURCE_SILENT"]
    assert duty["input"] == [{"name": "sourceId", "value": made["id"]}]
    history = await edge.graphql("query ($id: ID!) { history(entity: $id) { nodes { sentence } } }", id=measure)
    assert "has told nothing since" in history.raw.decode()
    assert (await edge.ask("POST", f"/ingest/{made['id']}", {"value": 5}, made["secret"])).status == 201
    await edge.settled(edge.here)
    assert (await edge.graphql(risks, cycle=cycle)).json["data"]["risks"]["nodes"] == []
    duties = (await edge.graphql(inbox)).json["data"]["inbox"]["nodes"]
    assert [one for one in duties if one["kind"] == "SOURCE_SILENT"] == []
    assert UUID(made["id"])


async def test_the_blocks_of_the_how_to_run_as_they_stand(edge: Edge) -> None:
    text = (Path(__file__).parents[2] / "docs" / "howto" / "ingest.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 5
    outcome = (await told(edge, "set-outcome", title="Fewer waits"))["id"]
    measure = (await told(edge, "set-measure", outcomeId=outcome, title="Visits", direction="INCREASE"))["id"]
    environment = {"HEADWAY_URL": edge.base, "HEADWAY_API_KEY": edge.here.keys["OWNER"], "MEASURE": measure}
    # what is read by its key, or paused, is known to the read models a moment after the command
    script = "set -e\n" + "\nsleep 0.3\necho\n".join(blocks)
    running = await asyncio.create_subprocess_exec(
        "bash", "-c", script, env={**os.environ, **environment}, stdout=PIPE, stderr=PIPE
    )
    out, err = await asyncio.wait_for(running.communicate(), 30)
    assert running.returncode == 0, err
    answers = [json.loads(one) for one in out.decode().replace("}{", "}\n{").splitlines() if one]
    assert [one.get("code", "") for one in answers] == ["", "SOURCE_UNREADABLE", "", "", "", ""], answers
    assert "At /data/visits there is “n/a”" in answers[1]["detail"]
    query = "query ($id: ID!) { measure(id: $id) { readings { nodes { value } } } }"
    await edge.settled(edge.here)
    readings = (await edge.graphql(query, id=measure)).json["data"]["measure"]["readings"]["nodes"]
    assert [one["value"] for one in readings] == [118, 120]
    audited, asked = re.findall(r"```graphql\n(.*?)```", text, flags=re.DOTALL)
    assert "data" in (await edge.graphql(audited)).json
    (source,) = (await edge.graphql(asked)).json["data"]["sources"]["nodes"]
    assert (source["title"], source["state"]) == ("Shop", "DISCONNECTED")
