-- tables

create table initiative (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    title text collate "C" not null,
    description text,
    owner_id uuid,
    starts_on date,
    due_on date,
    state text not null check (state in ('OPEN', 'DONE', 'DROPPED')),
    ended_on date,
    end_reason text,
    primary key (organisation_id, id, since)
);
create index initiative_by_outcome on initiative (organisation_id, outcome_id, title, id);

-- a task that can't be finished before another one is
create table task_wait (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    task_id uuid not null,
    awaited_id uuid not null,
    waits_since date not null,
    primary key (organisation_id, id, since)
);
create index task_wait_by_task on task_wait (organisation_id, task_id, since);
create index task_wait_by_awaited on task_wait (organisation_id, awaited_id, since);

-- who contributes to what another one has promised
create table task_contributor (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    task_id uuid not null,
    person_id uuid not null,
    begun_on date not null,
    primary key (organisation_id, id, since)
);
create index task_contributor_by_task on task_contributor (organisation_id, task_id, since);
create index task_contributor_by_person on task_contributor (organisation_id, person_id, since);

-- items of the checklist of a task, in the order in which they were added, which place tells
create table task_check (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    task_id uuid not null,
    title text not null,
    place bigint not null,
    added_on date not null,
    ticked_on date,
    ticked_by_id uuid,
    primary key (organisation_id, id, since)
);
create index task_check_by_task on task_check (organisation_id, task_id, place);

-- functions
