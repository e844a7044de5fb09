-- tables

create table organisation (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    name text collate "C" not null,
    time_zone text not null,
    first_day_of_week int not null,
    fiscal_year_starts_month int not null,
    holidays json not null,
    cadence_days int not null,
    grace_days int not null,
    on_track_from numeric not null,
    at_risk_from numeric not null,
    too_early_share numeric not null,
    acknowledgement_days int not null,
    focus_limit int not null,
    green_from numeric not null,
    amber_from numeric not null,
    aspirational_success numeric not null,
    small_number int not null,
    default_roll_up text check (default_roll_up in ('MEASURES', 'CHILDREN', 'BOTH', 'SUM')),
    block_days int not null,
    effort_unit text not null check (effort_unit in ('POINTS', 'HOURS')),
    primary key (organisation_id, id, since)
);

create table person (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    name text collate "C" not null,
    email text,
    left_on date,
    forgotten_on date,
    primary key (organisation_id, id, since)
);
create index person_by_name on person (organisation_id, name, id) where until is null;
create index person_by_name_as_of on person (organisation_id, name, id);

create table team (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    name text collate "C" not null,
    parent_id uuid,
    disbanded_on date,
    primary key (organisation_id, id, since)
);
create index team_by_name on team (organisation_id, name, id) where until is null;
create index team_by_name_as_of on team (organisation_id, name, id);
create index team_by_parent on team (organisation_id, parent_id, name, id) where until is null;
create index team_by_parent_as_of on team (organisation_id, parent_id, name, id);

create table membership (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    team_id uuid not null,
    person_id uuid not null,
    lead boolean not null,
    primary key (organisation_id, id, since)
);
create index membership_by_team on membership (organisation_id, team_id, person_id);
create index membership_by_person on membership (organisation_id, person_id, team_id);

create table cycle (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    starts_on date not null,
    ends_on date not null,
    parent_id uuid,
    state text not null check (state in ('PLANNED', 'RUNNING', 'IN_REVIEW', 'CLOSED')),
    review_started_on date,
    closed_on date,
    primary key (organisation_id, id, since)
);
create index cycle_by_start on cycle (organisation_id, starts_on, id) where until is null;
create index cycle_by_start_as_of on cycle (organisation_id, starts_on, id);

create table reference (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    entity_id uuid not null,
    system text not null,
    external_id text not null,
    url text,
    primary key (organisation_id, id, since)
);
create index reference_by_entity on reference (organisation_id, entity_id);
create index reference_by_external_id on reference (organisation_id, external_id, system) where until is null;
create index reference_by_external_id_as_of on reference (organisation_id, external_id, system);

-- who takes a person's duties, from a day to a day
create table delegation (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    person_id uuid not null,
    delegate_id uuid not null,
    starts_on date not null,
    ends_on date not null,
    reason text not null,
    primary key (organisation_id, id, since)
);
create index delegation_by_person on delegation (organisation_id, person_id, starts_on, id) where until is null;
create index delegation_by_person_as_of on delegation (organisation_id, person_id, starts_on, id);
create index delegation_by_delegate on delegation (organisation_id, delegate_id);

-- how a person wants to be told: its id is the person's
create table preferences (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    digest_weekday int,
    digest_hour int,
    quiet_from_hour int,
    quiet_until_hour int,
    language text,
    time_zone text,
    primary key (organisation_id, id, since)
);

-- functions

-- day_of: the day of a moment in the organisation's zone
create function day_of(p_organisation uuid, p_moment timestamptz)
returns date
language sql stable parallel safe
as $$
    select (p_moment at time zone coalesce(
        (select o.time_zone from organisation o where o.organisation_id = p_organisation and o.until is null), 'UTC'))::date
$$;

-- zone_of: a person's own zone, else the organisation's
create function zone_of(p_organisation uuid, p_person uuid, p_as_of bigint)
returns text
language sql stable parallel safe
as $$
    select coalesce(
        (select f.time_zone
           from preferences f
          where f.organisation_id = p_organisation and f.id = p_person and f.since <= p_as_of and (f.until is null or f.until > p_as_of)),
        (select o.time_zone from organisation o where o.organisation_id = p_organisation and o.until is null), 'UTC')
$$;

-- day_ends: the moment at which a day ends where a person is
create function day_ends(p_organisation uuid, p_person uuid, p_day date, p_as_of bigint)
returns timestamptz
language sql stable parallel safe
as $$
    select (p_day + 1)::timestamp at time zone zone_of(p_organisation, p_person, p_as_of)
$$;

-- day_of_both: the day of a moment where two people are; the earlier one, where it is not the same: what is before it is over for both
create function day_of_both(p_organisation uuid, p_one uuid, p_other uuid, p_moment timestamptz, p_as_of bigint)
returns date
language sql stable parallel safe
as $$
    select least((p_moment at time zone zone_of(p_organisation, p_one, p_as_of))::date,
                 (p_moment at time zone zone_of(p_organisation, p_other, p_as_of))::date)
$$;

-- teams_below: a team and all that lie inside it, however deep
create function teams_below(p_organisation uuid, p_team uuid, p_as_of bigint)
returns table (id uuid)
language sql stable parallel safe rows 10
as $$
    with recursive below (id) as (
        select p_team
        union
        select t.id
          from below b
          join team t on t.organisation_id = p_organisation and t.parent_id = b.id
                     and t.since <= p_as_of and (t.until is null or t.until > p_as_of)
    )
    select id from below
$$;
