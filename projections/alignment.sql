-- tables

create table strategy (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    statement text not null,
    starts_on date,
    ends_on date,
    primary key (organisation_id, id, since)
);

create table perspective (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    key text collate "C" not null,
    title text not null,
    place int not null, -- in the order of the map; 1 is on top
    primary key (organisation_id, id, since)
);
create index perspective_by_place on perspective (organisation_id, place, id) where until is null;
create index perspective_by_place_as_of on perspective (organisation_id, place, id);

create table objective (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    description text,
    perspective text collate "C" not null,
    team_id uuid,
    is_retired boolean not null,
    retired_reason text,
    primary key (organisation_id, id, since)
);
create index objective_by_title on objective (organisation_id, perspective, title, id) where until is null;
create index objective_by_title_as_of on objective (organisation_id, perspective, title, id);

create table cause (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    objective_id uuid not null,
    drives_id uuid not null,
    primary key (organisation_id, id, since)
);
create index cause_by_objective on cause (organisation_id, objective_id, drives_id);
create index cause_by_driven on cause (organisation_id, drives_id, objective_id);

create table outcome (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    description text,
    cycle_id uuid,
    team_id uuid,
    owner_id uuid,
    reviewer_id uuid,
    ambition text not null check (ambition in ('COMMITTED', 'ASPIRATIONAL')),
    starts_on date,
    due_on date,
    roll_up text check (roll_up in ('MEASURES', 'CHILDREN', 'BOTH', 'SUM')),
    state text not null check (state in ('DRAFT', 'ACTIVE', 'PAUSED', 'ABANDONED', 'WITHDRAWN')),
    state_reason text, -- why it is paused or has ended
    rank int, -- in the order of its team; 1 is the first
    primary key (organisation_id, id, since)
);
create index outcome_by_title on outcome (organisation_id, title, id) where until is null;
create index outcome_by_title_as_of on outcome (organisation_id, title, id);
create index outcome_by_due on outcome (organisation_id, due_on, id) where until is null;
create index outcome_by_due_as_of on outcome (organisation_id, due_on, id);
create index outcome_by_rank on outcome (organisation_id, rank, id) where until is null;
create index outcome_by_rank_as_of on outcome (organisation_id, rank, id);
create index outcome_by_team on outcome (organisation_id, team_id, title, id) where until is null;
create index outcome_by_team_as_of on outcome (organisation_id, team_id, title, id);
create index outcome_by_owner on outcome (organisation_id, owner_id, title, id) where until is null;
create index outcome_by_owner_as_of on outcome (organisation_id, owner_id, title, id);
create index outcome_by_reviewer on outcome (organisation_id, reviewer_id) where reviewer_id is not null;
create index outcome_by_cycle on outcome (organisation_id, cycle_id, title, id) where until is null;
create index outcome_by_cycle_as_of on outcome (organisation_id, cycle_id, title, id);

-- what an outcome serves: a higher outcome (perhaps by one of its measures), or a strategic objective
create table alignment (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    higher_id uuid,
    objective_id uuid,
    measure_id uuid,
    weight numeric not null,
    primary key (organisation_id, id, since),
    check ((higher_id is null) <> (objective_id is null))
);
create index alignment_by_outcome on alignment (organisation_id, outcome_id, id);
create index alignment_by_higher on alignment (organisation_id, higher_id, outcome_id);
create index alignment_by_objective on alignment (organisation_id, objective_id, outcome_id);

create table focus_limit (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    team_id uuid,
    person_id uuid,
    cycle_id uuid not null,
    most int not null,
    reason text not null,
    primary key (organisation_id, id, since)
);
create index focus_limit_by_cycle on focus_limit (organisation_id, cycle_id);

-- the teams that share an outcome with its owner
create table outcome_share (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    team_id uuid not null,
    primary key (organisation_id, id, since)
);
create index outcome_share_by_outcome on outcome_share (organisation_id, outcome_id, team_id);
create index outcome_share_by_team on outcome_share (organisation_id, team_id, outcome_id);

-- functions

-- alignment_tree: the outcomes below p_root (itself at depth 0), down to p_depth, each under the one it serves;
-- an outcome that serves two of them stands twice. The order is that of a walk, level by level.
create function alignment_tree(p_organisation uuid, p_root uuid, p_depth int, p_as_of bigint)
returns table (outcome_id uuid, parent_id uuid, depth int, weight numeric)
language sql stable parallel safe rows 300
as $$
    with recursive tree (outcome_id, parent_id, depth, weight) as (
        select o.id, null::uuid, 0, null::numeric
          from outcome o
         where o.organisation_id = p_organisation and o.id = p_root
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
        union all
        select a.outcome_id, t.outcome_id, t.depth + 1, a.weight
          from tree t
          join alignment a on a.organisation_id = p_organisation and a.higher_id = t.outcome_id
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
         where t.depth < p_depth
    )
    select outcome_id, parent_id, depth, weight from tree
$$;

-- line_of_sight: every path from an outcome upwards, to a strategic objective where one is reached, step by step
-- (step 0 is the outcome itself); weight is the product of the links' weights so far.
create function line_of_sight(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns table (path int, step int, kind text, id uuid, weight numeric)
language sql stable parallel safe rows 20
as $$
    with recursive walk (ids, kinds, weights, last, done) as (
        select array[o.id], array['outcome'], array[1::numeric], o.id, false
          from outcome o
         where o.organisation_id = p_organisation and o.id = p_outcome
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
        union all
        select w.ids || coalesce(a.higher_id, a.objective_id),
               w.kinds || case when a.higher_id is null then 'objective' else 'outcome' end,
               w.weights || a.weight * w.weights[cardinality(w.weights)],
               coalesce(a.higher_id, a.objective_id),
               a.higher_id is null
          from walk w
          join alignment a on a.organisation_id = p_organisation and a.outcome_id = w.last
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
         where not w.done and cardinality(w.ids) < 30
    ),
    paths as (
        select row_number() over (order by w.done desc, w.weights[cardinality(w.weights)] desc, w.ids)::int as path, w.*
          from walk w
         where w.done
            or not exists (
               select from alignment a
                where a.organisation_id = p_organisation and a.outcome_id = w.last
                  and a.since <= p_as_of and (a.until is null or a.until > p_as_of))
    )
    select p.path, (s.step - 1)::int, s.kind, s.id, s.weight
      from paths p
     cross join lateral unnest(p.ids, p.kinds, p.weights) with ordinality s (id, kind, weight, step)
$$;

-- reaches_objective: whether a path runs from the outcome to a strategic objective that is not retired
create function reaches_objective(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns boolean
language sql stable parallel safe
as $$
    with recursive above (id) as (
        select p_outcome
        union
        select a.higher_id
          from above u
          join alignment a on a.organisation_id = p_organisation and a.outcome_id = u.id and a.higher_id is not null
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
    )
    select exists (
        select from above u
          join alignment a on a.organisation_id = p_organisation and a.outcome_id = u.id and a.objective_id is not null
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
          join objective o on o.organisation_id = p_organisation and o.id = a.objective_id and not o.is_retired
                          and o.since <= p_as_of and (o.until is null or o.until > p_as_of))
$$;
