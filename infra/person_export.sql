-- held: events after a position that a person issued, that name them in any role, or that hold a text sealed under their key
select e.position, e.type, e.actor, e.recorded_at, e.occurred_at, e.body, n.named
  from ledger.events e
 cross join lateral (
       select exists (select from unnest(e.tags) t where split_part(t, ':', 2) = $3)) n (named)
 where e.organisation_id = $1 and e.position > $2
   and (n.named or split_part(e.actor, '/', 1) = 'person:' || $3 or strpos(e.body, $4) > 0)
 order by e.position
 limit $5

-- names: of a person and of their organisation
select p.name, o.name
  from read.person p
  join read.organisation o on o.organisation_id = $1 and o.until is null
 where p.organisation_id = $1 and p.id = $2 and p.until is null
