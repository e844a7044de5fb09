"""A ledger of many events, written by plain SQL as the owner: what a million commands would have left, in seconds.

The first two events found the organisation and form a team; then come groups of a hundred: an outcome, its measure,
and 98 readings of it. The chain is not in order; nothing that is measured looks at it.
"""

import os
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from domain.indicators import UnitOfMeasure
from domain.kernel import Event
from domain.measures import Direction, MeasureSet
from domain.organisation import OrganisationFounded
from domain.outcomes import OutcomeSet
from domain.people import TeamFormed
from domain.readings import ReadingTaken
from infra.codec import encode
from infra.database import Connection

GROUP = 100
IDS = {name: UUID(int=number) for number, name in enumerate(("organisation", "team", "outcome", "measure", "reading"))}

LOAD = """
create temporary table kinds (kind int, type text, body text) on commit drop;
insert into kinds values {kinds};
create temporary table made on commit drop as
select p as position, k.type,
       replace(replace(replace(replace(replace(k.body,
           '{organisation}', '{id}'), '{team}', md5('team')::uuid::text),
           '{outcome}', md5('outcome' || g.grouped)::uuid::text), '{measure}', md5('measure' || g.grouped)::uuid::text),
           '{reading}', md5('reading' || p)::uuid::text) as body,
       case k.kind
       when 0 then array['organisation:{id}']
       when 1 then array['team:' || md5('team')::uuid]
       when 2 then array['outcome:' || md5('outcome' || g.grouped)::uuid, 'team:' || md5('team')::uuid]
       when 3 then array['measure:' || md5('measure' || g.grouped)::uuid,
                         'outcome:' || md5('outcome' || g.grouped)::uuid]
       else array['reading:' || md5('reading' || p)::uuid, 'measure:' || md5('measure' || g.grouped)::uuid,
                  'outcome:' || md5('outcome' || g.grouped)::uuid] end as tags
  from generate_series(1, {events}) p
 cross join lateral (select (p - 3) / {group} as grouped, (p - 3) % {group} as nth) g
  join kinds k on k.kind = case when p < 3 then p - 1 when g.nth < 2 then g.nth + 2 else 4 end;
insert into ledger.events
select '{id}', position, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), clock_timestamp(),
       clock_timestamp(), 1, type, 'system', tags, null, body, sha256(position::text::bytea)
  from made order by position;
insert into ledger.tags
select '{id}', ledger.tag_of(type, tag), position from made cross join lateral unnest(tags) tag order by 2, 3;
insert into ledger.heads (organisation_id, position) values ('{id}', {events});
"""


def events_asked(otherwise: int) -> int:
    return int(os.environ.get("HEADWAY_BENCH_EVENTS", str(otherwise)))


def outcome_of(group: int) -> str:
    """The SQL of the id of a group's outcome."""
    return f"md5('outcome{group}')::uuid"


def _kinds() -> list[Event]:
    outcome, measure = IDS["outcome"], IDS["measure"]
    return [
        OrganisationFounded(organisation_id=IDS["organisation"], name="Harbour", time_zone="UTC"),
        TeamFormed(team_id=IDS["team"], name="Platform"),
        OutcomeSet(outcome_id=outcome, title="Customers get an answer within the day", team_id=IDS["team"]),
        MeasureSet(
            measure_id=measure,
            outcome_id=outcome,
            title="Answered within the day",
            direction=Direction.INCREASE,
            unit=UnitOfMeasure(symbol="%"),
            baseline=Decimal(40),
            target=Decimal(90),
        ),
        ReadingTaken(
            reading_id=IDS["reading"],
            measure_id=measure,
            outcome_id=outcome,
            value=Decimal("61.5"),
            taken_on=date(2022, 5, 2),
            note="As told by the service desk.",
        ),
    ]


async def load_many(owner: Connection, events: int) -> UUID:
    """The organisation to which so many events have happened."""
    organisation_id = uuid4()
    kinds = ", ".join(f"({number}, '{kind.stored_type()}', '{encode(kind)}')" for number, kind in enumerate(_kinds()))
    sql = LOAD.replace("{kinds}", kinds).replace("{id}", str(organisation_id))
    sql = sql.replace("{events}", str(events)).replace("{group}", str(GROUP))
    for name, one in IDS.items():
        sql = sql.replace("{" + name + "}", str(one))
    async with owner.transaction():
        await owner.execute(sql, timeout=600)
    for table in ("events", "tags", "heads"):
        await owner.execute(f"vacuum (analyze) ledger.{table}", timeout=600)
    return organisation_id
