-- tables

create table measure (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    title text collate "C" not null,
    unit_symbol text,
    unit_currency text,
    unit_precision int,
    direction text not null check (direction in
        ('INCREASE', 'DECREASE', 'KEEP_ABOVE', 'KEEP_BELOW', 'KEEP_WITHIN', 'YES_NO', 'CHECKLIST', 'ORDINAL')),
    starts_on date,
    checkpoints json not null,
    steps json not null,
    is_leading boolean not null,
    accumulates boolean not null,
    resets text check (resets in ('WEEK', 'MONTH', 'QUARTER', 'YEAR')),
    series_id uuid not null,  -- whose readings it has: its own, or its indicator's
    indicator_id uuid,
    computation text check (computation in ('SUM', 'MEAN', 'MINIMUM', 'MAXIMUM', 'RATIO')),
    input_ids uuid[] not null,
    owner_id uuid,
    source text,
    stale_after_days int,
    is_retired boolean not null,
    primary key (organisation_id, id, since)
);
create index measure_by_indicator on measure (organisation_id, indicator_id, title, id) where indicator_id is not null;
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
    commit numeric,
    stretch numeric,
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
    series_id uuid not null,  -- a measure, or an indicator
    outcome_id uuid,
    value numeric not null check (value not in ('NaN', 'Infinity', '-Infinity')),
    taken_on date not null,
    taken_at bigint not null,
    note text,
    evidence text,
    origin text not null check (origin in ('PERSON', 'SOURCE', 'IMPORT')),
    source text,
    external_id text,
    corrections int not null,
    primary key (organisation_id, id, since)
);
create index reading_by_series on reading (organisation_id, series_id, taken_on, taken_at, id) where until is null;
create index reading_by_series_as_of on reading (organisation_id, series_id, taken_on, taken_at, id);

create table indicator (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    description text,
    unit_symbol text,
    unit_currency text,
    unit_precision int,
    lower numeric,
    upper numeric,
    accumulates boolean not null,
    resets text check (resets in ('WEEK', 'MONTH', 'QUARTER', 'YEAR')),
    team_id uuid,
    owner_id uuid,
    source text,
    stale_after_days int,
    is_retired boolean not null,
    primary key (organisation_id, id, since)
);
create index indicator_by_title on indicator (organisation_id, title, id) where until is null;
create index indicator_by_title_as_of on indicator (organisation_id, title, id);

create table boundary (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    outcome_id uuid not null,
    title text collate "C" not null,
    figure_id uuid not null,  -- a measure, or an indicator
    lower numeric,
    upper numeric,
    reason text,
    primary key (organisation_id, id, since)
);
create index boundary_by_outcome on boundary (organisation_id, outcome_id, title, id);

create table breach (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    boundary_id uuid not null,
    outcome_id uuid not null,
    breached_on date not null,
    primary key (organisation_id, id, since)
);
create index breach_by_boundary on breach (organisation_id, boundary_id, breached_on, id);

-- functions

-- terms_on: what was agreed of a measure, in force on a day, as the ledger knew it at a position
create function terms_on(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns table (
    baseline numeric, target numeric, lower numeric, upper numeric, weight numeric, due_on date, commit numeric, stretch numeric)
language sql stable parallel safe rows 1
as $$
    select t.baseline, t.target, t.lower, t.upper, t.weight, t.due_on, t.commit, t.stretch
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

-- period_start: the first day of the week, month, quarter or year that a day lies in, by the organisation's calendar
create function period_start(p_organisation uuid, p_period text, p_as_of bigint, p_on date)
returns date
language sql stable parallel safe
as $$
    select case p_period
           when 'WEEK' then p_on - (extract(isodow from p_on)::int - g.first_day_of_week + 7) % 7
           when 'MONTH' then date_trunc('month', p_on::timestamp)::date
           when 'QUARTER' then (date_trunc('month', p_on::timestamp)
               - make_interval(months => (extract(month from p_on)::int - g.fiscal_year_starts_month + 12) % 3))::date
           when 'YEAR' then (date_trunc('month', p_on::timestamp)
               - make_interval(months => (extract(month from p_on)::int - g.fiscal_year_starts_month + 12) % 12))::date
           else '-infinity'::date end
      from organisation g
     where g.organisation_id = p_organisation and g.since <= p_as_of and (g.until is null or g.until > p_as_of)
$$;

-- accumulated: the sum of a series up to a day, from the beginning of the day's period where it starts anew each period; null where
-- nothing was read
create function accumulated(p_organisation uuid, p_series uuid, p_resets text, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    select sum(r.value)
      from reading r
     where r.organisation_id = p_organisation and r.series_id = p_series and r.taken_on <= p_on
       and (p_resets is null or r.taken_on >= (select period_start(p_organisation, p_resets, p_as_of, p_on)))
       and r.since <= p_as_of and (r.until is null or r.until > p_as_of)
$$;

-- computed_value: what a measure makes of the values of its inputs: sum, mean, minimum, maximum, or the first by the second. Inputs
-- without a value, and retired ones, are left out; null while none has a reading. Made twice, for it and measure_told call
-- each other; R3 keeps the walk finite.
create function computed_value(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$ select null::numeric $$;

-- `offset 0` keeps a sub-select from being written into each place that reads it, to be reckoned as often; and it keeps the order of
-- joins as written, for a plan made while a table is small must still do when it has grown.

-- measure_told: what a measure had come to on the day p_on, as the ledger knew it at p_as_of. No reading yet: the baseline counts
-- as current. A measure that accumulates adds its readings up. A checklist tells the share of its outcome's milestones that were reached.
create function measure_told(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns table (
    current numeric, has_reading boolean, attainment numeric, progress numeric, weight numeric,
    baseline numeric, target numeric, lower numeric, upper numeric, due_on date)
language sql stable parallel safe rows 1
as $$
    select v.current, v.has_reading, v.attainment,
           case when v.attainment is not null then least(greatest(v.attainment, 0), 1) end,  -- they swallow nulls
           v.weight, v.baseline, v.target, v.lower, v.upper, v.due_on
      from (select c.value as current, c.has_reading, t.weight, t.baseline, t.target, t.lower, t.upper, t.due_on,
                   attained(m.direction, t.baseline, t.target, t.lower, t.upper, c.value) as attainment
              from measure m
              left join lateral terms_on(p_organisation, m.id, p_as_of, p_on) t on true
             cross join lateral (
                   select case
                          when m.direction = 'CHECKLIST'
                          then milestones_reached(p_organisation, m.outcome_id, p_as_of, p_on)
                          when m.computation is not null then computed_value(p_organisation, m.id, p_as_of, p_on)
                          when m.accumulates then
                              coalesce(t.baseline, 0)
                              + accumulated(p_organisation, m.series_id, m.resets, p_as_of, p_on)
                          else (
                              select r.value
                                from reading r
                               where r.organisation_id = p_organisation and r.series_id = m.series_id
                                 and r.taken_on <= p_on
                                 and r.since <= p_as_of and (r.until is null or r.until > p_as_of)
                               order by r.taken_on desc, r.taken_at desc, r.id desc
                               limit 1)
                          end
                   offset 0) r (value)
             cross join lateral (
                   select coalesce(r.value, t.baseline, case when m.direction in ('YES_NO', 'ORDINAL') then 0 end),
                          r.value is not null and m.direction <> 'CHECKLIST') c (value, has_reading)
             where m.organisation_id = p_organisation and m.id = p_measure
               and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
            offset 0) v
$$;

-- measure_standing: what a measure had come to, and what was expected of it by then
create function measure_standing(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns table (
    current numeric, has_reading boolean, attainment numeric, progress numeric, expected numeric, weight numeric,
    baseline numeric, target numeric, lower numeric, upper numeric, due_on date)
language sql stable parallel safe rows 1
as $$
    select s.current, s.has_reading, s.attainment, s.progress,
           case when m.direction like 'KEEP%' then 1
                else expected_share(
                    m.starts_on, coalesce(s.due_on, m.due_on), p_on, s.baseline, s.target, m.checkpoints) end,
           s.weight, s.baseline, s.target, s.lower, s.upper, coalesce(s.due_on, m.due_on)
      from (select m.id, m.direction, m.checkpoints, coalesce(m.starts_on, o.starts_on, y.starts_on) as starts_on,
                   coalesce(o.due_on, y.ends_on) as due_on
              from measure m
              left join outcome o on o.organisation_id = p_organisation and o.id = m.outcome_id
                                 and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
              left join cycle y on y.organisation_id = p_organisation and y.id = o.cycle_id
                               and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
             where m.organisation_id = p_organisation and m.id = p_measure
               and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
            offset 0) m
     cross join lateral measure_told(p_organisation, m.id, p_as_of, p_on) s
$$;

create or replace function computed_value(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    select case when not bool_or(s.has_reading) then null
           else case i.computation
                when 'SUM' then sum(s.current)
                when 'MEAN' then avg(s.current)
                when 'MINIMUM' then min(s.current)
                when 'MAXIMUM' then max(s.current)
                else sum(s.current) filter (where i.nth = 1) / nullif(sum(s.current) filter (where i.nth = 2), 0) end end
      from (select m.computation, i.nth, n.id
              from measure m
             cross join lateral unnest(m.input_ids) with ordinality i (id, nth)
              join measure n on n.organisation_id = p_organisation and n.id = i.id and not n.is_retired
                            and n.since <= p_as_of and (n.until is null or n.until > p_as_of)
             where m.organisation_id = p_organisation and m.id = p_measure
               and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
            offset 0) i
     cross join lateral measure_told(p_organisation, i.id, p_as_of, p_on) s
     group by i.computation
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

create function measure_attainment(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns float8
language sql stable parallel safe
as $$ select s.attainment::float8 from measure_told(p_organisation, p_measure, p_as_of, p_on) s $$;

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

