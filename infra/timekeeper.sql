-- restless: organisations that have moved since they were looked through, or whose day may have changed since; all, where a day may have
-- ended for somebody
select h.organisation_id
  from ledger.heads h
  left join edge.looked l on l.organisation_id = h.organisation_id
 where h.position > 0
   and ($2::boolean or l.position is null or l.position < h.position or l.day < ($1::timestamptz at time zone 'Etc/GMT-14')::date)
 order by h.organisation_id

-- claim: the organisation's day and how far its read models have come, where there is something to look through and nobody else is
-- at it; the lock ends with the transaction. A promise becomes overdue when its day ends where its parties are, at another hour than the
-- organisation's perhaps; older ones than yesterday's were found when the organisation's day changed
select day_of($1, $2) as day, r.position
  from (select min(c.position) as position from read.checkpoint c where c.organisation_id = $1) r
  left join edge.looked l on l.organisation_id = $1
 where r.position > 0 and (
       l.position is null or l.position < r.position or l.day < day_of($1, $2)
       or exists (
          select from dues_passed($1, $2, r.position) d
           where d.due_on >= ($2::timestamptz at time zone 'Etc/GMT+12')::date - 1))
   and pg_try_advisory_xact_lock(7236002, hashtext(($1::uuid)::text))

-- looked: this far
insert into edge.looked (organisation_id, position, day) values ($1, $2, $3)
on conflict (organisation_id) do update set position = excluded.position, day = excluded.day

-- note_boundary_breached: boundaries of active outcomes whose figure is outside, and whose breach has not been noted
select b.id as boundary_id, s.breached_since as breached_on
  from boundary b
  join outcome o on o.organisation_id = $1 and o.id = b.outcome_id and o.state = 'ACTIVE' and o.until is null
 cross join lateral band_standing($1, b.figure_id, b.lower, b.upper, coalesce(o.starts_on, '-infinity'), $2, $3) s
 where b.organisation_id = $1 and b.until is null and s.breached and $4::timestamptz is not null
   and not exists (
       select from breach n
        where n.organisation_id = $1 and n.boundary_id = b.id and n.breached_on = s.breached_since)
 order by b.id

-- note_check_in_missed: active outcomes whose check-in was due and whose grace has passed; after a pause only the day that stands due now
select o.id as outcome_id, d.due_on
  from outcome o
 cross join lateral check_in_due($1, o.id, $2, $3) d
 where o.organisation_id = $1 and o.until is null and o.state = 'ACTIVE' and $3 > d.due_on + d.grace_days
   and $4::timestamptz is not null
   and not exists (
       select from missed_check_in n
        where n.organisation_id = $1 and n.outcome_id = o.id and n.due_on = d.due_on)
 order by o.id

-- note_acknowledgement_passed: the last check-in of each outcome with a reviewer, unread for longer than the policy allows
select c.id as check_in_id
  from organisation g
  join outcome o on o.organisation_id = $1 and o.until is null and o.state = 'ACTIVE' and o.reviewer_id is not null
 cross join lateral (
       select c.id, c.dated, c.author_id
         from check_in c
        where c.organisation_id = $1 and c.outcome_id = o.id and c.until is null and c.dated <= $3
        order by c.dated desc, c.made_at desc, c.id desc
        limit 1) c
 where g.organisation_id = $1 and g.until is null and $2::bigint is not null and $4::timestamptz is not null
   and $3 > c.dated + g.acknowledgement_days and c.author_id is distinct from o.reviewer_id
   and not exists (select from acknowledgement a where a.organisation_id = $1 and a.check_in_id = c.id and a.until is null)
   and not exists (select from late_acknowledgement l where l.organisation_id = $1 and l.check_in_id = c.id)
 order by c.id

-- note_due_passed: promises whose due date in force has passed undelivered, and of which it has not been noted
select task_id, due_on
  from dues_passed($1, $4, $2)
 where $3::date is not null
 order by task_id

-- note_acceptance_passed: deliveries unanswered for longer than the policy allows
select k.id as task_id
  from organisation g
  join task k on k.organisation_id = $1 and k.until is null and k.state = 'DELIVERED' and k.acceptance_passed_on is null
 where g.organisation_id = $1 and g.until is null and $2::bigint is not null and $4::timestamptz is not null
   and $3 > k.delivered_on + g.acknowledgement_days
 order by k.id

-- note_block_aged: what has stood in the way of a promise for longer than the policy allows
select b.task_id
  from organisation g
  join task_block b on b.organisation_id = $1 and b.until is null and b.aged_on is null
 where g.organisation_id = $1 and g.until is null and $2::bigint is not null and $4::timestamptz is not null
   and $3 > b.blocked_on + g.block_days
 order by b.task_id

-- note_escalated: facts that were noted and stand open, and have come to a step of the ladder in force that they have not taken
select f.fact, f.stands_since, l.days, l.receiver as "to", f.task_id, f.outcome_id, f.check_in_id
  from (select 'DUE_PASSED' as fact, k.due_on as stands_since, k.id as task_id, null::uuid as outcome_id,
               null::uuid as check_in_id, k.outcome_id as serves_id
          from task k
          join due_passed n on n.organisation_id = $1 and n.task_id = k.id and n.due_on = k.due_on
         where k.organisation_id = $1 and k.until is null and k.state = 'COMMITTED'
        union all
        select 'ACCEPTANCE_PASSED', k.delivered_on, k.id, null, null, k.outcome_id
          from task k
         where k.organisation_id = $1 and k.until is null and k.state = 'DELIVERED' and k.acceptance_passed_on is not null
        union all
        select 'BLOCK_AGED', b.blocked_on, k.id, null, null, k.outcome_id
          from task_block b
          join task k on k.organisation_id = $1 and k.id = b.task_id and k.until is null
         where b.organisation_id = $1 and b.until is null and b.aged_on is not null
        union all
        select 'CHECK_IN_MISSED', n.due_on, null, o.id, null, o.id
          from outcome o
          join missed_check_in n on n.organisation_id = $1 and n.outcome_id = o.id
         where o.organisation_id = $1 and o.until is null and o.state = 'ACTIVE'
        union all
        select 'ACKNOWLEDGEMENT_PASSED', n.waiting_since, null, o.id, c.id, o.id
          from outcome o
          join check_in c on c.organisation_id = $1 and c.outcome_id = o.id and c.until is null
          join late_acknowledgement n on n.organisation_id = $1 and n.check_in_id = c.id
         where o.organisation_id = $1 and o.until is null and o.state = 'ACTIVE') f
  left join outcome o on o.organisation_id = $1 and o.id = f.serves_id and o.until is null
 cross join lateral ladder_of($1, o.team_id, $2) l
 where exists (select from escalation_ladder a where a.organisation_id = $1 and a.until is null)
   and $4::timestamptz is not null
   and l.fact = f.fact and $3 >= f.stands_since + l.days
   and not exists (
       select from escalation e
        where e.organisation_id = $1 and e.fact = f.fact and e.stands_since = f.stands_since and e.days = l.days
          and e.receiver = l.receiver and e.task_id is not distinct from f.task_id
          and e.outcome_id is not distinct from f.outcome_id and e.check_in_id is not distinct from f.check_in_id)
   and fact_stands($1, f.fact, f.task_id, f.outcome_id, f.check_in_id, f.stands_since, $2, $3)
 order by f.stands_since, l.days, f.fact, f.task_id, f.outcome_id, f.check_in_id
