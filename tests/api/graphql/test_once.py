"""What is reckoned is reckoned once for its count and its rows, and what is asked whether it holds decides the text."""

from tests.api.graphql.conftest import Asker

INBOX = "{ inbox(first: 3) { totalCount nodes { due kind } } }"
COUNTED = "{ inbox { totalCount } }"
WORTH = "{ worthCelebrating(days: 300) { totalCount edges { cursor node { day } } pageInfo { hasNextPage } } }"
OVERDUE = "query ($yes: Boolean) { commitments(filter: { overdue: $yes }) { totalCount nodes { overdue } } }"
POINTS = "query ($yes: Boolean) { milestones(filter: { overdue: $yes }) { totalCount nodes { overdue } } }"


async def test_what_is_reckoned_is_reckoned_once_to_be_counted_and_read(asker: Asker) -> None:
    assert asker.sql(INBOX).count("'CLEAR_BLOCK' as kind") == 1
    assert asker.sql(WORTH).count("worth_celebrating(") == 1
    page, alone = await asker.data(INBOX), await asker.data(COUNTED)
    assert page["inbox"]["totalCount"] == alone["inbox"]["totalCount"] >= len(page["inbox"]["nodes"])
    await asker.data(WORTH)


async def test_one_document_asks_for_what_is_overdue_and_for_what_is_not(asker: Asker) -> None:
    for document, name in ((OVERDUE, "commitments"), (POINTS, "milestones")):
        found = {yes: (await asker.data(document, yes=yes))[name] for yes in (True, False, None, True)}
        assert found[True]["totalCount"] + found[False]["totalCount"] == found[None]["totalCount"]
        assert found[True]["totalCount"] > 0
        for yes in (True, False):
            assert {one["overdue"] for one in found[yes]["nodes"]} == {yes}


async def test_only_what_is_read_is_kept_of_rows_that_are_found_once(asker: Asker) -> None:
    document = "query ($id: ID!) { commitments(filter: { promiser: $id }) { totalCount nodes { title } } }"
    kept = asker.sql(document, id="a").partition(" as materialized (select ")[2].partition(" from ")[0]
    assert {one.partition(".")[2] for one in kept.split(", ")} == {"title", "due_on", "id"}


async def test_a_key_that_is_called_as_rows_are_in_the_statement_changes_nothing(asker: Asker) -> None:
    keys = " ".join(f"a{nth}: {name}" for nth, name in enumerate(["id", "title", "state", "due"] * 4))
    document = (
        f"query ($days: Int) {{ milestones(filter: {{ upcomingWithin: $days }}) {{ totalCount nodes {{ {keys} }} }} }}"
    )
    page = (await asker.data(document, days=3_000))["milestones"]
    assert page["totalCount"] >= len(page["nodes"]) > 0
    assert all(one["a0"] == one["a12"] for one in page["nodes"])


async def test_upcoming_is_what_is_due_within_so_many_days_however_many(asker: Asker) -> None:
    document = "query ($days: Int) { milestones(filter: { upcomingWithin: $days }) { totalCount } }"
    counts = {days: (await asker.data(document, days=days))["milestones"]["totalCount"] for days in (-1, 0, 2**31 - 1)}
    assert counts[-1] == 0 < counts[2**31 - 1]
    everything = "{ milestones(filter: { state: [PLANNED], overdue: false }) { totalCount } }"
    assert counts[2**31 - 1] == (await asker.data(everything))["milestones"]["totalCount"]
