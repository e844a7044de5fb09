-- What each person was told, or is to be told, of on which channel: a fact stands once, so that it goes out once, whoever sends it and
-- however often they start anew. Only what it was about is kept, by ids; nothing of what was said.

create table edge.notice (
    organisation_id uuid not null,
    person_id uuid not null,
    channel text not null,
    fact text not null,  -- DIGEST and its day, or the kind of a duty, what it is about, and its day
    state text not null default 'DUE' check (state in ('DUE', 'SENDING', 'SENT', 'NOTHING', 'FAILED', 'UNKNOWN')),
    attempt int not null default 0,
    due_at timestamptz not null,
    tried_at timestamptz,
    ended_at timestamptz,
    primary key (organisation_id, person_id, channel, fact)
) with (fillfactor = 70);
create index notice_due on edge.notice (organisation_id, due_at) where state = 'DUE';
create index notice_sending on edge.notice (organisation_id, tried_at) where state = 'SENDING';
create index notice_ended on edge.notice (organisation_id, ended_at) where ended_at is not null;

-- up to which position, and when, an organisation was looked through for what is urgent
create table edge.notice_look (
    organisation_id uuid primary key,
    position bigint not null,
    looked_at timestamptz not null
) with (fillfactor = 50);

grant select, insert, update, delete on edge.notice, edge.notice_look to headway_application;

do $$
declare
    v_table regclass;
begin
    foreach v_table in array array['edge.notice', 'edge.notice_look']::regclass[] loop
        execute format('alter table %s enable row level security', v_table);
        execute format('alter table %s force row level security', v_table);
        execute format(
            'create policy organisation on %s using (organisation_id = '
            '(select nullif(current_setting(''headway.organisation'', true), '''')::uuid))', v_table);
    end loop;
end
$$;
