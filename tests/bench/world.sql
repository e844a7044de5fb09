-- world_tree: everything below an outcome, level by level, with titles and progress
with recursive tree (outcome_id, parent_id, depth, weight) as (
    select $2::uuid, null::uuid, 0, null::numeric
    union all
    select a.outcome_id, t.outcome_id, t.depth + 1, a.weight
      from tree t
      join alignment a on a.organisation_id = $1 and a.higher_id = t.outcome_id and a.until is null
     where t.depth < 10
)
select json_build_object('alignmentTree', coalesce(json_agg(json_build_object(
           'depth', t.depth, 'parentId', t.parent_id, 'weight', t.weight::float8,
           'outcome', (select json_build_object(
                                  'id', o.id, 'title', o.title,
                                  'progress', outcome_progress($1, o.id, 9223372036854775807, $3::date))
                         from outcome o
                        where o.organisation_id = $1 and o.id = t.outcome_id and o.until is null))
           order by t.depth, t.parent_id, t.outcome_id), '[]'))::text
  from tree t

-- world_sight: every path from a task's outcome upwards
with recursive walk (ids, kinds, last, weight, done) as (
    select array[k.outcome_id], array['Outcome'], k.outcome_id, 1::numeric, false
      from task k
     where k.organisation_id = $1 and k.id = $2::uuid and k.until is null and $3::date is not null
    union all
    select w.ids || coalesce(a.higher_id, a.objective_id),
           w.kinds || case when a.higher_id is null then 'StrategicObjective' else 'Outcome' end,
           coalesce(a.higher_id, a.objective_id), w.weight * a.weight, a.higher_id is null
      from walk w
      join alignment a on a.organisation_id = $1 and a.outcome_id = w.last and a.until is null
     where not w.done and cardinality(w.ids) < 30
)
select json_build_object('lineOfSight', json_build_object('paths', coalesce(json_agg(json_build_object(
           'weight', w.weight::float8, 'steps', (
               select json_agg(json_build_object(
                          '__typename', s.kind, 'id', s.id, 'title', coalesce(o.title, b.title)) order by s.nth)
                 from unnest(w.kinds, w.ids) with ordinality s (kind, id, nth)
                 left join outcome o on o.organisation_id = $1 and o.id = s.id and o.until is null
                 left join objective b on b.organisation_id = $1 and b.id = s.id and b.until is null))
           order by w.done desc, w.weight desc, w.ids), '[]')))::text
  from walk w
 where w.done
    or not exists (select from alignment a where a.organisation_id = $1 and a.outcome_id = w.last and a.until is null)

-- world_review: counts, effort, and the five that moved and fell the furthest in a cycle
with moved as materialized (
    select m.*, o.title
      from cycle_movement($1, $2::uuid, 9223372036854775807, $3::date) m
      join outcome o on o.organisation_id = $1 and o.id = m.outcome_id and o.until is null
     where m.change <> 0
)
select json_build_object('cycleReview', json_build_object(
           'counts', (select json_build_object('outcomes', c.outcomes, 'graded', c.graded, 'successes', c.successes,
                                               'meanGrade', c.mean_grade, 'meanProgress', c.mean_progress)
                        from cycle_counts($1, $2::uuid, 9223372036854775807, $3::date) c),
           'effort', (select json_build_object('tasks', e.tasks, 'unalignedTasks', e.unaligned_tasks)
                        from cycle_effort($1, $2::uuid, 9223372036854775807) e),
           'movers', (select coalesce(json_agg(m.told order by m.change desc, m.outcome_id), '[]')
                        from (select m.change, m.outcome_id, json_build_object(
                                         'outcome', json_build_object('id', m.outcome_id, 'title', m.title),
                                         'fromProgress', m.from_progress, 'toProgress', m.to_progress) as told
                                from moved m
                               where m.change > 0
                               order by m.change desc, m.outcome_id
                               limit 5) m),
           'fallers', (select coalesce(json_agg(m.told order by m.change, m.outcome_id), '[]')
                         from (select m.change, m.outcome_id, json_build_object(
                                          'outcome', json_build_object('id', m.outcome_id, 'title', m.title),
                                          'fromProgress', m.from_progress, 'toProgress', m.to_progress) as told
                                 from moved m
                                where m.change < 0
                                order by m.change, m.outcome_id
                                limit 5) m)))::text

-- world_trend: progress on each of ninety days
select json_build_object('outcome', json_build_object('trend', (
           select json_agg(json_build_object(
                      'day', d.day, 'progress', outcome_progress($1, $2::uuid, 9223372036854775807, d.day)) order by d.day)
             from (select $3::date - g.back as day from generate_series(89, 0, -1) g (back)) d)))::text
