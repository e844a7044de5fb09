"""Public events, as webhooks send them, for those who ask or listen."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Probe, Relation, order, stands_on
from api.graphql.scalars import JSON, Position
from api.graphql.types.alignment import Outcome
from api.graphql.types.common import Node
from api.graphql.types.history import SENTENCE

# What is told of a promise does not name what it serves where that is hidden (R15); of all else there is no entry then.
PUBLIC_EVENTS = (
    "(select e.id, e.position, k.nth, k.kind, e.type, e.entity_id, e.occurred_at, e.recorded_at,"
    " case when not w.is_hidden then w.outcome_id end as outcome_id,"
    " case when w.is_hidden then k.data || '{\"outcomeId\": null}' else k.data end::json as data"
    " from {rows:entry} e cross join lateral public_kinds(e.type, e.entity_id, e.said) k"
    " cross join lateral (select o.id as outcome_id, coalesce(o.id in {hidden}, false) as is_hidden"
    " from (select coalesce((k.data ->> 'outcomeId')::uuid, outcome_of({org}, e.entity_id)) as id) o) w"
    " where e.position > {a.since})"
)
PUBLIC_ORDER = order("position int8", unique="nth int4")
MATCHING = (
    "exists (select from unnest({v}) p (kind)"
    " where case when right(p.kind, 1) = '*' then {c}.kind ^@ left(p.kind, -1) else {c}.kind = p.kind end)"
)
OF_TEAM = (
    "exists (select from teams_below({org}, {v}, {pos}) b"
    " where b.id in (select o.team_id from {rows:outcome} o where o.id = {c}.outcome_id"
    " union all select k.team_id from {rows:task} k where k.id = {c}.entity_id"
    " union all select m.team_id from {rows:task} k join {rows:membership} m on m.person_id = k.promiser_id"
    " where k.id = {c}.entity_id))"
)


@stands_on(None)
class PublicEvent:
    """Something that happened, by a name and facts that stay as they are: see /webhooks/events."""

    position: Annotated[Position, "Where to go on from: events of one position come together."]
    kind: Annotated[str, "Its name, such as milestone.reached."]
    occurred_at: datetime
    recorded_at: datetime
    about_id: Annotated[ID, Column("entity_id")]
    about: Annotated[Node | None, Probe("{t}.entity_id"), "As it is now, or as of when is asked."]
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    data: Annotated[JSON, "Ids and small facts."]
    sentence: Annotated[
        str,
        Expr(SENTENCE.replace("{a.language}", "null"), price=20),
        "It as one tells it to a person, in the language that you prefer, or English.",
    ]


@strawberry.input(description="Which public events; all that is given has to hold.")
class PublicEventFilter:
    """Of kinds, about something, of an outcome, of a team."""

    kinds: list[str] | None = strawberry.field(
        default=UNSET, description="Names, or their beginning and a star: milestone.reached, commitment.*"
    )
    about: ID | None = strawberry.field(default=UNSET, description="About this itself.")
    outcome: ID | None = strawberry.field(default=UNSET, description="Of this outcome and what belongs to it.")
    team: ID | None = strawberry.field(default=UNSET, description="Of this team and those below it.")


PUBLIC_FILTERS = {
    "filter.kinds": MATCHING,
    "filter.about": "{c}.entity_id = {v}",
    "filter.outcome": "{c}.outcome_id = {v}",
    "filter.team": OF_TEAM,
}
