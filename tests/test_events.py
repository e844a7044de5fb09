"""Every event shape that was ever released can be read, and none changes without a new version."""

import msgspec
import pytest

from domain.commands import EVENTS
from domain.kernel import Event
from domain.people import PersonRegistered
from infra.codec import UnknownEvent, decode, encode
from tests.golden_files import FOLDER, Golden, path_of, shape_of

KINDS = list(EVENTS.values())
FILES = sorted(FOLDER.glob("*.json"))


def golden(kind: type[Event]) -> Golden:
    path = path_of(kind)
    assert path.exists(), f"run `make golden` and commit {path.name}"
    return msgspec.json.decode(path.read_bytes(), type=Golden)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.stored_type())
def test_a_shape_changes_only_with_a_new_version(kind: type[Event]) -> None:
    assert golden(kind).shape == shape_of(kind), "raise `version`, add an upcaster, and run `make golden`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_golden_body_is_read_and_written_back(path: object) -> None:
    kept = msgspec.json.decode(path.read_bytes(), type=Golden)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
    event = decode(kept.type, kept.version, kept.body)
    if kept.version == type(event).version:
        assert encode(event) == kept.body
    assert event.tags() == kept.tags


def test_an_event_of_a_newer_release_is_refused_with_a_sentence() -> None:
    with pytest.raises(UnknownEvent, match="upgrade"):
        decode("outcome.sung", 1, "{}")


def test_stored_types_are_written_by_hand_and_unique() -> None:
    kinds = [kind for kind in Event.__subclasses__() if kind.__module__.startswith("domain.")]
    assert len({kind.stored_type() for kind in kinds}) == len(kinds)
    assert all("." in kind.stored_type() for kind in kinds)


def test_a_version_of_a_newer_release_is_refused_with_what_to_do() -> None:
    with pytest.raises(UnknownEvent, match="upgrade"):
        decode("person.registered", PersonRegistered.version + 1, "{}")
