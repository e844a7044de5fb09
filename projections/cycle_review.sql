-- What the review of a cycle tells: how its outcomes ended, which moved and which fell, what effort was for nothing of the strategy,
-- and what became of the promises of the last review.

-- cycle_counts: the outcomes of a cycle by state, the graded ones by colour and success, and the plain means of grade and progress; the
-- progress on the day asked for, at the latest the cycle's last
create function cycle_counts(p_organisation uuid, p_cycle uuid, p_as_of bigint, p_on date)
returns table (
    outcomes int, drafts int, active int, paused int, graded int, carried_over int, abandoned int, withdrawn int,
    successes int, green int, amber int, red int, mean_grade float8, mean_progress float8, changed_grades int)
language sql stable parallel safe rows 1
as $$
    select count(*)::int, count(*) filter (where o.state = 'DRAFT')::int, count(*) filter (where o.state = 'ACTIVE')::int,
           count(*) filter (where o.state = 'PAUSED')::int, count(*) filter (where o.state = 'GRADED')::int,
           count(*) filter (where o.state = 'CARRIED_OVER')::int, count(*) filter (where o.state = 'ABANDONED')::int,
           count(*) filter (where o.state = 'WITHDRAWN')::int, count(*) filter (where r.success)::int,
           count(*) filter (where r.grade >= g.green_from)::int,
           count(*) filter (where r.grade >= g.amber_from and r.grade < g.green_from)::int,
           count(*) filter (where r.grade < g.amber_from)::int, avg(r.grade)::float8,
           avg(rolled_up(p_organisation, o.id, p_as_of, least(p_on, y.ends_on)))
               filter (where o.state <> 'DRAFT' and counts(o.state))::float8,
           count(*) filter (where r.grade is distinct from r.suggested and r.grade is not null)::int
      from organisation g
      join cycle y on y.organisation_id = p_organisation and y.id = p_cycle
                  and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
      left join outcome o on o.organisation_id = p_organisation and o.cycle_id = p_cycle
                         and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
      left join grade r on r.organisation_id = p_organisation and r.id = o.id
                       and r.since <= p_as_of and (r.until is null or r.until > p_as_of)
     where g.organisation_id = p_organisation and o.id is not null
       and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
$$;

-- cycle_movement: by how much each outcome of a cycle that counts and is no draft has moved, from the cycle's first day to the day
-- asked for, at the latest its last; nulls left out
create function cycle_movement(p_organisation uuid, p_cycle uuid, p_as_of bigint, p_on date)
returns table (outcome_id uuid, from_progress float8, to_progress float8, change float8)
language sql stable parallel safe rows 20
as $$
    select o.id, a.progress::float8, b.progress::float8, (b.progress - a.progress)::float8
      from cycle y
      join outcome o on o.organisation_id = p_organisation and o.cycle_id = y.id and o.state <> 'DRAFT' and counts(o.state)
                    and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
     cross join lateral (select rolled_up(p_organisation, o.id, p_as_of, y.starts_on) offset 0) a (progress)
     cross join lateral (
           select rolled_up(p_organisation, o.id, p_as_of, least(p_on, y.ends_on)) offset 0) b (progress)
     where y.organisation_id = p_organisation and y.id = p_cycle
       and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
       and a.progress is not null and b.progress is not null
$$;

-- cycle_movements: the same, a list a column, for several who read it
create function cycle_movements(p_organisation uuid, p_cycle uuid, p_as_of bigint, p_on date)
returns table (outcome_ids uuid[], from_progresses float8[], to_progresses float8[], changes float8[])
language sql stable parallel safe rows 1
as $$
    select array_agg(m.outcome_id), array_agg(m.from_progress), array_agg(m.to_progress), array_agg(m.change)
      from cycle_movement(p_organisation, p_cycle, p_as_of, p_on) m
$$;

-- cycle_effort: the tasks that were due in a cycle, by count and by effort (1 where none is stated), and those among them from which
-- no path runs to a strategic objective; what was declined or withdrawn was no work
create function cycle_effort(p_organisation uuid, p_cycle uuid, p_as_of bigint)
returns table (tasks int, effort numeric, unaligned_tasks int, unaligned_effort numeric, unaligned_share float8)
language sql stable parallel safe rows 1
as $$
    with aligned as materialized (select r.outcome_id from reaching(p_organisation, p_as_of) r)
    select count(*)::int, coalesce(sum(w.effort), 0), count(*) filter (where not w.aligned)::int,
           coalesce(sum(w.effort) filter (where not w.aligned), 0),
           (coalesce(sum(w.effort) filter (where not w.aligned), 0) / nullif(sum(w.effort), 0))::float8
      from (select coalesce(k.effort, 1) as effort,
                   k.outcome_id is not null and k.outcome_id in (select outcome_id from aligned) as aligned
              from cycle y
              join task k on k.organisation_id = p_organisation and k.due_on between y.starts_on and y.ends_on
                         and k.state not in ('DECLINED', 'WITHDRAWN')
                         and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
             where y.organisation_id = p_organisation and y.id = p_cycle
               and y.since <= p_as_of and (y.until is null or y.until > p_as_of)) w
$$;

-- promises_of_last_review: the tasks that were promised since the review of the cycle before this one, inside the same one, began, or
-- else from that cycle's last day to this one's; until it was closed, and while its review runs, up to now
create function promises_of_last_review(p_organisation uuid, p_cycle uuid, p_as_of bigint)
returns table (task_id uuid)
language sql stable parallel safe rows 10
as $$
    select k.id
      from cycle y
     cross join lateral (
           select coalesce(f.review_started_on, f.ends_on) as from_on,
                  case when f.review_started_on is null then y.ends_on else coalesce(f.closed_on, 'infinity') end as until_on
             from cycle f
            where f.organisation_id = p_organisation and f.ends_on < y.starts_on and f.state <> 'PLANNED'
              and f.parent_id is not distinct from y.parent_id
              and f.since <= p_as_of and (f.until is null or f.until > p_as_of)
            order by f.ends_on desc, f.id
            limit 1) f
      join task k on k.organisation_id = p_organisation and k.committed_on between f.from_on and f.until_on
                 and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
     where y.organisation_id = p_organisation and y.id = p_cycle
       and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
$$;

-- cycle_stale: how many active outcomes of a cycle nobody has spoken of in time
create function cycle_stale(p_organisation uuid, p_cycle uuid, p_as_of bigint, p_on date)
returns int
language sql stable parallel safe
as $$
    select count(*)::int
      from outcome o
     where o.organisation_id = p_organisation and o.cycle_id = p_cycle and o.state = 'ACTIVE'
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
       and outcome_status(p_organisation, o.id, p_as_of, p_on) = 'OUTDATED'
$$;
