"""Every refusal code: its name, the rule it keeps, and what is the case when it is answered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A stable name that clients may rely on; `rule` is a rule of the domain, or empty."""

    name: str
    rule: str
    meaning: str

    def __str__(self) -> str:
        return self.name


# Requests
INVALID = Code("INVALID", "", "A value is missing, of the wrong kind, or outside its limits.")
NOT_FOUND = Code("NOT_FOUND", "", "There is no such thing in the organisation.")
ALREADY_EXISTS = Code("ALREADY_EXISTS", "", "The id has been used for something else.")
REFERENCE_TAKEN = Code("REFERENCE_TAKEN", "", "Another entity bears this external reference.")
TAG_NAME_TAKEN = Code("TAG_NAME_TAKEN", "", "Another tag of the vocabulary has this name.")
IDENTITY_TAKEN = Code("IDENTITY_TAKEN", "", "The identity of the sign-on service is another person's.")
NOT_ALLOWED = Code("NOT_ALLOWED", "", "The role of the caller does not reach this command.")
PERSON_REQUIRED = Code("PERSON_REQUIRED", "", "Only a person can do this, and the key stands for none.")
CONFLICT = Code("CONFLICT", "", "Others decided on the same facts at the same time; nothing was recorded.")
STALE_POSITION = Code("STALE_POSITION", "", "What the command depends on has changed since the expected position.")
IDEMPOTENCY_KEY_REUSED = Code("IDEMPOTENCY_KEY_REUSED", "R12", "The key has been used for another command.")
OCCURRED_IN_FUTURE = Code("OCCURRED_IN_FUTURE", "", "What is recorded has happened; it cannot lie in the future.")
DAY_IN_FUTURE = Code("DAY_IN_FUTURE", "", "The day lies in the future.")

# Strategy
PERSPECTIVE_UNKNOWN = Code("PERSPECTIVE_UNKNOWN", "", "The strategy map has no such perspective.")
PERSPECTIVE_IN_USE = Code("PERSPECTIVE_IN_USE", "", "Objectives stand in the perspective.")
OBJECTIVE_RETIRED = Code("OBJECTIVE_RETIRED", "", "The strategic objective has left the map.")

# Outcomes, focus, alignment
OUTCOME_NOT_READY = Code("OUTCOME_NOT_READY", "R1", "The outcome lacks what an active outcome needs.")
FOCUS_LIMIT_REACHED = Code("FOCUS_LIMIT_REACHED", "R2", "As many outcomes are active as the focus limit allows.")
ALIGNMENT_CIRCLE = Code("ALIGNMENT_CIRCLE", "R3", "The outcome would serve itself by way of others.")
CAUSE_CIRCLE = Code("CAUSE_CIRCLE", "R3", "The objective would drive itself by way of others.")
TEAM_CIRCLE = Code("TEAM_CIRCLE", "R3", "The team would lie inside itself.")
OUTCOME_ENDED = Code("OUTCOME_ENDED", "", "The outcome has been abandoned or withdrawn.")
OUTCOME_NOT_IN_STATE = Code("OUTCOME_NOT_IN_STATE", "", "The outcome is not in a state from which this can be done.")
REASON_MISSING = Code("REASON_MISSING", "", "What is worked on already changes only with a reason.")
REVIEWER_IS_OWNER = Code("REVIEWER_IS_OWNER", "", "Whoever owns an outcome can't review it.")
NOT_THEIR_OUTCOME = Code("NOT_THEIR_OUTCOME", "", "An outcome belongs to another team or another cycle.")
CYCLE_OUTSIDE_PARENT = Code("CYCLE_OUTSIDE_PARENT", "", "The cycle has days that its parent has not.")
CYCLE_ENDS_EARLIER = Code("CYCLE_ENDS_EARLIER", "R16", "The cycle ends before the one that the outcome comes from.")
INNER_CYCLES_OPEN = Code("INNER_CYCLES_OPEN", "R8", "A cycle inside this one is running or in review.")
CYCLE_NOT_IN_STATE = Code("CYCLE_NOT_IN_STATE", "R8", "The cycle does not stand where this can be done.")
CYCLE_CLOSED = Code("CYCLE_CLOSED", "R8", "The cycle is closed and takes corrections only.")
OUTCOMES_UNGRADED = Code("OUTCOMES_UNGRADED", "R8", "Outcomes of the cycle are neither graded nor carried over.")
GRADE_MISSING = Code("GRADE_MISSING", "R8", "No grade can be suggested, and none is stated.")
GRADE_NEEDS_REASON = Code("GRADE_NEEDS_REASON", "R8", "Another grade than the suggested one, or one out of time.")
LESSON_MISSING = Code("LESSON_MISSING", "R8", "What was missed has to tell its cause and lesson.")

# Webhooks
WEBHOOK_NOT_IN_STATE = Code("WEBHOOK_NOT_IN_STATE", "", "The webhook rests, is disabled, or is removed.")
WEBHOOK_LIMIT_REACHED = Code("WEBHOOK_LIMIT_REACHED", "", "The organisation has as many webhooks as it may have.")

# Sources
SOURCE_LIMIT_REACHED = Code("SOURCE_LIMIT_REACHED", "", "The organisation has as many sources as it may have.")
SOURCE_DISCONNECTED = Code("SOURCE_DISCONNECTED", "", "The source feeds nothing any more.")
SOURCE_THERE = Code("SOURCE_THERE", "", "A source feeds the measure or the indicator already.")
SOURCE_MISSING = Code("SOURCE_MISSING", "", "No source feeds the measure or the indicator.")
SOURCE_UNREADABLE = Code("SOURCE_UNREADABLE", "", "No reading can be found in what the source told.")

# Notices
ADDRESS_MISSING = Code("ADDRESS_MISSING", "", "There is no address to send a notice to.")

# Leaving
DUTIES_LEFT = Code("DUTIES_LEFT", "R14", "Whoever leaves has duties that nobody takes.")
PERSON_FORGOTTEN = Code("PERSON_FORGOTTEN", "R11", "The person has been forgotten.")
PERSON_LEFT = Code("PERSON_LEFT", "R14", "The person has left.")
TEAM_DISBANDED = Code("TEAM_DISBANDED", "R14", "The team has been disbanded.")

# Measures
TARGET_IS_BASELINE = Code("TARGET_IS_BASELINE", "", "Baseline and target are the same, so no progress can be told.")
TERMS_MISSING = Code("TERMS_MISSING", "", "The direction of the measure needs other terms.")
MEASURE_RETIRED = Code("MEASURE_RETIRED", "", "The measure counts no longer.")
INDICATOR_RETIRED = Code("INDICATOR_RETIRED", "", "The indicator is kept no longer.")
COMPUTATION_CIRCLE = Code("COMPUTATION_CIRCLE", "R3", "The measure would be computed from itself by way of others.")
NOT_READ_DIRECTLY = Code("NOT_READ_DIRECTLY", "", "The value of the measure comes from an indicator or other measures.")
READING_VOIDED = Code("READING_VOIDED", "R9", "The reading has been declared void.")
READING_DIFFERS = Code("READING_DIFFERS", "R12", "The source has told another value under this id.")
READINGS_REFUSED = Code("READINGS_REFUSED", "", "Some of many readings can't be taken, so none was.")
UNITS_MIXED = Code("UNITS_MIXED", "", "Values in different units cannot be added up.")

# Tasks
SERVES_NOTHING_SAID = Code("SERVES_NOTHING_SAID", "R4", "The task says neither which outcome it serves nor why none.")
INITIATIVE_ENDED = Code("INITIATIVE_ENDED", "R4", "The initiative is done, or was dropped.")
WAITING_CIRCLE = Code("WAITING_CIRCLE", "R3", "The task would wait for itself by way of others.")
NOT_THE_PROMISER = Code("NOT_THE_PROMISER", "R5", "Only the promiser may do this.")
NOT_THE_REQUESTER = Code("NOT_THE_REQUESTER", "R6", "Only the requester may do this.")
NOT_THE_BENEFICIARY = Code("NOT_THE_BENEFICIARY", "R6", "Only the beneficiary may do this.")
NOT_A_PARTY = Code("NOT_A_PARTY", "R5", "Only the other party to the terms may do this.")
TASK_NOT_IN_STATE = Code("TASK_NOT_IN_STATE", "R6", "The task is not in a state from which this can be done.")
TERMS_OPEN = Code("TERMS_OPEN", "R5", "New terms are waiting for consent already.")
TASK_BLOCKED = Code("TASK_BLOCKED", "R6", "The task is blocked already.")
TASK_NOT_BLOCKED = Code("TASK_NOT_BLOCKED", "R6", "Nothing blocks the task.")
NO_TERMS_OPEN = Code("NO_TERMS_OPEN", "R5", "No new terms are waiting for consent.")

# Practice
CHECK_IN_RETRACTED = Code("CHECK_IN_RETRACTED", "R9", "The check-in was taken back.")
COMMENT_RETRACTED = Code("COMMENT_RETRACTED", "R9", "The comment was taken back.")
DECISION_REVERSED = Code("DECISION_REVERSED", "R9", "The decision has been reversed.")

# Milestones
MILESTONE_REACHED = Code("MILESTONE_REACHED", "R7", "The milestone has been reached already.")
MILESTONE_MISSED = Code("MILESTONE_MISSED", "R7", "It is on record that the milestone was missed.")
MILESTONE_WITHDRAWN = Code("MILESTONE_WITHDRAWN", "", "The milestone has been withdrawn and counts nowhere.")
MILESTONE_NOT_PASSED = Code("MILESTONE_NOT_PASSED", "R7", "The day of the milestone has not passed.")
MILESTONE_WAITS = Code("MILESTONE_WAITS", "R7", "The milestone waits for others that have not been reached.")
MILESTONE_CIRCLE = Code("MILESTONE_CIRCLE", "R3", "The milestone would wait for itself by way of others.")
MILESTONES_OPEN = Code("MILESTONES_OPEN", "", "Milestones of the initiative are open.")
CELEBRATION_WITHDRAWN = Code("CELEBRATION_WITHDRAWN", "", "The celebration has been withdrawn.")
NOT_YET_WON = Code("NOT_YET_WON", "", "What is celebrated has not come about.")

ALL: dict[str, Code] = {code.name: code for code in list(globals().values()) if isinstance(code, Code)}
