"""The schema: printed as committed, checked against itself and the database, and cheap to attack in vain."""

from pathlib import Path
from typing import Annotated

import asyncpg
import pytest
import strawberry
from graphql import build_schema, get_introspection_query, parse, validate
from strawberry import ID

from api.explorer_setup import EXAMPLES
from api.graphql.mapping import Column, Expr, Relation, mapped, order, stands_on
from api.graphql.model import MappingWrong, model_of
from api.graphql.schema import Built, sdl
from api.graphql.types.common import Connection, Node
from api.graphql.verification import verify
from infra.database import Database
from tests.api.graphql.conftest import Asker
from tests.api.graphql.effort import calls_to_validate

COMMITTED = Path(__file__).parents[3] / "schema.graphql"
CALLS_TO_REFUSE = 400_000  # twice what the worst of them makes


def test_the_committed_schema_is_current() -> None:
    assert COMMITTED.read_text() == sdl(), "write it anew: python -m api schema > schema.graphql"


async def test_the_read_model_has_all_that_the_schema_stands_on(
    built: Built, database_url: str, database: Database
) -> None:
    connection = await asyncpg.connect(database_url)
    await verify(built.model, connection)
    await connection.close()


@stands_on("webhook")
class Untitled(Node):
    """May lack what its rows are ordered by."""

    id: ID


@stands_on("person")
class Wrong:
    """Stands on what is not there."""

    id: ID
    email: str
    height: Annotated[float, Column("height")]
    weight: Annotated[float, Expr("no_such_function({t}.id)")]


async def test_what_the_read_model_lacks_is_named(database_url: str, database: Database) -> None:
    @stands_on(None)
    class Query:
        @mapped(Relation(where="{c}.id = {a.id}"))
        def wrong(self, id: ID) -> Wrong | None:
            raise NotImplementedError

        @mapped(Relation(order=order("title")))
        def untitled(self, first: int | None = None, after: str | None = None) -> Connection[Untitled]:
            raise NotImplementedError

    connection = await asyncpg.connect(database_url)
    with pytest.raises(MappingWrong) as caught:
        await verify(model_of(strawberry.Schema(Query)._schema), connection)
    await connection.close()
    text = str(caught.value)
    assert "Wrong.email must not be null, but person.email may be" in text
    assert "Query.untitled is ordered by webhook.title, which may be null: say so" in text
    assert "Wrong.height stands on person.height, which is not there" in text
    assert "Wrong.weight: function no_such_function" in text


@stands_on("person")
class Friend:
    """Lacks what it should have."""

    id: ID

    @strawberry.field
    def unmapped(self) -> int:
        raise NotImplementedError

    @mapped(Relation(on="person_id", filters={"nothing": "true"}))
    def friends(self, first: int, colour: str) -> list["Friend"]:
        raise NotImplementedError


def test_fields_without_a_mapping_are_named_all_at_once() -> None:
    @stands_on(None)
    class Query:
        @mapped(Relation())
        def person(self) -> Friend | None:
            raise NotImplementedError

    with pytest.raises(MappingWrong) as caught:
        model_of(strawberry.Schema(Query)._schema)
    for fault in (
        "Friend.unmapped has no mapping",
        "Friend.friends filters by 'nothing', which is no argument",
        "Friend.friends does nothing with its argument 'colour'",
        "Friend.friends has no order",
    ):
        assert fault in str(caught.value)


async def test_graphiql_s_introspection_fits_the_limits(asker: Asker) -> None:
    answer = await asker.compiled(
        get_introspection_query(descriptions=True, specified_by_url=True, input_value_deprecation=True)
    )
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"


@pytest.mark.parametrize("document", [query for query, _ in EXAMPLES], ids=lambda one: one.split("\n")[0][2:40])
def test_the_explorer_s_examples_can_be_asked(document: str) -> None:
    assert validate(build_schema(COMMITTED.read_text()), parse(document)) == []


def bombs() -> dict[str, str]:
    """Documents just under the limits that make validation work."""
    fields = " ".join(f"a{n}: outcomes(first: {n}) {{ totalCount }}" for n in range(20))
    nested = "team { " * 10 + "id " + "} " * 10
    spreads = " ".join(f"fragment F{n} on Team {{ ...F{n + 1} ...F{n + 1} id }}" for n in range(98))
    wide = " ".join(f"f{n}: name" for n in range(90))
    same = "{ x: team(id: 1) { " + "name " * 49 + "} }"
    return {
        "the same field": same,
        "aliases": "{ " + fields + " }",
        "nested twins": "{ a: team(id: 1) { " + "parent { id parent { id name } } " * 45 + "} }",
        "nesting": f"{{ outcome(id: 1) {{ {nested} }} }}",
        "spreads": "{ team(id: 1) { ...F0 } } " + spreads + " fragment F98 on Team { id }",
        "circles": "{ team(id: 1) { ...A } } fragment A on Team { ...B } fragment B on Team { ...A }",
        "wide": "{ team(id: 1) { " + wide + " } }",
        "twins of fragments": "{ team(id: 1) { "
        + " ".join(f"...G{n}" for n in range(40))
        + " } } "
        + " ".join(f"fragment G{n} on Team {{ id name parent {{ id name }} }}" for n in range(40)),
        "unknown": "{ " + "nothing " * 19 + "}",
        "tokens": "{ organisation { id } } " + "# x\n" * 1_900,
    }


@pytest.mark.parametrize("name", bombs())
def test_validation_cannot_be_made_to_burn(built: Built, name: str) -> None:
    assert calls_to_validate(built, bombs()[name]) < CALLS_TO_REFUSE
