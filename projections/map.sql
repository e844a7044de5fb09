-- What the strategy map tells of its objectives. An objective is judged by the outcomes that serve it directly and count: those of
-- a weight above 0 that are not paused, abandoned or withdrawn.

-- serving: the outcomes that an objective is judged by, each with the weight of its link
create function serving(p_organisation uuid, p_objective uuid, p_as_of bigint)
returns table (outcome_id uuid, weight numeric)
language sql stable parallel safe rows 5
as $$
    select a.outcome_id, a.weight
      from alignment a
      join outcome o on o.organisation_id = p_organisation and o.id = a.outcome_id and counts(o.state)
                    and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
     where a.organisation_id = p_organisation and a.objective_id = p_objective and a.weight > 0
       and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
$$;

-- objective_progress: the weighted mean of the clamped progress of the outcomes that serve it directly and count, by the weights of
-- their links; those without a progress are left out of numerator and denominator. All left out: null.
create function objective_progress(p_organisation uuid, p_objective uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$
    select (sum(r.progress * s.weight) / sum(s.weight))::float8
      from serving(p_organisation, p_objective, p_as_of) s
     cross join lateral (select rolled_up(p_organisation, s.outcome_id, p_as_of, p_on) offset 0) r (progress)
     where r.progress is not null
$$;

-- objective_health: how many of the outcomes that serve it directly and count show each status (R13), and the worst of these. Silence
-- is worse than being on track, and better than what somebody said is at risk.
create function objective_health(p_organisation uuid, p_objective uuid, p_as_of bigint, p_on date)
returns table (on_track int, at_risk int, off_track int, too_early int, outdated int, pending int, closed int, worst text)
language sql stable parallel safe rows 1
as $$
    with shown (status) as materialized (
        select outcome_status(p_organisation, s.outcome_id, p_as_of, p_on)
          from serving(p_organisation, p_objective, p_as_of) s
    )
    select count(*) filter (where status = 'ON_TRACK')::int, count(*) filter (where status = 'AT_RISK')::int,
           count(*) filter (where status = 'OFF_TRACK')::int, count(*) filter (where status = 'TOO_EARLY')::int,
           count(*) filter (where status = 'OUTDATED')::int, count(*) filter (where status = 'PENDING')::int,
           count(*) filter (where status = 'CLOSED')::int,
           (array['OFF_TRACK', 'AT_RISK', 'OUTDATED', 'PENDING', 'TOO_EARLY', 'ON_TRACK', 'CLOSED'])[min(array_position(
               array['OFF_TRACK', 'AT_RISK', 'OUTDATED', 'PENDING', 'TOO_EARLY', 'ON_TRACK', 'CLOSED'], status))]
      from shown
$$;
