-- tables

create table milestone (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    title text collate "C" not null,
    due_on date not null,
    first_due_on date not null,
    moves int not null,
    weight numeric not null,
    owner_id uuid,
    state text not null check (state in ('PLANNED', 'REACHED', 'MISSED', 'WITHDRAWN')),
    reached_on date,
    days_late int,
    days_early int,
    note text,
    evidence json not null,
    missed_on date,
    missed_because text,
    withdrawn_because text,
    initiative_id uuid,
    primary key (organisation_id, id, since)
);
create index milestone_by_due on milestone (organisation_id, due_on, id) where until is null;
create index milestone_by_due_as_of on milestone (organisation_id, due_on, id);
create index milestone_planned on milestone (organisation_id, due_on, id) where until is null and state = 'PLANNED';
create index milestone_by_title on milestone (organisation_id, title, id) where until is null;
create index milestone_by_title_as_of on milestone (organisation_id, title, id);
create index milestone_by_outcome on milestone (organisation_id, outcome_id, due_on, id) where until is null;
create index milestone_by_outcome_as_of on milestone (organisation_id, outcome_id, due_on, id);
create index milestone_by_initiative on milestone (organisation_id, initiative_id, due_on, id) where initiative_id is not null;

-- a day that a milestone was due on, until it was moved
create table former_day (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    milestone_id uuid not null,
    outcome_id uuid not null,
    due_on date not null,
    replaced_on date not null,
    reason text not null,
    primary key (organisation_id, id, since)
);
create index former_day_by_milestone on former_day (organisation_id, milestone_id, since);
comment on table former_day is 'only added';

-- what a milestone waits for, and whose that is
create table awaited_milestone (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    milestone_id uuid not null,
    outcome_id uuid not null,
    awaited_id uuid not null,
    awaited_outcome_id uuid not null,
    primary key (organisation_id, id, since)
);
create index awaited_milestone_by_milestone on awaited_milestone (organisation_id, milestone_id, awaited_id);
create index awaited_milestone_by_awaited on awaited_milestone (organisation_id, awaited_id, milestone_id);

-- functions

-- milestone_state: where a milestone stood on a day; one that was withdrawn counts on no day
create function milestone_state(p_state text, p_reached_on date, p_missed_on date, p_on date)
returns text
language sql immutable parallel safe
as $$
    select case when p_state = 'WITHDRAWN' then 'WITHDRAWN'
                when p_reached_on <= p_on then 'REACHED'
                when p_missed_on <= p_on then 'MISSED'
                else 'PLANNED' end
$$;

-- milestones_reached: of the milestones of an outcome that were not withdrawn, the share that was reached by a day, by their weights;
-- null where there are none, or all weigh nothing. Those of its initiatives do not count.
create function milestones_reached(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    select coalesce(sum(s.weight) filter (where s.reached_on <= p_on), 0) / nullif(sum(s.weight), 0)
      from milestone s
     where s.organisation_id = p_organisation and s.outcome_id = p_outcome and s.initiative_id is null and s.state <> 'WITHDRAWN'
       and s.since <= p_as_of and (s.until is null or s.until > p_as_of)
$$;

-- milestone_burn_up: day by day, 366 at most, what the milestones of an outcome weigh, or of an initiative, each without the other's: those that were first due by the day, those that
-- are due by it as they stand now, and those that were reached by it, which nobody knows of a day after p_on. Without p_from and p_to
-- from the first of these days to the last.
create function milestone_burn_up(p_organisation uuid, p_of uuid, p_as_of bigint, p_on date, p_from date, p_to date)
returns table (day date, first_planned numeric, planned numeric, reached numeric)
language sql stable parallel safe rows 90
as $$
    with counted as materialized (
        select s.first_due_on, s.due_on, s.reached_on, s.weight
          from milestone s
         where s.organisation_id = p_organisation and s.state <> 'WITHDRAWN'
           and ((s.outcome_id = p_of and s.initiative_id is null) or s.initiative_id = p_of)
           and s.since <= p_as_of and (s.until is null or s.until > p_as_of)
    ),
    span (first, last) as (
        select coalesce(p_from, min(least(c.first_due_on, c.due_on, c.reached_on))),
               coalesce(p_to, max(greatest(c.first_due_on, c.due_on, c.reached_on)))
          from counted c
    )
    select d.day, coalesce(sum(c.weight) filter (where c.first_due_on <= d.day), 0),
           coalesce(sum(c.weight) filter (where c.due_on <= d.day), 0),
           case when d.day <= p_on then coalesce(sum(c.weight) filter (where c.reached_on <= d.day), 0) end
      from (select s.first + n
              from span s
             cross join lateral generate_series(0, case when s.last - s.first > 365 then 365 else s.last - s.first end) n) d (day)
      left join counted c on true
     group by d.day
     order by d.day
$$;
