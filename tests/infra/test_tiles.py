"""Stored trees: every root and proof comes out of the tiles as out of the events, however the tree grew."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people import RegisterPerson
from infra import tiles
from infra.database import Database
from infra.ledger import Ledger
from infra.projector import STATEMENTS as READING
from infra.tiles import (
    HEIGHT,
    Connection,
    Kept,
    NodeMissing,
    Tile,
    consistency,
    cover,
    grow,
    grown,
    inclusion,
    nodes,
    packed,
    place_of,
    root_at,
    size_of,
)
from infra.tree import LENGTH, Node, above, covered_root, edge_of, is_consistent, is_included, leaf_hash, root
from tests.infra.at_work import founded


def every_node(leaves: Sequence[bytes]) -> dict[Node, bytes]:
    """Leaves and all above them."""
    found = {(0, index): leaf for index, leaf in enumerate(leaves)}
    row, level = list(leaves), 0
    while len(row) > 1:
        row, level = above(row), level + 1
        found |= {(level, index): data for index, data in enumerate(row)}
    return found


@given(st.lists(st.integers(1, 90), min_size=1, max_size=9))
def test_tiles_hold_every_node_however_the_tree_grew(steps: list[int]) -> None:
    leaves = [leaf_hash(n.to_bytes(2)) for n in range(sum(steps))]
    tiles: dict[Tile, bytes] = {}
    size = 0
    for step in steps:
        known = every_node(leaves[:size])
        edge = {level: known[level, index] for level, index in edge_of(size)}
        for tile, gained in packed(grown(size, edge, leaves[size : size + step])).items():
            tiles[tile] = tiles.get(tile, b"") + gained
        size += step
    expected = every_node(leaves)
    for node, data in expected.items():
        tile, nth = place_of(node)
        assert tiles[tile][nth * LENGTH : (nth + 1) * LENGTH] == data, node
    assert sum(map(len, tiles.values())) == LENGTH * len(expected)
    assert max(map(len, tiles.values()), default=0) <= LENGTH * ((1 << HEIGHT) - 1)


@pytest.fixture(scope="module")
async def told(database: Database) -> UUID:
    """An organisation of eighty events, its tree grown by uneven steps."""
    telling = await founded(Ledger(database))
    for n in range(78):
        await telling.tell(RegisterPerson(person_id=uuid4(), name=f"Person {n}"))
    async with database.work.acquire() as connection, connection.transaction():
        await connection.execute(READING["scope"], telling.organisation_id)
        size = 0
        for most in (1, 2, 30, 7, 100):
            size = await grow(connection, telling.organisation_id, size, most)
        assert size == 80
    return telling.organisation_id


async def hashes(connection: Connection, organisation_id: UUID) -> list[bytes]:
    rows = await connection.fetch(
        "select hash from ledger.events where organisation_id = $1 order by position", organisation_id
    )
    return [leaf_hash(row[0]) for row in rows]


async def test_proofs_of_every_event_and_size_hold(database: Database, told: UUID) -> None:
    async with database.read.of(told) as connection:
        leaves = await hashes(connection, told)
        assert await size_of(connection, told) == len(leaves) == 80
        for size in range(1, 81):
            assert await root_at(connection, told, size) == root(leaves[:size])
        for position, size in [(1, 1), (1, 80), (80, 80), (33, 64), (64, 65), (17, 79)]:
            leaf, proof, over = await inclusion(connection, told, position, size)
            assert (leaf, over) == (leaves[position - 1], root(leaves[:size]))
            assert is_included(leaf, position - 1, size, proof, over)
        for old, size in pairwise((0, 1, 31, 32, 33, 64, 79, 80)):
            proof = await consistency(connection, told, old, size)
            assert is_consistent(old, size, proof, root(leaves[:old]), root(leaves[:size]))
        chosen = [3, 4, 40, 77]
        proof = await cover(connection, told, chosen, 80)
        indexes = [one - 1 for one in chosen]
        assert covered_root(indexes, [leaves[index] for index in indexes], 80, proof) == root(leaves)


async def test_upper_nodes_are_read_once_and_never_for_another_organisation(
    database: Database, told: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "UPPER", 3)
    monkeypatch.setattr(tiles, "MOST_KEPT", 12)  # so that it is emptied on the way
    kept = Kept()
    wanted = [(0, 9), (3, 1), (4, 0)]
    async with database.read.of(told) as connection:
        leaves = every_node(await hashes(connection, told))
        for _ in range(2):
            assert await kept.nodes(connection, told, wanted[:2], wanted[2:]) == {node: leaves[node] for node in wanted}
        everything = [node for node in leaves if node[0] < 7]
        for _ in range(2):
            assert await kept.nodes(connection, told, everything, []) == {node: leaves[node] for node in everything}
        assert await kept.nodes(connection, told, [(3, 1)], []) == {(3, 1): leaves[3, 1]}
        with pytest.raises(NodeMissing):
            await kept.nodes(connection, uuid4(), [(3, 1)], [])
    async with database.read.of(uuid4()) as connection:  # which sees none of these tiles
        assert await kept.nodes(connection, told, [(3, 1)], []) == {(3, 1): leaves[3, 1]}
        with pytest.raises(NodeMissing):
            await kept.nodes(connection, told, [(2, 1)], [])


async def test_a_tree_that_another_has_grown_is_left_alone(database: Database, told: UUID) -> None:
    async with database.work.acquire() as connection, connection.transaction():
        await connection.execute(READING["scope"], told)
        assert await grow(connection, told, 80) == 80
        assert await grow(connection, told, 64) == 64
        assert await size_of(connection, told) == 80
        assert await root_at(connection, told, 80) == root(await hashes(connection, told))


async def test_the_application_can_neither_change_nor_remove_what_the_tree_holds(
    database: Database, told: UUID
) -> None:
    changes = (
        "update ledger.tile set nodes = ''",
        "delete from ledger.tile",
        "insert into ledger.tile values ($1, 0, 99, '')",
        "update ledger.tree set size = 0",
        "delete from ledger.checkpoint",
        "update ledger.checkpoint set note = ''",
        "delete from ledger.cosignature",
        "update ledger.signing_key set key = ''",
    )
    for change in changes:
        async with database.work.acquire() as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change, *([told] if "$1" in change else []))


async def test_nobody_grows_a_tree_beyond_its_ledger(database: Database, told: UUID) -> None:
    async with database.work.acquire() as connection:
        assert not await connection.fetchval("select ledger.grow($1, 80, 81, '{}', '{}', '{}')", told)
        assert not await connection.fetchval("select ledger.grow($1, 80, 80, '{}', '{}', '{}')", told)


async def test_a_node_that_is_not_there_is_told(database: Database, told: UUID) -> None:
    async with database.read.of(told) as connection:
        with pytest.raises(NodeMissing, match="node 9 of level 4"):
            await nodes(connection, told, [(4, 9)])
    async with database.read.of(uuid4()) as connection:
        with pytest.raises(NodeMissing):
            await root_at(connection, told, 80)
