-- What lies ahead of those who follow the ledger: how far they are in a first row, then events, in one round trip. The organisation is
-- set for the rest of the transaction.

-- ahead_of_read_models: takes the checkpoints of an organisation that nobody holds, and tells what comes after the least of those that
-- are not stopped; and where its outbox stands, if it has one
create function ahead_of_read_models(p_organisation uuid, p_limit int)
returns table (
    "position" bigint, event_id uuid, version smallint, type text, command_id uuid, correlation_id uuid, causation_id uuid, actor text,
    tags text[], reason text, recorded_at timestamptz, occurred_at timestamptz, body text,
    projections text[], positions bigint[], stopped_at bigint[], time_zone text, outbox bigint)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
declare
    v_start bigint;
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    select array_agg(c.projection), array_agg(c.position), array_agg(c.stopped_at), min(c.position) filter (where c.stopped_at is null)
      into projections, positions, stopped_at, v_start
      from (select * from checkpoint c where c.organisation_id = p_organisation for update skip locked) c;
    time_zone := (select o.time_zone from organisation o where o.organisation_id = p_organisation and o.until is null);
    outbox := (select c.position from outbox.checkpoint c where c.organisation_id = p_organisation);
    return next;
    return query
    select e.position, e.event_id, e.version, e.type, e.command_id, e.correlation_id, e.causation_id, e.actor, e.tags, e.reason,
           e.recorded_at, e.occurred_at, e.body, null::text[], null::bigint[], null::bigint[], null, null::bigint
      from ledger.events e
     where e.organisation_id = p_organisation and e.position > v_start
     order by e.position
     limit p_limit;
end
$$;

-- ahead_of_outbox: what an organisation's read models have, and its outbox has not; no row where it has no outbox; and whether
-- something of before is to be sent once more
create function ahead_of_outbox(p_organisation uuid, p_limit int)
returns table (
    "position" bigint, event_id uuid, version smallint, type text, command_id uuid, correlation_id uuid, causation_id uuid, actor text,
    tags text[], reason text, recorded_at timestamptz, occurred_at timestamptz, body text,
    start bigint, reached bigint, time_zone text, replays boolean)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    select c.position into start from outbox.checkpoint c where c.organisation_id = p_organisation;
    if not found then
        return;
    end if;
    reached := coalesce((select min(r.position) from checkpoint r where r.organisation_id = p_organisation), 0);
    time_zone := (select o.time_zone from organisation o where o.organisation_id = p_organisation and o.until is null);
    replays := exists (select from outbox.replay p where p.organisation_id = p_organisation);
    return next;
    return query
    select e.position, e.event_id, e.version, e.type, e.command_id, e.correlation_id, e.causation_id, e.actor, e.tags, e.reason,
           e.recorded_at, e.occurred_at, e.body, null::bigint, null::bigint, null, null::boolean
      from ledger.events e
     where e.organisation_id = p_organisation and e.position > start and e.position <= reached
     order by e.position
     limit p_limit;
end
$$;
