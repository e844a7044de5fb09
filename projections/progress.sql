-- What is made of measures and alignments: progress, pace, statuses, forecasts and trends of outcomes.

-- counts: whether an outcome in that state goes into what it serves: paused, abandoned and withdrawn ones don't
create function counts(p_state text)
returns boolean
language sql immutable parallel safe
as $$ select p_state not in ('PAUSED', 'ABANDONED', 'WITHDRAWN') $$;

-- outcome_policy: what the progress of an outcome is made of: what was said of it, else in the organisation's policy, else its
-- measures where it has any, else its children
create function outcome_policy(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns text
language sql stable parallel safe
as $$
    select coalesce(o.roll_up, g.default_roll_up, case when exists (
               select from measure m
                where m.organisation_id = p_organisation and m.outcome_id = o.id and not m.is_retired
                  and m.since <= p_as_of and (m.until is null or m.until > p_as_of))
           then 'MEASURES' else 'CHILDREN' end)
      from outcome o
      join organisation g on g.organisation_id = p_organisation
                         and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
     where o.organisation_id = p_organisation and o.id = p_outcome
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
$$;

-- summed: values, baselines and targets of an outcome added up: of its children's where it rolls up by SUM and has any, else of its
-- own measures that increase or decrease. A summing outcome's own measure, the first by title, says baseline and target for it.
create function summed(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns numeric[]
language sql stable parallel safe
as $$
    with own as materialized (
        select s.current, s.baseline, s.target
          from (select m.title, m.id
                  from measure m
                 where m.organisation_id = p_organisation and m.outcome_id = p_outcome and not m.is_retired
                   and m.direction in ('INCREASE', 'DECREASE')
                   and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
                offset 0) m
         cross join lateral measure_told(p_organisation, m.id, p_as_of, p_on) s
         order by m.title, m.id
    ),
    child as materialized (
        select summed(p_organisation, c.id, p_as_of, p_on) as of
          from (select c.id
                  from alignment a
                  join outcome c on c.organisation_id = p_organisation and c.id = a.outcome_id and counts(c.state)
                                and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
                 where a.organisation_id = p_organisation and a.higher_id = p_outcome and a.weight > 0
                   and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
                   and outcome_policy(p_organisation, p_outcome, p_as_of) = 'SUM'
                offset 0) c
    )
    select case when exists (select from child)
           then (select array[sum(c.of[1]), coalesce(o.baseline, sum(c.of[2])), coalesce(o.target, sum(c.of[3]))]
                   from child c
                   left join (select * from own where baseline is not null and target is not null limit 1) o on true
                  group by o.baseline, o.target)
           else (select array[sum(o.current), sum(o.baseline), sum(o.target)] from own o) end
$$;

-- summed_units: the different units that `summed` adds up; more than one can't be added
create function summed_units(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns text[]
language sql stable parallel safe
as $$
    select coalesce(array_agg(distinct u.unit), '{}')
      from (select concat_ws(' ', m.unit_currency, m.unit_symbol)
              from measure m
             where m.organisation_id = p_organisation and m.outcome_id = p_outcome and not m.is_retired
               and m.direction in ('INCREASE', 'DECREASE')
               and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
            union all
            select unnest(summed_units(p_organisation, a.outcome_id, p_as_of))
              from alignment a
              join outcome c on c.organisation_id = p_organisation and c.id = a.outcome_id and counts(c.state)
                            and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
             where a.organisation_id = p_organisation and a.higher_id = p_outcome and a.weight > 0
               and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
               and outcome_policy(p_organisation, p_outcome, p_as_of) = 'SUM') u (unit)
$$;

-- rolled_up: progress of an outcome, 0…1: the weighted mean over its measures (MEASURES), over the outcomes aligned to it
-- (CHILDREN), or over both (BOTH); SUM takes the attainment of the children's values added up, in one and the same unit. Nulls,
-- retired measures, paused, abandoned and withdrawn outcomes are left out of numerator and denominator; all left out, or all
-- weights 0: null. R3 keeps the walk down finite.
create function rolled_up(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    with this as materialized (  -- outcome_policy, written out: a call costs as much as a measure
        select coalesce(o.roll_up, g.default_roll_up, case when exists (
                   select from measure m
                    where m.organisation_id = p_organisation and m.outcome_id = o.id and not m.is_retired
                      and m.since <= p_as_of and (m.until is null or m.until > p_as_of))
               then 'MEASURES' else 'CHILDREN' end) as policy
          from outcome o
          join organisation g on g.organisation_id = p_organisation
                             and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
         where o.organisation_id = p_organisation and o.id = p_outcome
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
    ),
    part (progress, weight) as (
        select s.progress, s.weight
          from (select m.id
                  from this
                  join measure m on this.policy in ('MEASURES', 'BOTH')
                                and m.organisation_id = p_organisation and m.outcome_id = p_outcome and not m.is_retired
                                and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
                offset 0) m
         cross join lateral measure_told(p_organisation, m.id, p_as_of, p_on) s
        union all
        select rolled_up(p_organisation, c.id, p_as_of, p_on), c.weight
          from (select c.id, a.weight
                  from this
                  join alignment a on this.policy in ('CHILDREN', 'BOTH')
                                  and a.organisation_id = p_organisation and a.higher_id = p_outcome and a.weight > 0
                                  and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
                  join outcome c on c.organisation_id = p_organisation and c.id = a.outcome_id and counts(c.state)
                                and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
                offset 0) c
        union all
        select least(greatest((s.of[1] - s.of[2]) / nullif(s.of[3] - s.of[2], 0), 0), 1)
               + (s.of[1] + s.of[2] + s.of[3]) * 0, 1  -- null where any of them is: least and greatest swallow nulls
          from this
         cross join lateral (
               select case when this.policy = 'SUM' then summed(p_organisation, p_outcome, p_as_of, p_on) end
               offset 0) s (of)
         where this.policy = 'SUM' and s.of[3] <> s.of[2]
           and cardinality(summed_units(p_organisation, p_outcome, p_as_of)) = 1
        offset 0  -- each part is reckoned once
    )
    select sum(p.progress * p.weight) / nullif(sum(p.weight) filter (where p.progress is not null), 0) from part p
$$;

-- outcome_parts: what the progress of an outcome is made of: each measure and each outcome that serves it, with its own progress and
-- weight, its share of the whole, the position that told it, or why it was left out; it hides nothing itself (hidden_count is 0)
create function outcome_parts(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns table (
    id uuid, measure_id uuid, outcome_id uuid, value numeric, progress numeric, weight numeric, share float8,
    at_position bigint, left_out text, hidden_count int)
language sql stable parallel safe rows 5
as $$
    with this (policy, units) as materialized (
        select outcome_policy(p_organisation, p_outcome, p_as_of),
               cardinality(summed_units(p_organisation, p_outcome, p_as_of))
    ),
    part as materialized (
        select m.id, m.id as measure_id, null::uuid as outcome_id, s.current as value, s.progress, s.weight,
               greatest(m.since, (select max(b.at_position)
                                    from measure_parts(p_organisation, m.id, p_as_of, p_on) b)) as at_position,
               case when m.is_retired then 'RETIRED'
                    when this.policy not in ('MEASURES', 'BOTH') then 'POLICY'
                    when s.progress is null then 'UNCLEAR'
                    when s.weight = 0 then 'WEIGHT_ZERO' end as left_out
          from this
          join measure m on m.organisation_id = p_organisation and m.outcome_id = p_outcome
                        and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
         cross join lateral measure_told(p_organisation, m.id, p_as_of, p_on) s
        union all
        select a.id, null, a.outcome_id, v.of[1], r.progress, a.weight, greatest(a.since, c.since),
               case when not counts(c.state) then c.state
                    when this.policy not in ('CHILDREN', 'BOTH', 'SUM') then 'POLICY'
                    when a.weight = 0 then 'WEIGHT_ZERO'
                    when this.policy = 'SUM' and this.units > 1 then 'UNITS_MIXED'
                    when this.policy = 'SUM' and v.of[1] is null then 'UNCLEAR'
                    when this.policy <> 'SUM' and r.progress is null then 'UNCLEAR' end
          from this
          join alignment a on a.organisation_id = p_organisation and a.higher_id = p_outcome
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
          join outcome c on c.organisation_id = p_organisation and c.id = a.outcome_id
                        and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
         cross join lateral (select rolled_up(p_organisation, a.outcome_id, p_as_of, p_on) offset 0) r (progress)
         cross join lateral (
               select case when this.policy = 'SUM' then summed(p_organisation, a.outcome_id, p_as_of, p_on) end
               offset 0) v (of)
    )
    select p.id, p.measure_id, p.outcome_id, p.value, p.progress, p.weight,
           case when p.left_out is null and this.policy <> 'SUM'
                then (p.weight / nullif(sum(p.weight) filter (where p.left_out is null) over (), 0))::float8 end,
           p.at_position, p.left_out, 0
      from part p, this
$$;

-- outcome_elapsed: the share of the outcome's time that has run on a day; null where it has no dates
create function outcome_elapsed(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    select expected_share(coalesce(o.starts_on, y.starts_on), coalesce(o.due_on, y.ends_on), p_on, null, null, '[]')
      from outcome o
      left join cycle y on y.organisation_id = p_organisation and y.id = o.cycle_id
                       and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
     where o.organisation_id = p_organisation and o.id = p_outcome
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
$$;

-- outcome_standing: progress, expected progress and their difference, and the status that they
-- suggest by the thresholds of the organisation. What is expected follows
-- the measures that count, each by its own dates and checkpoints; where none counts, the outcome's own dates.
create function outcome_standing(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns table (progress numeric, expected numeric, pace numeric, suggested_status text)
language sql stable parallel safe rows 1
as $$
    select p.progress, e.expected, p.progress - e.expected,
           case when p.progress is null or e.expected is null then null
                when e.elapsed < g.too_early_share then 'TOO_EARLY'
                when p.progress - e.expected >= g.on_track_from then 'ON_TRACK'
                when p.progress - e.expected >= g.at_risk_from then 'AT_RISK'
                else 'OFF_TRACK' end
      from (select rolled_up(p_organisation, p_outcome, p_as_of, p_on) offset 0) p (progress)
      join organisation g on g.organisation_id = p_organisation
                         and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
     cross join lateral (
           select w.elapsed, coalesce((
                  select sum(s.expected * s.weight) / nullif(sum(s.weight), 0)
                    from (select m.id
                            from outcome o
                            join measure m on m.organisation_id = p_organisation and m.outcome_id = o.id
                                          and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
                           where o.organisation_id = p_organisation and o.id = p_outcome
                             and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
                             and coalesce(o.roll_up, g.default_roll_up, 'MEASURES') <> 'CHILDREN' and not m.is_retired
                          offset 0) m
                   cross join lateral measure_standing(p_organisation, m.id, p_as_of, p_on) s
                   where s.progress is not null and s.expected is not null), w.elapsed)
             from (select outcome_elapsed(p_organisation, p_outcome, p_as_of, p_on) offset 0) w (elapsed)
           offset 0) e (elapsed, expected)
$$;

create function outcome_progress(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$ select rolled_up(p_organisation, p_outcome, p_as_of, p_on)::float8 $$;

create function outcome_suggested_status(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns text
language sql stable parallel safe
as $$ select s.suggested_status from outcome_standing(p_organisation, p_outcome, p_as_of, p_on) s $$;

-- outcome_forecast: where the outcome lands by its due day: the weighted mean of the forecasts of the measures that count; nothing
-- where one of them has none, or its progress is not told by measures
create function outcome_forecast(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns table (progress float8, lowest_progress float8, highest_progress float8)
language sql stable parallel safe rows 1
as $$
    select sum(f.progress * s.weight) / sum(s.weight)::float8, sum(f.lowest_progress * s.weight) / sum(s.weight)::float8,
           sum(f.highest_progress * s.weight) / sum(s.weight)::float8
      from (select m.id
              from measure m
             where m.organisation_id = p_organisation and m.outcome_id = p_outcome and not m.is_retired
               and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
               and outcome_policy(p_organisation, p_outcome, p_as_of) = 'MEASURES'
            offset 0) m
     cross join lateral measure_told(p_organisation, m.id, p_as_of, p_on) s
      left join lateral measure_forecast(p_organisation, m.id, p_as_of, p_on) f on true
     where s.progress is not null and s.weight > 0
    having count(*) > 0 and count(*) = count(f.progress)
$$;

-- days_to: each of so many days up to one, 366 at most; derived numbers of a trend are those of each day
create function days_to(p_on date, p_days int)
returns table (day date)
language sql immutable parallel safe rows 30
as $$
    select p_on - d.back from generate_series(least(greatest(p_days, 1), 366) - 1, 0, -1) d (back)
$$;

-- team_progress, cycle_progress: the plain mean of the progress of its outcomes, those without one left out
create function team_progress(p_organisation uuid, p_team uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$
    select avg(rolled_up(p_organisation, o.id, p_as_of, p_on))::float8
      from outcome o
     where o.organisation_id = p_organisation and o.team_id = p_team and o.state = 'ACTIVE'
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
$$;

create function cycle_progress(p_organisation uuid, p_cycle uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$
    select avg(rolled_up(p_organisation, o.id, p_as_of, p_on))::float8
      from outcome o
     where o.organisation_id = p_organisation and o.cycle_id = p_cycle and o.state <> 'DRAFT' and counts(o.state)
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
$$;

-- is_watermelon: green outside, red inside: at two check-ins running the stated status was better than the suggested one of the day,
-- by a step or more
create function is_watermelon(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns boolean
language sql stable parallel safe
as $$
    select count(*) = 2 and bool_and(coalesce(
               array_position(array['OFF_TRACK', 'AT_RISK', 'ON_TRACK'], l.status)
               > array_position(array['OFF_TRACK', 'AT_RISK', 'ON_TRACK'],
                                outcome_suggested_status(p_organisation, p_outcome, p_as_of, l.dated)), false))
      from (select c.status, c.dated
              from check_in c
             where c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.dated <= p_on
               and c.status is not null
               and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
             order by c.dated desc, c.made_at desc, c.id desc
             limit 2) l
$$;
