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
    state text not null check (state in
        ('DRAFT', 'ACTIVE', 'PAUSED', 'GRADED', 'CARRIED_OVER', 'ABANDONED', 'WITHDRAWN')),
    state_reason text, -- why it is paused or has ended
    rank int, -- in the order of its team; 1 is the first
    visibility text not null default 'ORGANISATION'
        check (visibility in ('ORGANISATION', 'TEAM', 'NAMED', 'OWNER_AND_LEADS')),
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
create index outcome_restricted on outcome (organisation_id, id) where visibility <> 'ORGANISATION';

-- the named people who may see an outcome
create table outcome_reader (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    person_id uuid not null,
    primary key (organisation_id, id, since)
);
create index outcome_reader_by_outcome on outcome_reader (organisation_id, outcome_id, person_id);

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
-- an outcome that serves two of them stands twice; none is hidden here. The order is that of a walk, level by level.
create function alignment_tree(p_organisation uuid, p_root uuid, p_depth int, p_as_of bigint)
returns table (outcome_id uuid, parent_id uuid, depth int, weight numeric, hidden boolean)
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
    select outcome_id, parent_id, depth, weight, false from tree
$$;

-- line_of_sight: every path from an outcome upwards, the outcome itself first; ends tells whether the last step is a strategic
-- objective, reaches_objective whether that one is still on the map; weight is the product of the links' weights.
create function line_of_sight(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns table (ids uuid[], kinds text[], weight numeric, ends boolean, reaches_objective boolean)
language sql stable parallel safe rows 5
as $$
    with recursive walk (ids, kinds, weight, last, done) as (
        select array[p_outcome], array['outcome'], 1::numeric, p_outcome, false
         where p_outcome is not null
        union all
        select w.ids || coalesce(a.higher_id, a.objective_id),
               w.kinds || case when a.higher_id is null then 'objective' else 'outcome' end,
               w.weight * a.weight, coalesce(a.higher_id, a.objective_id), a.higher_id is null
          from walk w
          join alignment a on a.organisation_id = p_organisation and a.outcome_id = w.last
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
         where not w.done and cardinality(w.ids) < 30
    )
    select w.ids, w.kinds, w.weight, w.done,
           w.done and exists (
               select from objective o
                where o.organisation_id = p_organisation and o.id = w.last and not o.is_retired
                  and o.since <= p_as_of and (o.until is null or o.until > p_as_of))
      from walk w
     where w.done
        or not exists (
           select from alignment a
            where a.organisation_id = p_organisation and a.outcome_id = w.last
              and a.since <= p_as_of and (a.until is null or a.until > p_as_of))
$$;

-- reaching: every outcome from which a path runs to a strategic objective that is not retired; for who asks of many
create function reaching(p_organisation uuid, p_as_of bigint)
returns table (outcome_id uuid)
language sql stable parallel safe rows 500
as $$
    with recursive below (id) as (
        select a.outcome_id
          from objective o
          join alignment a on a.organisation_id = p_organisation and a.objective_id = o.id
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
         where o.organisation_id = p_organisation and not o.is_retired
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
        union
        select a.outcome_id
          from below b
          join alignment a on a.organisation_id = p_organisation and a.higher_id = b.id
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
    )
    select b.id from below b
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

-- active_outcomes: how many outcomes a team has active in a cycle, whoever asks
create function active_outcomes(
    p_organisation uuid, p_team uuid, p_person uuid, p_cycle uuid, p_as_of bigint)
returns int
language sql stable parallel safe
as $$
    select count(*)::int
      from outcome o
     where o.organisation_id = p_organisation and o.cycle_id = p_cycle and o.state = 'ACTIVE'
       and (o.team_id = p_team or (o.team_id is null and o.owner_id = p_person))
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
$$;

-- hidden_outcomes: what a person may not see (R15), by the visibility, teams and names that stand now; without a person, all that
-- not everybody sees. An outcome's last version says who sees it, even where that has ended. Seen it is with TEAM by the members
-- of its team and of every team above it, by owner and reviewer; with NAMED by those named, by owner, reviewer and the leads of
-- its team; with OWNER_AND_LEADS by owner and reviewer, and by the leads of its team and of those above.
create function hidden_outcomes(p_organisation uuid, p_person uuid)
returns table (id uuid)
language sql stable parallel safe rows 20
as $$
    with recursive mine (team_id, lead) as (
        select m.team_id, m.lead
          from membership m
         where m.organisation_id = p_organisation and m.person_id = p_person and m.until is null
        union
        select t.id, u.lead
          from mine u
          join team t on t.organisation_id = p_organisation and t.parent_id = u.team_id and t.until is null
    )
    select o.id
      from outcome o
     where o.organisation_id = p_organisation and o.visibility <> 'ORGANISATION'
       and not exists (
           select from outcome n where n.organisation_id = p_organisation and n.id = o.id and n.since > o.since)
       and not coalesce(case o.visibility
           when 'TEAM' then p_person in (o.owner_id, o.reviewer_id) or o.team_id in (select u.team_id from mine u)
           when 'NAMED' then p_person in (o.owner_id, o.reviewer_id)
                or exists (
                   select from outcome_reader r
                    where r.organisation_id = p_organisation and r.outcome_id = o.id and r.person_id = p_person
                      and r.until is null)
                or exists (
                   select from membership m
                    where m.organisation_id = p_organisation and m.team_id = o.team_id and m.person_id = p_person
                      and m.lead and m.until is null)
           when 'OWNER_AND_LEADS' then p_person in (o.owner_id, o.reviewer_id)
                or o.team_id in (select u.team_id from mine u where u.lead) end, false)
$$;

-- outcome_of: the outcome that a measure, reading, boundary, check-in, milestone, celebration or initiative hangs on, whenever it stood
create function outcome_of(p_organisation uuid, p_thing uuid)
returns uuid
language sql stable parallel safe
as $$
    select x.outcome_id
      from (select m.outcome_id from measure m where m.organisation_id = p_organisation and m.id = p_thing
            union all
            select r.outcome_id from reading r where r.organisation_id = p_organisation and r.id = p_thing
            union all
            select b.outcome_id from boundary b where b.organisation_id = p_organisation and b.id = p_thing
            union all
            select c.outcome_id from check_in c where c.organisation_id = p_organisation and c.id = p_thing
            union all
            select k.outcome_id from milestone k where k.organisation_id = p_organisation and k.id = p_thing
            union all
            select l.outcome_id from celebration l where l.organisation_id = p_organisation and l.id = p_thing
            union all
            select i.outcome_id from initiative i where i.organisation_id = p_organisation and i.id = p_thing) x
     limit 1
$$;
