-- What is made of promises: what they serve, however far below; how they were kept; how much of them is open.

-- outcomes_below: an outcome and all that serves it, however far below, each once
create function outcomes_below(p_organisation uuid, p_outcome uuid, p_as_of bigint)
returns table (id uuid)
language sql stable parallel safe rows 10
as $$
    with recursive below (id) as (
        select p_outcome
        union
        select a.outcome_id
          from below b
          join alignment a on a.organisation_id = p_organisation and a.higher_id = b.id
                          and a.since <= p_as_of and (a.until is null or a.until > p_as_of)
    )
    select id from below
$$;
