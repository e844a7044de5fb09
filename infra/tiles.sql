-- nodes: tiles by level and index
select t.level, t.index, t.nodes
  from unnest($2::smallint[], $3::bigint[]) w (level, index)
  join ledger.tile t on t.organisation_id = $1 and t.level = w.level and t.index = w.index

-- size: how many events the tree covers
select size from ledger.tree where organisation_id = $1

-- leaves: the hashes of a stretch of events, one behind the other
select string_agg(e.hash, ''::bytea order by e.position)
  from ledger.events e
 where e.organisation_id = $1 and e.position > $2 and e.position <= $3

-- grow: adds nodes; whether the tree still ended where it was thought to
select ledger.grow($1, $2, $3, $4, $5, $6)

-- restless: organisations whose trees lag behind their ledgers
select h.organisation_id
  from ledger.heads h
  left join ledger.tree t on t.organisation_id = h.organisation_id
 where h.position > 0 and (t.size is null or t.size < h.position)
 order by h.organisation_id

-- claim: whether nobody else is at this organisation's tree; the lock ends with the transaction
select pg_try_advisory_xact_lock(7236003, hashtext(($1::uuid)::text))
