-- Whose texts were taken out of the read models, and whether the files have been written anew since.

create table edge.forgotten (
    organisation_id uuid not null,
    person_id uuid not null,
    position bigint not null,
    tables text[] not null,
    swept_at timestamptz not null default now(),
    scrubbed_at timestamptz,
    primary key (organisation_id, person_id)
);

grant select, insert, update on edge.forgotten to headway_application;
alter table edge.forgotten enable row level security;
alter table edge.forgotten force row level security;
create policy organisation on edge.forgotten using (organisation_id =
    (select nullif(current_setting('headway.organisation', true), '')::uuid));
create policy sweep on edge.forgotten for select using ((select current_setting('headway.sweep', true)) = 'on');
