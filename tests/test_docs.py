"""What the documents say is so: their questions fit the schema, and the reference is that of the code."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from api.graphql.mutations import mutation_type
from api.graphql.schema import build
from api.reference_pages import pages

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


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda path: path.name)
def test_every_file_that_is_named_is_there(path: Path) -> None:
    named = re.findall(r"`((?:api|docs|domain|examples|infra|projections|tests)/[\w/.-]+)`", path.read_text())
    assert [one for one in named if not (ROOT / one).exists() and "*" not in one] == []
