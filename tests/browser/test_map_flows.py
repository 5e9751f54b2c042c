"""Road links and commuting on the exported map, in a browser: numbers, keyboard, hostile names, reach."""

from dataclasses import replace

import numpy as np
import pytest
from test_access import grave, tab_to

from geo.maps.export import export_html
from geo.maps.flows import PAIRS
from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.model.flows import commuting, largest_pairs, links
from geo.model.simulate import simulate
from geo.presets import preset
from geo.words import number

pytestmark = pytest.mark.browser

YEAR = 2035
HOSTILE = "<img src=x onerror=alert(1)></script><b>甲&amp;"
ROADS, TRIPS = "input[data-key='layer:roads']", "input[data-key='layer:trips']"
NAMES = ({"en": "Announced", "zh": "已宣布"}, {"en": HOSTILE, "zh": HOSTILE}, "Direct effects")


@pytest.fixture(scope="module")
def runs(region):
    """Two scenarios of the full model, and one of direct effects alone."""
    asked = [preset(name, region) for name in ("announced", "moved")]
    return [*(simulate(region, one) for one in asked), simulate(region, asked[1], model="level0")]


@pytest.fixture(scope="module")
def address(region, runs, tmp_path_factory):
    """A map of them as one file, in which a county has a name that wants to be markup."""
    counties = region.counties.copy()
    counties.loc["110108", ["name_en", "name_zh"]] = HOSTILE
    odd = replace(region, counties=counties, content_hash="0" * 64)
    view = build_view(odd, list(zip(NAMES, runs, strict=True)), measures=[MEASURES["delay"]])
    path = tmp_path_factory.mktemp("flows") / "map.html"
    export_html(view, path)
    return path.as_uri()


@pytest.fixture
def page(open_page, address):
    return open_page(address)


def js(page, code):
    return page.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


def ask(page, **state):
    page.evaluate("state => { jjj.set(state); }", state)


def paths(page, pane, look):
    return js(page, f"document.querySelectorAll('.leaflet-{pane}-pane path.{look}').length")


def twin(page, name):
    """Return the rows of a table: id, and the numbers as they are and as they are written."""
    ask(page, table=True, twin=name)
    return js(
        page,
        """[...document.querySelectorAll('.jjj-flowtable tbody tr')].map(row => [row.dataset.id,
        [...row.querySelectorAll('td')].map(cell => [Number(cell.dataset.value), cell.textContent])])""",
    )


def test_layers_are_off_until_asked_for_by_keyboard(page):
    assert (paths(page, "roads", "jjj-road"), paths(page, "trips", "jjj-trip")) == (0, 0)
    assert tab_to(page, ROADS) != "none"
    page.keyboard.press("Space")
    assert paths(page, "roads", "jjj-road") == js(page, "jjj.app.roads.length") > 500
    assert tab_to(page, TRIPS) != "none"
    page.keyboard.press("Space")
    assert paths(page, "trips", "jjj-trip") == PAIRS
    assert page.locator("[data-legend]").count() == 2
    page.keyboard.press("Space")
    assert page.locator("[data-legend]").count() == 1
    assert js(page, "jjj.app.map.getPane('trips').style.display") == "none"


def ends_of(region, identifier):
    return [region.codes.index(code) for code in identifier.split("-")]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("left", [-1, 1])
def test_delay_of_links_is_that_of_python(page, region, runs, language, left):
    ask(page, year=YEAR, a=left, b=0, language=language)
    row = runs[0].position(YEAR)
    found = links(runs[0])
    after = found.delay[row].sum(axis=0)
    before = found.delay_before.sum(axis=0) if left < 0 else links(runs[left]).delay[row].sum(axis=0)
    minutes = found.mean_minutes(found.flow[row].sum(axis=0), after)
    place = {tuple(ends): at for at, ends in enumerate(found.ends.tolist())}
    rows = twin(page, "roads")
    assert len(rows) == len(place)
    for identifier, cells in rows:
        at = place[tuple(ends_of(region, identifier))]
        flow, mean, one, two, change = (value for value, _ in cells)
        assert flow == pytest.approx(found.flow[row, :, at].sum(), abs=0.8)
        assert mean == pytest.approx(minutes[at], abs=0.06)
        assert (one, two) == pytest.approx((before[at], after[at]), abs=0.08)
        assert change == pytest.approx(after[at] - before[at], abs=0.021)
        assert cells[-1][1] == number(change, language, digits=1, sign=True)
    sizes = [abs(cells[-1][0]) for _, cells in rows]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("left", [-1, 1])
@pytest.mark.parametrize("year", [2026, YEAR])
def test_pairs_are_the_largest_of_python(page, region, runs, left, year):
    ask(page, year=year, a=left, b=0)
    before = commuting(runs[0]) if left < 0 else commuting(runs[left], year)
    change = commuting(runs[0], year) - before
    rows = twin(page, "trips")
    wanted = largest_pairs(change, PAIRS).tolist()
    # either side is rounded by 0.1 trips: near half a trip a pair may stand on either side of the limit
    low, high = (len(largest_pairs(change, PAIRS, least=limit)) for limit in (0.71, 0.29))
    assert low <= len(rows) <= high
    least = abs(change[tuple(wanted[-1])])
    for identifier, cells in rows:
        home, work = ends_of(region, identifier)
        assert cells[-1][0] == pytest.approx(change[home, work], abs=0.21)
        assert cells[0][0] == pytest.approx(before[home, work], abs=1.1)
        assert abs(change[home, work]) >= least - 0.41
    smallest = number(rows[-1][1][-1][0], "en", sign=True)
    assert smallest in page.locator(".jjj-flowtable caption").inner_text()


def test_colours_are_those_of_the_legend_and_no_change_is_neutral(page):
    page.locator(ROADS).check()
    ask(page, year=YEAR)
    counts = [int(chip) for chip in page.locator("[data-legend='roads'] .jjj-chip").all_inner_texts()]
    strokes = js(page, "[...document.querySelectorAll('path.jjj-road')].map(p => p.getAttribute('stroke'))")
    colours = js(page, "jjj.app.flowScale.classes.colours")
    assert [strokes.count(colour) for colour in colours] == counts
    assert sum(counts) == len(strokes)
    assert counts[len(counts) // 2] > sum(counts) / 2
    ask(page, a=0, b=0)
    assert set(
        js(page, "[...document.querySelectorAll('path.jjj-road')].map(p => p.getAttribute('stroke'))")
    ) == {"#f6f3ed"}


def test_the_start_changes_nothing(page):
    page.locator(ROADS).check()
    page.locator(TRIPS).check()
    ask(page, mode="baseline")
    assert paths(page, "trips", "jjj-trip") == 0
    assert "No pair of counties changes" in page.locator("[data-legend='trips']").inner_text()
    assert {cells[-1][0] for _, cells in twin(page, "roads")} == {0}


def test_a_scenario_without_flows_says_so(page):
    page.locator(ROADS).check()
    page.locator(TRIPS).check()
    ask(page, b=2)
    for name in ("roads", "trips"):
        assert "level 0" in page.locator(f"[data-legend='{name}']").inner_text()
    assert js(page, "jjj.app.map.getPane('roads').style.display") == "none"
    ask(page, table=True, twin="roads", language="zh")
    assert "零级" in page.locator(".jjj-table").inner_text()
    ask(page, b=0, a=2)
    assert "零级" in page.locator("[data-legend='roads']").inner_text()


def test_the_table_opens_the_panel_by_keyboard(page):
    tab_to(page, "[data-tool='table']")
    page.keyboard.press("Enter")
    tab_to(page, "[data-twin='trips']")
    page.keyboard.press("Enter")
    assert js(page, "document.activeElement.dataset.twin") == "trips"
    tab_to(page, ".jjj-flowtable tbody button")
    page.keyboard.press("Enter")
    info = page.locator(".jjj-info")
    for word in (
        "Commuting between two counties",
        "Home",
        "Work",
        "trips a day",
        "estimated",
        "Gravity model",
    ):
        assert word in info.inner_text()
    first = page.locator(".jjj-flowtable tbody tr").first
    change = first.locator("td").last.inner_text()
    assert info.locator(".jjj-numbers td").last.inner_text() == change
    page.locator("[data-twin='roads']").click()
    page.locator(".jjj-flowtable tbody button").first.click()
    for word in ("vehicle-hours", "vehicles an hour", "minutes", "identified", "congestion indices"):
        assert word in info.inner_text()


def test_a_link_is_found_under_the_pointer(page):
    page.locator("input[data-key='layer:institutions']").uncheck()
    page.locator(ROADS).check()
    ask(page, year=YEAR)
    js(page, "(jjj.app.map.setView([40.3, 116.9], 10, { animate: false }), 1)")
    middle = """(() => { const { one, two } = jjj.app.region.byType.road.get('110116-110118');
        const p = jjj.app.map.latLngToContainerPoint([(one.lat + two.lat) / 2, (one.lon + two.lon) / 2]);
        return [p.x, p.y]; })()"""
    page.mouse.move(*js(page, middle))
    tip = page.locator(".jjj-tip")
    assert "vehicle-hours" in tip.inner_text()
    page.mouse.click(*js(page, middle))
    assert js(page, "jjj.state().selected") == {"type": "road", "id": "110116-110118"}


def test_hostile_names_stay_text(page):
    page.locator(ROADS).check()
    page.locator(TRIPS).check()
    ask(page, year=YEAR, a=1, b=0, table=True, twin="roads")
    js(page, "(jjj.app.select('road', jjj.app.roads.find(r => r.id.includes('110108')).id), 1)")
    assert HOSTILE in page.locator(".jjj-info h2").inner_text()
    assert HOSTILE in page.locator(".jjj-flowtable").inner_text()
    assert page.locator("img").count() == 0
    assert page.guard.dialogs == []


def test_the_swipe_cuts_the_layers_and_a_reload_keeps_them(page):
    page.locator(ROADS).check()
    ask(page, mode="swipe", table=True, twin="roads")
    for pane in ("roads", "trips"):
        assert js(page, f"jjj.app.map.getPane('{pane}').style.clipPath").startswith("polygon(")
    page.reload()
    page.wait_for_selector("#jjj[data-ready]")
    assert "layer:roads" not in js(page, "jjj.state().hidden")
    assert js(page, "document.querySelector('[data-twin=roads]').getAttribute('aria-pressed')") == "true"


# axe-core takes seconds for a table of hundreds of rows
REACHED = ((1280, "en"), (390, "zh"))


@pytest.mark.parametrize("size", [(1280, 800), (810, 760), (390, 844)])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_fits_and_has_no_grave_finding(open_page, address, size, language):
    page = open_page(address, size)
    js(page, "(jjj.toggle('layer:roads'), jjj.toggle('layer:trips'), 1)")
    for state in (
        {},
        {"table": True, "twin": "roads"},
        {"twin": "trips"},
        {"table": False, "open": "legend"},
    ):
        ask(page, year=YEAR, language=language, **state)
        boxes = js(
            page,
            """[...document.querySelectorAll('.jjj-card:not([hidden]):not(.jjj-message)')]
            .filter(c => c.offsetParent).map(c => { const b = c.getBoundingClientRect();
            return [c.className, b.left, b.top, b.right, b.bottom]; })""",
        )
        assert all(b[1] >= 0 and b[2] >= 0 and b[3] <= size[0] and b[4] <= size[1] for b in boxes), boxes
        assert js(page, "document.documentElement.scrollWidth") <= size[0]
        if (size[0], language) in REACHED:
            page.wait_for_timeout(200)
            assert grave(page) == []


def test_numbers_of_the_map_are_rounded_and_not_lost(page, runs):
    """The sum over links agrees with Python's: rounding does not add up."""
    ask(page, year=YEAR, a=-1, b=0)
    shown = sum(cells[-1][0] for _, cells in twin(page, "roads"))
    found = links(runs[0])
    change = found.delay[runs[0].position(YEAR)].sum() - found.delay_before.sum()
    assert shown == pytest.approx(change, abs=0.02 * np.sqrt(len(found.free)))


def test_side_by_side_they_lie_on_the_right_map_alone(page):
    ask(page, year=YEAR, a=1, b=0, hidden=[], mode="beside")

    def shown(pane, look):
        lines = f"m.querySelectorAll('.leaflet-{pane}-pane path.{look}')"
        seen = f"[...{lines}].filter(line => line.checkVisibility()).length"
        return js(page, f"[...document.querySelectorAll('.jjj-map')].map(m => {seen})")

    assert shown("roads", "jjj-road") == [0, js(page, "jjj.app.roads.length")]
    assert shown("trips", "jjj-trip") == [0, PAIRS]
    ask(page, mode="difference")
    assert shown("trips", "jjj-trip") == [PAIRS, 0]
    page.guard.clean()
