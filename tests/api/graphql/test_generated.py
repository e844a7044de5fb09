"""Documents that hypothesis makes by walking the schema: compiled and executed they answer alike."""

import json
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    Undefined,
    get_named_type,
)
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.refusals import RequestRefused
from tests.api.graphql.conftest import Asker, alike
from tests.api.graphql.rows import HEAD, id_of

Draw = Any
KINDS = ["outcome", "team", "task", "person", "objective", "measure", "milestone", "cycle", "reading"]
DAYS = ["2023-01-01", "2023-01-21", "2023-02-20", "2023-03-15", "2024-01-01"]
TIMES = ["2022-12-31T00:00:00Z", "2023-01-12T09:00:00.1Z", "2023-02-01T12:00:00+05:00", "2023-03-02T09:00:00Z"]
TEXTS = {"String": '"out"', "Int": "3", "Boolean": "true", "Decimal": '"1.5"', "Float": "1.5"}


class Made:
    """A document on its way: fragments beside, variables as they come up."""

    def __init__(self, draw: Draw, schema: Any) -> None:
        self.draw, self.schema = draw, schema
        self.fragments: list[str] = []
        self.variables: dict[str, tuple[str, Any]] = {}
        self.left = 25  # fields
        self.aliases = 0

    def pick(self, options: list[Any]) -> Any:
        return options[self.draw(st.integers(0, len(options) - 1))]

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == 1

    def selection(self, named: Any, depth: int) -> str:
        """The text between braces for a type."""
        words = ["__typename"] if self.chance(6) else []
        if isinstance(named, GraphQLUnionType):
            words += [f"... on {one.name} {self.selection(one, depth - 1)}" for one in named.types if self.chance(2)]
            return "{ " + " ".join(words or ["__typename"]) + " }"
        fields = list(named.fields.items())
        for _ in range(self.draw(st.integers(1, 5))):
            name, field = self.pick(fields)
            if self.left > 0 and (text := self.field(name, field, depth)) is not None:
                words.append(self.around(text, named))
        if isinstance(named, GraphQLInterfaceType) and depth > 0:
            member = self.pick(list(self.schema.get_possible_types(named)))
            words.append(f"... on {member.name} {self.selection(member, depth - 1)}")
        return "{ " + " ".join(words or ["__typename"]) + " }"

    def around(self, text: str, named: Any) -> str:
        """Perhaps a directive, an inline fragment, or a fragment that is spread twice."""
        match self.draw(st.integers(0, 11)):
            case 0:
                return f"... on {named.name} {{ {text} }}"
            case 1:
                name = f"v{len(self.variables)}"
                self.variables[name] = ("Boolean!", self.draw(st.booleans()))
                return f"... @{self.pick(['skip', 'include'])}(if: ${name}) {{ {text} }}"
            case 2:
                name = f"F{len(self.fragments)}"
                self.fragments.append(f"fragment {name} on {named.name} {{ {text} }}")
                return f"...{name} ...{name}"
            case _:
                return text

    def field(self, name: str, field: Any, depth: int) -> str | None:
        named = get_named_type(field.type)
        composite = isinstance(named, (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType))
        if composite and depth <= 0:
            return None
        self.left -= 1
        arguments = self.arguments(field, name)
        alias = ""
        if arguments or self.chance(5):
            self.aliases += 1
            alias = f"a{self.aliases}: "
        inner = " " + self.selection(named, depth - 1) if composite else ""
        return f"{alias}{name}{arguments}{inner}"

    def arguments(self, field: Any, of: str) -> str:
        given: list[str] = []
        for name, argument in field.args.items():
            required = isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
            if name in {"after", "before"} or (of == "lineOfSight" and name in {"task", "outcome", "person", "team"}):
                continue  # cursors can't be made up; of those four exactly one has to be given, below
            if name in {"first", "last"} and any(one.startswith(("first", "last")) for one in given):
                continue
            if required or self.chance(3):
                given.append(f"{name}: {self.value(argument.type, name)}")
        if of == "lineOfSight":
            kind = self.pick(["task", "outcome", "person", "team"])
            given.append(f'{kind}: "{self.an_id(kind)}"')
        return f"({', '.join(given)})" if given else ""

    def an_id(self, kind: str | None = None) -> str:
        """One of ours, of the other tenant, or none."""
        if self.chance(12):
            return "nothing"
        organisation = "beta" if self.chance(10) else "alpha"
        return str(id_of(organisation, kind or self.pick(KINDS), self.draw(st.integers(0, 11))))

    def value(self, kind: Any, name: str) -> str:
        """A literal; or, now and then, a variable in its place."""
        non_null = isinstance(kind, GraphQLNonNull)
        inner = kind.of_type if non_null else kind
        if not non_null and self.chance(8) and name not in {"asOf", "after", "before"}:
            return "null"
        if isinstance(inner, GraphQLList):
            return "[" + ", ".join(self.value(inner.of_type, name) for _ in range(self.draw(st.integers(0, 2)))) + "]"
        if isinstance(inner, GraphQLEnumType):
            return self.pick(list(inner.values))
        if isinstance(inner, GraphQLInputObjectType):
            return self.input(inner)
        plain = self.scalar(inner.name, name)
        if self.chance(3):
            variable = f"v{len(self.variables)}"
            value = json.loads(plain)
            self.variables[variable] = (f"{inner.name}!", value)
            return f"${variable}"
        return plain

    def scalar(self, kind: str, name: str) -> str:
        match kind:
            case "ID":
                known = {"root": "outcome", "entity": "outcome", "promiser": "person", "owner": "person"}
                return f'"{self.an_id(known.get(name, name if name in KINDS else None))}"'
            case "Date":
                return f'"{self.pick(DAYS)}"'
            case "DateTime":
                return f'"{self.pick(TIMES)}"'
            case "Position":
                return str(self.pick([0, 1, 10, 11, 25, 39, 40, 45, 50, HEAD]))
            case "Int":
                return str(self.draw(st.integers(0, 3)))
            case "Boolean":
                return self.pick(["true", "false"])
            case _:
                return TEXTS[kind]

    def input(self, kind: GraphQLInputObjectType) -> str:
        fields = list(kind.fields.items())
        if kind.is_one_of:
            name, field = self.pick(fields)
            return f"{{ {name}: {self.value(GraphQLNonNull(get_named_type(field.type)), name)} }}"
        chosen = {self.pick(fields)[0] for _ in range(self.draw(st.integers(0, 2)))}
        return "{ " + ", ".join(f"{one}: {self.value(kind.fields[one].type, one)}" for one in sorted(chosen)) + " }"

    def document(self) -> tuple[str, dict[str, Any]]:
        query = self.schema.query_type
        body = self.selection(query, 4)
        head = ", ".join(f"${name}: {kind}" for name, (kind, _) in self.variables.items())
        text = f"query {f'({head}) ' if head else ''}{body} " + " ".join(self.fragments)
        return text, {name: value for name, (_, value) in self.variables.items()}


@given(data=st.data())
async def test_c40_generated_documents_answer_alike(data: Draw, asker: Asker) -> None:
    text, variables = Made(data.draw, asker.built.core).document()
    asker.reads.counts.clear()
    try:
        compiled = await asker.compiled(text, **variables)
    except RequestRefused as refused:
        if refused.code not in {"TOO_EXPENSIVE", "TOO_COMPLEX", "BAD_INPUT"}:
            raise
        return
    ordinary = await asker.ordinary(text, **variables)
    assert alike(compiled["data"], ordinary["data"]), (text, variables)
    assert "errors" not in compiled
    assert not {"field_error"} & set(asker.reads.counts)
