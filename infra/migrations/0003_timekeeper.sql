-- How far the timekeeper has looked through each organisation: up to which position, and on which of its days.

create table edge.looked (
    organisation_id uuid primary key,
    position bigint not null,
    day date not null
) with (fillfactor = 50);

grant select, insert, update on edge.looked to headway_application;
alter table edge.looked enable row level security;
alter table edge.looked force row level security;
create policy organisation on edge.looked using (organisation_id =
    (select nullif(current_setting('headway.organisation', true), '')::uuid));
create policy sweep on edge.looked for select using ((select current_setting('headway.sweep', true)) = 'on');
