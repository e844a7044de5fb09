"""Tags from a vocabulary, links, and references to other systems: what any entity may bear."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import NOT_FOUND, REFERENCE_TAKEN, TAG_NAME_TAKEN
from domain.entities import EntityKind
from domain.kernel import Command
from domain.labels import (
    AttachLink,
    EntityTagged,
    EntityUntagged,
    LinkAttached,
    NameTag,
    SetReference,
    Tag,
    TagNamed,
    Untag,
    name_key,
)
from domain.outcomes import SetOutcome
from domain.people import RegisterPerson
from domain.references import Reference, ReferenceSet, key_of
from tests.given import ANA, given, named
from tests.stories import TEAM, TICKET, A, B, BusyLedger, C, outcome, person, team

GROWTH, CARE = named("tag Growth"), named("tag Care")
OUTCOME = EntityKind.OUTCOME
NEXT = Reference(system="tracker", id="T-2")
OTHER = Reference(system="desk", id="T-1")


def tag(tag_id: UUID = GROWTH, name: str = "Growth", former: str | None = None, about: str | None = None) -> TagNamed:
    return TagNamed(
        tag_id=tag_id,
        name=name,
        name_id=name_key(name),
        description=about,
        former_name_id=name_key(former) if former else None,
    )


def replaced(reference: Reference, former: Reference | None = None, entity_id: UUID = A) -> ReferenceSet:
    return ReferenceSet(
        entity_id=entity_id,
        reference=reference,
        reference_id=key_of(reference) or named("none"),
        former_reference=former,
        former_reference_id=key_of(former),
    )


TAGGED = EntityTagged(entity_id=A, tag_id=GROWTH, kind=OUTCOME)
UNTAGGED = EntityUntagged(entity_id=A, tag_id=GROWTH, kind=OUTCOME)


# the vocabulary


def test_a_tag_is_named_and_named_anew() -> None:
    given().when(NameTag(tag_id=GROWTH, name="Growth")).then(tag())
    given(tag()).when(NameTag(tag_id=GROWTH, name="Growth")).then_nothing()
    given(tag()).when(NameTag(tag_id=GROWTH, name="More")).then(tag(name="More", former="Growth"))
    given(tag()).when(NameTag(tag_id=GROWTH, name="Growth", description="Why")).then(tag(about="Why"))


def test_a_name_is_of_one_tag_whatever_its_case() -> None:
    given(tag()).when(NameTag(tag_id=CARE, name="GROWTH")).then_refused(TAG_NAME_TAKEN, "name")
    given(tag()).when(NameTag(tag_id=GROWTH, name="GROWTH")).then(tag(name="GROWTH"))


def test_a_name_that_was_given_up_is_free_again() -> None:
    renamed = tag(name="More", former="Growth")
    given(tag(), renamed).when(NameTag(tag_id=CARE, name="growth")).then(tag(CARE, "growth"))
    given(renamed).when(NameTag(tag_id=CARE, name="More")).then_refused(TAG_NAME_TAKEN, "name")
    given(tag(), renamed, tag(name="Growth", former="More")).when(NameTag(tag_id=CARE, name="GROWTH")).then_refused(
        TAG_NAME_TAKEN, "name"
    )


naming = st.builds(
    NameTag, tag_id=st.sampled_from([GROWTH, CARE, named("third")]), name=st.sampled_from(["a", "A", "b", "B", "c"])
)


@for_all(st.lists(st.tuples(naming, naming), max_size=6))
def test_no_two_tags_have_one_name_whoever_names_them_at_once(pairs: Sequence[tuple[Command, Command]]) -> None:
    ledger = BusyLedger()
    names: dict[UUID, str] = {}
    for first, second in pairs:
        ledger.interleave(first, second)
    for event in ledger.events():
        assert isinstance(event, TagNamed)
        names[event.tag_id] = event.name.lower()
        assert len(set(names.values())) == len(names)
    for name in ("a", "b", "c"):  # whatever nobody has is free
        assert ledger.attempt(NameTag(tag_id=named("fourth"), name=name)) is (name not in names.values())
        names[named("fourth")] = name if name not in names.values() else names.get(named("fourth"), "")


# tagging


def test_an_entity_bears_a_tag_once() -> None:
    command = Tag(entity_id=A, kind=OUTCOME, tag_id=GROWTH)
    given(outcome(A), tag()).when(command).then(TAGGED)
    given(outcome(A), tag(), TAGGED).when(command).then_nothing()
    given(outcome(A), tag(), TAGGED, UNTAGGED).when(command).then(TAGGED)


def test_an_entity_bears_a_tag_no_longer() -> None:
    command = Untag(entity_id=A, kind=OUTCOME, tag_id=GROWTH)
    given(outcome(A), tag(), TAGGED).when(command).then(UNTAGGED)
    given(outcome(A), tag()).when(command).then_nothing()


@pytest.mark.parametrize("command", [Tag, Untag])
def test_what_is_tagged_and_the_tag_are_there(command: type[Tag | Untag]) -> None:
    given(tag()).when(command(entity_id=A, kind=OUTCOME, tag_id=GROWTH)).then_refused(NOT_FOUND, "entityId")
    given(outcome(A)).when(command(entity_id=A, kind=OUTCOME, tag_id=GROWTH)).then_refused(NOT_FOUND, "tagId")
    given(tag()).when(command(entity_id=A, kind=EntityKind.TEAM, tag_id=GROWTH)).then_refused(NOT_FOUND, "entityId")


tagging = st.sampled_from(
    [one(entity_id=A, kind=OUTCOME, tag_id=two) for one in (Tag, Untag) for two in (GROWTH, CARE)]
)


@for_all(st.lists(st.tuples(tagging, tagging), max_size=6))
def test_tags_come_and_go_in_turn_whoever_decides_at_once(pairs: Sequence[tuple[Command, Command]]) -> None:
    ledger = BusyLedger(outcome(A), tag(), tag(CARE, "Care"))
    for first, second in pairs:
        ledger.interleave(first, second)
    borne: set[UUID] = set()
    for event in ledger.events():
        match event:
            case EntityTagged():
                assert event.tag_id not in borne
                borne.add(event.tag_id)
            case EntityUntagged():
                borne.remove(event.tag_id)
            case _:
                pass


# links


def test_a_link_is_attached_once_and_may_get_another_title() -> None:
    attach = AttachLink(entity_id=A, kind=OUTCOME, url="https://wiki.example/plan", title="Plan")
    story = given(outcome(A)).when(attach)
    (attached,) = story.emitted
    assert isinstance(attached, LinkAttached)
    assert (attached.entity_id, attached.url, attached.title) == (A, "https://wiki.example/plan", "Plan")
    given(outcome(A), attached).when(attach).then_nothing()
    anew = LinkAttached(entity_id=A, link_id=attached.link_id, url=attached.url)
    given(outcome(A), attached).when(AttachLink(entity_id=A, kind=OUTCOME, url=attached.url)).then(anew)
    given().when(attach).then_refused(NOT_FOUND, "entityId")


def test_the_same_page_is_a_link_of_each_entity_by_itself() -> None:
    ids = {
        given(outcome(one))
        .when(AttachLink(entity_id=one, kind=OUTCOME, url="https://wiki.example"))
        .emitted[0]
        .tags()[1]
        for one in (A, B)
    }
    assert len(ids) == 2


# references


def test_an_entity_without_one_is_given_a_reference() -> None:
    command = SetReference(entity_id=A, kind=OUTCOME, reference=NEXT)
    given(outcome(A)).when(command).then(replaced(NEXT))
    given(outcome(A), replaced(NEXT)).when(command).then_nothing()
    given().when(command).then_refused(NOT_FOUND, "entityId")


def test_a_reference_of_the_same_system_replaces_the_former() -> None:
    command = SetReference(entity_id=A, kind=OUTCOME, reference=NEXT)
    given(outcome(A, reference=TICKET)).when(command).then(replaced(NEXT, TICKET))
    third = Reference(system="tracker", id="T-3")
    given(outcome(A, reference=TICKET), replaced(NEXT, TICKET)).when(
        SetReference(entity_id=A, kind=OUTCOME, reference=third)
    ).then(replaced(third, NEXT))


def test_a_reference_of_another_system_stands_beside() -> None:
    command = SetReference(entity_id=A, kind=OUTCOME, reference=OTHER)
    given(outcome(A, reference=TICKET)).when(command).then(replaced(OTHER))


def test_the_same_reference_may_get_another_address() -> None:
    moved = Reference(system=TICKET.system, id=TICKET.id, url="https://elsewhere.example/T-1")
    given(outcome(A, reference=TICKET)).when(SetReference(entity_id=A, kind=OUTCOME, reference=moved)).then(
        replaced(moved)
    )
    given(outcome(A, reference=TICKET)).when(SetReference(entity_id=A, kind=OUTCOME, reference=TICKET)).then_nothing()


def test_a_reference_is_borne_by_one_entity() -> None:
    command = SetReference(entity_id=A, kind=OUTCOME, reference=TICKET)
    given(outcome(A), person(ANA, reference=TICKET)).when(command).then_refused(REFERENCE_TAKEN, "reference")
    given(team(), outcome(A, reference=TICKET)).when(
        SetReference(entity_id=TEAM, kind=EntityKind.TEAM, reference=TICKET)
    ).then_refused(REFERENCE_TAKEN, "reference")


def test_a_reference_that_was_replaced_is_free_again() -> None:
    was = (outcome(A, reference=TICKET), replaced(NEXT, TICKET))
    given(*was).when(RegisterPerson(person_id=ANA, name="Ana", reference=TICKET)).then(person(ANA, reference=TICKET))
    given(*was, outcome(B)).when(SetReference(entity_id=B, kind=OUTCOME, reference=TICKET)).then(
        replaced(TICKET, entity_id=B)
    )
    given(was[1]).when(RegisterPerson(person_id=ANA, name="Ana", reference=NEXT)).then_refused(
        REFERENCE_TAKEN, "reference"
    )


references = st.builds(Reference, system=st.sampled_from(["tracker", "desk"]), id=st.sampled_from(["1", "2"]))
setting = st.builds(SetReference, entity_id=st.sampled_from([A, B]), kind=st.just(OUTCOME), reference=references)
making = st.builds(SetOutcome, outcome_id=st.sampled_from([A, B, C]), title=st.just("Better"), reference=references)


@for_all(st.lists(st.tuples(setting | making, setting | making), max_size=8))
def test_a_reference_is_of_one_entity_whoever_sets_it_at_once(pairs: Sequence[tuple[Command, Command]]) -> None:
    ledger = BusyLedger()
    borne: dict[tuple[UUID, str], Reference] = {}
    for first, second in pairs:
        ledger.interleave(first, second)
    for event in ledger.events():
        reference: Reference | None = getattr(event, "reference", None)
        assert reference is not None
        borne[getattr(event, event.__struct_fields__[0]), reference.system] = reference
        assert len({(one.system, one.id) for one in borne.values()}) == len(borne)
    bearers = {(one.system, one.id) for one in borne.values()}
    for nth, one in enumerate(Reference(system=s, id=i) for s in ("tracker", "desk") for i in ("1", "2")):
        made = SetOutcome(outcome_id=named(f"new {nth}"), title="Better", reference=one)
        assert ledger.attempt(made) is ((one.system, one.id) not in bearers)
