-- What is made of promises: what they serve, however far below; how they were kept; how much of them is open.

-- outcomes_below: an outcome and all that serves it, however far below, each once
create function outcomes_below(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns table (id uuid)
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
    select id from below
$$;

-- told_of: the people whose follow-through and load a viewer is told (R15): themself, and the members of the teams that they lead now,
-- and of those below
create function told_of(p_organisation uuid, p_viewer uuid)
returns table (id uuid)
language sql stable parallel safe rows 10
as $$
    select p_viewer where p_viewer is not null
    union
    select m.person_id
      from membership l
     cross join lateral teams_below(p_organisation, l.team_id, 9223372036854775807) b
      join membership m on m.organisation_id = p_organisation and m.team_id = b.id and m.until is null
     where l.organisation_id = p_organisation and l.person_id = p_viewer and l.lead and l.until is null
$$;

-- promising: a person, or everybody in a team and those below it
create function promising(p_organisation uuid, p_person uuid, p_team uuid, p_as_of bigint)
returns table (id uuid)
language sql stable parallel safe rows 5
as $$
    select p_person where p_person is not null
    union
    select m.person_id
      from teams_below(p_organisation, p_team, p_as_of) b
      join membership m on m.organisation_id = p_organisation and m.team_id = b.id
                       and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
     where p_team is not null
$$;

-- promises_due: what a person, or the people of a team, had promised by a day inside a window that was over on p_on, and what had
-- become of it then: IN_TIME, LATE, OVERDUE, BROKEN, RELEASED_IN_TIME, RELEASED_LATE, HANDED_OVER.
--
-- A promise is due once: on the first of its due dates that nobody had replaced by the end of that very day (the terms in force on the
-- due date count), else on the one that stands. What was asked for and countered was never promised. Where it was handed over, each
-- promiser answers for the dates of their own time: the former one for those that passed before, the next one for those that came
-- after; what was handed over before it was due is none of the former one's promises. What has ended had been delivered before, also
-- where the promiser's day of delivery is ahead of the organisation's. Only promises with one of their dates in the
-- window are looked into, for the day agreed on is one of those.
create function promises_due(
    p_organisation uuid, p_person uuid, p_team uuid, p_from date, p_to date, p_as_of bigint, p_on date)
returns table (
    task_id uuid, promiser_id uuid, agreed_on date, first_on date, delivered_on date, ending text, unanswered boolean,
    renegotiations int, returns int, reason text)
language sql stable parallel safe rows 50
as $$
    with promiser as materialized (
        select w.id from promising(p_organisation, p_person, p_team, p_as_of) w
    ),
    version as materialized (  -- person by person, by the index of due dates and by that of what was renegotiated
        select v.*
          from promiser w
         cross join lateral (
               select k.id, k.since, k.until, k.promiser_id, k.state, k.due_on, k.delivered_on, k.ended_on, k.end_reason,
                      k.renegotiations, k.returns
                 from task k
                where k.organisation_id = p_organisation and k.promiser_id = w.id and k.due_on between p_from and p_to
                  and k.since <= p_as_of and k.state in ('COMMITTED', 'DELIVERED', 'KEPT', 'RELEASED', 'BROKEN')
               union all
               select k.id, k.since, k.until, k.promiser_id, k.state, k.due_on, k.delivered_on, k.ended_on, k.end_reason,
                      k.renegotiations, k.returns
                 from task k
                where k.organisation_id = p_organisation and k.promiser_id = w.id and k.renegotiations > 0
                  and k.due_on not between p_from and p_to and k.since <= p_as_of
                  and k.state in ('COMMITTED', 'DELIVERED', 'KEPT', 'RELEASED', 'BROKEN') and (
                      select bool_or(f.due_on between p_from and p_to)
                        from former_due f
                       where f.organisation_id = p_organisation and f.task_id = k.id)
               offset 0) v
    ),
    held as (
        select v.id, v.promiser_id, v.state, v.due_on, v.delivered_on, v.ended_on, v.end_reason, v.renegotiations, v.returns,
               null::bigint as handed_at, null::date as handed_on
          from version v
         where v.until is null or v.until > p_as_of
        union all
        select v.id, v.promiser_id, v.state, v.due_on, null, null, null, v.renegotiations, v.returns, n.since, n.requested_on
          from version v
         cross join lateral (
               select n.since, n.requested_on
                 from task n
                where n.organisation_id = p_organisation and n.id = v.id and n.since = v.until
                  and n.promiser_id is distinct from v.promiser_id
               offset 0) n
         where v.state = 'COMMITTED' and v.until <= p_as_of
    ),
    dated as (
        select h.*, b.began_on, coalesce(d.passed_on, h.due_on) as agreed_on, coalesce(d.first_on, h.due_on) as first_on,
               h.renegotiations - coalesce(b.renegotiations, 0) as own_renegotiations,
               h.returns - coalesce(b.returns, 0) as own_returns
          from held h
          left join lateral (
               select n.since as began_at, n.requested_on as began_on, n.renegotiations, n.returns
                 from task n
                 join task p on p.organisation_id = p_organisation and p.id = n.id and p.until = n.since
                            and p.promiser_id <> n.promiser_id
                where n.organisation_id = p_organisation and n.id = h.id
                  and n.since <= p_as_of and (h.handed_at is null or n.since < h.handed_at)
                order by n.since desc
                limit 1) b on true
         cross join lateral (
               select (array_agg(f.due_on order by f.since) filter (
                          where f.replaced_on > f.due_on and (b.began_on is null or f.due_on >= b.began_on)))[1] as passed_on,
                      (array_agg(f.due_on order by f.since))[1] as first_on
                 from former_due f
                 join task v on v.organisation_id = p_organisation and v.id = f.task_id and v.until = f.since
                            and v.state = 'COMMITTED'
                where f.organisation_id = p_organisation and f.task_id = h.id and f.since <= p_as_of
                  and (b.began_at is null or f.since > b.began_at) and (h.handed_at is null or f.since < h.handed_at)) d
    ),
    told as (
        select d.*, case when least(d.delivered_on, d.ended_on) <= p_on then d.delivered_on end as given_on,
               case when d.ended_on <= p_on then d.state end as ended
          from dated d
         where d.agreed_on between p_from and p_to and d.agreed_on < p_on
           and (d.began_on is null or d.agreed_on >= d.began_on) and (d.handed_on is null or d.agreed_on < d.handed_on)
    )
    select t.id, t.promiser_id, t.agreed_on, t.first_on, t.given_on,
           case when t.given_on <= t.agreed_on then 'IN_TIME'
                when t.given_on is not null then 'LATE'
                when t.handed_on <= p_on then 'HANDED_OVER'
                when t.ended = 'BROKEN' then 'BROKEN'
                when t.ended = 'RELEASED' and t.ended_on <= t.agreed_on then 'RELEASED_IN_TIME'
                when t.ended = 'RELEASED' then 'RELEASED_LATE'
                else 'OVERDUE' end,
           t.given_on is not null and t.ended is null, t.own_renegotiations, t.own_returns,
           case when t.ended in ('BROKEN', 'RELEASED') then t.end_reason end
      from told t
$$;

-- follow_through_windows: how a person, or the people of a team and those below it, kept what they had promised by the days of a
-- window, and of so many windows of the same length up to it, 26 at most. The share is of those counted: all but what was released in
-- time. Under the organisation's small number there are counts and nothing else. The promises of all windows are gone through once.
create function follow_through_windows(
    p_organisation uuid, p_person uuid, p_team uuid, p_from date, p_to date, p_windows int, p_as_of bigint, p_on date)
returns table (
    person_id uuid, team_id uuid, from_on date, to_on date, promises int, counted int, kept int, late int, overdue int, broken int,
    released_in_time int, released_late int, handed_over int, unanswered int, kept_first int, renegotiations int, returns int,
    rate float8, first_date_rate float8, renegotiations_each float8, returns_each float8, median_days_late float8)
language sql stable parallel safe rows 4
as $$
    with span as (
        select n.nth, p_from - n.nth * (p_to - p_from + 1) as from_on, p_to - n.nth * (p_to - p_from + 1) as to_on
          from generate_series(0, least(greatest(p_windows, 1), 26) - 1) n (nth)
    ),
    told as (
        select w.from_on, w.to_on, count(d.task_id)::int as promises,
               count(*) filter (where d.ending <> 'RELEASED_IN_TIME')::int as counted,
               count(*) filter (where d.ending = 'IN_TIME')::int as kept,
               count(*) filter (where d.ending = 'LATE')::int as late,
               count(*) filter (where d.ending = 'OVERDUE')::int as overdue,
               count(*) filter (where d.ending = 'BROKEN')::int as broken,
               count(*) filter (where d.ending = 'RELEASED_IN_TIME')::int as released_in_time,
               count(*) filter (where d.ending = 'RELEASED_LATE')::int as released_late,
               count(*) filter (where d.ending = 'HANDED_OVER')::int as handed_over,
               count(*) filter (where d.unanswered)::int as unanswered,
               count(*) filter (where d.ending <> 'RELEASED_IN_TIME' and d.delivered_on <= d.first_on)::int as kept_first,
               coalesce(sum(d.renegotiations), 0)::int as renegotiations,
               coalesce(sum(d.returns), 0)::int as returns,
               percentile_cont(0.5) within group (order by d.delivered_on - d.agreed_on) filter (where d.ending = 'LATE') as days
          from span w
          left join promises_due(
               p_organisation, p_person, p_team,
               p_from - (least(greatest(p_windows, 1), 26) - 1) * (p_to - p_from + 1), p_to, p_as_of, p_on) d
            on d.agreed_on between w.from_on and w.to_on
         group by w.nth, w.from_on, w.to_on
    ),
    shown as (
        select t.*, t.counted >= coalesce((
                   select g.small_number from organisation g
                    where g.organisation_id = p_organisation and g.since <= p_as_of and (g.until is null or g.until > p_as_of)), 5)
               and t.counted > 0 as many
          from told t
    )
    select p_person, p_team, from_on, to_on, promises, counted, kept, late, overdue, broken, released_in_time, released_late,
           handed_over, unanswered, kept_first, renegotiations, returns,
           case when many then kept::float8 / counted end, case when many then kept_first::float8 / counted end,
           case when many then renegotiations::float8 / promises end, case when many then returns::float8 / promises end,
           case when many then days end
      from shown
$$;

-- follow_through: the same of one window
create function follow_through(
    p_organisation uuid, p_person uuid, p_team uuid, p_from date, p_to date, p_as_of bigint, p_on date)
returns table (
    person_id uuid, team_id uuid, from_on date, to_on date, promises int, counted int, kept int, late int, overdue int, broken int,
    released_in_time int, released_late int, handed_over int, unanswered int, kept_first int, renegotiations int, returns int,
    rate float8, first_date_rate float8, renegotiations_each float8, returns_each float8, median_days_late float8)
language sql stable parallel safe rows 1
as $$
    select * from follow_through_windows(p_organisation, p_person, p_team, p_from, p_to, 1, p_as_of, p_on)
$$;
