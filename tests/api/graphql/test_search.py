"""Search by words: what is found, in which order, page by page, and whatever is typed."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.api.graphql.conftest import Asker, viewer_of

ASK = """query ($words: String!, $kinds: [EntityKind!], $first: Int, $after: String) {
  search(text: $words, kinds: $kinds, first: $first, after: $after) {
    nodes { kind title rank entity { id } } pageInfo { endCursor hasNextPage } } }"""
COUNT = "query ($words: String!) { search(text: $words) { totalCount } }"
HOSTILE = [
    "'", "\\", "'' or 1=1 --", "a & | ! b", "a:* <-> b", "!!!", ":*", "((((", "$1 {a.text} %s %", "x" * 5_000,
    "a b " * 3_000, "🚀", "\u202e", "ß", "http://a.example/b?c=d", "a@b.example", "-1.5e10", "<b>bold</b>", "\ufeff",
    "a-b_c/d",
]  # fmt: skip
NOBODY = UUID(int=0)
WORDS = st.text("ab1é .-'", max_size=12)


async def found(asker: Asker, words: str, **given: Any) -> list[tuple[str, str]]:
    answer = await asker.data(ASK, words=words, **given)
    return [(one["kind"], one["title"]) for one in answer["search"]["nodes"]]


@pytest.mark.parametrize("words", HOSTILE)
async def test_whatever_is_typed_is_answered(asker: Asker, words: str) -> None:
    await asker.data(COUNT, words=words)


@pytest.mark.parametrize("words", ["", "   ", "…", "&"])
async def test_without_a_word_nothing_is_found(asker: Asker, words: str) -> None:
    assert await asker.data(COUNT, words=words) == {"search": {"totalCount": 0}}


async def test_all_words_have_to_occur_and_the_last_one_begins_one(asker: Asker) -> None:
    assert ("TEAM", "Team four, renamed") in await found(asker, "FOUR Tea")
    assert await found(asker, "fou team") == []
    assert await found(asker, "team four five") == []


async def test_a_title_outweighs_a_description(asker: Asker) -> None:
    answer = await asker.data(ASK, words="tab and", kinds=["PERSON", "INDICATOR"])
    assert [one["kind"] for one in answer["search"]["nodes"]] == ["PERSON", "INDICATOR"]


async def test_an_address_is_not_searched(asker: Asker) -> None:
    assert await found(asker, "p0") == await found(asker, "alpha.example") == []
    assert await found(asker, "alpha person") != []


async def test_page_by_page_everything_is_told_once_and_in_order(asker: Asker) -> None:
    whole = await asker.data(ASK, words="t", first=100)
    told: list[Any] = []
    after = None
    while True:
        page = (await asker.data(ASK, words="t", first=4, after=after))["search"]
        told += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert told == whole["search"]["nodes"]
    assert len(told) > 20
    assert [-one["rank"] for one in told] == sorted(-one["rank"] for one in told)


async def test_nothing_of_another_organisation_is_found(asker: Asker) -> None:
    theirs = [one["entity"]["id"] for one in (await asker.data(ASK, words="outcome"))["search"]["nodes"]]
    asker.viewer = viewer_of("beta")
    ours = [one["entity"]["id"] for one in (await asker.data(ASK, words="outcome"))["search"]["nodes"]]
    assert len(ours) == len(theirs) > 0
    assert set(ours).isdisjoint(theirs)
    assert await found(asker, "alpha") == []


def matches(text: str, words: str) -> bool:
    """The same in plain Python: signs part words, case is of no matter."""
    have, want = (re.findall(r"[^\W_]+", one.lower()) for one in (text, words))
    if not want:
        return False
    *whole, last = want
    return set(whole) <= set(have) and any(one.startswith(last) for one in have)


async def test_what_is_found_is_what_plain_python_finds(writer: asyncpg.Connection) -> None:
    loop = asyncio.get_running_loop()

    async def asked(text: str, words: str) -> bool:
        key = uuid4()
        sql = "insert into read.findable (organisation_id, id, since, kind, title) values ($1, $2, 1, 'TEAM', $3)"
        await writer.execute(sql, NOBODY, key, text)
        sql = "select coalesce(words @@ read.words_asked($2), false) from read.findable where id = $1"
        return await writer.fetchval(sql, key, words)

    @example(text="1e5 x", words="1e")
    @example(text="a b", words="b a")
    @given(text=WORDS, words=WORDS)
    def run(text: str, words: str) -> None:
        answer = asyncio.run_coroutine_threadsafe(asked(text, words), loop).result()
        assert answer is matches(text, words)

    await asyncio.to_thread(run)
