"""Harbour Bakery Co-operative: ten people, four teams, and a promise in every state, told as of a day."""

import argparse
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from examples.demo.former import tell_former_quarter
from examples.demo.promises import tell_promises
from examples.demo.story import NAMESPACE, ZONE, Story, entity
from examples.lines import Line, write

FOUNDED, YEAR_BEGAN, QUARTER_BEGAN = 190, 175, 56
YEAR, QUARTER = entity("cycle", "year"), entity("cycle", "quarter")
YEAR_ENDS, QUARTER_ENDS = -189, -35  # ahead
PEOPLE = {
    "mara": "Mara Ellwood",
    "tom": "Tomas Reyes",
    "ines": "Ines Okafor",
    "gwen": "Gwen Pritchard",
    "priya": "Priya Raman",
    "obi": "Obi Nakamura",
    "lena": "Lena Fischer",
    "joss": "Joss Adeyemi",
    "hal": "Hal Whitlow",
    "niamh": "Niamh Byrne",
}
TEAMS = {
    "office": ("Office", ("mara", "priya"), ("niamh",)),
    "bakehouse": ("Bakehouse", ("tom",), ("obi",)),
    "shop": ("Shop", ("ines",), ("lena", "hal")),
    "deliveries": ("Deliveries", ("gwen",), ("joss",)),
}
OBJECTIVES = {  # title, perspective, what it drives
    "surplus": ("A surplus that the members share", "FINANCIAL", ()),
    "reserve": ("Six weeks of costs in the bank", "FINANCIAL", ("surplus",)),
    "regulars": ("Households that come back every week", "CUSTOMER", ("surplus", "reserve")),
    "cafes": ("Cafés that never ask where the van is", "CUSTOMER", ("surplus",)),
    "first-light": ("Bread on the shelf at first light", "INTERNAL_PROCESS", ("regulars", "cafes")),
    "no-waste": ("Flour that becomes bread, not waste", "INTERNAL_PROCESS", ("surplus",)),
    "craft": ("Every member can run a shift", "LEARNING_AND_GROWTH", ("first-light", "no-waste")),
}


def lines(today: date) -> Iterator[Line]:
    """The whole story as of the day; ids and keys do not depend on it, days and moments do."""
    story = Story(today)
    tell_founding(story)
    tell_strategy(story)
    tell_former_quarter(story, YEAR, QUARTER)
    tell_outcomes(story)
    tell_measures(story)
    tell_activations(story)
    tell_readings(story)
    tell_milestones(story)
    tell_check_ins(story)
    tell_promises(story)
    yield from story.lines()


def tell_founding(story: Story) -> None:
    """The organisation, its people and their teams; one team moves and one person changes teams."""
    bakery, zone = str(NAMESPACE), str(ZONE)
    name = "Harbour Bakery Co-operative"
    story.tell(FOUNDED, None, "found-organisation", "bakery", organisationId=bakery, name=name, timeZone=zone)
    closed = [str(date(story.today.year, 12, 25)), str(date(story.today.year, 12, 26))]
    story.tell(
        FOUNDED,
        None,
        "set-calendar",
        "bakery",
        timeZone=zone,
        firstDayOfWeek=1,
        fiscalYearStartsMonth=4,
        holidays=closed,
    )
    for one, full in PEOPLE.items():
        email = f"{one}@harbour-bakery.example"
        story.tell(FOUNDED, None, "register-person", one, personId=entity("person", one), name=full, email=email)
    for one, (title, leads, members) in TEAMS.items():
        team = entity("team", one)
        named = [entity("person", lead) for lead in leads]
        story.tell(FOUNDED - 1, None, "form-team", one, teamId=team, name=title, leadIds=named)
        for member in members:
            story.tell(
                FOUNDED - 1, None, "join-team", f"{one}/{member}", teamId=team, personId=entity("person", member)
            )
    story.tell(FOUNDED - 1, None, "grant-role", "mara", personId=entity("person", "mara"), role="OWNER")
    for lead in ("tom", "ines", "gwen", "priya"):
        story.tell(FOUNDED - 1, None, "grant-role", lead, personId=entity("person", lead), role="LEAD")
    for member in ("obi", "lena", "joss", "hal", "niamh"):
        story.tell(FOUNDED - 1, None, "grant-role", member, personId=entity("person", member), role="MEMBER")
    shop, deliveries, hal = entity("team", "shop"), entity("team", "deliveries"), entity("person", "hal")
    story.tell(120, "mara", "move-team", "deliveries", teamId=deliveries, parentId=shop)
    story.tell(90, "ines", "leave-team", "shop/hal", teamId=shop, personId=hal)
    story.tell(90, "tom", "join-team", "bakehouse/hal", teamId=entity("team", "bakehouse"), personId=hal)


def tell_strategy(story: Story) -> None:
    """The statement, and a map whose causes run from learning to money; one link was thought better of."""
    story.tell(
        185,
        "mara",
        "state-strategy",
        "bakery",
        statement="Good bread within reach of every household on the harbour, made by people who own their work.",
        startsOn=story.day(185),
        endsOn=story.day(-910),
    )
    for one, (title, perspective, _) in OBJECTIVES.items():
        objective = entity("objective", one)
        story.tell(
            184, "mara", "set-strategic-objective", one, objectiveId=objective, title=title, perspective=perspective
        )
    for one, (_, _, drives) in OBJECTIVES.items():
        for driven in drives:
            ends = {"objectiveId": entity("objective", one), "drivesId": entity("objective", driven)}
            story.tell(184, "mara", "link-cause", f"{one}/{driven}", **ends)
    ends = {"objectiveId": entity("objective", "regulars"), "drivesId": entity("objective", "reserve")}
    story.tell(150, "mara", "unlink-cause", "regulars/reserve", **ends)
    year = {"title": "The year", "startsOn": story.day(YEAR_BEGAN), "endsOn": story.day(YEAR_ENDS)}
    story.tell(180, "mara", "plan-cycle", "year", cycleId=YEAR, **year)
    story.tell(YEAR_BEGAN, "mara", "start-cycle", "year", cycleId=YEAR)
    quarter = {"title": "The quarter", "startsOn": story.day(QUARTER_BEGAN), "endsOn": story.day(QUARTER_ENDS)}
    story.tell(70, "mara", "plan-cycle", "quarter", cycleId=QUARTER, parentId=YEAR, **quarter)
    story.tell(QUARTER_BEGAN, "mara", "start-cycle", "quarter", cycleId=QUARTER)


def tell_outcomes(story: Story) -> None:
    """Three levels below the map; one outcome serves nothing, one is a draft, one was abandoned."""
    year = {"cycleId": YEAR, "startsOn": story.day(YEAR_BEGAN), "dueOn": story.day(YEAR_ENDS)}
    quarter = {"cycleId": QUARTER, "startsOn": story.day(QUARTER_BEGAN), "dueOn": story.day(QUARTER_ENDS)}

    def set_outcome(ago: int, by: str, one: str, title: str, **fields: object) -> None:
        story.tell(ago, by, "set-outcome", one, outcomeId=entity("outcome", one), title=title, **fields)

    def team(one: str, reviewer: str | None = None) -> dict[str, object]:
        named: dict[str, object] = {"reviewerId": entity("person", reviewer)} if reviewer else {}
        return {"teamId": entity("team", one), **named}

    set_outcome(174, "mara", "dividend", "Pay the members their first dividend", **year, **team("office", "niamh"))
    set_outcome(
        174, "ines", "weekly", "Become the weekly bakery of the harbour", **year, **team("shop", "mara"), rollUp="BOTH"
    )
    set_outcome(
        55,
        "tom",
        "doors",
        "Have the full shelf ready when the doors open",
        description="Regulars who find an empty shelf at seven walk on to the supermarket.",
        **quarter,
        **team("bakehouse", "ines"),
    )
    set_outcome(55, "tom", "waste", "Bake what we sell and sell what we bake", **quarter, **team("bakehouse", "priya"))
    set_outcome(55, "gwen", "round", "Deliver the café round on time", **quarter, **team("deliveries", "ines"))
    set_outcome(54, "obi", "ovens", "Keep both ovens steady", **quarter, ownerId=entity("person", "obi"))
    set_outcome(54, "joss", "know", "Know the round by heart", **quarter, ownerId=entity("person", "joss"))
    set_outcome(
        54,
        "hal",
        "shift",
        "Run a Saturday shift alone",
        **quarter,
        ownerId=entity("person", "hal"),
        reviewerId=entity("person", "tom"),
        ambition="ASPIRATIONAL",
    )
    set_outcome(50, "lena", "stall", "Have a stall at the harbour festival", **quarter, **team("shop"))
    set_outcome(30, "priya", "quay", "Open a second shop on the quay", **team("office"))
    set_outcome(54, "ines", "post", "Send sourdough by post", **quarter, **team("shop"))

    def align(ago: int, by: str, one: str, **to: object) -> None:
        story.tell(ago, by, "align-outcome", one, outcomeId=entity("outcome", one), **to)

    align(173, "mara", "dividend", objectiveId=entity("objective", "surplus"))
    align(173, "ines", "weekly", objectiveId=entity("objective", "regulars"))
    align(53, "tom", "doors", higherId=entity("outcome", "weekly"), weight="2")
    align(53, "tom", "doors", objectiveId=entity("objective", "first-light"))
    align(53, "tom", "waste", higherId=entity("outcome", "dividend"))
    align(53, "gwen", "round", higherId=entity("outcome", "weekly"))
    align(53, "gwen", "round", higherId=entity("outcome", "dividend"), weight="0")
    align(53, "obi", "ovens", higherId=entity("outcome", "doors"))
    align(53, "joss", "know", measureId=entity("measure", "on-time"))
    align(53, "hal", "shift", objectiveId=entity("objective", "craft"))
    align(53, "ines", "post", higherId=entity("outcome", "weekly"))
    post = {"outcomeId": entity("outcome", "post"), "higherId": entity("outcome", "weekly")}
    story.tell(40, "ines", "unalign-outcome", "post", **post)


def tell_measures(story: Story) -> None:
    """A measure of every direction; one leads, one accumulates, one has checkpoints, one was revised."""

    def measure(ago: int, by: str, one: str, outcome: str, title: str, **fields: object) -> None:
        ids = {"measureId": entity("measure", one), "outcomeId": entity("outcome", outcome)}
        story.tell(ago, by, "set-measure", one, **ids, title=title, **fields)

    year = {"startsOn": story.day(YEAR_BEGAN), "dueOn": story.day(YEAR_ENDS)}
    quarter = {"startsOn": story.day(QUARTER_BEGAN), "dueOn": story.day(QUARTER_ENDS)}
    measure(
        174,
        "mara",
        "surplus",
        "dividend",
        "Surplus after wages",
        unit={"currency": "GBP", "precision": 0},
        direction="INCREASE",
        baseline="0",
        target="24000",
        checkpoints=[{"on": story.day(80), "value": "4000"}, {"on": story.day(-60), "value": "14000"}],
        weight="3",
        **year,
    )
    measure(
        174,
        "mara",
        "reserve",
        "dividend",
        "Weeks of costs in the bank",
        unit={"symbol": "weeks"},
        direction="KEEP_ABOVE",
        baseline="5",
        lower="6",
        **year,
    )
    measure(
        174,
        "ines",
        "returning",
        "weekly",
        "Households that bought in each of the last four weeks",
        unit={"symbol": "households"},
        direction="INCREASE",
        baseline="310",
        target="520",
        **year,
    )
    measure(
        55,
        "tom",
        "full-shelf",
        "doors",
        "Mornings with the full shelf at seven",
        unit={"symbol": "%"},
        direction="INCREASE",
        baseline="62",
        target="95",
        **quarter,
    )
    measure(
        55,
        "tom",
        "dough",
        "doors",
        "Temperature of the dough",
        unit={"symbol": "°C"},
        direction="KEEP_WITHIN",
        baseline="25",
        lower="24",
        upper="26",
        leading=True,
        **quarter,
    )
    measure(
        55,
        "tom",
        "unsold",
        "waste",
        "Loaves left at closing",
        unit={"symbol": "%"},
        direction="DECREASE",
        baseline="14",
        target="6",
        **quarter,
    )
    measure(
        55,
        "gwen",
        "on-time",
        "round",
        "Café crates delivered by half past seven",
        unit={"symbol": "crates"},
        direction="INCREASE",
        baseline="0",
        target="1200",
        accumulates=True,
        **quarter,
    )
    measure(
        54,
        "obi",
        "drift",
        "ovens",
        "Drift of the deck oven",
        unit={"symbol": "°C"},
        direction="KEEP_BELOW",
        baseline="9",
        upper="5",
        **quarter,
    )
    measure(
        54,
        "joss",
        "streets",
        "know",
        "Streets driven without the list",
        unit={"symbol": "streets"},
        direction="INCREASE",
        baseline="0",
        target="8",
        **quarter,
    )
    measure(52, "obi", "refit", "ovens", "Steps of the refit", direction="CHECKLIST", weight="0.5", **quarter)
    steps = [("watches", "0"), ("shapes", "0.3"), ("bakes", "0.6"), ("runs the shift", "1")]
    measure(
        54,
        "hal",
        "stage",
        "shift",
        "What Hal is trusted with",
        direction="ORDINAL",
        baseline="0",
        target="1",
        steps=[{"name": name, "value": value} for name, value in steps],
        **quarter,
    )
    measure(
        50,
        "lena",
        "permit",
        "stall",
        "The festival has given us a permit",
        direction="YES_NO",
        baseline="0",
        target="1",
        **quarter,
    )
    measure(
        54,
        "ines",
        "parcels",
        "post",
        "Parcels a week",
        unit={"symbol": "parcels"},
        direction="INCREASE",
        baseline="0",
        target="80",
        **quarter,
    )
    story.tell(
        21,
        "tom",
        "revise-measure",
        "unsold",
        measureId=entity("measure", "unsold"),
        effectiveOn=story.day(20),
        target="5",
        reason="The food bank takes what is left on Tuesdays, so we can aim lower.",
    )


def tell_activations(story: Story) -> None:
    """Whatever has a measure to be told by; the shop asked for more room, and sending bread by post was given up."""
    for one, by in {"dividend": "mara", "weekly": "ines"}.items():
        story.tell(170, by, "activate-outcome", one, outcomeId=entity("outcome", one))
    shop, limit_of = entity("team", "shop"), "The shop is five people; two outcomes at once are what it can hold."
    story.tell(60, "ines", "set-focus-limit", "shop", teamId=shop, cycleId=QUARTER, limit=2, reason=limit_of)
    people = {"ovens": "obi", "know": "joss", "shift": "hal", "post": "ines"}
    for one, by in {"doors": "tom", "waste": "tom", "round": "gwen", **people}.items():
        story.tell(52, by, "activate-outcome", one, outcomeId=entity("outcome", one))
    story.tell(49, "lena", "activate-outcome", "stall", outcomeId=entity("outcome", "stall"))
    given_up = "A loaf costs more to post than to bake; the cafés asked for the same hours."
    story.tell(38, "ines", "abandon-outcome", "post", outcomeId=entity("outcome", "post"), reason=given_up)


WEEKLY = {  # measure: who reads it, and its values, the oldest first, the last of them two days ago
    "returning": ("ines", ("318", "331", "329", "346", "352", "371", "380")),
    "full-shelf": ("tom", ("64", "66", "71", "70", "78", "81", "84")),
    "dough": ("obi", ("25.1", "24.6", "26.8", "25.4", "25", "24.9", "25.2")),
    "unsold": ("tom", ("13.5", "13.8", "12.9", "12.2", "12.6", "11.4", "11.1")),
    "on-time": ("joss", ("96", "104", "88", "110", "61", "107", "112")),
    "drift": ("obi", ("8.5", "7", "6.5", "5.5", "4.8", "4.6", "5.9")),
    "streets": ("joss", ("1", "2", "2", "4", "5", "5", "6")),
}
LATE = {("dough", 2): 5, ("on-time", 4): 6}  # noted down so many days after they were taken


def tell_readings(story: Story) -> None:
    """Weekly ones, some noted late; the money once a month; one was mistyped and corrected."""

    def take(ago: int, by: str, measure: str, value: str, *, late: int = 0, **fields: object) -> None:
        name = f"{measure}/{ago}"
        ids = {"readingId": entity("reading", name), "measureId": entity("measure", measure)}
        story.tell(ago - late, by, "take-reading", name, **ids, value=value, takenOn=story.day(ago), **fields)

    for measure, (by, values) in WEEKLY.items():
        for week, value in enumerate(values):
            take(44 - 7 * week, by, measure, value, late=LATE.get((measure, week), 0))
    for ago, surplus, reserve in ((150, "900", "5.2"), (120, "2100", "5.6"), (90, "3900", "6.1"), (60, "5200", "6.4")):
        take(ago, "niamh", "surplus", surplus, evidence="Management accounts")
        take(ago, "niamh", "reserve", reserve)
    take(28, "niamh", "surplus", "66000", evidence="Management accounts")
    take(28, "niamh", "reserve", "5.8", note="The second oven was paid this month.")
    mistyped = {"readingId": entity("reading", "surplus/28"), "value": "6600", "reason": "A nought too many."}
    story.tell(26, "niamh", "correct-reading", "surplus/28", **mistyped)
    take(35, "hal", "stage", "0.3", note="Shaped the whole Saturday batch.")
    take(7, "hal", "stage", "0.6", note="Baked it, with Tomas watching.")
    take(42, "ines", "parcels", "6")
    take(12, "lena", "permit", "1", evidence="Letter of the harbour office")


def tell_milestones(story: Story) -> None:
    """Planned, moved, reached on time, reached late, and one whose day has passed."""

    def plan(ago: int, by: str, one: str, title: str, *, outcome: str, due: int) -> None:
        ids = {"milestoneId": entity("milestone", one), "outcomeId": entity("outcome", outcome)}
        story.tell(ago, by, "set-milestone", one, **ids, title=title, dueOn=story.day(due))

    def reach(ago: int, by: str, one: str, reached: int, note: str) -> None:
        fields = {"milestoneId": entity("milestone", one), "reachedOn": story.day(reached), "note": note}
        story.tell(ago, by, "mark-milestone", one, **fields)

    def move(ago: int, by: str, one: str, due: int, reason: str) -> None:
        fields = {"milestoneId": entity("milestone", one), "dueOn": story.day(due), "reason": reason}
        story.tell(ago, by, "move-milestone", one, **fields)

    plan(52, "tom", "night-shift", "The first dough is mixed at two, not at three", outcome="doors", due=30)
    reach(31, "tom", "night-shift", 31, "Obi and Hal took the first week.")
    plan(52, "obi", "thermostat", "The deck oven has its new thermostat", outcome="ovens", due=25)
    reach(18, "obi", "thermostat", 19, "The fitter came six days late.")
    plan(50, "gwen", "second-van", "The second van is on the road", outcome="round", due=10)
    move(15, "gwen", "second-van", -12, "The garage waits for a gearbox.")
    plan(50, "lena", "menu", "The festival menu is agreed", outcome="stall", due=5)
    plan(45, "priya", "accounts", "The half-year accounts are with the auditor", outcome="dividend", due=-20)
    plan(44, "hal", "first-saturday", "First Saturday alone", outcome="shift", due=-14)


def tell_check_ins(story: Story) -> None:
    """What the owners say: mostly soberly; of the waste it is said twice that it is on track, and it is not."""

    def check_in(ago: int, by: str, outcome: str, status: str, confidence: str, **said: object) -> None:
        name = f"{outcome}/{ago}"
        ids = {"checkInId": entity("check-in", name), "outcomeId": entity("outcome", outcome)}
        told = {"confidence": confidence, "status": status, **said, "on": story.day(ago)}
        story.tell(ago, by, "check-in", name, **ids, **told)

    check_in(100, "mara", "dividend", "AT_RISK", "0.5", moved="Two good months.", setBack="Flour is up by a fifth.")
    check_in(
        27, "priya", "dividend", "AT_RISK", "0.4", setBack="We paid the second oven.", next="Renew the café prices."
    )
    check_in(44, "ines", "weekly", "ON_TRACK", "0.6", moved="The loyalty card is liked.")
    check_in(9, "ines", "weekly", "AT_RISK", "0.5", setBack="Empty shelves on two Mondays.", next="Talk with Tomas.")
    check_in(30, "tom", "doors", "AT_RISK", "0.6", next="Mix at two.")
    check_in(8, "tom", "doors", "ON_TRACK", "0.8", moved="The early mix works.", next="Hold it through the holidays.")
    check_in(23, "tom", "waste", "ON_TRACK", "0.7", moved="The food bank takes the rest on Tuesdays.")
    check_in(9, "tom", "waste", "ON_TRACK", "0.7", next="Bake the second batch to order.")
    check_in(16, "gwen", "round", "OFF_TRACK", "0.3", setBack="A week with one van.", next="Hire a van on Fridays.")
    check_in(6, "obi", "ovens", "AT_RISK", "0.5", moved="New thermostat.", setBack="The door seal is going.")
    check_in(5, "hal", "shift", "ON_TRACK", "0.9", moved="Tomas let me bake the whole batch.")


def main() -> int:
    """Writes the lines as of --today (this day in Greenwich by default) to OUT or stdout."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=main.__doc__)
    parser.add_argument("out", metavar="OUT", nargs="?", type=Path, help="a file for the NDJSON; stdout by default")
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date())
    asked = parser.parse_args()
    write(lines(asked.today), asked.out)
    return 0
