-- A thing as it stood at a position, and at two.

-- row_told: a thing as it stood at a position, by the columns of its row; a measure with the terms told last. Null where it did not stand.
create function row_told(p_organisation uuid, p_thing uuid, p_as_of bigint)
returns jsonb
language sql stable parallel safe
as $$
    select r.told - '{organisation_id,id,since,until,lookup,digest,made_at,taken_at,recorded_at,series_id,measure_id}'::text[]
      from (select coalesce(
            (select to_jsonb(x) from person x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from team x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from outcome x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from task x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from milestone x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from cycle x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from objective x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from indicator x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from boundary x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from decision x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from declined_work x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from check_in x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from reading x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from comment x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from tag x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from api_key x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from organisation x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) from strategy x where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of)),
            (select to_jsonb(x) || coalesce(t.told, '{}')
               from measure x
               left join lateral (
                    select to_jsonb(y) as told
                      from measure_terms y
                     where y.organisation_id = p_organisation and y.measure_id = x.id
                       and y.since <= p_as_of and (y.until is null or y.until > p_as_of)
                     order by y.since desc, y.effective_on desc
                     limit 1) t on true
              where x.organisation_id = p_organisation and x.id = p_thing
                and x.since <= p_as_of and (x.until is null or x.until > p_as_of))) as told) r
$$;

-- compared: a thing at two positions, field by field, and whether they differ
create function compared(p_organisation uuid, p_thing uuid, p_from bigint, p_to bigint)
returns table (field text, before json, after json, changed boolean)
language sql stable parallel safe rows 15
as $$
    select lower(left(c.name, 1)) || substr(c.name, 2), b.value::json, a.value::json,
           nullif(b.value, 'null') is distinct from nullif(a.value, 'null')
      from jsonb_each(row_told(p_organisation, p_thing, p_from)) b
      full join jsonb_each(row_told(p_organisation, p_thing, p_to)) a using (key)
     cross join lateral (select replace(initcap(replace(key, '_', ' ')), ' ', '')) c (name)
$$;
