-- newest: the last checkpoint, or the last of at most so many events, and the lines that witnesses added
select c.note, (select string_agg(s.line, '' order by s.made_at, s.line)
                  from ledger.cosignature s
                 where s.organisation_id = c.organisation_id and s.size = c.size)
  from ledger.checkpoint c
 where c.organisation_id = $1 and ($2::bigint is null or c.size <= $2)
 order by c.size desc
 limit 1

-- between: checkpoints of sizes from one up to another
select c.note, (select string_agg(s.line, '' order by s.made_at, s.line)
                  from ledger.cosignature s
                 where s.organisation_id = c.organisation_id and s.size = c.size)
  from ledger.checkpoint c
 where c.organisation_id = $1 and c.size between $2 and $3
 order by c.size

-- keep: a checkpoint, for ever
insert into ledger.checkpoint (organisation_id, size, note) values ($1, $2, $3)

-- know: a key that has signed
insert into ledger.signing_key (organisation_id, key) values ($1, $2) on conflict do nothing

-- keys: every key that has signed
select key from ledger.signing_key where organisation_id = $1 order by since desc, key

-- add: a witness's line
insert into ledger.cosignature (organisation_id, size, line) values ($1, $2, $3) on conflict do nothing
