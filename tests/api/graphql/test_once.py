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
