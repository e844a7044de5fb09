-- The append anew: commands come as plain arrays and are stored by a handful of statements, whatever organisations they are of.

-- Functions of the owner may see the organisations of the call at hand together; everybody else sees one, as before.
do $$
declare
    v_table text;
begin
    foreach v_table in array array['heads', 'events', 'tags', 'answers'] loop
        execute format(
            'create policy appending on ledger.%I to current_user using (organisation_id = any ('
            '(select nullif(current_setting(''headway.appending'', true), '''')::uuid[])::uuid[]))', v_table);
    end loop;
end
$$;

-- nothing that was released calls them
-- squawk-ignore ban-drop-function
drop function ledger.append(ledger.batch[]);
-- squawk-ignore ban-drop-function
drop function ledger.crossing(ledger.command[]);
-- squawk-ignore ban-drop-function
drop function ledger.conflicting(uuid, ledger.command[], bigint);
-- squawk-ignore ban-drop-type
drop type ledger.batch;
-- squawk-ignore ban-drop-type
drop type ledger.command;
-- squawk-ignore ban-drop-type
drop type ledger.fact;

-- tag_of: PostgreSQL's own hash of type and tag, the same within a version, on disks carried from one to the next too; a collision
-- costs a look, never a wrong answer. An external reference, which is borne by few events of many types, is found by itself, in one
-- probe. What the hash was when the tags were written is kept beside them, for `retag`. Called stable, because it is only as
-- immutable as the server's version.
create or replace function ledger.tag_of(p_type text, p_tag text)
returns bigint
language sql stable parallel safe
as $$
    select hashtextextended(case when starts_with(p_tag, 'reference:') then '' else p_type end || E'\n' || p_tag, 0)
$$;

-- retag: writes the tags anew where the server hashes otherwise than when they were written; whether it did
create function ledger.retag()
returns boolean
language plpgsql volatile
as $$
begin
    if obj_description('ledger.tags'::regclass, 'pg_class') = ledger.tag_of('fingerprint', 'reference:')::text then
        return false;
    end if;
    alter table ledger.events no force row level security;
    alter table ledger.tags no force row level security;
    delete from ledger.tags;
    insert into ledger.tags
    select distinct e.organisation_id, ledger.tag_of(e.type, g.tag), e.position
      from ledger.events e
     cross join lateral unnest(e.tags) g (tag);
    alter table ledger.events force row level security;
    alter table ledger.tags force row level security;
    execute format('comment on table ledger.tags is %L', ledger.tag_of('fingerprint', 'reference:')::text);
    return true;
end
$$;

revoke execute on function ledger.retag() from public;
select ledger.retag();

-- hashed: what is hashed of an event behind the format byte and the hash before: numbers, ids and moments in fixed big-endian forms,
-- then the lengths of the texts and the texts. In a UTF-8 database a text's bytes are its UTF-8.
create function ledger.hashed(
    p_organisation uuid, p_position bigint, p_recorded_at timestamptz, p_command_id uuid, p_event_id uuid,
    p_correlation_id uuid, p_causation_id uuid, p_occurred_at timestamptz, p_version smallint,
    p_type text, p_actor text, p_tags text, p_reason text, p_body text)
returns bytea
language sql stable parallel safe
as $$
    select uuid_send(p_organisation) || int8send(p_position) || timestamptz_send(p_recorded_at)
        || uuid_send(p_command_id) || uuid_send(p_event_id) || uuid_send(p_correlation_id) || uuid_send(p_causation_id)
        || timestamptz_send(p_occurred_at) || int2send(p_version)
        || int4send(octet_length(p_type)) || int4send(octet_length(p_actor)) || int4send(octet_length(p_tags))
        || int4send(octet_length(p_reason)) || int4send(octet_length(p_body))
        || convert_to(p_type || p_actor || p_tags || p_reason || p_body, 'UTF8')
$$;

create or replace function ledger.hash_of(
    p_before bytea, p_organisation uuid, p_position bigint, p_recorded_at timestamptz, p_command_id uuid,
    p_event_id uuid, p_correlation_id uuid, p_causation_id uuid, p_occurred_at timestamptz, p_version smallint,
    p_type text, p_actor text, p_tags text, p_reason text, p_body text)
returns bytea
language sql stable parallel safe
as $$
    select sha256('\x01'::bytea || p_before || ledger.hashed(
        p_organisation, p_position, p_recorded_at, p_command_id, p_event_id, p_correlation_id, p_causation_id,
        p_occurred_at, p_version, p_type, p_actor, p_tags, p_reason, p_body))
$$;

-- conflicting: which commands stand on less than was known: an event up to their organisation's head that came after one of their
-- items. Organisations, and their heads, are named by ordinal in p_of, commands by ordinal in p_item_of; the types of an item are
-- parted by commas, its tags by line ends. The first tag of an item is probed for each of its types; a query for each item, fenced,
-- for as a set their plan flips with the size of the ledger.
create function ledger.conflicting(
    p_organisations uuid[], p_heads bigint[], p_of int[],
    p_item_of int[], p_item_types text[], p_item_tags text[], p_item_after bigint[])
returns setof int
language sql stable
as $$
    select i.nth
      from (select i.nth, i.after, p_organisations[p_of[i.nth]] as organisation_id, p_heads[p_of[i.nth]] as head,
                   string_to_array(i.types, ',') as types, string_to_array(i.tags, E'\n') as tags
              from unnest(p_item_of, p_item_types, p_item_tags, p_item_after) i (nth, types, tags, after)
             where i.after < p_heads[p_of[i.nth]]
            offset 0) i
     where exists (
           select
             from (select t.position
                     from ledger.tags t
                    where t.organisation_id = i.organisation_id and t.position > i.after and t.position <= i.head
                      and t.tag = any (array(select ledger.tag_of(y.type, i.tags[1]) from unnest(i.types) y (type)))
                   offset 0) t
            cross join lateral (
                  select e.type, e.tags
                    from ledger.events e
                   where e.organisation_id = i.organisation_id and e.position = t.position
                  offset 0) e
            where e.type = any (i.types) and e.tags @> i.tags)
$$;

-- append: decides the fate of each command in order, under the locks of its organisations' heads; an answer a command. An organisation
-- is named by its ordinal in p_of, a command by its own in p_upon_of, p_against_of, p_item_of and p_fact_of, in which commands come in
-- order. A command stands or falls with the earlier ones that it stands upon, falls where one that it is against is appended, and where the
-- one that it follows (0: none) comes to nothing: only who makes the call knows which commands were decided in sight of which. Types are parted by commas, tags by line ends.
-- Where there are several organisations, the commands of one whose head is held by somebody else are answered `busy` and left
-- alone, and heads are locked in their order: nobody waits for anybody. READ COMMITTED gives every statement a snapshot of its own,
-- so what follows the locks sees every commit before them; a stricter isolation would not.
create function ledger.append(
    p_organisations uuid[], p_of int[], p_command_ids uuid[], p_keys text[], p_digests bytea[], p_follows int[],
    p_upon_of int[], p_upon int[], p_against_of int[], p_against int[],
    p_item_of int[], p_item_types text[], p_item_tags text[], p_item_after bigint[],
    p_fact_of int[], p_event_ids uuid[], p_correlation_ids uuid[], p_causation_ids uuid[], p_occurred_at timestamptz[],
    p_versions smallint[], p_types text[], p_actors text[], p_tags text[], p_reasons text[], p_bodies text[])
returns table (status text, first bigint, last bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    v_several boolean := cardinality(p_organisations) > 1;
    v_commands int := cardinality(p_of);
    v_facts int := cardinality(p_fact_of);
    v_head ledger.heads;
    v_held ledger.heads[];
    v_used record;
    v_heads bigint[] := array_fill(null::bigint, array[cardinality(p_organisations)]);
    v_positions bigint[];
    v_hashes bytea[] := array_fill(null::bytea, array[cardinality(p_organisations)]);
    v_now timestamptz[] := array_fill(null::timestamptz, array[cardinality(p_organisations)]);
    v_conflicting int[];
    v_status text[] := array_fill(null::text, array[v_commands]);
    v_first bigint[] := array_fill(null::bigint, array[v_commands]);  -- of those appended
    v_last bigint[] := array_fill(null::bigint, array[v_commands]);
    v_start int[] := array_fill(0, array[v_commands]);  -- facts of the commands before
    v_hashed bytea[];
    v_chain bytea[] := array_fill(null::bytea, array[v_facts]);
    v_upon int := 1;
    v_against int := 1;
    v_fact int := 1;
    v_of int;
    v_kept boolean;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'ledger.append needs read committed' using errcode = '25001';
    end if;
    perform set_config('headway.appending', p_organisations::text, true);

    for v_round in 1 .. 2 loop
        v_held := '{}';
        for v_head in
            select * from ledger.heads h where not v_several and h.organisation_id = p_organisations[1] for update
        loop
            v_held := v_held || v_head;
        end loop;
        for v_head in
            select * from ledger.heads h
             where v_several and h.organisation_id = any (p_organisations)
             order by h.organisation_id
               for update skip locked
        loop
            v_held := v_held || v_head;
        end loop;
        foreach v_head in array v_held loop
            if v_head.moved_to is not null then
                raise exception 'the ledger has moved to %', v_head.moved_to using errcode = 'HW001';
            end if;
            v_of := array_position(p_organisations, v_head.organisation_id);
            v_heads[v_of] := v_head.position;
            v_hashes[v_of] := v_head.hash;
            -- after the lock, so that it never falls along the positions
            v_now[v_of] := greatest(clock_timestamp(), v_head.recorded_at);
        end loop;
        exit when v_round = 2 or array_position(v_heads, null) is null;
        -- looked at first: even an insert that does nothing would wait for whoever has changed the head
        insert into ledger.heads (organisation_id)
        select o.id
          from unnest(p_organisations) o (id)
         where not exists (select from ledger.heads h where h.organisation_id = o.id)
         order by o.id
            on conflict do nothing;
        exit when not found and v_several;
    end loop;

    for v_used in
        select c.nth, a.first, a.last,
               case when a.digest = p_digests[c.nth] then 'repeated' else 'key reused' end as status
          from unnest(p_of, p_keys) with ordinality c (of, key, nth)
          join ledger.answers a on a.organisation_id = p_organisations[c.of] and a.key = c.key
    loop
        v_status[v_used.nth] := v_used.status;
        v_first[v_used.nth] := v_used.first;
        v_last[v_used.nth] := v_used.last;
    end loop;
    v_conflicting := array(
        select x from ledger.conflicting(
            p_organisations, v_heads, p_of, p_item_of, p_item_types, p_item_tags, p_item_after) x);

    v_positions := v_heads;
    for v_nth in 1 .. v_commands loop
        v_of := p_of[v_nth];
        v_start[v_nth] := v_fact - 1;
        while v_fact <= v_facts and p_fact_of[v_fact] = v_nth loop
            v_fact := v_fact + 1;
        end loop;
        v_kept := v_nth <> all (v_conflicting)
            and (p_follows[v_nth] = 0 or v_status[p_follows[v_nth]] in ('appended', 'repeated'));
        while v_upon <= cardinality(p_upon_of) and p_upon_of[v_upon] = v_nth loop
            v_kept := v_kept and coalesce(v_status[p_upon[v_upon]] = 'appended', false);
            v_upon := v_upon + 1;
        end loop;
        while v_against <= cardinality(p_against_of) and p_against_of[v_against] = v_nth loop
            v_kept := v_kept and v_status[p_against[v_against]] <> 'appended';
            v_against := v_against + 1;
        end loop;
        if p_keys[v_nth] is not null and array_position(p_keys, p_keys[v_nth]) < v_nth then
            for n in 1 .. v_nth - 1 loop
                v_kept := v_kept and not (p_of[n] = v_of and coalesce(p_keys[n] = p_keys[v_nth], false));
            end loop;
        end if;
        if v_heads[v_of] is null then
            v_status[v_nth] := 'busy';
        elsif v_status[v_nth] is null and v_kept then
            v_status[v_nth] := 'appended';
            v_first[v_nth] := v_positions[v_of] + 1;
            v_positions[v_of] := v_positions[v_of] + v_fact - 1 - v_start[v_nth];
            v_last[v_nth] := v_positions[v_of];
        elsif v_status[v_nth] is null then
            v_status[v_nth] := 'refused';
            v_last[v_nth] := v_heads[v_of];
        end if;
    end loop;

    v_hashed := array(
        select case when v_status[f.of] = 'appended' then ledger.hashed(
                   p_organisations[p_of[f.of]], v_first[f.of] + f.nth - 1 - v_start[f.of], v_now[p_of[f.of]],
                   p_command_ids[f.of], f.event_id, f.correlation_id, f.causation_id, f.occurred_at, f.version,
                   f.type, f.actor, f.tags, coalesce(f.reason, ''), f.body) end
          from unnest(p_fact_of, p_event_ids, p_correlation_ids, p_causation_ids, p_occurred_at, p_versions,
                      p_types, p_actors, p_tags, p_reasons, p_bodies) with ordinality
               f (of, event_id, correlation_id, causation_id, occurred_at, version, type, actor, tags, reason, body, nth)
         order by f.nth);
    for v_nth in 1 .. v_facts loop
        if v_hashed[v_nth] is not null then
            v_of := p_of[p_fact_of[v_nth]];
            v_hashes[v_of] := sha256('\x01'::bytea || v_hashes[v_of] || v_hashed[v_nth]);
            v_chain[v_nth] := v_hashes[v_of];
        end if;
    end loop;

    insert into ledger.events
    select p_organisations[p_of[f.of]], v_first[f.of] + f.nth - 1 - v_start[f.of], f.event_id, p_command_ids[f.of],
           f.correlation_id, f.causation_id, v_now[p_of[f.of]], f.occurred_at, f.version, f.type, f.actor,
           string_to_array(f.tags, E'\n'), f.reason, f.body, f.hash
      from unnest(p_fact_of, p_event_ids, p_correlation_ids, p_causation_ids, p_occurred_at, p_versions,
                  p_types, p_actors, p_tags, p_reasons, p_bodies, v_chain) with ordinality
           f (of, event_id, correlation_id, causation_id, occurred_at, version, type, actor, tags, reason, body, hash, nth)
     where f.hash is not null;
    insert into ledger.tags
    select p_organisations[p_of[f.of]], ledger.tag_of(f.type, g.tag), v_first[f.of] + f.nth - 1 - v_start[f.of]
      from unnest(p_fact_of, p_types, p_tags, v_chain) with ordinality f (of, type, tags, hash, nth)
     cross join lateral string_to_table(f.tags, E'\n') g (tag)
     where f.hash is not null;
    insert into ledger.answers
    select p_organisations[c.of], c.key, c.digest, c.first, c.last
      from unnest(p_of, p_keys, p_digests, v_status, v_first, v_last) c (of, key, digest, status, first, last)
     where c.status = 'appended' and c.key is not null;
    update ledger.heads h
       set position = o.position, hash = o.hash, recorded_at = o.recorded_at
      from unnest(p_organisations, v_heads, v_positions, v_hashes, v_now) o (id, head, position, hash, recorded_at)
     where h.organisation_id = o.id and o.position > o.head;
    return query select * from unnest(v_status, v_first, v_last);
end
$$;

revoke execute on function ledger.append(
    uuid[], int[], uuid[], text[], bytea[], int[], int[], int[], int[], int[], int[], text[], text[], bigint[], int[], uuid[], uuid[], uuid[],
    timestamptz[], smallint[], text[], text[], text[], text[], text[]) from public;
grant execute on function ledger.append(
    uuid[], int[], uuid[], text[], bytea[], int[], int[], int[], int[], int[], int[], text[], text[], bigint[], int[], uuid[], uuid[], uuid[],
    timestamptz[], smallint[], text[], text[], text[], text[], text[]) to headway_application;
