"""The check of the mapping against the database: whatever a field stands on has to be there, and be what the field
says."""

from dataclasses import replace
from itertools import product
from typing import Any

import asyncpg
from graphql import GraphQLEnumType

from api.graphql.arguments import Argument, Observed, argument_of
from api.graphql.compiler import NOW, ORGANISATION, Compiler, ordering
from api.graphql.mapping import Column, Expr
from api.graphql.model import Kind, Mapped, MappingWrong, Model, snake
from api.graphql.refusals import RequestRefused
from api.graphql.sight import VEIL
from api.graphql.templates import Places, filled
from api.graphql.writing import Moment, Sql, Writer, rendered, sql

COLUMNS = """
select c.table_name || '.' || c.column_name as name, c.is_nullable = 'NO' as required
  from information_schema.columns c
 where c.table_schema = 'read'
"""
CHECKS = """
select c.conrelid::regclass::text as name, pg_get_constraintdef(c.oid) as definition
  from pg_constraint c
 where c.connamespace = 'read'::regnamespace and c.contype = 'c'
"""


async def verify(model: Model, connection: asyncpg.Connection) -> None:
    """Raises MappingWrong with everything that the read model lacks."""
    await connection.execute("set search_path = read")
    columns = {row["name"]: row["required"] for row in await connection.fetch(COLUMNS)}
    checks = "\n".join(row["definition"] for row in await connection.fetch(CHECKS))
    wrong: list[str] = []
    for fields in model.fields.values():
        for mapped in fields.values():
            wrong.extend([*_columns(model, mapped, columns, checks), *_keys(model, mapped, columns)])
            problems = [await _prepared(connection, statement) for statement in _statements(model, mapped)]
            wrong.extend(f"{mapped.parent}.{mapped.name}: {problem}" for problem in problems if problem)
    if wrong:
        raise MappingWrong("\n".join(wrong))


def _columns(model: Model, mapped: Mapped, columns: dict[str, bool], checks: str) -> list[str]:
    """A column that is missing, may be null where the field may not, or lacks the values of its enum."""
    table = model.stand(mapped.parent).table
    if table is None or not isinstance(mapped.mark, Column):
        return []
    name = f"{table}.{mapped.mark.name or mapped.column}"
    where = f"{mapped.parent}.{mapped.name}"
    if name not in columns:
        return [f"{where} stands on {name}, which is not there"]
    if mapped.non_null and not columns[name]:
        return [f"{where} must not be null, but {name} may be"]
    if isinstance(mapped.named, GraphQLEnumType) and mapped.non_null:
        missing = [value for value in mapped.named.values if f"'{value}'" not in checks]
        return [f"{where} knows {value}, which the column's check does not" for value in missing]
    return []


def _keys(model: Model, mapped: Mapped, columns: dict[str, bool]) -> list[str]:
    """A column that rows are ordered by and that may be null, where the order does not say so; cursors would be."""
    table = model.stand(mapped.named.name).table
    if mapped.kind is not Kind.CONNECTION or table is None or mapped.relation.source:
        return []
    every = [key for one in mapped.relation.orders for key in one.keys]
    keys = {(f"{table}.{key.sql.removeprefix('{c}.')}", key.nullable) for key in every}
    return [
        f"{mapped.parent}.{mapped.name} is ordered by {name}, which may be null: say so"
        for name, nullable in sorted(keys)
        if columns.get(name) is False and not nullable
    ]


def _statements(model: Model, mapped: Mapped) -> list[Sql]:
    """What the database is asked to prepare for a field: with nothing given, now and as of a position."""
    moments = [NOW, replace(NOW, position=sql("1::int8"))]
    found: list[Sql | None] = []
    for moment, veil in product(moments, (None, VEIL)):
        writer = Writer(ORGANISATION, veil)
        if isinstance(mapped.mark, Expr):
            found.append(_expression(model, mapped, mapped.mark, moment, writer))
        elif mapped.kind in {Kind.ONE, Kind.MANY, Kind.CONNECTION, Kind.LEAVES, Kind.VARIANTS}:
            found.append(_relation(model, mapped, moment, writer))
    return [one for one in found if one is not None]


def _parent(model: Model, mapped: Mapped, moment: Moment, writer: Writer) -> tuple[str, Sql] | None:
    table = model.stand(mapped.parent).table
    if table is None:
        return None
    alias, source, predicates = writer.table(table, moment)
    return alias, sql(" from ", source, " where ", predicates)


def _expression(model: Model, mapped: Mapped, mark: Expr, moment: Moment, writer: Writer) -> Sql | None:
    parent = _parent(model, mapped, moment, writer)
    if parent is None:
        return None
    alias, clause = parent
    places = Places(writer, moment, row=alias, arguments=_arguments(mapped))
    return writer.with_common(sql("select ", filled(mark.whole, places), clause))


def _arguments(mapped: Mapped) -> dict[str, Argument]:
    """As where none is given."""
    return {snake(name): argument_of(one, None, name) for name, one in mapped.arguments.items()}


def _relation(model: Model, mapped: Mapped, moment: Moment, writer: Writer) -> Sql | None:
    """None where only another row can say what to read."""
    if not hasattr(mapped.mark, "on") and mapped.kind is not Kind.VARIANTS:
        return None
    compiler: Any = Compiler(model, {}, Observed({}), lambda _asked, _cost: [], writer)
    arguments = _arguments(mapped)
    parent = None if mapped.parent == "Query" else _parent(model, mapped, moment, compiler.writer)
    if mapped.parent != "Query" and parent is None:
        return None
    try:
        rows = compiler.rows(mapped, parent[0] if parent else None, moment, arguments, mapped.named.name)
    except RequestRefused:
        return None  # one of several arguments has to be given
    order = sql("") if mapped.kind is Kind.ONE else ordering(compiler.order(mapped, arguments)[1], rows)
    select = sql("(select 1", rows.clause, order, " limit 1)")
    return writer.with_common(sql("select ", select) + (parent[1] if parent else sql("")))


async def _prepared(connection: asyncpg.Connection, statement: Sql) -> str | None:
    text, _ = rendered(statement)
    try:
        await connection.prepare(text)
    except asyncpg.PostgresError as error:
        return str(error)
    return None
