"""The pages for auditors and for who forgets, followed word by word over the bakery; and a bundle of it, checked where
there is no product."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from examples.demo.commands import lines
from examples.demo.story import NAMESPACE, entity
from examples.lines import write
from infra.embedded import EmbeddedServer

ROOT = Path(__file__).parents[2]
AUDIT, FORGET = ROOT / "docs/howto/audit.md", ROOT / "docs/howto/forget-a-person.md"
HEADWAY = f'set -eu\nheadway() {{ PYTHONPATH="{ROOT}" "{sys.executable}" -m api "$@"; }}\n'
IN_PLACE = '\nunset HEADWAY_MASTER_KEY_FILE; mv new-master.key "$HEADWAY_HOME/master.key"\n'
NEEDED = ("cryptography", "cffi", "_cffi_backend")


def commands(page: Path) -> str:
    """Of every block that needs no server."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))


def told(where: Path, environment: dict[str, str], script: str) -> str:
    ran = subprocess.run(
        ["bash", "-c", HEADWAY + script], env=environment, cwd=where, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    return ran.stdout


def bare(where: Path) -> Path:
    """A Python that has what the second verifier needs, and nothing else."""
    venv.create(where, symlinks=True)
    [packages] = where.glob("lib/python*/site-packages")
    for name in NEEDED:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (packages / found.name).symlink_to(found)
    return where / "bin" / "python"


@pytest.fixture(scope="module")
def environment(
    postgres: EmbeddedServer, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Of a shell that has the bakery's record."""
    home = tmp_path_factory.mktemp("home")
    known = {
        "PATH": os.environ["PATH"],
        "HEADWAY_HOME": str(home),
        "HEADWAY_DATABASE_URL": postgres.url(database_name),
        "HEADWAY_APPLICATION_DATABASE_URL": postgres.application_url(database_name),
        "ORGANISATION": str(NAMESPACE),
    }
    write(lines(date(2026, 3, 30)), home / "bakery.ndjson")
    told(home, known, "headway apply bakery.ndjson --organisation $ORGANISATION")
    return known


def test_an_auditor_gets_along_with_the_page_alone(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(ROOT / "docs/audit/verify_bundle.py", tmp_path)
    said = told(
        tmp_path, environment | {"PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}, commands(AUDIT)
    )
    assert said.count("HOLDS") == 2
    assert re.search(r"the read models of \d+ events hold", said)
    readme = (tmp_path / "bundle" / "README.md").read_text()
    sealed = re.search(r'"\\\\u0001sealed:1:', (tmp_path / "bundle" / "events.ndjson").read_text())
    assert sealed is not None
    assert r'`"\u0001sealed:1:' in readme
    python = bare(tmp_path / "bare")
    other = subprocess.run([python, "-I", "-c", "import msgspec"], capture_output=True, cwd=tmp_path, check=False)
    assert other.returncode == 1, "nothing of the product is there"
    ran = subprocess.run(
        [python, "-I", "verify_bundle.py", "bundle", "--kept", "checkpoint.txt"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("HOLDS: 100 events")


def test_a_person_is_forgotten_as_the_page_says(environment: dict[str, str], tmp_path: Path) -> None:
    person = str(entity("person", "gwen"))
    of = "--organisation $ORGANISATION"
    before = told(tmp_path, environment, f"headway audit checkpoint {of} > kept.txt; headway audit export before {of}")
    assert "with their proof" in before
    gone = {"personId": person, "successorId": str(entity("person", "mara")), "reason": "Moves abroad."}
    left = {"command": "deactivate-person", "input": gone}
    (tmp_path / "left.ndjson").write_text(json.dumps(left) + "\n")
    told(tmp_path, environment, f"headway apply left.ndjson {of}")
    known = environment | {"PERSON": person}
    said = told(
        tmp_path,
        known,
        commands(FORGET) + IN_PLACE + f"\nheadway audit export after {of} --kept kept.txt\n"
        "headway audit verify before; headway audit verify after --kept kept.txt",
    )
    assert said.count("HOLDS") == 2
    assert "forgotten" in said
    assert re.search(r"the read models of \d+ events hold", said)
    assert re.search(r"\d+ keys wrapped anew", said)
