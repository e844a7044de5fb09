-- tables

create table source (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    kind text not null check (kind in ('PUSH_JSON', 'PUSH_CSV', 'PULL_HTTP', 'PULL_SQL')),
    value_at text not null,
    day_at text,
    id_at text,
    items_at text,
    title text,
    address text,
    connection text,
    query text,
    every_minutes int,
    expect_every_hours int,
    series_id uuid not null,
    measure_id uuid,
    indicator_id uuid,
    outcome_id uuid,
    person_id uuid,
    state text not null check (state in ('CONNECTED', 'PAUSED', 'DISCONNECTED')),
    because text,
    expected_since timestamptz not null,
    silent_since timestamptz,
    lookup text collate "C",
    digest text,
    former_digest text,
    secret_id uuid,
    former_secret_id uuid,
    former_until timestamptz,
    primary key (organisation_id, id, since)
);
create index source_by_id on source (id) where until is null;
create index source_by_title on source (organisation_id, title, id) where until is null;
create index source_of_series on source (organisation_id, series_id) where until is null;
create index source_pulled on source (organisation_id, id) where until is null and state = 'CONNECTED' and every_minutes is not null;
create index source_expected on source (organisation_id, id)
    where until is null and state = 'CONNECTED' and silent_since is null and expect_every_hours is not null;
-- those who fetch, and the timekeeper, see every source, to know what is due
create policy sweep on source for select using ((select current_setting('headway.sweep', true)) = 'on');
-- who knows its id may see that row, before it is known whose it is: it is then asked for its key
create policy by_id on source for select
    using (id = (select nullif(current_setting('headway.source', true), '')::uuid) and until is null);

-- functions

-- enter_source: the sources of this id, of whichever organisation, that something can be sent to or could be until they were
-- disconnected, and their organisation's time zone; who calls has yet to show a key. Nothing is taken out of a bucket.
create function enter_source(p_source uuid)
returns table (
    organisation_id uuid, id uuid, kind text, value_at text, day_at text, id_at text, items_at text, digest text, former_digest text,
    secret_id uuid, former_secret_id uuid, former_holds boolean, connected boolean, time_zone text)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
declare
    v_source record;
    v_zone text;
begin
    perform set_config('headway.source', p_source::text, true);
    for v_source in select s.* from source s where s.id = p_source and s.until is null and s.every_minutes is null loop
        perform set_config('headway.organisation', v_source.organisation_id::text, true);
        select o.time_zone into v_zone from organisation o where o.organisation_id = v_source.organisation_id and o.until is null;
        return query select v_source.organisation_id, v_source.id, v_source.kind, v_source.value_at, v_source.day_at, v_source.id_at,
                            v_source.items_at, v_source.digest, v_source.former_digest, v_source.secret_id, v_source.former_secret_id,
                            coalesce(v_source.former_until > now(), false), v_source.state <> 'DISCONNECTED', coalesce(v_zone, 'UTC');
    end loop;
end
$$;

-- admit_source: a token out of the bucket of a source whose key was right
create function admit_source(p_organisation uuid, p_source uuid, p_rate float8, p_burst float8)
returns table (granted int, wait float8)
language plpgsql volatile
set search_path = read, pg_temp
as $$
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    return query select d.granted, d.wait from drawn(p_organisation, p_source::text, 1, 0, p_rate, p_burst) d;
end
$$;

-- silences: the sources that have told nothing for longer than they should, and of which that has not been noted
create function silences(p_at timestamptz)
returns table (organisation_id uuid, source_id uuid, silent_since timestamptz)
language sql stable
set search_path = read, pg_temp
as $$
    select s.organisation_id, s.id, h.heard_at
      from source s
      left join edge.source_state e on e.organisation_id = s.organisation_id and e.source_id = s.id
     cross join lateral (select greatest(s.expected_since, e.heard_at) as heard_at) h
     where s.until is null and s.state = 'CONNECTED' and s.silent_since is null and s.expect_every_hours is not null
       and h.heard_at + s.expect_every_hours * interval '1 hour' < p_at
$$;
