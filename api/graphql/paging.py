"""Connections: one read of `first + 1` rows in order, cut in the same statement."""

import re
from dataclasses import dataclass

from graphql import SelectionSetNode

from api.graphql.arguments import Argument
from api.graphql.compiler import Asked, From, filtered
from api.graphql.cost import Cost
from api.graphql.cursors import SQL_KINDS, beyond, cursor, cursor_keys, page_size
from api.graphql.mapping import Order
from api.graphql.model import named_type
from api.graphql.refusals import RequestRefused
from api.graphql.writing import Param, Pieces, Sql, Text, Writer, joined, listed, sql, written


class Page:
    """The paging arguments of one connection."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        arguments, self.observed = asked.arguments, asked.compiler.observed
        self.first, self.last = arguments["first"], arguments["last"]
        self.after, self.before = arguments["after"], arguments["before"]
        self.backward = self.last.given(self.observed)
        if self.backward and self.first.given(self.observed):
            raise RequestRefused("BAD_INPUT", "Give first or last, not both.")
        self.size, self.limit = page_size(self.last if self.backward else self.first)
        self.name, self.order = asked.compiler.order(asked.mapped, arguments)

    def given(self, cursor: Argument) -> bool:
        return cursor.given(self.observed)

    def predicates(self, keys: list[str]) -> list[Sql]:
        found: list[Sql] = []
        if self.given(self.after):
            found.append(self._beyond(self.after, self.order, keys))
        if self.given(self.before):
            found.append(self._beyond(self.before, self.order.reversed(), keys))
        return found

    def _beyond(self, argument: Argument, order: Order, keys: list[str]) -> Sql:
        name, of = self.name, self.order
        nulls = argument.seen(
            self.observed, "nulls", lambda text: tuple(k is None for k in cursor_keys(text, name, of))
        )

        def value(nth: int) -> Sql:
            read = argument.read
            kind = SQL_KINDS[of.keys[nth].kind]
            return sql(
                Param(("cursor", argument.key, nth), kind, lambda b: cursor_keys(read(b.variables), name, of)[nth])
            )

        return beyond(order, keys, [value(nth) for nth in range(len(keys))], nulls)


def connection(asked: Asked, cost: Cost) -> Pieces:
    """The JSON of a connection."""
    page = Page(asked)
    compiler = asked.compiler
    named = named_type(asked.mapped.definition).name
    selected = compiler.collect(named, asked.sets)
    inner = Cost(asked.path, fields=1)
    cost.parts.append((page.size, asked.mapped.relation.typical, inner))
    names = [nodes[0].name.value for nodes in selected.values()]
    plain = not page.backward and names.count("nodes") == 1 and {"nodes", "totalCount", "__typename"}.issuperset(names)
    once = _once(asked, names)
    rows = once.rows if once is not None else asked.rows()
    reading = Reading(asked, page, inner, rows, plain=plain)
    pieces: Pieces = [Text("{")]
    for nth, (key, nodes) in enumerate(selected.items()):
        pieces.append(Text(f'{"," if nth else ""}"{key}":'))
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        match nodes[0].name.value:
            case "__typename":
                pieces.append(Text(f'"{named}"'))
            case "totalCount":
                cost.fields += 10
                pieces.append(
                    sql("(select count(*)", (once.rows if once is not None else asked.rows()).clause, ")::text")
                )
            case "nodes":
                pieces.extend(reading.nodes(sets))
            case "edges":
                pieces.extend(reading.edges(sets, named.removesuffix("Connection") + "Edge"))
            case _:
                pieces.extend(reading.page_info(sets))
    whole = reading.whole([*pieces, Text("}")])
    if once is not None:
        once.keep(asked.compiler.writer, written(whole))
    return whole


@dataclass(frozen=True, slots=True)
class Once:
    """Rows that are found once, to be counted and read."""

    name: str
    found: From
    rows: From

    def keep(self, writer: Writer, read: Sql) -> None:
        """Adds them with the columns that are read of them, for to keep all takes longer; all, where more is read."""
        alias = self.rows.alias
        text = "".join(part for part in read.parts if isinstance(part, str)).replace(f"{self.name} {alias}", "")
        columns = dict.fromkeys(re.findall(rf"\b{alias}\b(?:\.(\w+))?", text))
        kept = ", ".join(f"{self.found.alias}.{one}" for one in (["*"] if "" in columns else columns))
        writer.once(self.name, sql(f"select {kept}", self.found.clause))


def _once(asked: Asked, names: list[str]) -> Once | None:
    """Rows that are reckoned once, to be counted and read. None for those that depend on a row, and for a table's,
    which are counted by one index and read in order by another, unless a filter leaves few of them."""
    both = "totalCount" in names and not {"totalCount", "__typename"}.issuperset(names)
    relation = asked.mapped.relation
    observed = asked.compiler.observed
    narrowing = (value for filter, value in filtered(relation, asked.arguments) if filter.narrow)
    dear = relation.source is not None or any(value.state(observed) == "given" for value in narrowing)
    if not both or asked.alias is not None or not dear:
        return None
    writer, found = asked.compiler.writer, asked.rows()
    name, alias = writer.alias(), writer.alias()
    return Once(name, found, From(alias, None, sql(f"{name} {alias}"), ()))


class Reading:
    """Collects what has to be read of each row, as columns of one two-dimensional array."""

    def __init__(self, asked: Asked, page: Page, cost: Cost, rows: From, *, plain: bool) -> None:
        self.asked, self.page, self.cost = asked, page, cost
        self.columns: list[Sql] = []
        self.plain = plain  # one list of nodes is all that is asked of the rows
        self.rows = rows
        self.cut = asked.compiler.writer.alias()
        self.keys = [
            key.sql.replace("{c}", self.rows.alias).replace("{l}", self.rows.link or "") for key in page.order.keys
        ]

    def column(self, value: Sql) -> int:
        self.columns.append(value)
        return len(self.columns)

    def cursor(self) -> Sql:
        return cursor(self.page.name, self.page.order, self.keys)

    def _list(self, column: int) -> Pieces:
        return [Text("["), sql(f"array_to_string({self.cut}.page[:][{column}:{column}], ',', 'null')"), Text("]")]

    def nodes(self, sets: list[SelectionSetNode]) -> Pieces:
        asked, compiler = self.asked, self.asked.compiler
        node = compiler.object(asked.mapped.named.name, sets, self.rows.alias, asked.moment, self.cost)
        if self.plain:
            clause = self._where() + self._order(self.page.order)
            return listed(sql("select ", written(node), clause, " limit ", self.page.limit))
        return self._list(self.column(written(node)))

    def edges(self, sets: list[SelectionSetNode], type_name: str) -> Pieces:
        asked, compiler = self.asked, self.asked.compiler
        pieces: Pieces = [Text("{")]
        for nth, (key, nodes) in enumerate(compiler.collect(type_name, sets).items()):
            pieces.append(Text(f'{"," if nth else ""}"{key}":'))
            match nodes[0].name.value:
                case "__typename":
                    pieces.append(Text(f'"{type_name}"'))
                case "cursor":
                    pieces += [Text('"'), self.cursor(), Text('"')]
                case _:
                    inner = [node.selection_set for node in nodes if node.selection_set is not None]
                    named = asked.mapped.named.name
                    pieces += compiler.object(named, inner, self.rows.alias, asked.moment, self.cost)
        return self._list(self.column(written([*pieces, Text("}")])))

    def page_info(self, sets: list[SelectionSetNode]) -> Pieces:
        page, cut = self.page, self.cut
        more = sql(f"{cut}.more::text")
        later = Text("true" if page.given(page.before) else "false")
        earlier = Text("true" if page.given(page.after) else "false")
        pieces: Pieces = [Text("{")]
        for nth, (key, nodes) in enumerate(self.asked.compiler.collect("PageInfo", sets).items()):
            pieces.append(Text(f'{"," if nth else ""}"{key}":'))
            match nodes[0].name.value:
                case "__typename":
                    pieces.append(Text('"PageInfo"'))
                case "hasNextPage":
                    pieces.append(later if page.backward else more)
                case "hasPreviousPage":
                    pieces.append(more if page.backward else earlier)
                case name:
                    column = self.column(self.cursor())
                    row = "1" if name == "startCursor" else f"array_length({cut}.page, 1)"
                    pieces.append(sql(f"""coalesce('"' || {cut}.page[{row}][{column}] || '"', 'null')"""))
        return [*pieces, Text("}")]

    def whole(self, pieces: Pieces) -> Pieces:
        """The connection's JSON over the page that was read; nothing is read where nothing of a row is asked."""
        text = written(pieces)
        if not any(isinstance(part, str) and f"{self.cut}." in part for part in text.parts):
            return pieces
        alias, page = self.asked.compiler.writer.alias(), self.page
        count = f"coalesce(array_length({alias}.rows, 1), 0)"
        start = sql(f"greatest({count} - ", page.limit, ", 0) + 1") if page.backward else sql("")
        span = sql("[", start, ":", sql("") if page.backward else page.limit, "]")
        cut = sql(f"select {alias}.rows", span, f" as page, {count} > ", page.limit, " as more offset 0")
        source = sql(
            "(select array(", self._select(), f") as rows offset 0) {alias}"
        )  # the fence keeps the array from being read anew at each mention
        return [sql("(select ", text, " from ", source, " cross join lateral (", cut, f") {self.cut})")]

    def _select(self) -> Sql:
        page, clause = self.page, self._where()
        values = self.columns or [sql("''::text")]
        if not page.backward:
            select = sql("select array[", joined(", ", values), "]", clause, self._order(page.order))
            return select + sql(" limit ", page.limit, " + 1")
        order = self._order(page.order.reversed())
        alias = self.asked.compiler.writer.alias()
        inner = sql(
            "select array[", joined(", ", values), f"] as one, row_number() over ({order.parts[0]}) as nth", clause
        )
        inner = inner + order + sql(" limit ", page.limit, " + 1")
        return sql(f"select {alias}.one from (", inner, f") {alias} order by {alias}.nth desc")

    def _where(self) -> Sql:
        """The rows, and which of them lie on the page."""
        predicates = self.page.predicates(self.keys)
        if not predicates:
            return self.rows.clause
        return self.rows.clause + (" and " if self.rows.where else " where ") + joined(" and ", predicates)

    def _order(self, order: Order) -> Sql:
        words = [f"{key}{' desc' if one.descending else ''}" for key, one in zip(self.keys, order.keys, strict=True)]
        return sql(" order by " + ", ".join(words))
