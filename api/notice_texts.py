"""What a notice says, in the person's language: from one file a language; what a language lacks is said in English."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from infra.notifier import Duty, Notice

FOLDER = Path(__file__).with_name("notice_words")
FALLBACK = "en"
MOST_TOLD = 20
LONGEST_TITLE = 160
PLACE = re.compile(r"\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}")
Words = Mapping[str, Any]


class Item(NamedTuple):
    """A duty as it is told."""

    sentence: str
    when: str
    late: bool


class Told(NamedTuple):
    """A notice in words, each on one line."""

    language: str
    subject: str
    greeting: str
    lead: str
    items: Sequence[Item]
    more: str | None
    why: str
    stop: str


@cache
def languages() -> Mapping[str, Words]:
    """Language → section and key → what is said."""
    told = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))}
    flat = {
        language: {f"{section}.{key}": text for section, texts in sections.items() for key, text in texts.items()}
        for language, sections in told.items()
    }
    return {language: {**flat[FALLBACK], **own} for language, own in flat.items()}


def chosen(language: str | None) -> tuple[str, Words]:
    """The language that is nearest to the one asked for."""
    asked = (language or FALLBACK).partition("-")[0].lower()
    found = asked if asked in languages() else FALLBACK
    return found, languages()[found]


def filled(text: str, **places: Any) -> str:
    """`{name}` is a value, `{count:one|# many}` counts. Whatever is filled in stays on the line."""

    def place(match: re.Match[str]) -> str:
        value = places[match[1]]
        if match[2] is None:
            return line(str(value))
        return (match[2] if value == 1 else match[3]).replace("#", str(value))

    return PLACE.sub(place, text)


def line(text: str) -> str:
    """On one line, whatever somebody wrote: a header, and an item of a list, has no other."""
    return " ".join(text.split())


def short(text: str) -> str:
    """Not longer than a title may be told."""
    text = line(text)
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1].rstrip() + "…"


def told(notice: Notice) -> Told:
    """At most so many duties; the rest is counted."""
    language, words = chosen(notice.to.language)
    today = notice.to.clock.day(notice.at)
    which = "digest" if notice.whole else "urgent"
    rest = notice.total - len(notice.duties[:MOST_TOLD])
    return Told(
        language=language,
        subject=filled(words[f"general.{which}"], count=notice.total),
        greeting=filled(words["general.greeting"], name=notice.to.name),
        lead=filled(words[f"general.{which}_lead"], organisation=notice.to.organisation),
        items=list(_items(words, notice.duties[:MOST_TOLD], today)),
        more=filled(words["general.more"], count=rest) if rest > 0 else None,
        why=words["general.why"],
        stop=words["general.stop"],
    )


def _items(words: Words, duties: Sequence[Duty], today: date) -> Iterator[Item]:
    for duty in duties:
        yield Item(_sentence(words, duty), _when(words, duty.due, today), duty.due < today)


def _sentence(words: Words, duty: Duty) -> str:
    places = {
        "title": words["general.hidden"] if duty.title is None else short(duty.title),
        "other": short(duty.other or ""),
        "of": short(duty.of or ""),
    }
    key = f"duties.{duty.kind}"
    if duty.of is not None and f"{key}_OF" in words:
        return filled(words[f"{key}_OF"], **places)
    if duty.other is None and f"{key}_UNASKED" in words:
        key += "_UNASKED"
    sentence = filled(words[key], **places)
    return sentence if duty.of is None else f"{sentence} ({filled(words['general.of'], **places)})"


def _when(words: Words, due: date, today: date) -> str:
    if due == today:
        return words["general.due_today"]
    day = filled(
        words["general.day" if due.year == today.year else "general.day_of_year"],
        weekday=words["general.weekdays"][due.weekday()],
        number=due.day,
        month=words["general.months"][due.month - 1],
        year=due.year,
    )
    return filled(words["general.overdue" if due < today else "general.due"], day=day)
