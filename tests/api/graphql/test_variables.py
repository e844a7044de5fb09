"""Variables and arguments: what is read by a look, or by itself, is what graphql-core makes of the whole."""

from typing import Any

import pytest
from graphql import Undefined, parse
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import FieldNode, OperationDefinitionNode
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.arguments import Argument, argument_of, literal_value
from api.graphql.document import Operation
from api.graphql.mutations import mutation_type
from api.graphql.refusals import DocumentRefused, RequestRefused
from api.graphql.schema import build

SCHEMA = build(mutation_type()).core
TYPES = ("ID", "String", "Int", "Boolean", "Date", "ID!", "Int!", "Date!", "Int = 7", 'Date = "2024-02-29"', "ID = 5")
VALUES = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        7,
        -(2**31),
        2**31,
        1.5,
        "",
        "a",
        "7",
        "2024-02-29",
        "2023-02-29",
        "0000-01-01",
        [],
        ["a"],
        {},
    ]
)


def operation_of(text: str) -> Operation:
    document = parse(text)
    node = document.definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return Operation(node, {}, document, text, introspects=False)


@given(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3), st.dictionaries(st.sampled_from("abcd"), VALUES))
def test_a_variable_that_is_taken_by_a_look_is_what_graphql_core_makes_of_it(
    types: list[str], raw: dict[str, Any]
) -> None:
    variables = ", ".join(f"${name}: {kind}" for name, kind in zip("abc", types, strict=False))
    operation = operation_of(f"query ({variables}) {{ __typename }}")
    known = get_variable_values(SCHEMA, operation.node.variable_definitions or (), raw)
    if isinstance(known, VariableValues):
        taken = operation.coerce(SCHEMA, raw)
        assert taken == known.coerced
        assert [type(one) for one in taken.values()] == [type(known.coerced[name]) for name in taken]
    else:
        with pytest.raises(DocumentRefused):
            operation.coerce(SCHEMA, raw)


FILTERS = (
    "{}",
    "{ promiser: $id, state: [COMMITTED, DELIVERED] }",
    "{ outcome: null, overdue: $yes, dueFrom: $day }",
    "{ between: { one: $id, other: $id }, renegotiatedAtLeast: 2 }",
    '{ between: { one: "a", other: $id }, state: $states }',
    "{ state: [COMMITTED, $state] }",
)
GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([None, "a", "b"]),
        "yes": st.sampled_from([None, True, False]),
        "day": st.none(),
        "states": st.sampled_from([None, []]),
        "state": st.none(),
    },
)


def read(argument: Argument, variables: dict[str, Any]) -> dict[str, Any]:
    """Every key of a filter by itself, those of `between` as well; what is left out is not there."""
    keys = {name: argument.part(name) for name in argument.type.fields}
    found = {name: part.read(variables) for name, part in keys.items()}
    if isinstance(found["between"], dict):
        found["between"] = {name: keys["between"].part(name).read(variables) for name in ("one", "other")}
    return {name: value for name, value in found.items() if value is not Undefined}


@pytest.mark.parametrize("text", FILTERS)
@given(GIVEN)
def test_a_key_of_an_argument_that_is_written_out_is_what_the_whole_has_under_it(
    text: str, variables: dict[str, Any]
) -> None:
    field = operation_of(f"{{ commitments(filter: {text}) {{ totalCount }} }}").node.selection_set.selections[0]
    query = SCHEMA.query_type
    assert isinstance(field, FieldNode)
    assert query is not None
    assert field.arguments
    definition, node = query.fields["commitments"].args["filter"], field.arguments[0]
    argument = argument_of(definition, node, "filter")
    try:
        whole: dict[str, Any] = literal_value(node.value, definition, variables)
    except RequestRefused:
        with pytest.raises(RequestRefused):
            read(argument, variables)
        return
    assert read(argument, variables) == whole
