"""The charts of the map page: the numbers of geo.comparison, in words, by keyboard, and as a file."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import synthetic_maps as made
from test_access import grave, tab_to
from test_map_export import BOXES, overlapping
from test_map_hostile import HOSTILE, hostile_region

from geo import comparison
from geo.maps.export import export_html
from geo.maps.pack import unpack_scenario
from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.model import simulate
from geo.presets import preset
from geo.scenario import Scenario

pytestmark = pytest.mark.browser

CHARTS = ["lines", "gains", "cities", "classes"]
SVG = "{http://www.w3.org/2000/svg}"


def js(page, code):
    return page.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


def set_state(page, **state):
    page.evaluate("state => { jjj.set(state); }", state)


def table(page, chart):
    """Open a chart's table and return its heads and its rows: a name, then numbers."""
    section = page.locator(f"[data-chart={chart}]")
    if section.locator("details:not([open])").count():
        section.locator("summary").click()
    section.locator("table").wait_for()
    return section.evaluate(
        """node => {
            const number = cell => cell.dataset.value === "" ? NaN : Number(cell.dataset.value);
            const heads = [...node.querySelectorAll("thead th")].map(cell => cell.textContent);
            const rows = [...node.querySelectorAll("tbody tr")].map(row =>
                [row.querySelector("th").textContent, ...[...row.querySelectorAll("td")].map(number)]);
            return [heads, rows]; }"""
    )


def text(page, chart):
    return page.locator(f"[data-chart={chart}]").inner_text()


def exact(value):
    return pytest.approx(value, rel=1e-9, abs=1e-7, nan_ok=True)


def as_read(view, place, outcome):
    """Return the outcome as the page reads it: with the rounding of the packed numbers."""
    part = view.scenarios[place]
    read = unpack_scenario(part.packed_start, part.packed)
    regional = {key: np.array(values, dtype=float) for key, values in read["regional"].items()}
    return replace(outcome, values=read["after"], before=read["before"], regional=regional)


# Real outcomes -----------------------------------------------------------------------------------------


class Real:
    """Two programmes run with the full model, their map, and the same as geo.comparison sees it."""

    def __init__(self, region, folder):
        self.region = region
        self.runs = [(name, simulate(region, preset(name, region))) for name in ("announced", "moved")]
        self.start = simulate(region, Scenario(name="nothing"))
        view = build_view(region, self.runs, measures=MEASURES.values())
        self.read = [as_read(view, place, outcome) for place, (_, outcome) in enumerate(self.runs)]
        export_html(view, folder / "real.html")
        self.address = (folder / "real.html").as_uri()

    def pair(self, a, b):
        first = self.read[a] if a >= 0 else self.as_start()
        return comparison.Pair(self.region, first, self.read[b], self.as_start())

    def as_start(self):
        """Return the start as the page reads it, as an outcome that never changes."""
        before, years = self.read[0].before, len(self.read[0].years)
        return replace(self.start, values={key: np.tile(one, (years, 1)) for key, one in before.items()})


@pytest.fixture(scope="module")
def real(region, tmp_path_factory):
    return Real(region, tmp_path_factory.mktemp("real"))


@pytest.fixture
def page(open_page, real):
    page = open_page(real.address)
    set_state(page, charts=True)
    return page


KINDS = ["population", "output", "density", "pm25", "wage", "floor_price", "mean_minutes", "productivity"]


@pytest.mark.parametrize("a", [-1, 1])
def test_cities_are_those_of_the_comparison(page, real, a):
    for measure in [*KINDS, "posts"]:
        set_state(page, measure=measure, a=a, b=0, year=2037)
        heads, rows = table(page, "cities")
        assert len(heads) == 5
        cities = comparison.cities(real.region)
        wanted = comparison.indicators(real.pair(a, 0), 2037, [measure], cities)
        assert [row[0] for row in rows] == [row.place.name for row in wanted]
        for row, want in zip(rows, wanted, strict=True):
            assert row[1:] == exact([want.first, want.second, want.difference, want.percent]), measure


def test_a_city_is_near_the_number_that_was_not_packed(page, real):
    two = comparison.Pair(real.region, real.runs[1][1], real.runs[0][1])
    for measure in ("population", "wage"):
        set_state(page, measure=measure, a=1, b=0, year=2050)
        _, rows = table(page, "cities")
        wanted = comparison.indicators(two, 2050, [measure], comparison.cities(real.region))
        assert [row[2] for row in rows] == pytest.approx([row.second for row in wanted], rel=2e-4)


@pytest.mark.parametrize("place", ["region", "130629", "110000"], ids=["the region", "a county", "a city"])
def test_lines_are_those_of_the_comparison(page, real, place):
    if place != "region":
        js(page, f"jjj.app.select('{'city' if place.endswith('0000') else 'county'}', '{place}')")
    where = comparison.place_of(real.region, place)
    for measure in [*KINDS, "delay"]:
        set_state(page, measure=measure, a=1, b=0)
        heads, rows = table(page, "lines")
        assert heads == ["Year", "Starting point", "A: moved", "B: announced"]
        assert [int(row[0]) for row in rows] == real.read[0].years.tolist()
        wanted = comparison.lines(real.pair(1, 0), measure, where)
        for column, values in enumerate(wanted, start=1):
            near = (
                {"rel": 1e-6} if place == "region" else {"rel": 1e-9}
            )  # a regional number has seven figures
            assert [row[column] for row in rows] == pytest.approx(values.tolist(), **near), measure
        assert where.name in page.locator("[data-chart=lines] h3").inner_text()


def test_rises_and_falls_are_those_of_the_comparison(page, real):
    for measure in ("population", "posts", "wage", "mean_minutes"):
        set_state(page, measure=measure, a=1, b=0, year=2033)
        _, rows = table(page, "gains")
        gains, losses = comparison.ranking(real.pair(1, 0), measure, 2033)
        wanted = [*gains, *reversed(losses)]
        assert [row[0] for row in rows] == [row.name for row in wanted]
        for row, want in zip(rows, wanted, strict=True):
            assert row[1:4] == exact([want.first, want.second, want.difference])
        names = page.locator(".jjj-names").first.locator("button").all_inner_texts()
        assert names == [row.name for row in (*gains[:8], *reversed(losses[:8]))]


def test_classes_are_those_of_the_map(page, real):
    codes = list(real.region.codes)
    for measure in ("population", "posts", "wage"):
        set_state(page, measure=measure, a=1, b=0, year=2044, mode="swipe")
        now = js(page, "jjj.now()")
        edges = np.array(now["bounds"][1:-1])
        _, rows = table(page, "classes")
        for column, outcome in ((1, real.read[1]), (2, real.read[0])):
            found = np.searchsorted(edges, outcome.at(measure, 2044), side="right")
            assert [row[column] for row in rows] == np.bincount(found, minlength=len(edges) + 1).tolist()
        assert sum(row[1] for row in rows) == len(codes)
        set_state(page, mode="difference")
        assert table(page, "classes")[1] == rows
        fills = "[...document.querySelectorAll('[data-chart=classes] .jjj-keys ~ svg rect[rx]')]"
        assert js(page, f"{fills}.map(one => one.getAttribute('fill'))") == now["colours"]


def test_where_no_mean_is_formed_it_says_so(page):
    set_state(page, measure="peak_speed", a=1)
    section = page.locator("[data-chart=cities]")
    assert "no sum or mean" in section.inner_text()
    assert section.locator("svg, table, button").count() == 0
    set_state(page, language="zh")
    assert "不对多个县区求和或求平均" in section.inner_text()
    assert page.locator("[data-chart=gains] rect").count() > 4


def test_bars_have_the_length_and_the_colour_of_their_number(page):
    set_state(page, measure="population", a=1, b=0, year=2050)
    for chart in ("gains", "cities"):
        bars = js(
            page,
            f"[...document.querySelectorAll('[data-chart={chart}] rect')].map(one => "
            "['data-value', 'x', 'width', 'fill'].map(name => one.getAttribute(name)))",
        )
        value, x, width = (np.array([float(bar[at]) for bar in bars]) for at in range(3))
        assert width / np.abs(value).max() == pytest.approx(
            np.abs(value) * width.max() / np.abs(value).max() ** 2
        )
        zero = np.where(value < 0, x + width, x)
        assert zero == pytest.approx(np.full(len(bars), zero[0]))
        now = js(page, "jjj.now()")
        classes = np.searchsorted(np.array(now["bounds"][1:-1]), value, side="right")
        assert [bar[3] for bar in bars] == [now["colours"][at] for at in classes]


def test_a_line_stands_where_its_numbers_are(page):
    set_state(page, measure="posts", a=1, b=0, year=2030)
    _, rows = table(page, "lines")
    for column, key in ((2, "a"), (3, "b")):
        path = js(page, f"document.querySelector('[data-line={key}]').getAttribute('d')")
        heights = np.array([float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)])
        values = np.array([row[column] for row in rows])
        assert np.corrcoef(heights, values)[0, 1] == pytest.approx(-1, abs=1e-4)
    marker = float(js(page, "document.querySelector('[data-chart=lines] [data-year]').getAttribute('x1')"))
    xs = [float(x) for x in re.findall(r"[ML]([\d.]+) ", path)]
    assert xs[10] == pytest.approx(marker, abs=0.1)


# It follows what the map shows -------------------------------------------------------------------------


def test_charts_follow_every_choice(page):
    seen = set()

    def new():
        shown = page.locator(".jjj-charts .jjj-body").inner_text()
        assert shown not in seen
        seen.add(shown)

    new()
    for patch in (
        {"measure": "wage"}, {"year": 2029}, {"a": 1}, {"b": 1, "a": 0}, {"mode": "scenario"},
        {"mode": "baseline"}, {"mode": "swipe", "year": 2031}, {"language": "zh"},
    ):  # fmt: skip
        set_state(page, **patch)
        new()
    js(page, "jjj.app.select('county', '130629')")
    new()


def test_modes_compare_what_they_say(page):
    set_state(page, measure="population", a=1, b=0, year=2050)
    sides = {"difference": 2, "swipe": 2, "scenario": 1}
    for mode, scenarios in sides.items():
        set_state(page, mode=mode)
        assert page.locator("[data-line]").count() == scenarios + 1
        heads, _ = table(page, "cities")
        first = "A: moved" if scenarios == 2 else "Starting point"
        assert heads[1] == first
    set_state(page, mode="baseline")
    assert page.locator("[data-line]").count() == 0
    assert "nothing is compared" in text(page, "lines")
    assert "nothing is compared" in text(page, "gains")
    heads, rows = table(page, "cities")
    assert heads == ["City", "Starting point"]
    assert sum(row[1] for row in rows) == pytest.approx(110369339)


def test_a_scenario_against_itself_changes_nothing(page):
    set_state(page, measure="population", a=0, b=0)
    assert "No county differs" in text(page, "gains")
    _, rows = table(page, "cities")
    assert {row[3] for row in rows} == {0}


def test_every_chart_has_title_unit_status_source_and_words(page):
    for language, unit, status in (("en", "Unit: persons", "identified"), ("zh", "单位：人", "可信程度")):
        set_state(page, language=language, measure="population", a=1)
        for chart in CHARTS:
            section = page.locator(f"[data-chart={chart}]")
            assert section.locator("h3").inner_text()
            assert status in section.inner_text()
            if chart != "classes":
                assert unit in section.inner_text()
            image = section.locator("svg[role=img]")
            assert image.count() == 1
            assert len(image.get_attribute("aria-label")) > 20
            heads, rows = table(page, chart)
            assert len(heads) > 2
            assert rows
    assert "undefined" not in page.locator(".jjj-charts").inner_text()


# Made outcomes: hand-worked means, weights that are not there, noise ------------------------------------


def made_map(region, tmp_path, measures, values, regional=None):
    """Return a file with one scenario: the given numbers by county from 2021 on, zero or less before."""
    years = made.YEARS
    before = {key: np.asarray(one[0], dtype=float) for key, one in values.items()}
    after = {key: np.vstack([one[0], np.tile(one[1], (len(years) - 1, 1))]) for key, one in values.items()}
    run = made.Outcome(made.scenario(), before, after, regional or {})
    export_html(build_view(region, [("one", run)], measures=measures), tmp_path / "made.html")
    return (tmp_path / "made.html").as_uri()


WAGE = made.Measure("wage", unit="cny_per_year", group="prices")
JOBS = made.Measure("jobs", unit="jobs", group="jobs")


def two_counties(region):
    """Return two counties of Hengshui as positions; the rest of the city has no jobs."""
    inside = np.flatnonzero(region.counties["city_code"].to_numpy() == "131100")
    return inside[0], inside[1]


def test_a_mean_by_hand(open_page, region, tmp_path):
    one, two = two_counties(region)
    jobs, wage, later = np.zeros(199), np.full(199, 50.0), np.full(199, 50.0)
    jobs[one], jobs[two] = 10, 30
    wage[one], wage[two] = 10, 20  # mean (100 + 600) / 40 = 17.5
    later[one], later[two] = 18, 20  # mean (180 + 600) / 40 = 19.5
    values = {"wage": (wage, later), "jobs": (jobs, jobs)}
    page = open_page(made_map(region, tmp_path, [WAGE, JOBS], values))
    set_state(page, charts=True, measure="wage", year=2040)
    rows = {row[0]: row[1:] for row in table(page, "cities")[1]}
    assert rows["Hengshui"] == pytest.approx([17.5, 19.5, 2.0, 100 * 2 / 17.5], abs=1e-2)
    assert list(rows) == ["Hengshui"]  # elsewhere nobody works: no mean
    set_state(page, measure="jobs")
    rows = {row[0]: row[1:3] for row in table(page, "cities")[1]}
    assert rows["Hengshui"] == pytest.approx([40, 40], abs=0.1)
    assert rows["Beijing"] == [0, 0]


def test_weights_that_the_file_lacks_are_named(open_page, region, tmp_path):
    values = {"wage": (np.arange(199.0), np.arange(199.0) + 5)}
    page = open_page(made_map(region, tmp_path, [WAGE], values))
    set_state(page, charts=True, measure="wage")
    assert "does not hold" in text(page, "cities")
    assert page.locator("[data-chart=cities] svg").count() == 0


def test_noise_is_no_change(open_page, region, tmp_path):
    shift = np.zeros(199)
    shift[:4] = 0.45, 0.55, -0.3, 100.0  # the first and the third cannot be read off
    values = {"jobs": (np.full(199, 1000.0), 1000.0 + shift)}
    page = open_page(made_map(region, tmp_path, [JOBS], values))
    set_state(page, charts=True, measure="jobs")
    _, rows = table(page, "gains")
    assert [row[0] for row in rows] == region.counties["name_en"].iloc[[3, 1]].tolist()
    assert [row[3] for row in rows] == pytest.approx([100, 0.55], abs=0.03)
    changed = {row[0]: row[3] for row in table(page, "cities")[1]}
    assert changed["Beijing"] == pytest.approx(100.7, abs=0.2)
    set_state(page, year=2020)
    assert "No county differs" in text(page, "gains")


# Names, keys, looks -------------------------------------------------------------------------------------


NAMES = [*HOSTILE[:3], "\u0000null \u0001\uffff", "\u202egnp.exe", "a" * 400]  # XML holds not all of them


@pytest.fixture(scope="module")
def hostile_charts(region, tmp_path_factory):
    bad = hostile_region(region)
    listed = [*made.measures(2), made.Measure("bad", unit=HOSTILE[2], source=HOSTILE[0], group=HOSTILE[3])]
    runs = [(name, made.outcome(bad, listed, seed=i)) for i, name in enumerate(NAMES)]
    path = tmp_path_factory.mktemp("hostile") / "map.html"
    export_html(build_view(bad, runs, measures=listed), path)
    return path.as_uri()


def saved(page, chart):
    with page.expect_download() as waiting:
        page.locator(f"[data-chart={chart}] .jjj-save").click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_text("utf-8")


def test_hostile_names_are_text(open_page, hostile_charts):
    page = open_page(hostile_charts)
    set_state(page, charts=True, a=3, b=2)
    for measure in ("posts", "made_0", "bad"):
        set_state(page, measure=measure)
        for chart in CHARTS:
            if measure == "bad" and chart == "cities":
                continue  # no unit of ours: neither a sum nor a mean
            table(page, chart)
            if measure == "posts":
                continue  # a browser refuses an eleventh file in a row
            _, drawn = saved(page, chart)
            root = ET.fromstring(drawn)  # noqa: S314 -- our own file
            assert {node.tag.removeprefix(SVG) for node in root.iter()} <= {
                "svg", "g", "rect", "line", "path", "text", "circle", "title", "desc",
            }  # fmt: skip
    foreign = "iframe, img, link, base, object, embed, script, style, a, b b"
    assert page.locator(".jjj-charts").locator(foreign).count() == 0
    assert js(page, "window.hit") is None
    names = page.locator("[data-chart=gains] tbody th").all_text_contents()
    assert sum(name in HOSTILE for name in names) == len(names) > 20
    assert HOSTILE[2] in text(page, "lines")


def test_a_chart_is_taken_along_as_a_file(page):
    set_state(page, measure="population", a=1, b=0, year=2035, language="zh")
    name, drawn = saved(page, "gains")
    assert name == "gains_population_2035.svg"
    root = ET.fromstring(drawn)  # noqa: S314 -- our own file
    words = [node.text for node in root.iter(f"{SVG}text")]
    assert words[0] == "常住人口：谁增谁减，2035年"
    buttons = page.locator(".jjj-names").first.locator("button").all_inner_texts()
    assert set(buttons) <= set(words)
    assert any("来源" in word for word in words)
    assert len(list(root.iter(f"{SVG}rect"))) == len(buttons) + 1
    assert root.find(f"{SVG}desc").text


def test_charts_by_keyboard_alone(open_page, real):
    page = open_page(real.address)
    set_state(page, measure="population", a=1, year=2040)
    assert tab_to(page, "[data-tool=charts]") != "none"
    page.keyboard.press("Enter")
    page.locator(".jjj-charts").wait_for(state="visible")
    assert tab_to(page, ".jjj-charts [role=slider]") != "none"
    slider = page.locator(".jjj-charts [role=slider]")
    assert slider.get_attribute("aria-valuenow") == "2040"
    for key in ("ArrowLeft", "ArrowLeft", "PageDown", "ArrowUp"):
        page.keyboard.press(key)
    assert slider.get_attribute("aria-valuenow") == "2034"
    spoken = slider.get_attribute("aria-valuetext")
    rows = {row[0]: row for row in table(page, "lines")[1]}
    assert f"B: announced: {rows['2034'][3]:,.0f}" in spoken
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert js(page, "jjj.state().year") == 2020
    assert js(page, "document.activeElement.getAttribute('role')") == "slider"
    set_state(page, year=2050)
    tab_to(page, "[data-chart=gains] .jjj-link")
    name = js(page, "document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.locator(".jjj-info h2").inner_text() == name
    assert js(page, "document.activeElement.textContent") == name
    assert name in page.locator("[data-chart=lines] h3").inner_text()
    page.keyboard.press("Escape")
    page.locator(".jjj-charts").wait_for(state="hidden")
    assert js(page, "document.activeElement.dataset.tool") == "charts"


def test_the_pointer_reads_out_and_a_click_shows_the_year(page):
    set_state(page, measure="population", a=1, year=2050)
    box = page.locator(".jjj-read").bounding_box()
    x = js(page, "document.querySelector('[data-line=b]').getBoundingClientRect().toJSON()")
    middle = x["x"] + x["width"] / 2
    page.mouse.move(middle, box["y"] + 60)
    assert page.locator(".jjj-keys b").first.inner_text().startswith("2035: ")
    assert js(page, "jjj.state().year") == 2050
    page.mouse.move(box["x"] + 5, box["y"] - 40)
    assert page.locator(".jjj-keys b").first.inner_text().startswith("2050: ")
    page.mouse.click(middle, box["y"] + 60)
    assert js(page, "jjj.state().year") == 2035


@pytest.mark.parametrize("size", [(1440, 900), (1280, 800), (810, 760), (390, 844)])
def test_the_panel_fits(open_page, real, size):
    page = open_page(real.address, size)
    page.locator("[data-tool=charts]").click()
    for language in ("en", "zh"):
        set_state(page, language=language, measure="floor_space", a=1)
        for chart in CHARTS:
            table(page, chart)
        boxes = js(page, BOXES)
        assert size[0] < 640 or overlapping(boxes) == []  # a sheet lies over a narrow map
        assert all(b[1] >= 0 and b[2] >= 0 and b[3] <= size[0] and b[4] <= size[1] for b in boxes)
        assert js(page, "document.documentElement.scrollWidth") <= size[0]
        body = "document.querySelector('.jjj-charts .jjj-body')"
        assert js(page, f"{body}.scrollWidth - {body}.clientWidth") <= 0
        edge = js(page, f"{body}.getBoundingClientRect().right")
        ends = js(
            page,
            "[...document.querySelectorAll('.jjj-charts svg :is(text, rect, path)')].map(one => "
            "one.getBoundingClientRect()).flatMap(one => [one.left, one.right])",
        )
        assert max(ends) <= edge
        assert min(ends) >= js(page, f"{body}.getBoundingClientRect().left") - 1


@pytest.mark.parametrize(("language", "mode"), [("en", "difference"), ("zh", "baseline")])
def test_no_grave_finding(page, language, mode):
    set_state(page, language=language, mode=mode, measure="population", a=1)
    for chart in CHARTS:
        if page.locator(f"[data-chart={chart}] details").count():
            table(page, chart)
    page.wait_for_timeout(200)
    assert grave(page) == []


def test_table_and_charts_take_turns(page):
    page.locator("[data-tool=table]").click()
    assert page.locator(".jjj-charts").is_hidden()
    page.locator("[data-tool=charts]").click()
    assert page.locator(".jjj-table").is_hidden()
    page.reload()
    page.wait_for_selector("#jjj[data-ready]")
    assert page.locator(".jjj-charts").is_visible()


def test_live_and_file_show_the_same(open_page, live, region, tmp_path):
    listed = made.measures(4)
    runs = [
        (name, made.outcome(region, listed, seed=seed, moves=[]))
        for seed, name in enumerate(("First", "Second"), start=1)
    ]
    export_html(build_view(region, runs, measures=listed), tmp_path / "same.html")
    outer = open_page(live, (1500, 1000), wait=False)
    outer.frame_locator("iframe").locator("#jjj[data-ready]").wait_for()
    frame = next(frame for frame in outer.frames if "component" in frame.url)
    file = open_page((tmp_path / "same.html").as_uri())
    for one in (frame, file):
        set_state(one, charts=True, mode="difference", measure="made_1", a=0, b=1, year=2038)
    for chart in CHARTS:
        assert table(frame, chart) == table(file, chart)
