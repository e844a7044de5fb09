-- tables

create table measure (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    title text collate "C" not null,
    unit text,
    direction text not null check (direction in
        ('INCREASE', 'DECREASE', 'KEEP_ABOVE', 'KEEP_BELOW', 'KEEP_WITHIN', 'YES_NO', 'CHECKLIST', 'ORDINAL')),
    starts_on date,
    checkpoints json not null,
    steps json not null,
    is_leading boolean not null,
    accumulates boolean not null,
    primary key (organisation_id, id, since)
);
create index measure_by_outcome on measure (organisation_id, outcome_id, title, id) where until is null;
create index measure_by_outcome_as_of on measure (organisation_id, outcome_id, title, id);

-- the terms of a measure from a day on; the terms in force on a day are those with the latest effective day by then
create table measure_terms (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    measure_id uuid not null,
    effective_on date not null,
    baseline numeric,
    target numeric,
    lower numeric,
    upper numeric,
    weight numeric not null,
    due_on date,
    reason text,
    primary key (organisation_id, id, since)
);
create index measure_terms_by_measure on measure_terms (organisation_id, measure_id, effective_on, since);

create table reading (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    measure_id uuid not null,
    outcome_id uuid not null,
    value numeric not null check (value not in ('NaN', 'Infinity', '-Infinity')),
    taken_on date not null,
    taken_at bigint not null,
    note text,
    evidence text,
    origin text not null check (origin in ('PERSON', 'SOURCE', 'IMPORT')),
    corrections int not null,
    primary key (organisation_id, id, since)
);
create index reading_by_measure on reading (organisation_id, measure_id, taken_on, taken_at, id) where until is null;
create index reading_by_measure_as_of on reading (organisation_id, measure_id, taken_on, taken_at, id);

-- functions

-- terms_on: what was agreed of a measure, in force on a day, as the ledger knew it at a position
create function terms_on(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns table (baseline numeric, target numeric, lower numeric, upper numeric, weight numeric, due_on date)
language sql stable parallel safe rows 1
as $$
    select t.baseline, t.target, t.lower, t.upper, t.weight, t.due_on
      from measure_terms t
     where t.organisation_id = p_organisation and t.measure_id = p_measure and t.effective_on <= p_on
       and t.since <= p_as_of and (t.until is null or t.until > p_as_of)
     order by t.effective_on desc, t.since desc
     limit 1
$$;

-- attained: attainment by direction, unclamped. Increase, decrease: (current - baseline) / (target - baseline). Bands: 1 inside,
-- 0 outside. Yes/no and ordinal: the value itself. Null where the terms do not suffice.
create function attained(
    p_direction text, p_baseline numeric, p_target numeric, p_lower numeric, p_upper numeric, p_current numeric)
returns numeric
language sql immutable parallel safe
as $$
    select case p_direction
           when 'INCREASE' then (p_current - p_baseline) / nullif(p_target - p_baseline, 0)
           when 'DECREASE' then (p_current - p_baseline) / nullif(p_target - p_baseline, 0)
           when 'KEEP_ABOVE' then (p_current >= coalesce(p_lower, p_target))::int::numeric
           when 'KEEP_BELOW' then (p_current <= coalesce(p_upper, p_target))::int::numeric
           when 'KEEP_WITHIN' then (p_current >= p_lower and p_current <= p_upper)::int::numeric
           else p_current end
$$;

-- expected_share: how much of the way should be behind on a day: linear from start to due, or through the checkpoints, whose
-- values are read between baseline and target
create function expected_share(
    p_starts date, p_due date, p_on date, p_baseline numeric, p_target numeric, p_checkpoints json)
returns numeric
language sql immutable parallel safe
as $$
    select case
           when p_starts is null or p_due is null or p_due <= p_starts then null
           when p_on <= p_starts then 0
           when p_on >= p_due then 1
           when json_array_length(p_checkpoints) = 0 or p_baseline is null or p_target is null or p_target = p_baseline
           then (p_on - p_starts)::numeric / (p_due - p_starts)
           else (
               with point (at, share) as (
                   select p_starts, 0::numeric
                   union all
                   select (c ->> 'on')::date, ((c ->> 'value')::numeric - p_baseline) / (p_target - p_baseline)
                     from json_array_elements(p_checkpoints) c
                    where (c ->> 'on')::date > p_starts and (c ->> 'on')::date < p_due
                   union all
                   select p_due, 1::numeric
               )
               select f.share + (l.share - f.share) * (p_on - f.at) / (l.at - f.at)
                 from (select at, share from point where at <= p_on order by at desc limit 1) f
                cross join (select at, share from point where at > p_on order by at limit 1) l)
           end
$$;

-- measure_standing: where a measure stood on the day p_on, as the ledger knew it at p_as_of. No reading yet: the baseline counts
-- as current. A measure that accumulates adds its readings up. A checklist counts the reached milestones of its outcome.
create function measure_standing(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns table (
    current numeric, has_reading boolean, attainment numeric, progress numeric, expected numeric, weight numeric,
    baseline numeric, target numeric, lower numeric, upper numeric, due_on date)
language sql stable parallel safe rows 1
as $$
    select c.value, c.has_reading, a.attainment,
           case when a.attainment is not null then least(greatest(a.attainment, 0), 1) end,  -- they swallow nulls
           case when m.direction like 'KEEP%' then 1
                else expected_share(
                    coalesce(m.starts_on, o.starts_on, y.starts_on), coalesce(t.due_on, o.due_on, y.ends_on), p_on,
                    t.baseline, t.target, m.checkpoints) end,
           t.weight, t.baseline, t.target, t.lower, t.upper, coalesce(t.due_on, o.due_on, y.ends_on)
      from measure m
      left join outcome o on o.organisation_id = p_organisation and o.id = m.outcome_id
                         and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
      left join cycle y on y.organisation_id = p_organisation and y.id = o.cycle_id
                       and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
      left join lateral terms_on(p_organisation, m.id, p_as_of, p_on) t on true
     cross join lateral (
           select case
                  when m.direction = 'CHECKLIST' then (
                      select count(*) filter (where s.reached_on <= p_on)::numeric / nullif(count(*), 0)
                        from milestone s
                       where s.organisation_id = p_organisation and s.outcome_id = m.outcome_id
                         and s.since <= p_as_of and (s.until is null or s.until > p_as_of))
                  when m.accumulates then (
                      select coalesce(t.baseline, 0) + sum(r.value)
                        from reading r
                       where r.organisation_id = p_organisation and r.measure_id = m.id and r.taken_on <= p_on
                         and r.since <= p_as_of and (r.until is null or r.until > p_as_of))
                  else (
                      select r.value
                        from reading r
                       where r.organisation_id = p_organisation and r.measure_id = m.id and r.taken_on <= p_on
                         and r.since <= p_as_of and (r.until is null or r.until > p_as_of)
                       order by r.taken_on desc, r.taken_at desc, r.id desc
                       limit 1)
                  end) r (value)
     cross join lateral (
           select coalesce(r.value, t.baseline, case when m.direction in ('YES_NO', 'ORDINAL') then 0 end),
                  r.value is not null and m.direction <> 'CHECKLIST') c (value, has_reading)
     cross join lateral (
           select attained(m.direction, t.baseline, t.target, t.lower, t.upper, c.value)) a (attainment)
     where m.organisation_id = p_organisation and m.id = p_measure
       and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
$$;

-- reading_attainment: the attainment, unclamped, that a value told by the baseline and target in force on its day
create function reading_attainment(
    p_organisation uuid, p_measure uuid, p_value numeric, p_taken_on date, p_as_of bigint)
returns float8
language sql stable parallel safe
as $$
    select attained(m.direction, t.baseline, t.target, t.lower, t.upper, p_value)::float8
      from measure m
      left join lateral terms_on(p_organisation, p_measure, p_as_of, p_taken_on) t on true
     where m.organisation_id = p_organisation and m.id = p_measure
       and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
$$;

-- rolled_up: progress of an outcome, 0…1: the weighted mean over its measures (MEASURES, the default where it has any), over the
-- outcomes aligned to it (CHILDREN, the default where it has none), or over both (BOTH). Nulls and abandoned outcomes are left out
-- of numerator and denominator; all left out, or all weights 0: null. R3 keeps the walk down finite.
create function rolled_up(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    with this as (
        select coalesce(o.roll_up, case when exists (
                   select from measure m
                    where m.organisation_id = p_organisation and m.outcome_id = o.id
                      and m.since <= p_as_of and (m.until is null or m.until > p_as_of))
               then 'MEASURES' else 'CHILDREN' end) as policy
          from outcome o
         where o.organisation_id = p_organisation and o.id = p_outcome
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
    ),
    part (progress, weight) as (
        select s.progress, s.weight
          from this
          join measure m on this.policy in ('MEASURES', 'BOTH')
                        and m.organisation_id = p_organisation and m.outcome_id = p_outcome
                        and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
         cross join lateral measure_standing(p_organisation, m.id, p_as_of, p_on) s
        union all
        select rolled_up(p_organisation, a.outcome_id, p_as_of, p_on), a.weight
          from this
          join alignment a on this.policy in ('CHILDREN', 'BOTH')
                          and a.organisation_id = p_organisation and a.higher_id = p_outcome
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
          join outcome c on c.organisation_id = p_organisation and c.id = a.outcome_id and c.state <> 'ABANDONED'
                        and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
         where a.weight > 0
    )
    select sum(progress * weight) / nullif(sum(weight), 0) from part where progress is not null
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

-- `offset 0` below keeps a sub-select from being written into each place that reads it, to be reckoned as often.

-- outcome_standing: progress, expected progress and their difference, and the status that they suggest. What is expected follows
-- the measures that count, each by its own dates and checkpoints; where none counts, the outcome's own dates.
create function outcome_standing(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns table (progress numeric, expected numeric, pace numeric, suggested_status text)
language sql stable parallel safe rows 1
as $$
    select p.progress, e.expected, p.progress - e.expected,
           case when p.progress is null or e.expected is null then null
                when e.elapsed < 0.10 then 'TOO_EARLY'
                when p.progress - e.expected >= -0.10 then 'ON_TRACK'
                when p.progress - e.expected >= -0.25 then 'AT_RISK'
                else 'OFF_TRACK' end
      from (select rolled_up(p_organisation, p_outcome, p_as_of, p_on) offset 0) p (progress)
     cross join lateral (
           select w.elapsed, coalesce((
                  select sum(s.expected * s.weight) / nullif(sum(s.weight), 0)
                    from outcome o
                    join measure m on m.organisation_id = p_organisation and m.outcome_id = o.id
                                  and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
                   cross join lateral measure_standing(p_organisation, m.id, p_as_of, p_on) s
                   where o.organisation_id = p_organisation and o.id = p_outcome
                     and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
                     and coalesce(o.roll_up, 'MEASURES') <> 'CHILDREN'
                     and s.progress is not null and s.expected is not null), w.elapsed)
             from (select outcome_elapsed(p_organisation, p_outcome, p_as_of, p_on) offset 0) w (elapsed)
           offset 0) e (elapsed, expected)
$$;

create function outcome_progress(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$ select rolled_up(p_organisation, p_outcome, p_as_of, p_on)::float8 $$;

create function outcome_pace(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$ select s.pace::float8 from outcome_standing(p_organisation, p_outcome, p_as_of, p_on) s $$;

create function outcome_expected(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$ select s.expected::float8 from outcome_standing(p_organisation, p_outcome, p_as_of, p_on) s $$;

create function outcome_suggested_status(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns text
language sql stable parallel safe
as $$ select s.suggested_status from outcome_standing(p_organisation, p_outcome, p_as_of, p_on) s $$;

-- outcome_stated_status: what the last check-in that states a status said, dated by p_on
create function outcome_stated_status(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns text
language sql stable parallel safe
as $$
    select c.status
      from check_in c
     where c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.dated <= p_on and c.status is not null
       and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
     order by c.dated desc, c.made_at desc, c.id desc
     limit 1
$$;

-- outcome_status: the one that is shown (R13): closed, else outdated past cadence and grace, else stated, else pending
create function outcome_status(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns text
language sql stable parallel safe
as $$
    select case
           when o.state = 'ABANDONED' then 'CLOSED'
           when l.dated is null then 'PENDING'
           when p_on - l.dated > g.cadence_days + g.grace_days then 'OUTDATED'
           else coalesce(outcome_stated_status(p_organisation, p_outcome, p_as_of, p_on), 'PENDING') end
      from outcome o
      join organisation g on g.organisation_id = p_organisation
                         and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
      left join lateral (
           select max(c.dated)
             from check_in c
            where c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.dated <= p_on
              and c.since <= p_as_of and (c.until is null or c.until > p_as_of)) l (dated) on true
     where o.organisation_id = p_organisation and o.id = p_outcome
       and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
$$;

create function measure_current(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$ select s.current from measure_standing(p_organisation, p_measure, p_as_of, p_on) s $$;

create function measure_has_reading(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns boolean
language sql stable parallel safe
as $$ select s.has_reading from measure_standing(p_organisation, p_measure, p_as_of, p_on) s $$;

create function measure_attainment(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$ select s.attainment::float8 from measure_standing(p_organisation, p_measure, p_as_of, p_on) s $$;

create function measure_progress(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$ select s.progress::float8 from measure_standing(p_organisation, p_measure, p_as_of, p_on) s $$;

create function measure_baseline(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$ select t.baseline from terms_on(p_organisation, p_measure, p_as_of, p_on) t $$;

create function measure_target(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$ select t.target from terms_on(p_organisation, p_measure, p_as_of, p_on) t $$;

create function measure_weight(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$ select t.weight from terms_on(p_organisation, p_measure, p_as_of, p_on) t $$;

-- outcome_trend: progress on each of the p_days days up to p_on
create function outcome_trend(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date, p_days int)
returns table (day date, progress float8)
language sql stable parallel safe rows 30
as $$
    select d::date, outcome_progress(p_organisation, p_outcome, p_as_of, d::date)
      from generate_series((p_on - p_days + 1)::timestamp, p_on::timestamp, interval '1 day') d
$$;
