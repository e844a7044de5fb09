"""How what was promised was kept: told of a person to them and their leads (R15)."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.mapping import Column, Expr, Here, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.accountability import Task
from api.graphql.types.organisation import Person, Team

OF_PERSON = "{a.person} in (select s.id from told_of({org}, {viewer.person}) s)"
# A team is told to its leads and to those of the teams above it, and to all where it has five people or more.
LEADS_TEAM = (
    "{a.team} in (select b.id from membership l cross join lateral teams_below({org}, l.team_id, {pos}) b"
    " where l.organisation_id = {org} and l.person_id = {viewer.person} and l.lead and l.until is null)"
)
OF_TEAM = f"((select count(*) from promising({{org}}, null, {{a.team}}, {{pos}})) >= 5 or {LEADS_TEAM})"
FOLLOW_THROUGH = {
    "person": "(select f.* from {rows:person} w cross join lateral follow_through({org}, w.id, null, {a.from}, {a.to},"
    " {pos}, {on}) f where w.id = {a.person} and " + OF_PERSON + ")",
    "team": "(select f.* from {rows:team} w cross join lateral follow_through({org}, null, w.id, {a.from}, {a.to},"
    " {pos}, {on}) f where w.id = {a.team} and " + OF_TEAM + ")",
}
TREND = "follow_through_windows({org}, {t}.person_id, {t}.team_id, {t}.from_on, {t}.to_on, {a.windows}, {pos}, {on})"
# One by one only where everybody among them is somebody whose follow-through the viewer is told.
MISSES = (
    "(select d.* from promises_due({org}, {t}.person_id, {t}.team_id, {t}.from_on, {t}.to_on, {pos}, {on}) d"
    " where d.ending not in ('IN_TIME', 'RELEASED_IN_TIME')"
    " and d.promiser_id in (select s.id from told_of({org}, {viewer.person}) s))"
)


@strawberry.enum
class Miss(Enum):
    """How a promise was not kept by the agreed day."""

    LATE = "LATE"
    OVERDUE = "OVERDUE"
    BROKEN = "BROKEN"
    RELEASED_LATE = "RELEASED_LATE"
    HANDED_OVER = "HANDED_OVER"


@stands_on(None)
class MissedPromise:
    """A promise that was not kept by the agreed day, and why, where somebody said so."""

    miss: Annotated[Miss, Column("ending")]
    agreed_on: Annotated[date, "The day in force when it passed."]
    delivered_on: date | None
    days_late: Annotated[int | None, Expr("({t}.delivered_on - {t}.agreed_on)", price=1)]
    reason: Annotated[str | None, "As it was broken or released."]
    promiser: Annotated[Person | None, Relation(on="promiser_id"), "Who had promised it then."]
    task: Annotated[Task | None, Relation(on="task_id")]


@stands_on(None)
class PromisesKept:
    """What was promised by the days of a window, and was due on the day asked for, by what had become of it.

    Rates, means and the median are null where fewer are counted than the organisation's small number: a few promises
    say nothing.
    """

    starts_on: Annotated[date, Column("from_on")]
    ends_on: Annotated[date, Column("to_on")]
    promises: Annotated[int, "Due in the window, by the terms in force on the due date."]
    counted: Annotated[int, "All but those released in time."]
    kept: Annotated[int, "Delivered by the agreed day, whatever became of it after."]
    late: Annotated[int, "Delivered after the agreed day."]
    overdue: int
    broken: int
    released_in_time: int
    released_late: Annotated[int, "Released undelivered after the agreed day."]
    handed_over: Annotated[int, "Given to somebody else, undelivered, after the agreed day."]
    unanswered: Annotated[int, "Delivered, in time or late, and not answered: the beneficiary owes it."]
    kept_first: Annotated[int, "Delivered by the day that was promised first."]
    renegotiations: int
    returns: int
    rate: Annotated[float | None, "Kept among those counted, 0…1."]
    first_date_rate: Annotated[float | None, "Kept by the day that was promised first, among those counted, 0…1."]
    renegotiations_per_promise: Annotated[float | None, Column("renegotiations_each")]
    returns_per_promise: Annotated[float | None, Column("returns_each")]
    median_days_late: Annotated[float | None, "Of those delivered late."]


@stands_on(None)
class FollowThrough:
    """How a person, or the people of a team and the teams below it, kept what they had promised. It is no grade."""

    person: Annotated[Person | None, Relation(on="person_id")]
    team: Annotated[Team | None, Relation(on="team_id")]
    window: Annotated[PromisesKept, Here()]

    @mapped(Relation(source=TREND, order=order(unique="from_on date"), typical=4))
    def trend(self, windows: int = 4) -> list[PromisesKept]:
        """The same for windows of the same length, the last of them this one, the earliest first; 26 at most."""
        raise NotCompiled

    @mapped(
        Relation(source=MISSES, order=order("agreed_on date", "promiser_id uuid", unique="task_id uuid"), typical=10)
    )
    def misses(self, first: int = 50) -> list[MissedPromise]:
        """What was not kept by the agreed day, one by one: the viewer's own, and of those whom they lead."""
        raise NotCompiled
