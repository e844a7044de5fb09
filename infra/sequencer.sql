-- read: head, tail and the events of each boundary item, in one snapshot
select item, position, version, type, body, tags from ledger.read($1, $2, $3, $4::ledger.item[])

-- event_ids: the ids of a span of events, in order
select e.event_id from ledger.event_ids($1, $2, $3) e

-- answered: what a key was answered with
select digest, first, last from ledger.answered($1, $2)
