"""Who may come in, and how far (attacks 1 to 13)."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from infra.api_keys import ALPHABET, digest_of, make
from infra.entrance import Entrance, KeyUnknown
from tests.api.edge import Edge, refused, refused_by_graphql

WHOAMI = "{ viewer { role } }"
PERSON = {"name": "Nobody"}
SECONDS_TO_LOCK_OUT = 1.0


async def locked_out(edge: Edge, key: str) -> None:
    async with edge.unmoved():
        refused(await edge.command("register-person", PERSON, key), 401, "UNAUTHENTICATED")
        refused_by_graphql(await edge.graphql(WHOAMI, key), 401, "UNAUTHENTICATED")


async def test_a_key_in_force_opens(edge: Edge) -> None:
    answer = await edge.graphql(WHOAMI)
    assert (answer.status, answer.json["data"]) == (200, {"viewer": {"role": "OWNER"}})


async def test_without_a_key_nobody_comes_in(edge: Edge) -> None:  # 1
    async with edge.unmoved():
        answer = await edge.ask("POST", "/commands/register-person", PERSON)
        refused(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
        refused(await edge.ask("POST", "/commands", b"{}", kind="application/x-ndjson"), 401, "UNAUTHENTICATED")
        refused_by_graphql(await edge.ask("POST", "/graphql", {"query": WHOAMI}), 401, "UNAUTHENTICATED")


async def test_a_well_formed_key_that_nobody_issued_is_refused(edge: Edge) -> None:  # 2
    await locked_out(edge, make().text)
    await locked_out(edge, "hw_live_" + "A" * 58)


async def test_a_key_with_another_secret_under_a_known_lookup_is_refused(edge: Edge) -> None:  # 2
    mine = edge.here.keys["OWNER"]
    await locked_out(edge, mine[:-1] + ALPHABET[(ALPHABET.index(mine[-1]) + 1) % len(ALPHABET)])
    await locked_out(edge, mine[:20] + make().text[20:])


@pytest.mark.parametrize("change", [-1, -7, 1, 2])
async def test_a_key_cut_or_lengthened_is_refused(edge: Edge, change: int) -> None:  # 3
    mine = edge.here.keys["OWNER"]
    await locked_out(edge, mine[:change] if change < 0 else mine + "A" * change)


async def test_a_revoked_key_is_out_within_a_second_in_every_process(edge: Edge) -> None:  # 4
    key_id, key = await edge.key(edge.here, "OWNER")
    other = Entrance(edge.services.database, 1e6, 1e6)
    await other.enter(key)
    assert (await edge.graphql(WHOAMI, key)).status == 200
    answer = await edge.command("revoke-api-key", {"apiKeyId": str(key_id)})
    assert answer.status == 201
    await asyncio.sleep(SECONDS_TO_LOCK_OUT)
    await locked_out(edge, key)
    with pytest.raises(KeyUnknown):
        await other.enter(key)


async def test_an_expired_key_is_refused(edge: Edge) -> None:  # 5
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    async with edge.unmoved():
        body = {"name": "Late", "role": "OWNER", "expiresOn": yesterday.isoformat()}
        refused(await edge.command("issue-api-key", body), 400, "INVALID")
    key_id, key = await edge.key(edge.here, "OWNER", expiresOn=datetime.now(UTC).date().isoformat())
    assert (await edge.graphql(WHOAMI, key)).status == 200
    async with edge.services.database.owner_connection() as connection:
        changed = await connection.execute("update read.api_key set expires_on = $1 where id = $2", yesterday, key_id)
    assert changed == "UPDATE 1"
    await asyncio.sleep(SECONDS_TO_LOCK_OUT)
    await locked_out(edge, key)


async def test_a_key_in_the_query_string_is_no_key(edge: Edge) -> None:  # 6
    mine = edge.here.keys["OWNER"]
    async with edge.unmoved():
        for name in ("key", "api_key", "access_token", "authorization", "token"):
            path = f"/commands/register-person?{name}={mine}"
            refused(await edge.ask("POST", path, PERSON), 401, "UNAUTHENTICATED")
        refused_by_graphql(await edge.ask("GET", f"/graphql?query={{__typename}}&key={mine}"), 401, "UNAUTHENTICATED")


async def test_two_authorisation_headers_are_none(edge: Edge) -> None:  # 7
    mine = edge.here.keys["OWNER"]
    both = f"Authorization: Bearer {mine}\r\n" * 2
    async with edge.unmoved():
        answer = await edge.raw(
            f"POST /commands/register-person HTTP/1.1\r\nHost: x\r\n{both}Content-Type: application/json\r\n"
            'Content-Length: 12\r\nConnection: close\r\n\r\n{"name":"x"}'.encode()
        )
    assert answer.startswith(b"HTTP/1.1 401")
    assert b'"code":"UNAUTHENTICATED"' in answer


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer\t", "", "Bearer Bearer"])
async def test_other_schemes_are_refused(edge: Edge, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {edge.here.keys['OWNER']}".strip()}
    async with edge.unmoved():
        refused(await edge.ask("POST", "/commands/register-person", PERSON, headers=headers), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "key",
    [
        b"hw_live_\x00",
        b"hw_live_" + b"A" * 1_000,
        b"hw_live_" + b"A" * 100_000,
        "hw_live_ключ".encode(),
        b"\xff\xfe",
        b"",
        b"hw_live_\x7f\x1b[31m",
    ],
    ids=["NUL", "1 kB", "100 kB", "Cyrillic", "no UTF-8", "empty", "escapes"],
)
async def test_what_cannot_be_a_key_is_refused_without_a_fault(edge: Edge, key: bytes) -> None:  # 8
    head = b"POST /commands/register-person HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
    rest = b'\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"name":"x"}'
    async with edge.unmoved():
        try:
            answer = await edge.raw(head + key + rest)
        except ConnectionError:  # closed on us in the middle of it
            return
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 431"))


async def test_a_key_that_only_reads_issues_no_command(edge: Edge) -> None:  # 10
    _, key = await edge.key(edge.here, "OWNER", scopes=["read"])
    assert (await edge.graphql(WHOAMI, key)).status == 200
    async with edge.unmoved():
        refused(await edge.command("register-person", PERSON, key), 403, "NOT_ALLOWED")
        mutation = 'mutation { registerPerson(input: {name: "x"}) { __typename } }'
        refused_by_graphql(await edge.graphql(mutation, key), 403, "NOT_ALLOWED")
        refused(
            await edge.ask("POST", "/commands", b"{}", key, kind="application/x-ndjson"),
            403,
            "NOT_ALLOWED",
        )


async def test_a_key_that_only_writes_asks_nothing(edge: Edge) -> None:  # 10
    _, key = await edge.key(edge.here, "OWNER", scopes=["write"])
    refused_by_graphql(await edge.graphql(WHOAMI, key), 403, "NOT_ALLOWED")


@pytest.mark.parametrize("role", ["MEMBER", "READER", "AUDITOR"])
async def test_a_weaker_role_cannot_make_itself_stronger(edge: Edge, role: str) -> None:  # 11
    key = edge.here.keys[role]
    async with edge.unmoved():
        granted = {"personId": str(edge.here.person), "role": "OWNER"}
        refused(await edge.command("grant-role", granted, key), 403, "NOT_ALLOWED")
        for wanted in ("OWNER", role):
            issued = {"name": "Ladder", "role": wanted}
            refused(await edge.command("issue-api-key", issued, key), 403, "NOT_ALLOWED")
        mutation = 'mutation { issueApiKey(input: {name: "Ladder", role: OWNER}) { position secret refusal { code } } }'
        answer = await edge.graphql(mutation, key)
        assert answer.status == 200
        payload = {"position": None, "secret": None, "refusal": {"code": "NOT_ALLOWED"}}
        assert answer.json["data"] == {"issueApiKey": payload}


@pytest.mark.parametrize("role", ["READER", "AUDITOR"])
async def test_who_only_looks_on_records_nothing(edge: Edge, role: str) -> None:  # 11
    async with edge.unmoved():
        for name in ("register-person", "check-in", "commit-task"):
            refused(await edge.command(name, PERSON, edge.here.keys[role]), 403, "NOT_ALLOWED")


async def test_a_key_is_shown_once_and_never_kept(edge: Edge) -> None:  # 13
    headers = {"idempotency-key": uuid4().hex}
    body = {"name": "Shown once", "role": "READER"}
    first = await edge.command("issue-api-key", body, headers=headers)
    again = await edge.command("issue-api-key", body, headers=headers)
    key: str = first.json["secret"]
    assert first.headers["cache-control"] == "no-store"
    assert again.status == 201
    assert "secret" not in again.json
    assert again.json["id"] == first.json["id"]
    await edge.settled(edge.here)
    entity = UUID(first.json["id"])
    history = await edge.graphql(
        "query ($id: ID!) { history(entity: $id) { nodes { __typename } totalCount } }", id=str(entity)
    )
    assert history.status == 200
    async with edge.services.database.owner_connection() as connection:
        tables = await connection.fetch(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables"
            " where table_schema in ('ledger', 'read', 'edge') and table_type = 'BASE TABLE'"
        )
        for (table,) in tables:
            held = await connection.fetchval(
                f"select count(*) from {table} as t where t::text like '%' || $1 || '%'", key
            )
            assert held == 0, table
    for answer in (again, history):
        assert key.encode() not in answer.raw
        assert digest_of(key).encode() not in answer.raw
