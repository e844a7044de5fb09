-- tables

create table check_in (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    author_id uuid,
    confidence numeric,
    status text check (status in ('ON_TRACK', 'AT_RISK', 'OFF_TRACK')),
    moved text,
    set_back text,
    next text,
    dated date not null,
    made_at bigint not null,
    revisions int not null,
    primary key (organisation_id, id, since)
);
create index check_in_by_outcome on check_in (organisation_id, outcome_id, dated, made_at, id) where until is null;
create index check_in_by_outcome_as_of on check_in (organisation_id, outcome_id, dated, made_at, id);

-- who has read a check-in, or else the grade of an outcome, or the review of a cycle
create table acknowledgement (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    check_in_id uuid,
    outcome_id uuid,
    cycle_id uuid,
    person_id uuid not null,
    note text,
    acknowledged_on date not null,
    primary key (organisation_id, id, since)
);
create index acknowledgement_by_check_in on acknowledgement (organisation_id, check_in_id, id);
create index acknowledgement_by_outcome on acknowledgement (organisation_id, outcome_id) where check_in_id is null;
create index acknowledgement_by_cycle on acknowledgement (organisation_id, cycle_id, person_id) where cycle_id is not null;

-- how often check-ins are due: of an outcome, a team, or the organisation, whose id is the row's
create table cadence (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    every_count int not null,
    every_unit text not null check (every_unit in ('DAYS', 'WEEKS', 'MONTHS')),
    weekday int,
    grace_days int not null,
    team_id uuid,
    outcome_id uuid,
    primary key (organisation_id, id, since)
);

-- an outcome that is being worked on, and since when
create table worked_on (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    started_on date not null,
    primary key (organisation_id, id, since)
);

create table missed_check_in (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    due_on date not null,
    primary key (organisation_id, id, since)
);
create index missed_check_in_by_outcome on missed_check_in (organisation_id, outcome_id, due_on, id);

create table late_acknowledgement (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    check_in_id uuid not null,
    waiting_since date not null,
    primary key (organisation_id, id, since)
);
create index late_acknowledgement_by_check_in on late_acknowledgement (organisation_id, check_in_id, id);

create table comment (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    about_id uuid not null,
    author_id uuid not null,
    text text not null,
    made_on date not null,
    made_at bigint not null,
    reply_to_id uuid,
    primary key (organisation_id, id, since)
);
create index comment_by_about on comment (organisation_id, about_id, made_at, id) where until is null;
create index comment_by_about_as_of on comment (organisation_id, about_id, made_at, id);

create table decision (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    why text,
    decided_on date not null,
    team_id uuid,
    reversed_on date,
    reversed_because text,
    recorded_at bigint not null,
    primary key (organisation_id, id, since)
);
create index decision_by_day on decision (organisation_id, decided_on, id) where until is null;
create index decision_by_day_as_of on decision (organisation_id, decided_on, id);

-- what a team or a person said no or not now to, until a day or for a cycle
create table declined_work (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    reason text not null,
    declined_on date not null,
    until_on date,
    team_id uuid,
    person_id uuid,
    cycle_id uuid,
    asked_by_id uuid,
    reconsidered_on date,
    reconsidered_because text,
    primary key (organisation_id, id, since)
);
create index declined_work_by_day on declined_work (organisation_id, declined_on, id) where until is null;
create index declined_work_by_day_as_of on declined_work (organisation_id, declined_on, id);
create index declined_work_by_team on declined_work (organisation_id, team_id, declined_on, id) where until is null;
create index declined_work_by_team_as_of on declined_work (organisation_id, team_id, declined_on, id);

create table decided_by (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    decision_id uuid not null,
    person_id uuid not null,
    primary key (organisation_id, id, since)
);
create index decided_by_decision on decided_by (organisation_id, decision_id, person_id);

create table decided_of (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    decision_id uuid not null,
    outcome_id uuid not null,
    primary key (organisation_id, id, since)
);
create index decided_of_decision on decided_of (organisation_id, decision_id, outcome_id);
create index decided_of_outcome on decided_of (organisation_id, outcome_id, decision_id);

-- functions

-- due_after: the day on which the next check-in is due after one; a month's end is clamped, then the weekday on or after
create function due_after(p_count int, p_unit text, p_weekday int, p_day date)
returns date
language sql immutable parallel safe
as $$
    select d.due + case when p_weekday is null then 0 else (p_weekday - extract(isodow from d.due)::int + 7) % 7 end
      from (select case p_unit
                   when 'DAYS' then p_day + p_count
                   when 'WEEKS' then p_day + 7 * p_count
                   else (p_day::timestamp + make_interval(months => p_count))::date end) d (due)
$$;

-- nearest_cadence: the cadence of an outcome: its own, else that of its team or of the nearest team above, else the
-- organisation's, else the usual one
create function nearest_cadence(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns table (every_count int, every_unit text, weekday int, grace_days int, holder_id uuid)
language sql stable parallel safe rows 1
as $$
    with recursive holder (id, nth) as (
        select p_outcome, 0
        union all
        select p_organisation, 1000
    ),
    above (id, parent_id, nth) as (
        select t.id, t.parent_id, 1
          from outcome o
          join team t on t.organisation_id = p_organisation and t.id = o.team_id
                     and t.since <= p_as_of and (t.until is null or t.until > p_as_of)
         where o.organisation_id = p_organisation and o.id = p_outcome
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
           and exists (select from cadence c where c.organisation_id = p_organisation and c.team_id is not null)
        union all
        select t.id, t.parent_id, u.nth + 1
          from above u
          join team t on t.organisation_id = p_organisation and t.id = u.parent_id
                     and t.since <= p_as_of and (t.until is null or t.until > p_as_of)
         where u.nth < 30
    )
    select c.every_count, c.every_unit, c.weekday, c.grace_days, c.id
      from (select id, nth from holder union all select id, nth from above) h
      join cadence c on c.organisation_id = p_organisation and c.id = h.id
                    and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
     order by h.nth
     limit 1
$$;

-- check_in_due: the day on which the next check-in of an outcome is due: a cadence after the last one dated by p_on, or after the day
-- on which work on it began, whichever is later; nothing for an outcome that nobody works on
create function check_in_due(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns table (due_on date, grace_days int)
language sql stable parallel safe rows 1
as $$
    select due_after(coalesce(n.every_count, g.cadence_days), coalesce(n.every_unit, 'DAYS'), n.weekday,
                     greatest(w.started_on, l.dated)),
           coalesce(n.grace_days, g.grace_days)
      from worked_on w
      join organisation g on g.organisation_id = p_organisation
                         and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
      left join lateral (
           select max(c.dated)
             from check_in c
            where c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.dated <= p_on
              and c.since <= p_as_of and (c.until is null or c.until > p_as_of)) l (dated) on true
      left join lateral nearest_cadence(p_organisation, p_outcome, p_as_of) n on true
     where w.organisation_id = p_organisation and w.id = p_outcome and w.started_on <= p_on
       and w.since <= p_as_of and (w.until is null or w.until > p_as_of)
$$;

-- outcome_stated_status: what the last check-in that states a status said, dated by p_on
create function outcome_stated_status(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns text
language sql stable parallel safe
as $$
    select c.status
      from check_in c
     where c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.dated <= p_on and c.status is not null
       and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
     order by c.dated desc, c.made_at desc, c.id desc
     limit 1
$$;

-- outcome_status: the one that is shown (R13): closed, else outdated past cadence and grace, else stated, else pending. Who never
-- checks in is outdated as well once the first check-in and its grace have passed: silence is never green.
create function outcome_status(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns text
language sql stable parallel safe
as $$
    select case
           when o.state not in ('DRAFT', 'ACTIVE', 'PAUSED') then 'CLOSED'
           when p_on > (select d.due_on + d.grace_days from check_in_due(p_organisation, p_outcome, p_as_of, p_on) d)
           then 'OUTDATED'
           else coalesce(outcome_stated_status(p_organisation, p_outcome, p_as_of, p_on), 'PENDING') end
      from outcome o
     where o.organisation_id = p_organisation and o.id = p_outcome
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
$$;

-- outcome_confidence: what the last check-in that states a confidence said, dated by p_on
create function outcome_confidence(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    select c.confidence
      from check_in c
     where c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.dated <= p_on and c.confidence is not null
       and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
     order by c.dated desc, c.made_at desc, c.id desc
     limit 1
$$;
