-- events: a stretch of the ledger, as stored and hashed, each with the hash before it
select e.position, e.recorded_at, e.command_id, e.event_id, e.correlation_id, e.causation_id, e.occurred_at, e.version,
       e.type, e.actor, e.tags, e.reason, e.body, b.hash as before, e.hash
  from ledger.events e
  left join ledger.events b on b.organisation_id = $1 and b.position = e.position - 1
 where e.organisation_id = $1 and e.position > $2 and e.position <= $3
 order by e.position
 limit $4

-- events_of: as `events`, those that name an entity in their tags
select e.position, e.recorded_at, e.command_id, e.event_id, e.correlation_id, e.causation_id, e.occurred_at, e.version,
       e.type, e.actor, e.tags, e.reason, e.body, b.hash as before, e.hash
  from ledger.events e
  left join ledger.events b on b.organisation_id = $1 and b.position = e.position - 1
 where e.organisation_id = $1 and e.position > $2 and e.position <= $3
   and exists (select from unnest(e.tags) t where t like '%:' || $5::text)
 order by e.position
 limit $4
