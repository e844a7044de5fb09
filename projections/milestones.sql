-- tables

create table milestone (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    title text collate "C" not null,
    due_on date not null,
    first_due_on date not null,
    reached_on date,
    days_late int,
    note text,
    state text not null check (state in ('PLANNED', 'REACHED')),
    primary key (organisation_id, id, since)
);
create index milestone_by_due on milestone (organisation_id, due_on, id) where until is null;
create index milestone_by_due_as_of on milestone (organisation_id, due_on, id);
create index milestone_by_outcome on milestone (organisation_id, outcome_id, due_on, id) where until is null;
create index milestone_by_outcome_as_of on milestone (organisation_id, outcome_id, due_on, id);

-- functions
