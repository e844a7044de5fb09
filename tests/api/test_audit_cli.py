"""`headway audit` as operators and auditors meet it: from the ledger to a bundle that is checked with no database."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from infra.embedded import EmbeddedServer
from infra.notes import read_checkpoint, read_notes

DONE, FOUND, WRONG = 0, 1, 2
Result = subprocess.CompletedProcess[str]
Run = Callable[..., str]
NOWHERE = {"HEADWAY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}


@pytest.fixture(scope="module")
def run(postgres: EmbeddedServer, database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    environment = {
        "PATH": os.environ["PATH"],
        "HEADWAY_HOME": str(tmp_path_factory.mktemp("home")),
        "HEADWAY_CHECKPOINT_ORIGIN": "example.com/headway",
        "HEADWAY_DATABASE_URL": postgres.url(database_name),
        "HEADWAY_APPLICATION_DATABASE_URL": postgres.application_url(database_name),
    }

    def once(code: int, *words: object, **more: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "api", *map(str, words)],
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert ran.returncode == code, (ran.stdout, ran.stderr)
        assert "Traceback" not in ran.stderr
        return ran.stdout if code == DONE else ran.stdout + ran.stderr

    return once


@pytest.fixture
def organisation(run: Run) -> str:
    return run(DONE, "organisation", "found", "Harbour").split()[1]


def test_a_bundle_goes_from_the_operator_to_the_auditor(run: Run, organisation: str, tmp_path: Path) -> None:
    of = ("--organisation", organisation)
    kept = tmp_path / "kept.txt"
    kept.write_text(run(DONE, "audit", "checkpoint", *of))
    [key] = run(DONE, "audit", "keys", *of).split()
    run(DONE, "key", "issue", organisation, "--name", "More")
    bundle = tmp_path / "bundle"
    said = run(DONE, "audit", "export", bundle, *of, "--kept", kept)
    assert said == f"3 events, positions 1 to 3, with their proof in {bundle}\n"
    alone = run(DONE, "audit", "verify", bundle, "--key", key, "--kept", kept, **NOWHERE)
    assert alone.startswith(f"HOLDS: 3 events of organisation {organisation}, of the positions 1 to 3.\n")
    assert f"signed by {key}\n" in alone
    assert "Compare these keys" in run(DONE, "audit", "verify", bundle, **NOWHERE)
    assert "is there already" in run(WRONG, "audit", "export", bundle, *of)
    assert "Name positions from 1 to 4" in run(
        WRONG, "audit", "export", tmp_path / "two", *of, "--from", "2", "--to", "9"
    )
    assert "Write a public key" in run(WRONG, "audit", "verify", bundle, "--key", "x", **NOWHERE)
    events = bundle / "events.ndjson"
    events.write_text(events.read_text().replace('"system"', '"nobody"', 1))
    wrong = run(FOUND, "audit", "verify", bundle, **NOWHERE)
    assert wrong.startswith("WRONG: events.ndjson, line 1, position 1 was altered")


def test_each_export_is_on_record(run: Run, organisation: str, tmp_path: Path) -> None:
    of = ("--organisation", organisation)
    key_id = run(DONE, "key", "issue", organisation, "--name", "More").split()[1]
    run(DONE, "audit", "export", tmp_path / "part", *of, "--from", "2")
    run(DONE, "audit", "export", tmp_path / "one", *of, "--entity", key_id)
    run(WRONG, "audit", "export", tmp_path / "one", *of)
    run(FOUND, "person", "export", organisation, uuid4(), tmp_path / "nobody")
    run(DONE, "audit", "export", tmp_path / "all", *of)
    events = [json.loads(line) for line in (tmp_path / "all" / "events.ndjson").read_text().splitlines()]
    exported = [one for one in events if one["type"] == "access.exported"]
    assert [one["actor"] for one in exported] == ["system", "system"]
    bodies = [json.loads(one["body"]) for one in exported]
    assert [(one["count"], one["first"], one["last"]) for one in bodies] == [(2, 2, 3), (1, 1, 4)]
    assert bodies[1]["concerning_id"] == key_id


def test_an_entity_is_exported_by_itself(run: Run, organisation: str, tmp_path: Path) -> None:
    key_id = run(DONE, "key", "issue", organisation, "--name", "More").split()[1]
    run(DONE, "key", "revoke", organisation, key_id)
    bundle = tmp_path / "bundle"
    said = run(DONE, "audit", "export", bundle, "--organisation", organisation, "--entity", key_id)
    assert said.startswith("2 events, ")
    assert "that none was left out is not proven" in run(DONE, "audit", "verify", bundle, **NOWHERE)


def test_keys_rotate_with_an_overlap(run: Run, organisation: str) -> None:
    of = ("--organisation", organisation)
    run(DONE, "audit", "checkpoint", *of)
    assert run(DONE, "audit", "rotate-key").startswith("2 keys sign")
    run(DONE, "key", "issue", organisation, "--name", "More")
    assert run(DONE, "audit", "checkpoint", *of).count("\n— ") == 2
    assert run(DONE, "audit", "rotate-key", "--end-overlap") == "the new key signs alone\n"
    run(DONE, "key", "issue", organisation, "--name", "More")
    assert run(DONE, "audit", "checkpoint", *of).count("\n— ") == 1
    assert len(run(DONE, "audit", "keys", *of).split()) == 3


async def test_a_tail_that_was_cut_off_is_found_from_outside(
    run: Run, organisation: str, tmp_path: Path, postgres: EmbeddedServer, database_name: str
) -> None:
    witness = tmp_path / "witness.txt"
    of = ("--organisation", organisation)
    assert run(DONE, "audit", "witness", witness, *of) == f"2 events, consistent with what {witness} knew\n"
    run(DONE, "key", "issue", organisation, "--name", "More")
    run(DONE, "audit", "witness", witness, *of)
    assert [read_checkpoint(note.text).size for note in read_notes(witness.read_text())] == [2, 3]
    assert "the tree of 3 events and 2 checkpoints hold" in run(DONE, "verify", organisation, "--checkpoint", witness)
    connection = await asyncpg.connect(postgres.url(database_name))
    for statement in (
        "delete from ledger.events where organisation_id = $1 and position = 3",
        "update ledger.heads h set position = 2, hash = e.hash from ledger.events e"
        " where h.organisation_id = $1 and e.organisation_id = $1 and e.position = 2",
        "delete from ledger.tree where organisation_id = $1",
        "delete from ledger.tile where organisation_id = $1",
        "delete from ledger.checkpoint where organisation_id = $1 and size = 3",
    ):
        await connection.execute(statement, organisation)
    await connection.close()
    run(DONE, "verify", organisation)
    said = run(FOUND, "verify", organisation, "--checkpoint", witness)
    assert "the checkpoint that was kept outside knows 3 events, and the ledger has 2" in said
    said = run(FOUND, "audit", "witness", witness, *of)
    assert said.startswith("WRONG: The ledger was cut: the file knows 3 events")


def test_read_models_are_compared_on_demand(run: Run, organisation: str) -> None:
    assert re.search(r"the read models of \d+ events hold", run(DONE, "verify", "--read-models"))


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "witness", "{}", "--organisation", "{id}"),
        ("verify", "--checkpoint", "{}"),
        ("audit", "export", "{}-new", "--organisation", "{id}", "--kept", "{}"),
    ],
)
def test_a_file_that_holds_something_else_is_told(
    run: Run, organisation: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = tmp_path / "other.txt"
    file.write_text("something\n\nelse\n")
    run(WRONG, *(word.format(file, id=organisation) for word in words))
