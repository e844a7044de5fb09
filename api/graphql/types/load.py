"""How much people have to do against what they said they can: told of a person to them and their leads (R15)."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from api.graphql.mapping import Column, Relation, order, stands_on
from api.graphql.types.accountability import Task
from api.graphql.types.follow_through import LEADS_TEAM, OF_PERSON, OF_TEAM
from api.graphql.types.organisation import EffortUnit, Person, Team

LOAD = {
    "person": "(select l.* from {rows:person} w cross join lateral load({org}, w.id, null, {pos}, {on}, true) l"
    " where w.id = {a.person} and " + OF_PERSON + ")",
    "team": "(select l.* from {rows:team} w cross join lateral load({org}, null, w.id, {pos}, {on},"
    f" {LEADS_TEAM}) l where w.id = {{a.team}} and {OF_TEAM})",
}
# One by one only of those whose load the viewer is told.
TOLD = "in (select s.id from told_of({org}, {viewer.person}) s)"
EACH = (
    "(select e.*, {t}.from_on from load_of_each({org}, {t}.person_id, {t}.team_id, {pos}, {t}.from_on) e"
    f" where e.person_id {TOLD})"
)
BECAUSE = (
    "(select k.* from open_in_fortnight({org}, {t}.person_id, {t}.team_id, {pos}, {t}.from_on) k"
    f" where k.promiser_id {TOLD})"
)
BECAUSE_ORDER = order("due_on date", unique="task_id uuid")


@stands_on(None)
class LoadPart:
    """A task that counts."""

    promised: Annotated[bool, "Not: it was asked for, and waits for its answer."]
    overdue: bool
    due_on: date
    effort: Decimal | None
    promiser: Annotated[Person | None, Relation(on="promiser_id")]
    task: Annotated[Task | None, Relation(on="task_id")]


@stands_on(None)
class LoadOfPerson:
    """What one of them has to do."""

    person: Annotated[Person | None, Relation(on="person_id")]
    capacity: Annotated[Decimal | None, "Null where none was stated for every day of the fortnight, in this unit."]
    promised: Annotated[Decimal, "Effort of what they have promised, the overdue included."]
    overdue: Decimal
    requested: Annotated[Decimal, "Effort of what they were asked for, and have not answered."]
    promises: int
    requests: int
    without_effort: Annotated[int, "How many of these tasks have no effort."]
    ratio: Annotated[float | None, "Promised against capacity."]
    overloaded: Annotated[bool | None, "Whether they have promised more than they can; null where nobody can tell."]


@stands_on(None)
class Load:
    """Open effort that is due in a fortnight, or overdue, against the capacity that was stated for it.

    Of the people of a team, somebody who leads none of them is told the capacity, and what is reckoned with it, where
    five or more stated theirs, and none or five or more did not.
    """

    person: Annotated[Person | None, Relation(on="person_id")]
    team: Annotated[Team | None, Relation(on="team_id")]
    starts_on: Annotated[date, Column("from_on")]
    ends_on: Annotated[date, Column("to_on")]
    unit: Annotated[EffortUnit, "As the policy says."]
    people: Annotated[int, "How many are counted."]
    without_capacity: Annotated[int, "How many of them did not state theirs for every day of it, in this unit."]
    capacity: Annotated[Decimal | None, "Of those who stated theirs."]
    promised: Annotated[Decimal, "Effort of what all of them have promised, the overdue included."]
    measured: Annotated[Decimal | None, "Effort of what those have promised who stated their capacity."]
    overdue: Decimal
    requested: Annotated[Decimal, "Effort of what they, or a team of theirs, were asked for, and nobody has answered."]
    promises: int
    requests: int
    without_effort: Annotated[int, "How many of these tasks have no effort."]
    ratio: Annotated[float | None, "Measured against capacity."]
    overloaded: Annotated[bool | None, "Whether more was promised than they can; null where nobody can tell."]
    each: Annotated[
        list[LoadOfPerson],
        Relation(source=EACH, order=order(unique="person_id uuid"), typical=5),
        "One by one: the viewer, and those whom they lead.",
    ]
    because: Annotated[
        list[LoadPart],
        Relation(source=BECAUSE, order=BECAUSE_ORDER, typical=20),
        "The tasks that count: the viewer's, and those of whom they lead; the earliest due first.",
    ]
