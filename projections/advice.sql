-- What a practised eye would ask about an outcome: findings by rule, always the same for the same facts; told, and never refused.

-- advice: the findings that hold of an outcome on a day. Retired measures are left out; a check-in is early in the first tenth of the
-- outcome's time.
create function advice(p_organisation uuid, p_outcome uuid, p_as_of bigint, p_on date)
returns table (code text, sentence text)
language sql stable parallel safe rows 3
as $$
    with this as materialized (
        select o.*, coalesce(o.starts_on, y.starts_on) as begins_on, coalesce(o.due_on, y.ends_on) as lands_on
          from outcome o
          left join cycle y on y.organisation_id = p_organisation and y.id = o.cycle_id
                           and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
         where o.organisation_id = p_organisation and o.id = p_outcome
           and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
    ),
    own as materialized (
        select m.title, m.direction, m.is_leading, m.indicator_id, t.baseline, t.target, t.lower, t.upper
          from measure m
         cross join lateral terms_on(p_organisation, m.id, p_as_of, p_on) t
         where m.organisation_id = p_organisation and m.outcome_id = p_outcome and not m.is_retired
           and m.since <= p_as_of and (m.until is null or m.until > p_as_of)
    ),
    found (code, sentence, holds) as (
        select 'NO_OWNER', 'Name somebody who owns it, or the team that does.', t.owner_id is null and t.team_id is null from this t
        union all
        select 'NO_REVIEWER', 'Name somebody who reviews it and is not its owner.', t.reviewer_id is null from this t
        union all
        select 'SERVES_NOTHING', 'Say which higher outcome or strategic objective it serves.', not exists (
               select from alignment a
                where a.organisation_id = p_organisation and a.outcome_id = p_outcome
                  and a.since <= p_as_of and (a.until is null or a.until > p_as_of))
        union all
        select 'NO_MEASURE', 'Say how its success is told: it has no measure.', not exists (select from own)
        union all
        select 'NO_BASELINE', 'Give every measure that rises or falls a baseline.', exists (
               select from own w where w.direction in ('INCREASE', 'DECREASE') and w.baseline is null)
        union all
        select 'NO_TARGET', 'Give every measure a target or a band.', exists (
               select from own w
                where w.direction not in ('YES_NO', 'CHECKLIST', 'ORDINAL')
                  and w.target is null and w.lower is null and w.upper is null)
        union all
        select 'ONLY_LAGGING', 'Add a leading measure: all of these tell only afterwards.', exists (select from own)
               and not exists (select from own w where w.is_leading)
        union all
        select 'TOO_MANY_MEASURES', 'Choose five measures or fewer.', (select count(*) from own) > 5
        union all
        select 'TWO_ON_ONE_INDICATOR', 'Let one measure read an indicator, not two.', exists (
               select from own w where w.indicator_id is not null group by w.indicator_id having count(*) > 1)
        union all
        select 'OUTPUT_VERB_FIRST', 'Say what will be different, not what will be made.', exists (
               select from (select t.title from this t union all select w.title from own w) n
                where lower(split_part(btrim(n.title), ' ', 1)) in
                      ('build', 'launch', 'ship', 'deliver', 'implement', 'create', 'write', 'release', 'publish', 'install'))
        union all
        select 'OVERCONFIDENT', 'Ask what could go wrong: confidence is above 0.9 so early.', (
               select avg(c.confidence) > 0.9
                 from this t
                 join check_in c on c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.dated <= p_on
                                and c.confidence is not null
                                and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
                where c.dated <= t.begins_on + (t.lands_on - t.begins_on) / 10)
    )
    select f.code, f.sentence from found f cross join this where f.holds order by f.code
$$;
