"""What is told to the world outside: the public events, their names, and what each says in ids and small facts.

A name and the meaning of a field never change; a field may be added. No title, name or free text is among them, for
what has left can't be forgotten; who wants more asks for it, or subscribes to it in full.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from domain import (
    boundaries,
    celebrations,
    checkins,
    cycles,
    decisions,
    initiatives,
    measures,
    milestones,
    outcomes,
    promises,
    readings,
    standing,
    timekeeping,
    timekeeping_escalation,
    timekeeping_work,
    webhooks,
)
from domain.checkins import Status
from domain.kernel import Event
from domain.values import camel


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """A kind of public event.

    `of`: the recorded events that it is told for; `facts`: which of their fields it says beside the id of what it is
    about; `stating`: told only of a check-in that states one of these.
    """

    name: str
    sentence: str
    of: tuple[type[Event], ...]
    facts: tuple[str, ...] = ()
    stating: frozenset[Status] = frozenset()

    @property
    def subject(self) -> str:
        """The field that bears the id of what it is about."""
        return self.of[0].__struct_fields__[0]


PARTIES = ("promiser_id", "beneficiary_id")
FOCUS = ("cycle_id", "team_id", "owner_id")
SERIES = ("measure_id", "indicator_id", "outcome_id")
WORSE = frozenset({Status.AT_RISK, Status.OFF_TRACK})
PUBLIC: tuple[PublicEvent, ...] = (
    PublicEvent(
        "milestone.set",
        "A milestone was planned.",
        (milestones.MilestoneSet,),
        ("outcome_id", "initiative_id", "due_on", "owner_id"),
    ),
    PublicEvent(
        "milestone.revised", "A milestone has another title or weight.", (milestones.MilestoneRevised,), ("outcome_id",)
    ),
    PublicEvent(
        "milestone.moved",
        "A milestone is due on another day.",
        (milestones.MilestoneMoved,),
        ("outcome_id", "former_due_on", "due_on"),
    ),
    PublicEvent(
        "milestone.assigned",
        "Somebody else answers for a milestone.",
        (milestones.MilestoneAssigned,),
        ("outcome_id", "from_owner_id", "owner_id"),
    ),
    PublicEvent(
        "milestone.reached",
        "A milestone was reached, on time or late by so many days.",
        (milestones.MilestoneReached,),
        ("outcome_id", "reached_on", "days_late", "days_early"),
    ),
    PublicEvent(
        "milestone.missed",
        "Somebody said that a milestone was missed.",
        (milestones.MilestoneMissed,),
        ("outcome_id", "due_on", "missed_on"),
    ),
    PublicEvent("milestone.withdrawn", "A milestone is no more.", (milestones.MilestoneWithdrawn,), ("outcome_id",)),
    PublicEvent(
        "commitment.requested",
        "Somebody was asked for a promise.",
        (promises.TaskRequested,),
        (*PARTIES, "requester_id", "team_id", "outcome_id", "due_on"),
    ),
    PublicEvent(
        "commitment.made",
        "Somebody promised: unasked, asked, or at the terms that they had countered with.",
        (promises.TaskCommitted, promises.TaskAccepted, promises.TaskTaken, promises.CounterAgreed),
        (*PARTIES, "team_id", "outcome_id", "due_on", "former_due_on"),
    ),
    PublicEvent("commitment.declined", "Who was asked does not promise.", (promises.TaskDeclined,), ("outcome_id",)),
    PublicEvent(
        "commitment.countered",
        "Who was asked would promise at other terms.",
        (promises.TaskCountered,),
        ("proposer_id", "outcome_id", "due_on"),
    ),
    PublicEvent(
        "commitment.counter_refused",
        "Other terms were refused; what was asked stands.",
        (promises.CounterRefused,),
        ("outcome_id",),
    ),
    PublicEvent(
        "commitment.request_withdrawn",
        "What was asked is asked no more.",
        (promises.RequestWithdrawn,),
        ("outcome_id",),
    ),
    PublicEvent(
        "commitment.terms_proposed",
        "One party of a promise asks for other terms; the old ones stand until the other agrees.",
        (promises.TermsProposed,),
        ("proposer_id", "outcome_id", "due_on"),
    ),
    PublicEvent(
        "commitment.renegotiated",
        "Both parties agree to other terms.",
        (promises.TermsAgreed,),
        ("outcome_id", "former_due_on", "due_on"),
    ),
    PublicEvent("commitment.terms_refused", "Other terms were refused.", (promises.TermsRefused,), ("outcome_id",)),
    PublicEvent(
        "commitment.blocked",
        "Something stands in the way of a promise.",
        (promises.TaskBlocked,),
        ("outcome_id", "kind", "act_by", "waiting_for_person_id", "waiting_for_team_id"),
    ),
    PublicEvent(
        "commitment.unblocked", "Nothing stands in the way any more.", (promises.TaskUnblocked,), ("outcome_id",)
    ),
    PublicEvent(
        "commitment.delivered",
        "What was promised was delivered.",
        (promises.TaskDelivered,),
        ("outcome_id", "delivered_on"),
    ),
    PublicEvent(
        "commitment.kept",
        "A promise is kept: its delivery was accepted, or it was to the promiser themself.",
        (promises.DeliveryAccepted,),
        ("outcome_id",),
    ),
    PublicEvent(
        "commitment.returned",
        "A delivery was returned; the promise stands.",
        (promises.DeliveryReturned,),
        ("outcome_id",),
    ),
    PublicEvent("commitment.released", "The beneficiary needs it no more.", (promises.TaskReleased,), ("outcome_id",)),
    PublicEvent(
        "commitment.broken",
        "The promiser says that the promise is not kept.",
        (promises.CommitmentBroken,),
        ("outcome_id",),
    ),
    PublicEvent(
        "commitment.reassigned",
        "Somebody else is asked in the promiser's place.",
        (promises.TaskReassigned,),
        ("from_promiser_id", "promiser_id", "requester_id", "from_team_id", "outcome_id"),
    ),
    PublicEvent(
        "commitment.overdue",
        "The due date passed, and nothing was delivered.",
        (timekeeping_work.DuePassed,),
        ("outcome_id", "due_on"),
    ),
    PublicEvent(
        "commitment.unanswered",
        "A delivery waits longer than it should.",
        (timekeeping_work.AcceptancePassed,),
        ("outcome_id", "delivered_on"),
    ),
    PublicEvent(
        "commitment.block_aged",
        "Something has stood in the way for longer than it should.",
        (timekeeping_work.BlockAged,),
        ("outcome_id",),
    ),
    PublicEvent(
        "commitment.escalated",
        "A promise is overdue, unanswered or blocked for so long that it goes to more people.",
        (timekeeping_escalation.TaskEscalated,),
        ("outcome_id", "fact", "stands_since", "days", "to", "person_ids"),
    ),
    PublicEvent(
        "outcome.set",
        "An outcome was set; nobody works on it yet.",
        (outcomes.OutcomeSet,),
        ("cycle_id", "team_id", "owner_id", "reviewer_id", "due_on"),
    ),
    PublicEvent(
        "outcome.revised", "An outcome has other words or dates.", (outcomes.OutcomeRevised,), ("cycle_id", "due_on")
    ),
    PublicEvent(
        "outcome.assigned",
        "An outcome belongs to another team or person.",
        (outcomes.OutcomeAssigned,),
        ("cycle_id", "from_team_id", "team_id", "from_owner_id", "owner_id"),
    ),
    PublicEvent("outcome.activated", "An outcome is worked on from now on.", (standing.OutcomeActivated,), FOCUS),
    PublicEvent("outcome.paused", "An outcome rests for a while.", (standing.OutcomePaused,), FOCUS),
    PublicEvent("outcome.resumed", "A paused outcome is worked on again.", (standing.OutcomeResumed,), FOCUS),
    PublicEvent("outcome.abandoned", "Nobody goes on with an outcome.", (standing.OutcomeAbandoned,), FOCUS),
    PublicEvent("outcome.withdrawn", "An outcome was set by mistake.", (standing.OutcomeWithdrawn,), FOCUS),
    PublicEvent(
        "outcome.graded",
        "An outcome got its grade.",
        (standing.OutcomeGraded,),
        ("cycle_id", "grade", "suggested", "cause"),
    ),
    PublicEvent(
        "outcome.carried_over",
        "An outcome of a later cycle takes up what this one leaves.",
        (standing.OutcomeCarriedOver,),
        ("successor_id", "cycle_id"),
    ),
    PublicEvent("outcome.reopened", "A graded outcome is worked on again.", (standing.OutcomeReopened,), ("cycle_id",)),
    PublicEvent(
        "outcome.at_risk",
        "A check-in states that an outcome is at risk or off track.",
        (checkins.CheckedIn,),
        ("outcome_id", "on", "author_id", "status", "confidence"),
        stating=WORSE,
    ),
    PublicEvent(
        "check_in.made",
        "Somebody said how an outcome stands.",
        (checkins.CheckedIn,),
        ("outcome_id", "on", "author_id", "status", "confidence"),
    ),
    PublicEvent(
        "check_in.revised",
        "What was said of an outcome was put right.",
        (checkins.CheckInRevised,),
        ("outcome_id", "on", "status", "confidence"),
    ),
    PublicEvent("check_in.retracted", "A check-in was taken back.", (checkins.CheckInRetracted,), ("outcome_id",)),
    PublicEvent(
        "check_in.acknowledged",
        "Somebody has read a check-in.",
        (checkins.CheckInAcknowledged,),
        ("outcome_id", "person_id"),
    ),
    PublicEvent(
        "check_in.missed", "A check-in was due, and nobody made one.", (timekeeping.CheckInMissed,), ("due_on",)
    ),
    PublicEvent(
        "check_in.unread",
        "A check-in has waited for its reviewer longer than it should.",
        (timekeeping.AcknowledgementPassed,),
        ("outcome_id", "waiting_since"),
    ),
    PublicEvent(
        "outcome.escalated",
        "A check-in is missing or unread for so long that it goes to more people.",
        (timekeeping_escalation.OutcomeEscalated,),
        ("fact", "stands_since", "days", "to", "person_ids", "check_in_id"),
    ),
    PublicEvent(
        "measure.set",
        "It was said how success of an outcome is told.",
        (measures.MeasureSet,),
        ("outcome_id", "direction"),
    ),
    PublicEvent(
        "measure.revised", "A measure has other terms.", (measures.MeasureRevised,), ("outcome_id", "effective_on")
    ),
    PublicEvent("measure.retired", "A measure counts no longer.", (measures.MeasureRetired,), ("outcome_id",)),
    PublicEvent(
        "measure.reading_taken",
        "A figure was read, of a measure or an indicator.",
        (readings.ReadingTaken,),
        (*SERIES, "value", "taken_on"),
    ),
    PublicEvent(
        "measure.reading_corrected",
        "A reading was put right.",
        (readings.ReadingCorrected,),
        (*SERIES, "value", "taken_on"),
    ),
    PublicEvent("measure.reading_voided", "A reading counts no longer.", (readings.ReadingVoided,), SERIES),
    PublicEvent(
        "boundary.set",
        "A band was set that a figure is to stay within.",
        (boundaries.BoundarySet,),
        ("outcome_id", "measure_id", "indicator_id", "lower", "upper"),
    ),
    PublicEvent(
        "boundary.breached",
        "A figure has left its band.",
        (timekeeping.BoundaryBreached,),
        ("outcome_id", "breached_on"),
    ),
    PublicEvent("cycle.planned", "A cycle was planned.", (cycles.CyclePlanned,), ("starts_on", "ends_on", "parent_id")),
    PublicEvent("cycle.started", "A cycle runs.", (cycles.CycleStarted,)),
    PublicEvent("cycle.in_review", "A cycle is looked back on.", (cycles.ReviewStarted,)),
    PublicEvent("cycle.closed", "A cycle is closed.", (cycles.CycleClosed,), ("closed_on",)),
    PublicEvent("cycle.reopened", "A closed cycle takes corrections again.", (cycles.CycleReopened,)),
    PublicEvent(
        "initiative.planned",
        "Tasks for an outcome were bundled.",
        (initiatives.InitiativePlanned,),
        ("outcome_id", "owner_id", "starts_on", "due_on"),
    ),
    PublicEvent("initiative.ended", "An initiative is over.", (initiatives.InitiativeEnded,), ("outcome_id", "ending")),
    PublicEvent(
        "decision.recorded",
        "Something was decided.",
        (decisions.DecisionRecorded,),
        ("decided_on", "decided_by_ids", "team_id"),
    ),
    PublicEvent("decision.reversed", "A decision was reversed.", (decisions.DecisionReversed,), ("reversed_on",)),
    PublicEvent(
        "celebration.shared",
        "A win was celebrated.",
        (celebrations.Celebrated,),
        ("author_id", "celebrated_on", "person_ids", "outcome_id", "milestone_id", "task_id"),
    ),
    PublicEvent("celebration.cheered", "Somebody cheered.", (celebrations.Cheered,), ("person_id", "outcome_id")),
    PublicEvent("webhook.test", "Somebody tries a webhook; it goes to that one alone.", (webhooks.WebhookTested,)),
    PublicEvent(
        "webhook.disabled",
        "Another webhook gets nothing any more: its receiver is gone, or has failed for days.",
        (webhooks.WebhookDisabled,),
        ("because",),
    ),
)
CATALOGUE: Mapping[str, PublicEvent] = {one.name: one for one in PUBLIC}


class Announced(msgspec.Struct, frozen=True):
    """A public event of one recorded event, with what it says as JSON."""

    kind: PublicEvent
    about_id: UUID
    data: str


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """Whether one of the patterns, each a name or its beginning and `*`, is meant for the kind of this name."""
    return any(name.startswith(one.removesuffix("*")) if one.endswith("*") else name == one for one in patterns)


def announced(event: Event) -> Iterator[Announced]:
    """What is told of a recorded event, as far as it alone decides."""
    for kind in by_event().get(type(event), ()):
        if kind.stating and getattr(event, "status", None) not in kind.stating:
            continue
        subject = kind.subject
        about_id: UUID = getattr(event, subject)
        told = {one: getattr(event, one) for one in (subject, *kind.facts) if hasattr(event, one)}
        yield Announced(kind, about_id, msgspec.json.encode(data_type(kind)(**told)).decode())


@cache
def by_event() -> Mapping[type[Event], tuple[PublicEvent, ...]]:
    """What each recorded event may be told as."""
    found: dict[type[Event], tuple[PublicEvent, ...]] = {}
    for kind in PUBLIC:
        for event in kind.of:
            found[event] = (*found.get(event, ()), kind)
    return found


@cache
def data_type(kind: PublicEvent) -> type[msgspec.Struct]:
    """What `data` is made of: the id of what it is about, and the facts, those that not every such event bears being
    optional."""
    fields: list[tuple[str, Any, Any]] = []
    for name in (kind.subject, *kind.facts):
        hints = [get_type_hints(event)[name] for event in kind.of if name in event.__struct_fields__]
        always = len(hints) == len(kind.of) and type(None) not in getattr(hints[0], "__args__", ())
        fields.append((name, hints[0] if always else hints[0] | None, msgspec.NODEFAULT if always else None))
    title = "".join(part.capitalize() for part in kind.name.replace("_", ".").split("."))
    return msgspec.defstruct(title, fields, rename=camel, kw_only=True, frozen=True)


def schema(kind: PublicEvent) -> dict[str, Any]:
    """The JSON Schema of `data`; it admits fields that a later version adds."""
    told = msgspec.json.schema(data_type(kind), ref_template="#/$defs/{name}")
    name = told.pop("$ref").rpartition("/")[2]
    parts: dict[str, Any] = told.pop("$defs")
    own = parts.pop(name)
    return own | ({"$defs": parts} if parts else {})
