"""Notices: by which way a person is told what waits for them, how often, and of what at once. When the digest comes and
when nothing does is told by their preferences."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import ADDRESS_MISSING, PERSON_REQUIRED
from domain.kernel import OF_PERSON, Command, Event, Fold, PersonId, Reads, Refused
from domain.people import Particulars
from domain.timekeeping import check_timekeeper
from domain.values import Invalid
from domain.webhooks import Receiver


class Channel(StrEnum):
    """The way on which notices go out: to the person's own address, to a chat, or to a program."""

    EMAIL = "EMAIL"
    SLACK = "SLACK"
    TEAMS = "TEAMS"
    WEBHOOK = "WEBHOOK"


class Rhythm(StrEnum):
    """How often a digest comes."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"


class DutyKind(StrEnum):
    """What can wait for somebody, as the inbox has it."""

    ESCALATED = "ESCALATED"
    ACCEPT_DELIVERY = "ACCEPT_DELIVERY"
    ANSWER_TERMS = "ANSWER_TERMS"
    ANSWER_REQUEST = "ANSWER_REQUEST"
    DELIVER = "DELIVER"
    CLEAR_BLOCK = "CLEAR_BLOCK"
    ACKNOWLEDGEMENT_DUE = "ACKNOWLEDGEMENT_DUE"
    GRADE = "GRADE"
    MILESTONE_PASSED = "MILESTONE_PASSED"
    CHECK_IN_DUE = "CHECK_IN_DUE"
    GRADE_ACKNOWLEDGEMENT_DUE = "GRADE_ACKNOWLEDGEMENT_DUE"
    REVIEW_ACKNOWLEDGEMENT_DUE = "REVIEW_ACKNOWLEDGEMENT_DUE"
    SOURCE_SILENT = "SOURCE_SILENT"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    RECONSIDER = "RECONSIDER"


class NoticeProblem(StrEnum):
    """Why a notice could not be brought to somebody."""

    NOT_REACHED = "NOT_REACHED"
    REFUSED = "REFUSED"  # the other side wants no more of it, or knows no such address
    NOT_ALLOWED = "NOT_ALLOWED"  # nothing is sent to such an address


class NoticesSet(Event, frozen=True, tag="notices.set"):
    """All of how a person is told on one channel from now on; neither a digest nor anything at once: nothing."""

    person_id: PersonId
    channel: Channel
    rhythm: Rhythm | None = None
    urgent: tuple[DutyKind, ...] = ()
    # Of a chat or a program, a secret of theirs; its pattern is the command's, for a sealed text has another one.
    receiver: Annotated[Annotated[str, msgspec.Meta(max_length=2_000)], OF_PERSON] | None = None
    secret_id: UUID | None = None  # what notices to a program are signed with is made of it


class NoticesStopped(Event, frozen=True, tag="notices.stopped"):
    """Somebody who had a notice before them wants no more of them on its channel."""

    person_id: PersonId
    channel: Channel


class NoticeFailed(Event, frozen=True, tag="notices.failed"):
    """What was to be told did not arrive, however often it was tried; noted once a day."""

    person_id: PersonId
    channel: Channel
    problem: NoticeProblem
    failed_on: date


NoticesEvent = NoticesSet | NoticesStopped | NoticeFailed


class Notices(Fold[NoticesEvent]):
    """How a person is told, by channel; nothing where they never said."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.told: dict[Channel, NoticesSet] = {}
        self.failed_on: dict[Channel, date] = {}

    def fold(self, event: NoticesEvent) -> None:
        match event:
            case NoticesSet():
                self.told[event.channel] = event
            case NoticesStopped():
                self.told.pop(event.channel, None)
            case NoticeFailed():
                self.failed_on[event.channel] = event.failed_on

    def on(self, channel: Channel) -> NoticesSet | None:
        """What was said of a channel that is on."""
        told = self.told.get(channel)
        return told if told and (told.rhythm or told.urgent) else None


class SetNotices(Command):
    """Say what you are told on a channel: a digest of what waits for you, daily or weekly at the hour of your
    preferences (Monday at 8 where they name none), and kinds of duties at once, outside your quiet hours.

    What is left out is unsaid; a channel without both is off, and forgets its address. Give the address of a chat's
    incoming webhook, or of your program, as `receiver`: nobody is shown it again, and it stays until you give another.
    For a program you get the secret by which it knows our notices this once. Refused where the key stands for no
    person, or no address is known.
    """

    channel: Channel
    secret_id: UUID
    rhythm: Rhythm | None = None
    urgent: tuple[DutyKind, ...] = ()
    receiver: Receiver | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.urgent = tuple(sorted(set(self.urgent), key=list(DutyKind).index))
        if self.channel is Channel.EMAIL and self.receiver is not None:
            raise Invalid("Leave the receiver out: e-mail goes to the address that you are known by.", "receiver")
        if self.receiver is not None and not (self.rhythm or self.urgent):
            raise Invalid("Leave the receiver out: a channel that is off needs none.", "receiver")

    def reads(self) -> Reads:
        self.notices: Notices | None = None
        self.particulars: Particulars | None = None
        if self.issued.person_id:
            self.notices = Notices(self.issued.person_id)
            self.particulars = Particulars(self.issued.person_id)
            yield [self.notices, self.particulars]

    def execute(self) -> None:
        if self.issued.person_id is None or self.notices is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: notices are somebody's.")
        was = self.notices.on(self.channel)
        if not (self.rhythm or self.urgent):
            if was:
                self.emit(NoticesSet(person_id=self.issued.person_id, channel=self.channel))
            return
        said = self._said(self.issued.person_id, was)
        self._check_address(said)
        if said != was:
            self.emit(said)

    def _said(self, person_id: UUID, was: NoticesSet | None) -> NoticesSet:
        """With the address that stands, and its secret, where no other is given."""
        signed = self.channel is Channel.WEBHOOK
        stays = self.receiver is None
        return NoticesSet(
            person_id=person_id,
            channel=self.channel,
            rhythm=self.rhythm,
            urgent=self.urgent,
            receiver=(was and was.receiver) if stays else self.receiver,
            secret_id=(was and was.secret_id) if stays else self.secret_id if signed else None,
        )

    def _check_address(self, said: NoticesSet) -> None:
        if said.channel is not Channel.EMAIL:
            if said.receiver is None:
                raise Refused(ADDRESS_MISSING, "Give the address to send to as receiver.", "receiver")
            return
        latest = self.particulars.latest if self.particulars else None
        if latest is None or latest.email is None:
            raise Refused(ADDRESS_MISSING, "Have your e-mail address put down first: revise-person does.", "channel")


class NoteNoticesStopped(Command):
    """Note that the link in a notice was followed, and its button pressed."""

    entity = "person_id"

    person_id: PersonId
    channel: Channel

    def reads(self) -> Reads:
        self.notices = Notices(self.person_id)
        yield [self.notices]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        if self.notices.on(self.channel):
            self.emit(NoticesStopped(person_id=self.person_id, channel=self.channel))


class NoteNoticeFailed(Command):
    """Note that a notice did not arrive."""

    entity = "person_id"

    person_id: PersonId
    channel: Channel
    problem: NoticeProblem

    def reads(self) -> Reads:
        self.notices = Notices(self.person_id)
        yield [self.notices]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        if self.notices.on(self.channel) and self.notices.failed_on.get(self.channel) != self.issued.today:
            self.emit(
                NoticeFailed(
                    person_id=self.person_id,
                    channel=self.channel,
                    problem=self.problem,
                    failed_on=self.issued.today,
                )
            )
