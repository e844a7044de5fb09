-- follow_through_team: how a team and those below it kept what was due in a quarter, and in the three before, and what they missed.
-- Everything of the four windows is gone through once.
with recursive below (id) as (
    select $4::uuid
     union
    select t.id from below b join team t on t.organisation_id = $1 and t.until is null and t.parent_id = b.id
),
member (id) as materialized (
    select distinct m.person_id from below b
      join membership m on m.organisation_id = $1 and m.until is null and m.team_id = b.id
),
led (id) as (
    select l.team_id from membership l where l.organisation_id = $1 and l.person_id = $2 and l.lead and l.until is null
     union
    select t.id from led b join team t on t.organisation_id = $1 and t.until is null and t.parent_id = b.id
),
told (id) as materialized (
    select $2::uuid
     union
    select m.person_id from led b join membership m on m.organisation_id = $1 and m.until is null and m.team_id = b.id
),
held as (
    select k.id, k.promiser_id, k.state, k.due_on, k.delivered_on, k.ended_on, k.end_reason, k.renegotiations, k.returns,
           null::bigint as handed_at, null::date as handed_on
      from member m
     cross join lateral (
           select k.* from task k
            where k.organisation_id = $1 and k.until is null and k.promiser_id = m.id
              and k.state in ('COMMITTED', 'DELIVERED', 'KEPT', 'RELEASED', 'BROKEN')
              and (k.renegotiations > 0 or k.due_on between $3::date - 359 and $3::date)
           offset 0) k
     union all
    select k.id, k.promiser_id, k.state, k.due_on, null, null, null, k.renegotiations, k.returns, n.since, n.requested_on
      from member m
     cross join lateral (
           select k.* from task k
            where k.organisation_id = $1 and k.until is not null and k.promiser_id = m.id and k.state = 'COMMITTED'
              and (k.renegotiations > 0 or k.due_on between $3::date - 359 and $3::date)
           offset 0) k
      join task n on n.organisation_id = $1 and n.id = k.id and n.since = k.until and n.promiser_id <> k.promiser_id
),
dated as (
    select h.*, b.began_on, coalesce(d.passed_on, h.due_on) as agreed_on, coalesce(d.first_on, h.due_on) as first_on,
           h.renegotiations - coalesce(b.renegotiations, 0) as own_renegotiations,
           h.returns - coalesce(b.returns, 0) as own_returns
      from held h
      left join lateral (
           select n.since as began_at, n.requested_on as began_on, n.renegotiations, n.returns
             from task n
             join task p on p.organisation_id = $1 and p.id = n.id and p.until = n.since and p.promiser_id <> n.promiser_id
            where n.organisation_id = $1 and n.id = h.id and (h.handed_at is null or n.since < h.handed_at)
            order by n.since desc
            limit 1) b on true
      left join lateral (
           select (array_agg(f.due_on order by f.since) filter (
                      where f.replaced_on > f.due_on and (b.began_on is null or f.due_on >= b.began_on)))[1] as passed_on,
                  (array_agg(f.due_on order by f.since))[1] as first_on
             from former_due f
             join task v on v.organisation_id = $1 and v.id = f.task_id and v.until = f.since and v.state = 'COMMITTED'
            where f.organisation_id = $1 and f.task_id = h.id
              and (b.began_at is null or f.since > b.began_at) and (h.handed_at is null or f.since < h.handed_at)) d
        on h.renegotiations > 0
),
due as materialized (
    select d.*, ($3::date - d.agreed_on) / 90 as back, case when d.delivered_on <= $3 then d.delivered_on end as given_on,
           case when d.ended_on <= $3 then d.state end as ended
      from dated d
     where d.agreed_on between $3::date - 359 and $3::date - 1
       and (d.began_on is null or d.agreed_on >= d.began_on) and (d.handed_on is null or d.agreed_on < d.handed_on)
),
ending as materialized (
    select t.*, case when t.given_on <= t.agreed_on then 'IN_TIME'
                     when t.given_on is not null then 'LATE'
                     when t.handed_on <= $3 then 'HANDED_OVER'
                     when t.ended = 'BROKEN' then 'BROKEN'
                     when t.ended = 'RELEASED' and t.ended_on <= t.agreed_on then 'RELEASED_IN_TIME'
                     when t.ended = 'RELEASED' then 'RELEASED_LATE'
                     else 'OVERDUE' end as ending
      from due t
),
quarter as materialized (
    select w.back, $3::date - 89 - 90 * w.back as starts_on, count(e.id) as promises,
           count(*) filter (where e.ending <> 'RELEASED_IN_TIME') as counted,
           count(*) filter (where e.ending = 'IN_TIME') as kept, count(*) filter (where e.ending = 'LATE') as late,
           count(*) filter (where e.ending = 'OVERDUE') as overdue, count(*) filter (where e.ending = 'BROKEN') as broken,
           count(*) filter (where e.ending = 'RELEASED_IN_TIME') as released_in_time,
           count(*) filter (where e.ending = 'RELEASED_LATE') as released_late,
           count(*) filter (where e.ending = 'HANDED_OVER') as handed_over,
           count(*) filter (where e.given_on is not null and e.ended is null) as unanswered,
           count(*) filter (where e.ending <> 'RELEASED_IN_TIME' and e.given_on <= e.first_on) as kept_first,
           coalesce(sum(e.own_renegotiations), 0) as renegotiations, coalesce(sum(e.own_returns), 0) as returns,
           percentile_cont(0.5) within group (order by e.given_on - e.agreed_on) filter (where e.ending = 'LATE') as days,
           count(*) filter (where e.ending <> 'RELEASED_IN_TIME') >= greatest(g.small_number, 1) as many
      from organisation g
     cross join generate_series(0, 3) w (back)
      left join ending e on e.back = w.back
     where g.organisation_id = $1 and g.until is null
     group by w.back, g.small_number
)
select json_build_object('followThrough', case when (select count(*) from member) >= 5 or $4 in (select id from led) then
       json_build_object(
           'window', (select json_build_object(
                          'promises', w.promises, 'counted', w.counted, 'kept', w.kept, 'late', w.late, 'overdue', w.overdue,
                          'broken', w.broken, 'releasedInTime', w.released_in_time, 'releasedLate', w.released_late,
                          'handedOver', w.handed_over, 'unanswered', w.unanswered, 'keptFirst', w.kept_first,
                          'renegotiations', w.renegotiations, 'returns', w.returns,
                          'rate', case when w.many then w.kept::float8 / w.counted end,
                          'firstDateRate', case when w.many then w.kept_first::float8 / w.counted end,
                          'medianDaysLate', case when w.many then w.days end)
                        from quarter w where w.back = 0),
           'trend', (select json_agg(json_build_object(
                                'startsOn', w.starts_on, 'promises', w.promises,
                                'rate', case when w.many then w.kept::float8 / w.counted end) order by w.starts_on)
                       from quarter w),
           'misses', (select coalesce(json_agg(json_build_object(
                                'miss', e.ending, 'agreedOn', e.agreed_on, 'daysLate', e.given_on - e.agreed_on,
                                'reason', case when e.ended in ('BROKEN', 'RELEASED') then e.end_reason end,
                                'promiser', (select json_build_object('name', p.name) from person p
                                              where p.organisation_id = $1 and p.until is null and p.id = e.promiser_id),
                                'task', (select json_build_object('title', k.title) from task k
                                          where k.organisation_id = $1 and k.until is null and k.id = e.id))
                                order by e.agreed_on, e.promiser_id, e.id), '[]')
                        from (select e.* from ending e
                               where e.back = 0 and e.ending not in ('IN_TIME', 'RELEASED_IN_TIME')
                                 and e.promiser_id in (select t.id from told t)
                               order by e.agreed_on, e.promiser_id, e.id
                               limit 20) e)) end)::text

-- milestones_upcoming: what is due within thirty days
with hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
found as materialized (
    select m.* from milestone m
     where m.organisation_id = $1 and m.until is null and m.due_on between $3::date and $3::date + 30 and m.state <> 'WITHDRAWN'
       and (m.reached_on <= $3) is not true and (m.missed_on <= $3) is not true
       and m.outcome_id not in (select h.id from hidden h)
)
select json_build_object('milestones', json_build_object('totalCount', (select count(*) from found), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', m.id, 'title', m.title, 'state', 'PLANNED', 'due', m.due_on, 'moves', m.moves,
                      'formerDays', (select coalesce(json_agg(json_build_object('due', f.due_on) order by f.since), '[]')
                                       from former_day f
                                      where f.organisation_id = $1 and f.until is null and f.milestone_id = m.id),
                      'reachedOn', null, 'daysLate', null,
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = m.outcome_id))
                      order by m.due_on, m.id), '[]')
             from (select * from found order by due_on, id limit 20) m)))::text

-- milestones_under: what is overdue of the outcomes of a team and those below it
with recursive hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
below (id) as (
    select $4::uuid
     union
    select t.id from below b join team t on t.organisation_id = $1 and t.until is null and t.parent_id = b.id
),
found as materialized (
    select m.*, o.title as of_title from below b
      join outcome o on o.organisation_id = $1 and o.until is null and o.team_id = b.id
      join milestone m on m.organisation_id = $1 and m.until is null and m.outcome_id = o.id
     where m.due_on < $3::date and m.state <> 'WITHDRAWN' and (m.reached_on <= $3) is not true and (m.missed_on <= $3) is not true
       and o.id not in (select h.id from hidden h)
)
select json_build_object('milestones', json_build_object('totalCount', (select count(*) from found), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', m.id, 'title', m.title, 'state', 'PLANNED', 'due', m.due_on, 'moves', m.moves,
                      'formerDays', (select coalesce(json_agg(json_build_object('due', f.due_on) order by f.since), '[]')
                                       from former_day f
                                      where f.organisation_id = $1 and f.until is null and f.milestone_id = m.id),
                      'reachedOn', null, 'daysLate', null,
                      'outcome', json_build_object('id', m.outcome_id, 'title', m.of_title))
                      order by m.due_on, m.id), '[]')
             from (select * from found order by due_on, id limit 20) m)))::text

-- milestones_reached: what was reached of the outcomes of a cycle, the latest first
with hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
found as materialized (
    select m.*, o.title as of_title from outcome o
      join milestone m on m.organisation_id = $1 and m.until is null and m.outcome_id = o.id
     where o.organisation_id = $1 and o.until is null and o.cycle_id = $4::uuid and m.state <> 'WITHDRAWN'
       and m.reached_on <= $3::date and o.id not in (select h.id from hidden h)
)
select json_build_object('milestones', json_build_object('totalCount', (select count(*) from found), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', m.id, 'title', m.title, 'state', 'REACHED', 'due', m.due_on, 'moves', m.moves,
                      'formerDays', (select coalesce(json_agg(json_build_object('due', f.due_on) order by f.since), '[]')
                                       from former_day f
                                      where f.organisation_id = $1 and f.until is null and f.milestone_id = m.id),
                      'reachedOn', m.reached_on, 'daysLate', m.days_late,
                      'outcome', json_build_object('id', m.outcome_id, 'title', m.of_title))
                      order by m.reached_on desc, m.id desc), '[]')
             from (select * from found order by reached_on desc, id desc limit 20) m)))::text

-- worth_celebrating: what came about in thirty days and was not celebrated: milestones, outcomes, promises kept in a row
with recursive hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
seen (id) as materialized (
    select $2::uuid
     union
    select other.person_id from membership mine
      join membership other on other.organisation_id = $1 and other.until is null and other.team_id = mine.team_id
     where mine.organisation_id = $1 and mine.until is null and mine.person_id = $2 and mine.lead
),
milestones as (
    select m.id, m.outcome_id, m.reached_on, (
               select max(b.reached_on) from milestone b
                where b.organisation_id = $1 and b.until is null and b.outcome_id = m.outcome_id and b.state = 'REACHED'
                  and (b.reached_on, b.id) < (m.reached_on, m.id)) as before
      from milestone m
     where m.organisation_id = $1 and m.until is null and m.state = 'REACHED' and m.reached_on between $3::date - 29 and $3
       and m.outcome_id not in (select h.id from hidden h)
       and not exists (
           select from celebration c
            where c.organisation_id = $1 and c.until is null and c.about_id = m.id and c.celebrated_on <= $3
              and c.withdrawn_on is null)
),
near as materialized (
    select o.id, g.aspirational_success as success
      from organisation g
      join outcome o on o.organisation_id = $1 and o.until is null and o.state in ('ACTIVE', 'GRADED', 'CARRIED_OVER')
                    and o.id not in (select h.id from hidden h)
     where g.organisation_id = $1 and g.until is null
       and coalesce(rolled_up($1, o.id, 9223372036854775807, $3::date), 0) >= g.aspirational_success
),
outcomes as (
    select n.id, d.day
      from near n
     cross join lateral (
           select $3::date - b.back + 1
             from generate_series(1, 30) b (back)
            where coalesce(rolled_up($1, n.id, 9223372036854775807, $3::date - b.back), 0) < n.success
              and coalesce(rolled_up($1, n.id, 9223372036854775807, $3::date - 30), 0) < n.success
            order by b.back
            limit 1) d (day)
     where not exists (
           select from celebration c
            where c.organisation_id = $1 and c.until is null and c.about_id = n.id and c.celebrated_on between d.day and $3
              and c.withdrawn_on is null)
),
promised as materialized (
    select k.id, k.promiser_id, k.due_on, k.state in ('KEPT', 'DELIVERED') and k.delivered_on <= least(k.due_on, $3::date)
           and not exists (
               select from celebration c
                where c.organisation_id = $1 and c.until is null and c.about_id = k.id and c.celebrated_on <= $3
                  and c.withdrawn_on is null) as runs_on
      from task k
     where k.organisation_id = $1 and k.until is null and k.due_on <= $3
       and k.state in ('COMMITTED', 'DELIVERED', 'KEPT', 'RELEASED', 'BROKEN')
       and not (k.state = 'RELEASED' and coalesce(k.ended_on <= k.due_on, false))
       and (k.due_on < $3 or k.state in ('KEPT', 'DELIVERED'))
),
held (person_id, team_id, id, due_on, runs_on) as (
    select d.promiser_id, null::uuid, d.id, d.due_on, d.runs_on
      from promised d
     where d.promiser_id in (select s.id from seen s)
     union all
    select null, m.team_id, d.id, d.due_on, d.runs_on
      from (select m.team_id, m.person_id, count(*) over (partition by m.team_id) as people
              from membership m
             where m.organisation_id = $1 and m.until is null) m
      join promised d on d.promiser_id = m.person_id
     where m.people >= 5
),
run as (
    select h.*, sum((not h.runs_on)::int) over (
               partition by h.person_id, h.team_id order by h.due_on desc, h.id desc) as breaks
      from held h
),
win (kind, id, day, outcome_id, milestone_id, task_id, person_id, team_id, kept) as materialized (
    select case when exists (
               select from check_in c
                where c.organisation_id = $1 and c.until is null and c.outcome_id = m.outcome_id and c.dated <= m.reached_on
                  and (m.before is null or c.dated > m.before) and (c.set_back is not null or c.status = 'OFF_TRACK'))
           then 'FIRST_AFTER_SETBACK' else 'MILESTONE_REACHED' end,
           m.id, m.reached_on, m.outcome_id, m.id, null::uuid, null::uuid, null::uuid, null::bigint
      from milestones m
     union all
    select 'OUTCOME_NEARLY_THERE', o.id, o.day, o.id, null, null, null, null, null from outcomes o
     union all
    select 'KEPT_IN_A_ROW', coalesce(r.person_id, r.team_id), max(r.due_on), null, null,
           (array_agg(r.id order by r.due_on desc, r.id desc))[1], r.person_id, r.team_id, count(*)
      from run r
     where r.breaks = 0
     group by r.person_id, r.team_id
    having count(*) >= 5 and max(r.due_on) > $3::date - 30
)
select json_build_object('worthCelebrating', json_build_object('totalCount', (select count(*) from win), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'kind', w.kind, 'day', w.day, 'kept', w.kept,
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = w.outcome_id),
                      'milestone', (select json_build_object('title', m.title) from milestone m
                                     where m.organisation_id = $1 and m.until is null and m.id = w.milestone_id),
                      'person', (select json_build_object('name', p.name) from person p
                                  where p.organisation_id = $1 and p.until is null and p.id = w.person_id),
                      'team', (select json_build_object('name', t.name) from team t
                                where t.organisation_id = $1 and t.until is null and t.id = w.team_id),
                      'people', (
                          with recursive below (id) as (
                              select w.outcome_id
                               union
                              select a.outcome_id from below b
                                join alignment a on a.organisation_id = $1 and a.until is null and a.higher_id = b.id
                          )
                          select coalesce(json_agg(json_build_object('name', p.name) order by p.name, p.id), '[]')
                            from person p
                           where p.organisation_id = $1 and p.until is null
                             and p.id in (select k.promiser_id from below b
                                           cross join lateral (
                                                 select k.promiser_id from task k
                                                  where k.organisation_id = $1 and k.until is null and k.outcome_id = b.id
                                                    and k.state = 'KEPT' and k.ended_on <= $3
                                                 offset 0) k
                                           where b.id not in (select h.id from hidden h))))
                      order by w.day desc, w.kind, w.id), '[]')
             from (select * from win order by day desc, kind, id limit 20) w)))::text
