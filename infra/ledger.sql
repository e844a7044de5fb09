-- append: one call for a batch of commands; an answer each, in order
select status, first, last from ledger.append($1, $2::ledger.command[])

-- read: head, tail and the events of each boundary item, in one snapshot
select item, position, version, type, body, tags from ledger.read($1, $2, $3, $4::ledger.item[])

-- event_ids: the ids of a span of events, in order
select e.event_id from ledger.event_ids($1, $2, $3) e

-- answered: what a key was answered with
select digest, first, last from ledger.answered($1, $2)
