"""The quarter before: reviewed, graded, one outcome carried over, one given up; and what was promised in the review."""

from examples.demo.story import Story, entity

BEGAN, ENDED = 147, 57
FORMER = entity("cycle", "former")
# outcome: whose team, title, ambition, measure, direction, baseline, target, readings (days ago, value)
OUTCOMES = {
    "queue": (
        ("ines", "shop", "No queue past the door on Saturdays", "COMMITTED"),
        ("Minutes from door to bread", "DECREASE", "18", "6"),
        ((118, "15"), (90, "9"), (62, "6")),
    ),
    "mills": (
        ("priya", "office", "Buy flour from a second mill", "COMMITTED"),
        ("Share of the flour", "INCREASE", "0", "50"),
        ((90, "20"), (62, "31")),
    ),
    "rounds": (
        ("gwen", "deliveries", "Plan every round the day before", "ASPIRATIONAL"),
        ("Rounds planned by four o'clock", "INCREASE", "20", "90"),
        ((101, "40"), (62, "72")),
    ),
    "shaping": (
        ("tom", "bakehouse", "Two more people can shape sourdough", "COMMITTED"),
        ("People who can", "INCREASE", "2", "4"),
        ((75, "3"),),
    ),
    "app": (
        ("lena", "shop", "Take orders by telephone app", "COMMITTED"),
        ("Orders a week", "INCREASE", "0", "40"),
        ((110, "3"),),
    ),
}

SERVES: dict[str, dict[str, object]] = {
    "queue": {"higherId": entity("outcome", "weekly")},
    "mills": {"higherId": entity("outcome", "dividend"), "weight": "0"},
    "rounds": {"objectiveId": entity("objective", "cafes")},
    "shaping": {"objectiveId": entity("objective", "craft")},
    "app": {"higherId": entity("outcome", "weekly")},
}


def tell_former_quarter(story: Story, year: str, quarter: str) -> None:
    """From its planning to its close."""
    days = {"startsOn": story.day(BEGAN), "endsOn": story.day(ENDED)}
    story.tell(152, "mara", "plan-cycle", "former", cycleId=FORMER, title="The quarter before", parentId=year, **days)
    story.tell(BEGAN, "mara", "start-cycle", "former", cycleId=FORMER)
    for one, (who, measure, readings) in OUTCOMES.items():
        _set(story, one, who, measure)
        for ago, value in readings:
            ids = {"readingId": entity("reading", f"{one}/{ago}"), "measureId": entity("measure", f"former/{one}")}
            story.tell(ago, who[0], "take-reading", f"{one}/{ago}", **ids, value=value, takenOn=story.day(ago))
    app = entity("outcome", "app")
    story.tell(96, "lena", "abandon-outcome", "app", outcomeId=app, reason="Nobody orders bread by app on this quay.")
    for one, ago, status in (("queue", 88, "ON_TRACK"), ("mills", 84, "AT_RISK"), ("shaping", 80, "ON_TRACK")):
        ids = {"checkInId": entity("check-in", f"{one}/{ago}"), "outcomeId": entity("outcome", one)}
        story.tell(ago, OUTCOMES[one][0][0], "check-in", f"{one}/{ago}", **ids, status=status, on=story.day(ago))
    _review(story, quarter)


def _set(story: Story, one: str, who: tuple[str, str, str, str], measure: tuple[str, str, str, str]) -> None:
    by, team, title, ambition = who
    outcome = {"outcomeId": entity("outcome", one)}
    story.tell(
        149,
        by,
        "set-outcome",
        one,
        **outcome,
        title=title,
        ambition=ambition,
        cycleId=FORMER,
        teamId=entity("team", team),
        ownerId=entity("person", by),
    )
    name, direction, baseline, target = measure
    ids = {"measureId": entity("measure", f"former/{one}"), **outcome}
    terms = {"direction": direction, "baseline": baseline, "target": target}
    story.tell(149, by, "set-measure", f"former/{one}", **ids, title=name, **terms)
    story.tell(148, by, "align-outcome", one, **outcome, **SERVES[one])
    story.tell(BEGAN, by, "activate-outcome", one, **outcome)


def _review(story: Story, quarter: str) -> None:
    story.tell(60, "mara", "start-review", "former", cycleId=FORMER)

    def grade(one: str, **said: str) -> None:
        story.tell(57, OUTCOMES[one][0][0], "grade-outcome", one, outcomeId=entity("outcome", one), **said)

    grade("queue", next="KEEP")
    grade("rounds", next="KEEP")
    grade(
        "mills",
        grade="0.5",
        reason="The last delivery was sent back.",
        cause="DEPENDENCY",
        lesson="Agree on the mill's own test before the first order.",
        next="MODIFY",
    )
    taken = [{"formerMeasureId": entity("measure", "former/shaping"), "measureId": entity("measure", "shaping-anew")}]
    story.tell(
        55,
        "tom",
        "carry-over-outcome",
        "shaping-anew",
        outcomeId=entity("outcome", "shaping-anew"),
        formerId=entity("outcome", "shaping"),
        cycleId=quarter,
        measures=taken,
        reason="One more person can; the second starts in spring.",
    )
    own = {"outcomeId": entity("outcome", "shaping-anew")}
    for one, by, title in (("teach", "tom", "Teach shaping on two Sundays"), ("mill-visit", "priya", "Visit the mill")):
        task = {"taskId": entity("task", one), "title": title, "dueOn": story.day(40)}
        story.tell(54, by, "commit-task", one, **task, **own)
    story.tell(41, "tom", "deliver-task", "teach", taskId=entity("task", "teach"), deliveredOn=story.day(41))
    story.tell(52, "mara", "close-cycle", "former", cycleId=FORMER)
    story.tell(
        53,
        "mara",
        "record-decision",
        "two-mills",
        decisionId=entity("decision", "two-mills"),
        title="No third mill this year",
        why="Two are enough to sleep, three are too many to visit.",
        outcomeIds=[entity("outcome", "mills")],
    )
