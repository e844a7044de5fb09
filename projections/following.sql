-- tables

-- who follows what
create table following (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    person_id uuid not null,
    entity_id uuid not null,
    kind text collate "C" not null check (kind in (
        'PERSON', 'TEAM', 'OBJECTIVE', 'CYCLE', 'OUTCOME', 'MEASURE', 'INDICATOR', 'TASK', 'MILESTONE',
        'INITIATIVE', 'CELEBRATION')),
    primary key (organisation_id, id, since)
);
create index following_by_person on following (organisation_id, person_id, since, id) where until is null;
create index following_by_person_as_of on following (organisation_id, person_id, since, id);

-- functions

-- is_news: whether what was recorded is of interest to others: nothing of access, keys, feed tokens, roles and identities, nor of how and of what
-- somebody wants to be told
create function is_news(p_type text)
returns boolean
language sql immutable parallel safe
as $$
    select split_part(p_type, '.', 1) not in ('access', 'api-key', 'feed-token', 'role', 'identity', 'preferences', 'following', 'webhook',
        'notices')
$$;
