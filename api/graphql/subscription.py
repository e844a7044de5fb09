"""The root of every live query: the questions of Query, but of now alone, answered anew whenever the answer changes.

A live query is run as the question that it repeats, so that it costs, hides and fails as that does.
"""

from copy import copy
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    Visitor,
    visit,
)

from api.graphql.document import Operation
from api.graphql.mapping import stands_on
from api.graphql.query import Query

ROOT, QUESTIONS = "Subscription", "Query"
OF_THE_PAST = "as_of"
PAGED_BY_POSITION = frozenset({"changes", "compare"})  # they name positions: nothing in them changes, or only grows


def subscription_type() -> type[Any]:
    """The root type of the live queries, made from that of the questions."""
    description = "A question, answered at once and then whenever its answer changes."
    cls: Any = stands_on(None)(type(ROOT, (Query,), {"__doc__": description}))
    definition = cls.__strawberry_definition__
    definition.fields = [_live(one) for one in definition.fields if one.python_name not in PAGED_BY_POSITION]
    return cast(type[Any], cls)


def _live(field: Any) -> Any:
    """What is live is of now: as of when cannot be said."""
    found = copy(field)
    found.arguments = [one for one in field.arguments if one.python_name != OF_THE_PAST]
    return found


class _Asking(Visitor):
    """Turns the subscriptions of a document into queries."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> OperationDefinitionNode | None:
        if node.operation is not OperationType.SUBSCRIPTION:
            return None
        return OperationDefinitionNode(
            operation=OperationType.QUERY,
            name=node.name,
            variable_definitions=node.variable_definitions,
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> NamedTypeNode | None:
        return NamedTypeNode(name=NameNode(value=QUESTIONS)) if node.name.value == ROOT else None


def question_of(operation: Operation) -> Operation:
    """The question that a live query repeats; made once."""
    if operation.question is None:
        document: DocumentNode = visit(operation.document, _Asking())
        operation.question = operation.within(document)
    return operation.question


def root_field(operation: Operation) -> str:
    """The name of the one field that a valid subscription asks for."""
    nodes: list[SelectionNode] = list(operation.node.selection_set.selections)
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, FieldNode):
            return node.name.value
        of: Any = operation.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        nodes.extend(of.selection_set.selections)
    raise TypeError("a valid subscription has a field")
