-- inbox: what waits for the viewer and for whoever has delegated to them, and how much there is of it
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
duty (kind, urgency, command, due_on, person_id, about_id, task_id, outcome_id, milestone_id) as materialized (
    select 'ANSWER_REQUEST', 2, 'accept-task', least(k.due_on, k.requested_on + k.days), k.promiser_id, k.id, k.id, null::uuid,
           null::uuid
      from told k
     where k.state = 'REQUESTED' and k.promised
     union all
    select 'ANSWER_REQUEST', 2, 'accept-task', least(k.due_on, k.requested_on + g.acknowledgement_days), m.person_id, k.id,
           k.id, null, null
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
    select 'ACCEPT_DELIVERY', 0, 'accept-delivery', k.delivered_on + k.days, k.asking, k.id, k.id, null, null
      from told k
     where k.state = 'DELIVERED' and k.asking is not null
     union all
    select 'DELIVER', 3, 'deliver-task', k.due_on, k.promiser_id, k.id, k.id, null, null
      from told k
     where k.state = 'COMMITTED' and k.promised and k.due_on < $3
     union all
    select 'CLEAR_BLOCK', 4, 'unblock-task', b.act_by, k.promiser_id, k.id, k.id, null, null
      from told k
      join task_block b on b.organisation_id = $1 and b.task_id = k.id and b.until is null and b.act_by < $3
     where k.state = 'COMMITTED' and k.promised
     union all
    select 'ANSWER_TERMS', 1, 'agree-terms', k.due_on, case when p.proposer_id = k.promiser_id then k.asking else k.promiser_id end,
           k.id, k.id, null, null
      from told k
      join proposed_terms p on p.organisation_id = $1 and p.task_id = k.id and p.until is null and p.state = 'OPEN'
     where (p.proposer_id = k.promiser_id and k.asking is not null and k.state in ('COUNTERED', 'COMMITTED'))
        or (p.proposer_id <> k.promiser_id and k.promised and k.state = 'COMMITTED')
     union all
    select 'CHECK_IN_DUE', 8, 'check-in', d.due_on, w.person_id, o.id, null, o.id, null
      from acting a
      join outcome o on o.organisation_id = $1 and o.until is null and o.state = 'ACTIVE'
                    and (o.owner_id is null or o.owner_id = any (a.ids))
     cross join lateral (
           select coalesce(o.owner_id, (
                      select m.person_id from membership m
                       where m.organisation_id = $1 and m.until is null and m.team_id = o.team_id and m.lead
                         and m.person_id = any (a.ids)
                       order by m.person_id <> $2, m.person_id
                       limit 1))) w (person_id)
     cross join lateral check_in_due($1, o.id, 9223372036854775807, $3) d
     where w.person_id is not null and d.due_on <= $3 and o.id not in (select h.id from hidden h)
     union all
    select 'ACKNOWLEDGEMENT_DUE', 5, 'acknowledge', c.dated + g.acknowledgement_days, o.reviewer_id, c.id, null, o.id, null
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
    select 'GRADE', 6, 'grade-outcome', y.ends_on, coalesce(o.reviewer_id, o.owner_id), o.id, null, o.id, null
      from acting a
      join outcome o on o.organisation_id = $1 and o.until is null and o.state in ('ACTIVE', 'PAUSED')
                    and coalesce(o.reviewer_id, o.owner_id) = any (a.ids)
      join cycle y on y.organisation_id = $1 and y.until is null and y.id = o.cycle_id and y.state = 'IN_REVIEW'
     where o.id not in (select h.id from hidden h)
     union all
    select 'MILESTONE_PASSED', 7, 'mark-milestone', m.due_on, coalesce(m.owner_id, o.owner_id), m.id, null, o.id, m.id
      from acting a
      join milestone m on m.organisation_id = $1 and m.until is null and m.state = 'PLANNED' and m.due_on < $3
      join outcome o on o.organisation_id = $1 and o.until is null and o.id = m.outcome_id and o.state in ('DRAFT', 'ACTIVE')
     where coalesce(m.owner_id, o.owner_id) = any (a.ids) and o.id not in (select h.id from hidden h)
     union all
    select 'RECONSIDER', 9, 'reconsider-work', r.review_on, w.person_id, c.id, null, null, null
      from acting a
      join declined_work c on c.organisation_id = $1 and c.until is null and c.reconsidered_on is null
     cross join lateral (
           select coalesce(c.until_on, (select y.ends_on from cycle y
                                         where y.organisation_id = $1 and y.until is null and y.id = c.cycle_id))) r (review_on)
     cross join lateral (
           select coalesce(c.person_id, (
                      select m.person_id from membership m
                       where m.organisation_id = $1 and m.until is null and m.team_id = c.team_id and m.lead
                         and m.person_id = any (a.ids)
                       order by m.person_id <> $2, m.person_id
                       limit 1))) w (person_id)
     where r.review_on <= $3 and w.person_id = any (a.ids)
)
select json_build_object('inbox', json_build_object('totalCount', (select count(*) from duty), 'nodes', (
           select coalesce(json_agg(json_build_object(
                      'kind', d.kind, 'due', d.due_on, 'settledBy', d.command,
                      'canSettle', d.person_id = $2 or d.task_id is null,
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
