"""What a selection set asks for: its fields with fragments and directives applied, as the specification merges them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NameNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_object_type,
)

from api.graphql.arguments import Observed
from api.graphql.model import Model


@dataclass(frozen=True, slots=True)
class Selections:
    """Of one operation."""

    model: Model
    fragments: Mapping[str, FragmentDefinitionNode]
    observed: Observed

    def collect(self, type_name: str, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """Response key → the field nodes that are merged under it, as the specification's CollectFields."""
        grouped: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            self._collect(type_name, selection_set, grouped, visited)
        return grouped

    def _collect(
        self, type_name: str, selection_set: SelectionSetNode, grouped: dict[str, list[FieldNode]], visited: set[str]
    ) -> None:
        for node in selection_set.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                grouped.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name if node.type_condition else None
                if self._applies(condition, type_name):
                    self._collect(type_name, node.selection_set, grouped, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._applies(fragment.type_condition.name, type_name):
                    self._collect(type_name, fragment.selection_set, grouped, visited)

    def _applies(self, condition: NameNode | None, type_name: str) -> bool:
        if condition is None or condition.value == type_name:
            return True
        named = self.model.schema.type_map[condition.value]
        mine = self.model.schema.type_map[type_name]
        return is_abstract_type(named) and is_object_type(mine) and self.model.schema.is_sub_type(named, mine)

    def _included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value in {"skip", "include"}:
                value = self._truth(directive)
                if value is (directive.name.value == "skip"):
                    return False
        return True

    def _truth(self, directive: DirectiveNode) -> bool:
        node = next(one.value for one in directive.arguments or () if one.name.value == "if")
        if isinstance(node, VariableNode):
            name = node.name.value
            return self.observed.look(("truth", name), lambda variables: bool(variables.get(name)))
        return bool(getattr(node, "value", False))
