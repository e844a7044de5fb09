"""The strategy map as a picture: everything in its place, whatever it is called, and the same for the same answer."""

from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.graphql.types.progress import Status
from api.map_layout import Box, placed, rows_of
from api.map_route import draw
from api.problems import Problem
from api.strategy_map import (
    STATUSES,
    Cause,
    End,
    Health,
    Objective,
    Order,
    Organisation,
    Perspective,
    Strategy,
    StrategyMap,
    Told,
    breadth,
    drawn,
    wrapped,
)

SVG = "{http://www.w3.org/2000/svg}"
CAPTION = "Strategy map of 2026-11-24, as recorded up to position 12"
HOSTILE = (
    "</text><script>alert(1)</script>",
    '" onload="alert(1)" x="',
    "<![CDATA[ & ]]> &amp; &#x0; -->",
    "a\u0000b\u0008c\ufffe\ud800d",
    "x" * 300,
    "漢字かな交じり文の戦略目標" * 8,
    "🚀" * 40,
    "url(javascript:alert(1))",
)
titles = st.one_of(st.text(min_size=1, max_size=300), st.sampled_from(HOSTILE), st.just("Grow"))
statuses = st.none() | st.sampled_from(sorted(STATUSES))
NEAR = 0.2  # numbers are written with one digit after the point


@st.composite
def maps(draw: st.DrawFn, most: int = 60) -> Told:
    """Any map without a circle: causes lead from earlier objectives to later ones, in whatever bands these stand."""
    bands = draw(st.integers(1, 6))
    places = draw(st.lists(st.integers(0, bands - 1), max_size=most))
    objectives = [
        Objective(
            id=f"o{nth}",
            title=draw(titles),
            progress=draw(st.none() | st.floats(0, 1)),
            unserved=draw(st.booleans()),
            health=Health(worst=draw(statuses)),
        )
        for nth in range(len(places))
    ]
    pairs = st.tuples(st.integers(0, len(places) - 1), st.integers(0, len(places) - 1)).filter(
        lambda ends: ends[0] < ends[1]
    )
    edges = draw(st.lists(pairs, max_size=90, unique=True)) if len(places) > 1 else []
    turned = draw(st.permutations(range(len(places)))) if draw(st.booleans()) else range(len(places))
    return Told(
        organisation=Organisation(name=draw(titles)),
        strategy_map=StrategyMap(
            strategies=[Strategy(statement=draw(titles))],
            perspectives=[
                Perspective(title=draw(titles), objectives=[objectives[nth] for nth in turned if places[nth] == band])
                for band in range(bands)
            ],
            causes=[Cause(objective=End(id=f"o{low}"), drives=End(id=f"o{high}")) for low, high in edges],
        ),
    )


def layout_of(told: Told) -> tuple[list[list[str]], list[tuple[str, str]]]:
    bands = [[one.id for one in band.objectives] for band in told.strategy_map.perspectives]
    ends = [(one.objective, one.drives) for one in told.strategy_map.causes]
    return bands, [(driver.id, driven.id) for driver, driven in ends if driver and driven]


def on_border(point: tuple[float, float], box: Box) -> bool:
    x, y = point[0] - box.x, point[1] - box.y
    inside = -NEAR <= x <= box.width + NEAR and -NEAR <= y <= box.height + NEAR
    return inside and min(abs(x), abs(x - box.width), abs(y), abs(y - box.height)) <= NEAR


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(maps())
def test_boxes_stand_in_their_bands_and_never_on_one_another(told: Told) -> None:
    bands, edges = layout_of(told)
    where = placed(bands, edges)
    for (top, bottom), band in zip(where.bands, bands, strict=True):
        assert top < bottom
        for one in band:
            box = where.boxes[one]
            assert top < box.y
            assert box.y + box.height < bottom
            assert 0 < box.x < box.x + box.width < where.width
    assert where.bands[0][0] == 0
    assert where.bands[-1][1] == where.height
    for one, other in combinations(where.boxes.values(), 2):
        apart = abs(one.x + one.width / 2 - other.x - other.width / 2) >= (one.width + other.width) / 2
        assert apart or abs(one.y - other.y) >= min(one.height, other.height)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(maps())
def test_arrows_lead_from_the_border_of_a_driver_to_that_of_what_it_drives(told: Told) -> None:
    bands, edges = layout_of(told)
    where = placed(bands, edges)
    assert list(where.arrows) == edges
    for (driver, driven), points in where.arrows.items():
        assert on_border(points[0], where.boxes[driver])
        assert on_border(points[-1], where.boxes[driven])
    for band in bands:
        for driver, driven in edges:
            if driver in band and driven in band:
                assert where.boxes[driver].y > where.boxes[driven].y


@given(st.lists(st.integers(), unique=True, max_size=60).map(lambda ids: [str(one) for one in ids]))
def test_a_row_without_causes_is_as_full_as_the_others(band: list[str]) -> None:
    rows = rows_of(band, [])
    assert [one for row in rows for one in row] == band
    assert all(len(rows[0]) - len(row) <= len(rows) for row in rows)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(maps(most=25))
def test_the_picture_is_well_formed_and_shows_every_objective_and_cause_once(told: Told) -> None:
    picture = drawn(told, CAPTION)
    assert picture == drawn(told, CAPTION)
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    shown = [one.get("id", "").removeprefix("objective-") for one in root.iter(f"{SVG}g") if one.get("id")]
    bands, edges = layout_of(told)
    assert sorted(shown) == sorted(one for band in bands for one in band)
    arrows = [(one.get("data-from"), one.get("data-to")) for one in root.iter(f"{SVG}path") if one.get("data-from")]
    assert arrows == edges
    assert all(one.get("aria-label") for one in root.iter(f"{SVG}g") if one.get("role"))
    tags = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert tags <= {
        "svg", "title", "desc", "style", "defs", "marker", "path", "symbol", "circle", "rect", "g", "text", "use",
        "clipPath",
    }  # fmt: skip
    for one in root.iter():
        assert not [name for name in one.attrib if name.startswith("on")]
        assert one.get("href", "#").startswith("#")


def grown(**fields: Any) -> Objective:
    usual = Objective(id="o", title="Grow", progress=0.624, unserved=False, health=Health(worst="AT_RISK"))
    return msgspec.structs.replace(usual, **fields)


def map_of(*objectives: Objective) -> Told:
    bands = [Perspective(title="Financial", objectives=[*objectives]), Perspective(title="Customer", objectives=[])]
    strategy_map = StrategyMap(strategies=[], perspectives=bands, causes=[])
    return Told(organisation=Organisation(name="Harbour"), strategy_map=strategy_map)


def node_of(objective: Objective) -> ElementTree.Element:
    root = ElementTree.fromstring(drawn(map_of(objective), CAPTION))  # noqa: S314 - our own
    return next(one for one in root.iter(f"{SVG}g") if one.get("id") == "objective-o")


def words_of(node: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in node.iter(f"{SVG}text")]


def test_progress_is_told_as_a_number_and_the_worst_status_as_symbol_and_word() -> None:
    node = node_of(grown())
    assert words_of(node) == ["Grow", "62 %", "at risk"]
    assert [one.get("href") for one in node.iter(f"{SVG}use")] == ["#AT_RISK"]
    assert node.get("aria-label") == "Grow: 62 % done, at risk"


def test_an_unserved_objective_is_dashed_and_says_so() -> None:
    node = node_of(grown(unserved=True, progress=None, health=Health(worst=None)))
    assert node.get("class") == "unserved"
    assert words_of(node) == ["Grow", "nothing serves it"]
    assert ".unserved .box{stroke-dasharray" in drawn(map_of(), CAPTION)


def test_unclear_progress_is_no_zero() -> None:
    assert words_of(node_of(grown(progress=None)))[1] == "–"


def test_an_empty_perspective_is_shown_too() -> None:
    assert drawn(map_of(), CAPTION).count("No objective yet") == 2
    assert drawn(map_of(grown()), CAPTION).count("No objective yet") == 1


def test_every_status_has_a_symbol_of_its_own() -> None:
    assert set(STATUSES) == {one.value for one in Status}
    assert len({inside for _, _, inside in STATUSES.values()}) == len(STATUSES)


@given(titles, st.floats(20, 400), st.integers(1, 4))
def test_a_title_is_wrapped_into_its_room(said: str, room: float, most: int) -> None:
    lines = wrapped(said, room, 15, most)
    assert 1 <= len(lines) <= most
    assert all(breadth(line) * 15 <= room or len(line) <= 2 for line in lines)


async def test_the_program_draws_the_same_picture() -> None:
    told = map_of(grown(), grown(id="p", title=HOSTILE[0]))
    order = msgspec.json.encode(Order(data=told, caption=CAPTION))
    assert await draw(order) == drawn(told, CAPTION).encode() == await draw(order)


async def test_a_picture_that_takes_too_long_is_given_up() -> None:
    order = msgspec.json.encode(Order(data=map_of(grown()), caption=CAPTION))
    with pytest.raises(Problem) as refusal:
        await draw(order, seconds=0)
    assert (refusal.value.status, refusal.value.code) == (422, "TOO_COMPLEX")


async def test_what_cannot_be_drawn_is_a_fault_and_no_picture() -> None:
    with pytest.raises(RuntimeError):
        await draw(b"{}")
