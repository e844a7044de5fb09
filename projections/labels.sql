-- tables

create table tag (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    name text collate "C" not null,
    description text,
    primary key (organisation_id, id, since)
);
create index tag_by_name on tag (organisation_id, name, id) where until is null;
create index tag_by_name_as_of on tag (organisation_id, name, id);

-- which entity bears which tag
create table tagging (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    entity_id uuid not null,
    tag_id uuid not null,
    primary key (organisation_id, id, since)
);
create index tagging_by_entity on tagging (organisation_id, entity_id, tag_id) where until is null;
create index tagging_by_entity_as_of on tagging (organisation_id, entity_id, tag_id);
create index tagging_by_tag on tagging (organisation_id, tag_id, entity_id) where until is null;
create index tagging_by_tag_as_of on tagging (organisation_id, tag_id, entity_id);

create table link (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    entity_id uuid not null,
    url text collate "C" not null,
    title text,
    primary key (organisation_id, id, since)
);
create index link_by_entity on link (organisation_id, entity_id, url, id) where until is null;
create index link_by_entity_as_of on link (organisation_id, entity_id, url, id);

-- functions
