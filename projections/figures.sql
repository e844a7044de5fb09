-- What is made of the readings of measures and indicators: bands, levels, forecasts, parts.

-- figure_value: the value of a measure, or of an indicator, on a day
create function figure_value(p_organisation uuid, p_figure uuid, p_as_of bigint, p_on date)
returns numeric
language sql stable parallel safe
as $$
    select s.current
      from measure_told(p_organisation, p_figure, p_as_of, p_on) s
    union all
    select case when i.accumulates then accumulated(p_organisation, i.id, i.resets, p_as_of, p_on)
           else (
               select r.value
                 from reading r
                where r.organisation_id = p_organisation and r.series_id = i.id and r.taken_on <= p_on
                  and r.since <= p_as_of and (r.until is null or r.until > p_as_of)
                order by r.taken_on desc, r.taken_at desc, r.id desc
                limit 1) end
      from indicator i
     where i.organisation_id = p_organisation and i.id = p_figure
       and i.since <= p_as_of and (i.until is null or i.until > p_as_of)
     limit 1
$$;

-- reading_days: the days up to p_on on which a figure, or whatever it is computed from, was read
create function reading_days(p_organisation uuid, p_figure uuid, p_as_of bigint, p_on date)
returns date[]
language sql stable parallel safe
as $$
    select array_agg(d.day order by d.day)
      from (select r.taken_on
              from reading r
             where r.organisation_id = p_organisation and r.taken_on <= p_on
               and r.series_id = coalesce((
                   select m.series_id from measure m
                    where m.organisation_id = p_organisation and m.id = p_figure
                      and m.since <= p_as_of and (m.until is null or m.until > p_as_of)), p_figure)
               and r.since <= p_as_of and (r.until is null or r.until > p_as_of)
            union
            select unnest(reading_days(p_organisation, i.id, p_as_of, p_on))
              from measure m
             cross join lateral unnest(m.input_ids) i (id)
             where m.organisation_id = p_organisation and m.id = p_figure
               and m.since <= p_as_of and (m.until is null or m.until > p_as_of)) d (day)
$$;

-- band_standing: a figure beside a band on a day: outside or not, since which day without a break, and the share of the days inside
-- of those from p_from on which it had a value by a reading
create function band_standing(
    p_organisation uuid, p_figure uuid, p_lower numeric, p_upper numeric, p_from date, p_as_of bigint, p_on date)
returns table (current numeric, breached boolean, breached_since date, share_inside numeric)
language sql stable parallel safe rows 1
as $$
    with told as (
        select greatest(d.day, p_from) as day, v.value,
               (p_lower is null or v.value >= p_lower) and (p_upper is null or v.value <= p_upper) as inside,
               lead(d.day) over (order by d.day) as next
          from unnest(reading_days(p_organisation, p_figure, p_as_of, p_on)) d (day)
         cross join lateral (
               select figure_value(p_organisation, p_figure, p_as_of, d.day) offset 0) v (value)
    ),
    span as (
        select t.day, t.value, t.inside, least(coalesce(t.next, p_on + 1), p_on + 1) - t.day as days
          from told t
         where coalesce(t.next, p_on + 1) > t.day
    )
    select l.value, not l.inside,
           case when not l.inside then (
               select min(s.day) from span s
                where s.day > coalesce((select max(b.day) from span b where b.inside), '-infinity')) end,
           (select coalesce(sum(s.days) filter (where s.inside), 0) / nullif(sum(s.days), 0)::numeric from span s)
      from (select s.value, s.inside from span s order by s.day desc limit 1) l
$$;

-- level_passed: the highest of commit, target and stretch that a value has come to
create function level_passed(p_direction text, p_commit numeric, p_target numeric, p_stretch numeric, p_current numeric)
returns text
language sql immutable parallel safe
as $$
    select case p_direction
           when 'INCREASE' then case when p_current >= p_stretch then 'STRETCH' when p_current >= p_target then 'TARGET'
                                     when p_current >= p_commit then 'COMMIT' end
           when 'DECREASE' then case when p_current <= p_stretch then 'STRETCH' when p_current <= p_target then 'TARGET'
                                     when p_current <= p_commit then 'COMMIT' end end
$$;

create function measure_level(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns text
language sql stable parallel safe
as $$
    select level_passed(m.direction, t.commit, t.target, t.stretch, s.current)
      from measure m
     cross join lateral measure_told(p_organisation, m.id, p_as_of, p_on) s
     cross join lateral terms_on(p_organisation, m.id, p_as_of, p_on) t
     where m.organisation_id = p_organisation and m.id = p_measure
       and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
$$;

-- last_read: the day of the last reading of a figure, or of whatever it is computed from
create function last_read(p_organisation uuid, p_figure uuid, p_as_of bigint, p_on date)
returns date
language sql stable parallel safe
as $$ select d[cardinality(d)] from reading_days(p_organisation, p_figure, p_as_of, p_on) d $$;

-- measure_starts: the day from which a measure is reckoned: its own, its outcome's, or its cycle's
create function measure_starts(p_organisation uuid, p_measure uuid, p_as_of bigint)
returns date
language sql stable parallel safe
as $$
    select coalesce(m.starts_on, o.starts_on, y.starts_on)
      from measure m
      left join outcome o on o.organisation_id = p_organisation and o.id = m.outcome_id
                         and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
      left join cycle y on y.organisation_id = p_organisation and y.id = o.cycle_id
                       and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
     where m.organisation_id = p_organisation and m.id = p_measure
       and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
$$;

-- measure_forecast: the line of Theil and Sen (the median of the slopes between every two days; Sen 1968) through the values of the
-- days from the measure's start on which it was read, the last 200 of them: the value on the due day, with an interval of 80 %
-- from the residuals (their 10th and 90th percentile). Nothing with less than three days, or days that span less than a tenth
-- of the measure's time.
create function measure_forecast(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns table (
    days int, per_day float8, value float8, lowest float8, highest float8,
    progress float8, lowest_progress float8, highest_progress float8)
language sql stable parallel safe rows 1
as $$
    with of as (
        select m.direction, measure_starts(p_organisation, m.id, p_as_of) as starts_on, s.due_on, s.baseline, s.target
          from measure m
         cross join lateral measure_standing(p_organisation, m.id, p_as_of, p_on) s
         where m.organisation_id = p_organisation and m.id = p_measure and m.direction in ('INCREASE', 'DECREASE')
           and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
    ),
    point as materialized (
        select (d.day - of.starts_on)::float8 as at, figure_value(p_organisation, p_measure, p_as_of, d.day)::float8 as value
          from of
         cross join lateral (
               select u.day
                 from unnest(reading_days(p_organisation, p_measure, p_as_of, p_on)) u (day)
                where u.day >= of.starts_on
                order by u.day desc
                limit 200) d
    ),
    line as materialized (
        select percentile_cont(0.5) within group (order by (b.value - a.value) / (b.at - a.at)) as slope
          from point a
          join point b on b.at > a.at
    ),
    level as materialized (
        select percentile_cont(0.5) within group (order by p.value - l.slope * p.at) as value
          from point p, line l
    ),
    rest as materialized (
        select percentile_cont(array[0.1, 0.9]) within group (order by p.value - v.value - l.slope * p.at) as at,
               count(*)::int as days, max(p.at) - min(p.at) as span
          from point p, line l, level v
    ),
    landing as (
        select r.days, l.slope, r.at, v.value + l.slope * (of.due_on - of.starts_on) as value, of.*
          from of, line l, level v, rest r
         where r.days >= 3 and of.due_on > of.starts_on and r.span >= 0.1 * (of.due_on - of.starts_on)
    )
    select g.days, g.slope, g.value, g.value + g.at[1], g.value + g.at[2], least(greatest(a.one, 0), 1),
           least(least(greatest(a.two, 0), 1), least(greatest(a.three, 0), 1)),
           greatest(least(greatest(a.two, 0), 1), least(greatest(a.three, 0), 1))
      from (select l.days, l.slope, l.at, l.value, l.baseline::float8 as baseline, l.target::float8 as target
              from landing l) g
     cross join lateral (
           select (g.value - g.baseline) / nullif(g.target - g.baseline, 0),
                  (g.value + g.at[1] - g.baseline) / nullif(g.target - g.baseline, 0),
                  (g.value + g.at[2] - g.baseline) / nullif(g.target - g.baseline, 0)) a (one, two, three)
$$;

-- measure_parts: what the value of a measure on a day is made of, each with the position that told it: the reading that counts, all
-- readings of the period of one that accumulates, the inputs of a computed one, the milestones of a checklist; else its baseline
create function measure_parts(p_organisation uuid, p_measure uuid, p_as_of bigint, p_on date)
returns table (kind text, id uuid, value numeric, day date, at_position bigint, hidden_count int)
language sql stable parallel safe rows 2
as $$
    with this as (
        select m.*
          from measure m
         where m.organisation_id = p_organisation and m.id = p_measure
           and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
    ),
    part as (
        select 'READING', r.id, r.value, r.taken_on, r.since
          from this m
         cross join lateral (
               select r.*
                 from reading r
                where r.organisation_id = p_organisation and r.series_id = m.series_id and r.taken_on <= p_on
                  and (m.resets is null or r.taken_on >= period_start(p_organisation, m.resets, p_as_of, p_on))
                  and r.since <= p_as_of and (r.until is null or r.until > p_as_of)
                order by r.taken_on desc, r.taken_at desc, r.id desc
                limit case when m.accumulates then null else 1 end) r
         where m.computation is null and m.direction <> 'CHECKLIST'
        union all
        select 'INPUT', n.id, s.current, last_read(p_organisation, n.id, p_as_of, p_on), n.since
          from this m
         cross join lateral unnest(m.input_ids) i (id)
          join measure n on n.organisation_id = p_organisation and n.id = i.id and not n.is_retired
                        and n.since <= p_as_of and (n.until is null or n.until > p_as_of)
         cross join lateral measure_told(p_organisation, n.id, p_as_of, p_on) s
        union all
        select 'MILESTONE', k.id, (k.reached_on is not null and k.reached_on <= p_on)::int::numeric, k.reached_on, k.since
          from this m
          join milestone k on k.organisation_id = p_organisation and k.outcome_id = m.outcome_id and k.state <> 'WITHDRAWN'
                          and k.initiative_id is null
                          and k.since <= p_as_of and (k.until is null or k.until > p_as_of)
         where m.direction = 'CHECKLIST'
    )
    select p.*, 0 from part p
    union all
    select 'BASELINE', m.id, t.baseline, null, m.since, 0
      from this m
     cross join lateral terms_on(p_organisation, m.id, p_as_of, p_on) t
     where t.baseline is not null and (m.accumulates or not exists (select from part))
$$;
