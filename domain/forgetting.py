"""A person is forgotten: what was theirs can't be read any more, and what they did still counts (R11)."""

from domain.codes import DUTIES_LEFT
from domain.kernel import Command, PersonId, Reads, Refused
from domain.people import Oblivion, Person, PersonForgotten
from domain.values import Role


class ForgetPerson(Command):
    """Destroy the key to all that is personal of somebody who has left: name, address, comments, notes (R11).

    It cannot be undone. Refused where there is no such person, or they have not left yet (R14).
    """

    entity = "person_id"
    role = Role.OWNER

    person_id: PersonId

    def reads(self) -> Reads:
        self.person = Person(self.person_id)
        self.oblivion = Oblivion(self.person_id)
        yield [self.person, self.oblivion]

    def execute(self) -> None:
        self.person.check_known("personId")
        if not self.person.left:
            sentence = "Deactivate the person first, and say who takes what they had to do; then forget them."
            raise Refused(DUTIES_LEFT, sentence, "personId")
        if not self.oblivion.forgotten:
            self.emit(PersonForgotten(person_id=self.person_id))
