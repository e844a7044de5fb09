-- tables

-- how much effort a person can give each week from a day until the next one that something was stated from; none: nobody says
create table capacity (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    person_id uuid not null,
    effective_on date not null,
    per_week numeric,
    unit text check (unit in ('POINTS', 'HOURS')),
    reason text,
    primary key (organisation_id, id, since)
);
create index capacity_by_person on capacity (organisation_id, person_id, effective_on);

-- functions
