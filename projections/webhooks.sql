-- tables

create table webhook (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text,
    receiver text not null,
    kinds text[] not null,
    mode text not null check (mode in ('THIN', 'FULL')),
    ordered boolean not null,
    team_id uuid,
    outcome_id uuid,
    person_id uuid,
    api_key_id uuid,
    state text not null check (state in ('ACTIVE', 'PAUSED', 'DISABLED', 'REMOVED')),
    because text,
    secret_id uuid not null,
    former_secret_id uuid,
    former_until timestamptz,
    primary key (organisation_id, id, since)
);
create index webhook_by_title on webhook (organisation_id, title, id) where until is null;
create index webhook_by_title_as_of on webhook (organisation_id, title, id);
-- those who send see every webhook, to know where to
create policy sweep on webhook for select using ((select current_setting('headway.sweep', true)) = 'on');

-- functions

-- viewer_of: the role of whose eyes a webhook sees with; none where the person has left, or the key of nobody is revoked or has expired.
-- A person sees no more by a webhook than the key could see that they subscribed it with.
create function viewer_of(p_organisation uuid, p_person uuid, p_api_key uuid)
returns text
language plpgsql stable
set search_path = read, pg_temp
as $$
begin
    if p_person is null then
        return (
            select k.role
              from api_key k
             where k.organisation_id = p_organisation and k.id = p_api_key and k.until is null and not k.revoked
               and (k.expires_on is null or k.expires_on >= day_of(p_organisation, now())));
    end if;
    return (
        select case when r.role in ('OWNER', 'AUDITOR') then coalesce(k.role, r.role) else r.role end
          from person p
         cross join lateral (
               select coalesce((select g.role from person_role g where g.organisation_id = p_organisation and g.person_id = p.id
                                   and g.until is null), 'READER')) r (role)
          left join api_key k on k.organisation_id = p_organisation and k.id = p_api_key and k.until is null
         where p.organisation_id = p_organisation and p.id = p_person and p.until is null and p.left_on is null
           and p.forgotten_on is null);
end
$$;

-- named_in: the outcomes that the ids in a text are, or are of
create function named_in(p_organisation uuid, p_data text)
returns uuid[]
language sql stable
as $$
    select array(
        select coalesce(outcome_of(p_organisation, m.id[1]::uuid), m.id[1]::uuid)
          from regexp_matches(p_data, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') m (id))
$$;

-- hidden_from: the outcomes that somebody may not see; costs nothing where nobody asks
create function hidden_from(p_organisation uuid, p_person uuid)
returns uuid[]
language plpgsql stable
as $$
begin
    return array(select h.id from hidden_outcomes(p_organisation, p_person) h);
end
$$;

-- lies_in: whether what an event tells of is of a team or one below it: by its outcome, where that may be named, or its promise; likewise
create function lies_in(
    p_organisation uuid, p_team uuid, p_kind text, p_about uuid, p_outcome uuid, p_position bigint, p_veiled boolean)
returns boolean
language plpgsql stable
as $$
begin
    return exists (
        select
          from (select) one
          left join outcome o on not p_veiled and o.organisation_id = p_organisation and o.id = p_outcome
                                  and o.since <= p_position and (o.until is null or o.until > p_position)
          left join task k on p_kind ^@ 'commitment.' and k.organisation_id = p_organisation and k.id = p_about
                               and k.since <= p_position and (k.until is null or k.until > p_position)
          join teams_below(p_organisation, p_team, p_position) b
            on b.id in (k.team_id, o.team_id)
            or exists (
               select from membership m
                where m.organisation_id = p_organisation and m.team_id = b.id and m.person_id = k.promiser_id
                  and m.since <= p_position and (m.until is null or m.until > p_position)));
end
$$;
