"""Rows of a read model, made by hand: two organisations with versions that end and begin, nulls, ties and odd texts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import asyncpg

from projections.read_models import NAMES

SPACE = UUID("6f7ef1a2-58c8-4a5b-9d6e-0c58e5b6a7d1")
HEAD = 64
FIRST_DAY = date(2023, 1, 1)
BEGAN = datetime(2023, 1, 1, 9, tzinfo=UTC)
ODD = ['He said "no" \\ yes', "tab\tand\nline", "emoji 🚀 عربي", "Ünïcode \u202e", "ß", ""]
FINDABLE = [
    ("outcome", "title", "description"),
    ("objective", "title", "description"),
    ("measure", "title", "null"),
    ("indicator", "title", "description"),
    ("task", "title", "conditions"),
    ("milestone", "title", "null"),
    ("person", "name", "null"),
    ("team", "name", "null"),
    ("cycle", "title", "null"),
]


def id_of(organisation: str, kind: str, nth: int | str) -> UUID:
    return uuid5(SPACE, f"{organisation}/{kind}/{nth}")


class Rows:
    """Writes rows for one organisation."""

    def __init__(self, connection: asyncpg.Connection, name: str) -> None:
        self.connection = connection
        self.name = name
        self.id = id_of(name, "organisation", 0)

    def of(self, kind: str, nth: int | str) -> UUID:
        return id_of(self.name, kind, nth)

    def cause(self, nth: int) -> dict[str, UUID]:
        """By which command something was recorded."""
        return {f"{one}_id": self.of("command", nth) for one in ("command", "correlation", "causation")}

    async def add(self, table: str, row_id: UUID, since: int, until: int | None = None, **values: Any) -> None:
        names = ["organisation_id", "id", "since", "until", *values]
        places = ", ".join(f"${nth + 1}" for nth in range(len(names)))
        columns = ", ".join(f'"{one}"' for one in names)
        sql = f"insert into read.{table} ({columns}) values ({places})"
        await self.connection.execute(sql, self.id, row_id, since, until, *values.values())

    async def fill(self) -> None:
        await self._people()
        await self._strategy()
        for nth in range(12):
            await self._outcome(nth)
        await self._practice()
        await self._figures()
        await self._links()
        await self._tasks()
        await self._milestones()
        await self._escalations()
        await self._celebrations()
        await self._history()
        await self._findable()
        await self._news()
        await self._labels()
        for projection in NAMES:
            await self.connection.execute(
                "insert into read.checkpoint (organisation_id, projection, position) values ($1, $2, $3)",
                self.id,
                projection,
                HEAD,
            )

    async def _people(self) -> None:
        await self.add(
            "organisation", self.id, 1, name=f"{self.name} & Co", time_zone="Europe/Berlin", first_day_of_week=1,
            fiscal_year_starts_month=10, holidays='["2023-12-25", {"b": null, "a": 12345678901234567890}]',
            cadence_days=7, grace_days=3, on_track_from=Decimal("-0.10"), at_risk_from=Decimal("-0.25"),
            too_early_share=Decimal("0.10"), acknowledgement_days=7, focus_limit=5, green_from=Decimal("0.7"),
            amber_from=Decimal("0.4"), aspirational_success=Decimal("0.7"), small_number=5, default_roll_up="BOTH",
            block_days=7, effort_unit="POINTS",
        )  # fmt: skip
        for nth in range(4):
            await self.add(
                "person", self.of("person", nth), 2, name=f"{self.name} person {nth % 2} {ODD[nth]}",
                email=None if nth % 2 else f"p{nth}@{self.name}.example",
            )  # fmt: skip
        await self.add("person", self.of("person", 9), 2, name=f"{self.name} former", email=None, left_on=FIRST_DAY)
        await self.add("person_role", self.of("role", 0), 2, person_id=self.of("person", 0), role="OWNER")
        await self.add(
            "api_key", self.of("key", 0), 2, name="A key", role="OWNER", scopes=["read"], person_id=None,
            expires_on=None,
            lookup=f"look-{self.name}", digest="00", revoked=False,
        )  # fmt: skip
        await self.add(
            "delegation", self.of("delegation", 0), 5, person_id=self.of("person", 0),
            delegate_id=self.of("person", 1), starts_on=FIRST_DAY, ends_on=FIRST_DAY + timedelta(14), reason="Leave",
        )  # fmt: skip
        await self.add(
            "preferences", self.of("person", 0), 5, digest_weekday=1, digest_hour=8, quiet_from_hour=22,
            quiet_until_hour=7, language="de", time_zone="Pacific/Auckland",
        )  # fmt: skip
        for nth, unit in enumerate(["POINTS", "HOURS", "POINTS"]):
            await self.add(
                "capacity", self.of("capacity", nth), 5, person_id=self.of("person", nth), effective_on=FIRST_DAY,
                per_week=Decimal(5), unit=unit, reason=None,
            )  # fmt: skip
        for nth in range(5):
            parent = self.of("team", nth // 2) if nth > 1 else None
            await self.add(
                "team", self.of("team", nth), 3, 20 if nth == 4 else None, name=f"Team {nth}", parent_id=parent
            )
        await self.add("team", self.of("team", 9), 3, name="Team of old", parent_id=None, disbanded_on=FIRST_DAY)
        await self.add("team", self.of("team", 4), 20, None, name="Team four, renamed", parent_id=self.of("team", 0))
        for nth in range(4):
            ends = (self.of("team", nth % 2), self.of("person", nth))
            await self.add(
                "membership", self.of("membership", nth), 4, team_id=ends[0], person_id=ends[1], lead=nth == 0
            )

    async def _strategy(self) -> None:
        await self.add("strategy", self.id, 5, statement="Onwards", starts_on=FIRST_DAY, ends_on=None)
        titles = {"CUSTOMER": "What they feel", "FINANCIAL": "What it earns", "PLANET": ODD[2]}
        for place, (one, title) in enumerate(titles.items(), start=1):
            await self.add("perspective", self.of("perspective", one), 5, key=one, title=title, place=place)
        for nth in range(4):
            await self.add(
                "objective", self.of("objective", nth), 5, title=f"Objective {nth}", description=None,
                perspective=["FINANCIAL", "CUSTOMER"][nth % 2], team_id=None if nth else self.of("team", 0),
                is_retired=False,
            )  # fmt: skip
        await self.add(
            "objective", self.of("objective", 4), 5, title="Objective 4", description=None, perspective="FINANCIAL",
            is_retired=True, retired_reason=ODD[0],
        )  # fmt: skip
        for nth in range(3):
            ends = (self.of("objective", nth), self.of("objective", nth + 1))
            await self.add("cause", self.of("cause", nth), 6, objective_id=ends[0], drives_id=ends[1])
        for nth in range(2):
            await self.add(
                "cycle", self.of("cycle", nth), 6, title=f"Cycle {nth}", starts_on=FIRST_DAY + timedelta(180 * nth),
                ends_on=FIRST_DAY + timedelta(180 * nth + 180), parent_id=None, state=["RUNNING", "PLANNED"][nth],
            )  # fmt: skip
        await self.add(
            "focus_limit", self.of("limit", 0), 7, team_id=self.of("team", 0), person_id=None,
            cycle_id=self.of("cycle", 0), most=2, reason="Less is more",
        )  # fmt: skip

    async def _outcome(self, nth: int) -> None:
        since = 10 + nth
        values: dict[str, Any] = {
            "title": f"Outcome {nth // 3}{ODD[nth % len(ODD)]}",
            "description": None if nth % 3 else "Why",
            "cycle_id": self.of("cycle", nth % 2) if nth != 5 else None,
            "team_id": self.of("team", nth % 5) if nth % 4 else None,
            "owner_id": self.of("person", nth % 4),
            "reviewer_id": None,
            "ambition": ["COMMITTED", "ASPIRATIONAL"][nth % 2],
            "starts_on": FIRST_DAY if nth % 2 else None,
            "due_on": FIRST_DAY + timedelta(100 + nth // 2) if nth % 3 else None,
            "roll_up": None,
            "state": ["DRAFT", "ACTIVE", "ABANDONED"][nth % 3 if nth else 1],
            "state_reason": "The market moved" if nth % 3 == 2 else None,
            "rank": nth // 3 + 1 if nth % 3 == 0 else None,
        }
        row = self.of("outcome", nth)
        if nth % 3 == 1:
            await self.add("outcome", row, since, 40, **values)
            await self.add("outcome", row, 40, None, **{**values, "title": f"Renamed {nth // 3}", "team_id": None})
        else:
            await self.add("outcome", row, since, None, **values)
        for one in range(nth % 4):
            await self._measure(nth, one, since)
        if nth % 2:
            await self.add(
                "check_in", self.of("check-in", nth), since + 2, outcome_id=row, author_id=self.of("person", 0),
                confidence=Decimal("0.70"), status="AT_RISK", moved="some", set_back=None, next="more",
                dated=FIRST_DAY + timedelta(40 + nth), made_at=since + 2, revisions=0,
            )  # fmt: skip

    async def _measure(self, outcome: int, nth: int, since: int) -> None:
        key = f"{outcome}.{nth}"
        measure = self.of("measure", key)
        direction = ["INCREASE", "DECREASE", "KEEP_WITHIN"][nth]
        await self.add(
            "measure", measure, since, None, outcome_id=self.of("outcome", outcome), title=f"Measure {nth % 2}",
            unit_symbol=None if nth else "€", direction=direction, starts_on=FIRST_DAY, checkpoints="[]", steps="[]",
            is_leading=False, accumulates=False, series_id=measure, input_ids=[], is_retired=False,
        )  # fmt: skip
        target = None if (outcome, nth) == (7, 0) else Decimal("200.50")
        terms: dict[str, Any] = {
            "measure_id": measure, "effective_on": FIRST_DAY, "baseline": Decimal("100.00"), "target": target,
            "lower": Decimal(90), "upper": Decimal(210), "weight": Decimal("1.5"), "due_on": FIRST_DAY + timedelta(200),
            "reason": None,
        }  # fmt: skip
        await self.add("measure_terms", self.of("terms", key), since, None, **terms)
        revised = {**terms, "effective_on": FIRST_DAY + timedelta(60), "target": Decimal(300), "reason": "More"}
        await self.add("measure_terms", self.of("terms", f"{key}r"), 30, None, **revised)
        for one in range(6):
            corrected = one == 2
            values: dict[str, Any] = {
                "series_id": measure, "outcome_id": self.of("outcome", outcome), "value": Decimal(100 + 7 * one),
                "taken_on": FIRST_DAY + timedelta(20 * (one // 2)), "taken_at": since + 1, "note": ODD[one],
                "evidence": None, "origin": "PERSON", "corrections": 0,
            }  # fmt: skip
            row = self.of("reading", f"{key}.{one}")
            await self.add("reading", row, since + 1, 45 if corrected else None, **values)
            if corrected:
                exact = Decimal("123456789012345678.123456789012")
                await self.add("reading", row, 45, None, **{**values, "value": exact, "corrections": 1})

    async def _practice(self) -> None:
        for nth in range(1, 20, 3):
            await self.add("worked_on", self.of("outcome", nth), 26, None, started_on=FIRST_DAY)
        team, outcome = self.of("team", 1), self.of("outcome", 3)
        for nth in (3, 5):
            await self.add(
                "grade", self.of("outcome", nth), 41 + nth, None, grade=Decimal("0.6500"), suggested=Decimal("0.7"),
                success=nth == 5, graded_on=FIRST_DAY + timedelta(60), reason=ODD[1], cause="CAPACITY",
                lesson="Ask earlier", next_step="MODIFY" if nth == 3 else None,
                grader_id=self.of("person", 1) if nth == 3 else None,
            )  # fmt: skip
        for nth, (former, new) in enumerate(((1, 3), (3, 5), (3, 6))):
            await self.add(
                "succession", self.of("succession", nth), 42, None, outcome_id=self.of("outcome", former),
                successor_id=self.of("outcome", new),
            )  # fmt: skip
        cadence = {"weekday": 1, "grace_days": 2, "every_unit": "WEEKS"}
        await self.add("cadence", team, 26, None, every_count=2, team_id=team, outcome_id=None, **cadence)
        await self.add("cadence", outcome, 26, None, every_count=1, team_id=None, outcome_id=outcome, **cadence)
        await self.add(
            "acknowledgement", self.of("acknowledgement", 0), 27, None, check_in_id=self.of("check-in", 3),
            outcome_id=outcome, person_id=self.of("person", 1), note="read", acknowledged_on=FIRST_DAY + timedelta(50),
        )  # fmt: skip
        for nth, of in enumerate(({"outcome_id": outcome}, {"cycle_id": self.of("cycle", 0)})):
            await self.add(
                "acknowledgement", self.of("acknowledgement", 1 + nth), 60 + nth, None, person_id=self.of("person", 2),
                note=ODD[nth], acknowledged_on=FIRST_DAY + timedelta(70), **of,
            )  # fmt: skip
        for nth, about in enumerate((outcome, self.of("check-in", 3), self.of("decision", 0), self.of("task", 1))):
            await self.add(
                "comment", self.of("comment", nth), 28 + nth, None, about_id=about, author_id=self.of("person", 0),
                text=ODD[nth % len(ODD)], made_on=FIRST_DAY, made_at=28 + nth, reply_to_id=None,
            )  # fmt: skip
        for nth in range(6):
            await self.add(
                "declined_work", self.of("declined-work", nth), 30 + nth, None, title=f"Shop {nth}", reason=ODD[nth],
                declined_on=FIRST_DAY + timedelta(nth), until_on=FIRST_DAY + timedelta(30 * nth) if nth % 2 else None,
                team_id=team if nth % 3 else None, person_id=None if nth % 3 else self.of("person", 1),
                cycle_id=self.of("cycle", nth % 4 // 2) if nth < 5 else None,
                asked_by_id=self.of("person", 2) if nth == 1 else None,
                reconsidered_on=FIRST_DAY + timedelta(40) if nth == 3 else None,
                reconsidered_because="Now" if nth == 3 else None,
            )  # fmt: skip
        for nth in range(3):
            decision = self.of("decision", nth)
            await self.add(
                "decision", decision, 32 + nth, None, title=f"Decision {nth}", why=ODD[1], recorded_at=32 + nth,
                decided_on=FIRST_DAY + timedelta(nth), team_id=team if nth else None,
                reversed_on=FIRST_DAY + timedelta(9) if nth == 2 else None, reversed_because=None,
            )  # fmt: skip
            row = self.of("decided-by", nth)
            await self.add("decided_by", row, 32 + nth, None, decision_id=decision, person_id=self.of("person", nth))
            row = self.of("decided-of", nth)
            await self.add("decided_of", row, 32 + nth, None, decision_id=decision, outcome_id=outcome)

    async def _figures(self) -> None:
        visitors = self.of("indicator", 0)
        await self.add(
            "indicator", visitors, 30, None, title="Visitors", description=ODD[1], unit_symbol=None,
            unit_currency="EUR", unit_precision=2, lower=Decimal(10), upper=Decimal("99.5"), accumulates=False,
            resets=None, team_id=self.of("team", 0), owner_id=self.of("person", 0), source="Door", stale_after_days=7,
            is_retired=False,
        )  # fmt: skip
        for nth, value in enumerate((50, 150, 60)):
            await self.add(
                "reading", self.of("reading", f"visitors.{nth}"), 31 + nth, None, series_id=visitors, outcome_id=None,
                value=Decimal(value), taken_on=FIRST_DAY + timedelta(10 * nth), taken_at=31 + nth, note=None,
                evidence=None, origin="SOURCE", source="Door", external_id=str(nth), corrections=0,
            )  # fmt: skip
        await self.add(
            "boundary", self.of("boundary", 0), 34, None, outcome_id=self.of("outcome", 3), title="Not too many",
            figure_id=visitors, lower=None, upper=Decimal(100), reason=None,
        )  # fmt: skip

    async def _links(self) -> None:
        pairs = [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 3), (6, 2), (7, 6)]
        for lower, higher in pairs:
            await self.add(
                "alignment", self.of("alignment", f"{lower}-{higher}"), 25, 50 if lower == 4 else None,
                outcome_id=self.of("outcome", lower), higher_id=self.of("outcome", higher), objective_id=None,
                measure_id=None, weight=Decimal("0.5") if lower % 2 else Decimal(1),
            )  # fmt: skip
        await self.add(
            "outcome_share", self.of("share", 0), 25, None, outcome_id=self.of("outcome", 0),
            team_id=self.of("team", 1),
        )  # fmt: skip
        await self.add(
            "alignment", self.of("alignment", "0-o"), 25, None, outcome_id=self.of("outcome", 0), higher_id=None,
            objective_id=self.of("objective", 0), measure_id=None, weight=Decimal(1),
        )  # fmt: skip
        await self.add(
            "reference", self.of("reference", 0), 26, None, entity_id=self.of("outcome", 0), system="tracker",
            external_id=f"X-{self.name}", url=None,
        )  # fmt: skip

    async def _tasks(self) -> None:
        states = ["REQUESTED", "COMMITTED", "DELIVERED", "KEPT", "DECLINED", "WITHDRAWN", "BROKEN", "COMMITTED"]
        for nth, state in enumerate(states * 2):
            due = FIRST_DAY + timedelta(30 + nth % 5)
            task = self.of("task", nth)
            await self.add(
                "task", task, 30 + nth, None, title=f"Task {nth % 3}", conditions=None, due_on=due, first_due_on=due,
                effort=Decimal("2.50") if nth % 2 else None, state=state, promiser_id=self.of("person", nth % 3),
                first_promiser_id=self.of("person", nth % 4), acceptance_passed_on=due if nth == 2 else None,
                beneficiary_id=self.of("person", (nth + 1) % 3), requester_id=None,
                outcome_id=self.of("outcome", nth % 6) if nth % 4 else None,
                initiative_id=self.of("initiative", nth % 6) if nth % 4 == 1 else None,
                team_id=self.of("team", 0) if nth == 8 else None,
                serves_nothing=None if nth % 4 else "Housekeeping", requested_on=None, committed_on=FIRST_DAY,
                delivered_on=due if state == "DELIVERED" else None, ended_on=None, end_reason=None, returns=0,
                renegotiations=0, recurs_every=2 if nth in {3, 7} else None,
                recurs_unit="MONTHS" if nth in {3, 7} else None,
                recurs_until=FIRST_DAY + timedelta(400) if nth == 7 else None,
                former_id=self.of("task", 3) if nth == 7 else None,
                delivery_links='[{"url": "https://pages.example/2", "title": null}]' if nth == 2 else None,
            )  # fmt: skip
            if nth % 3 == 0:
                await self.add(
                    "former_due", self.of("former", nth), 47, None, task_id=task, due_on=due - timedelta(9),
                    replaced_on=due - timedelta(10),
                )  # fmt: skip
        for nth, (kind, whom) in enumerate((("DECISION", "person"), ("WORK", "team"), ("ACCESS", ""))):
            await self.add(
                "task_block", self.of("block", nth), 48, None, task_id=self.of("task", 8 * nth + 1), kind=kind,
                waiting_for_person_id=self.of("person", 2) if whom == "person" else None,
                waiting_for_team_id=self.of("team", 0) if whom == "team" else None,
                waiting_for=None if whom else "The landlord", next_action="Ask again", act_by=FIRST_DAY + timedelta(40),
                blocked_on=FIRST_DAY + timedelta(20), aged_on=FIRST_DAY + timedelta(30) if nth else None,
            )  # fmt: skip
        for nth in range(6):
            await self.add(
                "initiative", self.of("initiative", nth), 29, None, outcome_id=self.of("outcome", nth),
                title=f"Bundle {nth}", description=ODD[nth % len(ODD)],
                owner_id=self.of("person", 1) if nth % 2 else None,
                starts_on=FIRST_DAY, due_on=FIRST_DAY + timedelta(60), state="DROPPED" if nth == 3 else "OPEN",
                ended_on=FIRST_DAY + timedelta(9) if nth == 3 else None, end_reason="Too dear" if nth == 3 else None,
            )  # fmt: skip
        for nth, (waits, awaited) in enumerate(((1, 8), (7, 1), (9, 7))):
            await self.add(
                "task_wait", self.of("wait", nth), 48, None, task_id=self.of("task", waits),
                awaited_id=self.of("task", awaited), waits_since=FIRST_DAY,
            )  # fmt: skip
        for nth in range(3):
            await self.add(
                "task_contributor", self.of("contributor", nth), 48 + nth, None, task_id=self.of("task", nth),
                person_id=self.of("person", 3 - nth), begun_on=FIRST_DAY + timedelta(nth),
            )  # fmt: skip
            await self.add(
                "task_check", self.of("check", nth), 50 - nth, None, task_id=self.of("task", 1), title=ODD[nth],
                place=40 + nth, added_on=FIRST_DAY, ticked_on=FIRST_DAY + timedelta(3) if nth == 1 else None,
                ticked_by_id=self.of("person", 1) if nth == 1 else None,
            )  # fmt: skip
        await self.add(
            "due_passed", self.of("passed", 0), 48, None, task_id=self.of("task", 1), due_on=FIRST_DAY,
            noted_on=FIRST_DAY + timedelta(1),
        )  # fmt: skip
        await self.add(
            "proposed_terms", self.of("proposed", 0), 48, None, task_id=self.of("task", 1),
            proposer_id=self.of("person", 1), title=None, conditions=None, due_on=FIRST_DAY + timedelta(50),
            effort=None,
            reason="Ill", state="OPEN",
        )  # fmt: skip

    async def _escalations(self) -> None:
        for holder, steps in (
            (self.id, '[{"fact":"DUE_PASSED","days":3,"to":"LEADS"},{"fact":"BLOCK_AGED","days":1,"to":"OWNER"}]'),
            (self.of("team", 2), '[{"fact":"DUE_PASSED","days":2,"to":"BENEFICIARY"}]'),
        ):
            team_id = None if holder == self.id else holder
            await self.add("escalation_ladder", holder, 49, None, steps=steps, reason=ODD[0], team_id=team_id)
        outcome, check_in = self.of("outcome", 7), self.of("check-in", 7)
        await self.add("missed_check_in", self.of("missed", 0), 49, None, outcome_id=outcome, due_on=FIRST_DAY)
        await self.add(
            "late_acknowledgement", self.of("late", 0), 49, None, check_in_id=check_in, waiting_since=FIRST_DAY
        )  # fmt: skip
        due, served = FIRST_DAY + timedelta(31), {"task_id": self.of("task", 1), "serves_id": self.of("outcome", 1)}
        facts: list[tuple[str, int, dict[str, Any]]] = [
            ("DUE_PASSED", 3, {**served, "stands_since": due}),
            ("DUE_PASSED", 9, {**served, "stands_since": due}),
            ("DUE_PASSED", 3, {**served, "stands_since": FIRST_DAY}),  # over: another day is due
            ("ACCEPTANCE_PASSED", 3, {"task_id": self.of("task", 2), "stands_since": due + timedelta(1)}),
            ("BLOCK_AGED", 3, {"task_id": self.of("task", 9), "stands_since": FIRST_DAY + timedelta(20)}),
            ("CHECK_IN_MISSED", 3, {"outcome_id": outcome, "stands_since": FIRST_DAY}),
            ("ACKNOWLEDGEMENT_PASSED", 3, {"outcome_id": outcome, "check_in_id": check_in, "stands_since": FIRST_DAY}),
        ]
        for nth, (fact, days, about) in enumerate(facts):
            escalation = self.of("escalation", nth)
            of = {"task_id": None, "serves_id": None, "outcome_id": None, "check_in_id": None} | about
            await self.add(
                "escalation", escalation, 50 + nth, None, fact=fact, days=days, receiver="LEADS", holder_id=self.id,
                noted_on=FIRST_DAY + timedelta(44 + nth), **of,
            )  # fmt: skip
            for person in {0, nth % 4}:
                await self.add(
                    "escalated_to", self.of("escalated-to", f"{nth}.{person}"), 50 + nth, None,
                    escalation_id=escalation, person_id=self.of("person", person),
                    outcome_id=of["outcome_id"] or of["serves_id"],
                )  # fmt: skip

    async def _milestones(self) -> None:
        for nth in range(6):
            reached, missed, moved = nth == 2, nth == 3, nth % 2
            shown = f'[{{"url": "https://{self.name}.example/shown", "title": null}}]'
            await self.add(
                "milestone", self.of("milestone", nth), 31, 50 if nth == 5 else None,
                outcome_id=self.of("outcome", nth % 4 if nth > 3 else nth % 2), title=f"Milestone {nth}",
                due_on=FIRST_DAY + timedelta(50 - nth), first_due_on=FIRST_DAY + timedelta(40), moves=moved,
                weight=Decimal(nth % 3), owner_id=self.of("person", nth % 3) if nth % 3 else None,
                reached_on=FIRST_DAY + timedelta(60) if reached else None, days_late=12 if reached else None,
                days_early=0 if reached else None, note="At last" if reached else None,
                evidence=shown if reached else "[]", missed_on=FIRST_DAY + timedelta(49) if missed else None,
                missed_because="Rain" if missed else None, withdrawn_because=None,
                initiative_id=self.of("initiative", nth % 4) if nth in {1, 4, 5} else None,
                state="REACHED" if reached else "MISSED" if missed else "PLANNED",
            )  # fmt: skip
            if moved:
                await self.add(
                    "former_day", self.of("former-day", nth), 32, None, milestone_id=self.of("milestone", nth),
                    outcome_id=self.of("outcome", nth % 4 if nth > 3 else nth % 2), due_on=FIRST_DAY + timedelta(40),
                    replaced_on=FIRST_DAY + timedelta(30), reason="Later",
                )  # fmt: skip
        for nth, (one, other) in enumerate(((0, 1), (0, 2), (1, 2), (4, 0))):
            outcomes = [self.of("outcome", each % 4 if each > 3 else each % 2) for each in (one, other)]
            await self.add(
                "awaited_milestone", self.of("awaited", nth), 33, None, milestone_id=self.of("milestone", one),
                outcome_id=outcomes[0], awaited_id=self.of("milestone", other), awaited_outcome_id=outcomes[1],
            )  # fmt: skip

    async def _celebrations(self) -> None:
        won = [("milestone", 1, 1), ("outcome", 1, 1), ("task", 7, 1), ("task", 8, None)]
        for nth, (kind, one, outcome) in enumerate(won):
            outcome_id = None if outcome is None else self.of("outcome", outcome)
            about = self.of(kind, one)
            await self.add(
                "celebration", self.of("celebration", nth), 51, None, title=f"Bravo {nth}", text=ODD[nth],
                celebrated_on=FIRST_DAY + timedelta(40 + nth * 10), author_id=self.of("person", nth % 2),
                about_id=about, outcome_id=outcome_id, milestone_id=about if kind == "milestone" else None,
                task_id=about if kind == "task" else None, withdrawn_on=None, withdrawn_because=None,
            )  # fmt: skip
            for person in range(nth):
                await self.add(
                    "celebrated_person", self.of("celebrated", f"{nth}.{person}"), 51, None,
                    celebration_id=self.of("celebration", nth), person_id=self.of("person", person),
                    outcome_id=outcome_id,
                )  # fmt: skip
                await self.add(
                    "cheer", self.of("cheer", f"{nth}.{person}"), 52, 60 if person == 1 else None,
                    celebration_id=self.of("celebration", nth), person_id=self.of("person", person),
                    outcome_id=outcome_id, cheered_on=FIRST_DAY + timedelta(45 + nth),
                )  # fmt: skip
        await self.add(
            "comment", self.of("comment", "celebration"), 53, None, about_id=self.of("celebration", 1),
            author_id=self.of("person", 2), text="Hurrah", made_on=FIRST_DAY + timedelta(52), made_at=53,
            reply_to_id=None,
        )  # fmt: skip

    async def _history(self) -> None:
        for position in range(1, 61):
            entity = self.of("outcome", position % 6)
            entry = self.of("entry", position)
            recorded = BEGAN + timedelta(days=position, microseconds=100_000 * (position % 3))
            await self.add(
                "entry", entry, position, None, position=position, entity_id=entity, type="outcome.set",
                recorded_at=recorded, occurred_at=recorded - timedelta(hours=1),
                actor=f"person:{self.of('person', 0)}" if position % 2 else f"key:{self.of('key', 0)}",
                actor_id=self.of("person", 0) if position % 2 else self.of("key", 0),
                key_id=None if position % 3 else self.of("key", 0), **self.cause(position // 2),
                reason="Because" if position % 5 == 0 else None,
                said=f'{{"title": "Title {position}", "weight": {position // 12},'
                ' "kind": {"x": null, "y": [1, 2.5]}}',
            )  # fmt: skip
            await self.add(
                "concerned", entity, position, None, entry_id=entry, position=position,
            )  # fmt: skip

    async def _news(self) -> None:
        person, task = self.of("person", 0), self.of("task", 1)
        told = [
            ("role.granted", person, [person]),
            ("task.committed", task, [task, person, self.of("outcome", 1)]),
            ("api-key.issued", self.of("key", 0), [self.of("key", 0)]),
            ("team.moved", self.of("team", 0), [self.of("team", 0)]),
        ]
        for position, (name, entity, concerned) in enumerate(told, start=61):
            entry = self.of("entry", position)
            at = BEGAN + timedelta(days=position)
            await self.add(
                "entry", entry, position, None, position=position, entity_id=entity, type=name, recorded_at=at,
                occurred_at=at, actor=f"person:{person}", actor_id=person, reason=None, said="{}",
                **self.cause(position),
            )  # fmt: skip
            for one in concerned:
                await self.add("concerned", one, position, None, entry_id=entry, position=position)
        for nth, kind, until in ((0, "team", None), (3, "outcome", 50), (1, "task", None)):
            await self.add(
                "following", self.of("following", nth), 40 + nth, until, person_id=person,
                entity_id=self.of(kind, nth), kind=kind.upper(),
            )  # fmt: skip
        await self.add(
            "following", self.of("following", 9), 40, None, person_id=self.of("person", 1),
            entity_id=self.of("team", 1), kind="TEAM",
        )  # fmt: skip

    async def _labels(self) -> None:
        for nth, name in enumerate(("Growth", "growing", "Zeal")):
            await self.add("tag", self.of("tag", nth), 41, None, name=name, description=ODD[nth] if nth else None)
        bearers = (("outcome", 0), ("outcome", 2), ("task", 1), ("team", 0), ("person", 0), ("objective", 0))
        for nth, (kind, one) in enumerate((*bearers, ("milestone", 0), ("measure", "1.0"))):
            entity = self.of(kind, one)
            await self.add(
                "tagging", self.of("tagging", nth), 42, 50 if nth == 1 else None, entity_id=entity,
                tag_id=self.of("tag", nth % 2),
            )  # fmt: skip
            await self.add(
                "link", self.of("link", nth), 43, None, entity_id=entity, url=f"https://{self.name}.example/{nth}",
                title=ODD[nth % len(ODD)] if nth % 2 else None,
            )  # fmt: skip
        await self.add(
            "tagging", self.of("tagging", 9), 42, None, entity_id=self.of("outcome", 0), tag_id=self.of("tag", 1)
        )  # fmt: skip

    async def put(self, table: str, **values: Any) -> None:
        """A row of what is kept beside the read models."""
        names, places = ", ".join(values), ", ".join(f"${nth + 2}" for nth in range(len(values)))
        sql = f"insert into {table} (organisation_id, {names}) values ($1, {places})"
        await self.connection.execute(sql, self.id, *values.values())

    async def _findable(self) -> None:
        for table, title, description in FINDABLE:
            await self.connection.execute(
                "insert into read.findable (organisation_id, id, since, until, kind, title, description)"
                f" select organisation_id, id, since, until, '{table.upper()}', {title}, {description}"
                f" from read.{table} where organisation_id = $1",
                self.id,
            )


async def fill(connection: asyncpg.Connection) -> None:
    """Two organisations with the same shapes and other ids."""
    for name in ("alpha", "beta"):
        await Rows(connection, name).fill()
