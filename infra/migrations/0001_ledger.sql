-- The ledger: per organisation its events, numbered 1, 2, 3, … without a gap, in commit order, chained by hashes.

do $$
begin
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'create the database with the encoding UTF8; this one has %', current_setting('server_encoding');
    end if;
end
$$;

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

-- an item of a boundary: the types and tags that it selects, and the position up to which they are known
create type ledger.item as (types text[], tags text[], after bigint);
create type ledger.fact as (
    event_id uuid, correlation_id uuid, causation_id uuid, occurred_at timestamptz, version smallint,
    type text, actor text, tags text[], reason text, body text);
create type ledger.command as (
    command_id uuid, key text, digest bytea, upon int[], boundary ledger.item[], facts ledger.fact[]);
create type ledger.batch as (organisation_id uuid, commands ledger.command[]);
create type ledger.answer as (status text, first bigint, last bigint);

-- tag_of: the first eight bytes of sha256 over type and tag; a collision costs a look, never a wrong answer. Immutable in truth;
-- called stable, because PostgreSQL calls convert_to so and would not inline it otherwise. The cast came with version 18.
do $$
declare
    v_bytes text := 'substr(sha256(convert_to(p_type || E''\n'' || p_tag, ''UTF8'')), 1, 8)';
begin
    execute format(
        'create function ledger.tag_of(p_type text, p_tag text) returns bigint language sql stable parallel safe as %L',
        case when current_setting('server_version_num')::int >= 180000 then format('select %s::bigint', v_bytes)
             else format('select (''x'' || encode(%s, ''hex''))::bit(64)::bigint', v_bytes) end);
end
$$;

-- hash_of: sha256 over a format byte, the hash before, and every field that an auditor relies on: numbers, ids and moments in fixed
-- big-endian forms, then the lengths of the texts and the texts. In a UTF-8 database a text's bytes are its UTF-8.
create function ledger.hash_of(
    p_before bytea, p_organisation uuid, p_position bigint, p_recorded_at timestamptz, p_command_id uuid,
    p_event_id uuid, p_correlation_id uuid, p_causation_id uuid, p_occurred_at timestamptz, p_version smallint,
    p_type text, p_actor text, p_tags text, p_reason text, p_body text)
returns bytea
language sql stable parallel safe
as $$
    select sha256(
        '\x01'::bytea || p_before || uuid_send(p_organisation) || int8send(p_position) || timestamptz_send(p_recorded_at)
        || uuid_send(p_command_id) || uuid_send(p_event_id) || uuid_send(p_correlation_id) || uuid_send(p_causation_id)
        || timestamptz_send(p_occurred_at) || int2send(p_version)
        || int4send(octet_length(p_type)) || int4send(octet_length(p_actor)) || int4send(octet_length(p_tags))
        || int4send(octet_length(p_reason)) || int4send(octet_length(p_body))
        || convert_to(p_type || p_actor || p_tags || p_reason || p_body, 'UTF8'))
$$;

-- conflicting: which commands, numbered from 1, stand on less than was known: an event up to p_head that came after one of their items.
-- The first tag of an item is probed for each of its types; a query for each item, fenced, for as a set their plan flips with the
-- size of the ledger.
create function ledger.conflicting(p_organisation uuid, p_commands ledger.command[], p_head bigint)
returns setof bigint
language sql stable
as $$
    select c.nth
      from unnest(p_commands) with ordinality c (command_id, key, digest, upon, boundary, facts, nth)
     where exists (
           select
             from unnest(c.boundary) b
            cross join lateral (
                  select t.position
                    from ledger.tags t
                   where t.organisation_id = p_organisation and t.position > b.after and t.position <= p_head
                     and t.tag = any (array(select ledger.tag_of(y.type, b.tags[1]) from unnest(b.types) y (type)))
                  offset 0) t
            cross join lateral (
                  select e.type, e.tags
                    from ledger.events e
                   where e.organisation_id = p_organisation and e.position = t.position
                  offset 0) e
            where b.after < p_head and e.type = any (b.types) and e.tags @> b.tags)
$$;

-- crossing: pairs of commands of one call of which the earlier decides something that the later did not know
create function ledger.crossing(p_commands ledger.command[])
returns table (later bigint, earlier bigint)
language sql immutable
as $$
    select c.nth, d.nth
      from unnest(p_commands) with ordinality c (command_id, key, digest, upon, boundary, facts, nth)
     cross join lateral unnest(c.boundary) b
      join (select d.nth, f.type, f.tags, g.tag
              from unnest(p_commands) with ordinality d (command_id, key, digest, upon, boundary, facts, nth)
             cross join lateral unnest(d.facts) f
             cross join lateral unnest(f.tags) g (tag)) d
        on d.tag = b.tags[1]
     where d.nth < c.nth and d.type = any (b.types) and d.tags @> b.tags and not d.nth = any (c.upon)
$$;

-- append: decides the fate of each batch's commands in order, under the lock of its organisation's head; an answer a command. Where there
-- are several batches, one whose head is held by somebody else is answered `busy` and left alone, and they come in the order of
-- their organisations: nobody waits for anybody. READ COMMITTED gives every statement a snapshot of its own, so what follows
-- the lock sees every commit before it; a stricter isolation would not.
create function ledger.append(p_batches ledger.batch[])
returns setof ledger.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_batch ledger.batch;
    v_organisation uuid;
    v_head ledger.heads;
    v_now timestamptz;
    v_position bigint;
    v_keys text[];
    v_used ledger.answers[];
    v_conflicting bigint[];
    v_crossing bigint[];
    v_first bigint[];
    v_hashes bytea[];
    v_answers ledger.answer[];
    v_answer ledger.answer;
    v_command ledger.command;
    v_fact ledger.fact;
    v_nth bigint;
    v_upon int;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'ledger.append needs read committed' using errcode = '25001';
    end if;
    foreach v_batch in array p_batches loop
        v_organisation := v_batch.organisation_id;
        perform set_config('headway.organisation', v_organisation::text, true);
        if cardinality(p_batches) = 1 then
            select * into v_head from ledger.heads h where h.organisation_id = v_organisation for update;
        else
            select * into v_head from ledger.heads h where h.organisation_id = v_organisation for update skip locked;
        end if;
        if not found then
            -- looked at first: even an insert that does nothing would wait for whoever has changed the head
            if cardinality(p_batches) > 1 and exists (
                select from ledger.heads h where h.organisation_id = v_organisation)
            then
                return query select 'busy', null::bigint, null::bigint from unnest(v_batch.commands);
                continue;
            end if;
            insert into ledger.heads (organisation_id) values (v_organisation) on conflict do nothing;
            select * into v_head from ledger.heads h where h.organisation_id = v_organisation for update;
        end if;
        if v_head.moved_to is not null then
            raise exception 'the ledger has moved to %', v_head.moved_to using errcode = 'HW001';
        end if;
        v_now := greatest(clock_timestamp(), v_head.recorded_at);  -- after the lock, so that it never falls along the positions
        v_position := v_head.position;
        v_keys := array(select c.key from unnest(v_batch.commands) c);
        v_used := array(
            select a from ledger.answers a where a.organisation_id = v_organisation and a.key = any (v_keys));
        v_conflicting := array(select x from ledger.conflicting(v_organisation, v_batch.commands, v_position) x);
        v_crossing := case when cardinality(v_batch.commands) > 1
            then array(select array[x.later, x.earlier] from ledger.crossing(v_batch.commands) x) else '{}' end;
        v_first := '{}';
        v_hashes := '{}';
        v_answers := '{}';
        v_nth := 0;
        foreach v_command in array v_batch.commands loop
            v_nth := v_nth + 1;
            v_answer := ('appended', v_position + 1, v_position + cardinality(v_command.facts));
            if v_nth = any (v_conflicting)
               or (v_command.key is not null and array_position(v_keys, v_command.key) < v_nth) then
                v_answer := ('refused', null, v_head.position);
            end if;
            foreach v_upon in array v_command.upon loop
                if v_first[v_upon] is null then
                    v_answer := ('refused', null, v_head.position);
                end if;
            end loop;
            for n in 1 .. coalesce(array_length(v_crossing, 1), 0) loop
                if v_crossing[n][1] = v_nth and v_first[v_crossing[n][2]] is not null then
                    v_answer := ('refused', null, v_head.position);
                end if;
            end loop;
            if cardinality(v_used) > 0 then
                select case when u.digest = v_command.digest then 'repeated' else 'key reused' end, u.first, u.last
                  into v_answer
                  from unnest(v_used) u
                 where u.key = v_command.key
                union all
                select v_answer.status, v_answer.first, v_answer.last
                limit 1;
            end if;
            if v_answer.status = 'appended' then
                foreach v_fact in array v_command.facts loop
                    v_position := v_position + 1;
                    v_head.hash := ledger.hash_of(
                        v_head.hash, v_organisation, v_position, v_now, v_command.command_id, v_fact.event_id,
                        v_fact.correlation_id, v_fact.causation_id, v_fact.occurred_at, v_fact.version,
                        v_fact.type, v_fact.actor, array_to_string(v_fact.tags, E'\n'), coalesce(v_fact.reason, ''),
                        v_fact.body);
                    v_hashes := v_hashes || v_head.hash;
                end loop;
            end if;
            v_first := v_first || case when v_answer.status = 'appended' then v_answer.first end;
            return next v_answer;
        end loop;
        insert into ledger.events
        select v_organisation, v_first[c.nth] + f.nth - 1, f.event_id, c.command_id, f.correlation_id,
               f.causation_id, v_now, f.occurred_at, f.version, f.type, f.actor, f.tags, f.reason, f.body,
               v_hashes[v_first[c.nth] + f.nth - 1 - v_head.position]
          from unnest(v_batch.commands) with ordinality c (command_id, key, digest, upon, boundary, facts, nth)
         cross join lateral unnest(c.facts) with ordinality f
               (event_id, correlation_id, causation_id, occurred_at, version, type, actor, tags, reason, body, nth)
         where v_first[c.nth] is not null;
        insert into ledger.tags
        select v_organisation, ledger.tag_of(f.type, g.tag), v_first[c.nth] + f.nth - 1
          from unnest(v_batch.commands) with ordinality c (command_id, key, digest, upon, boundary, facts, nth)
         cross join lateral unnest(c.facts) with ordinality f
               (event_id, correlation_id, causation_id, occurred_at, version, type, actor, tags, reason, body, nth)
         cross join lateral unnest(f.tags) g (tag)
         where v_first[c.nth] is not null;
        insert into ledger.answers
        select v_organisation, c.key, c.digest, v_first[c.nth], v_first[c.nth] + cardinality(c.facts) - 1
          from unnest(v_batch.commands) with ordinality c (command_id, key, digest, upon, boundary, facts, nth)
         where v_first[c.nth] is not null and c.key is not null;
        if v_position > v_head.position then
            update ledger.heads set position = v_position, hash = v_head.hash, recorded_at = v_now
             where organisation_id = v_organisation;
        end if;
    end loop;
end
$$;

-- read: in one snapshot the head (item 0), every event after p_known up to the head (item -1, at most p_tail of them, with their tags),
-- and for each item, numbered from 1, the events that it selects beyond what is known
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
                 where t.organisation_id = p_organisation
                   and t.position > p_items[v_nth].after and t.position <= v_head
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
revoke execute on function ledger.append(ledger.batch[]) from public;
grant execute on function ledger.append(ledger.batch[]) to headway_application;

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
