-- scope: everything that follows in the transaction is of this organisation
select set_config('headway.organisation', ($1::uuid)::text, true)

-- begin: a checkpoint for each projection that lacks one
insert into read.checkpoint (organisation_id, projection)
select $1, p from unnest($2::text[]) p
on conflict do nothing

-- ahead: what the read models have not got yet, and how far they are
select * from read.ahead_of_read_models($1, $2)

-- events: what comes after a position
select position, event_id, version, type, command_id, correlation_id, causation_id, actor, tags, reason, recorded_at, occurred_at,
       body
  from ledger.events
 where organisation_id = $1 and position > $2
 order by position
 limit $3

-- advance: the checkpoints that have moved, or stopped
update read.checkpoint c
   set position = m.position, stopped_at = m.stopped_at, problem = m.problem, moved_at = clock_timestamp()
  from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) m (projection, position, stopped_at, problem)
 where c.organisation_id = $1 and c.projection = m.projection

-- time_zone: the organisation's zone as the read model has it
select time_zone from read.organisation where organisation_id = $1 and until is null

-- sweep_scope: lets the sweep see every head and checkpoint
select set_config('headway.sweep', 'on', true)

-- sweep: organisations whose read models lag behind, the longest behind first
select h.organisation_id, h.position
  from ledger.heads h
 where h.position > 0
   and (select count(*) from read.checkpoint c
         where c.organisation_id = h.organisation_id and c.projection = any ($1::text[])
           and (c.position >= h.position or c.stopped_at is not null)) < cardinality($1::text[])
 limit 10000

-- heads: every organisation and its head
select organisation_id, position from ledger.heads where position > 0 order by organisation_id

-- standing: how far each projection of each organisation has come
select c.organisation_id, c.projection, c.position, h.position as head, c.stopped_at, c.problem, c.moved_at
  from read.checkpoint c
  join ledger.heads h on h.organisation_id = c.organisation_id
 order by c.organisation_id, c.projection

-- reached: the position that every projection of an organisation has reached
select min(position) from read.checkpoint where organisation_id = $1
