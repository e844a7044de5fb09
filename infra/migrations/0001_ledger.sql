-- The ledger: per organisation its events, numbered 1, 2, 3, … without a gap, in commit order, chained by hashes.

create schema ledger;

-- fillfactor and the absence of a second index keep every update of a head in its page (HOT)
create table ledger.heads (
    organisation_id uuid primary key,
    position bigint not null default 0,
    hash bytea not null default decode(repeat('00', 32), 'hex'),
    recorded_at timestamptz not null default '-infinity',
    moved_to text
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table ledger.events (
    organisation_id uuid not null,
    position bigint not null,
    event_id uuid not null,
    command_id uuid not null,
    correlation_id uuid not null,
    causation_id uuid not null,
    recorded_at timestamptz not null,
    occurred_at timestamptz not null,
    version smallint not null,
    type text collate "C" not null,
    actor text collate "C" not null,
    tags text[] collate "C" not null,
    reason text,
    body text not null,
    hash bytea not null,
    primary key (organisation_id, position)
) with (autovacuum_vacuum_insert_scale_factor = 0.05);

create table ledger.tags (
    organisation_id uuid not null,
    tag bigint not null,
    position bigint not null,
    primary key (organisation_id, tag, position)
) with (autovacuum_vacuum_insert_scale_factor = 0.05);

-- what was answered under an idempotency key (R12); an empty span (last < first) says that nothing had to be appended
create table ledger.answers (
    organisation_id uuid not null,
    key text collate "C" not null,
    digest bytea not null,
    first bigint not null,
    last bigint not null,
    primary key (organisation_id, key)
);

create type ledger.item as (types text[], tags text[]);
create type ledger.fact as (
    event_id uuid, correlation_id uuid, causation_id uuid, occurred_at timestamptz, version smallint,
    type text, actor text, tags text[], reason text, body text);
create type ledger.command as (
    command_id uuid, key text, digest bytea, after bigint, upon int[], boundary ledger.item[], facts ledger.fact[]);
create type ledger.answer as (status text, first bigint, last bigint);

-- tag_of: the first eight bytes of sha256 over type and tag; a collision costs a look, never a wrong answer
create function ledger.tag_of(p_type text, p_tag text)
returns bigint
language sql immutable parallel safe
as $$
    select ('x' || encode(substr(sha256(convert_to(p_type || E'\n' || p_tag, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
$$;

-- measured: the length in four bytes, then the bytes
create function ledger.measured(p_text text)
returns bytea
language sql immutable parallel safe
as $$ select int4send(octet_length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8') $$;

-- hash_of: sha256 over a format byte, the hash before, and every field that an auditor relies on, in fixed big-endian forms
create function ledger.hash_of(
    p_before bytea, p_organisation uuid, p_position bigint, p_recorded_at timestamptz, p_command_id uuid,
    p_event_id uuid, p_correlation_id uuid, p_causation_id uuid, p_occurred_at timestamptz, p_version smallint,
    p_type text, p_actor text, p_tags text[], p_reason text, p_body text)
returns bytea
language sql immutable parallel safe
as $$
    select sha256(
        '\x01'::bytea || p_before || uuid_send(p_organisation) || int8send(p_position) || timestamptz_send(p_recorded_at)
        || uuid_send(p_command_id) || uuid_send(p_event_id) || uuid_send(p_correlation_id) || uuid_send(p_causation_id)
        || timestamptz_send(p_occurred_at) || int2send(p_version)
        || ledger.measured(p_type) || ledger.measured(p_actor) || ledger.measured(array_to_string(p_tags, E'\n'))
        || ledger.measured(coalesce(p_reason, '')) || ledger.measured(p_body))
$$;

-- conflicts: whether an event inside the boundary came after p_after, up to the head, beside those in p_own. A short tail is scanned
-- by its primary key; otherwise the first tag of each item is probed for each of its types.
create function ledger.conflicts(
    p_organisation uuid, p_boundary ledger.item[], p_after bigint, p_head bigint, p_own bigint[])
returns boolean
language plpgsql stable
as $$
declare
    v_item ledger.item;
begin
    if p_head <= p_after or cardinality(p_boundary) = 0 then
        return false;
    end if;
    if p_head - p_after <= 200 then
        return exists (
            select
              from ledger.events e
             cross join unnest(p_boundary) b
             where e.organisation_id = p_organisation and e.position > p_after
               and e.type = any (b.types) and e.tags @> b.tags
               and not e.position = any (p_own));
    end if;
    foreach v_item in array p_boundary loop
        if exists (
            select
              from (select t.position
                      from ledger.tags t
                     where t.organisation_id = p_organisation and t.position > p_after
                       and t.tag = any (array(
                           select ledger.tag_of(y.type, v_item.tags[1]) from unnest(v_item.types) y (type)))
                    offset 0) t
             cross join lateral (
                   select * from ledger.events e
                    where e.organisation_id = p_organisation and e.position = t.position
                    offset 0) e
             where e.type = any (v_item.types) and e.tags @> v_item.tags
               and not e.position = any (p_own))
        then
            return true;
        end if;
    end loop;
    return false;
end
$$;

-- append: decides each command's fate in order, under the lock of the organisation's head. READ COMMITTED gives every statement a
-- snapshot of its own, so what follows the lock sees every commit before it; a stricter isolation would not.
create function ledger.append(p_organisation uuid, p_commands ledger.command[])
returns setof ledger.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_head bigint;
    v_hash bytea;
    v_before timestamptz;
    v_now timestamptz;
    v_moved text;
    v_start bigint;
    v_first bigint[] := '{}';
    v_last bigint[] := '{}';
    v_own bigint[];
    v_command ledger.command;
    v_fact ledger.fact;
    v_digest bytea;
    v_answer ledger.answer;
    v_upon int;
    v_refused boolean;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'ledger.append needs read committed' using errcode = '25001';
    end if;
    perform set_config('headway.organisation', p_organisation::text, true);
    select h.position, h.hash, h.recorded_at, h.moved_to into v_head, v_hash, v_before, v_moved
      from ledger.heads h where h.organisation_id = p_organisation for update;
    if not found then
        insert into ledger.heads (organisation_id) values (p_organisation) on conflict do nothing;
        select h.position, h.hash, h.recorded_at, h.moved_to into v_head, v_hash, v_before, v_moved
          from ledger.heads h where h.organisation_id = p_organisation for update;
    end if;
    if v_moved is not null then
        raise exception 'the ledger has moved to %', v_moved using errcode = 'HW001';
    end if;
    v_now := greatest(clock_timestamp(), v_before);  -- after the lock, so that it never falls along the positions
    v_start := v_head;
    foreach v_command in array p_commands loop
        v_answer := null;
        if v_command.key is not null then
            select a.digest, a.first, a.last into v_digest, v_answer.first, v_answer.last
              from ledger.answers a where a.organisation_id = p_organisation and a.key = v_command.key;
            if found then
                v_answer.status := case when v_digest = v_command.digest then 'repeated' else 'key reused' end;
            end if;
        end if;
        if v_answer.status is null then
            v_refused := false;
            v_own := '{}';
            foreach v_upon in array v_command.upon loop
                if v_last[v_upon] is null then
                    v_refused := true;
                else
                    v_own := v_own || array(select generate_series(v_first[v_upon], v_last[v_upon]));
                end if;
            end loop;
            if v_refused or ledger.conflicts(p_organisation, v_command.boundary, v_command.after, v_head, v_own) then
                v_answer := ('refused', null, v_start);
            else
                v_answer := ('appended', v_head + 1, v_head + cardinality(v_command.facts));
                foreach v_fact in array v_command.facts loop
                    v_head := v_head + 1;
                    v_hash := ledger.hash_of(
                        v_hash, p_organisation, v_head, v_now, v_command.command_id, v_fact.event_id,
                        v_fact.correlation_id, v_fact.causation_id, v_fact.occurred_at, v_fact.version,
                        v_fact.type, v_fact.actor, v_fact.tags, v_fact.reason, v_fact.body);
                    insert into ledger.events values (
                        p_organisation, v_head, v_fact.event_id, v_command.command_id, v_fact.correlation_id,
                        v_fact.causation_id, v_now, v_fact.occurred_at, v_fact.version, v_fact.type, v_fact.actor,
                        v_fact.tags, v_fact.reason, v_fact.body, v_hash);
                    insert into ledger.tags
                    select distinct p_organisation, ledger.tag_of(v_fact.type, g), v_head from unnest(v_fact.tags) g;
                end loop;
                if v_command.key is not null then
                    insert into ledger.answers
                    values (p_organisation, v_command.key, v_command.digest, v_answer.first, v_answer.last);
                end if;
            end if;
        end if;
        v_first := v_first || case when v_answer.status = 'appended' then v_answer.first end;
        v_last := v_last || case when v_answer.status = 'appended' then v_answer.last end;
        return next v_answer;
    end loop;
    if v_head > v_start then
        update ledger.heads set position = v_head, hash = v_hash, recorded_at = v_now
         where organisation_id = p_organisation;
    end if;
end
$$;

-- read: in one snapshot the head (item 0), every event after p_known up to the head (item -1, at most p_tail of them, with their tags),
-- and for each item, numbered from 1, the events that it selects
create function ledger.read(p_organisation uuid, p_known bigint, p_tail int, p_items ledger.item[])
returns table (item int, "position" bigint, version smallint, type text, body text, tags text[])
language plpgsql stable
as $$
#variable_conflict use_column
declare
    v_head bigint;
    v_nth int;
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    select coalesce(max(h.position), 0) into v_head from ledger.heads h where h.organisation_id = p_organisation;
    return query select 0, v_head, 0::smallint, null::text, null::text, null::text[];
    if p_known is not null and v_head > p_known then
        return query
        select -1, e.position, e.version, e.type, e.body, e.tags
          from ledger.events e
         where e.organisation_id = p_organisation and e.position > p_known
         order by e.position
         limit p_tail;
    end if;
    -- a query for each item, fenced: joined as a set their plan flips with the size of the ledger
    for v_nth in 1 .. cardinality(p_items) loop
        return query
        select v_nth, e.position, e.version, e.type, e.body, null::text[]
          from (select distinct t.position
                  from ledger.tags t
                 where t.organisation_id = p_organisation and t.position <= v_head
                   and t.tag = any (array(
                       select ledger.tag_of(y.type, p_items[v_nth].tags[1]) from unnest(p_items[v_nth].types) y (type)))
                offset 0) t
         cross join lateral (
               select * from ledger.events e
                where e.organisation_id = p_organisation and e.position = t.position
                offset 0) e
         where e.type = any (p_items[v_nth].types) and e.tags @> p_items[v_nth].tags
         order by e.position;
    end loop;
end
$$;

-- answered: what a key was answered with, if it was used
create function ledger.answered(p_organisation uuid, p_key text)
returns table (digest bytea, first bigint, last bigint)
language plpgsql stable
as $$
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    return query
    select a.digest, a.first, a.last from ledger.answers a where a.organisation_id = p_organisation and a.key = p_key;
end
$$;

-- event_ids: the ids of a span of events, in order
create function ledger.event_ids(p_organisation uuid, p_first bigint, p_last bigint)
returns table (event_id uuid)
language plpgsql stable
as $$
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    return query
    select e.event_id from ledger.events e
     where e.organisation_id = p_organisation and e.position between p_first and p_last
     order by e.position;
end
$$;

grant usage on schema ledger to headway_application;
grant select on ledger.heads, ledger.events, ledger.tags, ledger.answers to headway_application;
revoke execute on function ledger.append(uuid, ledger.command[]) from public;
grant execute on function ledger.append(uuid, ledger.command[]) to headway_application;

-- The second wall: whatever a statement forgets, a row of another organisation is not there.
do $$
declare
    v_table text;
begin
    foreach v_table in array array['heads', 'events', 'tags', 'answers'] loop
        execute format('alter table ledger.%I enable row level security', v_table);
        execute format('alter table ledger.%I force row level security', v_table);
        execute format(
            'create policy organisation on ledger.%I using (organisation_id = '
            '(select nullif(current_setting(''headway.organisation'', true), '''')::uuid))', v_table);
    end loop;
end
$$;
