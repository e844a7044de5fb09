"""Pointers: the examples of RFC 6901, and whatever else may come."""

import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pointers import Absent, checked_pointer, found_at, shown, steps_of
from domain.values import Invalid

# The document of RFC 6901, section 5.
RFC = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", RFC),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_rfc(pointer: str, value: object) -> None:
    assert found_at(RFC, pointer) == value


@pytest.mark.parametrize("pointer", ["/foo/2", "/foo/-", "/foo/01", "/foo/-1", "/foo/bar", "/nothing", "/foo/0/x"])
def test_what_is_not_there_is_absent(pointer: str) -> None:
    with pytest.raises(Absent):
        found_at(RFC, pointer)


def test_names_with_full_stops_between_them_say_the_same() -> None:
    document = {"data": [{"value": 3}]}
    assert found_at(document, "data.0.value") == found_at(document, "/data/0/value") == 3


def _places(document: Any, way: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every place of a document, plainly."""
    found = [(way, document)]
    if isinstance(document, dict):
        for name, one in cast(dict[str, Any], document).items():
            found += _places(one, (*way, name))
    if isinstance(document, list):
        for nth, one in enumerate(cast(list[Any], document)):
            found += _places(one, (*way, str(nth)))
    return found


@given(JSON)
def test_every_place_is_found_by_its_pointer(document: Any) -> None:
    for way, value in _places(document):
        pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in way)
        assert steps_of(pointer) == way
        assert found_at(document, pointer) is value or found_at(document, pointer) == value
        if way and all(step and "." not in step for step in way) and not way[0].startswith("/"):
            assert found_at(document, ".".join(way)) == value


@given(JSON, st.text(max_size=12) | st.text("/~.01a", max_size=12))
def test_any_text_is_a_pointer_or_refused_and_finds_or_does_not(document: Any, text: str) -> None:
    wrong = bool(re.search("~(?![01])", text)) if text.startswith("/") else "" in text.split(".") and text != ""
    if wrong:
        with pytest.raises(Invalid):
            checked_pointer(text, "valueAt")
        return
    checked_pointer(text, "valueAt")
    try:
        found = found_at(document, text)
    except Absent:
        return
    assert any(found is one or found == one for _, one in _places(document))


def test_what_was_found_is_told_in_few_words() -> None:
    told = [shown(one) for one in ({"a": 1}, [1], None, True, False, 5, "n/a", "x" * 500)]
    assert told == ["an object", "a list", "null", "true", "false", "5", "“n/a”", f"“{'x' * 100}…”"]
