-- tables

create table task (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    title text collate "C" not null,
    conditions text,
    due_on date not null,
    first_due_on date not null,
    effort numeric,
    state text not null check (state in
        ('REQUESTED', 'COUNTERED', 'COMMITTED', 'DELIVERED', 'KEPT', 'DECLINED', 'WITHDRAWN', 'RELEASED', 'BROKEN')),
    promiser_id uuid,
    first_promiser_id uuid,
    beneficiary_id uuid not null,
    requester_id uuid,
    team_id uuid,
    initiative_id uuid,
    outcome_id uuid,
    serves_nothing text,
    requested_on date,
    committed_on date,
    delivered_on date,
    delivery_links json,
    acceptance_passed_on date,
    ended_on date,
    end_reason text,
    returns int not null,
    renegotiations int not null,
    recurs_every int,
    recurs_unit text check (recurs_unit in ('DAYS', 'WEEKS', 'MONTHS')),
    recurs_until date,
    former_id uuid,
    primary key (organisation_id, id, since)
);
create index task_by_due on task (organisation_id, due_on, id) where until is null;
create index task_by_due_as_of on task (organisation_id, due_on, id);
create index task_open on task (organisation_id, due_on, id) where until is null and state = 'COMMITTED';
create index task_renegotiated on task (organisation_id, promiser_id) where renegotiations > 0;
create index task_by_title on task (organisation_id, title, id) where until is null;
create index task_by_title_as_of on task (organisation_id, title, id);
create index task_by_outcome on task (organisation_id, outcome_id, due_on, id) where until is null;
create index task_by_outcome_as_of on task (organisation_id, outcome_id, due_on, id);
create index task_by_promiser on task (organisation_id, promiser_id, due_on, id) where until is null;
create index task_by_promiser_as_of on task (organisation_id, promiser_id, due_on, id);
create index task_by_beneficiary on task (organisation_id, beneficiary_id, due_on, id) where until is null;
create index task_by_beneficiary_as_of on task (organisation_id, beneficiary_id, due_on, id);
create index task_by_team on task (organisation_id, team_id) where team_id is not null;
create index task_by_initiative on task (organisation_id, initiative_id, due_on, id) where initiative_id is not null;
create index task_by_former on task (organisation_id, former_id) where former_id is not null;
create index task_by_requester on task (organisation_id, requester_id) where requester_id is not null;

-- a due date that was replaced by consent, or by the countered one,, with the day it stood until
create table former_due (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    task_id uuid not null,
    due_on date not null,
    replaced_on date not null,
    primary key (organisation_id, id, since)
);
create index former_due_by_task on former_due (organisation_id, task_id, since);

-- new terms that wait for consent, or what became of them
create table proposed_terms (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    task_id uuid not null,
    proposer_id uuid not null,
    title text,
    conditions text,
    due_on date,
    effort numeric,
    reason text,
    state text not null check (state in ('OPEN', 'AGREED', 'REFUSED', 'LAPSED')),
    primary key (organisation_id, id, since)
);
create index proposed_terms_by_task on proposed_terms (organisation_id, task_id, since);

-- what stands in the way of a task, while it does; aged_on is the day on which it was noted that it does so for too long
create table task_block (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    task_id uuid not null,
    kind text not null check (kind in ('DECISION', 'INFORMATION', 'WORK', 'CAPACITY', 'ACCESS', 'OTHER')),
    waiting_for_person_id uuid,
    waiting_for_team_id uuid,
    waiting_for text,
    next_action text not null,
    act_by date not null,
    blocked_on date not null,
    aged_on date,
    primary key (organisation_id, id, since)
);
create index task_block_by_task on task_block (organisation_id, task_id, since);

-- due dates in force that passed undelivered, as they were noted
create table due_passed (
    organisation_id uuid not null,
    id uuid not null,
    since bigint not null,
    until bigint,
    task_id uuid not null,
    due_on date not null,
    noted_on date not null,
    primary key (organisation_id, id, since)
);
create index due_passed_by_task on due_passed (organisation_id, task_id, since);

comment on table former_due is 'only added';
comment on table due_passed is 'only added';

-- functions

-- dues_passed: promises that are overdue and of which it has not been noted: the day of the date in force has ended for both parties
create function dues_passed(p_organisation uuid, p_moment timestamptz, p_as_of bigint)
returns table (task_id uuid, due_on date)
language sql stable parallel safe rows 10
as $$
    select k.id, k.due_on
      from task k
     where k.organisation_id = p_organisation and k.until is null and k.state = 'COMMITTED'
       and k.due_on < (p_moment at time zone 'Etc/GMT-14')::date
       and (k.due_on < (p_moment at time zone 'Etc/GMT+12')::date
            or k.due_on < day_of_both(p_organisation, k.promiser_id, k.beneficiary_id, p_moment, p_as_of))
       and not exists (
           select from due_passed n
            where n.organisation_id = p_organisation and n.task_id = k.id and n.due_on = k.due_on)
$$;

