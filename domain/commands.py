"""Every command and every event by its stored name; the edge, the codec and the reference are made from these."""

from domain import (
    access,
    alignment,
    blocks,
    boundaries,
    cadence,
    carrying,
    celebrations,
    checkins,
    comments,
    cycles,
    decisions,
    declining,
    delegation,
    feeds,
    focus,
    following,
    forgetting,
    grading,
    identities,
    indicators,
    initiatives,
    labels,
    leaving,
    measures,
    milestones,
    organisation,
    outcomes,
    people,
    policy,
    preferences,
    readings,
    reassigning,
    revising,
    strategy,
    taking,
    tasks,
    timekeeping,
    timekeeping_work,
    visibility,
    waiting,
)
from domain.kernel import Command, Event, wire_name

SUBJECTS: tuple[tuple[type[Command], ...], ...] = (
    (
        organisation.FoundOrganisation,
        organisation.RenameOrganisation,
        organisation.SetCalendar,
        policy.SetPolicy,
        organisation.GrantRole,
        organisation.RevokeRole,
        organisation.IssueApiKey,
        organisation.RevokeApiKey,
        feeds.IssueFeedToken,
        feeds.RevokeFeedToken,
    ),
    (
        people.RegisterPerson,
        people.RevisePerson,
        identities.LinkIdentity,
        preferences.SetPreferences,
        delegation.DelegateDuties,
        people.FormTeam,
        people.ReviseTeam,
        people.MoveTeam,
        people.JoinTeam,
        people.LeaveTeam,
    ),
    (cycles.PlanCycle, cycles.StartCycle, cycles.StartReview, grading.CloseCycle, cycles.ReopenCycle),
    (
        strategy.StateStrategy,
        strategy.SetPerspectives,
        strategy.SetStrategicObjective,
        strategy.ReviseStrategicObjective,
        strategy.RetireStrategicObjective,
        strategy.LinkCause,
        strategy.UnlinkCause,
    ),
    (outcomes.SetOutcome, visibility.SetVisibility),
    (alignment.AlignOutcome, alignment.UnalignOutcome),
    (measures.SetMeasure, measures.ReviseMeasure, measures.RetireMeasure),
    (indicators.DefineIndicator, indicators.ReviseIndicator, indicators.RetireIndicator),
    (taking.TakeReading, taking.TakeReadings, readings.CorrectReading, readings.VoidReading, boundaries.SetBoundary),
    (
        revising.ReviseOutcome,
        revising.AssignOutcome,
        revising.NameReviewer,
        revising.ShareOutcome,
        revising.RankOutcomes,
    ),
    (
        focus.ActivateOutcome,
        focus.PauseOutcome,
        focus.ResumeOutcome,
        focus.AbandonOutcome,
        focus.WithdrawOutcome,
        focus.SetFocusLimit,
    ),
    (grading.GradeOutcome, grading.ReopenOutcome, carrying.CarryOverOutcome),
    (declining.DeclineWork, declining.ReconsiderWork),
    (initiatives.PlanInitiative, initiatives.ReviseInitiative, initiatives.EndInitiative),
    (
        tasks.RequestTask,
        tasks.CommitTask,
        tasks.AcceptTask,
        tasks.DeclineTask,
        tasks.CounterTask,
        tasks.WithdrawRequest,
        tasks.RenegotiateTask,
        tasks.AgreeTerms,
        tasks.RefuseTerms,
        blocks.BlockTask,
        blocks.UnblockTask,
        tasks.DeliverTask,
        tasks.AcceptDelivery,
        tasks.ReturnDelivery,
        tasks.ReleaseTask,
        tasks.BreakCommitment,
        reassigning.RelinkTask,
        waiting.WaitForTask,
        waiting.StopWaitingForTask,
        reassigning.ReassignTask,
    ),
    (leaving.DeactivatePerson, leaving.DisbandTeam, forgetting.ForgetPerson),
    (
        milestones.SetMilestone,
        milestones.MoveMilestone,
        milestones.AssignMilestone,
        milestones.MarkMilestone,
        milestones.MissMilestone,
        milestones.WithdrawMilestone,
        milestones.LinkMilestone,
        milestones.UnlinkMilestone,
    ),
    (checkins.CheckIn, checkins.ReviseCheckIn, checkins.RetractCheckIn, checkins.Acknowledge, cadence.SetCadence),
    (comments.Comment, comments.RetractComment, decisions.RecordDecision, decisions.ReverseDecision),
    (celebrations.Celebrate, celebrations.Cheer, celebrations.WithdrawCheer),
    (labels.NameTag, labels.Tag, labels.Untag, labels.AttachLink, labels.SetReference),
    (following.Follow, following.Unfollow),
)

COMMANDS: dict[str, type[Command]] = {wire_name(command): command for subject in SUBJECTS for command in subject}

# Issued by the timekeeper, never by a person or a program: no route, mutation or bulk line leads to them.
NOTES: dict[str, type[Command]] = {
    wire_name(command): command
    for command in (
        timekeeping.NoteBoundaryBreached,
        timekeeping.NoteCheckInMissed,
        timekeeping.NoteAcknowledgementPassed,
        timekeeping_work.NoteDuePassed,
        timekeeping_work.NoteAcceptancePassed,
        timekeeping_work.NoteBlockAged,
    )
}

# Issued by the system of what it saw of keys and exports; likewise.
SEEN: dict[str, type[Command]] = {
    wire_name(command): command for command in (access.NoteKeyUsed, access.NoteKeyRefused, access.NoteExported)
}

EVENTS: dict[str, type[Event]] = {
    event.stored_type(): event for event in Event.__subclasses__() if event.__module__.startswith("domain.")
}
