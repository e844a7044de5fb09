"""What a source tells becomes readings, or is held back while the source is paused; issued by the system alone, so
that nobody can pass for a source."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid5

import msgspec

from domain.kernel import Command, Fold, Reads, SourceId
from domain.readings import ExternalId, Origin, ReadingHeldBack, ReadingTaken
from domain.references import NAMES
from domain.sources import Source, SourceHeardAgain, SourceState
from domain.taking import MOST_READINGS, ReadingGiven, Taking, decide_all
from domain.timekeeping import check_timekeeper
from domain.values import Role


class SourceReading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A value as a source tells it; without a day it is today's."""

    value: Decimal
    taken_on: date | None = None
    external_id: ExternalId | None = None


class HearSource(Command):
    """Take what a source tells, all of it or none; what it has told before adds nothing (R12)."""

    entity = "source_id"
    role = Role.OWNER

    source_id: SourceId
    readings: Annotated[tuple[SourceReading, ...], msgspec.Meta(max_length=MOST_READINGS)]

    def reads(self) -> Reads:
        self.source = Source(self.source_id)
        self.takings: list[Taking] = []
        yield [self.source]
        if self.source.connected is None:
            return
        self.takings = [self._taking(one) for one in self.readings]
        yield [fold for taking in self.takings for fold in taking.folds()]
        further = [taking.further() for taking in self.takings]
        while folds := [fold for one in further for fold in next(one, list[Fold[Any]]())]:
            yield folds

    def _taking(self, reading: SourceReading) -> Taking:
        connected = self.source.connected
        assert connected is not None  # noqa: S101 - looked at before
        told_as = reading.external_id or f"\0{reading.taken_on or self.issued.today}"
        given = ReadingGiven(
            measure_id=connected.measure_id,
            indicator_id=connected.indicator_id,
            value=reading.value,
            taken_on=reading.taken_on,
            source=(self.source.told or connected).title,
            external_id=reading.external_id,
        )
        return Taking(given, self.source_id, uuid5(NAMES, f"{self.source_id}\0{told_as}"))

    def execute(self) -> None:
        check_timekeeper(self.issued)
        connected = self.source.standing()
        held = self.source.state is SourceState.PAUSED
        for taken in decide_all(self.takings, Origin.SOURCE, self.issued, held):
            self.emit(self._held_back(taken) if held else taken)
        if self.source.silent_since is not None and self.readings:
            self.emit(
                SourceHeardAgain(
                    source_id=self.source_id,
                    measure_id=connected.measure_id,
                    indicator_id=connected.indicator_id,
                    outcome_id=connected.outcome_id,
                )
            )

    def _held_back(self, taken: ReadingTaken) -> ReadingHeldBack:
        assert taken.external_reading_id is not None  # noqa: S101 - every reading of a source has one
        return ReadingHeldBack(
            reading_id=taken.reading_id,
            source_id=self.source_id,
            value=taken.value,
            taken_on=taken.taken_on,
            external_reading_id=taken.external_reading_id,
            measure_id=taken.measure_id,
            outcome_id=taken.outcome_id,
            indicator_id=taken.indicator_id,
            external_id=taken.external_id,
        )
