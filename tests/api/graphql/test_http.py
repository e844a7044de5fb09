"""GraphQL over HTTP: media types, status codes, caching, compression, what is refused."""

import gzip
import json
from typing import Any

import httpx
import pytest
import zstandard

from api.graphql.http import accepted, coding_of
from tests.api.graphql.conftest import RESPONSE, Asker, post
from tests.api.graphql.rows import HEAD

Client = httpx.AsyncClient
JSON = "application/json"
NAME = "{ organisation { name } }"
LONG = "{ outcomes { nodes { id title description state } } }"


def code(response: Any) -> str:
    return response.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}; q=0.5, {JSON}", JSON),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        ("application/graphql+json, application/json, text/event-stream, multipart/mixed, */*", JSON),
        (f"{JSON}; charset=utf-8", JSON),
        (f"{JSON}; q=0", None),
        ("text/plain", None),
    ],
)
def test_the_media_type_is_chosen_by_weight(accept: str, media: str | None) -> None:
    assert accepted(accept) == media


def test_zstd_comes_before_gzip() -> None:
    assert coding_of("gzip, br, zstd") == "zstd"
    assert coding_of("gzip;q=1, zstd;q=0") == "gzip"
    assert coding_of("br") is None


async def test_an_answer_says_position_cost_and_how_it_may_be_kept(client: Client) -> None:
    response = await post(client, NAME)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
    assert response.headers["cache-control"] == "private, no-cache"
    assert "etag" not in response.headers  # nobody asks by POST whether an answer still stands
    body = response.json()
    assert body["data"] == {"organisation": {"name": "alpha & Co"}}
    assert body["extensions"]["position"] == HEAD
    assert set(body["extensions"]["cost"]) == {"requested", "limit"}


async def test_a_get_is_answered_and_not_again_while_nothing_changed(client: Client, asker: Asker) -> None:
    asker.positions.position = HEAD
    first = await client.get("/graphql", params={"query": NAME})
    assert first.headers["etag"].startswith(f'"{HEAD}-')
    again = await client.get("/graphql", params={"query": NAME}, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    asker.positions.position = HEAD + 1
    moved = await client.get("/graphql", params={"query": NAME}, headers={"if-none-match": first.headers["etag"] + "x"})
    assert moved.status_code == 200


async def test_c39_a_tag_of_another_question_or_scope_is_not_taken(client: Client) -> None:
    first = await client.get("/graphql", params={"query": NAME})
    other = await client.get("/graphql", params={"query": LONG}, headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(("coding", "unpack"), [("gzip", gzip.decompress), ("zstd", None)])
async def test_long_answers_are_compressed(client: Client, coding: str, unpack: Any) -> None:
    plain = await post(client, LONG, headers={"accept-encoding": "identity"})
    async with client.stream(
        "POST", "/graphql", json={"query": LONG}, headers={"accept": RESPONSE, "accept-encoding": coding}
    ) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers["content-encoding"] == coding
    assert len(raw) < len(plain.content)
    unpacked = unpack(raw) if unpack else zstandard.ZstdDecompressor().decompress(raw, max_output_size=10**6)
    assert json.loads(unpacked)["data"] == plain.json()["data"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "PARSE_FAILED"),
        ("{ nothing }", "VALIDATION_FAILED"),
        ("query ($i: ID!) { outcome(id: $i) { id } }", "BAD_VARIABLES"),
    ],
)
async def test_refused_documents_are_400_or_200_for_json_by_name(client: Client, query: str, expected: str) -> None:
    for accept, status in ((RESPONSE, 400), ("*/*", 400), (JSON, 200)):
        response = await post(client, query, accept)
        assert (response.status_code, code(response)) == (status, expected)
        assert "data" not in response.json()


async def test_limits_are_400_in_either_form(client: Client) -> None:
    for accept in (RESPONSE, JSON):
        response = await post(client, "{ outcomes(first: 501) { totalCount nodes { id } } }", accept)
        assert (response.status_code, code(response)) == (400, "BAD_INPUT")


@pytest.mark.parametrize(
    ("content", "headers", "status", "expected"),
    [
        (b"{}", {}, 400, "BAD_REQUEST"),
        (b"[]", {}, 400, "BAD_REQUEST"),
        (b"", {}, 400, "BAD_REQUEST"),
        (b'{"query": 1}', {}, 400, "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": [1]}', {}, 400, "BAD_REQUEST"),
        (b'{"query": "{a}", "operationName": 1}', {}, 400, "BAD_REQUEST"),
        (b'{"query": "{a}", "extensions": "x"}', {}, 400, "BAD_REQUEST"),
        (b'{"query": "\xff"}', {}, 400, "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": {"a": NaN}}', {}, 400, "BAD_REQUEST"),
        (b"[" * 50_000, {}, 400, "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": {"a": "\\u0000"}}', {}, 400, "BAD_INPUT"),
        (b'{"query": "{ a(b: \\"\\\\u0000\\") }"}', {}, 400, "VALIDATION_FAILED"),
        (b"{}", {"content-type": "text/plain"}, 415, "MEDIA_TYPE_UNKNOWN"),
        (b"{}", {"content-type": "application/json; charset=latin-1"}, 415, "MEDIA_TYPE_UNKNOWN"),
        (b'{"query": "' + b"x" * 300_000 + b'"}', {}, 413, "BODY_TOO_LARGE"),
        (b"{}", {"accept": "text/plain"}, 406, "NOT_ACCEPTABLE"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    client: Client, content: bytes, headers: dict[str, str], status: int, expected: str
) -> None:
    sent = {"content-type": JSON, "accept": RESPONSE} | headers
    response = await client.post("/graphql", content=content, headers=sent)
    assert (response.status_code, code(response)) == (status, expected)


async def test_other_methods_and_mutations_by_get_are_not_allowed(client: Client) -> None:
    for response in (
        await client.put("/graphql"),
        await client.get("/graphql", params={"query": "mutation { a }"}),
    ):
        assert response.status_code in {400, 405}
    assert (await client.put("/graphql")).headers["allow"] == "GET, POST"


async def test_one_of_several_operations_has_to_be_named(client: Client) -> None:
    text = "query A { organisation { id } } query B { organisation { name } }"
    assert code(await post(client, text)) == "OPERATION_UNKNOWN"
    assert code(await post(client, text, operationName="C")) == "OPERATION_UNKNOWN"
    assert (await post(client, text, operationName="B")).json()["data"]["organisation"] == {"name": "alpha & Co"}


async def test_c39_min_position_passes_waits_and_runs_out(client: Client, asker: Asker) -> None:
    assert (await post(client, NAME, headers={"headway-min-position": str(HEAD)})).status_code == 200
    assert (await post(client, NAME, extensions={"minPosition": HEAD})).status_code == 200
    late = await post(client, NAME, extensions={"minPosition": HEAD + 1})
    assert (late.status_code, code(late)) == (503, "POSITION_NOT_REACHED")
    assert late.headers["retry-after"] == "1"
    assert late.json()["errors"][0]["extensions"] == {
        "code": "POSITION_NOT_REACHED",
        "asked": HEAD + 1,
        "reached": HEAD,
    }
    asker.positions.comes = True
    assert (await post(client, NAME, extensions={"minPosition": HEAD + 1})).status_code == 200
    for wrong in (-1, "7", 2**53 + 1, True, 1.5):
        assert code(await post(client, NAME, extensions={"minPosition": wrong})) == "BAD_REQUEST"


async def test_no_internal_text_goes_out(client: Client, asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("secret text")

    monkeypatch.setattr(asker.reads, "fetch", broken)
    response = await post(client, NAME)
    assert (response.status_code, code(response)) == (500, "INTERNAL")
    assert "secret" not in response.text
