"""The Merkle tree of RFC 6962: roots, proofs and their verifiers, over hashes alone; nothing here reads or stores.

A tree over `size` leaves is made of complete subtrees, which never change again: `Node` names one by its level (leaves:
0) and its place in that level. A span is a run of leaves that a proof sums up in one hash.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256

Node = tuple[int, int]
Span = tuple[int, int]  # from, up to and without
EMPTY = sha256(b"").digest()
LENGTH = 32


class ProofWrong(ValueError):
    """A proof that does not fit the tree that it is to be of."""


def leaf_hash(data: bytes) -> bytes:
    """Of what is recorded; told apart from inner nodes by its first byte."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two subtrees beside each other."""
    return sha256(b"\x01" + left + right).digest()


def above(row: Sequence[bytes]) -> list[bytes]:
    """The complete nodes over a row of nodes; an odd last one stays without."""
    return [sha256(b"\x01" + row[n] + row[n + 1]).digest() for n in range(0, len(row) - 1, 2)]


def root(leaves: Sequence[bytes]) -> bytes:
    """Of leaf hashes, all of them at hand."""
    if not leaves:
        return EMPTY
    row = leaves
    while len(row) > 1:
        odd = [row[-1]] if len(row) % 2 else []
        row = above(row) + odd
    return row[0]


def nodes_of(span: Span) -> list[Node]:
    """The complete subtrees that a span of a proof consists of, from left to right."""
    first, last = span
    found: list[Node] = []
    while first < last:
        level = (last - first).bit_length() - 1
        found.append((level, first >> level))
        first += 1 << level
    return found


@lru_cache(1_000)
def edge_of(size: int) -> tuple[Node, ...]:
    """The complete subtrees that a tree of so many leaves is made of, from left to right."""
    return tuple(nodes_of((0, size)))


def folded(parts: Sequence[bytes]) -> bytes:
    """The hash of a span, from those of its complete subtrees."""
    if not parts:
        return EMPTY
    found = parts[-1]
    for part in parts[-2::-1]:
        found = node_hash(part, found)
    return found


def _middle(first: int, last: int) -> int:
    """Where RFC 6962 parts a span of two leaves or more: behind the largest power of two that is less than its
    length."""
    return first + (1 << ((last - first - 1).bit_length() - 1))


def inclusion_nodes(index: int, size: int) -> tuple[list[Node], Sequence[Node], Sequence[Node]]:
    """What the spans of an inclusion proof are made of: the siblings up to the root of the complete subtree that holds
    the leaf, then the complete subtrees right of it, which are one span, and those left of it, the nearest first, each
    a span. Raises ProofWrong for a leaf that is not in the tree."""
    if not 0 <= index < size:
        raise ProofWrong(f"There is no leaf {index} in a tree of {size}.")
    top = (index ^ size).bit_length() - 1
    edge = edge_of(size)
    nth = (size >> (top + 1)).bit_count()
    return [(level, (index >> level) ^ 1) for level in range(top)], edge[nth + 1 :], edge[:nth][::-1]


def consistency_spans(old: int, size: int) -> list[Span]:
    """What a consistency proof lists; raises ProofWrong for an old tree that is larger than the new one."""
    if not 0 <= old <= size:
        raise ProofWrong(f"A tree of {old} leaves is no earlier state of one of {size}.")
    if old == 0:
        return []
    found: list[Span] = []
    first, last = 0, size
    while old != last:
        middle = _middle(first, last)
        if old <= middle:
            found.append((middle, last))
            last = middle
        else:
            found.append((first, middle))
            first = middle
    if first > 0:  # otherwise the old root itself, which who verifies has
        found.append((first, last))
    return found[::-1]


def cover_spans(indexes: Sequence[int], size: int) -> list[Span]:
    """What has to be told beside some leaves (rising indexes) so that the root can be made of both, from left to
    right."""
    if indexes and not 0 <= indexes[0] <= indexes[-1] < size:
        raise ProofWrong(f"There are no leaves {indexes[0]} to {indexes[-1]} in a tree of {size}.")
    return list(_uncovered(indexes, 0, size)) if size else []


def _uncovered(indexes: Sequence[int], first: int, last: int) -> Iterator[Span]:
    inside = bisect_left(indexes, last) - bisect_left(indexes, first)
    if inside == 0:
        yield first, last
    elif inside < last - first:
        middle = _middle(first, last)
        yield from _uncovered(indexes, first, middle)
        yield from _uncovered(indexes, middle, last)


def covered_root(indexes: Sequence[int], leaves: Sequence[bytes], size: int, hashes: Sequence[bytes]) -> bytes:
    """The root over some leaves (rising indexes) and the hashes that `cover_spans` asks for; raises ProofWrong where
    these are too many or too few."""
    spans = cover_spans(indexes, size)
    if len(spans) != len(hashes):
        raise ProofWrong(f"The proof has {len(hashes)} hashes where {len(spans)} are needed.")
    told = dict(zip(spans, hashes, strict=True))

    def of(first: int, last: int) -> bytes:
        if (first, last) in told:
            return told[first, last]
        begin, end = bisect_left(indexes, first), bisect_left(indexes, last)
        if end - begin == last - first:
            return root(leaves[begin:end])
        middle = _middle(first, last)
        return node_hash(of(first, middle), of(middle, last))

    return of(0, size) if size else EMPTY


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether a leaf hash stands at its index under a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(one, found)
            at, last = _raised(at, last)
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == expected


def _raised(at: int, last: int) -> tuple[int, int]:
    """Past the levels at which the right edge has no sibling."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def is_consistent(old: int, size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether a tree has the older one as its beginning (RFC 9162, 2.1.4.2)."""
    if old == size:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and size > 0 and old_root == EMPTY
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    return 0 < old < size and _both_roots(old, size, path) == (old_root, new_root)


def _both_roots(old: int, size: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """What a consistency proof makes of both roots; None where its length does not fit."""
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    older = newer = path[0] if path else EMPTY
    for one in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            older, newer = node_hash(one, older), node_hash(one, newer)
            at, last = _raised(at, last)
        else:
            newer = node_hash(newer, one)
        at, last = at >> 1, last >> 1
    return (older, newer) if last == 0 else None
