-- restless: organisations whose outbox lags behind their read models, and those that have a webhook and no outbox yet
select c.organisation_id
  from outbox.checkpoint c
 where c.position < (select min(r.position) from read.checkpoint r where r.organisation_id = c.organisation_id)
union all
select w.organisation_id
  from read.webhook w
 where w.until is null and not exists (select from outbox.checkpoint c where c.organisation_id = w.organisation_id)
union all
select p.organisation_id from outbox.replay p

-- begin: an outbox for an organisation that has a webhook, from where its first one was subscribed
insert into outbox.checkpoint (organisation_id, position)
select $1, min(w.since) - 1 from read.webhook w where w.organisation_id = $1 having min(w.since) is not null
on conflict do nothing

-- ahead: what the outbox has not got yet
select * from read.ahead_of_outbox($1, $2)

-- follow: the outbox comes so far, and what it takes for whoever asks
select f.made, (f.claimed).* from read.follow($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) f

-- hold: an outbox that is still there, until the transaction is over
select from outbox.checkpoint where organisation_id = $1 and position = $2 for update

-- endpoints: a count for each webhook that has none
insert into outbox.endpoint (organisation_id, webhook_id)
select $1, w.id from read.webhook w where w.organisation_id = $1 and w.until is null
on conflict do nothing

-- lock: every webhook of an organisation, in the order in which all who want several take them
select from outbox.endpoint where organisation_id = $1 order by webhook_id for update

-- announce: public events of a stretch of the ledger
select read.announce($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- deliver: to whom they are meant for
select max(made) from read.deliver($1, $2, $3, $4, $5, 0, 0, 0)

-- advance: the outbox has come so far
update outbox.checkpoint set position = $2 where organisation_id = $1

-- new_epoch: what comes next continues no sequence: the filter is another one, or something was skipped
update outbox.endpoint set epoch = epoch + 1 where organisation_id = $1 and webhook_id = $2

-- live: notes which life of the server this is; whether it is another one than before
insert into outbox.life as l (system, timeline)
select s.system_identifier, c.timeline_id from pg_control_system() s cross join pg_control_checkpoint() c
on conflict (one) do update set system = excluded.system, timeline = excluded.timeline
 where (l.system, l.timeline) <> (excluded.system, excluded.timeline)
returning l.xmax <> 0 as another

-- new_epochs: what comes next continues no sequence of any webhook; an epoch is none that a life gave of which nothing is known here,
-- for minutes pass more quickly than webhooks are revised
update outbox.endpoint set epoch = greatest(epoch + 1, floor(extract(epoch from now()) / 60)::int)

-- wake: a webhook whose deliveries had to wait
update outbox.endpoint e
   set due_at = now(), open_until = null, failed = 0, failing_since = null, trips = 0, tries = 0, failures = 0
 where e.organisation_id = $1 and e.webhook_id = $2

-- drop_due: what waits is not sent any more
update outbox.delivery set state = 'EXHAUSTED', ended_at = now()
 where organisation_id = $1 and webhook_id = $2 and state = 'DUE'

-- again: deliveries that go out once more: one by its sequence, or all since a position or a time, perhaps only what was given up
update outbox.delivery d
   set state = 'DUE', attempt = 0, due_at = now(), ended_at = null, lease = null, lease_until = null
  from outbox.event e
 where d.organisation_id = $1 and d.webhook_id = $2 and d.state in ('ACCEPTED', 'EXHAUSTED')
   and e.organisation_id = $1 and e.position = d.position and e.nth = d.nth
   and (d.sequence = $3::bigint
        or ($3 is null and d.position >= coalesce($4::bigint, 0) and e.recorded_at >= coalesce($5::timestamptz, '-infinity')))
   and (not $6::bool or d.state = 'EXHAUSTED')

-- replay: everything from a position on is to be sent once more to a webhook
insert into outbox.replay (organisation_id, webhook_id, at, position) values ($1, $2, $3, $4) on conflict do nothing

-- next_replay: the one that was asked for first, unless somebody is at it
select webhook_id, at, position from outbox.replay where organisation_id = $1 order by at limit 1 for update skip locked

-- replayed: it has come so far
update outbox.replay set position = $4 where organisation_id = $1 and webhook_id = $2 and at = $3

-- end_replay: it is done
delete from outbox.replay where organisation_id = $1 and webhook_id = $2 and at = $3

-- drop_replays: nothing is sent once more to a webhook
delete from outbox.replay where organisation_id = $1 and webhook_id = $2

-- rested_since: the position at which a webhook last came to rest, before one
select max(w.since)
  from read.webhook w
 where w.organisation_id = $1 and w.id = $2 and w.since < $3 and w.state in ('PAUSED', 'DISABLED')
   and not exists (
       select from read.webhook v
        where v.organisation_id = $1 and v.id = $2 and v.until = w.since and v.state = w.state)

-- first_since: the position of the first event recorded at a time or later
select min(position) from ledger.events where organisation_id = $1 and recorded_at >= $2

-- events: what stands in a stretch of the ledger
select position, event_id, version, type, command_id, correlation_id, causation_id, actor, tags, reason, recorded_at, occurred_at,
       body
  from ledger.events
 where organisation_id = $1 and position > $2 and position <= $3
 order by position
 limit $4

-- old_deliveries: some of what ended long ago, unless somebody is at it
select d.webhook_id, d.sequence
  from outbox.delivery d
 where d.ended_at < now() - $1 * interval '1 day'
 order by d.ended_at
 limit $2
   for update skip locked

-- drop_tries: every try of some deliveries
delete from outbox.attempt a
 using unnest($1::uuid[], $2::bigint[]) o (webhook_id, sequence)
 where a.webhook_id = o.webhook_id and a.sequence = o.sequence

-- drop_deliveries: some deliveries
delete from outbox.delivery d
 using unnest($1::uuid[], $2::bigint[]) o (webhook_id, sequence)
 where d.webhook_id = o.webhook_id and d.sequence = o.sequence

-- old_events: some of those that no delivery is made of; the oldest of an organisation are recorded first. Offset keeps the planner
-- from reading all deliveries to find none
select x.organisation_id, x.position, x.nth
  from outbox.checkpoint c
 cross join lateral (
       select e.recorded_at from outbox.event e where e.organisation_id = c.organisation_id order by e.position, e.nth limit 1) f
 cross join lateral (
       select e.organisation_id, e.position, e.nth, e.recorded_at
         from outbox.event e
        where e.organisation_id = c.organisation_id
        order by e.position, e.nth
        limit $2) x
 where f.recorded_at < now() - $1 * interval '1 day' and x.recorded_at < now() - $1 * interval '1 day'
   and not exists (
       select from outbox.endpoint w
         join outbox.delivery d on d.webhook_id = w.webhook_id and d.position = x.position and d.nth = x.nth
        where w.organisation_id = x.organisation_id
       offset 0)
 limit $2

-- drop_events: some events
delete from outbox.event e
 using unnest($1::uuid[], $2::bigint[], $3::smallint[]) o (organisation_id, position, nth)
 where e.organisation_id = o.organisation_id and e.position = o.position and e.nth = o.nth

-- reclaim: deliveries whose sender has not come back, unless it is whoever asks (a clock has jumped); a delivery is only changed by whoever has locked its webhook, in this order
with endpoint as materialized (
    select e.organisation_id, e.webhook_id
      from outbox.endpoint e
     where e.webhook_id in (select d.webhook_id from outbox.delivery d
            where d.state = 'SENT' and d.lease_until < now() and d.lease <> all ($1::uuid[]))
     order by e.webhook_id
       for update
),
lost as (
    update outbox.delivery d
       set state = 'DUE', due_at = now(), lease = null, lease_until = null
      from endpoint e
     where d.webhook_id = e.webhook_id and d.state = 'SENT' and d.lease_until < now() and d.lease <> all ($1::uuid[])
    returning d.organisation_id, d.webhook_id
)
update outbox.endpoint e
   set due_at = now()
  from (select distinct organisation_id, webhook_id from lost) l
 where e.organisation_id = l.organisation_id and e.webhook_id = l.webhook_id

-- release: deliveries that were not tried after all, to be tried in so many seconds
with endpoint as materialized (
    select e.organisation_id, e.webhook_id
      from outbox.endpoint e
     where e.webhook_id in (
           select d.webhook_id from outbox.delivery d where d.state = 'SENT' and d.lease = any ($1::uuid[]))
     order by e.webhook_id
       for update
),
back as (
    update outbox.delivery d
       set state = 'DUE', attempt = d.attempt - 1, due_at = now() + $2 * interval '1 s', lease = null, lease_until = null
      from endpoint e
     where d.webhook_id = e.webhook_id and d.state = 'SENT' and d.lease = any ($1::uuid[])
    returning d.organisation_id, d.webhook_id, d.due_at
)
update outbox.endpoint e
   set due_at = least(e.due_at, b.due_at)
  from (select organisation_id, webhook_id, min(due_at) as due_at from back group by 1, 2) b
 where e.organisation_id = b.organisation_id and e.webhook_id = b.webhook_id

-- viewer: the role of whose eyes a webhook sees with
select role from read.viewer_of($1, $2, $3) v (role) where role is not null

-- turn: writes down what came of tries, and takes what is due and may be sent
select t.failing_of, t.failing, t.failed, t.failing_since, (t.claimed).*
  from read.finish_and_claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) t

-- eyes: whose eyes a webhook sees with and by what role, for whoever has subscribed it, and an owner; no role where they are gone
select w.mode, w.person_id, w.api_key_id, v.role
  from read.webhook w
  cross join lateral read.viewer_of($1, w.person_id, w.api_key_id) v (role)
 where w.organisation_id = $1 and w.id = $2 and w.until is null and w.state <> 'REMOVED'
   and (w.person_id = $3 or (w.person_id is null and w.api_key_id = $4) or $5)

-- told_after: deliveries after a number
select * from read.told_after($1, $2, $3, $4, $5, $6)

-- silence: what receivers of an organisation answered may name somebody who is forgotten
update outbox.attempt set excerpt = null where organisation_id = $1 and excerpt is not null
