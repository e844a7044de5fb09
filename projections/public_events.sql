-- Public events as they are told of what was recorded; which those are lies in edge.wording, made from the catalogue in domain/.

-- public_kinds: the public events that something recorded is told as, as `announced` tells them
create function public_kinds(p_type text, p_entity uuid, p_said json)
returns table (nth int, kind text, data jsonb)
language sql stable parallel safe rows 1
as $$
    select row_number() over (order by t.nth)::int - 1, t.told ->> 'name',
           jsonb_build_object(t.told ->> 'subject', p_entity) || (
               select coalesce(jsonb_object_agg(f.name, (p_said -> f.name)::jsonb), '{}')
                 from jsonb_array_elements_text(t.told -> 'facts') f (name))
      from jsonb_array_elements(worded('', 'public:' || p_type)) with ordinality t (told, nth)
     where t.told -> 'stating' = '[]' or t.told -> 'stating' ? (p_said ->> 'status')
$$;
