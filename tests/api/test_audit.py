"""What an auditor is told over HTTP, checked with nothing but what was told; and who is told nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.applying import Urls
from infra.cosigning import NotAnswered, cosigned
from infra.notes import (
    COSIGNATURE,
    Key,
    cosign,
    decoded,
    public_key,
    read_checkpoint,
    read_key,
    read_note,
    read_notes,
    sign,
)
from infra.tree import is_consistent, is_included
from infra.witnessing import NotWitnessed
from tests.api.edge import ROOMY, Answer, Edge, refused, served

WITNESS, TIMED = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEYS = (public_key("witness.example/plain", WITNESS), public_key("witness.example/timed", TIMED, COSIGNATURE))


@pytest.fixture(scope="module")
async def edge(urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    home = str(tmp_path_factory.mktemp("home"))
    settings = msgspec.structs.replace(ROOMY, home=home, witnesses=" ".join(key.line for key in KEYS))
    async with served(settings, urls) as opened:
        opened.here = await opened.found("Harbour")
        opened.there = await opened.found("Lighthouse")
        await opened.services.notary.look()
        yield opened


async def told(edge: Edge, path: str, role: str = "AUDITOR") -> Answer:
    return await edge.ask("GET", f"/audit/{path}", key=edge.here.keys[role])


async def test_a_checkpoint_verifies_with_the_keys_that_are_served(edge: Edge) -> None:
    answer = await told(edge, "checkpoint")
    assert (answer.status, answer.kind) == (200, "text/plain")
    note = read_note(answer.raw.decode())
    keys = [read_key(line) for line in (await told(edge, "keys")).raw.decode().splitlines()]
    assert note.signers(keys) == keys
    checkpoint = read_checkpoint(note.text)
    assert checkpoint.origin == f"headway/{edge.here.id}"
    assert checkpoint.size == (await edge.heads())[edge.here.id]


async def test_every_event_is_proven_under_the_checkpoint(edge: Edge) -> None:
    checkpoint = read_checkpoint(read_note((await told(edge, "checkpoint")).raw.decode()).text)
    for position in range(1, checkpoint.size + 1):
        body = (await told(edge, f"inclusion?position={position}")).json
        proof = [decoded(one) for one in body["proof"]]
        assert body["size"] == checkpoint.size
        assert is_included(decoded(body["leaf"]), position - 1, checkpoint.size, proof, checkpoint.root)


async def test_the_tree_continues_every_older_one(edge: Edge) -> None:
    checkpoint = read_checkpoint(read_note((await told(edge, "checkpoint")).raw.decode()).text)
    for old in range(1, checkpoint.size + 1):
        body = (await told(edge, f"consistency?from={old}")).json
        assert body["to"] == checkpoint.size
        assert decoded(body["toRoot"]) == checkpoint.root
        proof = [decoded(one) for one in body["proof"]]
        assert is_consistent(old, body["to"], proof, decoded(body["fromRoot"]), checkpoint.root)
        one = (await told(edge, f"inclusion?position=1&size={old}")).json
        assert one["root"] == body["fromRoot"]


@pytest.mark.parametrize("path", ["checkpoint", "keys", "inclusion?position=1", "consistency?from=1"])
async def test_owners_and_auditors_alone_are_told(edge: Edge, path: str) -> None:
    assert (await told(edge, path, "OWNER")).status == 200
    for role in ("MEMBER", "READER"):
        refused(await told(edge, path, role), 403, "NOT_ALLOWED")
    refused(await edge.ask("GET", f"/audit/{path}"), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "path",
    [
        "inclusion",
        "inclusion?position=0",
        "inclusion?position=-1",
        "inclusion?position=x",
        "inclusion?position=1&size=0",
        "inclusion?position=1&size=999999",
        "inclusion?position=3&size=2",
        "inclusion?position=9999999999999999999",
        "inclusion?position=1&more=1",
        "consistency",
        "consistency?from=0",
        "consistency?from=4&to=3",
        "consistency?from=1&to=999999",
    ],
)
async def test_what_cannot_be_proven_is_said(edge: Edge, path: str) -> None:
    refused(await told(edge, path), 400, "INVALID")


async def test_an_organisation_is_told_of_its_own_tree(edge: Edge) -> None:
    theirs = await edge.ask("GET", "/audit/checkpoint", key=edge.there.keys["AUDITOR"])
    assert read_checkpoint(read_note(theirs.raw.decode()).text).origin.endswith(str(edge.there.id))


async def test_before_the_first_checkpoint_there_is_none(edge: Edge) -> None:
    new = await edge.found("New")
    for path in ("checkpoint", "inclusion?position=1"):
        refused(await edge.ask("GET", f"/audit/{path}", key=new.keys["AUDITOR"]), 404, "NOT_FOUND")


async def sent(edge: Edge, signature: object, size: object, role: str = "AUDITOR") -> Answer:
    body = {"size": size, "signature": signature}
    return await edge.ask("POST", "/audit/cosign", body, edge.here.keys[role])


async def test_a_witness_cosigns_and_is_told_with_the_checkpoint(edge: Edge) -> None:
    note = read_note((await told(edge, "checkpoint")).raw.decode())
    size = read_checkpoint(note.text).size
    lines = [
        sign(note.text, KEYS[0].name, WITNESS).line,
        cosign(note.text, KEYS[1].name, TIMED, datetime.now(UTC)).line,
    ]
    for line in (*lines, lines[0]):  # the same again changes nothing
        assert (await sent(edge, line, size)).status == 201
    after = read_note((await told(edge, "checkpoint")).raw.decode())
    assert after.text == note.text
    assert [one.line for one in after.signatures[len(note.signatures) :]] == lines
    assert after.signers(KEYS) == list(KEYS)


async def test_only_a_known_witness_cosigns_what_is_there(edge: Edge) -> None:
    note = read_note((await told(edge, "checkpoint")).raw.decode())
    size = read_checkpoint(note.text).size
    good = sign(note.text, KEYS[0].name, WITNESS).line
    stranger = Ed25519PrivateKey.generate()
    for line in (
        sign(note.text, KEYS[0].name, stranger).line,
        sign(note.text, "other", WITNESS).line,
        sign(note.text + "more\n", KEYS[0].name, WITNESS).line,
        cosign(note.text, KEYS[0].name, WITNESS, datetime.now(UTC)).line,
    ):
        refused(await sent(edge, line, size), 422, "NOT_COSIGNED")
    refused(await sent(edge, good, size - 1), 422, "NOT_COSIGNED")
    for line, told_size in ((good, "x"), (good, 10**40), (7, size), ("— a b", size), ("", size), (good + "\nx", size)):
        refused(await sent(edge, line, told_size), 400, "INVALID")
    refused(await sent(edge, good, size, "MEMBER"), 403, "NOT_ALLOWED")
    refused(
        await edge.ask("POST", "/audit/cosign", "x", edge.here.keys["OWNER"], kind="text/plain"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )
    refused(await edge.ask("GET", "/audit/cosign", key=edge.here.keys["OWNER"]), 405, "METHOD_NOT_ALLOWED")


async def test_a_witness_elsewhere_needs_nothing_but_http(edge: Edge, tmp_path: Path) -> None:
    keys = [read_key(line) for line in (await told(edge, "keys")).raw.decode().splitlines()]
    file = tmp_path / "witness.txt"

    async def witness(private: Ed25519PrivateKey = TIMED, trusted: list[Key] = keys, role: str = "AUDITOR") -> int:
        api_key = edge.here.keys[role]
        return (await cosigned(f"{edge.base}/", api_key, trusted, file, KEYS[1].name, private)).size

    first = await witness()
    await edge.tell(edge.here, "register-person", personId=str(uuid4()), name="Another")
    await edge.services.notary.look()
    assert [first + 1, first + 1] == [await witness(), await witness()]
    assert [read_checkpoint(note.text).size for note in read_notes(file.read_text())] == [first, first + 1]
    assert KEYS[1] in read_note((await told(edge, "checkpoint")).raw.decode()).signers(KEYS)
    with pytest.raises(NotAnswered, match=r"422.*NOT_COSIGNED"):
        await witness(Ed25519PrivateKey.generate())
    with pytest.raises(NotAnswered, match="403"):
        await witness(role="MEMBER")
    with pytest.raises(NotWitnessed, match="signed by none"):
        await witness(trusted=[public_key(keys[0].name, TIMED)])
    point = read_checkpoint(read_notes(file.read_text())[-1].text)
    await edge.tell(edge.here, "register-person", personId=str(uuid4()), name="One more")
    await edge.services.notary.look()
    file.write_text(f"{replace(point, root=bytes(32)).text}\n{sign(point.text, KEYS[0].name, WITNESS).line}\n")
    with pytest.raises(NotWitnessed, match="History was rewritten"):
        await witness()
    file.write_text(f"{replace(point, size=9_999).text}\n{sign(point.text, KEYS[0].name, WITNESS).line}\n")
    with pytest.raises(NotWitnessed, match="The ledger was cut"):
        await witness()


async def test_a_served_process_signs_by_itself(urls: Urls, tmp_path: Path) -> None:
    async with served(msgspec.structs.replace(ROOMY, home=str(tmp_path), checkpoint_seconds=1), urls) as opened:
        new = await opened.found("Busy")
        async with asyncio.timeout(10):
            while (await opened.ask("GET", "/audit/checkpoint", key=new.keys["AUDITOR"])).status != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
