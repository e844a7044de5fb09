"""Every document of the corpus, on both paths, with equal answers; and what the compiled path makes of it, on
record."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.graphql.conftest import Asker, alike, viewer_of
from tests.api.graphql.rows import id_of

CORPUS = Path(__file__).parents[2] / "corpus"
GOLDEN = Path(__file__).parents[2] / "golden" / "graphql"
NAMES = sorted(path.stem for path in CORPUS.glob("*.graphql"))


def document(name: str) -> str:
    return (CORPUS / f"{name}.graphql").read_text()


def variables(name: str, organisation: str = "alpha") -> dict[str, Any]:
    """As the corpus says; `outcome/3` stands for that row's id."""
    path = CORPUS / f"{name}.json"
    given: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return {key: _id(organisation, value) for key, value in given.items()}


def _id(organisation: str, value: Any) -> Any:
    if isinstance(value, str) and value.count("/") == 1:
        kind, nth = value.split("/")
        return str(id_of(organisation, kind, nth))
    return value


@pytest.mark.parametrize("name", NAMES)
async def test_c40_both_paths_answer_alike(asker: Asker, name: str) -> None:
    await asker.data(document(name), **variables(name))
    assert set(asker.reads.counts) == {"compiled", "oracle"}


@pytest.mark.parametrize("name", NAMES)
async def test_c40_nothing_of_another_tenant_is_in_an_answer(asker: Asker, name: str) -> None:
    asker.viewer = viewer_of("beta")
    answer = await asker.data(document(name), **variables(name, "beta"))
    assert "alpha" not in json.dumps(answer)
    crossed = await asker.data(document(name), **variables(name, "alpha"))
    assert "alpha" not in json.dumps(crossed)


@pytest.mark.parametrize("name", NAMES)
async def test_statement_and_answer_are_those_on_record(asker: Asker, name: str) -> None:
    text = document(name)
    answer = json.dumps((await asker.compiled(text, **variables(name)))["data"], indent=2, ensure_ascii=False) + "\n"
    statement = asker.sql(text, **variables(name)) + "\n"
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for path, made in ((GOLDEN / f"{name}.sql", statement), (GOLDEN / f"{name}.json", answer)):
        if not path.exists():
            path.write_text(made)
    assert (GOLDEN / f"{name}.sql").read_text() == statement
    assert alike(json.loads((GOLDEN / f"{name}.json").read_text()), json.loads(answer))
