-- inbox: what waits for the viewer and for whoever has delegated to them, how much there is of it, and what they can settle as $4
with acting (ids) as materialized (
    select array(select $2::uuid
                  union all
                 select d.person_id from delegation d
                  where d.organisation_id = $1 and d.delegate_id = $2 and d.until is null
                    and $3::date between d.starts_on and d.ends_on)
),
hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
led as materialized (
    select distinct on (m.team_id) m.team_id, m.person_id
      from acting a
      join membership m on m.organisation_id = $1 and m.until is null and m.lead and m.person_id = any (a.ids)
     order by m.team_id, m.person_id <> $2, m.person_id
),
mine as materialized (
    select k.id, k.state, k.due_on, k.promiser_id, k.beneficiary_id, k.requester_id, k.requested_on, k.delivered_on
      from task k
     where k.organisation_id = $1 and k.until is null and k.promiser_id = any ((select a.ids from acting a)::uuid[])
       and k.state in ('REQUESTED', 'COUNTERED', 'COMMITTED', 'DELIVERED')
     union
    select k.id, k.state, k.due_on, k.promiser_id, k.beneficiary_id, k.requester_id, k.requested_on, k.delivered_on
      from task k
     where k.organisation_id = $1 and k.until is null and k.beneficiary_id = any ((select a.ids from acting a)::uuid[])
       and k.state in ('COUNTERED', 'COMMITTED', 'DELIVERED')
     union
    select k.id, k.state, k.due_on, k.promiser_id, k.beneficiary_id, k.requester_id, k.requested_on, k.delivered_on
      from task k
     where k.organisation_id = $1 and k.until is null and k.requester_id = any ((select a.ids from acting a)::uuid[])
       and k.state in ('COUNTERED', 'COMMITTED', 'DELIVERED')
),
told as (
    select k.*, k.promiser_id = any (a.ids) as promised, g.acknowledgement_days as days,
           case when k.beneficiary_id = $2 then $2
                when k.requester_id = $2 and k.requester_id is distinct from k.promiser_id then $2
                when k.beneficiary_id = any (a.ids) then k.beneficiary_id
                when k.requester_id = any (a.ids) and k.requester_id is distinct from k.promiser_id then k.requester_id
           end as asking
      from mine k, acting a, organisation g
     where g.organisation_id = $1 and g.until is null
),
duty (kind, urgency, command, due_on, person_id, about_id, task_id, outcome_id, milestone_id, may) as materialized (
    select 'ESCALATED', 0,
           case e.fact when 'DUE_PASSED' then 'deliver-task' when 'ACCEPTANCE_PASSED' then 'accept-delivery'
                when 'BLOCK_AGED' then 'unblock-task' when 'CHECK_IN_MISSED' then 'check-in' else 'acknowledge' end,
           e.stands_since, e.person_id, e.id, e.task_id, e.outcome_id, null::uuid,
           case when e.fact in ('DUE_PASSED', 'BLOCK_AGED') then k.promiser_id = $2
                when e.fact = 'ACCEPTANCE_PASSED' then k.beneficiary_id = $2 or (k.requester_id = $2 and k.promiser_id <> $2)
                when e.fact = 'ACKNOWLEDGEMENT_PASSED'
                then (o.reviewer_id = any (e.ids) or exists (select from led l where l.team_id = o.team_id and l.person_id = $2))
                     and (select c.author_id is distinct from $2 from check_in c
                           where c.organisation_id = $1 and c.until is null and c.id = e.check_in_id)
                else true end
      from (select distinct on (e.fact, e.stands_since, e.task_id, e.outcome_id, e.check_in_id) e.*, w.person_id, a.ids
              from acting a
              join escalated_to w on w.organisation_id = $1 and w.until is null and w.person_id = any (a.ids)
              join escalation e on e.organisation_id = $1 and e.until is null and e.id = w.escalation_id and e.noted_on <= $3
             where (w.person_id = $2 or w.outcome_id is null or w.outcome_id not in (select h.id from hidden h))
               and (e.outcome_id is null or e.outcome_id not in (select h.id from hidden h))
             order by e.fact, e.stands_since, e.task_id, e.outcome_id, e.check_in_id,
                      w.person_id = $2 desc, e.days desc, e.id desc, w.id desc) e
      left join task k on k.organisation_id = $1 and k.until is null and k.id = e.task_id
      left join outcome o on o.organisation_id = $1 and o.until is null and o.id = e.outcome_id
     where fact_stands($1, e.fact, e.task_id, e.outcome_id, e.check_in_id, e.stands_since, 9223372036854775807, $3)
     union all
    select 'ANSWER_REQUEST', 3, 'accept-task', least(k.due_on, k.requested_on + k.days), k.promiser_id, k.id, k.id, null, null,
           k.promiser_id = $2
      from told k
     where k.state = 'REQUESTED' and k.promised
     union all
    select 'ANSWER_REQUEST', 3, 'accept-task', least(k.due_on, k.requested_on + g.acknowledgement_days), m.person_id, k.id,
           k.id, null, null, m.person_id = $2
      from organisation g
     cross join acting a
      join lateral (
           select m.team_id, (array_agg(m.person_id order by m.person_id <> $2, m.person_id))[1] as person_id
             from membership m
            where m.organisation_id = $1 and m.until is null and m.person_id = any (a.ids)
            group by m.team_id) m on true
      join task k on k.organisation_id = $1 and k.until is null and k.team_id = m.team_id and k.state = 'REQUESTED'
                 and k.promiser_id is null
     where g.organisation_id = $1 and g.until is null
     union all
    select 'ACCEPT_DELIVERY', 1, 'accept-delivery', k.delivered_on + k.days, k.asking, k.id, k.id, null, null,
           k.beneficiary_id = $2 or (k.requester_id = $2 and k.promiser_id <> $2)
      from told k
     where k.state = 'DELIVERED' and k.asking is not null
     union all
    select 'DELIVER', 4, 'deliver-task', k.due_on, k.promiser_id, k.id, k.id, null, null, k.promiser_id = $2
      from told k
     where k.state = 'COMMITTED' and k.promised and k.due_on < $3
     union all
    select 'CLEAR_BLOCK', 5, 'unblock-task', b.act_by, k.promiser_id, k.id, k.id, null, null, k.promiser_id = $2
      from told k
      join task_block b on b.organisation_id = $1 and b.task_id = k.id and b.until is null and b.act_by < $3
     where k.state = 'COMMITTED' and k.promised
     union all
    select 'ANSWER_TERMS', 2, 'agree-terms', k.due_on, t.person_id, k.id, k.id, null, null, t.person_id = $2
      from told k
      join proposed_terms p on p.organisation_id = $1 and p.task_id = k.id and p.until is null and p.state = 'OPEN'
     cross join lateral (select case when p.proposer_id = k.promiser_id then k.asking else k.promiser_id end) t (person_id)
     where (p.proposer_id = k.promiser_id and k.asking is not null and k.state in ('COUNTERED', 'COMMITTED'))
        or (p.proposer_id <> k.promiser_id and k.promised and k.state = 'COMMITTED')
     union all
    select 'CHECK_IN_DUE', 9, 'check-in', d.due_on, o.person_id, o.id, null, o.id, null, true
      from (select o.id, o.owner_id
              from acting a
              join outcome o on o.organisation_id = $1 and o.until is null and o.state = 'ACTIVE' and o.owner_id = any (a.ids)
             union all
            select o.id, l.person_id
              from led l
              join outcome o on o.organisation_id = $1 and o.until is null and o.state = 'ACTIVE' and o.owner_id is null
                            and o.team_id = l.team_id) o (id, person_id)
     cross join lateral check_in_due($1, o.id, 9223372036854775807, $3) d
     where d.due_on <= $3 and o.id not in (select h.id from hidden h)
     union all
    select 'ACKNOWLEDGEMENT_DUE', 6, 'acknowledge', c.dated + g.acknowledgement_days, o.reviewer_id, c.id, null, o.id, null, true
      from acting a
     cross join organisation g
      join outcome o on o.organisation_id = $1 and o.until is null and o.reviewer_id = any (a.ids)
     cross join lateral (
           select c.id, c.dated, c.author_id from check_in c
            where c.organisation_id = $1 and c.until is null and c.outcome_id = o.id and c.dated <= $3
            order by c.dated desc, c.made_at desc, c.id desc
            limit 1) c
     where g.organisation_id = $1 and g.until is null and o.id not in (select h.id from hidden h)
       and c.author_id is distinct from o.reviewer_id and c.author_id is distinct from $2
       and not exists (
           select from acknowledgement w where w.organisation_id = $1 and w.until is null and w.check_in_id = c.id)
     union all
    select 'GRADE', 7, 'grade-outcome', y.ends_on, coalesce(o.reviewer_id, o.owner_id), o.id, null, o.id, null, true
      from acting a
      join outcome o on o.organisation_id = $1 and o.until is null and o.state in ('ACTIVE', 'PAUSED')
                    and coalesce(o.reviewer_id, o.owner_id) = any (a.ids)
      join cycle y on y.organisation_id = $1 and y.until is null and y.id = o.cycle_id and y.state = 'IN_REVIEW'
     where o.id not in (select h.id from hidden h)
     union all
    select 'GRADE_ACKNOWLEDGEMENT_DUE', 10, 'acknowledge', d.graded_on + g.acknowledgement_days, w.person_id, o.id, null, o.id,
           null, o.reviewer_id = any (o.ids) or coalesce(o.lead_id = $2, false)
      from organisation g
     cross join (
           select o.id, o.reviewer_id, a.ids, l.person_id as lead_id
             from acting a
             join outcome o on o.organisation_id = $1 and o.until is null and o.state in ('GRADED', 'CARRIED_OVER')
                           and (o.reviewer_id = any (a.ids) or o.team_id in (select l.team_id from led l))
             left join led l on l.team_id = o.team_id) o
      join grade d on d.organisation_id = $1 and d.until is null and d.id = o.id and d.graded_on <= $3
     cross join lateral (
           select case when o.reviewer_id is distinct from d.grader_id and o.reviewer_id is not null then o.reviewer_id
                       else o.lead_id end) w (person_id)
     where g.organisation_id = $1 and g.until is null and o.id not in (select h.id from hidden h)
       and w.person_id = any (o.ids) and d.grader_id is distinct from w.person_id and d.grader_id is distinct from $2
       and not exists (
           select from acknowledgement a
            where a.organisation_id = $1 and a.until is null and a.outcome_id = o.id and a.check_in_id is null
              and a.since > d.since)
     union all
    select 'REVIEW_ACKNOWLEDGEMENT_DUE', 11, 'acknowledge', y.closed_on + g.acknowledgement_days, w.person_id, y.id, null, null,
           null, w.person_id = $2
      from organisation g
     cross join (
           select distinct on (o.cycle_id) o.cycle_id, o.owner_id
             from acting a
             join outcome o on o.organisation_id = $1 and o.until is null and o.owner_id = any (a.ids)
                           and o.state in ('GRADED', 'CARRIED_OVER', 'ABANDONED')
             join cycle y on y.organisation_id = $1 and y.until is null and y.id = o.cycle_id and y.state = 'CLOSED'
                         and y.closed_on <= $3
            where o.id not in (select h.id from hidden h)
              and not exists (
                  select from acknowledgement a
                   where a.organisation_id = $1 and a.until is null and a.cycle_id = y.id and a.person_id = o.owner_id
                     and a.since > y.since)
            order by o.cycle_id, o.owner_id <> $2, o.owner_id) w (cycle_id, person_id)
      join cycle y on y.organisation_id = $1 and y.until is null and y.id = w.cycle_id
     where g.organisation_id = $1 and g.until is null
     union all
    select 'MILESTONE_PASSED', 8, 'mark-milestone', m.due_on, coalesce(m.owner_id, o.owner_id), m.id, null, o.id, m.id, true
      from acting a
      join milestone m on m.organisation_id = $1 and m.until is null and m.state = 'PLANNED' and m.due_on < $3
      join outcome o on o.organisation_id = $1 and o.until is null and o.id = m.outcome_id and o.state in ('DRAFT', 'ACTIVE')
     where coalesce(m.owner_id, o.owner_id) = any (a.ids) and o.id not in (select h.id from hidden h)
     union all
    select 'SOURCE_SILENT', 12, 'revise-source', (s.silent_since at time zone g.time_zone)::date, s.person_id, s.id, null, null,
           null, true
      from acting a
     cross join organisation g
      join source s on s.organisation_id = $1 and s.until is null and s.silent_since is not null and s.person_id = any (a.ids)
     where g.organisation_id = $1 and g.until is null
       and (s.outcome_id is null or s.outcome_id not in (select h.id from hidden h))
     union all
    select 'WEBHOOK_DISABLED', 13, 'resume-webhook', d.day, w.person_id, w.id, null, null, null,
           $4 in ('OWNER', 'LEAD') and (w.person_id = $2 or $4 = 'OWNER')
      from acting a
      join webhook w on w.organisation_id = $1 and w.until is null and w.state = 'DISABLED' and w.person_id = any (a.ids)
     cross join lateral (
           select day_of($1, e.recorded_at) from entry e
            where e.organisation_id = $1 and e.until is null and e.position = w.since) d (day)
     where d.day <= $3
     union all
    select 'RECONSIDER', 14, 'reconsider-work', r.review_on, coalesce(c.person_id, l.person_id), c.id, null, null, null, true
      from acting a
      join declined_work c on c.organisation_id = $1 and c.until is null and c.reconsidered_on is null
      left join led l on l.team_id = c.team_id
     cross join lateral (
           select coalesce(c.until_on, (select y.ends_on from cycle y
                                         where y.organisation_id = $1 and y.until is null and y.id = c.cycle_id))) r (review_on)
     where r.review_on <= $3 and coalesce(c.person_id, l.person_id) = any (a.ids)
)
select json_build_object('inbox', json_build_object('totalCount', (select count(*) from duty), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'kind', d.kind, 'due', d.due_on, 'settledBy', d.command,
                      'canSettle', d.may and $4 in ('OWNER', 'LEAD', 'MEMBER'),
                      'person', (select json_build_object('name', p.name) from person p
                                  where p.organisation_id = $1 and p.until is null and p.id = d.person_id),
                      'task', (select json_build_object('id', k.id, 'title', k.title, 'due', k.due_on) from task k
                                where k.organisation_id = $1 and k.until is null and k.id = d.task_id),
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = d.outcome_id),
                      'milestone', (select json_build_object('title', m.title) from milestone m
                                     where m.organisation_id = $1 and m.until is null and m.id = d.milestone_id))
                      order by d.due_on, d.urgency, d.about_id), '[]')
             from (select * from duty order by due_on, urgency, about_id limit 20) d)))::text

-- commitments_mine: what somebody has promised and that is not settled yet
with hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
found as materialized (
    select k.* from task k
     where k.organisation_id = $1 and k.until is null and k.promiser_id = $4::uuid and k.state in ('COMMITTED', 'DELIVERED')
)
select json_build_object('commitments', json_build_object('totalCount', (select count(*) from found), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', k.id, 'title', k.title, 'state', k.state, 'due', k.due_on,
                      'overdue', k.state = 'COMMITTED' and k.due_on < $3::date, 'renegotiations', k.renegotiations,
                      'promiser', (select json_build_object('name', p.name) from person p
                                    where p.organisation_id = $1 and p.until is null and p.id = k.promiser_id),
                      'beneficiary', (select json_build_object('name', p.name) from person p
                                       where p.organisation_id = $1 and p.until is null and p.id = k.beneficiary_id),
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = k.outcome_id
                                     and o.id not in (select h.id from hidden h)))
                      order by k.due_on, k.id), '[]')
             from (select * from found order by due_on, id limit 20) k)))::text

-- commitments_overdue: what is overdue in the whole organisation
with hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
)
select json_build_object('commitments', json_build_object('totalCount', (
           select count(*) from task k
            where k.organisation_id = $1 and k.until is null and k.state = 'COMMITTED' and k.due_on < $3::date), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', k.id, 'title', k.title, 'state', k.state, 'due', k.due_on,
                      'overdue', true, 'renegotiations', k.renegotiations,
                      'promiser', (select json_build_object('name', p.name) from person p
                                    where p.organisation_id = $1 and p.until is null and p.id = k.promiser_id),
                      'beneficiary', (select json_build_object('name', p.name) from person p
                                       where p.organisation_id = $1 and p.until is null and p.id = k.beneficiary_id),
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = k.outcome_id
                                     and o.id not in (select h.id from hidden h)))
                      order by k.due_on, k.id), '[]')
             from (select k.* from task k
                    where k.organisation_id = $1 and k.until is null and k.state = 'COMMITTED' and k.due_on < $3::date
                    order by k.due_on, k.id
                    limit 20) k)))::text

-- commitments_under: what is overdue of a team and those below it
with recursive hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
below (id) as (
    select $4::uuid
     union
    select t.id from below b join team t on t.organisation_id = $1 and t.until is null and t.parent_id = b.id
),
found as materialized (
    select k.* from task k
     where k.organisation_id = $1 and k.until is null and k.state = 'COMMITTED' and k.due_on < $3::date
       and (k.team_id in (select b.id from below b)
            or k.promiser_id in (select m.person_id from below b
                                   join membership m on m.organisation_id = $1 and m.until is null and m.team_id = b.id))
)
select json_build_object('commitments', json_build_object('totalCount', (select count(*) from found), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', k.id, 'title', k.title, 'state', k.state, 'due', k.due_on,
                      'overdue', true, 'renegotiations', k.renegotiations,
                      'promiser', (select json_build_object('name', p.name) from person p
                                    where p.organisation_id = $1 and p.until is null and p.id = k.promiser_id),
                      'beneficiary', (select json_build_object('name', p.name) from person p
                                       where p.organisation_id = $1 and p.until is null and p.id = k.beneficiary_id),
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = k.outcome_id
                                     and o.id not in (select h.id from hidden h)))
                      order by k.due_on, k.id), '[]')
             from (select * from found order by due_on, id limit 20) k)))::text

-- commitments_serving: what was promised by a day of the last quarter, for an outcome and all that serves it
with recursive hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
below (id) as (
    select $4::uuid
     union
    select a.outcome_id from below b
      join alignment a on a.organisation_id = $1 and a.until is null and a.higher_id = b.id
),
found as materialized (
    select k.* from below b
      join task k on k.organisation_id = $1 and k.until is null and k.outcome_id = b.id
     where k.due_on between $3::date - 90 and $3::date
       and $4 not in (select h.id from hidden h) and b.id not in (select h.id from hidden h)
)
select json_build_object('commitments', json_build_object('totalCount', (select count(*) from found), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', k.id, 'title', k.title, 'state', k.state, 'due', k.due_on,
                      'overdue', k.state = 'COMMITTED' and k.due_on < $3::date, 'renegotiations', k.renegotiations,
                      'promiser', (select json_build_object('name', p.name) from person p
                                    where p.organisation_id = $1 and p.until is null and p.id = k.promiser_id),
                      'beneficiary', (select json_build_object('name', p.name) from person p
                                       where p.organisation_id = $1 and p.until is null and p.id = k.beneficiary_id),
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = k.outcome_id
                                     and o.id not in (select h.id from hidden h)))
                      order by k.due_on, k.id), '[]')
             from (select * from found order by due_on, id limit 20) k)))::text

-- commitments_renegotiated: what was due in the last quarter and had been renegotiated twice or more, the most often first
with hidden as materialized (
    select h.id from hidden_outcomes($1, $2) h
),
found as materialized (
    select k.id, k.title, k.state, k.due_on, k.renegotiations, k.promiser_id, k.beneficiary_id, k.outcome_id from task k
     where k.organisation_id = $1 and k.until is null and k.renegotiations >= 2 and k.due_on between $3::date - 90 and $3::date
)
select json_build_object('commitments', json_build_object('totalCount', (select count(*) from found), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'id', k.id, 'title', k.title, 'state', k.state, 'due', k.due_on,
                      'overdue', k.state = 'COMMITTED' and k.due_on < $3::date, 'renegotiations', k.renegotiations,
                      'promiser', (select json_build_object('name', p.name) from person p
                                    where p.organisation_id = $1 and p.until is null and p.id = k.promiser_id),
                      'beneficiary', (select json_build_object('name', p.name) from person p
                                       where p.organisation_id = $1 and p.until is null and p.id = k.beneficiary_id),
                      'outcome', (select json_build_object('id', o.id, 'title', o.title) from outcome o
                                   where o.organisation_id = $1 and o.until is null and o.id = k.outcome_id
                                     and o.id not in (select h.id from hidden h)))
                      order by k.renegotiations desc, k.id desc), '[]')
             from (select * from found order by renegotiations desc, id desc limit 20) k)))::text
