-- The Merkle tree over each organisation's events, beside the chain: finished nodes, checkpoints, and who signed them. All of it only
-- ever gains: nodes are added behind those that stand, checkpoints and signatures are inserted, and nobody but the owner can do more.

-- how many events of an organisation the stored nodes cover
create table ledger.tree (
    organisation_id uuid primary key,
    size bigint not null
) with (fillfactor = 50);

-- complete nodes, 32 bytes each, those of five levels together, in the order in which they were completed
create table ledger.tile (
    organisation_id uuid not null,
    level smallint not null,
    index bigint not null,
    nodes bytea not null,
    primary key (organisation_id, level, index)
) with (fillfactor = 90);
alter table ledger.tile alter column nodes set storage plain;  -- hashes do not compress

-- what was signed and published, word by word
create table ledger.checkpoint (
    organisation_id uuid not null,
    size bigint not null,
    note text collate "C" not null,
    made_at timestamptz not null default clock_timestamp(),
    primary key (organisation_id, size)
);

-- lines that witnesses have added below a checkpoint
create table ledger.cosignature (
    organisation_id uuid not null,
    size bigint not null,
    line text collate "C" not null,
    made_at timestamptz not null default clock_timestamp(),
    primary key (organisation_id, size, line)
);

-- every public key that has signed checkpoints of an organisation, kept after it was retired
create table ledger.signing_key (
    organisation_id uuid not null,
    key text collate "C" not null,
    since timestamptz not null default clock_timestamp(),
    primary key (organisation_id, key)
);

grant select on ledger.tree, ledger.tile to headway_application;
grant select, insert on ledger.checkpoint, ledger.cosignature, ledger.signing_key to headway_application;

do $$
declare
    v_table regclass;
begin
    foreach v_table in array array[
        'ledger.tree', 'ledger.tile', 'ledger.checkpoint', 'ledger.cosignature', 'ledger.signing_key']::regclass[]
    loop
        execute format('alter table %s enable row level security', v_table);
        execute format('alter table %s force row level security', v_table);
        execute format(
            'create policy organisation on %s using (organisation_id = '
            '(select nullif(current_setting(''headway.organisation'', true), '''')::uuid))', v_table);
    end loop;
end
$$;

-- the look for trees that lag behind their ledgers
create policy sweep on ledger.tree for select using ((select current_setting('headway.sweep', true)) = 'on');

-- grow: adds the nodes that further events complete, where the tree still ends at p_from; whether it did. Nodes that stand stay.
create function ledger.grow(
    p_organisation uuid, p_from bigint, p_size bigint, p_levels smallint[], p_indexes bigint[], p_nodes bytea[])
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('headway.organisation', p_organisation::text, true);
    if p_from = 0 then
        insert into ledger.tree values (p_organisation, 0) on conflict do nothing;
    end if;
    update ledger.tree t
       set size = p_size
     where t.organisation_id = p_organisation and t.size = p_from and p_size > p_from
       and p_size <= (select h.position from ledger.heads h where h.organisation_id = p_organisation);
    if not found then
        return false;
    end if;
    insert into ledger.tile as t (organisation_id, level, index, nodes)
    select p_organisation, n.level, n.index, n.nodes
      from unnest(p_levels, p_indexes, p_nodes) n (level, index, nodes)
        on conflict (organisation_id, level, index) do update set nodes = t.nodes || excluded.nodes;
    return true;
end
$$;

revoke execute on function ledger.grow(uuid, bigint, bigint, smallint[], bigint[], bytea[]) from public;
grant execute on function ledger.grow(uuid, bigint, bigint, smallint[], bigint[], bytea[]) to headway_application;
