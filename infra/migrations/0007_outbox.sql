-- What goes out to webhooks: public events, a numbered delivery of each to every webhook that it is meant for, and each try. Unlike the
-- read models none of it can be made again from the ledger: what was sent was sent.

create schema outbox;
grant usage on schema outbox to headway_application;

-- up to which position of its ledger an organisation's events have been turned into deliveries; there once it has a webhook
create table outbox.checkpoint (
    organisation_id uuid primary key,
    position bigint not null
) with (fillfactor = 50);

-- which server this is, and which of its lives: another one after a restore to an older point, or a failover, when what was sent may
-- have been lost here
create table outbox.life (
    one boolean primary key default true check (one),
    system bigint not null,
    timeline int not null
);
grant select, insert, update on outbox.life to headway_application;

-- public events, as ids and small facts: nothing in them is personal text
create table outbox.event (
    organisation_id uuid not null,
    position bigint not null,
    nth smallint not null,
    kind text collate "C" not null,
    about_id uuid not null,
    outcome_id uuid,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    data text not null,
    primary key (organisation_id, position, nth)
);

-- how a receiver does: the last number given, when to look at it next, and how it has answered of late
create table outbox.endpoint (
    organisation_id uuid not null,
    webhook_id uuid not null,
    sequence bigint not null default 0,
    epoch int not null default 1,
    due_at timestamptz,
    failed int not null default 0,
    failing_since timestamptz,
    window_at timestamptz,
    tries int not null default 0,
    failures int not null default 0,
    trips int not null default 0,
    open_until timestamptz,
    primary key (organisation_id, webhook_id)
) with (fillfactor = 50);
create index endpoint_due on outbox.endpoint (due_at) where due_at is not null;

create table outbox.delivery (
    organisation_id uuid not null,
    webhook_id uuid not null,
    sequence bigint not null,
    epoch int not null,
    position bigint not null,
    nth smallint not null,
    message_id uuid not null default gen_random_uuid(),
    veiled boolean not null default false,
    state text not null default 'DUE' check (state in ('DUE', 'SENT', 'ACCEPTED', 'EXHAUSTED')),
    attempt int not null default 0,
    due_at timestamptz not null default now(),
    lease uuid,
    lease_until timestamptz,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (webhook_id, sequence)
) with (fillfactor = 70);
create unique index delivery_once on outbox.delivery (webhook_id, position, nth);
create index delivery_due on outbox.delivery (webhook_id, due_at, sequence) where state = 'DUE';
create index delivery_open on outbox.delivery (webhook_id, sequence) where state in ('DUE', 'SENT');
create index delivery_sent on outbox.delivery (webhook_id) where state = 'SENT';
create index delivery_leased on outbox.delivery (lease_until) where state = 'SENT';
create index delivery_listed on outbox.delivery (organisation_id, created_at desc, webhook_id, sequence);
create index delivery_ended on outbox.delivery (ended_at) where ended_at is not null;

-- every try and what was answered
create table outbox.attempt (
    organisation_id uuid not null,
    webhook_id uuid not null,
    sequence bigint not null,
    attempt int not null,
    tried_at timestamptz not null,
    result text not null,
    status int,
    milliseconds double precision not null,
    excerpt text,
    primary key (webhook_id, sequence, tried_at)
);

grant select, insert, update, delete on all tables in schema outbox to headway_application;

do $$
declare
    v_table regclass;
begin
    foreach v_table in array array[
        'outbox.checkpoint', 'outbox.event', 'outbox.endpoint', 'outbox.delivery', 'outbox.attempt']::regclass[]
    loop
        execute format('alter table %s enable row level security', v_table);
        execute format('alter table %s force row level security', v_table);
        execute format(
            'create policy organisation on %s using (organisation_id = '
            '(select nullif(current_setting(''headway.organisation'', true), '''')::uuid))', v_table);
        -- those who send take what is due, whosever it is
        execute format('create policy sweep on %s using ((select current_setting(''headway.sweep'', true)) = ''on'')', v_table);
    end loop;
end
$$;
