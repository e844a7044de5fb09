-- enter: a key by its lookup part, and tokens out of its bucket
select organisation_id, api_key_id, role, scopes, person_id, expires_on, digest, revoked, time_zone, granted, wait
  from read.enter($1, $2, $3, $4, $5, $6)

-- enter_feed: a feed token by its lookup part, and one token out of its bucket
select organisation_id, feed_token_id, feed, person_id, expires_on, digest, revoked, time_zone, granted, wait
  from read.enter_feed($1, $2, $3, $4)

-- keys: what became of keys that were let in
select k.id, k.role, k.scopes, k.person_id, o.time_zone
  from read.api_key k
  left join read.organisation o on o.organisation_id = k.organisation_id and o.until is null
 where k.organisation_id = $1 and k.id = any($2::uuid[]) and k.until is null and not k.revoked
   and (k.expires_on is null or k.expires_on >= $3)

-- used: notes the day on which a key was last used
insert into edge.key_use (organisation_id, api_key_id, last_used_on) values ($1, $2, $3)
on conflict (organisation_id, api_key_id) do update set last_used_on = excluded.last_used_on
 where edge.key_use.last_used_on < excluded.last_used_on

-- ready: whether the database can write and the read models are in place
select pg_is_in_recovery(), to_regclass('read.entry') is not null

-- referenced: what bears the references now, by system and id
select r.system, r.external_id, r.entity_id
  from unnest($2::text[], $3::text[]) as asked (system, external_id)
  join read.reference r using (system, external_id)
 where r.organisation_id = $1 and r.until is null

-- enter_source: the sources of this id that something can be sent to, whosever they are
select organisation_id, id, kind, value_at, day_at, id_at, items_at, digest, former_digest, secret_id, former_secret_id, former_holds,
       connected, time_zone
  from read.enter_source($1)

-- admit_source: a token out of its bucket
select granted, wait from read.admit_source($1, $2, $3, $4)
