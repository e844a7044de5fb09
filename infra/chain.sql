-- organisations: every ledger, or one
select organisation_id, position, hash from ledger.heads
 where position > 0 and ($1::uuid is null or organisation_id = $1)
 order by organisation_id

-- before: the hash that an event has to continue
select hash from ledger.events where organisation_id = $1 and position = $2

-- links: a stretch of the chain with all that is hashed, each value in its fixed form
select position, hash, recorded_at, command_id, event_id, correlation_id, causation_id, occurred_at, version,
       type, actor, tags, reason, body
  from ledger.events
 where organisation_id = $1 and position > $2
 order by position
 limit $3
