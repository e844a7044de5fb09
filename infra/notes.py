"""Signed notes and checkpoints, as C2SP's signed-note, tlog-checkpoint and tlog-cosignature write them: text in which a
tree's size and root are signed, and keys that fit on one line."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE, COSIGNATURE = b"\x01", b"\x04"  # the kinds of Ed25519 keys: over the text; over a time and the text
DASH = "— "
KEY_BYTES, SIGNATURE_BYTES, HASH_BYTES, TIME_BYTES = 32, 64, 4, 8
CHECKPOINT_LINES = 3
LONGEST_SIZE = 19  # digits


class NoteWrong(ValueError):
    """A text that is no note, key or checkpoint; the sentence says why."""


def encoded(data: bytes) -> str:
    """Base64, as it stands in notes."""
    return b64encode(data).decode()


def decoded(text: str, length: int | None = None) -> bytes:
    """Raises NoteWrong."""
    try:
        data = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise NoteWrong("A part that should be base64 is none.") from None
    if encoded(data) != text or length not in {None, len(data)}:
        raise NoteWrong("A part in base64 has another length than it should.")
    return data


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the name that it signs under."""

    name: str
    public: bytes
    kind: bytes = SIGNATURE

    @property
    def hash(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:HASH_BYTES]

    @property
    def line(self) -> str:
        """`name+hash+key`, as people hand it on."""
        return f"{self.name}+{self.hash.hex()}+{encoded(self.kind + self.public)}"

    def signs(self, text: str, signature: bytes) -> bool:
        """Whether a signature, without the key's hash, is this key's over a note's text."""
        signed = text.encode()
        if self.kind == COSIGNATURE:
            moment = int.from_bytes(signature[:TIME_BYTES])
            signed = f"cosignature/v1\ntime {moment}\n".encode() + signed
            signature = signature[TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except InvalidSignature:
            return False
        return True


def read_key(line: str) -> Key:
    """Raises NoteWrong for what is no key, or whose parts do not belong together."""
    parts = line.strip().split("+", 2)
    if len(parts) != 3 or not parts[0] or any(one.isspace() for one in parts[0]):  # noqa: PLR2004
        raise NoteWrong("Write a public key as name+hash+key, as `headway audit keys` tells it.")
    data = decoded(parts[2], KEY_BYTES + 1)
    key = Key(parts[0], data[1:], data[:1])
    if key.kind not in {SIGNATURE, COSIGNATURE}:
        raise NoteWrong(f"The key {parts[0]} is of a kind that is not known here.")
    if key.hash.hex() != parts[1]:
        raise NoteWrong(f"The key {parts[0]} does not fit the hash that stands in it.")
    return key


@dataclass(frozen=True, slots=True)
class Signature:
    """A line below a note: whose it says it is, and what was signed."""

    name: str
    key_hash: bytes
    data: bytes

    @property
    def line(self) -> str:
        return f"{DASH}{self.name} {encoded(self.key_hash + self.data)}"

    def is_of(self, key: Key, text: str) -> bool:
        """Whether a key made it over a text."""
        return (self.name, self.key_hash) == (key.name, key.hash) and key.signs(text, self.data)


def read_signature(line: str) -> Signature:
    """Raises NoteWrong."""
    name, space, rest = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space or not name:
        raise NoteWrong("A signature reads: a dash (—), a name, base64, with a space between.")
    data = decoded(rest)
    if len(data) <= HASH_BYTES:
        raise NoteWrong("A signature is too short.")
    return Signature(name, data[:HASH_BYTES], data[HASH_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a line end, and signatures of it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n" + "".join(f"{one.line}\n" for one in self.signatures)

    def signers(self, keys: Iterable[Key]) -> list[Key]:
        """Those of some keys that have signed it. A signature that claims to be of one of them and is not counts for
        nothing."""
        return [key for key in keys if any(one.is_of(key, self.text) for one in self.signatures)]


def read_note(text: str) -> Note:
    """Raises NoteWrong."""
    body, parted, below = text.rpartition("\n\n")
    if not parted or not below.endswith("\n") or not body:
        raise NoteWrong("A note is a text, an empty line, and lines of signatures.")
    return Note(body + "\n", tuple(read_signature(line) for line in below[:-1].split("\n")))


def read_notes(text: str) -> list[Note]:
    """Notes one after the other, as a witness's file has them; raises NoteWrong."""
    parts = text.rstrip("\n").split("\n\n") if text.strip() else []
    if len(parts) % 2:
        raise NoteWrong("The file ends in the middle of a checkpoint.")
    return [read_note(f"{parts[n]}\n\n{parts[n + 1].strip()}\n") for n in range(0, len(parts), 2)]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a note says of a tree: whose (`origin`), how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Out of a note's text; raises NoteWrong. Lines behind the third are let pass, as the format demands."""
    lines = text.split("\n")
    if len(lines) <= CHECKPOINT_LINES or not lines[0]:
        raise NoteWrong("A checkpoint has three lines: origin, size, root.")
    size = lines[1]
    if not size.isascii() or not size.isdigit() or len(size) > LONGEST_SIZE or str(int(size)) != size:
        raise NoteWrong("The size in a checkpoint is no number.")
    return Checkpoint(lines[0], int(size), decoded(lines[2], KEY_BYTES))


def sign(text: str, name: str, private: Ed25519PrivateKey) -> Signature:
    """Under a name, which is the origin for a log's own keys."""
    return Signature(name, public_key(name, private).hash, private.sign(text.encode()))


def cosign(text: str, name: str, private: Ed25519PrivateKey, at: datetime) -> Signature:
    """As a witness signs: with the time at which it saw the checkpoint."""
    moment = int(at.astimezone(UTC).timestamp())
    key = public_key(name, private, COSIGNATURE)
    signed = f"cosignature/v1\ntime {moment}\n{text}".encode()
    return Signature(name, key.hash, moment.to_bytes(TIME_BYTES) + private.sign(signed))


def public_key(name: str, private: Ed25519PrivateKey, kind: bytes = SIGNATURE) -> Key:
    """The public half, under a name."""
    return Key(name, private.public_key().public_bytes_raw(), kind)


def signed(text: str, name: str, privates: Sequence[Ed25519PrivateKey]) -> Note:
    """A note that each of the keys has signed."""
    return Note(text, tuple(sign(text, name, private) for private in privates))
