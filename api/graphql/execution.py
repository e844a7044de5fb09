"""The ordinary path: graphql-core executes field by field over plain rows, with loaders made from the same mappings.

It serves what is left to it on purpose, tells path and partial data after a field error, and is the oracle that the
compiled path is held to: order, paging, cursors, formats, fragments and nulls are done here in Python.
"""

import asyncio
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date
from inspect import isawaitable
from typing import Any, Protocol, cast
from uuid import UUID, uuid4

import msgspec
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLResolveInfo,
    execute,
)
from strawberry.dataloader import DataLoader

from api.graphql.arguments import Argument, Binding, Observed, argument_of
from api.graphql.compiler import ORGANISATION, Compiler, key_of
from api.graphql.cursors import checked_size, cursor_keys, cursor_text
from api.graphql.document import Operation
from api.graphql.mapping import Column, Executed, Expr, Here, Order, Probe, Variants
from api.graphql.model import Kind, Mapped, Model, snake
from api.graphql.refusals import RequestRefused, with_code
from api.graphql.sight import VEIL
from api.graphql.sorting import Row, Types, When, constant, follows, in_order, key_text, row_keys
from api.graphql.templates import Places, filled
from api.graphql.writing import Param, Pieces, Sql, Writer, joined, rendered, sql
from infra.telemetry import log

OF_PARENT = re.compile(r"\{t\}\.(\w+)")
PARENT = "p0"
SHARED = "shared"  # the row that a relation reads together with other fields
MISSING = ""  # the type of a row that a union leads to and that is not there


class ReadPool(Protocol):
    """Connections, each scoped to an organisation."""

    def of(self, organisation_id: UUID) -> AbstractAsyncContextManager[Any]:
        """A connection that sees this organisation alone."""
        ...


@dataclass(slots=True)
class PageOfRows:
    """A connection."""

    type_name: str
    rows: list[Row]
    cursors: list[str]
    total: int
    more_before: bool
    more_after: bool


@dataclass(slots=True)
class Ran:
    """What an execution came to."""

    data: Any
    errors: list[dict[str, Any]]
    position: int


@dataclass(slots=True)
class Run:
    """One execution: a connection in one snapshot, and its loaders."""

    model: Model
    operation: Operation
    binding: Binding
    connection: Any
    reached: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    loaders: dict[Any, DataLoader[Row, Any]] = field(default_factory=dict[Any, "DataLoader[Row, Any]"])

    async def rows(self, statement: Sql) -> tuple[list[dict[str, Any]], Types]:
        text, params = rendered(statement)
        async with self.lock:
            prepared = await self.connection.prepare(text)
            found = await prepared.fetch(*[param.extract(self.binding) for param in params])
        types = {one.name: one.type.name for one in prepared.get_attributes()}
        return [dict(one) for one in found], types

    def compiler(self) -> Compiler:
        observed = Observed(self.binding.variables)
        return Compiler(self.model, self.operation.fragments, observed, _no_connection, self.writer())

    def writer(self) -> Writer:
        return Writer(ORGANISATION, None if self.binding.viewer.sees_all else VEIL)

    # resolving

    def resolve(self, source: Any, info: GraphQLResolveInfo[Any], **_: Any) -> Any:
        if isinstance(source, PageOfRows):
            return self._of_page(source, info.field_name)
        if not isinstance(source, Row):
            return cast(Mapping[str, Any], source)[info.field_name]
        mapped = self.model.fields[source.type_name][info.field_name]
        node = info.field_nodes[0]
        if isinstance(mapped.mark, Executed):
            return mapped.mark.resolve(source, info)
        arguments = arguments_of(mapped, node)
        if source.type_name == "Query":
            return self._root(mapped, node, arguments)
        return self._value(mapped, node, arguments, source)

    def type_of(self, value: Any, _info: Any, _type: Any) -> str | None:
        return value.type_name if isinstance(value, Row) else None

    async def _root(self, mapped: Mapped, node: FieldNode, arguments: dict[str, Argument]) -> Any:
        when = await self._when(arguments)
        value = self._value(mapped, node, arguments, Row("Query", {}, {}, when))
        return await value if isawaitable(value) else value

    async def _when(self, arguments: Mapping[str, Argument]) -> When:
        variables, today = self.binding.variables, self.binding.today
        day = arguments["on"].read(variables) if "on" in arguments else None
        day = day if isinstance(day, date) else None
        as_of = arguments["as_of"].read(variables) if "as_of" in arguments else None
        if not isinstance(as_of, dict):
            return When(None, day) if day else When(None, today, self.binding.viewer.quarter())
        position, time = as_of.get("position"), as_of.get("time")
        if time is not None:
            row = await self._one_row(
                "select position_at({org}, {x}), day_of({org}, {x})", constant("timestamptz", time)
            )
            return When(row[0], day) if day else When(row[0], row[1], time)
        if position is None or position > self.reached:
            sentence = (
                f"Ask again in a moment: position {position} is not reached; the read models stand at {self.reached}."
            )
            raise RequestRefused("POSITION_NOT_REACHED", sentence, asked=position, reached=self.reached)
        if day is not None:
            return When(position, day)
        recorded = (
            "select day_of({org}, r.at) as day, r.at from (select coalesce((select e.recorded_at from entry e"
            " where e.organisation_id = {org} and e.position <= {x} order by e.position desc limit 1), '-infinity')"
            " as at) r"
        )
        return When(position, *(await self._one_row(recorded, constant("int8", position))))

    async def _one_row(self, template: str, value: Param) -> Any:
        parts: list[str | Param] = []
        places = {"{org}": ORGANISATION, "{x}": value}
        parts.extend(places.get(part, part) for part in re.split(r"(\{org\}|\{x\})", template))
        rows, _ = await self.rows(sql(*parts))
        return list(rows[0].values())

    def _value(self, mapped: Mapped, node: FieldNode, arguments: dict[str, Argument], row: Row) -> Any:
        mark = mapped.mark
        if isinstance(mark, Column):
            return leaf(mapped, row.values[mark.name or mapped.column])
        if isinstance(mark, Here):
            return self._here(mapped, mark, row)
        return self._loaded(mapped, node, arguments, row)

    async def _here(self, mapped: Mapped, mark: Here, row: Row) -> Row | None:
        if mark.null and await self._loader(mapped, Expr(mark.null), {}, row, ()).load(row):
            return None
        return Row(mapped.named.name, row.values, row.types, row.when)

    async def _loaded(self, mapped: Mapped, node: FieldNode, arguments: dict[str, Argument], row: Row) -> Any:
        found = await self._loader(mapped, mapped.mark, arguments, row, (id(node),)).load(row)
        if mapped.kind in {Kind.LEAF, Kind.LEAVES} and isinstance(mapped.mark, Expr):
            return leaf(mapped, found)
        return self._shaped(mapped, arguments, found)

    def _loader(
        self, mapped: Mapped, mark: Any, arguments: dict[str, Argument], row: Row, more: tuple[Any, ...]
    ) -> DataLoader[Row, Any]:
        key = (mapped.parent, mapped.name, row.when, tuple(sorted(row.types.items())), *more)
        if key not in self.loaders:

            async def load(rows: list[Row]) -> Sequence[Any]:
                if isinstance(mark, Expr):
                    return await self._expressions(mark.whole, arguments, rows)
                if isinstance(mark, Probe):
                    return await self._probed(mark, mapped, arguments, rows)
                return await self._related(mapped, arguments, rows)

            self.loaders[key] = DataLoader(load, cache=False)
        return self.loaders[key]

    # loading

    def _parents(self, columns: set[str], rows: list[Row]) -> Sql:
        """The parents as a from-item with the columns that a template names."""
        names = sorted(columns)
        types = rows[0].types
        if not names:
            ordinals = constant("int8", len(rows))
            return sql("generate_series(1, ", ordinals, f") {PARENT} (__nth)")
        if any(types[name].endswith("[]") for name in names):
            selects = [
                sql(
                    "select ",
                    joined(", ", [sql(constant(types[n], _hashable(row.values[n])), f" as {n}") for n in names]),
                )
                + f", {nth + 1} as __nth"
                for nth, row in enumerate(rows)
            ]
            return sql("(", joined(" union all ", selects), f") {PARENT}")
        lists = [sql(constant(types[name] + "[]", tuple(row.values[name] for row in rows))) for name in names]
        return sql("unnest(", joined(", ", lists), f") with ordinality {PARENT} ({', '.join(names)}, __nth)")

    async def _expressions(self, template: str, arguments: dict[str, Argument], rows: list[Row]) -> Sequence[Any]:
        writer = self.writer()
        places = Places(writer, rows[0].when.moment(), row=PARENT, arguments=arguments)
        value = filled(template, places)
        statement = sql(
            f"select {PARENT}.__nth, (", value, ") as value from ", self._parents(columns_in(template), rows)
        )
        found, _ = await self.rows(writer.with_common(statement))
        values = {one["__nth"]: one["value"] for one in found}
        return [values.get(nth + 1) for nth in range(len(rows))]

    async def _related(self, mapped: Mapped, arguments: dict[str, Argument], rows: list[Row]) -> Sequence[list[Row]]:
        relation, compiler, when = mapped.relation, self.compiler(), rows[0].when
        name = mapped.named.name
        parent = PARENT if rows[0].type_name != "Query" else None
        of = compiler.rows(mapped, parent, when.moment(), arguments, name, SHARED)
        keys = sql("")
        if mapped.kind is not Kind.ONE:
            order = compiler.order(mapped, arguments)[1]
            keys = sql("".join(f", {key_of(key, of)} as __k{nth}" for nth, key in enumerate(order.keys)))
        value = sql(", ", relation.value.replace("{c}", of.alias), " as __value") if relation.value else sql("")
        inner = sql(f"select {of.alias}.*", keys, value, of.clause)
        parents = self._parents(self._columns_of(mapped, compiler), rows)
        if relation.of:
            shared = filled(relation.of, Places(compiler.writer, when.moment(), row=PARENT))
            parents = sql(parents, " cross join lateral ", shared, f" {SHARED}")
        statement = sql(f"select {PARENT}.__nth, q.* from ", parents, " cross join lateral (", inner, ") q")
        found, types = await self.rows(compiler.writer.with_common(statement))
        groups: dict[int, list[Row]] = {nth + 1: [] for nth in range(len(rows))}
        for one in found:
            groups[one["__nth"]].append(Row(name, one, types, when))
        if isinstance(mapped.mark, Variants):
            return [await self._variants(mapped.mark, group) for group in groups.values()]
        return list(groups.values())

    def _columns_of(self, mapped: Mapped, compiler: Compiler) -> set[str]:
        if mapped.parent == "Query":
            return set()
        relation = mapped.relation
        sources = [relation.source] if isinstance(relation.source, str) else list((relation.source or {}).values())
        columns = columns_in(
            " ".join(
                [relation.where, *sources, relation.of, relation.veiled, relation.via.where if relation.via else ""]
            )
        )
        key = compiler.model.stand(mapped.parent).key
        if relation.via is not None and relation.via.this:
            columns.add(key)
        if relation.on is not None:
            columns.add(relation.on if mapped.kind is Kind.ONE else key)
        return columns

    async def _variants(self, mark: Variants, rows: list[Row]) -> list[Row]:
        """Each row leads to one of a member, or to nothing; the order's keys go along."""
        out: list[Row] = []
        for row in rows:
            member = mark.variant.members.get(row.values[mark.variant.by])
            found = await self._by_key(member, row.values[mark.variant.on], row.when) if member else None
            keys = {name: value for name, value in row.values.items() if name.startswith("__k")}
            out.append(found or Row(MISSING, {}, {}, row.when))
            out[-1].values.update(keys)
        return out

    async def _probed(
        self, mark: Probe, mapped: Mapped, arguments: dict[str, Argument], rows: list[Row]
    ) -> Sequence[Row | None]:
        keys = await self._expressions(mark.key, arguments, rows)
        return [await self._first(mapped, key, row.when) for key, row in zip(keys, rows, strict=True)]

    async def _first(self, mapped: Mapped, key: Any, when: When) -> Row | None:
        for member in self.model.members(mapped.named):
            found = await self._by_key(member, key, when)
            if found is not None:
                return found
        return None

    async def _by_key(self, type_name: str, key: Any, when: When) -> Row | None:
        stand, writer = self.model.stand(type_name), self.writer()
        if stand.table is None:
            return Row(type_name, {}, {}, when)
        alias, source, predicates = writer.table(stand.table, when.moment())
        where = sql(f" where {alias}.{stand.key} = ", constant("uuid", key), " and ", predicates)
        found, types = await self.rows(writer.with_common(sql(f"select {alias}.* from ", source, where)))
        return Row(type_name, found[0], types, when) if found else None

    # shaping

    def _shaped(self, mapped: Mapped, arguments: dict[str, Argument], found: Any) -> Any:
        if mapped.kind is Kind.PROBE:
            return found
        rows = cast(list[Row], found)
        if mapped.kind is Kind.ONE:
            return rows[0] if rows else None
        name, order = self.compiler().order(mapped, arguments)
        rows = in_order(rows, order)
        if mapped.kind is Kind.LEAVES:
            return [leaf(mapped, row.values["__value"]) for row in rows]
        if mapped.kind is Kind.CONNECTION:
            return self._paged(rows, name, order, arguments)
        size = arguments["first"].read(self.binding.variables) if "first" in arguments else None
        rows = [row if row.type_name != MISSING else None for row in rows]
        return rows if size is None else rows[: checked_size(size)]

    def _paged(self, rows: list[Row], name: str, order: Order, arguments: dict[str, Argument]) -> PageOfRows:
        variables = self.binding.variables
        given = {one: arguments[one].read(variables) for one in ("first", "after", "last", "before")}
        total, after, before = len(rows), given["after"], given["before"]
        if isinstance(after, str):
            keys = cursor_keys(after, name, order)
            rows = [row for row in rows if follows(row_keys(row, order), keys, order)]
        if isinstance(before, str):
            keys = cursor_keys(before, name, order)
            rows = [row for row in rows if follows(keys, row_keys(row, order), order)]
        if isinstance(given["last"], int):
            if isinstance(given["first"], int):
                raise RequestRefused("BAD_INPUT", "Give first or last, not both.")
            size = checked_size(given["last"])
            cut = rows[max(0, len(rows) - size) :]
            page = PageOfRows("", cut, [], total, len(rows) > size, isinstance(before, str))
        else:
            size = checked_size(given["first"])
            page = PageOfRows("", rows[:size], [], total, isinstance(after, str), len(rows) > size)
        page.cursors = [cursor_text(name, [key_text(one) for one in row_keys(row, order)]) for row in page.rows]
        return page

    def _of_page(self, page: PageOfRows, name: str) -> Any:
        match name:
            case "nodes":
                return page.rows
            case "edges":
                return [{"cursor": c, "node": row} for c, row in zip(page.cursors, page.rows, strict=True)]
            case "totalCount":
                return page.total
            case _:
                return {
                    "hasNextPage": page.more_after,
                    "hasPreviousPage": page.more_before,
                    "startCursor": page.cursors[0] if page.cursors else None,
                    "endCursor": page.cursors[-1] if page.cursors else None,
                }


def _no_connection(_asked: Any, _cost: Any) -> Pieces:
    raise TypeError("the ordinary path pages in Python")


def _hashable(value: Any) -> Any:
    return tuple(cast(list[Any], value)) if isinstance(value, list) else value


def columns_in(template: str) -> set[str]:
    """The columns of the parent that a template names."""
    return set(OF_PARENT.findall(template))


def arguments_of(mapped: Mapped, node: FieldNode) -> dict[str, Argument]:
    """By their names in templates."""
    nodes = {one.name.value: one for one in node.arguments or ()}
    return {snake(name): argument_of(one, nodes.get(name), name) for name, one in mapped.arguments.items()}


# values


def leaf(mapped: Mapped, value: Any) -> Any:
    """A value as the scalar's `serialize` takes it."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return [leaf(mapped, one) for one in cast(list[Any], value)]
    named = mapped.named
    if isinstance(named, GraphQLEnumType):
        return named.parse_value(value)
    match named.name:
        case "ID":
            return str(value)
        case "Float":
            number = float(value)
            return number if math.isfinite(number) else None
        case "JSON":
            return json.loads(value) if isinstance(value, str) else value
        case _:
            return value


# running


class Executor:
    """Runs operations the ordinary way."""

    def __init__(self, model: Model, pool: ReadPool) -> None:
        self.model = model
        self.pool = pool

    def only_introspects(self, operation: Operation) -> bool:
        names: set[str] = set()
        compiler = Compiler(self.model, operation.fragments, Observed({}), _no_connection)
        for nodes in compiler.collect("Query", [operation.node.selection_set]).values():
            names.add(nodes[0].name.value)
        return all(name.startswith("__") for name in names)

    def introspect(self, operation: Operation, raw: Mapping[str, Any]) -> bytes:
        result = execute(
            self.model.schema, operation.document, variable_values=dict(raw), operation_name=operation.name
        )
        if not isinstance(result, ExecutionResult):
            raise TypeError("introspection does not wait")
        return msgspec.json.encode({"data": result.data})

    async def run(self, operation: Operation, raw: Mapping[str, Any], binding: Binding) -> Ran:
        """Raises what the database raises, and RequestRefused."""
        async with (
            self.pool.of(binding.viewer.organisation_id) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            reached: int = await connection.fetchval(
                "select coalesce(min(position), 0) from checkpoint where organisation_id = $1",
                binding.viewer.organisation_id,
            )
            run = Run(self.model, operation, binding, connection, reached)
            result = execute(
                self.model.schema,
                operation.document,
                root_value=Row("Query", {}, {}, When(None, binding.today)),
                variable_values=dict(raw),
                operation_name=operation.name,
                field_resolver=run.resolve,
                type_resolver=run.type_of,
            )
            done = await result if isawaitable(result) else result
        return Ran(done.data, [masked(error) for error in done.errors or ()], reached)


def masked(error: GraphQLError) -> dict[str, Any]:
    """Nothing of an internal text. Raises RequestRefused for what refuses the whole request."""
    cause = error.original_error
    if isinstance(cause, RequestRefused):
        raise cause
    if cause is None or isinstance(cause, GraphQLError):
        return with_code(error, "FIELD_NULL")
    if type(cause) is TypeError and "Cannot return null" in str(cause):
        return with_code(error, "FIELD_NULL")
    reference = uuid4().hex[:12]
    log.error("graphql_field_failed", reference=reference, exc_info=cause)
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["message"] = f"Tell the operator this reference: {reference}."
    formatted["extensions"] = {"code": "INTERNAL", "reference": reference}
    return formatted
