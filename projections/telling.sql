-- History told: which event corrects which, which command recorded it, and its sentence in the reader's language. What is worded lies
-- in edge.wording, from one file a language.

-- corrected_types: the types of event that one of a type puts right; the last of them of the same entity is the one that it corrects
create function corrected_types(p_type text)
returns text[]
language sql immutable parallel safe
as $$
    select case p_type
        when 'reading.corrected' then array['reading.taken', 'reading.corrected']
        when 'reading.voided' then array['reading.taken', 'reading.corrected']
        when 'check-in.revised' then array['outcome.checked-in', 'check-in.revised']
        when 'check-in.retracted' then array['outcome.checked-in', 'check-in.revised']
        when 'comment.retracted' then array['comment.made']
        when 'decision.reversed' then array['decision.recorded']
        when 'outcome.graded' then array['outcome.graded']
        else '{}' end
$$;

-- parts_of: a thing and what belongs to it, now or ever: of an outcome its measures, boundaries, check-ins, milestones, celebrations,
-- initiatives and tasks, of an initiative its milestones and tasks, of a measure or an indicator its readings; and the comments on any
-- of them
create function parts_of(p_organisation uuid, p_whole uuid)
returns table (id uuid)
language sql stable parallel safe rows 50
as $$
    with own (id) as materialized (
        select p_whole
        union
        select x.id from measure x where x.organisation_id = p_organisation and x.outcome_id = p_whole
        union
        select x.id from boundary x where x.organisation_id = p_organisation and x.outcome_id = p_whole
        union
        select x.id from check_in x where x.organisation_id = p_organisation and x.outcome_id = p_whole
        union
        select x.id from milestone x where x.organisation_id = p_organisation and x.outcome_id = p_whole
        union
        select x.id from milestone x where x.organisation_id = p_organisation and x.initiative_id = p_whole
        union
        select x.id from celebration x where x.organisation_id = p_organisation and x.outcome_id = p_whole
        union
        select x.id from initiative x where x.organisation_id = p_organisation and x.outcome_id = p_whole
        union
        select x.id from task x where x.organisation_id = p_organisation and x.outcome_id = p_whole
        union
        select x.id from task x where x.organisation_id = p_organisation and x.initiative_id = p_whole
    ),
    part (id) as materialized (
        select o.id from own o
        union
        select x.id from own o join reading x on x.organisation_id = p_organisation and x.series_id = o.id
    )
    select p.id from part p
    union
    select x.id from part p join comment x on x.organisation_id = p_organisation and x.about_id = p.id
$$;

-- hidden_with: an outcome and what is seen by those alone who see it: all that belongs to it but its tasks, which are promises between
-- people, and what was said of any of it
create function hidden_with(p_organisation uuid, p_outcome uuid)
returns table (id uuid)
language sql stable parallel safe rows 30
as $$
    with own (id) as materialized (
        select p_outcome
        union all
        select x.id from measure x where x.organisation_id = p_organisation and x.outcome_id = p_outcome
        union all
        select x.id from boundary x where x.organisation_id = p_organisation and x.outcome_id = p_outcome
        union all
        select x.id from check_in x where x.organisation_id = p_organisation and x.outcome_id = p_outcome
        union all
        select x.id from milestone x where x.organisation_id = p_organisation and x.outcome_id = p_outcome
        union all
        select x.id from celebration x where x.organisation_id = p_organisation and x.outcome_id = p_outcome
        union all
        select x.id from initiative x where x.organisation_id = p_organisation and x.outcome_id = p_outcome
    )
    select o.id from own o
    union
    select x.id from own o join comment x on x.organisation_id = p_organisation and x.about_id = o.id
$$;

-- worded: what a language says under a key; language '' is of none
create function worded(p_language text, p_key text)
returns jsonb
language sql stable parallel safe
as $$
    select w.told from edge.wording w where w.language = p_language and w.key = p_key
$$;

-- language_of: the first of the languages, or else of those that they belong to, that there are sentences in
create function language_of(p_asked text, p_preferred text)
returns text
language sql stable parallel safe
as $$
    select l.one
      from unnest(array[lower(p_asked), split_part(lower(p_asked), '-', 1), lower(p_preferred), split_part(lower(p_preferred), '-', 1)])
           with ordinality l (one, nth)
     where exists (select from edge.wording w where w.language = l.one and w.language <> '')
     union all
    select 'en'
     limit 1
$$;

-- command_of: the name of the command that recorded an event: of those that can record its type, and all that was recorded with it,
-- the one that can record the fewest others
create function command_of(p_organisation uuid, p_position bigint)
returns text
language sql stable parallel safe
as $$
    select w.name
      from entry e
     cross join lateral worded('', 'commands:' || e.type) c (names)
     cross join lateral jsonb_array_elements_text(c.names) with ordinality w (name, nth)
     where e.organisation_id = p_organisation and e.position = p_position
       and (jsonb_array_length(c.names) = 1 or not exists (
           select from entry x
            where x.organisation_id = p_organisation and x.command_id = e.command_id
              and x.position between p_position - 100 and p_position + 100
              and not worded('', 'commands:' || x.type) ? w.name))
     order by w.nth
     limit 1
$$;

-- called: what something of whatever kind was called at a position; where it had ended by then, what it was called last
create function called(p_organisation uuid, p_thing uuid, p_as_of bigint)
returns text
language sql stable parallel safe
as $$
    select coalesce(
        (select x.name from person x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from outcome x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from task x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.name from team x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from measure x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from cycle x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from milestone x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from objective x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from initiative x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from celebration x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from indicator x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from boundary x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from decision x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from declined_work x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.title from perspective x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.name from tag x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.name from api_key x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1),
        (select x.name from organisation x where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of
          order by x.since desc limit 1))
$$;

-- told_name: what something was called at a position, looked for first in the table that the role of its id tells
create function told_name(p_organisation uuid, p_table text, p_thing uuid, p_as_of bigint)
returns text
language plpgsql stable parallel safe
as $$
declare
    v_name text;
begin
    case p_table
    when 'person' then
        select x.name into v_name from person x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'team' then
        select x.name into v_name from team x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'outcome' then
        select x.title into v_name from outcome x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'task' then
        select x.title into v_name from task x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'measure' then
        select x.title into v_name from measure x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'indicator' then
        select x.title into v_name from indicator x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'milestone' then
        select x.title into v_name from milestone x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'objective' then
        select x.title into v_name from objective x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    when 'cycle' then
        select x.title into v_name from cycle x
         where x.organisation_id = p_organisation and x.id = p_thing and x.since <= p_as_of order by x.since desc limit 1;
    else
        v_name := null;
    end case;
    return coalesce(v_name, called(p_organisation, p_thing, p_as_of));
end
$$;

-- told_day: a day in words, with its year where that is not the year of the other day
create function told_day(p_language text, p_day date, p_beside date)
returns text
language sql stable parallel safe
as $$
    select replace(replace(replace(
        worded(p_language, case when extract(year from p_day) = extract(year from p_beside) then 'general:day'
                                else 'general:day_of_year' end) #>> '{}',
        '{day}', extract(day from p_day)::text),
        '{month}', worded(p_language, 'general:months') ->> (extract(month from p_day)::int - 1)),
        '{year}', extract(year from p_day)::text)
$$;

-- told_number: a number without idle zeros, with the language's decimal mark
create function told_number(p_language text, p_number numeric)
returns text
language sql stable parallel safe
as $$
    select replace(trim_scale(p_number)::text, '.', worded(p_language, 'general:decimal') #>> '{}')
$$;

-- told_figure: a number with the unit of a measure, an indicator or a boundary's figure
create function told_figure(p_organisation uuid, p_language text, p_number numeric, p_of uuid)
returns text
language sql stable parallel safe
as $$
    select concat_ws(' ', u.currency, told_number(p_language, p_number) || case u.symbol when '%' then '%' else '' end,
                     nullif(u.symbol, '%'))
      from (select) one
      left join lateral (
           select coalesce(m.unit_symbol, i.unit_symbol) as symbol, coalesce(m.unit_currency, i.unit_currency) as currency
             from (select p_of as id) f
             left join boundary b on b.organisation_id = p_organisation and b.id = f.id and b.until is null
             left join lateral (
                  select x.unit_symbol, x.unit_currency, x.series_id
                    from measure x
                   where x.organisation_id = p_organisation and x.id = coalesce(b.figure_id, f.id)
                   order by x.since desc limit 1) m on true
             left join lateral (
                  select x.unit_symbol, x.unit_currency
                    from indicator x
                   where x.organisation_id = p_organisation and x.id = coalesce(m.series_id, b.figure_id, f.id)
                   order by x.since desc limit 1) i on true) u on true
$$;

-- told_list: texts with commas, and a word before the last
create function told_list(p_language text, p_texts text[])
returns text
language sql stable parallel safe
as $$
    select case when cardinality(p_texts) < 2 then p_texts[1]
                else array_to_string(p_texts[:cardinality(p_texts) - 1], worded(p_language, 'general:comma') #>> '{}')
                     || (worded(p_language, 'general:and') #>> '{}') || p_texts[cardinality(p_texts)] end
$$;

-- told_one: one value in words; null for null. What is hidden from the reader is named nowhere (R15).
create function told_one(
    p_organisation uuid, p_language text, p_kind text, p_value json, p_as_of bigint, p_beside date, p_of uuid, p_hidden uuid[])
returns text
language sql stable parallel safe
as $$
    select case when p_value is null or json_typeof(p_value) = 'null' then null
                when json_typeof(p_value) = 'object' then (
                    select string_agg(v.value, ' ') from json_each_text(p_value) v where v.key not in ('url', 'precision'))
                else case split_part(p_kind, ':', 1)
        when 'name' then
            case when cardinality(p_hidden) > 0 and ((p_value #>> '{}')::uuid = any (p_hidden)
                      or outcome_of(p_organisation, (p_value #>> '{}')::uuid) = any (p_hidden))
                 then worded(p_language, 'general:hidden') #>> '{}'
                 else coalesce(told_name(p_organisation, split_part(p_kind, ':', 2), (p_value #>> '{}')::uuid, p_as_of),
                               worded(p_language, 'general:missing') #>> '{}') end
        when 'date' then told_day(p_language, left(p_value #>> '{}', 10)::date, p_beside)
        when 'word' then coalesce(worded(p_language, 'word:' || (p_value #>> '{}')) #>> '{}',
                                  lower(replace(p_value #>> '{}', '_', ' ')))
        when 'number' then told_number(p_language, (p_value #>> '{}')::numeric)
        when 'figure' then told_figure(p_organisation, p_language, (p_value #>> '{}')::numeric, p_of)
        else (select case when length(v.told) > 400 then left(v.told, 399) || '…' else regexp_replace(v.told, '(?<!\.)\.$', '') end
                from (select btrim(p_value #>> '{}') as told) v)
    end end
$$;

-- told_value: a value, or each of a list of values, in words
create function told_value(
    p_organisation uuid, p_language text, p_kind text, p_value json, p_as_of bigint, p_beside date, p_of uuid, p_hidden uuid[])
returns text
language sql stable parallel safe
as $$
    select case when json_typeof(p_value) = 'array' then (
        select told_list(p_language, array_agg(
                   told_one(p_organisation, p_language, p_kind, v.one, p_as_of, p_beside, p_of, p_hidden) order by v.nth))
          from json_array_elements(p_value) with ordinality v (one, nth))
    else told_one(p_organisation, p_language, p_kind, p_value, p_as_of, p_beside, p_of, p_hidden) end
$$;

-- told_changes: what an event changed, in words; its reason is told elsewhere
create function told_changes(
    p_organisation uuid, p_language text, p_entity uuid, p_type text, p_as_of bigint, p_beside date, p_hidden uuid[])
returns text
language sql stable parallel safe
as $$
    select string_agg(
               replace(replace(replace(
                   worded(p_language, case when v.after is null then 'general:cleared' when v.before is null then 'general:set'
                                           else 'general:changed' end) #>> '{}',
                   '{field}', coalesce(worded(p_language, 'field:' || v.field) #>> '{}',
                                       lower(regexp_replace(v.field, '([A-Z])', ' \1', 'g')))),
                   '{before}', coalesce(v.before, '')),
                   '{after}', coalesce(v.after, '')),
               worded(p_language, 'general:comma') #>> '{}' order by v.nth)
      from (select h.nth, h.field,
                   told_value(p_organisation, p_language, k.kind, h.before, p_as_of, p_beside, p_entity, p_hidden) as before,
                   told_value(p_organisation, p_language, k.kind, h.after, p_as_of, p_beside, p_entity, p_hidden) as after
              from history_changes(p_organisation, p_entity, p_as_of) with ordinality h (field, before, after, nth)
             cross join lateral (select worded('', 'kinds:' || p_type) ->> h.field) k (kind)
             where h.field not in ('reason', 'referenceId', 'effectiveOn', 'proposerId', 'outcomeId')) v
     where v.before is not null or v.after is not null
$$;

-- told_reference: the value that a place of a sentence stands for
create function told_reference(p_organisation uuid, p_position bigint, p_place jsonb)
returns json
language sql stable parallel safe
as $$
    select case p_place ->> 'is'
        when 'said' then e.said #> w.path
        when 'constant' then (p_place ->> 'value')::json
        when 'actor' then to_json(e.actor_id)
        when 'entity' then to_json(e.entity_id)
        else (
            select x.said #> w.path
              from entry x
             where x.organisation_id = p_organisation and x.entity_id = e.entity_id and x.position < e.position
               and case when p_place ->> 'is' = 'last' then x.type = p_place ->> 'type'
                        else json_typeof(x.said #> w.path) is not null and x.type !~ '(-proposed|\.countered)$' end
             order by x.position desc
             limit 1)
        end
      from entry e
     cross join lateral (select (p_place ->> 'path')::text[]) w (path)
     where e.organisation_id = p_organisation and e.position = p_position
$$;

-- told_place: what stands in a place of a sentence; null where there is nothing to tell, and a comparison that holds is an empty text
create function told_place(p_organisation uuid, p_language text, p_position bigint, p_place jsonb, p_day date, p_hidden uuid[])
returns text
language plpgsql stable parallel safe
as $$
declare
    v_entry record;
    v_value json;
begin
    if p_place ->> 'is' in ('differs', 'same') then
        return case when (coalesce(told_reference(p_organisation, p_position, p_place -> 'one')::text, 'null')
                          = coalesce(told_reference(p_organisation, p_position, p_place -> 'other')::text, 'null'))
                         = (p_place ->> 'is' = 'same') then '' end;
    end if;
    select e.entity_id, e.type, e.actor, e.actor_id, e.said into v_entry
      from entry e
     where e.organisation_id = p_organisation and e.position = p_position;
    case p_place ->> 'is'
    when 'day' then
        return told_day(p_language, p_day, p_day);
    when 'changes' then
        return told_changes(p_organisation, p_language, v_entry.entity_id, v_entry.type, p_position, p_day, p_hidden);
    when 'actor' then
        return case when v_entry.actor_id is null then worded(p_language, 'general:system') #>> '{}'
                    else told_one(p_organisation, p_language, case when v_entry.actor ^@ 'person:' then 'name:person' else 'name' end,
                                  to_json(v_entry.actor_id), p_position, p_day, null, p_hidden) end;
    when 'entity' then
        return told_one(p_organisation, p_language, p_place ->> 'kind', to_json(v_entry.entity_id), p_position, p_day, null, p_hidden);
    else
        v_value := case when p_place ->> 'is' = 'said' then v_entry.said #> (p_place ->> 'path')::text[]
                        else told_reference(p_organisation, p_position, p_place) end;
        if v_value is null or v_value::text in ('null', 'false', '0', '[]', '""') then
            return null;
        elsif p_place ? 'forms' then
            return replace(p_place -> 'forms' ->> case when v_value::text = '1' then 0 else -1 end, '#',
                           told_number(p_language, (v_value #>> '{}')::numeric));
        end if;
        return told_value(
            p_organisation, p_language, p_place ->> 'kind', v_value, p_position, p_day,
            coalesce(v_entry.said ->> 'measureId', v_entry.said ->> 'indicatorId', v_entry.entity_id::text)::uuid, p_hidden);
    end case;
end
$$;

-- told_sentence: an event as one tells it to a person, with the names that stood at its position; where the language has no sentence for
-- it, in English as a whole, days and words too
create function told_sentence(p_organisation uuid, p_position bigint, p_language text, p_hidden uuid[])
returns text
language plpgsql stable parallel safe
as $$
declare
    v_type text;
    v_day date;
    v_language text := p_language;
    v_segments jsonb;
    v_segment jsonb;
    v_part jsonb;
    v_piece text;
    v_told text := '';
begin
    select e.type, day_of(p_organisation, e.occurred_at) into v_type, v_day
      from entry e
     where e.organisation_id = p_organisation and e.position = p_position;
    v_segments := worded(v_language, 'sentence:' || v_type);
    if v_segments is null then
        v_language := 'en';
        v_segments := worded(v_language, 'sentence:' || v_type);
    end if;
    for v_segment in select jsonb_array_elements(v_segments) loop
        v_piece := '';
        for v_part in select jsonb_array_elements(v_segment -> 'parts') loop
            v_piece := v_piece || case when jsonb_typeof(v_part) = 'string' then v_part #>> '{}'
                else coalesce(told_place(p_organisation, v_language, p_position, v_part, v_day, p_hidden),
                              case when not (v_segment -> 'optional')::bool then worded(v_language, 'general:missing') #>> '{}' end) end;
            exit when v_piece is null;
        end loop;
        v_told := v_told || coalesce(v_piece, '');
    end loop;
    v_told := regexp_replace(v_told, '([!?…])\.', '\1', 'g');
    foreach v_piece in array array['general:hidden', 'general:missing'] loop  -- such a word is no title, and may begin a sentence
        v_piece := worded(v_language, v_piece) #>> '{}';
        v_told := replace(replace(v_told, '“' || v_piece || '”', v_piece), '„' || v_piece || '“', v_piece);
        v_told := case when v_told ^@ v_piece then upper(left(v_told, 1)) || substr(v_told, 2) else v_told end;
    end loop;
    return v_told;
end
$$;
