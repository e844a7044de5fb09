"""What the documents say is so: their questions fit the schema, and the reference is that of the code."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from graphql import parse, validate

from api.graphql.mutations import mutation_type
from api.graphql.schema import build
from api.reference_pages import pages
from api.webhooks import example
from domain.public_events import CATALOGUE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = re.findall(r"```graphql\n(.*?)```", README, flags=re.DOTALL)
LIVE = re.findall(r"```graphql\n(.*?)```", (ROOT / "docs" / "howto" / "live-queries.md").read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("document", [*DOCUMENTS, *LIVE], ids=lambda text: text.split()[1].partition("(")[0])
def test_every_question_of_the_documents_fits_the_schema(document: str) -> None:
    assert validate(build(mutation_type()).core, parse(document)) == []


def test_the_readme_has_its_five_questions() -> None:
    assert len(DOCUMENTS) == 5


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: page[0])
def test_the_reference_is_current(page: tuple[str, str]) -> None:
    name, text = page
    assert (ROOT / "docs" / "reference" / name).read_text() == text, "run `make docs` and commit"


def test_the_reference_has_no_page_that_nobody_writes() -> None:
    reference = ROOT / "docs" / "reference"
    there = {str(path.relative_to(reference)) for path in reference.rglob("*") if path.is_file()}
    assert there == {name for name, _ in pages()}


@pytest.mark.parametrize("name", [name for name, _ in pages() if name.endswith(".json")])
def test_the_schema_of_a_webhook_event_takes_its_example_and_nothing_else(name: str) -> None:
    kind = CATALOGUE[Path(name).stem]
    validator = jsonschema_rs.validator_for(json.loads((ROOT / "docs" / "reference" / name).read_text()))
    whole = example(kind)
    assert validator.is_valid(whole)
    assert validator.is_valid(whole | {"data": whole["data"] | {"added": "later"}})
    assert not validator.is_valid(whole | {"type": "another"})
    assert not validator.is_valid(whole | {"data": {}})


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda path: path.name)
def test_every_file_that_is_named_is_there(path: Path) -> None:
    named = re.findall(r"`((?:api|docs|domain|examples|infra|projections|tests)/[\w/.-]+)`", path.read_text())
    assert [one for one in named if not (ROOT / one).exists() and "*" not in one] == []
