-- organisations: where somebody wants to be told something
select distinct c.organisation_id
  from read.notice_channel c
 where c.until is null and (c.rhythm is not null or c.urgent <> '{}')
 order by c.organisation_id

-- claim: how far the read models are, and how far and when they were looked through, where nobody else is at it; the lock ends with
-- the transaction
select r.position, l.position as looked_position, l.looked_at
  from (select coalesce(min(c.position), 0) as position from read.checkpoint c where c.organisation_id = $1) r
  left join edge.notice_look l on l.organisation_id = $1
 where pg_try_advisory_xact_lock(7236006, hashtext(($1::uuid)::text))

-- looked: this far
insert into edge.notice_look (organisation_id, position, looked_at) values ($1, $2, $3)
on conflict (organisation_id) do update set position = excluded.position, looked_at = excluded.looked_at

-- addressees: who wants to be told, and how
select * from read.addressees($1) order by person_id, channel

-- plan: facts that are to be told, each once
insert into edge.notice (organisation_id, person_id, channel, fact, due_at)
select $1, t.person_id, t.channel, t.fact, t.due_at
  from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) t (person_id, channel, fact, due_at)
on conflict do nothing

-- due: what is to be told now
select n.person_id, n.channel, array_agg(n.fact order by n.fact) as facts, max(n.attempt) as attempt
  from edge.notice n
 where n.organisation_id = $1 and n.state = 'DUE' and n.due_at <= $2 and n.channel = any ($3::text[])
 group by n.person_id, n.channel
 order by min(n.due_at), n.person_id, n.channel
 limit $4

-- take: on their way; whoever takes them sends them, and nobody else does
update edge.notice n
   set state = 'SENDING', attempt = n.attempt + 1, tried_at = $5
 where n.organisation_id = $1 and n.person_id = $2 and n.channel = $3 and n.fact = any ($4::text[]) and n.state = 'DUE'
returning n.fact

-- end: what came of facts
update edge.notice n
   set state = $5, ended_at = $6
 where n.organisation_id = $1 and n.person_id = $2 and n.channel = $3 and n.fact = any ($4::text[])

-- again: facts that are tried once more, at a time
update edge.notice n
   set state = 'DUE', due_at = $5
 where n.organisation_id = $1 and n.person_id = $2 and n.channel = $3 and n.fact = any ($4::text[]) and n.state = 'SENDING'

-- put_off: facts that could not be told now
update edge.notice n
   set due_at = $5
 where n.organisation_id = $1 and n.person_id = $2 and n.channel = $3 and n.fact = any ($4::text[]) and n.state = 'DUE'

-- lost: what somebody was sending and has not come back with: it may have arrived, and is not sent again
update edge.notice n
   set state = 'UNKNOWN', ended_at = $2::timestamptz
 where n.organisation_id = $1 and n.state = 'SENDING' and n.tried_at < $2::timestamptz - $3 * interval '1 s'

-- sweep: what ended long ago, and what could not be sent for long, for want of a mail server
delete from edge.notice n
 where n.organisation_id = $1
   and (n.ended_at < $2::timestamptz - $3 * interval '1 day'
        or (n.state = 'DUE' and n.due_at < $2::timestamptz - $4 * interval '1 day'))
