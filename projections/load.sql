-- Load: the open effort of a fortnight against the capacity that people stated for it.

-- fortnight_capacity: what a person can give in the fortnight that begins on p_on, in a unit: each day a seventh of what was stated
-- for a week. Null where a day of it has no statement, or one in another unit.
create function fortnight_capacity(p_organisation uuid, p_person uuid, p_unit text, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    select case when count(c.per_week) = 14 then sum(c.per_week) / 7 end
      from generate_series(0, 13) n (nth)
      left join lateral (
               select x.per_week, x.unit
                 from capacity x
                where x.organisation_id = p_organisation and x.person_id = p_person and x.effective_on <= p_on + n.nth
                  and x.since <= p_as_of and (x.until is null or x.until > p_as_of)
                order by x.effective_on desc
                limit 1) c on c.unit = p_unit
$$;

-- open_in_fortnight: what a person, or the people of a team and those below it, had promised by p_on, or were asked for and had not
-- answered (promised is false then), that was neither delivered nor ended, and due by the end of the fortnight that begins there, the
-- overdue included. What a team was asked, and nobody has taken, is nobody's: its promiser is null.
create function open_in_fortnight(p_organisation uuid, p_person uuid, p_team uuid, p_as_of bigint, p_on date)
returns table (task_id uuid, promiser_id uuid, due_on date, effort numeric, promised boolean, overdue boolean)
language sql stable parallel safe rows 50
as $$
    with asked as (
        select k.*
          from promising(p_organisation, p_person, p_team, p_as_of) w
          join task k on k.organisation_id = p_organisation and k.promiser_id = w.id and k.due_on <= p_on + 13
                     and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
        union all
        select k.*
          from teams_below(p_organisation, p_team, p_as_of) b
          join task k on k.organisation_id = p_organisation and k.team_id = b.id and k.promiser_id is null
                     and k.due_on <= p_on + 13 and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
         where p_team is not null
    )
    select a.id, a.promiser_id, a.due_on, a.effort, coalesce(a.committed_on <= p_on, false), a.due_on < p_on
      from asked a
     where (a.committed_on <= p_on or a.requested_on <= p_on)
       and (a.delivered_on is null or a.delivered_on > p_on) and (a.ended_on is null or a.ended_on > p_on)
$$;

-- load_of_each: the load of a person, or of each of the people of a team and those below it. The ratio is of what they have promised.
create function load_of_each(p_organisation uuid, p_person uuid, p_team uuid, p_as_of bigint, p_on date)
returns table (
    person_id uuid, unit text, capacity numeric, promised numeric, overdue numeric, requested numeric, promises int, requests int,
    without_effort int, ratio float8, overloaded boolean)
language sql stable parallel safe rows 5
as $$
    with measured as (
        select w.id, g.effort_unit, fortnight_capacity(p_organisation, w.id, g.effort_unit, p_as_of, p_on) as capacity
          from promising(p_organisation, p_person, p_team, p_as_of) w
         cross join (
               select o.effort_unit
                 from organisation o
                where o.organisation_id = p_organisation and o.since <= p_as_of and (o.until is null or o.until > p_as_of)) g
    ),
    told as (
        select k.promiser_id,
               coalesce(sum(k.effort) filter (where k.promised), 0) as promised,
               coalesce(sum(k.effort) filter (where k.promised and k.overdue), 0) as overdue,
               coalesce(sum(k.effort) filter (where not k.promised), 0) as requested,
               count(*) filter (where k.promised)::int as promises,
               count(*) filter (where not k.promised)::int as requests,
               count(*) filter (where k.effort is null)::int as without_effort
          from open_in_fortnight(p_organisation, p_person, p_team, p_as_of, p_on) k
         group by k.promiser_id
    )
    select m.id, m.effort_unit, trim_scale(round(m.capacity, 6)), coalesce(t.promised, 0), coalesce(t.overdue, 0),
           coalesce(t.requested, 0), coalesce(t.promises, 0), coalesce(t.requests, 0), coalesce(t.without_effort, 0),
           (coalesce(t.promised, 0) / nullif(m.capacity, 0))::float8, coalesce(t.promised, 0) > m.capacity
      from measured m
      left join told t on t.promiser_id = m.id
$$;

-- load: the same of all of them together. The ratio is of what those have promised who stated their capacity (measured); p_each: whether
-- who asks may be told of each. If not, what is of those alone who stated theirs, or of those alone who did not, is told of five and more.
create function load(p_organisation uuid, p_person uuid, p_team uuid, p_as_of bigint, p_on date, p_each boolean)
returns table (
    person_id uuid, team_id uuid, from_on date, to_on date, unit text, people int, without_capacity int, capacity numeric,
    promised numeric, measured numeric, overdue numeric, requested numeric, promises int, requests int, without_effort int,
    ratio float8, overloaded boolean)
language sql stable parallel safe rows 1
as $$
    with each as (
        select * from load_of_each(p_organisation, p_person, p_team, p_as_of, p_on)
    ),
    untaken as (
        select coalesce(sum(k.effort), 0) as requested, count(*)::int as requests,
               count(*) filter (where k.effort is null)::int as without_effort
          from open_in_fortnight(p_organisation, p_person, p_team, p_as_of, p_on) k
         where k.promiser_id is null
    ),
    summed as (
        select count(*)::int as people, count(*) filter (where e.capacity is null)::int as without_capacity,
               sum(e.capacity) as capacity, coalesce(sum(e.promised), 0) as promised,
               sum(e.promised) filter (where e.capacity is not null) as measured, coalesce(sum(e.overdue), 0) as overdue,
               coalesce(sum(e.requested), 0) as requested, coalesce(sum(e.promises), 0)::int as promises,
               coalesce(sum(e.requests), 0)::int as requests, coalesce(sum(e.without_effort), 0)::int as without_effort
          from each e
    ),
    shown as (
        select s.*, p_each or (s.people - s.without_capacity >= 5 and (s.without_capacity = 0 or s.without_capacity >= 5)) as told
          from summed s
    )
    select p_person, p_team, p_on, p_on + 13, g.effort_unit, s.people, s.without_capacity, case when s.told then s.capacity end,
           s.promised, case when s.told then s.measured end, s.overdue, s.requested + u.requested, s.promises,
           s.requests + u.requests, s.without_effort + u.without_effort,
           case when s.told then (s.measured / nullif(s.capacity, 0))::float8 end, case when s.told then s.measured > s.capacity end
      from shown s
     cross join untaken u
      join organisation g on g.organisation_id = p_organisation and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
$$;
