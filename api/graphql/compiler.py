"""From a selection set to one SQL statement that writes the answer as JSON text. No I/O here.

What depends on the shape of the variables (a condition that is there or not, a boolean of @skip, an order) is
observed and decides the text; values are parameters.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.graphql.arguments import Argument, Observed, Variables, argument_of
from api.graphql.cost import FIXED_LIST, Cost, fixed
from api.graphql.cursors import page_size
from api.graphql.mapping import Column, Executed, Expr, Filter, Here, Key, Order, Probe, Relation, Variants
from api.graphql.model import Kind, Mapped, Model, snake
from api.graphql.refusals import RequestRefused
from api.graphql.selections import Selections
from api.graphql.sight import RESTRICTED, SCOPES
from api.graphql.templates import GIVEN, Places, filled
from api.graphql.writing import (
    Moment,
    Param,
    Piece,
    Pieces,
    Sql,
    Text,
    Writer,
    formatted,
    guarded,
    joined,
    listed,
    merged,
    or_null,
    rendered,
    sql,
    written,
)

ORGANISATION = Param("organisation", "uuid", lambda binding: binding.viewer.organisation_id)
TODAY = Param("today", "date", lambda binding: binding.today)
QUARTER = Param("quarter", "timestamptz", lambda binding: binding.viewer.quarter())
NOW = Moment(None, sql(TODAY), sql(QUARTER))
CHECKPOINT = "(select min(k.position) from checkpoint k where k.organisation_id = "
INTROSPECTION = frozenset({"__schema", "__type"})
MOVING = ("outbox.", "edge.source_state")  # what changes without a position


class LeftToExecutor(Exception):
    """The operation has a field that is not compiled; `reason` is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement, its parameters, and for which variables it holds. `text` None: `constant` is the answer."""

    text: str | None
    constant: bytes
    params: tuple[Param, ...]
    observations: tuple[tuple[Any, Any], ...]
    cost: Cost
    positions: tuple[Argument, ...]  # as of which is asked: none may lie beyond what is reached
    scoped: bool  # whether it reads what may be hidden from a viewer
    veiled: bool  # whether it hides it
    serial: int = field(default_factory=count().__next__)  # in keys, where an id might be given anew

    lasting: bool = field(init=False)  # the answer stands while the position does; not how webhooks and sources do

    def __post_init__(self) -> None:
        object.__setattr__(self, "lasting", self.text is None or not any(one in self.text for one in MOVING))

    def holds_for(self, variables: Variables, *, veiled: bool) -> bool:
        if self.scoped and self.veiled is not veiled:
            return False
        return all(fact(variables) == seen for fact, seen in self.observations)


@dataclass(frozen=True, slots=True)
class From:
    """Where rows come from."""

    alias: str
    link: str | None
    source: Sql
    where: tuple[Sql, ...]

    @property
    def clause(self) -> Sql:
        if not self.where:
            return sql(" from ", self.source)
        return sql(" from ", self.source, " where ", joined(" and ", self.where))


@dataclass(slots=True)
class Compiler:
    """Compiles one operation, or a payload."""

    model: Model
    fragments: Mapping[str, FragmentDefinitionNode]
    observed: Observed
    connection: "Callable[[Asked, Cost], Pieces]"  # lives above, in paging
    writer: Writer = field(default_factory=lambda: Writer(ORGANISATION))
    positions: list[Argument] = field(default_factory=list[Argument])
    moments: dict[Any, Moment] = field(default_factory=dict[Any, Moment])
    lenient: bool = False  # what is left to the executor is null: to price an operation that it runs

    def operation(self, operation: OperationDefinitionNode, type_name: str = "Query") -> Compiled:
        """Raises RequestRefused, or LeftToExecutor."""
        cost = Cost()
        pieces = self.object(type_name, [operation.selection_set], None, NOW, cost)
        return self.compiled(pieces, cost)

    def compiled(self, pieces: Pieces, cost: Cost) -> Compiled:
        pieces = merged(pieces)
        observations = self.observed.observations
        if all(isinstance(piece, Text) for piece in pieces):
            constant = "".join(piece.text for piece in pieces if isinstance(piece, Text)).encode()
            return Compiled(None, constant, (), observations, cost, tuple(self.positions), scoped=False, veiled=False)
        select = sql("select convert_to(", written(pieces), ", 'UTF8'), ", CHECKPOINT, self.writer.organisation, ")")
        return self._statement(select, sql(""), cost)

    def _statement(self, select: Sql, source: Sql, cost: Cost) -> Compiled:
        """Told last by one that reads what may be hidden and hides nothing: whether anything was ever restricted."""
        writer = self.writer
        scoped, veiled = not writer.tables.isdisjoint(SCOPES), writer.veil is not None
        restricted = sql(", ", RESTRICTED, writer.organisation, ")") if scoped and not veiled else sql("")
        text, params = rendered(writer.with_common(select + restricted + source))
        positions, observations = tuple(self.positions), self.observed.observations
        return Compiled(text, b"", params, observations, cost, positions, scoped=scoped, veiled=veiled)

    def payload(self, type_name: str, sets: Sequence[SelectionSetNode], accepted: bool) -> Compiled:
        """What a mutation answers, over the row that the server gives; as of the command's position."""
        alias, cost = self.writer.alias(), Cost()
        moment = replace(NOW, position=sql(GIVEN["position"]) if accepted else None)
        pieces = merged(self.object(type_name, sets, alias, moment, cost))
        source = joined(", ", [sql(param, f" as {name}") for name, param in GIVEN.items()])
        select = sql("select convert_to(", written(pieces), ", 'UTF8')")
        return self._statement(select, sql(" from (select ", source, f") {alias}"), cost)

    # selections

    def collect(self, type_name: str, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """Response key → the field nodes that are merged under it."""
        return Selections(self.model, self.fragments, self.observed).collect(type_name, sets)

    # values

    def object(
        self, type_name: str, sets: Sequence[SelectionSetNode], alias: str | None, moment: Moment, cost: Cost
    ) -> Pieces:
        grouped = self.collect(type_name, sets)
        shared = self._shared(type_name, grouped)
        pieces: list[Piece] = [Text("{")]
        for nth, (key, nodes) in enumerate(grouped.items()):
            pieces.append(Text(f'{"," if nth else ""}"{key}":'))
            pieces.extend(self.value(type_name, key, nodes, alias, moment, cost, shared))
        pieces.append(Text("}"))
        if not shared:
            return pieces
        places = Places(self.writer, moment, row=alias)
        rows = [sql(" left join lateral ", filled(of, places), f" {one} on true") for of, one in shared.items()]
        return [sql("(select ", written(pieces), f" from (select) {self.writer.alias()}", joined("", rows), ")")]

    def _shared(self, type_name: str, grouped: Mapping[str, list[FieldNode]]) -> dict[str, str]:
        """Function → alias of its row, of those that the selected fields read together."""
        fields = self.model.fields.get(type_name, {})
        marks = [fields[nodes[0].name.value].mark for nodes in grouped.values() if nodes[0].name.value in fields]
        needed = {mark.of: "" for mark in marks if isinstance(mark, Relation) and mark.of}
        needed |= {mark.of: "" for mark in marks if isinstance(mark, Expr) and mark.of and not mark.alone}
        return {of: self.writer.alias() for of in needed}

    def value(
        self,
        type_name: str,
        key: str,
        nodes: list[FieldNode],
        alias: str | None,
        moment: Moment,
        cost: Cost,
        shared: Mapping[str, str],
    ) -> Pieces:
        name = nodes[0].name.value
        if name == "__typename":
            return [Text(f'"{type_name}"')]
        if name in INTROSPECTION and self.lenient:
            return [Text("null")]
        if name in INTROSPECTION:
            raise LeftToExecutor("introspection")
        mapped = self.model.fields[type_name][name]
        if isinstance(mapped.mark, Executed) and self.lenient:
            return [Text("null")]
        if isinstance(mapped.mark, Executed):
            raise LeftToExecutor(mapped.mark.reason)
        arguments = self.arguments(mapped, nodes[0])
        moment = self.moment(arguments, moment)
        path = f"{cost.path}.{key}" if cost.path else key
        asked = Asked(self, mapped, nodes, alias, moment, arguments, path, shared)
        return asked.pieces(cost)

    def arguments(self, mapped: Mapped, node: FieldNode) -> dict[str, Argument]:
        """By their names in templates."""
        nodes = {one.name.value: one for one in node.arguments or ()}
        return {
            snake(name): argument_of(definition, nodes.get(name), name) for name, definition in mapped.arguments.items()
        }

    # when

    def moment(self, arguments: Mapping[str, Argument], outer: Moment) -> Moment:
        """As of when and for which day a root field asks; others inherit."""
        as_of, on = arguments.get("as_of"), arguments.get("on")
        day = sql(on.param()) if on is not None and on.given(self.observed) else None
        if as_of is None or not as_of.given(self.observed):
            return outer if day is None else replace(outer, day=day, time=None)
        key = (as_of.key, None if day is None else on and on.key)
        if key not in self.moments:
            self.moments[key] = self._past(as_of, day)
        return self.moments[key]

    def _past(self, as_of: Argument, day: Sql | None) -> Moment:
        name = f"moment{len(self.moments) + 1}"
        position, time = as_of.part("position"), as_of.part("time")
        if position.given(self.observed):
            self.positions.append(position)
            at = sql(position.param())
            if day is not None:
                return Moment(at, day)
            entry = self.writer.alias()
            moment = sql(
                f"coalesce((select {entry}.recorded_at from entry {entry} where ", self.writer.standing(entry, NOW),
                f" and {entry}.position <= ", at, f" order by {entry}.position desc limit 1), '-infinity')",
            )  # fmt: skip
            self.writer.common.append((name, sql("select day_of(", ORGANISATION, ", ", moment, ") as day")))
            return Moment(at, sql(f"(select day from {name})"), moment)
        at = sql(time.param())
        read = sql("select position_at(", ORGANISATION, ", ", at, ") as position, day_of(", ORGANISATION, ", ", at)
        self.writer.common.append((name, read + ") as day"))
        known = sql(f"(select position from {name})")
        return Moment(known, day) if day is not None else Moment(known, sql(f"(select day from {name})"), at)

    # rows

    def rows(
        self,
        mapped: Mapped,
        alias: str | None,
        moment: Moment,
        arguments: Mapping[str, Argument],
        type_name: str,
        shared: str | None = None,
    ) -> From:
        """The from-item of a relation with every predicate but the cursor's."""
        relation = mapped.relation
        places = Places(self.writer, moment, row=alias, arguments=arguments, shared=shared)
        stand = self.model.stand(type_name)
        where: list[Sql] = []
        if relation.source is not None:
            places.child = self.writer.alias()
            source = sql(filled(self._source(relation, arguments), places), f" {places.child}")
        else:
            places.child, source, predicates = self.writer.table(stand.table or "", moment)
            where.append(predicates)
        if relation.via is not None:
            places.link, link, predicates = self.writer.table(relation.via.table, moment)
            source = sql(link, " join ", source, f" on {places.child}.{stand.key} = {places.link}.{relation.via.other}")
            where.append(predicates)
            if relation.via.this:
                where.append(sql(f"{places.link}.{relation.via.this} = {alias}.{self._key(mapped)}"))
            if relation.via.where:
                where.append(filled(relation.via.where, places))
        if relation.on is not None:
            one = mapped.kind is Kind.ONE
            mine, theirs = (relation.on, stand.key) if one else (self._key(mapped), relation.on)
            where.append(sql(f"{places.child}.{theirs} = {alias}.{mine}"))
        if relation.where:
            where.append(sql("(", filled(relation.where, places), ")"))
        where.extend(self._filters(relation, arguments, places))
        return From(places.child, places.link, source, tuple(where))

    def _key(self, mapped: Mapped) -> str:
        return self.model.stand(mapped.parent).key

    def _source(self, relation: Relation, arguments: Mapping[str, Argument]) -> str:
        if relation.veiled:
            self.writer.tables.add("outcome")  # though its functions read it
            if self.writer.veil is not None:
                return relation.veiled
        if isinstance(relation.source, str):
            return relation.source
        sources = relation.source or {}
        given = [name for name in sources if arguments[name].given(self.observed)]
        if len(given) != 1:
            raise RequestRefused("BAD_INPUT", f"Give exactly one of the arguments {' and '.join(sources)}.")
        return sources[given[0]]

    def _filters(self, relation: Relation, arguments: Mapping[str, Argument], places: Places) -> list[Sql]:
        found: list[Sql] = []
        for template, value in filtered(relation, arguments):
            state = value.state(self.observed)
            if state == "given" and template.holds:
                holds = value.seen(self.observed, "holds", bool)
                found.append(sql("(" if holds else "not (", filled(template.sql, places), ")"))
            elif state == "given":
                places.value = sql(value.param())
                found.append(sql("(", filled(template.sql, places), ")"))
            elif state == "null" and template.null:
                found.append(sql("(", filled(template.null, places), ")"))
        return found

    def order(self, mapped: Mapped, arguments: Mapping[str, Argument]) -> tuple[str, Order]:
        by = arguments.get("order_by")
        name = by.seen(self.observed, "name", _enum_name) if by is not None else None
        return mapped.order_of(name)


def filtered(relation: Relation, arguments: Mapping[str, Argument]) -> Iterator[tuple[Filter, Argument]]:
    """Each filter with its value, given or not."""
    for path, one in relation.filters.items():
        head, *keys = path.split(".")
        value = arguments[snake(head)]
        for key in keys:
            value = value.part(key)
        yield one if isinstance(one, Filter) else Filter(one), value


def _enum_name(value: Any) -> str | None:
    return getattr(value, "name", None)


def ordering(order: Order, rows: From) -> Sql:
    """The order-by clause."""
    keys = [f"{key_of(key, rows)}{' desc' if key.descending else ''}" for key in order.keys]
    return sql(" order by " + ", ".join(keys))


def key_of(key: Key, rows: From) -> str:
    """A key's expression."""
    return key.sql.replace("{c}", rows.alias).replace("{l}", rows.link or "")


@dataclass(slots=True)
class Asked:
    """A field of the document with everything that its value is made from."""

    compiler: Compiler
    mapped: Mapped
    nodes: list[FieldNode]
    alias: str | None
    moment: Moment
    arguments: dict[str, Argument]
    path: str
    shared: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def sets(self) -> list[SelectionSetNode]:
        return [node.selection_set for node in self.nodes if node.selection_set is not None]

    @property
    def where(self) -> str:
        return f"{self.mapped.parent}.{self.mapped.name}"

    def pieces(self, cost: Cost) -> Pieces:
        match self.mapped.kind:
            case Kind.LEAF:
                return self._leaf(cost)
            case Kind.LEAVES:
                return self._leaves(cost)
            case Kind.HERE:
                return self._here(cost)
            case Kind.ONE:
                return self._one(cost)
            case Kind.CONNECTION:
                return self.compiler.connection(self, cost)
            case Kind.PROBE:
                return self._probe(cost)
            case _:
                return self._many(cost)

    def rows(self) -> From:
        named = self.mapped.named
        shared = self.shared.get(self.mapped.relation.of)
        return self.compiler.rows(self.mapped, self.alias, self.moment, self.arguments, named.name, shared)

    def element(self, alias: str, cost: Cost) -> Pieces:
        """The JSON of one row of the relation."""
        if isinstance(self.mapped.mark, Variants):
            return self._variant(self.mapped.mark, alias, cost)
        return self.compiler.object(self.mapped.named.name, self.sets, alias, self.moment, cost)

    def expression(self) -> Sql:
        mark = self.mapped.mark
        if isinstance(mark, Expr):
            places = Places(self.compiler.writer, self.moment, row=self.alias, arguments=self.arguments)
            places.shared = self.shared.get(mark.of)
            return filled(mark.sql if places.shared else mark.whole, places)
        column = (mark.name if isinstance(mark, Column) else None) or self.mapped.column
        return sql(f"{self.alias}.{column}")

    def _leaf(self, cost: Cost) -> Pieces:
        mark = self.mapped.mark
        cost.fields += mark.price if isinstance(mark, Expr) else 1
        stored = isinstance(mark, Column) and self.compiler.model.stand(self.mapped.parent).table is not None
        pieces = formatted(self.mapped.scalar, self.expression(), stored=stored)
        if not self.mapped.non_null:
            return or_null(pieces)
        if stored:
            return pieces  # start-up has checked that the column is not null
        return guarded(pieces, self.where)

    def _leaves(self, cost: Cost) -> Pieces:
        cost.fields += 1
        if isinstance(self.mapped.mark, Relation):
            rows = self.rows()
            order = self.compiler.order(self.mapped, self.arguments)[1]
            value = sql(self.mapped.mark.value.replace("{c}", rows.alias))
            return listed(
                sql("select ", written(formatted(self.mapped.scalar, value)), rows.clause, ordering(order, rows))
            )
        alias = self.compiler.writer.alias()
        items = written(formatted(self.mapped.scalar, sql(f"{alias}.item")))
        source = sql(" from unnest(", self.expression(), f") with ordinality {alias} (item, nth) order by {alias}.nth")
        pieces = listed(sql("select ", items, source))
        if self.mapped.non_null:
            return pieces
        return [sql("case when ", self.expression(), " is null then 'null' else ", written(pieces), " end")]

    def _here(self, cost: Cost) -> Pieces:
        pieces = self.compiler.object(self.mapped.named.name, self.sets, self.alias, self.moment, cost)
        mark = self.mapped.mark
        if not isinstance(mark, Here) or not mark.null:
            return pieces
        places = Places(self.compiler.writer, self.moment, row=self.alias)
        return [sql("case when ", filled(mark.null, places), " then 'null' else ", written(pieces), " end")]

    def _one(self, cost: Cost) -> Pieces:
        inner = Cost(self.path)
        rows = self.rows()
        select = sql("(select ", written(self.element(rows.alias, inner)), rows.clause, ")")
        cost.fields += 1
        cost.add(inner)
        return self._nullable([select])

    def _nullable(self, pieces: Pieces) -> Pieces:
        return guarded(pieces, self.where) if self.mapped.non_null else or_null(pieces)

    def _many(self, cost: Cost) -> Pieces:
        inner = Cost(self.path, fields=1)
        rows = self.rows()
        order = self.compiler.order(self.mapped, self.arguments)[1]
        select = sql("select ", written(self.element(rows.alias, inner)), rows.clause, ordering(order, rows))
        size, limit = fixed(FIXED_LIST), None
        if "first" in self.arguments:
            size, limit = page_size(self.arguments["first"])
            select = select + sql(" limit ", limit)
        cost.parts.append((size, self.mapped.relation.typical, inner))
        return listed(select)

    def _variant(self, mark: Variants, alias: str, cost: Cost) -> Pieces:
        arms = sql("case ", f"{alias}.{mark.variant.by}")
        for value, type_name in mark.variant.members.items():
            arm = self._arm(type_name, sql(f"{alias}.{mark.variant.on}"), cost)
            arms = arms + sql(f" when '{value}' then ", arm)
        pieces: Pieces = [arms + " end"]
        cost.fields += 1
        return guarded(pieces, self.where) if self.mapped.items_non_null else or_null(pieces)

    def _arm(self, type_name: str, key: Sql, cost: Cost) -> Sql:
        """The object of one member type by its key."""
        compiler, inner = self.compiler, Cost(self.path)
        stand = compiler.model.stand(type_name)
        if stand.table is None:
            element = written(compiler.object(type_name, self.sets, None, self.moment, inner))
            cost.add(inner)
            return element
        alias, source, predicates = compiler.writer.table(stand.table, self.moment)
        element = written(compiler.object(type_name, self.sets, alias, self.moment, inner))
        cost.add(inner)
        return sql(
            "(select ", element, " from ", source, f" where {alias}.{stand.key} = ", key, " and ", predicates, ")"
        )

    def _probe(self, cost: Cost) -> Pieces:
        places = Places(self.compiler.writer, self.moment, row=self.alias, arguments=self.arguments)
        mark = self.mapped.mark
        key = filled(mark.key if isinstance(mark, Probe) else "", places)
        arms = [self._arm(name, key, cost) for name in self.compiler.model.members(self.mapped.named)]
        return [sql("coalesce(", joined(", ", arms), ", 'null')")]
