"""Signed notes: examples that others published, and what is refused."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.notes import (
    COSIGNATURE,
    Checkpoint,
    Key,
    Note,
    NoteWrong,
    cosign,
    public_key,
    read_checkpoint,
    read_key,
    read_note,
    read_notes,
    read_signature,
    sign,
    signed,
)

# From the documentation of golang.org/x/mod/sumdb/note, which C2SP's signed-note was written down from.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PUBLISHED = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=
"""
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
ROOT = bytes(range(32))
ONE, TWO = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
CHECKPOINT = Checkpoint("example.com/log", 7, ROOT)


def test_a_published_note_verifies_and_is_written_as_it_was() -> None:
    note = read_note(PUBLISHED)
    keys = [read_key(PETER), read_key(ENOCH)]
    assert note.signers(keys) == keys
    assert str(note) == PUBLISHED
    assert [key.line for key in keys] == [PETER, ENOCH]
    assert Note(note.text.replace("cryptography", "carpentry"), note.signatures).signers(keys) == []


def test_a_key_that_is_in_use_elsewhere_is_read() -> None:
    assert read_key(SUMDB).name == "sum.golang.org"
    with pytest.raises(NoteWrong, match="fit the hash"):
        read_key(SUMDB.replace("033de0ae", "033de0af"))


def test_a_checkpoint_is_three_lines_and_read_back() -> None:
    assert CHECKPOINT.text == f"example.com/log\n7\n{b64encode(ROOT).decode()}\n"
    assert read_checkpoint(CHECKPOINT.text) == CHECKPOINT
    assert read_checkpoint(CHECKPOINT.text + "more, by others\n") == CHECKPOINT


@pytest.mark.parametrize("size", ["07", "-7", "7 ", "seven", "", "٧", "9" * 20])
def test_a_size_is_written_in_one_way(size: str) -> None:
    with pytest.raises(NoteWrong):
        read_checkpoint(CHECKPOINT.text.replace("\n7\n", f"\n{size}\n"))


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a\n", "a\n\n", "a\n\nb\n", "a\n\n— b\n", "a\n\n— b YQ==", "a\n\n— b YQ==\n"]
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteWrong):
        read_note(text)


def test_several_keys_sign_and_each_is_told() -> None:
    note = signed(CHECKPOINT.text, CHECKPOINT.origin, [ONE, TWO])
    keys = [public_key(CHECKPOINT.origin, one) for one in (ONE, TWO)]
    assert note.signers(keys) == keys
    assert note.signers([Key("example.com/other", keys[0].public)]) == []
    assert read_note(str(note)) == note
    assert read_notes(f"{note}\n{note}") == [note, note]
    assert read_notes("") == []


def test_a_witness_signs_with_the_time() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    line = cosign(CHECKPOINT.text, "witness.example", ONE, at).line
    witness = public_key("witness.example", ONE, COSIGNATURE)
    assert read_key(witness.line) == witness
    found = read_signature(line)
    assert found.is_of(witness, CHECKPOINT.text)
    assert not found.is_of(public_key("witness.example", ONE), CHECKPOINT.text), (
        "a key of one kind is not one of the other"
    )
    later = read_signature(line)
    assert not type(later)(later.name, later.key_hash, bytes(8) + later.data[8:]).is_of(witness, CHECKPOINT.text)
    assert not sign(CHECKPOINT.text, "witness.example", ONE).is_of(witness, CHECKPOINT.text)
