-- What goes out to webhooks: what it is made of, who takes it, and what came of it. The tables are the outbox's, which no rebuild touches.

-- announce: public events of a stretch of the ledger into the outbox, where they are not there already
create function announce(
    p_organisation uuid, p_positions bigint[], p_nths smallint[], p_kinds text[], p_abouts uuid[], p_outcomes uuid[],
    p_occurred timestamptz[], p_recorded timestamptz[], p_data text[])
returns void
language sql volatile
set search_path = read, pg_temp
as $$
    insert into outbox.event (organisation_id, position, nth, kind, about_id, outcome_id, occurred_at, recorded_at, data)
    select p_organisation, t.position, t.nth, t.kind, t.about_id,
           coalesce(t.outcome_id, outcome_of(p_organisation, t.about_id)), t.occurred_at, t.recorded_at, t.data
      from unnest(p_positions, p_nths, p_kinds, p_abouts, p_outcomes, p_occurred, p_recorded, p_data)
           t (position, nth, kind, about_id, outcome_id, occurred_at, recorded_at, data)
        on conflict do nothing
$$;

-- message_id_of: by what a receiver knows a delivery again, however often it is made. The time tells events of one position apart whose
-- ledgers went separate ways, as after a restore.
create function message_id_of(p_webhook uuid, p_position bigint, p_nth smallint, p_recorded timestamptz)
returns uuid
language sql stable
as $$
    select encode(substring(sha256(concat_ws('|', p_webhook, p_position, p_nth, extract(epoch from p_recorded))::bytea) for 16), 'hex')::uuid
$$;

-- deliver: a numbered delivery of each public event of a stretch (from excluded, to included) to every webhook, or to one, that it is
-- meant for: one that was subscribed and active then, or as it stands at p_at; of these kinds, this team or outcome, and whose person
-- is there and may see it. How many were made, with one row at least; and those that it takes for whoever calls: at most p_limit, and
-- none if there are more, and only of webhooks that had nothing due and whose locks an earlier statement has taken.
create function deliver(
    p_organisation uuid, p_from bigint, p_to bigint, p_webhook uuid, p_at bigint, p_limit int, p_each int, p_seconds float8)
returns table (made bigint, claimed outbox.claimed)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with asked as materialized (
        select w.*, v.role in ('OWNER', 'AUDITOR') as sees_all
          from webhook w
         cross join lateral (select viewer_of(p_organisation, w.person_id, w.api_key_id) offset 0) v (role)
         where w.organisation_id = p_organisation and w.state = 'ACTIVE' and v.role is not null
           and w.since <= coalesce(p_at, p_to) and (w.until is null or w.until > coalesce(p_at, p_from))
           and (p_webhook is null or w.id = p_webhook)
    ),
    hidden as materialized (
        select a.person_id, h.ids
          from (select distinct person_id from asked where not sees_all) a
         cross join lateral (select hidden_from(p_organisation, a.person_id) as ids offset 0) h
         where h.ids <> '{}'
    ),
    endpoint as materialized (  -- in this order, as whoever finishes deliveries takes them
        select e.webhook_id, e.sequence, e.epoch, e.failed, not coalesce(e.due_at <= now() or e.open_until > now(), false) as idle
          from outbox.endpoint e
         where e.organisation_id = p_organisation and e.webhook_id in (select id from asked)
         order by e.webhook_id
           for update
    ),
    told as materialized (
        select e.*, case when exists (select from hidden) then e.outcome_id || named_in(p_organisation, e.data) end as named
          from outbox.event e
         where e.organisation_id = p_organisation and e.position > p_from and e.position <= p_to
    ),
    meant as (
        select a.id as webhook_id, e.position, e.nth, e.recorded_at, s.veiled, a.ordered, a.until is null as stands
          from told e
          join asked a on (p_at is not null or (a.since < e.position and (a.until is null or a.until > e.position)))
         cross join lateral (
               select exists (select from hidden h where not a.sees_all and h.person_id is not distinct from a.person_id
                                                     and h.ids && e.named)) s (veiled)
         where case when e.kind = 'webhook.test' then e.about_id = a.id and p_at is null
                    else (e.kind <> 'webhook.disabled' or e.about_id <> a.id)
               and exists (
                   select from unnest(a.kinds) k (kind)
                    where case when right(k.kind, 1) = '*' then e.kind ^@ left(k.kind, -1) else e.kind = k.kind end)
               and (a.outcome_id is null or (e.outcome_id = a.outcome_id and not s.veiled))
               and (a.team_id is null
                    or lies_in(p_organisation, a.team_id, e.kind, e.about_id, e.outcome_id, e.position, s.veiled))
               -- a promise is between people, and does not name what it serves where that is hidden
               and (e.kind ^@ 'commitment.' or not s.veiled) end
    ),
    numbered as (
        select m.*, p.sequence + row_number() over w as sequence, p.epoch,
               p.idle and m.stands and count(*) over () <= p_limit and row_number() over w <= case
                   when m.ordered then (
                       select 1 - count(*) from outbox.delivery d where d.webhook_id = m.webhook_id and d.state in ('DUE', 'SENT'))
                   else case when p.failed > 0 then 1 else p_each end - (
                       select count(*) from outbox.delivery d where d.webhook_id = m.webhook_id and d.state = 'SENT') end as taken
          from meant m
          join endpoint p on p.webhook_id = m.webhook_id
         where not exists (
             select from outbox.delivery d where d.webhook_id = m.webhook_id and d.position = m.position and d.nth = m.nth)
        window w as (partition by m.webhook_id order by m.position, m.nth)
    ),
    made as (
        insert into outbox.delivery (
            organisation_id, webhook_id, sequence, epoch, position, nth, message_id, veiled, state, attempt, lease, lease_until)
        select p_organisation, n.webhook_id, n.sequence, n.epoch, n.position, n.nth,
               message_id_of(n.webhook_id, n.position, n.nth, n.recorded_at), n.veiled,
               case when n.taken then 'SENT' else 'DUE' end, case when n.taken then 1 else 0 end,
               case when n.taken then gen_random_uuid() end, case when n.taken then now() + p_seconds * interval '1 s' end
          from numbered n
        returning webhook_id, sequence, epoch, position, nth, message_id, veiled, state, attempt, lease
    ),
    counted as (
        update outbox.endpoint e
           set sequence = m.last, due_at = case when m.due then least(greatest(e.open_until, now()), e.due_at) else e.due_at end
          from (select webhook_id, max(sequence) as last, bool_or(state = 'DUE') as due from made group by webhook_id) m
         where e.organisation_id = p_organisation and e.webhook_id = m.webhook_id
    )
    select n.made,
           case when m.lease is not null then row(
               p_organisation, m.webhook_id, m.sequence, m.lease, m.attempt, m.epoch, m.message_id, m.veiled, false, m.position, e.kind,
               e.about_id, e.occurred_at, e.data, a.receiver, a.mode, a.person_id, a.api_key_id, a.secret_id,
               case when a.former_until > now() then a.former_secret_id end)::outbox.claimed end
      from (select count(*) as made from made) n
      left join (made m
                 join asked a on a.id = m.webhook_id and a.until is null
                 join told e on e.position = m.position and e.nth = m.nth) on m.lease is not null
     order by m.webhook_id, m.sequence;
end
$$;

-- next_due: when a webhook's next delivery is due; null where there is none, or as many are on their way as may be
create function next_due(p_webhook uuid, p_ordered boolean, p_most int)
returns timestamptz
language plpgsql stable
set search_path = read, pg_temp
as $$
begin
    if p_ordered then
        return (
            select case when d.state = 'DUE' then d.due_at end
              from outbox.delivery d
             where d.webhook_id = p_webhook and d.state in ('DUE', 'SENT')
             order by d.sequence
             limit 1);
    end if;
    if (select count(*) from outbox.delivery d where d.webhook_id = p_webhook and d.state = 'SENT') < p_most then
        return (select d.due_at from outbox.delivery d where d.webhook_id = p_webhook and d.state = 'DUE' order by d.due_at limit 1);
    end if;
    return null;
end
$$;

-- claim_deliveries: takes what is due, from at most 25 webhooks and so many from each, and says of each whether it may still be seen.
-- One statement that locks the webhooks, and another that looks, once they are locked, how many are on their way: a single one would
-- look before it holds them. Nobody waits for the disk: what a crash of the server takes back is sent once more.
create function claim_deliveries(p_limit int, p_each int, p_seconds float8)
returns setof outbox.claimed
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
declare
    v_ids uuid[];
    v_taken outbox.claimed[];
    v_organisation uuid;
begin
    perform set_config('headway.sweep', 'on', true), set_config('synchronous_commit', 'off', true);
    select array_agg(e.webhook_id) into v_ids
      from (select e.webhook_id
              from outbox.endpoint e
             where e.due_at <= now()
             order by e.due_at
             limit 25
               for update skip locked) e;
    if v_ids is null then
        return;
    end if;
    with able as materialized (
        select e.webhook_id, w.ordered, w.receiver, w.mode, w.person_id, w.api_key_id, w.secret_id,
               case when w.former_until > now() then w.former_secret_id end as former_secret_id,
               case when w.ordered or e.failed > 0 then 1 else p_each end
                   - (select count(*)::int from outbox.delivery s where s.webhook_id = e.webhook_id and s.state = 'SENT') as room
          from outbox.endpoint e
          join webhook w on w.organisation_id = e.organisation_id and w.id = e.webhook_id and w.until is null
         where e.webhook_id = any (v_ids) and w.state = 'ACTIVE'
    ),
    due as materialized (  -- the first of each before the second of any
        select a.webhook_id, t.sequence, t.nth
          from able a
         cross join lateral (
               select d.sequence, row_number() over (order by d.due_at, d.sequence) as nth
                 from outbox.delivery d
                where not a.ordered and d.webhook_id = a.webhook_id and d.state = 'DUE' and d.due_at <= now()
                order by d.due_at, d.sequence
                limit greatest(0, a.room)) t
        union all
        select a.webhook_id, t.sequence, 1
          from able a
         cross join lateral (
               select d.sequence, d.state, d.due_at
                 from outbox.delivery d
                where a.ordered and d.webhook_id = a.webhook_id and d.state in ('DUE', 'SENT')
                order by d.sequence
                limit 1) t
         where t.state = 'DUE' and t.due_at <= now()
         order by nth
         limit p_limit
    ),
    taken as (
        update outbox.delivery d
           set state = 'SENT', attempt = d.attempt + 1, lease = gen_random_uuid(), lease_until = now() + p_seconds * interval '1 s'
          from due
         where d.webhook_id = due.webhook_id and d.sequence = due.sequence and d.state = 'DUE'
        returning d.*
    )
    select array_agg(row(
               t.organisation_id, t.webhook_id, t.sequence, t.lease, t.attempt, t.epoch, t.message_id, t.veiled, false, t.position,
               e.kind, e.about_id, e.occurred_at, e.data, a.receiver, a.mode, a.person_id, a.api_key_id, a.secret_id,
               a.former_secret_id)::outbox.claimed order by t.webhook_id, t.sequence)
      into v_taken
      from taken t
      join able a on a.webhook_id = t.webhook_id
      join outbox.event e on e.organisation_id = t.organisation_id and e.position = t.position and e.nth = t.nth;
    update outbox.endpoint e
       set due_at = (
           select next_due(w.id, w.ordered, case when e.failed > 0 then 1 else p_each end)
             from webhook w
            where w.organisation_id = e.organisation_id and w.id = e.webhook_id and w.until is null and w.state = 'ACTIVE')
     where e.webhook_id = any (v_ids);
    for v_organisation in select distinct t.organisation_id from unnest(v_taken) t loop
        perform set_config('headway.organisation', v_organisation::text, true);
        return query
        select t.organisation_id, t.webhook_id, t.sequence, t.lease, t.attempt, t.epoch, t.message_id, w.veiled, w.withheld, t.position,
               t.kind, t.about_id, t.occurred_at, t.data, t.receiver, t.mode, t.person_id, t.api_key_id, t.secret_id, t.former_secret_id
          from withhold(v_organisation,
                        array(select t.webhook_id from unnest(v_taken) t where t.organisation_id = v_organisation),
                        array(select t.sequence from unnest(v_taken) t where t.organisation_id = v_organisation)) w
          join unnest(v_taken) t on t.webhook_id = w.webhook_id and t.sequence = w.sequence
         order by t.webhook_id, t.sequence;
    end loop;
end
$$;

-- follow: brings an outbox from one position to another: public events and deliveries, of which it takes for whoever calls those to
-- webhooks that had nothing due; they were made for who may see them in this very moment. How many were made, with one row at least;
-- none where the outbox is not there any more.
create function follow(
    p_organisation uuid, p_from bigint, p_to bigint, p_positions bigint[], p_nths smallint[], p_kinds text[], p_abouts uuid[],
    p_outcomes uuid[], p_occurred timestamptz[], p_recorded timestamptz[], p_data text[], p_limit int, p_each int, p_seconds float8)
returns table (made bigint, claimed outbox.claimed)
language plpgsql volatile
set search_path = read, pg_temp
as $$
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    update outbox.checkpoint c set position = p_to where c.organisation_id = p_organisation and c.position = p_from;
    if not found then
        return;
    end if;
    if p_positions = '{}' then
        return query select 0::bigint, null::outbox.claimed;
        return;
    end if;
    perform announce(p_organisation, p_positions, p_nths, p_kinds, p_abouts, p_outcomes, p_occurred, p_recorded, p_data);
    perform from outbox.endpoint e where e.organisation_id = p_organisation order by e.webhook_id for update;
    return query select d.made, d.claimed from deliver(p_organisation, p_from, p_to, null, null, p_limit, p_each, p_seconds) d;
end
$$;

-- withhold: of deliveries that were claimed, those that whoever they are for may not see any more end unsent, as somebody has left, a
-- key was revoked, or an outcome hidden since they were made; of the others, whether the outcome may be named
create function withhold(p_organisation uuid, p_webhooks uuid[], p_sequences bigint[])
returns table (webhook_id uuid, sequence bigint, withheld boolean, veiled boolean)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with asked as materialized (
        select w.id, w.person_id, v.role, coalesce(v.role in ('OWNER', 'AUDITOR'), false) as sees_all
          from webhook w
         cross join lateral (select viewer_of(p_organisation, w.person_id, w.api_key_id) offset 0) v (role)
         where w.organisation_id = p_organisation and w.until is null and w.id = any (p_webhooks)
    ),
    hidden as materialized (
        select a.person_id, h.ids
          from (select distinct person_id from asked where not sees_all) a
         cross join lateral (select hidden_from(p_organisation, a.person_id) as ids offset 0) h
         where h.ids <> '{}'
    ),
    judged as materialized (
        select d.webhook_id, d.sequence, d.attempt, s.veiled, a.role is null or (s.veiled and not e.kind ^@ 'commitment.') as withheld
          from unnest(p_webhooks, p_sequences) t (webhook_id, sequence)
          join outbox.delivery d on d.webhook_id = t.webhook_id and d.sequence = t.sequence
          join outbox.event e on e.organisation_id = p_organisation and e.position = d.position and e.nth = d.nth
          join asked a on a.id = d.webhook_id
         cross join lateral (
               select case when not a.sees_all and exists (select from hidden) then e.outcome_id || named_in(p_organisation, e.data) end
               offset 0) n (named)
         cross join lateral (
               select exists (select from hidden h where h.person_id is not distinct from a.person_id and h.ids && n.named)) s (veiled)
    ),
    ended as (
        update outbox.delivery d
           set state = 'EXHAUSTED', ended_at = now(), lease = null, lease_until = null
          from judged j
         where j.withheld and d.webhook_id = j.webhook_id and d.sequence = j.sequence
    ),
    noted as (
        insert into outbox.attempt (organisation_id, webhook_id, sequence, attempt, tried_at, result, milliseconds)
        select p_organisation, j.webhook_id, j.sequence, j.attempt, clock_timestamp(), 'withheld', 0 from judged j where j.withheld
    ),
    woken as (
        update outbox.endpoint e
           set due_at = greatest(e.open_until, now())
         where e.organisation_id = p_organisation and e.webhook_id in (select j.webhook_id from judged j where j.withheld)
    )
    select j.webhook_id, j.sequence, j.withheld, j.veiled from judged j;
end
$$;

-- told_after: deliveries to a webhook after a number, those that may be seen with such eyes, whatever became of them
create function told_after(p_organisation uuid, p_webhook uuid, p_person uuid, p_sees_all boolean, p_after bigint, p_limit int)
returns table (
    sequence bigint, epoch int, message_id uuid, veiled boolean, "position" bigint, kind text, about_id uuid, occurred_at timestamptz,
    data text)
language sql stable
set search_path = read, pg_temp
as $$
    with hidden as materialized (
        select h.id from hidden_outcomes(p_organisation, p_person) h where not p_sees_all
    )
    select d.sequence, d.epoch, d.message_id, s.veiled, d.position, e.kind, e.about_id, e.occurred_at, e.data
      from outbox.delivery d
      join outbox.event e on e.organisation_id = d.organisation_id and e.position = d.position and e.nth = d.nth
     cross join lateral (
           select case when exists (select from hidden) then e.outcome_id || named_in(p_organisation, e.data) end
           offset 0) n (named)
     cross join lateral (select exists (select from hidden h where h.id = any (n.named))) s (veiled)
     where d.organisation_id = p_organisation and d.webhook_id = p_webhook and d.sequence > p_after
       and (e.kind ^@ 'commitment.' or not s.veiled)
     order by d.sequence
     limit p_limit
$$;

-- finish_deliveries: what came of tries that still hold their lease, and how the webhooks do; those whose lease was lost change nothing.
-- Nobody waits for the disk here either.
-- Ten tries in five minutes of which seven in ten failed let a webhook rest for about half a minute, and twice as long each time again;
-- not all equally long, that those who rest for one reason do not come back together.
create function finish_deliveries(
    p_webhooks uuid[], p_sequences bigint[], p_leases uuid[], p_states text[], p_waits float8[], p_rests float8[], p_results text[],
    p_statuses int[], p_milliseconds float8[], p_excerpts text[], p_each int)
returns table (organisation_id uuid, webhook_id uuid, failed int, failing_since timestamptz)
language plpgsql volatile
set search_path = read, pg_temp
as $$
#variable_conflict use_column
begin
    perform set_config('headway.sweep', 'on', true), set_config('synchronous_commit', 'off', true);
    perform from outbox.endpoint e where e.webhook_id = any (p_webhooks) order by e.webhook_id for update;
    return query
    with told as materialized (
        select * from unnest(p_webhooks, p_sequences, p_leases, p_states, p_waits, p_rests, p_results, p_statuses, p_milliseconds,
                             p_excerpts)
             t (webhook_id, sequence, lease, state, wait, rest, result, status, milliseconds, excerpt)
    ),
    done as (
        update outbox.delivery d
           set state = t.state, due_at = case when t.state = 'DUE' then now() + t.wait * interval '1 s' else d.due_at end,
               lease = null, lease_until = null, ended_at = case when t.state <> 'DUE' then now() end
          from told t
         where d.webhook_id = t.webhook_id and d.sequence = t.sequence and d.lease = t.lease  -- by the key: who has a lease is on its way
        returning d.organisation_id, d.webhook_id, d.sequence, d.attempt, t.state, t.rest, t.result, t.status, t.milliseconds,
                  t.excerpt
    ),
    noted as (  -- what was on its way while somebody was forgotten may name them, and so may its answer
        insert into outbox.attempt (organisation_id, webhook_id, sequence, attempt, tried_at, result, status, milliseconds, excerpt)
        select d.organisation_id, d.webhook_id, d.sequence, d.attempt,
               clock_timestamp() - d.milliseconds * interval '1 ms', d.result, d.status, d.milliseconds,
               case when not exists (
                   select from edge.forgotten f
                    where f.organisation_id = d.organisation_id and f.swept_at > now() - interval '1 min') then d.excerpt end
          from done d
    ),
    summed as (
        select d.organisation_id, d.webhook_id, count(*)::int as tries, count(*) filter (where d.state <> 'ACCEPTED')::int as failures,
               max(d.rest) as rest
          from done d
         group by d.organisation_id, d.webhook_id
    ),
    counted as (
        select e.organisation_id, e.webhook_id, s.tries as now_tries, s.failures as now_failures, s.rest,
               case when e.window_at > now() - interval '5 min' then e.tries else 0 end + s.tries as tries,
               case when e.window_at > now() - interval '5 min' then e.failures else 0 end + s.failures as failures,
               case when e.window_at > now() - interval '5 min' then e.window_at else now() end as window_at
          from outbox.endpoint e
          join summed s on s.organisation_id = e.organisation_id and s.webhook_id = e.webhook_id
    ),
    judged as (
        select c.*, c.tries >= 10 and c.failures >= 0.7 * c.tries and c.now_failures > 0 as tripped from counted c
    )
    update outbox.endpoint e
       set failed = case when j.now_failures < j.now_tries then 0 else e.failed + j.now_failures end,
           failing_since = case when j.now_failures = j.now_tries then coalesce(e.failing_since, now()) end,
           window_at = case when not j.tripped then j.window_at end,
           tries = case when j.tripped then 0 else j.tries end,
           failures = case when j.tripped then 0 else j.failures end,
           trips = case when j.tripped then e.trips + 1 when j.now_failures < j.now_tries then 0 else e.trips end,
           open_until = case when j.tripped then now() + least(3600, 30 * 2 ^ least(e.trips, 10)) * (0.8 + 0.4 * random()) * interval '1 s'
                             when j.rest > 0 then now() + j.rest * interval '1 s'
                             when j.now_failures < j.now_tries then null else e.open_until end
      from judged j
     where e.organisation_id = j.organisation_id and e.webhook_id = j.webhook_id
    returning e.organisation_id, e.webhook_id, e.failed, e.failing_since;
    update outbox.endpoint e
       set due_at = (
           select greatest(e.open_until, next_due(w.id, w.ordered, case when e.failed > 0 then 1 else p_each end))
             from webhook w
            where w.organisation_id = e.organisation_id and w.id = e.webhook_id and w.until is null and w.state = 'ACTIVE')
     where e.webhook_id = any (p_webhooks);
end
$$;

-- finish_and_claim: writes down what came of tries and takes what is due, in one turn: whoever finishes holds the webhooks, so that who
-- claims meanwhile would find them locked. Those of the webhooks tried that go on failing, and what was taken.
create function finish_and_claim(
    p_webhooks uuid[], p_sequences bigint[], p_leases uuid[], p_states text[], p_waits float8[], p_rests float8[], p_results text[],
    p_statuses int[], p_milliseconds float8[], p_excerpts text[], p_limit int, p_each int, p_seconds float8)
returns table (failing_of uuid, failing uuid, failed int, failing_since timestamptz, claimed outbox.claimed)
language plpgsql volatile
set search_path = read, pg_temp
as $$
begin
    if p_webhooks <> '{}' then
        return query
        select f.*, null::outbox.claimed
          from finish_deliveries(p_webhooks, p_sequences, p_leases, p_states, p_waits, p_rests, p_results, p_statuses, p_milliseconds,
                                 p_excerpts, p_each) f
         where f.failing_since is not null;
    end if;
    if p_limit > 0 then
        return query
        select null::uuid, null::uuid, null::int, null::timestamptz, c from claim_deliveries(p_limit, p_each, p_seconds) c;
    end if;
end
$$;
