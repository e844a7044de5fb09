-- tables

create table api_key (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    name text collate "C" not null,
    role text not null,
    scopes text[] not null,
    person_id uuid,
    expires_on date,
    lookup text collate "C" not null,
    digest text not null,
    revoked boolean not null,
    primary key (organisation_id, id, since)
);
create index api_key_by_lookup on api_key (lookup) where until is null;

-- who knows the lookup part may see that row, before it is known whose it is
create policy by_lookup on api_key for select using (lookup = (select current_setting('headway.lookup', true)));

create table feed_token (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    feed text not null check (feed in ('MILESTONES', 'COMMITMENTS')),
    person_id uuid not null,
    expires_on date,
    lookup text collate "C" not null,
    digest text not null,
    revoked boolean not null,
    primary key (organisation_id, id, since)
);
create index feed_token_by_lookup on feed_token (lookup) where until is null;
create policy by_lookup on feed_token for select using (lookup = (select current_setting('headway.lookup', true)));

create table person_role (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    person_id uuid not null,
    role text not null,
    primary key (organisation_id, id, since)
);

-- functions

-- drawn: tokens out of a bucket: as many as asked while it is more than half full, else one, or none and how long to wait for it. p_back
-- tokens of an earlier grant come back.
create function drawn(
    p_organisation uuid, p_bucket text, p_asked int, p_back int, p_rate float8, p_burst float8, out granted int, out wait float8)
language plpgsql volatile
as $$
declare
    v_tokens float8;
begin
    insert into edge.bucket as b (organisation_id, bucket, tokens, filled_at)
    values (p_organisation, p_bucket, p_burst, clock_timestamp())
    on conflict (organisation_id, bucket) do update
       set tokens = least(p_burst, b.tokens + p_back
                          + p_rate * greatest(0, extract(epoch from clock_timestamp() - b.filled_at))),
           filled_at = clock_timestamp()
    returning b.tokens into v_tokens;
    granted := case when v_tokens < 1 then 0
                    when v_tokens > p_burst / 2 then greatest(1, least(p_asked, floor(v_tokens / 8)::int))
                    else 1 end;
    wait := greatest(0, (1 - v_tokens) / p_rate);
    if granted > 0 then
        update edge.bucket b set tokens = b.tokens - granted
         where b.organisation_id = p_organisation and b.bucket = p_bucket;
    end if;
end
$$;

-- enter: the key with this lookup part, its organisation's time zone, and tokens out of its bucket: as many as asked while the bucket
-- is more than half full, else one. p_back tokens of an earlier grant come back. Nothing is taken for a wrong digest.
create function enter(
    p_lookup text, p_digest text, p_asked int, p_back int, p_rate float8, p_burst float8)
returns table (
    organisation_id uuid, api_key_id uuid, role text, scopes text[], person_id uuid, expires_on date, digest text, revoked boolean,
    time_zone text, granted int, wait float8)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
declare
    v_key record;
    v_zone text;
    v_granted int := 0;
    v_wait float8 := 0;
begin
    perform set_config('headway.lookup', p_lookup, true);
    select k.* into v_key from api_key k where k.lookup = p_lookup and k.until is null;
    if not found then
        return;
    end if;
    perform set_config('headway.organisation', v_key.organisation_id::text, true);
    select o.time_zone into v_zone from organisation o where o.organisation_id = v_key.organisation_id and o.until is null;
    if v_key.digest = p_digest and not v_key.revoked then
        select d.granted, d.wait into v_granted, v_wait
          from drawn(v_key.organisation_id, v_key.id::text, p_asked, p_back, p_rate, p_burst) d;
    end if;
    return query select v_key.organisation_id, v_key.id, v_key.role, v_key.scopes, v_key.person_id, v_key.expires_on, v_key.digest,
                        v_key.revoked, coalesce(v_zone, 'UTC'), v_granted, v_wait;
end
$$;

-- enter_feed: the feed token with this lookup part, its organisation's time zone, and whether it may be used once more now. Nothing is
-- taken for a wrong digest.
create function enter_feed(p_lookup text, p_digest text, p_rate float8, p_burst float8)
returns table (
    organisation_id uuid, feed_token_id uuid, feed text, person_id uuid, expires_on date, digest text, revoked boolean,
    time_zone text, granted int, wait float8)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
declare
    v_token record;
    v_zone text;
    v_granted int := 0;
    v_wait float8 := 0;
begin
    perform set_config('headway.lookup', p_lookup, true);
    select k.* into v_token from feed_token k where k.lookup = p_lookup and k.until is null;
    if not found then
        return;
    end if;
    perform set_config('headway.organisation', v_token.organisation_id::text, true);
    select o.time_zone into v_zone from organisation o where o.organisation_id = v_token.organisation_id and o.until is null;
    if v_token.digest = p_digest and not v_token.revoked then
        select d.granted, d.wait into v_granted, v_wait
          from drawn(v_token.organisation_id, v_token.id::text, 1, 0, p_rate, p_burst) d;
    end if;
    return query select v_token.organisation_id, v_token.id, v_token.feed, v_token.person_id, v_token.expires_on, v_token.digest,
                        v_token.revoked, coalesce(v_zone, 'UTC'), v_granted, v_wait;
end
$$;
