-- How sources do: when they last told something, what was wrong last, and when one is fetched from next. None of it is part of the
-- record.

create table edge.source_state (
    organisation_id uuid not null,
    source_id uuid not null,
    heard_at timestamptz,
    last_reading_at timestamptz,
    last_error text,
    last_error_at timestamptz,
    due_at timestamptz,
    lease uuid,
    lease_until timestamptz,
    primary key (organisation_id, source_id)
) with (fillfactor = 50);

grant select, insert, update on edge.source_state to headway_application;
alter table edge.source_state enable row level security;
alter table edge.source_state force row level security;
create policy organisation on edge.source_state using (organisation_id =
    (select nullif(current_setting('headway.organisation', true), '')::uuid));
create policy sweep on edge.source_state using ((select current_setting('headway.sweep', true)) = 'on');
