"""The table of R6 as data: how a task moves, and by whom.

Commands are checked against it, and the tests and the drawing in the reference are made of it.
"""

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

import msgspec

from domain.codes import NOT_A_PARTY, NOT_THE_BENEFICIARY, NOT_THE_PROMISER, NOT_THE_REQUESTER, TASK_NOT_IN_STATE, Code
from domain.kernel import Command, Refused, wire_name
from domain.promises import Promise, State, Terms, acting


class Party(StrEnum):
    """Who somebody is to a task."""

    PROMISER = "promiser"
    REQUESTER = "requester"
    BENEFICIARY = "beneficiary"
    OTHER = "other party"  # to the terms that wait for consent
    CONTRIBUTOR = "contributor"
    LEAD = "lead of the requester"  # of a team that they belong to, or of one above it


class Row(msgspec.Struct, frozen=True):
    """From these states the command, given by one of these, leads there; without states it brings the task into being.

    `own` is where it leads at once for a promiser who is the beneficiary, `says` what the command has to tell.
    """

    sources: tuple[State, ...]
    command: str
    by: tuple[Party, ...]
    to: State
    says: str = ""
    own: State | None = None


REQUESTED, COUNTERED, COMMITTED, DELIVERED = State.REQUESTED, State.COUNTERED, State.COMMITTED, State.DELIVERED
PROMISER, REQUESTER, BENEFICIARY = Party.PROMISER, Party.REQUESTER, Party.BENEFICIARY
OPEN = (REQUESTED, COUNTERED, COMMITTED, DELIVERED)
ENDS = tuple(state for state in State if state not in OPEN)

TABLE = (
    Row((), "request-task", (REQUESTER,), REQUESTED),
    Row((), "commit-task", (PROMISER,), COMMITTED),
    Row((REQUESTED,), "accept-task", (PROMISER,), COMMITTED),
    Row((REQUESTED,), "counter-task", (PROMISER,), COUNTERED, "other terms", own=COMMITTED),
    Row((REQUESTED, COUNTERED), "decline-task", (PROMISER,), State.DECLINED, "reason"),
    Row((REQUESTED, COUNTERED), "withdraw-request", (REQUESTER,), State.WITHDRAWN),
    Row((COUNTERED,), "agree-terms", (REQUESTER,), COMMITTED, "at the countered terms"),
    Row((COUNTERED,), "refuse-terms", (REQUESTER,), REQUESTED),
    Row((COMMITTED,), "renegotiate-task", (PROMISER, BENEFICIARY), COMMITTED, "new terms, reason; the old ones stand"),
    Row((COMMITTED,), "agree-terms", (Party.OTHER,), COMMITTED, "at the new terms"),
    Row((COMMITTED,), "refuse-terms", (Party.OTHER,), COMMITTED, "at the old terms"),
    Row((COMMITTED,), "block-task", (PROMISER,), COMMITTED, "kind, waiting for whom, next action, by when"),
    Row((COMMITTED,), "unblock-task", (PROMISER,), COMMITTED),
    Row((COMMITTED,), "deliver-task", (PROMISER,), DELIVERED, "evidence", own=State.KEPT),
    Row((DELIVERED,), "accept-delivery", (BENEFICIARY,), State.KEPT),
    Row((DELIVERED,), "return-delivery", (BENEFICIARY,), COMMITTED, "reason; the return is counted"),
    Row((COMMITTED, DELIVERED), "release-task", (BENEFICIARY,), State.RELEASED, "reason"),
    Row((COMMITTED,), "break-commitment", (PROMISER,), State.BROKEN, "reason"),
    Row((REQUESTED, COUNTERED, COMMITTED), "reassign-task", (REQUESTER, Party.LEAD), REQUESTED, "of the new promiser"),
)


class Beside(msgspec.Struct, frozen=True):
    """What one of these may do to a task in one of these states, and what moves it nowhere."""

    by: tuple[Party, ...]
    states: tuple[State, ...] = OPEN


EITHER = Beside((PROMISER, REQUESTER, BENEFICIARY))
WORKING = Beside((PROMISER, Party.CONTRIBUTOR), (COMMITTED,))
BESIDE: dict[str, Beside] = {
    "relink-task": EITHER,
    "wait-for-task": EITHER,
    "stop-waiting-for-task": EITHER,
    "contribute-to-task": Beside((Party.CONTRIBUTOR,), (COMMITTED,)),  # whoever would be one
    "stop-contributing": Beside((Party.CONTRIBUTOR,)),
    "add-check": Beside((PROMISER,)),
    "drop-check": Beside((PROMISER,)),
    "tick-check": WORKING,
    "untick-check": WORKING,
}

CONSENTS = frozenset({"agree-terms", "refuse-terms"})
MOVES = {(row.command, source): row for row in TABLE for source in row.sources}
CODES: dict[tuple[Party, ...], Code] = {
    (PROMISER,): NOT_THE_PROMISER,
    (BENEFICIARY,): NOT_THE_BENEFICIARY,
    (REQUESTER,): NOT_THE_REQUESTER,
    (REQUESTER, Party.LEAD): NOT_THE_REQUESTER,
}  # any other: NOT_A_PARTY


def admit(promise: Promise, command: Command, also: Collection[Party] = ()) -> Terms:
    """The terms in force; refuses what the table does not have, and whoever it does not give it to.

    `also`: who they are beside what the promise itself tells.
    """
    person_id = acting(command.issued)
    terms, state = promise.standing()
    name = wire_name(type(command))
    if name in BESIDE:
        by, where = BESIDE[name].by, BESIDE[name].states
    else:
        where = tuple(source for source in State if (name, source) in MOVES)
        by = MOVES[name, state].by if state in where else ()
    if state not in where:
        wanted = " or ".join(one.value.lower() for one in where)
        sentence = f"This is done to a task that is {wanted}; this one is {state.value.lower()}."
        raise Refused(TASK_NOT_IN_STATE, sentence, "taskId")
    if name in CONSENTS and promise.demand_open().proposer_id == person_id:
        raise Refused(NOT_A_PARTY, "Ask the other party to do this: nobody consents to their own word.", "taskId")
    if {*by} & {*parties(promise, person_id), *also}:
        return terms
    raise Refused(CODES.get(by, NOT_A_PARTY), f"Ask the {' or the '.join(by)} to do this.", "taskId")


def parties(promise: Promise, person_id: UUID) -> set[Party]:
    """Who somebody is to a task.

    Who asked on another's behalf may do what the beneficiary may, and the other way round; but what one promised to
    another one does not accept in their stead.
    """
    found: set[Party] = set()
    if person_id == promise.promiser_id:
        found.add(PROMISER)
    if person_id == promise.requester_id:
        found.add(REQUESTER)
    if person_id == promise.beneficiary_id or (person_id == promise.requester_id and PROMISER not in found):
        found |= {REQUESTER, BENEFICIARY}
    if person_id in promise.contributor_ids:
        found.add(Party.CONTRIBUTOR)
    if promise.proposed is not None:
        by_promiser = promise.proposed.proposer_id == promise.promiser_id
        found |= {Party.OTHER} if (BENEFICIARY if by_promiser else PROMISER) in found else set()
    return found
