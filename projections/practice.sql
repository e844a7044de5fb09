-- tables

create table check_in (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    author_id uuid,
    confidence numeric,
    status text check (status in ('ON_TRACK', 'AT_RISK', 'OFF_TRACK')),
    moved text,
    set_back text,
    next text,
    dated date not null,
    made_at bigint not null,
    primary key (organisation_id, id, since)
);
create index check_in_by_outcome on check_in (organisation_id, outcome_id, dated, made_at, id) where until is null;
create index check_in_by_outcome_as_of on check_in (organisation_id, outcome_id, dated, made_at, id);

-- functions
