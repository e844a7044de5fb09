-- What the projector, the edge and the rebuild keep beside ledger and read models.

create schema read;
create schema edge;

-- how far each projection of each organisation has come; a failing event stops it there and says why
create table read.checkpoint (
    organisation_id uuid not null,
    projection text not null,
    position bigint not null default 0,
    stopped_at bigint,
    problem text,
    moved_at timestamptz not null default clock_timestamp(),
    primary key (organisation_id, projection)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- which shape of each projection's tables and functions stands in the schema read
create table edge.projection (
    name text primary key,
    digest text not null,
    installed_at timestamptz not null default clock_timestamp()
);

-- tokens of a key's bucket; unlogged, for what is lost in a crash is a second's grace
create unlogged table edge.bucket (
    organisation_id uuid not null,
    bucket text not null,
    tokens double precision not null,
    filled_at timestamptz not null,
    primary key (organisation_id, bucket)
) with (fillfactor = 50);

create table edge.key_use (
    organisation_id uuid not null,
    api_key_id uuid not null,
    last_used_on date not null,
    primary key (organisation_id, api_key_id)
);

grant usage on schema read, edge to headway_application;
grant select, insert, update, delete on read.checkpoint, edge.bucket, edge.key_use to headway_application;
grant select on edge.projection to headway_application;

do $$
declare
    v_table regclass;
begin
    foreach v_table in array array['read.checkpoint', 'edge.bucket', 'edge.key_use']::regclass[] loop
        execute format('alter table %s enable row level security', v_table);
        execute format('alter table %s force row level security', v_table);
        execute format(
            'create policy organisation on %s using (organisation_id = '
            '(select nullif(current_setting(''headway.organisation'', true), '''')::uuid))', v_table);
    end loop;
end
$$;

-- The sweep for organisations whose read models lag behind has to see all heads and checkpoints, and nothing else of them.
create policy sweep on ledger.heads for select using ((select current_setting('headway.sweep', true)) = 'on');
create policy sweep on read.checkpoint for select using ((select current_setting('headway.sweep', true)) = 'on');
