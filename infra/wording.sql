-- prepare: the table of sentences, the same for every organisation
create table if not exists edge.wording (
    language text collate "C" not null,
    key text collate "C" not null,
    told jsonb not null,
    primary key (language, key)
);
grant select on edge.wording to headway_application

-- standing: the digest of the sentences that stand
select digest from edge.projection where name = 'wording'

-- clear: no sentence
delete from edge.wording

-- word: one language
insert into edge.wording (language, key, told) select $1, k, t::jsonb from unnest($2::text[], $3::text[]) w (k, t)

-- note: which sentences stand
insert into edge.projection (name, digest) values ('wording', $1)
on conflict (name) do update set digest = excluded.digest, installed_at = clock_timestamp()
