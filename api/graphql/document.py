"""From text to a document that may be run: limits, cheapest first, then validation; kept from its second sight on."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NonNullTypeNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    parse,
    specified_rules,
    validate,
    value_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values

from api.graphql.arguments import checked_text
from api.graphql.refusals import DocumentRefused, RequestRefused

MOST_ERRORS = 5
VARIABLE_DEPTH = 32
SIGHTS = 4_096  # documents remembered by digest only


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a document may come to."""

    document_bytes: int = 20_000
    tokens: int = 2_000
    depth: int = 15
    aliases: int = 100
    root_fields: int = 20
    directives: int = 20
    fragments: int = 100
    fields: int = 2_000  # with every fragment written out where it is spread
    repeats: int = 50  # of one response key, whose every pair validation compares
    cost: int = 50_000
    introspection: bool = True


@dataclass(slots=True)
class Operation:
    """An operation that has passed validation, and whatever plans were made of it."""

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    document: DocumentNode
    text: str
    introspects: bool
    plans: list[Any] = field(default_factory=list[Any])
    payloads: dict[Any, list[Any]] = field(default_factory=dict[Any, list[Any]])
    plain: "Mapping[str, Plain] | None" = None  # variables that are coerced by a look; {}: others
    question: "Operation | None" = None  # what a live query asks again and again

    @property
    def kind(self) -> OperationType:
        return self.node.operation

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None

    def within(self, document: DocumentNode) -> "Operation":
        """The operation of this name in another document."""
        operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        node = next(one for one in operations if (one.name.value if one.name else None) == self.name)
        return Operation(node, fragments_of(document), document, self.text, introspects=False)

    def coerce(self, schema: GraphQLSchema, raw: Mapping[str, Any], suggestions: bool = True) -> dict[str, Any]:
        """The variables by their types. Raises DocumentRefused."""
        if not self.node.variable_definitions:
            return {}
        if self.plain is None:
            self.plain = plain_variables(schema, self.node)
        if (taken := taken_as_they_are(self.plain, raw)) is not None:
            return taken
        result = get_variable_values(schema, self.node.variable_definitions, dict(raw), MOST_ERRORS, not suggestions)
        if not isinstance(result, VariableValues):
            raise DocumentRefused("BAD_VARIABLES", result)
        return result.coerced


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """By their names."""
    return {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}


@dataclass(frozen=True, slots=True)
class Plain:
    """A variable whose value is coerced by a look at its type in Python, and by `read` where it has to be read."""

    kind: type
    needed: bool
    default: Any  # Undefined where there is none
    read: Callable[[Any], Any] | None = None

    def taken(self, value: Any) -> Any:
        """The value coerced, Undefined where it is left out. Raises GraphQLError where graphql-core has to look."""
        if value is Undefined and self.default is not Undefined:
            return self.default
        if value is None or value is Undefined:
            if self.needed:
                raise GraphQLError("It is needed.")
            return value
        if type(value) is not self.kind or (self.kind is int and not -(2**31) <= value < 2**31):
            raise GraphQLError("It is of another type.")
        return value if self.read is None else self.read(value)


PLAIN: Mapping[str, type] = {"ID": str, "String": str, "Int": int, "Boolean": bool, "Date": str}


def plain_variables(schema: GraphQLSchema, node: OperationDefinitionNode) -> Mapping[str, Plain]:
    """Each of the variables; nothing where one of them has a type that has to be looked into."""
    found: dict[str, Plain] = {}
    for definition in node.variable_definitions or ():
        needed = isinstance(definition.type, NonNullTypeNode)
        kind = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
        name = kind.name.value if isinstance(kind, NamedTypeNode) else ""
        if name not in PLAIN:
            return {}
        scalar = cast(GraphQLScalarType, schema.type_map[name])
        default: Any = Undefined
        if definition.default_value is not None:
            default = value_from_ast(definition.default_value, scalar)
        read = scalar.parse_value if name == "Date" else None
        found[definition.variable.name.value] = Plain(PLAIN[name], needed, default, read)
    return found


def taken_as_they_are(plain: Mapping[str, Plain], raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """The variables, where each is given in its type or may be left out; None where graphql-core has to look."""
    if not plain:
        return None
    taken: dict[str, Any] = {}
    try:
        for name, one in plain.items():
            if (value := one.taken(raw.get(name, Undefined))) is not Undefined:
                taken[name] = value
    except GraphQLError:
        return None
    return taken


@dataclass(slots=True)
class Document:
    """A valid document."""

    text: str
    operations: dict[str | None, Operation]

    def operation(self, name: str | None) -> Operation:
        """Raises RequestRefused where it is not clear which one is meant."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is None:
            sentence = "Name one of the document's operations in operationName."
            raise RequestRefused("OPERATION_UNKNOWN", sentence)
        return found


@dataclass(slots=True)
class Size:
    """What a selection comes to, fragments written out."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: "Size", deeper: int = 0) -> None:
        self.depth = max(self.depth, other.depth + deeper)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives


class Measure:
    """Measures a document without validating it; each fragment once."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self.limits = limits
        self.fragments = fragments_of(document)
        self.sizes: dict[str, Size | None] = {}
        self.keys: dict[str, dict[str, int]] = {}

    def of(self, selection_set: SelectionSetNode | None) -> Size:
        size = Size()
        if selection_set is None:
            return size
        for node in selection_set.selections:
            size.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                inner = self.of(node.selection_set)
                size.beside(
                    Size(inner.depth, inner.fields + 1, inner.aliases + (node.alias is not None), inner.directives), 1
                )
            elif isinstance(node, InlineFragmentNode):
                size.beside(self.of(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                size.beside(self.fragment(node.name.value))
            self._check(size)
        return size

    def fragment(self, name: str) -> Size:
        """Of a fragment; one that spreads itself counts nothing more, validation says so."""
        if name not in self.sizes:
            self.sizes[name] = None
            node = self.fragments.get(name)
            self.sizes[name] = self.of(node.selection_set if node else None)
        return self.sizes[name] or Size()

    def _check(self, size: Size) -> None:
        limits = self.limits
        for what, found, most in (
            ("nests deeper", size.depth, limits.depth),
            ("asks for more fields", size.fields, limits.fields),
            ("has more aliases", size.aliases, limits.aliases),
            ("has more directives", size.directives, limits.directives),
        ):
            if found > most:
                raise RequestRefused(
                    "TOO_COMPLEX", f"The document {what} than the limit of {most}; ask for less at once."
                )

    def repeats(self, selection_set: SelectionSetNode) -> None:
        """No response key may stand too often in what is merged: validation compares every pair."""
        level: list[SelectionSetNode] = [selection_set]
        while level:
            groups: dict[str, list[FieldNode]] = {}
            for node in self._flat(level, set()):
                groups.setdefault((node.alias or node.name).value, []).append(node)
            level = []
            for nodes in groups.values():
                if len(nodes) > self.limits.repeats:
                    most = self.limits.repeats
                    raise RequestRefused(
                        "TOO_COMPLEX", f"The document repeats a field more than {most} times; once will do."
                    )
                level.extend(node.selection_set for node in nodes if node.selection_set is not None)

    def _flat(self, sets: Iterable[SelectionSetNode], visited: set[str]) -> Iterable[FieldNode]:
        for selection_set in sets:
            for node in selection_set.selections:
                if isinstance(node, FieldNode):
                    yield node
                elif isinstance(node, InlineFragmentNode):
                    yield from self._flat([node.selection_set], visited)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                    visited.add(node.name.value)
                    fragment = self.fragments.get(node.name.value)
                    if fragment is not None:
                        yield from self._flat([fragment.selection_set], visited)


class Documents:
    """Documents by their text, bounded by bytes; kept from their second sight on."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, most_bytes: int = 4_000_000) -> None:
        self.schema = schema
        self.limits = limits
        self.rules = [*specified_rules]
        if not limits.introspection:
            self.rules.append(NoSchemaIntrospectionCustomRule)
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._bytes, self._most = 0, most_bytes

    def get(self, text: str) -> Document:
        """Raises RequestRefused or DocumentRefused."""
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
            return found
        document = self._made(text)
        self._admit(text, document)
        return document

    def _admit(self, text: str, document: Document) -> None:
        digest = blake2b(text.encode(), digest_size=16).digest()
        if digest not in self._seen:
            self._seen[digest] = None
            if len(self._seen) > SIGHTS:
                self._seen.popitem(last=False)
            return
        self._kept[text] = document
        self._bytes += len(text)
        while self._bytes > self._most:
            self._bytes -= len(self._kept.popitem(last=False)[0])

    def _made(self, text: str) -> Document:
        checked_text(text)
        if len(text.encode()) > self.limits.document_bytes:
            most = self.limits.document_bytes
            raise RequestRefused("DOCUMENT_TOO_LARGE", f"Send a document of at most {most} bytes.")
        try:
            parsed = parse(
                text,
                max_lexical_tokens=self.limits.tokens,
                max_comments=self.limits.tokens,
                allow_empty_selection_sets=False,
            )
        except GraphQLError as error:
            if "nested too deeply" in error.message:
                raise RequestRefused("TOO_COMPLEX", "Nest the document less deeply.") from None
            if error.message.endswith("Parsing aborted."):
                raise RequestRefused(
                    "DOCUMENT_TOO_LARGE", f"Send a document of at most {self.limits.tokens} tokens."
                ) from None
            raise DocumentRefused("PARSE_FAILED", [error]) from None
        except RecursionError:
            raise RequestRefused("TOO_COMPLEX", "Nest the document less deeply.") from None
        self._measure(parsed)
        hidden = not self.limits.introspection
        errors = validate(self.schema, parsed, self.rules, MOST_ERRORS, hide_suggestions=hidden)
        if errors:
            raise DocumentRefused("VALIDATION_FAILED", errors[:MOST_ERRORS])
        return self._document(text, parsed)

    def _measure(self, parsed: DocumentNode) -> None:
        measure = Measure(parsed, self.limits)
        if len(measure.fragments) > self.limits.fragments:
            raise RequestRefused("TOO_COMPLEX", f"Use at most {self.limits.fragments} fragments.")
        operations = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
        for node in [*operations, *measure.fragments.values()]:
            measure.of(node.selection_set)
            measure.repeats(node.selection_set)
        for node in operations:
            if len(list(measure._flat([node.selection_set], set()))) > self.limits.root_fields:
                raise RequestRefused("TOO_COMPLEX", f"Ask for at most {self.limits.root_fields} root fields.")

    def _document(self, text: str, parsed: DocumentNode) -> Document:
        fragments = fragments_of(parsed)
        measure = Measure(parsed, self.limits)
        operations: dict[str | None, Operation] = {}
        for node in parsed.definitions:
            if isinstance(node, OperationDefinitionNode):
                names = {one.name.value for one in measure._flat([node.selection_set], set())}
                introspects = not names.isdisjoint({"__schema", "__type"})
                operation = Operation(node, fragments, parsed, text, introspects)
                operations[operation.name] = operation
        return Document(text, operations)


def checked_variables(raw: Any) -> dict[str, Any]:
    """Raises RequestRefused for what nests too deeply, or holds a text that PostgreSQL can't."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise RequestRefused("BAD_REQUEST", "Send the variables as a JSON object.")
    level: list[Any] = [raw]
    for _ in range(VARIABLE_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return cast(dict[str, Any], raw)
    raise RequestRefused("TOO_COMPLEX", f"Nest the variables at most {VARIABLE_DEPTH} deep.")


def _inside(value: Any) -> Iterable[Any]:
    match value:
        case str():
            checked_text(value)
            return ()
        case dict():
            return cast(dict[str, Any], value).values()
        case list():
            return cast(list[Any], value)
        case _:
            return ()
