-- What is asked to be sent once more, from a position of the ledger on, a stretch at a time: nobody waits for a long one.

create table outbox.replay (
    organisation_id uuid not null,
    webhook_id uuid not null,
    at bigint not null, -- the position of the wish: what happened before it is replayed, to the webhook as it stood then
    position bigint not null, -- how far it has come
    primary key (organisation_id, webhook_id, at)
);
grant select, insert, update, delete on outbox.replay to headway_application;
alter table outbox.replay enable row level security;
alter table outbox.replay force row level security;
create policy organisation on outbox.replay
    using (organisation_id = (select nullif(current_setting('headway.organisation', true), '')::uuid));
-- those who send find what is left to do, whosever it is
create policy sweep on outbox.replay for select using ((select current_setting('headway.sweep', true)) = 'on');
