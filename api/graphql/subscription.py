"""The root of every subscription: the questions of Query, but of now alone, answered anew whenever the answer changes;
and `changes`, which tells each public event once.

A live query is run as the question that it repeats, so that it costs, hides and fails as that does; and so is
`changes`, as the question for what has come since.
"""

from copy import copy
from typing import Any, cast

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    IntValueNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation

from api.graphql.document import Operation
from api.graphql.mapping import stands_on
from api.graphql.query import Query
from api.graphql.scalars import Position
from api.graphql.types.announcements import PublicEvent

ROOT, QUESTIONS = "Subscription", "Query"
OF_THE_PAST = "as_of"
# They name positions, so that nothing in them changes, or it only grows; or what they tell moves without a position.
NOT_LIVE = frozenset({"changes", "public_events", "compare", "deliveries"})
CHANGES, NEWS = "changes", "publicEvents"
SINCE, POSITION = "headwaySince", "headwayPosition"
PAGE = 100


def subscription_type() -> type[Any]:
    """The root type of the live queries, made from that of the questions."""
    description = "A question, answered at once and then whenever its answer changes."
    cls: Any = stands_on(None)(type(ROOT, (Query,), {"__doc__": description}))
    definition = cls.__strawberry_definition__
    fields = {one.python_name: one for one in definition.fields}
    live = [_live(one) for one in definition.fields if one.python_name not in NOT_LIVE]
    definition.fields = [*live, _told_once(fields["public_events"])]
    return cast(type[Any], cls)


def _told_once(field: Any) -> Any:
    """`changes`, made from the question for a page of the same."""
    found = copy(field)
    found.python_name = found.graphql_name = CHANGES
    found.arguments = [copy(one) for one in field.arguments if one.python_name in {"since", "filter"}]
    since = next(one for one in found.arguments if one.python_name == "since")
    since.type_annotation = StrawberryAnnotation(Position | None)
    since.default = UNSET
    found.type_annotation = StrawberryAnnotation(PublicEvent)
    found.description = (
        "Each public event as it is recorded, in order and without a gap: from a position on where `since` says so,"
        " else from now. Whoever was away goes on from the position that was told last."
    )
    return found


def _live(field: Any) -> Any:
    """What is live is of now: as of when cannot be said."""
    found = copy(field)
    found.arguments = [one for one in field.arguments if one.python_name != OF_THE_PAST]
    return found


class _Asking(Visitor):
    """Turns the subscriptions of a document into queries."""

    more: tuple[VariableDefinitionNode, ...] = ()  # variables that they have beside

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> OperationDefinitionNode | None:
        if node.operation is not OperationType.SUBSCRIPTION:
            return None
        return OperationDefinitionNode(
            operation=OperationType.QUERY,
            name=node.name,
            variable_definitions=(*(node.variable_definitions or ()), *self.more),
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> NamedTypeNode | None:
        return NamedTypeNode(name=NameNode(value=QUESTIONS)) if node.name.value == ROOT else None


class _AskingForNews(_Asking):
    """Turns `changes` into the question for a page of what has come since."""

    more = (
        VariableDefinitionNode(
            variable=VariableNode(name=NameNode(value=SINCE)),
            type=NonNullTypeNode(type=NamedTypeNode(name=NameNode(value="Position"))),
        ),
    )

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if node.name.value != CHANGES or node.selection_set is None:
            return None
        kept = tuple(one for one in node.arguments or () if one.name.value == "filter")
        position = FieldNode(alias=NameNode(value=POSITION), name=NameNode(value="position"))
        nodes = FieldNode(
            name=NameNode(value="nodes"),
            selection_set=SelectionSetNode(selections=(position, *node.selection_set.selections)),
        )
        return FieldNode(
            alias=NameNode(value=CHANGES),
            name=NameNode(value=NEWS),
            directives=node.directives,
            arguments=(
                *kept,
                ArgumentNode(name=NameNode(value="since"), value=VariableNode(name=NameNode(value=SINCE))),
                ArgumentNode(name=NameNode(value="first"), value=IntValueNode(value=str(PAGE))),
            ),
            selection_set=SelectionSetNode(selections=(nodes,)),
        )


def question_of(operation: Operation) -> Operation:
    """The question that a live query repeats, or that for a page of `changes`; made once."""
    if operation.question is None:
        asking = _AskingForNews() if root_field(operation).name.value == CHANGES else _Asking()
        document: DocumentNode = visit(operation.document, asking)
        operation.question = operation.within(document)
    return operation.question


def root_field(operation: Operation) -> FieldNode:
    """The one field that a valid subscription asks for."""
    nodes: list[SelectionNode] = list(operation.node.selection_set.selections)
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, FieldNode):
            return node
        of: Any = operation.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        nodes.extend(of.selection_set.selections)
    raise TypeError("a valid subscription has a field")
