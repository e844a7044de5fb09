-- tables

-- by which steps open facts go to others: of a team, or the organisation, whose id is the row's
create table escalation_ladder (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    steps json not null,
    reason text not null,
    team_id uuid,
    primary key (organisation_id, id, since)
);

-- what stood open for so many days that it went to others: of a promise, with the outcome that it served, for the leads and the team
-- told here are that one's; or of an outcome and perhaps its check-in
create table escalation (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    fact text not null check (fact in
        ('DUE_PASSED', 'ACCEPTANCE_PASSED', 'BLOCK_AGED', 'CHECK_IN_MISSED', 'ACKNOWLEDGEMENT_PASSED')),
    task_id uuid,
    serves_id uuid,
    outcome_id uuid,
    check_in_id uuid,
    stands_since date not null,
    days int not null,
    receiver text not null check (receiver in ('BENEFICIARY', 'OWNER', 'REVIEWER', 'LEADS', 'LEADS_ABOVE')),
    holder_id uuid not null,
    noted_on date not null,
    primary key (organisation_id, id, since)
);
create index escalation_by_task on escalation (organisation_id, task_id, since) where task_id is not null;
create index escalation_by_outcome on escalation (organisation_id, outcome_id, since) where outcome_id is not null;

-- to whom, and which outcome it is about, or was served
create table escalated_to (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    escalation_id uuid not null,
    person_id uuid not null,
    outcome_id uuid,
    primary key (organisation_id, id, since)
);
create index escalated_to_by_escalation on escalated_to (organisation_id, escalation_id, person_id);
create index escalated_to_by_person on escalated_to (organisation_id, person_id, since);

comment on table escalation is 'only added';
comment on table escalated_to is 'only added';

-- functions

-- ladder_of: the steps in force for a team: its own, else those of the nearest team above that has any, else the organisation's; and
-- whose they are
create function ladder_of(p_organisation uuid, p_team uuid, p_as_of bigint)
returns table (fact text, days int, receiver text, holder_id uuid)
language sql stable parallel safe rows 5
as $$
    with recursive above (id, parent_id, nth) as (
        select t.id, t.parent_id, 0
          from team t
         where t.organisation_id = p_organisation and t.id = p_team
           and t.since <= p_as_of and (t.until is null or t.until > p_as_of)
        union all
        select t.id, t.parent_id, u.nth + 1
          from above u
          join team t on t.organisation_id = p_organisation and t.id = u.parent_id
                     and t.since <= p_as_of and (t.until is null or t.until > p_as_of)
         where u.nth < 30
    ),
    nearest as (
        select l.id, l.steps
          from (select a.id, a.nth from above a union all select p_organisation, 1000) h
          join escalation_ladder l on l.organisation_id = p_organisation and l.id = h.id
                                  and l.since <= p_as_of and (l.until is null or l.until > p_as_of)
         order by h.nth
         limit 1
    )
    select s.fact, s.days, s."to", n.id
      from nearest n
     cross join lateral json_to_recordset(n.steps) s (fact text, days int, "to" text)
$$;

-- fact_stands: whether a fact that was noted is open still: a promise overdue, unanswered or blocked since that day; a check-in missing
-- since that day, and nothing said after it was noted; a check-in unread, and none made after that was noted
create function fact_stands(
    p_organisation uuid, p_fact text, p_task uuid, p_outcome uuid, p_check_in uuid, p_stands_since date, p_as_of bigint, p_on date)
returns boolean
language plpgsql stable parallel safe
as $$
begin  -- of five statements the one that is asked for is started
    case p_fact
    when 'DUE_PASSED' then return exists (
        select from task k
         where k.organisation_id = p_organisation and k.id = p_task and k.state = 'COMMITTED' and k.due_on = p_stands_since
           and k.due_on < p_on and k.since <= p_as_of and (k.until is null or k.until > p_as_of));
    when 'ACCEPTANCE_PASSED' then return exists (
        select from task k
         where k.organisation_id = p_organisation and k.id = p_task and k.state = 'DELIVERED' and k.delivered_on = p_stands_since
           and k.acceptance_passed_on <= p_on and k.since <= p_as_of and (k.until is null or k.until > p_as_of));
    when 'BLOCK_AGED' then return exists (
        select from task_block b
         where b.organisation_id = p_organisation and b.task_id = p_task and b.blocked_on = p_stands_since
           and b.aged_on <= p_on and b.since <= p_as_of and (b.until is null or b.until > p_as_of));
    when 'CHECK_IN_MISSED' then return exists (
        select from missed_check_in n
          join outcome o on o.organisation_id = p_organisation and o.id = p_outcome and o.state = 'ACTIVE'
                        and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
         where n.organisation_id = p_organisation and n.outcome_id = p_outcome and n.due_on = p_stands_since
           and n.since <= p_as_of
           and not exists (
               select from missed_check_in l
                where l.organisation_id = p_organisation and l.outcome_id = p_outcome
                  and l.since > n.since and l.since <= p_as_of)
           and not exists (
               select from check_in c
                where c.organisation_id = p_organisation and c.outcome_id = p_outcome and c.made_at > n.since
                  and c.dated <= p_on and c.since <= p_as_of and (c.until is null or c.until > p_as_of)));
    else return exists (
        select from late_acknowledgement n
          join check_in c on c.organisation_id = p_organisation and c.id = n.check_in_id
                         and c.since <= p_as_of and (c.until is null or c.until > p_as_of)
          join outcome o on o.organisation_id = p_organisation and o.id = p_outcome and o.state = 'ACTIVE'
                        and o.since <= p_as_of and (o.until is null or o.until > p_as_of)
         where n.organisation_id = p_organisation and n.check_in_id = p_check_in and n.waiting_since = p_stands_since
           and n.since <= p_as_of
           and not exists (
               select from acknowledgement a
                where a.organisation_id = p_organisation and a.check_in_id = p_check_in
                  and a.acknowledged_on <= p_on and a.since <= p_as_of and (a.until is null or a.until > p_as_of))
           and not exists (
               select from check_in l
                where l.organisation_id = p_organisation and l.outcome_id = p_outcome and l.made_at > n.since
                  and l.dated <= p_on and l.since <= p_as_of and (l.until is null or l.until > p_as_of)));
    end case;
end
$$;
