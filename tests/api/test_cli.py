"""The command line as an operator meets it: what it says, how it exits, and that a second time changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from infra.embedded import EmbeddedServer

DONE, FOUND, WRONG = 0, 1, 2
Result = subprocess.CompletedProcess[str]
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(postgres: EmbeddedServer, database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    environment = {
        "PATH": os.environ["PATH"],
        "HEADWAY_HOME": str(tmp_path_factory.mktemp("home")),
        "HEADWAY_DATABASE_URL": postgres.url(database_name),
        "HEADWAY_APPLICATION_DATABASE_URL": postgres.application_url(database_name),
    }

    def once(*words: str, **more: str) -> Result:
        return subprocess.run(
            [sys.executable, "-m", "api", *words],
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return once


@pytest.fixture(scope="module")
def organisation(run: Run) -> str:
    founded = run("organisation", "found", "Harbour", "--time-zone", "Europe/Lisbon")
    assert founded.returncode == DONE, founded.stderr
    words = dict(line.split(" ", 1) for line in founded.stdout.splitlines())
    assert words["key"].startswith("hw_live_")
    return words["organisation"]


def test_that_nobody_reads_on_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "api", "settings"]
    told = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert (told.returncode, told.stderr) == (DONE, b"")


def test_the_command_stands_beside_the_interpreter() -> None:
    command = Path(sys.executable).with_name("headway")
    told = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60, check=False, cwd="/")
    assert (told.returncode, told.stderr) == (DONE, "")


def test_a_person_takes_everything_along_and_is_forgotten(run: Run, organisation: str, tmp_path: Path) -> None:
    person = str(uuid4())
    known = lines(
        tmp_path / "known",
        ("register-person", {"personId": person, "name": "Zoe <Quay>", "email": "zoe@quay.example"}),
    )
    told(run("apply", str(known), "--organisation", organisation), DONE)
    assert "1 records in" in told(run("person", "export", organisation, person, str(tmp_path / "her")), DONE)
    kept = json.loads((tmp_path / "her" / "person.json").read_text())
    assert kept["person"] == "Zoe <Quay>"
    assert [one["fields"]["email"] for one in kept["records"]] == ["zoe@quay.example"]
    page = (tmp_path / "her" / "person.html").read_text()
    assert "Zoe &lt;Quay&gt;" in page
    assert "<Quay>" not in page
    assert "DUTIES_LEFT" in told(run("person", "forget", organisation, person), WRONG)
    left = lines(tmp_path / "left", ("deactivate-person", {"personId": person, "reason": "Moves abroad."}))
    told(run("apply", str(left), "--organisation", organisation), DONE)
    assert "forgotten" in told(run("person", "forget", organisation, person), DONE)
    told(run("person", "export", organisation, person, str(tmp_path / "after")), DONE)
    assert "Zoe" not in (tmp_path / "after" / "person.html").read_text()
    assert "no such person" in told(run("person", "forget", organisation, str(uuid4())), WRONG)


def told(result: Result, code: int) -> str:
    """What it said where that is to be said; never a stack trace."""
    assert result.returncode == code, (result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    return result.stdout if code == DONE else result.stdout + result.stderr


def lines(path: Path, *commands: tuple[str, dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps({"command": name, "input": given}) + "\n" for name, given in commands))
    return path


def test_a_key_is_issued_and_revoked(run: Run, organisation: str) -> None:
    issued = told(run("key", "issue", organisation, "--name", "Robot", "--role", "MEMBER"), DONE)
    words = dict(line.split(" ", 1) for line in issued.splitlines())
    assert words["key"].startswith("hw_live_")
    assert told(run("key", "revoke", organisation, words["id"]), DONE) == "revoked\n"
    assert "NOT_FOUND" in told(run("key", "revoke", organisation, str(uuid4())), WRONG)


def test_a_file_applied_twice_changes_nothing(run: Run, organisation: str, tmp_path: Path) -> None:
    team, person = str(uuid4()), str(uuid4())
    file = lines(
        tmp_path / "some.ndjson",
        ("register-person", {"personId": person, "name": "Ana"}),
        ("form-team", {"teamId": team, "name": "Crew", "leadIds": [person]}),
    )
    assert told(run("apply", str(file), "--organisation", organisation), DONE).startswith("2 applied, 0 refused")
    head = told(run("status", "--json"), DONE)
    told(run("apply", str(file), "--organisation", organisation), DONE)
    for before, after in zip(head.splitlines(), told(run("status", "--json"), DONE).splitlines(), strict=True):
        assert json.loads(before)["head"] == json.loads(after)["head"]


def test_a_refused_line_stops_the_file_or_is_skipped(run: Run, organisation: str, tmp_path: Path) -> None:
    file = lines(
        tmp_path / "bad.ndjson",
        ("form-team", {"teamId": str(uuid4()), "name": "One"}),
        ("form-team", {"name": ""}),
        ("form-team", {"teamId": str(uuid4()), "name": "Two"}),
    )
    stopped = told(run("apply", str(file), "--organisation", organisation), FOUND)
    assert "1 refused, the first on line 2" in stopped
    skipped = told(run("apply", str(file), "--organisation", organisation, "--on-failure", "skip"), FOUND)
    assert "1 refused, the first on line 2" in skipped


def test_readings_are_imported_all_or_none_and_once(run: Run, organisation: str, tmp_path: Path) -> None:
    outcome, measure = str(uuid4()), str(uuid4())
    target = {"direction": "INCREASE", "baseline": 0, "target": 10}
    setting = lines(
        tmp_path / "setting.ndjson",
        ("set-outcome", {"outcomeId": outcome, "title": "Calls answered"}),
        ("set-measure", {"measureId": measure, "outcomeId": outcome, "title": "Share", **target}),
    )
    told(run("apply", str(setting), "--organisation", organisation), DONE)
    file = tmp_path / "readings.csv"
    words = ("readings", "import", str(file), "--organisation", organisation)
    file.write_text(f"measure,day,value\n{measure},2026-01-05,7\n{measure},2026-01-06,many\n")
    said = told(run(*words), FOUND)
    assert "line 3, value: INVALID: Write the number" in said
    assert "Nothing was taken; lines that are wrong: 1" in said
    file.write_text(f"measure,day,value\n{measure},2026-01-05,7\n{measure},2026-01-06,8\n")
    assert told(run(*words, "--dry-run"), DONE) == "2 readings, 2 would be taken, 0 known already\n"
    head = told(run("status", "--json"), DONE)
    assert told(run(*words), DONE) == "2 readings, 2 taken, 0 known already\n"
    once = told(run("status", "--json"), DONE)
    assert once != head
    told(run(*words), DONE)
    assert told(run("status", "--json"), DONE) == once


def test_status_verify_and_rebuild_find_nothing_wrong(run: Run, organisation: str) -> None:
    assert organisation in told(run("status"), DONE)
    assert organisation in told(run("verify"), DONE)
    assert "events folded" in told(run("rebuild"), DONE)
    assert "events folded" in told(run("rebuild", "history"), DONE)
    assert "there are access" in told(run("rebuild", "sorrow"), WRONG)
    assert told(run("migrate"), DONE) == "Nothing to do.\n"


async def test_verify_says_the_first_position_that_does_not_hold(
    run: Run, organisation: str, postgres: EmbeddedServer, database_name: str
) -> None:
    changed = told(run("organisation", "found", "Changed"), DONE).split()[1]
    connection = await asyncpg.connect(postgres.url(database_name))
    try:
        await connection.execute(
            "update ledger.events set actor = 'person:x' where organisation_id = $1 and position = 2", changed
        )
        said = told(run("verify", changed), FOUND)
        assert "position 2 does not hold" in said
        assert run("verify", organisation).returncode == DONE
        await connection.execute(
            "update ledger.events set actor = 'system' where organisation_id = $1 and position = 2", changed
        )
    finally:
        await connection.close()
    assert run("verify", changed).returncode == DONE


def test_settings_are_told_with_their_origin_and_without_secrets(run: Run) -> None:
    found = [json.loads(line) for line in told(run("settings", "--json", HEADWAY_PORT="8123"), DONE).splitlines()]
    told_of = {one["name"]: one for one in found}
    assert told_of["HEADWAY_PORT"]["value"] == "8123"
    assert told_of["HEADWAY_PORT"]["origin"] != told_of["HEADWAY_HOST"]["origin"]
    assert ":***@" in told_of["HEADWAY_DATABASE_URL"]["value"] or "***" in told_of["HEADWAY_DATABASE_URL"]["value"]


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (("settings",), {"HEADWAY_PROT": "8000"}),
        (("settings",), {"HEADWAY_PORT": "many"}),
        (("serve",), {"HEADWAY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}),
        (("migrate",), {"HEADWAY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}),
    ],
    ids=["an unknown setting", "a value that is none", "no database to serve", "no database to migrate"],
)
def test_what_is_asked_wrongly_is_told_in_a_sentence(run: Run, words: tuple[str, ...], more: dict[str, str]) -> None:
    said = told(run(*words, **more), WRONG)
    assert said.strip().endswith((".", "?")), said


@pytest.mark.parametrize("words", [("sing",), ("apply", "nowhere.ndjson"), ("verify", "no-id"), ("key", "issue")])
def test_a_command_that_is_none_is_told(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.returncode != DONE
    assert "Traceback" not in result.stderr


def test_the_schema_is_the_committed_one(run: Run) -> None:
    committed = Path(__file__).parents[2] / "schema.graphql"
    assert told(run("schema"), DONE).rstrip("\n") == committed.read_text().rstrip("\n")
