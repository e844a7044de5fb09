-- How work moves the strategy, and whose it is: over what is aligned, what is promised, and who belongs to which team. A task is
-- open where it is promised and not delivered yet. A task is a team's where its promiser is a member.

-- alignment_above: what an outcome serves, and what that serves, each through the one below it
create function alignment_above(p_organisation uuid, p_root uuid, p_depth int, p_as_of bigint)
returns table (outcome_id uuid, objective_id uuid, parent_id uuid, depth int, weight numeric)
language sql stable parallel safe rows 20
as $$
    with recursive above (outcome_id, objective_id, parent_id, depth, weight) as (
        select o.id, null::uuid, null::uuid, 0, null::numeric
          from outcome o
         where o.organisation_id = p_organisation and o.id = p_root
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
        union
        select a.higher_id, a.objective_id, u.outcome_id, u.depth + 1, a.weight
          from above u
          join alignment a on a.organisation_id = p_organisation and a.outcome_id = u.outcome_id
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
         where u.depth < p_depth
    )
    select outcome_id, objective_id, parent_id, depth, weight from above
$$;

-- alignment_walk: everything below an outcome, or above it, level by level; upwards it ends in strategic objectives. parent_id is
-- the one through which a row was reached: above it on the way down, below it on the way up.
create function alignment_walk(p_organisation uuid, p_root uuid, p_upwards boolean, p_depth int, p_as_of bigint)
returns table (
    node_id uuid, outcome_id uuid, objective_id uuid, parent_id uuid, depth int, weight numeric, hidden boolean)
language sql stable parallel safe rows 300
as $$
    select t.outcome_id, t.outcome_id, null::uuid, t.parent_id, t.depth, t.weight, false
      from alignment_tree(p_organisation, p_root, p_depth, p_as_of) t
     where not p_upwards
    union all
    select coalesce(a.outcome_id, a.objective_id), a.outcome_id, a.objective_id, a.parent_id, a.depth, a.weight, false
      from alignment_above(p_organisation, p_root, p_depth, p_as_of) a
     where p_upwards
$$;

-- sight_parts: what a person or a team works on: open tasks by the day they are due, then active outcomes by title. person_id and
-- team_id are null in every row, for a part is no whole.
create function sight_parts(p_organisation uuid, p_person uuid, p_team uuid, p_as_of bigint)
returns table (nth bigint, task_id uuid, outcome_id uuid, person_id uuid, team_id uuid)
language sql stable parallel safe rows 20
as $$
    with part (task_id, outcome_id, due_on, title) as (
        select k.id, k.outcome_id, k.due_on, k.title
          from task k
         where k.organisation_id = p_organisation and k.state = 'COMMITTED' and k.promiser_id = p_person
           and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
        union all
        select k.id, k.outcome_id, k.due_on, k.title
          from membership m
          join task k on k.organisation_id = p_organisation and k.state = 'COMMITTED' and k.promiser_id = m.person_id
                     and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
         where m.organisation_id = p_organisation and m.team_id = p_team
           and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
        union all
        select null, o.id, null, o.title
          from outcome o
         where o.organisation_id = p_organisation and o.state = 'ACTIVE' and o.owner_id = p_person
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
        union all
        select null, o.id, null, o.title
          from outcome o
         where o.organisation_id = p_organisation and o.state = 'ACTIVE' and o.team_id = p_team
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
    )
    select row_number() over (order by task_id is null, due_on, title, task_id, outcome_id), task_id, outcome_id,
           null::uuid, null::uuid
      from part
$$;

-- coverage: of the open tasks of a team and the teams below it, due from one day to another: how many there are and how many of them
-- have a path to a strategic objective; the same by effort, among those whose effort is stated. Nothing to divide by: null.
create function coverage(p_organisation uuid, p_team uuid, p_as_of bigint, p_from date, p_to date)
returns table (tasks int, served int, share float8, effort numeric, served_effort numeric, effort_share float8)
language sql stable parallel safe rows 1
as $$
    with member (id) as (
        select distinct m.person_id
          from teams_below(p_organisation, p_team, p_as_of) b
          join membership m on m.organisation_id = p_organisation and m.team_id = b.id
                           and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
    ),
    open (outcome_id, effort) as materialized (
        select k.outcome_id, k.effort
          from member m
          join task k on k.organisation_id = p_organisation and k.promiser_id = m.id and k.state = 'COMMITTED'
                     and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
         where k.due_on >= coalesce(p_from, k.due_on) and k.due_on <= coalesce(p_to, k.due_on)
    ),
    reached (id) as materialized (
        select o.outcome_id
          from (select distinct outcome_id from open where outcome_id is not null) o
         where reaches_objective(p_organisation, o.outcome_id, p_as_of)
    ),
    told as (
        select count(*)::int as tasks, count(r.id)::int as served,
               coalesce(sum(o.effort), 0) as effort, coalesce(sum(o.effort) filter (where r.id is not null), 0) as served_effort
          from open o
          left join reached r on r.id = o.outcome_id
    )
    select tasks, served, served::float8 / nullif(tasks, 0), effort, served_effort, (served_effort / nullif(effort, 0))::float8
      from told
$$;

-- focus_share: of the open tasks that serve what a team, or a person without one, has active in a cycle, the share that serves what
-- is of the first three ranks: by effort, among those whose effort is stated, else by count. No task, or nothing ranked: null.
create function focus_share(p_organisation uuid, p_team uuid, p_person uuid, p_cycle uuid, p_as_of bigint)
returns float8
language sql stable parallel safe
as $$
    with active (id, rank) as materialized (
        select o.id, o.rank
          from outcome o
         where o.organisation_id = p_organisation and o.cycle_id = p_cycle and o.state = 'ACTIVE'
           and (o.team_id = p_team or (o.team_id is null and o.owner_id = p_person))
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
    ),
    told as (
        select count(*) as tasks, count(*) filter (where a.rank <= 3) as top,
               coalesce(sum(k.effort), 0) as effort, coalesce(sum(k.effort) filter (where a.rank <= 3), 0) as top_effort
          from active a
          join task k on k.organisation_id = p_organisation and k.outcome_id = a.id and k.state = 'COMMITTED'
                     and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
    )
    select case when effort > 0 then (top_effort / effort)::float8 else top::float8 / nullif(tasks, 0) end
      from told
     where exists (select from active where rank is not null)
$$;

-- contribution: of the promises due from one day to another that serve an outcome, or what serves it: by whom, how far below it (the
-- shortest way counts), how many there were and how many were kept by p_on, and their effort. A person is named to themselves and to
-- the leads of their teams (R15); all others stand together, without a name.
create function contribution(
    p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date, p_from date, p_to date, p_viewer uuid)
returns table (nth bigint, person_id uuid, depth int, promises int, kept int, effort numeric)
language sql stable parallel safe rows 20
as $$
    with recursive walk (id, depth) as (
        select p_outcome, 0
        union
        select a.outcome_id, w.depth + 1
          from walk w
          join alignment a on a.organisation_id = p_organisation and a.higher_id = w.id
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
    ),
    below (id, depth) as (
        select id, min(depth) from walk group by id
    ),
    seen (id) as (
        select p_viewer
        union
        select other.person_id
          from membership mine
          join membership other on other.organisation_id = p_organisation and other.team_id = mine.team_id
                               and other.since <= p_as_of and (other.until is null or other.until > p_as_of)
         where mine.organisation_id = p_organisation and mine.person_id = p_viewer and mine.lead
           and mine.since <= p_as_of and (mine.until is null or mine.until > p_as_of)
    ),
    told (person_id, depth, promises, kept, effort) as (
        select s.id, b.depth, count(*)::int,
               count(*) filter (where k.state = 'KEPT' and coalesce(k.ended_on, p_on) <= p_on)::int, coalesce(sum(k.effort), 0)
          from below b
          join task k on k.organisation_id = p_organisation and k.outcome_id = b.id
                     and k.state not in ('REQUESTED', 'COUNTERED', 'DECLINED', 'WITHDRAWN')
                     and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
          left join seen s on s.id = k.promiser_id
         where k.due_on between p_from and p_to and coalesce(k.committed_on, p_on) <= p_on
         group by s.id, b.depth
    )
    select row_number() over (order by depth, effort desc, promises desc, person_id), person_id, depth, promises, kept, effort
      from told
$$;

-- alignment_candidates: the outcomes and strategic objectives whose words are among those of a text, the best match first; a title
-- weighs more than a description. What has ended or is retired is left out, and so is the outcome itself with all that serves it (R3).
create function alignment_candidates(p_organisation uuid, p_text text, p_outcome uuid, p_as_of bigint)
returns table (id uuid, outcome_id uuid, objective_id uuid, rank float8)
language sql stable parallel safe rows 20
as $$
    with asked (words) as materialized (
        select string_agg(quote_literal(w.lexeme), ' | ')::tsquery from unnest(to_tsvector('simple', left(p_text, 2000))) w
    ),
    candidate (id, outcome_id, objective_id, words) as (
        select o.id, o.id, null::uuid,
               setweight(to_tsvector('simple', o.title), 'A') || setweight(to_tsvector('simple', coalesce(o.description, '')), 'C')
          from outcome o
         where o.organisation_id = p_organisation and o.state not in ('ABANDONED', 'WITHDRAWN')
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
           and not exists (select from alignment_tree(p_organisation, p_outcome, 30, p_as_of) t where t.outcome_id = o.id)
        union all
        select o.id, null, o.id,
               setweight(to_tsvector('simple', o.title), 'A') || setweight(to_tsvector('simple', coalesce(o.description, '')), 'C')
          from objective o
         where o.organisation_id = p_organisation and not o.is_retired
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
    )
    select c.id, c.outcome_id, c.objective_id, ts_rank(c.words, a.words, 1)::float8
      from asked a
      join candidate c on c.words @@ a.words
$$;
