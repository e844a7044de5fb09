"""Every command and every event by its stored name; the edge, the codec and the reference are made from these."""

from domain import (
    alignment,
    boundaries,
    cycles,
    focus,
    indicators,
    measures,
    milestones,
    organisation,
    outcomes,
    people,
    policy,
    practice,
    readings,
    strategy,
    tasks,
)
from domain.kernel import Command, Event, wire_name

SUBJECTS: tuple[tuple[type[Command], ...], ...] = (
    (
        organisation.FoundOrganisation,
        organisation.RenameOrganisation,
        organisation.SetCalendar,
        policy.SetPolicy,
        organisation.GrantRole,
        organisation.IssueApiKey,
        organisation.RevokeApiKey,
    ),
    (people.RegisterPerson, people.FormTeam, people.MoveTeam, people.JoinTeam, people.LeaveTeam),
    (strategy.StateStrategy, strategy.SetStrategicObjective, strategy.LinkCause, strategy.UnlinkCause),
    (cycles.PlanCycle, cycles.StartCycle),
    (outcomes.SetOutcome, outcomes.SetVisibility),
    (alignment.AlignOutcome, alignment.UnalignOutcome),
    (focus.ActivateOutcome, focus.AbandonOutcome, focus.SetFocusLimit),
    (measures.SetMeasure, measures.ReviseMeasure, measures.RetireMeasure),
    (indicators.DefineIndicator, indicators.ReviseIndicator, indicators.RetireIndicator),
    (readings.TakeReading, readings.CorrectReading, readings.VoidReading, boundaries.SetBoundary),
    (
        tasks.RequestTask,
        tasks.CommitTask,
        tasks.AcceptTask,
        tasks.DeclineTask,
        tasks.WithdrawRequest,
        tasks.RenegotiateTask,
        tasks.AgreeTerms,
        tasks.RefuseTerms,
        tasks.DeliverTask,
        tasks.AcceptDelivery,
        tasks.ReturnDelivery,
        tasks.BreakCommitment,
    ),
    (milestones.SetMilestone, milestones.MoveMilestone, milestones.MarkMilestone),
    (practice.CheckIn,),
)

COMMANDS: dict[str, type[Command]] = {wire_name(command): command for subject in SUBJECTS for command in subject}

EVENTS: dict[str, type[Event]] = {
    event.stored_type(): event for event in Event.__subclasses__() if event.__module__.startswith("domain.")
}
