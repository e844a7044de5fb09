"""The tree: as RFC 6962 defines it, word by word, and with the values that Certificate Transparency has published."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.tree import (
    EMPTY,
    Node,
    ProofWrong,
    Span,
    consistency_spans,
    cover_spans,
    covered_root,
    folded,
    inclusion_nodes,
    is_consistent,
    is_included,
    leaf_hash,
    nodes_of,
    root,
)

PUBLISHED = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in PUBLISHED]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = {(0, 1): (), (0, 8): (A, B, C), (5, 8): (D, E, ROOTS[4]), (2, 3): (ROOTS[2],), (1, 5): (ROOTS[1], B, D)}
CONSISTENCY = {(1, 1): (), (1, 8): (A, B, C), (6, 8): (F, E, ROOTS[4]), (2, 5): (B, D)}
some_leaves = st.integers(1, 300).map(lambda n: [leaf_hash(n.to_bytes(2) + i.to_bytes(2)) for i in range(n)])


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, over leaf hashes."""
    n = len(leaves)
    if n == 0:
        return sha256().digest()
    if n == 1:
        return leaves[0]
    k = largest_power(n)
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def largest_power(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    n = len(leaves)
    if n == 1:
        return []
    k = largest_power(n)
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    n = len(leaves)
    if m == n:
        return [] if known else [mth(leaves)]
    k = largest_power(n)
    if m <= k:
        return [*subproof(m, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def of_nodes(nodes: Sequence[Node], leaves: list[bytes]) -> list[bytes]:
    return [mth(leaves[at << level : (at + 1) << level]) for level, at in nodes]


def told(spans: list[Span], leaves: list[bytes]) -> list[bytes]:
    """The hashes of spans, each from its complete subtrees."""
    return [folded(of_nodes(nodes_of(span), leaves)) for span in spans]


def inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    siblings, right, left = (of_nodes(nodes, leaves) for nodes in inclusion_nodes(index, len(leaves)))
    return [*siblings, *([folded(right)] if right else []), *left]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_published_inclusion_proofs(index: int, size: int) -> None:
    proof = inclusion(index, LEAVES[:size])
    assert tuple(one.hex() for one in proof) == INCLUSION[index, size]
    assert is_included(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_published_consistency_proofs(old: int, size: int) -> None:
    proof = told(consistency_spans(old, size), LEAVES)
    assert tuple(one.hex() for one in proof) == CONSISTENCY[old, size]
    assert is_consistent(old, size, proof, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[size]))


@given(some_leaves, st.data())
def test_a_leaf_is_proven_as_the_rfc_says_and_no_other_is(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, leaves)
    assert proof == path(index, leaves)
    assert root(leaves) == mth(leaves)
    assert is_included(leaves[index], index, size, proof, mth(leaves))
    other = data.draw(st.integers(0, size - 1))
    assert is_included(leaves[index], other, size, proof, mth(leaves)) == (other == index)
    assert not is_included(leaf_hash(b"other"), index, size, proof, mth(leaves))
    assert not is_included(leaves[index], index, size, [*proof, EMPTY], mth(leaves))
    assert not is_included(leaves[index], index, size, proof, EMPTY)
    if proof:
        assert not is_included(leaves[index], index, size, proof[:-1], mth(leaves))


@given(some_leaves, st.data())
def test_a_tree_continues_an_older_one_as_the_rfc_says(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    old = data.draw(st.integers(1, size))
    proof = told(consistency_spans(old, size), leaves)
    assert proof == subproof(old, leaves, True)
    older, newer = mth(leaves[:old]), mth(leaves)
    assert is_consistent(old, size, proof, older, newer)
    assert is_consistent(0, size, [], EMPTY, newer)
    assert not is_consistent(old, size, [*proof, EMPTY], older, newer)
    assert not is_consistent(old, size, proof, leaf_hash(b"other"), newer)
    assert not is_consistent(old, size, proof, older, leaf_hash(b"other"))
    assert not is_consistent(size + 1, size, proof, older, newer)
    if old < size:
        changed = [leaf_hash(b"other"), *leaves[1:]]
        assert not is_consistent(old, size, told(consistency_spans(old, size), changed), older, mth(changed))


@given(some_leaves, st.data())
def test_some_leaves_and_what_covers_the_others_make_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    indexes = sorted(data.draw(st.sets(st.integers(0, size - 1))))
    hashes = told(cover_spans(indexes, size), leaves)
    chosen = [leaves[index] for index in indexes]
    assert covered_root(indexes, chosen, size, hashes) == mth(leaves)
    with pytest.raises(ProofWrong, match="needed"):
        covered_root(indexes, chosen, size, [*hashes, EMPTY])
    if indexes:
        assert covered_root(indexes, [leaf_hash(b"other"), *chosen[1:]], size, hashes) != mth(leaves)


@given(some_leaves)
def test_a_single_leaf_is_covered_by_its_inclusion_proof(leaves: list[bytes]) -> None:
    index = len(leaves) // 2
    assert sorted(told(cover_spans([index], len(leaves)), leaves)) == sorted(inclusion(index, leaves))


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    for index, size in ((3, 3), (-1, 3), (0, 0)):
        with pytest.raises(ProofWrong):
            inclusion_nodes(index, size)
        assert not is_included(EMPTY, index, size, [], EMPTY)
    with pytest.raises(ProofWrong):
        consistency_spans(4, 3)
    with pytest.raises(ProofWrong):
        cover_spans([3], 3)
