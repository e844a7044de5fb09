"""An identity of a sign-on service stands for one person."""

from uuid import UUID

from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import IDENTITY_TAKEN, NOT_FOUND
from domain.identities import IdentityLinked, LinkIdentity, key_of
from domain.references import Reference
from domain.references import key_of as reference_key_of
from domain.values import Role
from tests.given import ANA, BEN, given
from tests.stories import BusyLedger, person

ISSUER = "https://sign-on.example"


def link(person_id: UUID = ANA, subject: str = "ana") -> LinkIdentity:
    return LinkIdentity(person_id=person_id, issuer=ISSUER, subject=subject)


def linked(person_id: UUID = ANA, subject: str = "ana") -> IdentityLinked:
    return IdentityLinked(person_id=person_id, identity_id=key_of(ISSUER, subject), issuer=ISSUER, subject=subject)


def test_an_identity_is_linked_once() -> None:
    given(person(ANA)).when(link()).then(linked())
    given(person(ANA), linked()).when(link()).then_nothing()


def test_an_identity_stands_for_one_person() -> None:
    given(person(BEN), linked(ANA)).when(link(BEN)).then_refused(IDENTITY_TAKEN, "subject")


def test_an_identity_is_of_a_person_who_exists() -> None:
    given().when(link()).then_refused(NOT_FOUND, "personId")


def test_only_an_owner_says_who_comes_in_as_whom() -> None:
    assert LinkIdentity.role is Role.OWNER


def test_the_same_subject_of_another_issuer_is_another_identity() -> None:
    assert key_of(ISSUER, "ana") != key_of(f"{ISSUER}/b", "ana")
    assert key_of(ISSUER, "ana") != reference_key_of(Reference(system=ISSUER, id="ana"))


links = st.builds(link, st.sampled_from([ANA, BEN]), st.sampled_from(["ana", "ben"]))


@for_all(st.lists(st.tuples(links, links), max_size=6))
def test_no_two_people_at_once_have_the_same_identity(pairs: list[tuple[LinkIdentity, LinkIdentity]]) -> None:
    ledger = BusyLedger(person(ANA), person(BEN))
    for first, second in pairs:
        ledger.interleave(first, second)
    taken = [event.identity_id for event in ledger.events() if isinstance(event, IdentityLinked)]
    assert len(taken) == len(set(taken))
