-- tables

create table celebration (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    text text,
    celebrated_on date not null,
    author_id uuid not null,
    about_id uuid not null,
    outcome_id uuid,
    milestone_id uuid,
    task_id uuid,
    withdrawn_on date,
    withdrawn_because text,
    primary key (organisation_id, id, since)
);
create index celebration_by_day on celebration (organisation_id, celebrated_on, id) where until is null;
create index celebration_by_day_as_of on celebration (organisation_id, celebrated_on, id);
create index celebration_by_about on celebration (organisation_id, about_id, celebrated_on, id);
create index celebration_by_outcome on celebration (organisation_id, outcome_id, celebrated_on, id);

-- who is named in a celebration
create table celebrated_person (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    celebration_id uuid not null,
    person_id uuid not null,
    outcome_id uuid,
    primary key (organisation_id, id, since)
);
create index celebrated_person_by_celebration on celebrated_person (organisation_id, celebration_id, person_id);
create index celebrated_person_by_person on celebrated_person (organisation_id, person_id, celebration_id);
comment on table celebrated_person is 'only added';

create table cheer (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    celebration_id uuid not null,
    person_id uuid not null,
    outcome_id uuid,
    cheered_on date not null,
    primary key (organisation_id, id, since)
);
create index cheer_by_celebration on cheer (organisation_id, celebration_id, person_id);

-- functions
