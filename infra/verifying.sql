-- tree: how many events the stored tree covers, and the bytes of its nodes, in one snapshot
select t.size, (select coalesce(sum(octet_length(n.nodes)), 0)::bigint from ledger.tile n where n.organisation_id = $1)
  from ledger.tree t
 where t.organisation_id = $1

-- head: how many events there are
select position from ledger.heads where organisation_id = $1

-- checkpoints: all of an organisation, as published
select size, note from ledger.checkpoint where organisation_id = $1 order by size
