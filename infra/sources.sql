-- heard: a source has told something; whether any reading came of it
insert into edge.source_state as s (organisation_id, source_id, heard_at, last_reading_at)
values ($1, $2, now(), case when $3 then now() end)
on conflict (organisation_id, source_id) do update
   set heard_at = now(), last_error = null, last_error_at = null,
       last_reading_at = coalesce(excluded.last_reading_at, s.last_reading_at)

-- failed: what a source told could not be taken, or nothing came; what was on its way while somebody was forgotten may name them
insert into edge.source_state (organisation_id, source_id, last_error, last_error_at)
values ($1, $2,
        case when exists (select from edge.forgotten f where f.organisation_id = $1 and f.swept_at > now() - interval '1 min')
             then $4::text else $3::text end,
        now())
on conflict (organisation_id, source_id) do update set last_error = excluded.last_error, last_error_at = now()

-- claim: sources that are to be fetched from now, leased to this process
with due as (
    select s.organisation_id, s.id
      from read.source s
      left join edge.source_state e on e.organisation_id = s.organisation_id and e.source_id = s.id
     where s.until is null and s.state = 'CONNECTED' and s.every_minutes is not null
       and coalesce(e.due_at, '-infinity') <= $1 and coalesce(e.lease_until, '-infinity') < now()
     order by e.due_at nulls first, s.id
     limit $2
),
taken as (
    insert into edge.source_state as e (organisation_id, source_id, lease, lease_until)
    select d.organisation_id, d.id, gen_random_uuid(), now() + $3::float8 * interval '1 s' from due d
    on conflict (organisation_id, source_id) do update set lease = excluded.lease, lease_until = excluded.lease_until
     where coalesce(e.due_at, '-infinity') <= $1 and coalesce(e.lease_until, '-infinity') < now()
    returning e.organisation_id, e.source_id, e.lease
)
select t.organisation_id, t.source_id, t.lease, s.kind, s.value_at, s.day_at, s.id_at, s.items_at, s.address, s.connection, s.query
  from taken t
  join read.source s on s.organisation_id = t.organisation_id and s.id = t.source_id and s.until is null

-- zone: the time zone of an organisation
select coalesce((select o.time_zone from read.organisation o where o.organisation_id = $1 and o.until is null), 'UTC')

-- next: a source that was fetched from is to be so again after its minutes, whoever holds its lease still
update edge.source_state e
   set due_at = $4::timestamptz + s.every_minutes * interval '1 min', lease = null, lease_until = null
  from read.source s
 where e.organisation_id = $1 and e.source_id = $2 and e.lease = $3
   and s.organisation_id = e.organisation_id and s.id = e.source_id and s.until is null

-- silence: what was wrong with what the sources of an organisation told may name somebody who is forgotten. Every row is written, for
-- what stood in it before lies in the file still
update edge.source_state set last_error = case when last_error is not null then $2::text end where organisation_id = $1
