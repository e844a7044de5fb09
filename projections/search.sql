-- tables

-- what can be found by its words, a row an entity: its id is the entity's. Signs part words, in here as in what is searched for;
-- a word of the title weighs more than one of the description.
-- No index of the words: @@ is not leakproof, so under row level security none would be used; an organisation's own rows are looked through.
create table findable (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    kind text collate "C" not null check (kind in (
        'PERSON', 'TEAM', 'OBJECTIVE', 'CYCLE', 'OUTCOME', 'MEASURE', 'INDICATOR', 'TASK', 'MILESTONE',
        'INITIATIVE', 'CELEBRATION')),
    title text collate "C" not null,
    description text,
    words tsvector not null generated always as (
        setweight(to_tsvector('simple', translate(title, $$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$$, repeat(' ', 32))), 'A')
        || setweight(to_tsvector('simple', translate(coalesce(description, ''), $$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$$, repeat(' ', 32))), 'D')
    ) stored,
    primary key (organisation_id, id, since)
);
create index findable_by_kind on findable (organisation_id, kind) where until is null;
create index findable_by_kind_as_of on findable (organisation_id, kind);

-- functions

-- words_asked: what is searched for; all words have to occur, the last one as a beginning. Nothing where there is no word. The first
-- thousand characters count.
create function words_asked(p_text text)
returns tsquery
language sql immutable parallel safe
as $$
    select case when numnode(q.words) > 0 then (q.words::text || ':*')::tsquery end
      from (select plainto_tsquery('simple', translate(left(p_text, 1000), $signs$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$signs$, repeat(' ', 32)))
                   as words offset 0) q
$$;
