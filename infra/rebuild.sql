-- guard: row-level security, the index of standing rows, and the grants of every table of a schema; where rows are only added,
-- the key itself is such an index
do $$
declare
    v_table record;
begin
    for v_table in
        select c.oid::regclass as name, c.relname,
               coalesce(obj_description(c.oid, 'pg_class') = 'only added', false) as only_added
          from pg_class c
         where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and not c.relrowsecurity
    loop
        if not v_table.only_added then
            execute format(
                'create unique index %I on %s (organisation_id, id) where until is null',
                v_table.relname || '_standing', v_table.name);
        end if;
        execute format('alter table %s enable row level security', v_table.name);
        execute format('alter table %s force row level security', v_table.name);
        execute format(
            'create policy organisation on %s using (organisation_id = '
            '(select nullif(current_setting(''headway.organisation'', true), '''')::uuid))', v_table.name);
        execute format('grant select, insert, update, delete on %s to headway_application', v_table.name);
    end loop;
end
$$

-- drop_functions: every function of the schema read, before the current ones are made
do $$
declare
    v_function regprocedure;
begin
    for v_function in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'read'::regnamespace loop
        execute format('drop function %s cascade', v_function);
    end loop;
end
$$

-- installed: which shapes stand
select name, digest from edge.projection

-- install: notes the shape of a projection
insert into edge.projection (name, digest) values ($1, $2)
on conflict (name) do update set digest = excluded.digest, installed_at = clock_timestamp()

-- hold: no checkpoint is claimed or moves until the switch is done; reads go on
lock table read.checkpoint in exclusive mode

-- standing: those of some tables that there are
select n from unnest($1::text[]) n where to_regclass('read.' || n) is not null

-- reached: where a projection of an organisation stands
select position from read.checkpoint where organisation_id = $1 and projection = $2

-- arrive: a rebuilt projection has come so far
insert into read.checkpoint (organisation_id, projection, position, stopped_at, problem)
values ($1, $2, $3, $4, $5)
on conflict (organisation_id, projection) do update
   set position = excluded.position, stopped_at = excluded.stopped_at, problem = excluded.problem, moved_at = clock_timestamp()
