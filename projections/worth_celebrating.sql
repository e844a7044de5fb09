-- What is worth celebrating and has not been: told by rules, the same for the same record.

-- kept_serving: who kept a commitment by a day that served an outcome, or what serves it, with the outcome that it served
create function kept_serving(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns table (person_id uuid, outcome_id uuid)
language sql stable parallel safe rows 10
as $$
    with recursive below (id) as (
        select p_outcome
        union
        select a.outcome_id
          from below b
          join alignment a on a.organisation_id = p_organisation and a.higher_id = b.id
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
    )
    select distinct k.promiser_id, k.outcome_id
      from below b
     cross join lateral (
           select k.promiser_id, k.outcome_id
             from task k
            where k.organisation_id = p_organisation and k.outcome_id = b.id and k.state = 'KEPT' and k.ended_on <= p_on
              and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
           offset 0) k  -- outcome by outcome, by the index
$$;

-- won_milestones: milestones reached within so many days up to p_on that nobody celebrated by then: after a setback where a check-in
-- between the one reached before it and its own day told of a setback or was off track, the first after it only
create function won_milestones(p_organisation uuid, p_as_of bigint, p_on date, p_days int)
returns table (kind text, id uuid, day date, outcome_id uuid)
language sql stable parallel safe rows 20
as $$
    with reached as (
        select m.id, m.outcome_id, m.reached_on,
               lag(m.reached_on) over (partition by m.outcome_id order by m.reached_on, m.id) as before
          from milestone m
         where m.organisation_id = p_organisation and m.state = 'REACHED' and m.reached_on <= p_on
           and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
    )
    select case when exists (
               select from check_in c
                where c.organisation_id = p_organisation and c.outcome_id = r.outcome_id
                  and c.dated <= r.reached_on and (r.before is null or c.dated > r.before)
                  and (c.set_back is not null or c.status = 'OFF_TRACK')
                  and c.since <= p_as_of and (c.until is null or c.until > p_as_of))
           then 'FIRST_AFTER_SETBACK' else 'MILESTONE_REACHED' end,
           r.id, r.reached_on, r.outcome_id
      from reached r
     where r.reached_on > p_on - p_days
       and not exists (
           select from celebration c
            where c.organisation_id = p_organisation and c.about_id = r.id and c.celebrated_on <= p_on
              and c.withdrawn_on is null and c.since <= p_as_of and (c.until is null or c.until > p_as_of))
$$;

-- won_outcomes: outcomes that came to the organisation's success of an aspirational outcome (0.7 unless it says otherwise) within so
-- many days up to p_on, stood there on that day, and were not celebrated since; the day is the first after the last one below it
create function won_outcomes(p_organisation uuid, p_as_of bigint, p_on date, p_days int)
returns table (id uuid, day date)
language sql stable parallel safe rows 10
as $$
    select o.id, d.day
      from organisation g
      join outcome o on o.organisation_id = p_organisation and o.state in ('ACTIVE', 'GRADED', 'CARRIED_OVER')
                    and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
     cross join lateral (
           select max(p_on - n) + 1
             from generate_series(1, p_days) n
            where coalesce(rolled_up(p_organisation, o.id, p_as_of, p_on), 0) >= g.aspirational_success
              and coalesce(rolled_up(p_organisation, o.id, p_as_of, p_on - p_days), 0) < g.aspirational_success
              and coalesce(rolled_up(p_organisation, o.id, p_as_of, p_on - n), 0) < g.aspirational_success
           offset 0) d (day)
     where g.organisation_id = p_organisation and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
       and d.day is not null
       and not exists (
           select from celebration c
            where c.organisation_id = p_organisation and c.about_id = o.id and c.celebrated_on between d.day and p_on
              and c.withdrawn_on is null and c.since <= p_as_of and (c.until is null or c.until > p_as_of))
$$;

-- kept_in_a_row: of each person, and of each team of at least five, how many of the last due commitments were delivered by the agreed
-- day, back to the first that was not or that was celebrated; and the last of them. What was released in time is left out. Each is
-- judged by the terms in force on its due date, as follow-through does; what is due on p_on itself counts once it is delivered.
create function kept_in_a_row(p_organisation uuid, p_as_of bigint, p_on date)
returns table (person_id uuid, team_id uuid, kept int, task_id uuid, day date)
language sql stable parallel safe rows 20
as $$
    with due as materialized (
        select d.task_id as id, d.promiser_id, d.agreed_on as due_on,
               coalesce(d.delivered_on <= least(d.agreed_on, p_on), false) and d.ending = 'IN_TIME' and not exists (
                   select from celebration c
                    where c.organisation_id = p_organisation and c.about_id = d.task_id and c.celebrated_on <= p_on
                      and c.withdrawn_on is null and c.since <= p_as_of and (c.until is null or c.until > p_as_of)) as runs_on
          from (select distinct k.promiser_id
                  from task k
                 where k.organisation_id = p_organisation and k.promiser_id is not null and k.since <= p_as_of) p
         cross join lateral promises_due(p_organisation, p.promiser_id, null, '-infinity', p_on, p_as_of, p_on + 1) d
         where d.ending <> 'RELEASED_IN_TIME' and (d.agreed_on < p_on or d.delivered_on <= p_on)
    ),
    member (team_id, person_id) as (
        select m.team_id, m.person_id
          from membership m
         where m.organisation_id = p_organisation and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
    ),
    held (person_id, team_id, id, due_on, runs_on) as (
        select d.promiser_id, null::uuid, d.id, d.due_on, d.runs_on from due d
        union all
        select null, m.team_id, d.id, d.due_on, d.runs_on
          from member m
          join due d on d.promiser_id = m.person_id
         where m.team_id in (select t.team_id from member t group by t.team_id having count(*) >= 5)
    ),
    told as (
        select h.*, sum((not h.runs_on)::int) over (
                   partition by h.person_id, h.team_id order by h.due_on desc, h.id desc) as breaks
          from held h
    )
    select t.person_id, t.team_id, count(*)::int, (array_agg(t.id order by t.due_on desc, t.id desc))[1], max(t.due_on)
      from told t
     where t.breaks = 0
     group by t.person_id, t.team_id
    having count(*) >= 5
$$;

-- worth_celebrating: all of it, the latest first. A run of kept commitments of a person is told to them and to the leads of their
-- teams, that of a team of five and more to everybody (R15).
create function worth_celebrating(p_organisation uuid, p_as_of bigint, p_on date, p_days int, p_viewer uuid)
returns table (
    kind text, id uuid, day date, outcome_id uuid, milestone_id uuid, task_id uuid, person_id uuid, team_id uuid, kept int)
language sql stable parallel safe rows 50
as $$
    with seen (id) as (
        select p_viewer
        union
        select other.person_id
          from membership mine
          join membership other on other.organisation_id = p_organisation and other.team_id = mine.team_id
                               and other.since <= p_as_of and (other.until is null or other.until > p_as_of)
         where mine.organisation_id = p_organisation and mine.person_id = p_viewer and mine.lead
           and mine.since <= p_as_of and (mine.until is null or mine.until > p_as_of)
    )
    select m.kind, m.id, m.day, m.outcome_id, m.id, null::uuid, null::uuid, null::uuid, null::int
      from won_milestones(p_organisation, p_as_of, p_on, p_days) m
    union all
    select 'OUTCOME_NEARLY_THERE', o.id, o.day, o.id, null, null, null, null, null
      from won_outcomes(p_organisation, p_as_of, p_on, p_days) o
    union all
    select 'KEPT_IN_A_ROW', coalesce(k.person_id, k.team_id), k.day, null, null, k.task_id, k.person_id, k.team_id, k.kept
      from kept_in_a_row(p_organisation, p_as_of, p_on) k
     where k.day > p_on - p_days and (k.person_id is null or k.person_id in (select s.id from seen s))
$$;
