"""The catalogue of public events: every name, schema and example from the code, and nothing personal in any of them."""

import json
import re
from typing import Any, get_type_hints
from uuid import UUID

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks import catalogue, envelope, example
from domain.checkins import CheckedIn, Status
from domain.commands import EVENTS
from domain.kernel import Event
from domain.public_events import CATALOGUE, PUBLIC, PublicEvent, announced, data_type, matches
from tests.given import TODAY, named
from tests.golden_files import example_of

KINDS = pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.name)


def recorded(kind: type[Event]) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{name: example_of(hints[name], name) for name in kind.__struct_fields__})


@KINDS
def test_each_kind_has_a_lasting_name_and_tells_of_one_thing(kind: PublicEvent) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.name)
    assert CATALOGUE[kind.name] is kind
    assert {event.__struct_fields__[0] for event in kind.of} == {kind.subject}
    for fact in kind.facts:
        assert any(fact in event.__struct_fields__ for event in kind.of), fact


@KINDS
def test_no_personal_text_title_or_free_word_is_told(kind: PublicEvent) -> None:
    for event in kind.of:
        assert not set(kind.facts) & event.personal().keys()
    for name, hint in get_type_hints(data_type(kind)).items():
        assert str not in {hint, *getattr(hint, "__args__", ())}, name


@KINDS
def test_the_example_and_what_is_really_told_fit_the_schema(kind: PublicEvent) -> None:
    told = envelope(kind)
    check = jsonschema_rs.Draft202012Validator(told, validate_formats=True)
    check.validate(example(kind))
    for event in kind.of:
        made = [one for one in announced(recorded(event)) if one.kind is kind]
        for one in made:
            check.validate({**example(kind), "data": json.loads(one.data)})
            assert isinstance(one.about_id, UUID)


def test_the_catalogue_is_served_whole() -> None:
    told = msgspec.json.decode(catalogue())
    assert [one["name"] for one in told["events"]] == [kind.name for kind in PUBLIC]


def test_no_internal_type_leaks_into_a_name() -> None:
    assert not {kind.name for kind in PUBLIC if kind.name.startswith(("task.", "access.", "api-key.", "person."))}
    assert all(event in EVENTS.values() for kind in PUBLIC for event in kind.of)


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (Status.ON_TRACK, ["check_in.made"]),
        (Status.AT_RISK, ["outcome.at_risk", "check_in.made"]),
        (Status.OFF_TRACK, ["outcome.at_risk", "check_in.made"]),
        (None, ["check_in.made"]),
    ],
)
def test_a_check_in_that_states_trouble_is_told_as_such_too(status: Status | None, names: list[str]) -> None:
    event = CheckedIn(check_in_id=named("check-in"), outcome_id=named("outcome"), on=TODAY, status=status)
    assert [one.kind.name for one in announced(event)] == names


@given(st.sampled_from(PUBLIC), st.sampled_from(PUBLIC))
def test_a_pattern_means_its_own_kinds_and_no_other(one: PublicEvent, other: PublicEvent) -> None:
    head = one.name.partition(".")[0]
    assert matches((one.name,), other.name) is (one is other)
    assert matches((f"{head}.*",), other.name) is (other.name.partition(".")[0] == head)
    assert matches(("*",), other.name)
