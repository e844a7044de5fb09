"""The strategy map as a picture: from what the question answered to SVG, the same picture for the same answer.

It is run as a program, `python -m api.strategy_map`, an answer in and a picture out: the layout library holds the
interpreter's lock while it works, and nobody else should wait for a picture.
"""

import sys
from html import escape
from itertools import pairwise
from unicodedata import combining, east_asian_width

import msgspec

from api.map_layout import Box, Edge, Placed, Point, place_of, placed

MARGIN, GUTTER = 28.0, 176.0
CORNER = 9.0
TITLE_SIZE, LINE, TITLE_LINES = 15.0, 19.0, 3
ROOMY = 1500.0  # a wider map has larger headings
FONT = "'Inter','Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
INK, SOFT, LINES, FILL = "#16202e", "#526072", "#66758a", "#dbe8f6"
BANDS = ("#f4f7fb", "#e9eff6")
# status: (what is written, colour, the inside of a symbol in a square of 16)
STATUSES = {
    "ON_TRACK": ("on track", "#1a7f37", '<circle cx="8" cy="8" r="7"/><path class="in" d="M4.5 8.2 7 10.7 11.5 5.6"/>'),
    "AT_RISK": ("at risk", "#a65300", '<path d="M8 .8 15.6 14.6H.4Z"/><path class="in" d="M8 5.2V9.6M8 11.6V12.4"/>'),
    "OFF_TRACK": (
        "off track",
        "#c02626",
        '<path d="M5 1H11L15 5V11L11 15H5L1 11V5Z"/><path class="in" d="M5.3 5.3 10.7 10.7M10.7 5.3 5.3 10.7"/>',
    ),
    "OUTDATED": ("outdated", "#5f6b7a", '<circle cx="8" cy="8" r="7"/><path class="in" d="M8 4V8.4L10.8 10.2"/>'),
    "PENDING": (
        "pending",
        "#5f6b7a",
        '<rect x="1" y="3" width="14" height="10" rx="5"/><path class="in" d="M4.4 8H4.6M7.9 8H8.1M11.4 8H11.6"/>',
    ),
    "TOO_EARLY": ("too early", "#2563a8", '<path d="M2.5 1H13.5L9.2 8 13.5 15H2.5L6.8 8Z"/>'),
    "CLOSED": ("closed", "#374151", '<rect x="1.5" y="1.5" width="13" height="13" rx="2"/>'),
}
STYLE = (
    f"text{{font-family:{FONT};fill:{INK}}}"
    f".soft{{fill:{SOFT};font-size:13px}}.title{{font-size:{TITLE_SIZE}px;font-weight:600}}"
    ".in{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}"
    f".cause{{fill:none;stroke:{LINES};stroke-width:1.5}}.halo{{fill:none;stroke:#fff;stroke-width:4.5;opacity:.8}}"
    f".box{{fill:none;stroke:#40506a;stroke-width:1.3}}.unserved .box{{stroke-dasharray:6 4;stroke:{SOFT}}}"
)


class Health(msgspec.Struct, frozen=True):
    """The worst status of what serves an objective."""

    worst: str | None


class Objective(msgspec.Struct, frozen=True):
    """A box."""

    id: str
    title: str
    progress: float | None
    unserved: bool
    health: Health


class Perspective(msgspec.Struct, frozen=True):
    """A band."""

    title: str
    objectives: list[Objective]


class End(msgspec.Struct, frozen=True):
    """An end of a cause."""

    id: str


class Cause(msgspec.Struct, frozen=True):
    """An arrow."""

    objective: End | None
    drives: End | None


class Strategy(msgspec.Struct, frozen=True):
    """What is written over the map."""

    statement: str


class StrategyMap(msgspec.Struct, frozen=True, rename="camel"):
    """What is drawn."""

    strategies: list[Strategy]
    perspectives: list[Perspective]
    causes: list[Cause]


class Organisation(msgspec.Struct, frozen=True):
    """Whose map it is."""

    name: str


class Told(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to the question that the picture is drawn from."""

    organisation: Organisation | None
    strategy_map: StrategyMap


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the program reads: the answer, and of when it is."""

    data: Told
    caption: str


def drawn(told: Told, caption: str) -> str:
    """The picture."""
    perspectives = told.strategy_map.perspectives
    objectives = {one.id: one for band in perspectives for one in band.objectives}
    edges = [
        (cause.objective.id, cause.drives.id)
        for cause in told.strategy_map.causes
        if cause.objective and cause.drives and {cause.objective.id, cause.drives.id} <= objectives.keys()
    ]
    where = placed([[one.id for one in band.objectives] for band in perspectives], edges)
    heading, top = headed(told, where.width, caption)
    scale = scale_of(where.width)
    parts = [
        *heading,
        f'<g transform="translate(0 {number(top)})">',
        *(banded(nth, band, where) for nth, band in enumerate(perspectives)),
        *(arrow(edge, points, objectives) for edge, points in where.arrows.items()),
        *(boxed(one, where.boxes[one.id]) for one in objectives.values()),
        "</g>",
        *legend(top + where.height + 30 * scale, scale),
    ]
    size = (where.width, top + where.height + 52 * scale)
    return "\n".join([*opened(told, size, len(objectives), len(edges)), *parts, "</svg>\n"])


def opened(told: Told, size: Point, objectives: int, causes: int) -> list[str]:
    """The beginning: what the picture is, for those who can't see it, and what is used again and again."""
    name = told.organisation.name if told.organisation else "the organisation"
    bands = ", ".join(band.title for band in told.strategy_map.perspectives)
    width, height = (number(one) for one in size)
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" aria-labelledby="map-title map-desc">',
        f'<title id="map-title">Strategy map of {clean(name)}</title>',
        f'<desc id="map-desc">Perspectives from top to bottom: {clean(bands)}. {objectives} objectives,'
        f" {causes} causes; an arrow leads from an objective to the one that it drives.</desc>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9.2" refY="5" markerWidth="7" markerHeight="7"'
        f' orient="auto-start-reverse"><path d="M0 .8 9.6 5 0 9.2Z" fill="{LINES}"/></marker>',
        *(f'<symbol id="{key}" viewBox="0 0 16 16">{inside}</symbol>' for key, (_, _, inside) in STATUSES.items()),
        "</defs>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]


def headed(told: Told, width: float, caption: str) -> tuple[list[str], float]:
    """The lines over the map, and how much room they take."""
    name = told.organisation.name if told.organisation else ""
    room, scale = width - 2 * MARGIN, scale_of(width)
    y = MARGIN + 24 * scale
    title = wrapped(name, room, 26 * scale, 1)[0]
    lines = [text(title, MARGIN, y, 26 * scale, 'font-weight="700"')]
    for strategy in told.strategy_map.strategies[:1]:
        for line in wrapped(strategy.statement, room, 16 * scale, 2):
            y += 25 * scale
            lines.append(text(line, MARGIN, y, 16 * scale))
    y += 22 * scale
    lines.append(text(caption, MARGIN, y, 13 * scale, f'style="fill:{SOFT}"'))
    return lines, y + 18 * scale


def scale_of(width: float) -> float:
    """By how much the headings of a wide map are larger."""
    return min(max(width / ROOMY, 1.0), 2.2)


def text(said: str, x: float, y: float, size: float, more: str = "") -> str:
    """A line."""
    return f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" {more}>{clean(said)}</text>'


def banded(nth: int, band: Perspective, where: Placed) -> str:
    """A perspective: its ground, its title at the left, and a word where nothing stands in it."""
    top, bottom = where.bands[nth]
    width, colour = where.width - 2 * MARGIN, BANDS[nth % 2]
    size = min(15 * scale_of(where.width), 21.0)
    lines = wrapped(band.title, GUTTER - 28, size, max(int((bottom - top - 16) / (size * 1.25)), 1))
    first = (top + bottom) / 2 - (len(lines) - 1) * size * 0.625 + size * 0.3
    shape = f'x="{number(MARGIN)}" y="{number(top)}" height="{number(bottom - top - 4)}" rx="8"'
    parts = [
        f'<g role="img" aria-label="Perspective: {clean(band.title)}">',
        f'<rect {shape} width="{number(width)}" fill="{colour}"/>',
        f'<rect {shape} width="{number(GUTTER)}" fill="#d3dee9"/>',
        *(
            text(line, MARGIN + 16, first + size * 1.25 * at, size, 'font-weight="700"')
            for at, line in enumerate(lines)
        ),
    ]
    if not band.objectives:
        box = where.boxes[place_of(nth)]
        parts.append(text("No objective yet", box.x, box.y + 17, 14, f'style="fill:{SOFT}"'))
    return "".join([*parts, "</g>"])


def arrow(edge: Edge, points: list[Point], objectives: dict[str, Objective]) -> str:
    """A cause, with a light edge so that the eye can follow it over others."""
    line = rounded(points)
    said = f"{clean(objectives[edge[0]].title)} drives {clean(objectives[edge[1]].title)}"
    return (
        f'<g role="img" aria-label="{said}"><title>{said}</title><path class="halo" d="{line}"/>'
        f'<path class="cause" d="{line}" marker-end="url(#tip)"'
        f' data-from="{clean(edge[0])}" data-to="{clean(edge[1])}"/></g>'
    )


def rounded(points: list[Point]) -> str:
    """A path through the points, its corners rounded."""
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for (before, here), (_, after) in pairwise(pairwise(points)):
        (ax, ay), (bx, by) = nearer(here, before), nearer(here, after)
        parts.append(f"L{number(ax)} {number(ay)}Q{number(here[0])} {number(here[1])} {number(bx)} {number(by)}")
    parts.append(f"L{number(points[-1][0])} {number(points[-1][1])}")
    return "".join(parts)


def nearer(corner: Point, other: Point) -> Point:
    """Where the rounding of a corner ends, on the way to another point."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(CORNER, length / 2) / length if length else 0.0
    return corner[0] + dx * share, corner[1] + dy * share


def boxed(one: Objective, box: Box) -> str:
    """An objective: progress as fill and number, the worst status as symbol, word and colour; dashed where unserved."""
    word, colour, _ = STATUSES.get(one.health.worst or "", ("", SOFT, ""))
    share = min(max(one.progress or 0.0, 0.0), 1.0)
    told = "progress unclear" if one.progress is None else f"{round(share * 100)} % done"
    state = "nothing serves it" if one.unserved else f"{told}, {word or 'no status'}"
    label, key = f"{clean(one.title)}: {state}", clean(one.id)
    outline = f'width="{number(box.width)}" height="{number(box.height)}" rx="{CORNER}"'
    foot = box.height - 13
    parts = [
        f'<g id="objective-{key}" class="{"unserved" if one.unserved else "served"}" role="img" aria-label="{label}"'
        f' transform="translate({number(box.x)} {number(box.y)})"><title>{label}</title>',
        f'<clipPath id="clip-{key}"><rect {outline}/></clipPath><g clip-path="url(#clip-{key})">',
        f'<rect {outline} fill="#fff"/><rect width="{number(box.width * share)}" height="{number(box.height)}"'
        f' fill="{FILL}"/>',
        f'<rect width="6" height="{number(box.height)}" fill="{colour}"/></g>' if one.health.worst else "</g>",
        f'<rect class="box" {outline}/>',
        *(
            f'<text class="title" x="16" y="{number(25 + LINE * line)}">{clean(words)}</text>'
            for line, words in enumerate(wrapped(one.title, box.width - 28, TITLE_SIZE, TITLE_LINES))
        ),
    ]
    if one.unserved:
        parts.append(f'<text class="soft" x="16" y="{number(foot)}">nothing serves it</text>')
    else:
        number_ = "–" if one.progress is None else f"{round(share * 100)} %"
        at = f'x="{number(box.width - 12)}" y="{number(foot + 1)}" text-anchor="end"'
        parts.append(f'<text {at} font-size="18" font-weight="700">{number_}</text>')
        if word:
            parts.append(
                f'<use href="#{one.health.worst}" x="16" y="{number(foot - 13)}" width="17" height="17"'
                f' fill="{colour}"/>'
                f'<text x="39" y="{number(foot)}" font-size="13.5" fill="{colour}" style="fill:{colour}">{word}</text>'
            )
    return "".join([*parts, "</g>"])


def legend(y: float, scale: float) -> list[str]:
    """What the signs mean."""
    parts, x = [f'<g transform="translate({number(MARGIN)} {number(y)}) scale({number(scale)})">'], 0.0
    for key, (word, colour, _) in STATUSES.items():
        parts.append(
            f'<use href="#{key}" x="{number(x)}" y="-12" width="15" height="15" fill="{colour}"/>'
            f'<text class="soft" x="{number(x + 21)}">{word}</text>'
        )
        x += 38 + 7.2 * len(word)
    parts.append(
        f'<rect x="{number(x)}" y="-12" width="26" height="15" rx="4" fill="#fff" stroke="{SOFT}"'
        f' stroke-dasharray="4 3"/><text class="soft" x="{number(x + 33)}">nothing serves it</text>'
        f'<path class="cause" d="M{number(x + 156)} -4h28" marker-end="url(#tip)"/>'
        f'<text class="soft" x="{number(x + 192)}">drives</text>'
        f'<rect x="{number(x + 250)}" y="-12" width="26" height="15" fill="{FILL}"/>'
        f'<text class="soft" x="{number(x + 283)}">progress</text></g>'
    )
    return parts


def wrapped(said: str, room: float, size: float, most: int) -> list[str]:
    """The text in so many lines at most; a word that is too long is broken, and what is left over is hinted at."""
    lines, line = list[str](), ""
    for word in said.split():
        longer = f"{line} {word}" if line else word
        if breadth(longer) * size <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        line = ""
        for letter in word:
            if line and breadth(line + letter) * size > room:
                lines.append(line)
                line = ""
            line += letter
    lines.append(line)
    if len(lines) > most:
        last = lines[most - 1]
        while last and breadth(last + "…") * size > room:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + "…"]
    return lines


def breadth(said: str) -> float:
    """About how wide the text is, in heights of its letters; rather too wide, for fonts differ."""
    return sum(_breadth(letter) for letter in said)


def _breadth(letter: str) -> float:
    if combining(letter):
        return 0.0
    if east_asian_width(letter) in {"W", "F"}:
        return 1.05
    if letter in " .,:;'|!ijlftrI()":
        return 0.38
    return 0.86 if letter in "mwMW%@" else 0.7 if letter.isupper() else 0.6


def clean(said: str) -> str:
    """As text or attribute of an XML document, whatever it contains."""
    return escape("".join(letter for letter in said if _is_xml(letter)))


def _is_xml(letter: str) -> bool:
    code = ord(letter)
    return letter in "\t\n" or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF  # noqa: PLR2004


def number(value: float) -> str:
    """Short, and the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")


if __name__ == "__main__":
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(drawn(order.data, order.caption).encode())
