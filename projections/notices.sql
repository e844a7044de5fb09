-- tables

-- how a person is told, by channel; neither a digest nor anything urgent: not at all
create table notice_channel (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    person_id uuid not null,
    channel text not null check (channel in ('EMAIL', 'SLACK', 'TEAMS', 'WEBHOOK')),
    rhythm text check (rhythm in ('DAILY', 'WEEKLY')),
    urgent text[] not null check (urgent <@ array[
        'ESCALATED', 'ACCEPT_DELIVERY', 'ANSWER_TERMS', 'ANSWER_REQUEST', 'DELIVER', 'CLEAR_BLOCK', 'ACKNOWLEDGEMENT_DUE', 'GRADE',
        'MILESTONE_PASSED', 'CHECK_IN_DUE', 'GRADE_ACKNOWLEDGEMENT_DUE', 'REVIEW_ACKNOWLEDGEMENT_DUE', 'SOURCE_SILENT',
        'WEBHOOK_DISABLED', 'RECONSIDER']),
    receiver text,
    secret_id uuid,
    set_at timestamptz not null,
    stopped_on date,
    failed_on date,
    problem text,
    primary key (organisation_id, id, since)
);
create index notice_channel_by_person on notice_channel (organisation_id, person_id, channel, id) where until is null;
create index notice_channel_by_person_as_of on notice_channel (organisation_id, person_id, channel, id);
create index notice_channel_on on notice_channel (organisation_id) where until is null and (rhythm is not null or urgent <> '{}');
-- those who send see in which organisations somebody wants to be told
create policy sweep on notice_channel for select using ((select current_setting('headway.sweep', true)) = 'on');

-- functions

-- addressees: who is there and wants to be told, on which channel, by which clock and in which language
create function addressees(p_organisation uuid)
returns table (
    organisation_id uuid, organisation text, person_id uuid, name text, email text, role text, channel text, rhythm text, urgent text[],
    receiver text, secret_id uuid, set_at timestamptz, time_zone text, organisation_zone text, digest_weekday int, digest_hour int, quiet_from_hour int,
    quiet_until_hour int, language text)
language sql stable
set search_path = read, pg_temp
as $$
    select c.organisation_id, o.name, c.person_id, p.name, p.email, v.role, c.channel, c.rhythm, c.urgent, c.receiver, c.secret_id,
           c.set_at, coalesce(f.time_zone, o.time_zone), o.time_zone, f.digest_weekday, f.digest_hour, f.quiet_from_hour,
           f.quiet_until_hour, f.language
      from notice_channel c
      join organisation o on o.organisation_id = p_organisation and o.until is null
      join person p on p.organisation_id = p_organisation and p.id = c.person_id and p.until is null
     cross join lateral viewer_of(p_organisation, c.person_id, null) v (role)
      left join preferences f on f.organisation_id = p_organisation and f.id = c.person_id and f.until is null
     where c.organisation_id = p_organisation and c.until is null and v.role is not null and (c.rhythm is not null or c.urgent <> '{}')
       and (c.channel <> 'EMAIL' or p.email is not null)
$$;
