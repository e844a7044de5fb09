"""Webhooks as a hostile integrator meets them over the wire: what is pulled, by whom, what is named, and what can be
reached."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from domain.public_events import CATALOGUE
from infra.settings import Settings
from tests.api.edge import ROOMY, Answer, Edge, Organisation, refused
from tests.infra.hostile_receiver import HostileReceiver, Received, receiving

NEAR = msgspec.structs.replace(ROOMY, webhook_networks="127.0.0.0/8", webhook_plain_http=True)
TOKEN = "token-of-the-receiver"
DELIVERIES = """query ($filter: DeliveryFilter, $after: String) {
  deliveries(first: 50, filter: $filter, after: $after) { totalCount pageInfo { endCursor }
    nodes { id webhookId kind aboutId data sequence state } } }"""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return NEAR


@pytest.fixture
async def receiver() -> AsyncIterator[HostileReceiver]:
    async with receiving() as opened:
        yield opened


def url(receiver: HostileReceiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/ok?{TOKEN}"


async def made(edge: Edge, name: str, key: str | None = None, /, **fields: Any) -> str:
    answer = await edge.command(name, fields, key)
    assert answer.status == 201, answer.raw
    return answer.json["id"]


async def a_lead(edge: Edge, organisation: Organisation | None = None) -> str:
    """The key of somebody who sees what is not hidden."""
    person = str(uuid4())
    where = organisation or edge.here
    await edge.tell(where, "register-person", personId=person, name="Ben")
    return (await edge.key(where, "LEAD", personId=person))[1]


async def an_outcome(edge: Edge) -> str:
    return await made(edge, "set-outcome", title="Faster", ownerId=str(edge.here.person))


async def a_milestone(edge: Edge, outcome: str) -> str:
    return await made(edge, "set-milestone", outcomeId=outcome, title="Half way", dueOn="2099-01-01")


async def hide(edge: Edge, outcome: str) -> None:
    answer = await edge.command("set-visibility", {"outcomeId": outcome, "visibility": "OWNER_AND_LEADS"})
    assert answer.status == 201, answer.raw
    await edge.settled(edge.here)


async def came(receiver: HostileReceiver, count: int) -> list[Received]:
    for _ in range(500):
        if len(receiver.received) >= count:
            break
        await asyncio.sleep(0.02)
    assert len(receiver.received) == count
    return receiver.received


async def pulled(edge: Edge, webhook: str, after: int = 0, key: str | None = None) -> Answer:
    return await edge.ask("GET", f"/webhooks/{webhook}/events?after={after}", key=key or edge.here.keys["OWNER"])


@pytest.mark.parametrize("mode", ["THIN", "FULL"])
async def test_what_is_pulled_is_what_was_sent_under_the_same_ids(
    edge: Edge, receiver: HostileReceiver, mode: str
) -> None:
    webhook = await made(edge, "subscribe-webhook", receiver=url(receiver), mode=mode, kinds=["milestone.*"])
    outcome = await an_outcome(edge)
    for _ in range(3):
        await a_milestone(edge, outcome)
    sent = sorted(await came(receiver, 3), key=lambda one: json.loads(one.body)["sequence"])
    told = (await pulled(edge, webhook)).json
    assert [(one["id"], one["event"]) for one in told] == [
        (one.all_of("webhook-id")[0], json.loads(one.body)) for one in sent
    ]
    assert all(("sentence" in one["event"]) is (mode == "FULL") for one in told)
    assert [one["event"]["sequence"] for one in (await pulled(edge, webhook, 1)).json] == [2, 3]
    assert (await pulled(edge, webhook, 3)).json == []
    assert (await pulled(edge, webhook, 10**17)).json == []
    await made(edge, "remove-webhook", webhookId=webhook)
    await edge.settled(edge.here)
    refused(await pulled(edge, webhook), 404, "NOT_FOUND")


async def test_a_source_that_is_silent_is_told_in_full(edge: Edge, receiver: HostileReceiver) -> None:
    await made(edge, "subscribe-webhook", receiver=url(receiver), mode="FULL", kinds=["source.*"])
    measure = await made(edge, "set-measure", outcomeId=await an_outcome(edge), title="Answered", direction="INCREASE")
    asked = {"kind": "PUSH_JSON", "valueAt": "/v", "measureId": measure, "expectEveryHours": 1, "title": "Shop"}
    source = await made(edge, "connect-source", **asked)
    await edge.settled(edge.here)
    keeper = edge.services.timekeeper
    was, keeper.clock = keeper.clock, lambda: datetime.now(UTC) + timedelta(hours=2)
    try:
        assert await keeper.look() == 1
    finally:
        keeper.clock = was
    (one,) = await came(receiver, 1)
    told = json.loads(one.body)
    assert (told["type"], told["data"]["sourceId"]) == ("source.silent", source)
    entity = told["entity"]
    assert (entity["__typename"], entity["id"], entity["title"], entity["state"]) == (
        "Source",
        source,
        "Shop",
        "CONNECTED",
    )
    assert entity["measure"] == {"id": measure, "title": "Answered"}
    assert entity["silentSince"]
    assert "has told nothing since" in told["sentence"]


async def test_at_most_a_hundred_are_pulled_at_once(edge: Edge, receiver: HostileReceiver) -> None:
    webhook = await made(edge, "subscribe-webhook", receiver=url(receiver), kinds=["milestone.*"])
    outcome = await an_outcome(edge)
    lines = [
        {"command": "set-milestone", "input": {"outcomeId": outcome, "title": f"Stone {n}", "dueOn": "2099-01-01"}}
        for n in range(130)
    ]
    answer = await edge.bulk("\n".join(json.dumps(one) for one in lines).encode())
    assert answer.status == 200, answer.raw
    await came(receiver, 130)
    first = (await pulled(edge, webhook)).json
    rest = (await pulled(edge, webhook, first[-1]["event"]["sequence"])).json
    assert (len(first), len(rest)) == (100, 30)
    assert len({one["id"] for one in first + rest}) == 130


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=1e3", "after=9" * 30, "before=1", "after=%00"])
async def test_what_is_no_number_is_refused(edge: Edge, query: str) -> None:
    answer = await edge.ask("GET", f"/webhooks/{uuid4()}/events?{query}", key=edge.here.keys["OWNER"])
    refused(answer, 400, "INVALID")


async def test_a_webhook_is_pulled_from_by_whoever_subscribed_it_and_an_owner(edge: Edge) -> None:
    lead = await a_lead(edge)
    robot_id, robot = await edge.key(edge.here, "LEAD")
    theirs = await made(edge, "subscribe-webhook", lead, receiver="http://127.0.0.1:1024/")
    robots = await made(edge, "subscribe-webhook", robot, receiver="http://127.0.0.1:1024/")
    await edge.settled(edge.here)
    for webhook, key in ((theirs, lead), (robots, robot), (theirs, None), (robots, None)):
        assert (await pulled(edge, webhook, key=key)).status == 200
    unknown = await pulled(edge, str(uuid4()), key=lead)
    refused(unknown, 404, "NOT_FOUND")
    keys = [edge.here.keys[role] for role in ("MEMBER", "READER", "AUDITOR")]
    keys += [await a_lead(edge), edge.there.keys["OWNER"], edge.there.keys["AUDITOR"]]
    for webhook, key in [*((theirs, key) for key in [*keys, robot]), *((robots, key) for key in [*keys, lead])]:
        assert (await pulled(edge, webhook, key=key)).raw == unknown.raw
        listed = await edge.graphql("{ webhooks { nodes { id } } deliveries { nodes { webhookId } } }", key)
        assert webhook.encode() not in listed.raw
    refused(await edge.ask("GET", f"/webhooks/{theirs}/events"), 401, "UNAUTHENTICATED")
    revoked = await edge.command("revoke-api-key", {"apiKeyId": str(robot_id), "reason": "Leaked."})
    assert revoked.status == 201, revoked.raw
    await edge.settled(edge.here)
    assert (await pulled(edge, robots)).json == []
    await asyncio.sleep(1)  # for as long as a key is kept
    refused(await pulled(edge, robots, key=robot), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("mode", ["THIN", "FULL"])
async def test_r15_what_was_hidden_since_is_told_nowhere(edge: Edge, receiver: HostileReceiver, mode: str) -> None:
    lead = await a_lead(edge)
    me = (await edge.graphql("{ viewer { person { id } } }", lead)).json["data"]["viewer"]["person"]["id"]
    outcome, open_one = await an_outcome(edge), await an_outcome(edge)
    webhook = await made(edge, "subscribe-webhook", lead, receiver=url(receiver), mode=mode)
    milestone = await a_milestone(edge, outcome)
    await a_milestone(edge, open_one)
    task = await made(edge, "commit-task", title="For it", dueOn="2099-01-01", outcomeId=outcome, beneficiaryId=me)
    await came(receiver, 3)
    before = await edge.graphql(DELIVERIES, lead, filter={"webhook": webhook})
    assert before.json["data"]["deliveries"]["totalCount"] == 3
    assert outcome.encode() in before.raw
    await hide(edge, outcome)
    after = await edge.graphql(DELIVERIES, lead, filter={"webhook": webhook})
    listed = after.json["data"]["deliveries"]
    assert [one["kind"] for one in listed["nodes"]] == ["commitment.made", "milestone.set"]
    assert listed["totalCount"] == 2
    by_id = await edge.graphql(DELIVERIES, lead, filter={"about": milestone})
    assert by_id.json["data"]["deliveries"]["totalCount"] == 0
    missed = await pulled(edge, webhook, key=lead)
    assert [one["event"]["type"] for one in missed.json] == ["milestone.set", "commitment.made"]
    for answer in (after, by_id, missed):
        assert outcome.encode() not in answer.raw
        assert milestone.encode() not in answer.raw
    assert task.encode() in missed.raw
    whole = await edge.graphql(DELIVERIES, filter={"webhook": webhook})
    assert whole.json["data"]["deliveries"]["totalCount"] == 3
    assert [one["event"]["type"] for one in (await pulled(edge, webhook)).json] == ["milestone.set", "commitment.made"]


async def test_r15_a_weaker_key_of_the_person_pulls_nothing_hidden(edge: Edge, receiver: HostileReceiver) -> None:
    boss = str(uuid4())
    await edge.tell(edge.here, "register-person", personId=boss, name="Bo")
    await edge.tell(edge.here, "grant-role", personId=boss, role="OWNER")
    _, strong = await edge.key(edge.here, "OWNER", personId=boss)
    _, weak = await edge.key(edge.here, "READER", personId=boss)
    outcome = await an_outcome(edge)
    webhook = await made(edge, "subscribe-webhook", strong, receiver=url(receiver), mode="FULL")
    await hide(edge, outcome)
    await a_milestone(edge, outcome)
    await came(receiver, 1)
    assert len((await pulled(edge, webhook, key=strong)).json) == 1
    assert (await pulled(edge, webhook, key=weak)).json == []
    listed = await edge.graphql(DELIVERIES, weak, filter={"webhook": webhook})
    assert listed.json["data"]["deliveries"]["totalCount"] == 0


async def test_no_secret_is_told_a_second_time(edge: Edge, receiver: HostileReceiver) -> None:
    answer = await edge.command("subscribe-webhook", {"receiver": url(receiver) + "#fragment-secret"})
    webhook, secret = answer.json["id"], answer.json["secret"]
    assert secret.startswith("whsec_")
    rotated = (await edge.command("rotate-webhook-secret", {"webhookId": webhook})).json["secret"]
    await made(edge, "revise-webhook", webhookId=webhook, title="Ours", receiver=url(receiver))
    await edge.settled(edge.here)
    documents = [
        f"""{{ history(entity: "{webhook}") {{ nodes {{ sentence type changes {{ field before after }} }} }} }}""",
        f"""{{ compare(entity: "{webhook}", fromPosition: 1) {{ fields {{ field before after }} }} }}""",
        "{ changes(since: 0) { nodes { kind type entityId entity { __typename id } } } }",
        "{ webhooks { nodes { id title receiver kinds because } } }",
        '{ search(text: "token receiver") { nodes { title } } }',
        DELIVERIES,
    ]
    told = [await edge.graphql(one, edge.here.keys[role]) for one in documents for role in ("OWNER", "READER")]
    told += [await edge.ask("GET", "/metrics", key=edge.here.keys["OWNER"]), await pulled(edge, webhook)]
    for one in told:
        assert one.status == 200, one.raw
        for word in (secret, rotated, TOKEN, "fragment-secret", "whsec_"):
            assert word.encode() not in one.raw, one.raw
    masked = told[6].json["data"]["webhooks"]["nodes"]
    assert next(one for one in masked if one["id"] == webhook)["receiver"].startswith("http://127.0.0.1:")


UNREACHABLE = [
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/",
    "https://[::ffff:169.254.169.254]/",
    "https://[fd00:ec2::254]/",
    "https://2852039166/",
    "https://0x7f.1/",
    "https://10.0.0.1/",
    "https://user:password@example.com/",
    "https://example.com:5432/",
    "https://example.com:22/",
    "https://example.com\\@10.0.0.1/",
    "https://exa\u0000mple.com/",
    "https://ex\u00e4mple.com/",
    "https://example.com/\r\nhost: other",
    "https://example.com/ and more",
    "https://" + "a" * 3_000,
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "https:///path",
    "https://",
    "",
]


@pytest.mark.parametrize("receiver_url", UNREACHABLE, ids=range(len(UNREACHABLE)))
async def test_nowhere_else_is_subscribed_or_revised_to(edge: Edge, receiver_url: str) -> None:
    key = await a_lead(edge)
    webhook = await made(edge, "subscribe-webhook", key, receiver="https://example.com/")
    async with edge.unmoved():
        refused(await edge.command("subscribe-webhook", {"receiver": receiver_url}, key), 400, "INVALID")
        revise = {"webhookId": webhook, "receiver": receiver_url}
        refused(await edge.command("revise-webhook", revise, key), 400, "INVALID")
        document = "mutation ($input: ReviseWebhookInput!) { reviseWebhook(input: $input) { refusal { code } } }"
        answer = await edge.graphql(document, key, input=revise)
        assert any(code in answer.raw for code in (b"INVALID", b"BAD_INPUT"))
        line = json.dumps({"command": "revise-webhook", "input": revise}).encode()
        assert b"INVALID" in (await edge.bulk(line)).raw


@pytest.mark.parametrize(
    "kinds",
    [
        [],
        ["*"] * 101,
        ["milestone.*"] * 10_000,
        ["x" * 101],
        ["milestone.reached\n"],
        ["milestone.\u0000"],
        ["mil\u0435stone.*"],
        ["**"],
        ["*.reached"],
        ["milestone.reached' or true --"],
        "*",
        [None],
        [["*"]],
    ],
    ids=range(13),
)
async def test_kinds_that_are_none_or_too_many_are_refused(edge: Edge, kinds: Any) -> None:
    async with edge.unmoved():
        body = json.dumps({"receiver": "https://example.com/", "kinds": kinds}).encode()
        refused(await edge.command("subscribe-webhook", body), 400, "INVALID")


async def test_as_many_kinds_as_there_may_be_are_taken_and_each_delivered_once(
    edge: Edge, receiver: HostileReceiver
) -> None:
    kinds = [*CATALOGUE, *["milestone.*"] * 30][:100]
    await made(edge, "subscribe-webhook", receiver=url(receiver), kinds=kinds)
    await a_milestone(edge, await an_outcome(edge))
    await came(receiver, 2)
    await asyncio.sleep(0.2)
    assert len(receiver.received) == 2


@pytest.mark.parametrize("role", ["MEMBER", "READER", "AUDITOR"])
async def test_whoever_leads_nothing_changes_no_webhook(edge: Edge, role: str) -> None:
    webhook = await made(edge, "subscribe-webhook", receiver="https://example.com/")
    commands: list[tuple[str, dict[str, Any]]] = [
        ("subscribe-webhook", {"receiver": "https://example.com/"}),
        *(
            (name, {"webhookId": webhook, **more})
            for name, more in (
                ("revise-webhook", {"receiver": "https://evil.example/"}),
                ("test-webhook", {}),
                ("redeliver", {"sincePosition": 1}),
                ("rotate-webhook-secret", {}),
                ("pause-webhook", {}),
                ("resume-webhook", {}),
                ("remove-webhook", {}),
            )
        ),
    ]
    async with edge.unmoved():
        for name, body in commands:
            refused(await edge.command(name, body, edge.here.keys[role]), 403, "NOT_ALLOWED")


async def test_no_filter_or_cursor_opens_deliveries_of_another_organisation(
    edge: Edge, receiver: HostileReceiver
) -> None:
    key = edge.there.keys["OWNER"]
    theirs = await made(edge, "subscribe-webhook", key, receiver=url(receiver), kinds=["outcome.*"])
    about = await made(edge, "set-outcome", key, title="Brighter", ownerId=str(edge.there.person))
    await came(receiver, 1)
    page = await edge.graphql(DELIVERIES, key, filter={"webhook": theirs})
    assert page.json["data"]["deliveries"]["totalCount"] == 1
    cursor = page.json["data"]["deliveries"]["pageInfo"]["endCursor"]
    tries: list[dict[str, Any]] = [
        {"filter": {"webhook": theirs}},
        {"filter": {"about": about}},
        {"filter": {"kind": "outcome.set"}, "after": cursor},
        {"after": cursor},
        {"filter": {"kind": "' or true --"}},
        {"filter": {"state": ["ACCEPTED", "DUE", "SENT", "EXHAUSTED"]}},
    ]
    for variables in tries:
        answer = await edge.graphql(DELIVERIES, **variables)
        assert answer.status == 200, answer.raw
        assert theirs.encode() not in answer.raw
        assert about.encode() not in answer.raw
    assert UUID(theirs)


async def test_deliveries_are_paged_through_by_their_cursors(edge: Edge, receiver: HostileReceiver) -> None:
    webhook = await made(edge, "subscribe-webhook", receiver=url(receiver), kinds=["milestone.*"])
    outcome = await an_outcome(edge)
    for _ in range(3):
        await a_milestone(edge, outcome)
    await came(receiver, 3)
    document = """query ($webhook: ID, $after: String) {
      deliveries(first: 1, filter: {webhook: $webhook}, after: $after) {
      nodes { sequence } pageInfo { endCursor hasNextPage } } }"""
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        page = (await edge.graphql(document, webhook=webhook, after=cursor)).json["data"]["deliveries"]
        seen += [int(one["sequence"]) for one in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
    assert seen == [3, 2, 1]
