-- tables

-- one row an event; what it said of its entity stands in `said`, a JSON object by the callers' names of the fields
create table entry (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    position bigint not null,
    entity_id uuid not null,
    type text collate "C" not null,
    recorded_at timestamptz not null,
    occurred_at timestamptz not null,
    actor text collate "C" not null,
    actor_id uuid,
    key_id uuid,
    command_id uuid not null,
    correlation_id uuid not null,
    causation_id uuid not null,
    reason text,
    said json not null,
    primary key (organisation_id, id, since)
);
create index entry_by_position on entry (organisation_id, position, id);
create index entry_by_moment on entry (organisation_id, recorded_at, position);
create index entry_by_entity on entry (organisation_id, entity_id, position);
create index entry_of_access on entry (organisation_id, position desc, id desc)
    where split_part(type, '.', 1) in ('access', 'api-key', 'role', 'identity');

-- which entities an event concerns: its id is the entity's
create table concerned (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    entry_id uuid not null,
    position bigint not null,
    primary key (organisation_id, id, since)
);
create index concerned_by_position on concerned (organisation_id, id, position, entry_id) include (since, until);
comment on table entry is 'only added';
comment on table concerned is 'only added';

-- functions

-- history_changes: what an event changed of its entity, field by field; before is what the entity's last earlier event that told
-- the field had said, were it not a proposal or a counter, which change nothing yet. What was said again unchanged is left out. A reason
-- is of its event alone, and what tells what was before (formerDueOn, fromTeamId) has itself no before.
create function history_changes(p_organisation uuid, p_entity uuid, p_position bigint)
returns table (field text, before json, after json)
language sql stable parallel safe rows 5
as $$
    select f.key, b.value, f.value
      from entry e
     cross join lateral json_each(e.said) with ordinality f (key, value, nth)
      left join lateral (
           select x.said -> f.key as value
             from entry x
            where x.organisation_id = p_organisation and x.entity_id = e.entity_id and x.position < e.position
              and json_typeof(x.said -> f.key) is not null and x.type !~ '(-proposed|\.countered)$'
              and f.key <> 'reason' and f.key !~ '^(former|from)[A-Z]'
            order by x.position desc
            limit 1) b on true
     where e.organisation_id = p_organisation and e.entity_id = p_entity and e.position = p_position
       and b.value::text is distinct from f.value::text
       and not (b.value is null and json_typeof(f.value) = 'null')
     order by f.nth
$$;

-- position_at: the last position recorded by a moment; 0 before the first
create function position_at(p_organisation uuid, p_moment timestamptz)
returns bigint
language sql stable parallel safe
as $$
    select coalesce((
        select e.position
          from entry e
         where e.organisation_id = p_organisation and e.recorded_at <= p_moment
         order by e.recorded_at desc, e.position desc
         limit 1), 0)
$$;
