-- scope: everything that follows in the transaction is of this organisation
select set_config('headway.organisation', ($1::uuid)::text, true)

-- sealed: events in which something is sealed under a person's key, up to a position
select e.position, e.event_id, e.version, e.type, e.command_id, e.correlation_id, e.causation_id, e.actor, e.tags, e.reason,
       e.recorded_at, e.occurred_at, e.body
  from ledger.events e
 where e.organisation_id = $1 and e.position < $2 and strpos(e.body, $3) > 0
 order by e.position

-- swept: nobody can read it any more; the bytes are still in the files
insert into edge.forgotten (organisation_id, person_id, position, tables) values ($1, $2, $3, $4)
on conflict (organisation_id, person_id) do update
    set tables = array(select distinct unnest(edge.forgotten.tables || excluded.tables)), scrubbed_at = null

-- told: to every process, at the commit
select pg_notify('headway_forgotten', ($1::uuid)::text)

-- noted: whom this database knows to be forgotten
select f.organisation_id, f.person_id, f.position from edge.forgotten f

-- standing: how far the organisation's ledger has come, and its time zone; nothing where it is not here
select h.position, (select o.time_zone from read.organisation o where o.organisation_id = $1 and o.until is null)
  from ledger.heads h
 where h.organisation_id = $1 and h.position > 0

-- unscrubbed: whose bytes are still there
select f.organisation_id, f.person_id, f.tables from edge.forgotten f where f.scrubbed_at is null

-- scrubbed: the files hold nothing of them
update edge.forgotten set scrubbed_at = now() where organisation_id = $1 and person_id = $2 and tables <@ $3

-- untold: of what they were told, or were to be told
delete from edge.notice where organisation_id = $1 and person_id = $2
