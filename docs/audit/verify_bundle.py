"""Checks a bundle of Headway's record: `python verify_bundle.py FOLDER [--key KEY …] [--kept FILE]`.

Written from docs/howto/audit.md, with nothing of the product: Python 3.11's standard library, and `cryptography` for
Ed25519. Exit 0: it holds. Exit 1: something differs, and is said. Exit 2: asked wrongly.
"""

import argparse
import json
import re
import sys
from base64 import b64decode, b64encode
from bisect import bisect_left
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MANIFEST = "format organisationId first last entityId events"
IDS = ("commandId", "eventId", "correlationId", "causationId")
EVENT = f"position recordedAt {' '.join(IDS)} occurredAt version type actor tags reason body before hash"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?!\.000000)(\.\d{6})?Z", re.ASCII)


class Wrong(Exception):
    """What differs."""


def demand(holds, sentence):
    if not holds:
        raise Wrong(sentence)


def unbase64(text, length):
    data = b64decode(text, validate=True)
    demand(len(data) == length and b64encode(data).decode() == text, f"{text} is not {length} bytes in base64")
    return data


def read_json(line, fields):
    found = json.loads(line)
    demand(list(found) == fields.split(), "other fields than the format has")
    demand(json.dumps(found, separators=(",", ":"), ensure_ascii=False) == line, "not written as the format says")
    return found


def lines_of(path):
    with path.open("rb") as file:
        for line in file:
            demand(line.endswith(b"\n"), f"{path.name} ends in the middle of a line")
            yield line[:-1].decode()


def read_key(line):
    name, digits, data = line.split("+", 2)
    key = unbase64(data, 33)
    demand(sha256(name.encode() + b"\n" + key).digest()[:4].hex() == digits, f"the hash in the key {line} is wrong")
    return name, bytes.fromhex(digits), key


def read_note(note):
    text, _, below = note.rpartition("\n\n")
    text += "\n"
    signatures = []
    demand(below.endswith("\n"), "a note ends in the middle of a line")
    for line in below[:-1].split("\n"):
        dash, name, data = line.split(" ")
        demand(dash == "—", "a signature begins otherwise than with a dash")
        signatures.append((name, b64decode(data, validate=True)))
    origin, size, root = text.split("\n")[:3]
    demand(size.isascii() and size.isdigit() and str(int(size)) == size, "the size is no number")
    return text, signatures, origin, int(size), unbase64(root, 32)


def signers(text, signatures, origin, keys):
    """The keys, of the origin's name, that have signed."""
    found = []
    for name, digits, key in keys:
        for signer, data in signatures:
            if key[:1] == b"\x01" and signer == name == origin and data[:4] == digits:
                try:
                    Ed25519PublicKey.from_public_bytes(key[1:]).verify(data[4:], text.encode())
                    found.append((name, digits, key))
                except InvalidSignature:
                    pass
    demand(found, f"no key of keys.txt has signed the checkpoint of {origin}")
    return found


def moment(text):
    demand(MOMENT.fullmatch(text), f"{text} is no moment")
    since = datetime.fromisoformat(text[:-1]) - datetime(2000, 1, 1)  # noqa: DTZ001
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds).to_bytes(8, signed=True)


def event_hash(organisation, event):
    demand(all(tag and "\n" not in tag for tag in event["tags"]) and event["reason"] != "", "tags or reason are wrong")
    ids = [UUID(event[name]) for name in IDS]
    demand([str(one) for one in ids] == [event[name] for name in IDS], "an id is not written as the format says")
    texts = [event["type"], event["actor"], "\n".join(event["tags"]), event["reason"] or "", event["body"]]
    encoded = [text.encode() for text in texts]
    return sha256(
        b"\x01" + unbase64(event["before"], 32) + organisation.bytes + event["position"].to_bytes(8, signed=True)
        + moment(event["recordedAt"]) + b"".join(one.bytes for one in ids) + moment(event["occurredAt"])
        + event["version"].to_bytes(2, signed=True) + b"".join(len(one).to_bytes(4, signed=True) for one in encoded)
        + b"".join(encoded)
    ).digest()  # fmt: skip


def node(left, right):
    return sha256(b"\x01" + left + right).digest()


def make_root(indexes, leaves, proof, first, last):
    """Over the indexes from first up to last; hashes of what has no event are taken from the proof."""
    begin, end = bisect_left(indexes, first), bisect_left(indexes, last)
    if begin == end:
        return next(proof)
    if last - first == 1:
        return leaves[begin]
    middle = first + (1 << (last - first - 1).bit_length() - 1)
    left = make_root(indexes, leaves, proof, first, middle)
    return node(left, make_root(indexes, leaves, proof, middle, last))


def both_roots(old, size, proof, known):
    """The root of the first `old` leaves and of all `size`, out of a consistency proof; `known`: the old root, if it is
    this range's."""
    if old == size:
        found = next(proof) if known is None else known
        return found, found
    middle = 1 << (size - 1).bit_length() - 1
    if old <= middle:
        older, left = both_roots(old, middle, proof, known)
        return older, node(left, next(proof))
    older, right = both_roots(old - middle, size - middle, proof, None)
    left = next(proof)
    return node(left, older), node(left, right)


def continues(old, size, hashes, old_root, new_root):
    proof = iter(hashes)
    try:
        return 0 < old <= size and both_roots(old, size, proof, old_root) == (old_root, new_root) and not list(proof)
    except StopIteration:
        return False


def leaves_of(folder, manifest):
    organisation, entity = UUID(manifest["organisationId"]), manifest["entityId"]
    last, hashed = 0, b64encode(bytes(32)).decode()
    for line in lines_of(folder / "events.ndjson"):
        event = read_json(line, EVENT)
        at = event["position"]
        demand(max(last + 1, manifest["first"]) <= at <= manifest["last"], f"position {at} is out of order or range")
        demand(b64encode(event_hash(organisation, event)).decode() == event["hash"], f"position {at} was altered")
        demand(at != last + 1 or event["before"] == hashed, f"position {at} does not follow the event before it")
        concerns = entity is None or any(tag.endswith(f":{entity}") for tag in event["tags"])
        demand(concerns, f"position {at} concerns another entity")
        last, hashed = at, event["hash"]
        yield at - 1, sha256(b"\x00" + b64decode(hashed)).digest()


def check(folder, trusted, kept):
    manifest = read_json((folder / "bundle.json").read_bytes().decode().removesuffix("\n"), MANIFEST)
    demand(manifest["format"] == "headway-audit-bundle/1", "another format")
    demand(1 <= manifest["first"] <= manifest["last"], "no range of positions")
    keys = [read_key(line) for line in lines_of(folder / "keys.txt")]
    text, signatures, origin, size, root = read_note((folder / "checkpoint.txt").read_bytes().decode())
    demand(origin.endswith(f"/{UUID(manifest['organisationId'])}"), "the checkpoint is of another organisation")
    signed = signers(text, signatures, origin, keys)
    demand(not trusted or set(trusted) & set(signed), "the checkpoint is not signed by the key that you named")
    events = list(leaves_of(folder, manifest))
    indexes, leaves = [index for index, _ in events], [leaf for _, leaf in events]
    demand(len(events) == manifest["events"], "the number of events is another")
    whole = manifest["last"] - manifest["first"] + 1
    demand(manifest["entityId"] is not None or len(events) == whole, "events are missing")
    demand(not events or indexes[-1] < size, "events lie behind the checkpoint")
    proof = iter([unbase64(line, 32) for line in lines_of(folder / "inclusion.txt")])
    try:
        made = make_root(indexes, leaves, proof, 0, size)
    except StopIteration:
        raise Wrong("inclusion.txt has too few hashes") from None
    demand(made == root, "the events are not those that were signed over")
    demand(not list(proof), "inclusion.txt has too many hashes")
    known = {(size, root)}
    for line in lines_of(folder / "consistency.ndjson"):
        told = read_json(line, "checkpoint proof")
        text, signatures, earlier, old, old_root = read_note(told["checkpoint"])
        signers(text, signatures, earlier, keys)
        hashes = [unbase64(one, 32) for one in told["proof"]]
        holds = earlier == origin and continues(old, size, hashes, old_root, root)
        demand(holds, f"the checkpoint of {old} events is not continued")
        known.add((old, old_root))
    if kept:
        blocks = kept.rstrip("\n").split("\n\n")
        _, _, mine, *seen = read_note("\n\n".join(blocks[-2:]) + "\n")
        demand(mine == origin and tuple(seen) in known, "the checkpoint that you kept is not continued")
    return (
        f"HOLDS: {len(events)} events under the root of {size}, signed by {[digits.hex() for _, digits, _ in signed]}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", action="append", type=read_key, default=[])
    parser.add_argument("--kept", type=lambda name: Path(name).read_text("utf-8"))
    given = parser.parse_args()
    try:
        print(check(given.folder, given.key, given.kept))
    except (Wrong, ValueError, OSError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        print(f"WRONG: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
