-- tables

create table grade (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    grade numeric not null,
    suggested numeric,
    success boolean not null,
    graded_on date not null,
    reason text,
    cause text,
    lesson text,
    next_step text check (next_step in ('KEEP', 'MODIFY', 'ABANDON')),
    grader_id uuid,
    primary key (organisation_id, id, since)
);

create table succession (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    successor_id uuid not null,
    primary key (organisation_id, id, since)
);
create index succession_by_outcome on succession (organisation_id, outcome_id, successor_id);
create index succession_by_successor on succession (organisation_id, successor_id, outcome_id);

-- functions

-- grade_colour: green, amber or red by the thresholds of the organisation; no gap between the bands
create function grade_colour(p_organisation uuid, p_grade numeric, p_as_of bigint)
returns text
language sql stable parallel safe
as $$
    select case when p_grade >= g.green_from then 'GREEN' when p_grade >= g.amber_from then 'AMBER' else 'RED' end
      from organisation g
     where g.organisation_id = p_organisation and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
$$;

-- lineage: what an outcome was carried over from, and what took it up, step by step; 0 is the outcome itself
create function lineage(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns table (outcome_id uuid, step int)
language sql stable parallel safe rows 3
as $$
    with recursive back (id, step) as (
        select p_outcome, 0
        union all
        select s.outcome_id, b.step - 1
          from back b
          join succession s on s.organisation_id = p_organisation and s.successor_id = b.id
                           and s.since <= p_as_of and (s.until is null or s.until > p_as_of)
         where b.step > -100
    ),
    on_ (id, step) as (
        select p_outcome, 0
        union all
        select s.successor_id, o.step + 1
          from on_ o
          join succession s on s.organisation_id = p_organisation and s.outcome_id = o.id
                           and s.since <= p_as_of and (s.until is null or s.until > p_as_of)
         where o.step < 100
    )
    select id, step from back
    union
    select id, step from on_
$$;
