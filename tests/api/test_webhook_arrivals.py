"""What a receiver makes of what arrives: wrong, known already, with a gap before it."""

import json
from time import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from api.webhook_arrivals import Arrival, Arrivals, NotADelivery
from infra.webhook_signing import new_secret, sign, write_public_key

SECRET, KEY = new_secret(), Ed25519PrivateKey.generate()


def body(sequence: int, epoch: int = 1) -> bytes:
    told = {"type": "milestone.reached", "organisation": "o", "position": 9, "sequence": sequence, "epoch": epoch}
    return json.dumps({**told, "timestamp": "2026-03-02T09:30:00Z", "data": {}}).encode()


def take(arrivals: Arrivals, sequence: int, epoch: int = 1, secret: str = SECRET) -> Arrival:
    said = body(sequence, epoch)
    headers = sign(f"msg_{epoch}_{sequence}", int(time()), said, [secret], KEY)
    return arrivals.take(headers, said, time())


def test_one_signature_by_the_secret_or_the_key_suffices() -> None:
    assert take(Arrivals([SECRET]), 1).verified
    assert take(Arrivals(keys=[write_public_key(KEY.public_key())]), 1).verified
    assert take(Arrivals(), 1).verified is None


def test_a_wrong_signature_is_said_and_changes_nothing() -> None:
    arrivals = Arrivals([SECRET])
    wrong = take(arrivals, 7, secret=new_secret())
    assert (wrong.verified, wrong.welcome, arrivals.wrong) == (False, False, 1)
    assert "compare the secret" in (wrong.problem or "")
    right = take(arrivals, 1)
    assert (right.welcome, right.repeated, list(right.missing)) == (True, False, [])


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b'{"type":1}', b"\xff", b"[" * 100_000])
def test_what_is_no_delivery_is_said_to_be_none(said: bytes) -> None:
    with pytest.raises(NotADelivery):
        Arrivals().take({}, said, time())


def test_a_gap_is_told_once_and_closed_by_what_comes_late() -> None:
    arrivals = Arrivals([SECRET])
    told = [take(arrivals, sequence) for sequence in (4, 7, 5, 7, 6, 8)]
    assert [list(one.missing) for one in told] == [[], [5, 6], [], [], [], []]
    assert [one.late for one in told] == [False, False, True, False, True, False]
    assert [one.repeated for one in told] == [False, False, False, True, False, False]
    assert arrivals.missing == set()


def test_another_epoch_is_no_gap() -> None:
    arrivals = Arrivals([SECRET])
    assert [list(take(arrivals, *one).missing) for one in ((1, 1), (9, 2), (11, 2))] == [[], [], [10]]


@given(st.permutations(range(1, 12)), st.integers(1, 11))
def test_in_whatever_order_they_come_what_is_missing_in_the_end_never_came(order: list[int], count: int) -> None:
    arrivals = Arrivals()
    came = order[:count]
    for sequence in came:
        take(arrivals, sequence)
    assert arrivals.missing == set(range(came[0], max(came))) - set(came)
