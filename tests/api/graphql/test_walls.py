"""Every table in a compiled statement bears its organisation and its validity: proven on the parsed SQL."""

import re
from typing import Any

import pytest
from pglast import ast, parse_sql
from pglast.visitors import Visitor

from api.graphql.sight import RESTRICTED
from tests.api.graphql.conftest import Asker
from tests.api.graphql.test_corpus import NAMES, document, variables


class Tables(Visitor):
    """Finds, select by select, the tables and which of their columns the where-clause binds."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []
        self.beside: set[str] = set()  # no part of the record: of now alone
        self.made: set[str] = set()  # in the statement itself

    def visit_CommonTableExpr(self, _: Any, node: ast.CommonTableExpr) -> None:  # noqa: N802
        self.made.add(str(node.ctename))

    def visit_SelectStmt(self, _: Any, node: ast.SelectStmt) -> None:  # noqa: N802
        bound = Bound()
        if node.whereClause is not None:
            bound(node.whereClause)
        for item in node.fromClause or ():
            self._of(item, bound.columns)

    def _of(self, item: Any, columns: set[tuple[str, str]]) -> None:
        if isinstance(item, ast.JoinExpr):
            joined = Bound()
            if item.quals is not None:
                joined(item.quals)
            self._of(item.larg, columns | joined.columns)
            self._of(item.rarg, columns | joined.columns)
        elif isinstance(item, ast.RangeVar) and not str(item.relname).startswith(("moment", "hidden")):
            alias = item.alias.aliasname if item.alias else item.relname
            if item.schemaname in {"edge", "outbox"}:
                self.beside.add(str(item.relname))
            self.found.append((str(item.relname), {column for of, column in columns if of == alias}))


class Bound(Visitor):
    """Columns that stand in a where-clause's conjunction, by alias."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: set[tuple[str, str]] = set()

    def visit_ColumnRef(self, _: Any, node: ast.ColumnRef) -> None:  # noqa: N802
        names = [str(part.sval) for part in node.fields or () if isinstance(part, ast.String)]
        if len(names) == 2:
            self.columns.add((names[0], names[1]))


@pytest.mark.parametrize("veiled", [False, True])
@pytest.mark.parametrize("name", NAMES)
async def test_c35_every_table_of_a_statement_bears_organisation_and_validity(
    asker: Asker, name: str, veiled: bool
) -> None:
    operation = asker.operation(document(name))
    given = operation.coerce(asker.built.core, variables(name))
    statement = asker.reads.plan(operation, given, veiled=veiled).text or ""
    assert not veiled or "hidden" in statement or not asker.reads.plan(operation, given).scoped
    # whether anything was ever restricted is asked of every version
    statement, asked = re.subn(re.escape(RESTRICTED) + r"\$\d+::uuid\)", "true", statement)
    assert asked <= 1
    tables = Tables()
    tables(parse_sql(statement))
    assert tables.found
    for table, columns in tables.found:
        if table in tables.made:
            continue
        assert "organisation_id" in columns, (table, statement)
        assert table in {"checkpoint", *tables.beside} or "until" in columns, (table, statement)


async def test_the_database_s_own_wall_holds_without_the_statement_s(asker: Asker) -> None:
    """Row-level security alone: a statement without any predicate sees only the organisation of its connection."""
    async with asker.reads.pool.of(asker.viewer.organisation_id) as connection:
        for table in ("outcome", "task", "reading", "entry", "checkpoint"):
            seen = await connection.fetch(f"select distinct organisation_id from {table}")
            assert [row[0] for row in seen] == [asker.viewer.organisation_id]


async def test_no_session_setting_is_left_behind(asker: Asker) -> None:
    await asker.compiled("{ outcomes(first: 1) { nodes { id progress } } }")
    await asker.ordinary("{ outcomes(first: 1) { nodes { id progress } } }")
    async with asker.reads.pool.of(asker.viewer.organisation_id) as connection:
        sent = await connection.fetchval("select current_setting('headway.organisation')")
        assert sent == str(asker.viewer.organisation_id)
        for name in ("headway.sweep", "headway.lookup"):
            assert not await connection.fetchval("select current_setting($1, true)", name)
