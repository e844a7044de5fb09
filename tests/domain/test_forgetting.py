"""R11: who has left can be forgotten, once, and nothing new is told of them."""

import pytest

from domain.codes import DUTIES_LEFT, NOT_FOUND, PERSON_FORGOTTEN
from domain.commands import EVENTS
from domain.forgetting import ForgetPerson
from domain.kernel import Event
from domain.people import PersonDeactivated, PersonForgotten, PersonRegistered, RevisePerson
from tests.given import BEN, Given

REGISTERED = PersonRegistered(person_id=BEN, name="Ben", email="ben@harbour.example")
LEFT = PersonDeactivated(person_id=BEN, reason="Moves abroad.")
FORGOTTEN = PersonForgotten(person_id=BEN)


def test_who_has_left_is_forgotten() -> None:
    Given(REGISTERED, LEFT).when(ForgetPerson(person_id=BEN)).then(FORGOTTEN)


def test_who_is_forgotten_already_is_so_once() -> None:
    Given(REGISTERED, LEFT, FORGOTTEN).when(ForgetPerson(person_id=BEN)).then_nothing()


def test_who_is_still_here_leaves_first() -> None:
    Given(REGISTERED).when(ForgetPerson(person_id=BEN)).then_refused(DUTIES_LEFT, "personId")


def test_nobody_unknown_is_forgotten() -> None:
    Given().when(ForgetPerson(person_id=BEN)).then_refused(NOT_FOUND, "personId")


def test_nobody_forgotten_gets_a_name_again() -> None:
    story = Given(REGISTERED, LEFT, FORGOTTEN, ornaments=True)
    story.when(RevisePerson(person_id=BEN, name="Ben")).then_refused(PERSON_FORGOTTEN, "personId")


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS)
def test_a_personal_text_names_a_field_of_its_event(kind: type[Event]) -> None:
    for field, mark in kind.personal().items():
        assert field in kind.__struct_fields__
        assert not mark.of or mark.of in kind.__struct_fields__
