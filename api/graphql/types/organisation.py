"""The organisation, its people and teams."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Filter, Here, Link, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.scalars import JSON
from api.graphql.types.cadence import Cadence, cadence_in_force
from api.graphql.types.common import Connection, Node
from api.graphql.types.labels import Links, Tags


@strawberry.enum
class NameOrder(Enum):
    """What people and teams are ordered by."""

    NAME = "NAME"
    NAME_DESC = "NAME_DESC"


NAME_ORDERS = {"NAME": order("name"), "NAME_DESC": order("name desc", unique="id uuid desc")}


@strawberry.enum
class Role(Enum):
    """What a caller may do."""

    OWNER = "OWNER"
    LEAD = "LEAD"
    MEMBER = "MEMBER"
    AUDITOR = "AUDITOR"
    READER = "READER"


@strawberry.enum
class RollUp(Enum):
    """What an outcome's progress is made of."""

    MEASURES = "MEASURES"
    CHILDREN = "CHILDREN"
    BOTH = "BOTH"
    SUM = "SUM"


@strawberry.enum
class EffortUnit(Enum):
    """What effort is told in."""

    POINTS = "POINTS"
    HOURS = "HOURS"


@strawberry.enum
class OpenFact(Enum):
    """What time has brought about, and goes to others while it stands open."""

    DUE_PASSED = "DUE_PASSED"
    ACCEPTANCE_PASSED = "ACCEPTANCE_PASSED"
    BLOCK_AGED = "BLOCK_AGED"
    CHECK_IN_MISSED = "CHECK_IN_MISSED"
    ACKNOWLEDGEMENT_PASSED = "ACKNOWLEDGEMENT_PASSED"


@strawberry.enum
class Receiver(Enum):
    """To whom it goes: owner, reviewer and leads are those of the outcome that it is about, or that the task serves."""

    BENEFICIARY = "BENEFICIARY"
    OWNER = "OWNER"
    REVIEWER = "REVIEWER"
    LEADS = "LEADS"
    LEADS_ABOVE = "LEADS_ABOVE"


@stands_on(None)
class EscalationStep:
    """What has stood open for so many days goes to these people."""

    fact: OpenFact
    days: int
    to: Annotated[Receiver, Column("receiver")]
    set_for: Annotated[ID, Column("holder_id"), "The team or the organisation whose ladder says so."]


LADDER_ORDER = order("fact", "days int4", unique="receiver")


@stands_on(None)
class Policy:
    """The thresholds that the organisation judges by."""

    on_track_from: Annotated[float, "The pace from which an outcome is on track."]
    at_risk_from: Annotated[float, "The pace from which it is at risk; below, it is off track."]
    too_early_share: Annotated[float, "The share of its time before which it is too early to tell."]
    acknowledgement_days: Annotated[int, "How long a delivery or a check-in may wait for its answer."]
    focus_limit: Annotated[int, "How many outcomes a team or a person may have active at once, unless said otherwise."]
    green_from: float
    amber_from: float
    aspirational_success: Annotated[float, "The grade from which an aspirational outcome is a success."]
    small_number: Annotated[int, "Below so many cases counts are told, and no rate."]
    block_days: Annotated[int, "How long something may stand in the way of a promise before it is told as a risk."]
    effort_unit: Annotated[EffortUnit, "What the effort of a task is told in."]
    default_roll_up: Annotated[RollUp | None, "Null: measures where there are any, else what serves the outcome."]


@stands_on("organisation")
class Organisation(Node):
    """The tenant: everything belongs to exactly one."""

    id: ID
    name: str
    time_zone: str
    first_day_of_week: int
    fiscal_year_starts_month: int
    holidays: JSON
    cadence: Annotated[
        Cadence,
        Relation(source=cadence_in_force("(select *, id as holder_id from {rows:cadence} c) n on n.id = g.id")),
        "What holds where nothing was said of an outcome, its team or a team above.",
    ]
    policy: Annotated[Policy, Here()]
    escalation: Annotated[
        list[EscalationStep],
        Relation(source="ladder_of({org}, null, {pos})", order=LADDER_ORDER, typical=3),
        "To whom open facts go where neither a team nor one above says otherwise, and after how many days.",
    ]


@stands_on("reference")
class Reference:
    """Where something is known under another id."""

    system: str
    id: Annotated[str, Column("external_id")]
    url: str | None


@stands_on("person")
class Person(Node):
    """Somebody who can promise."""

    id: ID
    name: str
    email: str | None
    left_on: Annotated[date | None, "The day they were deactivated on; null while they are here."]
    forgotten_on: Annotated[date | None, "The day on which their name, address and texts were made unreadable."]
    role: Annotated[
        Role | None,
        Expr("(select r.role from {rows:person_role} r where r.person_id = {t}.id limit 1)"),
    ]
    teams: Annotated[
        list["Team"], Relation(via=Link("membership", "person_id", "team_id"), order=order("name"), typical=2)
    ]
    delegations: Annotated[
        list["Delegation"],
        Relation(on="person_id", order=order("starts_on date"), typical=1),
        "Who takes their duties, and when; the earliest first.",
    ]
    tags: Tags
    links: Links


@stands_on("delegation")
class Delegation:
    """Somebody takes a person's duties from a day to a day, both included."""

    delegate: Annotated[Person | None, Relation(on="delegate_id")]
    starts_on: date
    ends_on: date
    reason: str


@stands_on("preferences")
class Preferences:
    """How a person wants to be told."""

    digest_weekday: Annotated[int | None, "1 is Monday; null: no digest was asked for."]
    digest_hour: int | None
    quiet_from_hour: int | None
    quiet_until_hour: int | None
    language: str | None
    time_zone: Annotated[str | None, "Their own, by which their days begin and end; null: the organisation's."]


@stands_on("membership")
class Membership:
    """A person in a team."""

    lead: bool
    person: Annotated[Person | None, Relation(on="person_id")]
    team: Annotated["Team | None", Relation(on="team_id")]


@strawberry.input
class TeamFilter:
    """Every key that is given has to hold; `parent: null` asks for the teams at the top."""

    parent: ID | None = UNSET
    member: ID | None = UNSET


TEAM_FILTERS = {
    "filter.parent": Filter("{c}.parent_id = {v}", null="{c}.parent_id is null"),
    "filter.member": "exists (select from {rows:membership} m where m.team_id = {c}.id and m.person_id = {v})",
}


@stands_on(None)
class ProgressPoint:
    """Progress on a day, as it is known now."""

    day: date
    progress: float | None


@stands_on("team")
class Team(Node):
    """People who own outcomes together; teams nest."""

    id: ID
    name: str
    disbanded_on: Annotated[date | None, "Null while there is such a team."]
    parent: Annotated["Team | None", Relation(on="parent_id")]
    members: Annotated[
        list[Membership], Relation(on="team_id", order=order("person_id uuid"), typical=5), "By the person's id."
    ]
    references: Annotated[list[Reference], Relation(on="entity_id", order=order("system"), typical=1)]
    tags: Tags
    links: Links

    @mapped(Relation(on="parent_id", order=NAME_ORDERS, typical=5))
    def teams(
        self,
        *,
        order_by: NameOrder = NameOrder.NAME,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection["Team"]:
        """The teams inside it."""
        raise NotCompiled

    escalation: Annotated[
        list[EscalationStep],
        Relation(source="ladder_of({org}, {t}.id, {pos})", order=LADDER_ORDER, typical=3),
        "To whom open facts go, and after how many days: by its own ladder, or that of the nearest above it.",
    ]
    progress: Annotated[
        float | None,
        Expr("team_progress({org}, {t}.id, {pos}, {on})", price=10),
        "The plain mean of the progress of its active outcomes; null where none is clear.",
    ]

    @mapped(
        Relation(
            source="(select d.day, team_progress({org}, {t}.id, {pos}, d.day) as progress"
            " from days_to({on}, {a.days}) d)",
            order=order(unique="day date"),
            typical=90,
        )
    )
    def trend(self, days: int = 30) -> list[ProgressPoint]:
        """Its progress on each of so many days up to the day asked for; 366 at most."""
        raise NotCompiled


@stands_on(None)
class Viewer:
    """Who is asking."""

    role: Role
    person: Annotated[Person | None, Relation(on="person_id"), "Null where the key stands for no person."]
    organisation: Annotated[Organisation | None, Relation()]
    preferences: Annotated[Preferences | None, Relation(on="person_id"), "Null where they never said any."]
