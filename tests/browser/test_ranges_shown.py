"""Ranges in the browser: on the exported map, and on the page with draws that were kept."""

import numpy as np
import pytest
import synthetic_maps as made
from served import WAIT, ready, serving

from geo.comparison import place_of
from geo.ensemble import run_ensemble
from geo.maps.export import export_html
from geo.maps.rangeview import RangeView
from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.model import calibrate, simulate
from geo.presets import preset
from geo.ranges import Spread, difference_range, span
from geo.sampling import content_key, keep
from geo.words import say

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def exported(region, tmp_path_factory):
    """A map whose second scenario has ranges: low is county number less year, high 1,000 more."""
    listed = made.measures(3)
    runs = [(f"Scenario {i}", made.outcome(region, listed, seed=i)) for i in range(2)]
    low = np.arange(len(region.codes))[None, :] * 10.0 - (made.YEARS - 2020)[:, None]
    ranges = [None, RangeView({"made_0": np.stack([low, low + 1000.0])}, {"made_0": 0}, 40)]
    view = build_view(region, runs, measures=listed, ranges=ranges, date="2026-03-01")
    path = tmp_path_factory.mktemp("ranges") / "map.html"
    export_html(view, path, state={"measure": "made_0", "b": 1, "a": -1, "year": 2050})
    return path.as_uri()


def test_panel_table_and_tip_say_the_range(exported, open_page, region):
    page = open_page(exported)
    at = 150
    page.evaluate(f"jjj.set({{ selected: {{ type: 'county', id: '{region.codes[at]}' }}, table: true }})")
    # 1500 - 30, and 1,000 more; the step of packing is 2e-3 of the largest, 6
    low, high = page.evaluate(f"jjj.app && [0, 1].map((k) => jjj.app.ranges[1].ends('made_0')[k][30][{at}])")
    assert low == pytest.approx(1470, abs=4)
    assert high - low == pytest.approx(1000, abs=8)
    text = say("range.span", "en", low=f"+{round(low):,}", high=f"+{round(high):,}")
    chosen = page.locator(".jjj-info tr.chosen .jjj-range")
    assert chosen.inner_text() == text
    assert page.locator(".jjj-info").get_by_text("40 draws").count() == 1
    row = page.locator(f".jjj-table tr[data-code='{region.codes[at]}'] td").last
    assert row.inner_text() == text
    head = page.locator(".jjj-table thead th").last
    assert head.inner_text().strip() == "10–90 %"
    page.evaluate("jjj.set({ language: 'zh', year: 2020 })")
    assert "至" in chosen.inner_text()


def test_where_nothing_was_drawn_nothing_is_said(exported, open_page, region):
    page = open_page(exported)
    page.evaluate(f"jjj.set({{ selected: {{ type: 'county', id: '{region.codes[9]}' }}, table: true }})")
    for state in ("{ b: 0 }", "{ b: 1, a: 0 }", "{ b: 1, a: -1, measure: 'posts' }"):
        page.evaluate(f"jjj.set({state})")
        assert page.locator(".jjj-info tr.chosen .jjj-range").count() == 0
        assert "10–90" not in page.locator(".jjj-table thead").inner_text()


def test_two_scenarios_have_the_range_of_their_difference_either_way(region, tmp_path, open_page):
    listed = made.measures(3)
    runs = [(f"Scenario {i}", made.outcome(region, listed, seed=i)) for i in range(2)]
    shape = (2, len(made.YEARS), len(region.codes))
    apart = {(0, 1): RangeView({"made_0": np.ones(shape) * [[[200.0]], [[700.0]]]}, {"made_0": 0}, 33)}
    view = build_view(region, runs, measures=listed, apart=apart, date="2026-03-01")
    path = tmp_path / "map.html"
    export_html(view, path, state={"measure": "made_0", "b": 1, "a": 0, "year": 2050, "mode": "difference"})
    page = open_page(path.as_uri())
    page.evaluate(f"jjj.set({{ selected: {{ type: 'county', id: '{region.codes[9]}' }}, table: true }})")
    chosen = page.locator(".jjj-info tr.chosen .jjj-range")
    assert chosen.inner_text() == "+200 to +700"
    assert page.locator(".jjj-info").get_by_text("33 draws").count() == 1
    assert "10–90" in page.locator(".jjj-table thead").inner_text()
    page.evaluate("jjj.set({ a: 1, b: 0 })")
    assert chosen.inner_text() == "\u2212700 to \u2212200"
    assert (
        page.locator(f".jjj-table tr[data-code='{region.codes[9]}'] td").last.inner_text()
        == chosen.inner_text()
    )
    # against the start nothing was drawn
    page.evaluate("jjj.set({ a: -1 })")
    assert chosen.count() == 0


def test_a_range_of_nothing_is_not_said(region, tmp_path, open_page):
    listed = made.measures(3)
    shape = (2, len(made.YEARS), len(region.codes))
    one = np.ones(shape) * [[[5000.0]], [[9000.0]]]
    one[:, :, 9] = 7000.0
    ranges = [RangeView({"made_0": one}, {"made_0": 0}, 40)]
    view = build_view(region, [("A", made.outcome(region, listed))], measures=listed, ranges=ranges)
    path = tmp_path / "map.html"
    export_html(view, path, state={"measure": "made_0", "b": 0, "a": -1, "year": 2050})
    page = open_page(path.as_uri())
    chosen = page.locator(".jjj-info tr.chosen .jjj-range")
    for at, count in ((8, 1), (9, 0)):
        page.evaluate(f"jjj.set({{ selected: {{ type: 'county', id: '{region.codes[at]}' }} }})")
        assert chosen.count() == count


@pytest.fixture(scope="module")
def drawn(region, tmp_path_factory):
    """The announced programme with two draws, kept where the app looks for them."""
    baseline, scenario = calibrate(region), preset("announced", region, "en")
    ensemble = run_ensemble(baseline, scenario, size=2, measures=tuple(MEASURES))
    folder = tmp_path_factory.mktemp("draws")
    keep(folder, content_key(baseline, scenario), ensemble)
    return folder, Spread(region, simulate(baseline, scenario), ensemble)


@pytest.fixture(scope="module")
def address(drawn, tmp_path_factory):
    store = tmp_path_factory.mktemp("store") / "s.sqlite"
    with serving(JINGJINJI_STORE=store, JINGJINJI_CACHE=drawn[0]) as server:
        yield server.address


def test_the_page_shows_ranges_that_were_drawn_before(address, drawn, open_page, region):
    page = open_page(f"{address}/?lang=en", (1440, 1000), wait=False)
    frame = ready(page)
    page.get_by_text("2 draws of all assumptions").first.wait_for(timeout=WAIT)
    frame.evaluate("jjj.set({ selected: { type: 'county', id: '130629' } })")
    wanted = span(MEASURES["population"], drawn[1].change("population", place_of(region, "130629"), 2050))
    shown = frame.locator(".jjj-info tr.chosen .jjj-range").inner_text()
    # the map rounds to 2e-3 of the largest change, files to a thousandth
    numbers = [
        [int(part.replace(",", "").replace("+", "")) for part in text.split(" to ")]
        for text in (wanted, shown)
    ]
    assert numbers[1] == pytest.approx(numbers[0], abs=400)


def test_the_page_brings_the_ranges_between_two_scenarios_that_are_compared(region, open_page, tmp_path):
    """The map asks for them by itself; a scenario in which nothing moves has no draws and needs none."""
    baseline = calibrate(region)
    two = [preset(name, region, "en") for name in ("announced", "moved")]
    drawn = [run_ensemble(baseline, one, size=2, measures=("population", "jobs")) for one in two]
    for one, ensemble in zip(two, drawn, strict=True):
        keep(tmp_path / "draws", content_key(baseline, one), ensemble)
    spreads = [Spread(region, simulate(baseline, one), held) for one, held in zip(two, drawn, strict=True)]
    with serving(JINGJINJI_STORE=tmp_path / "s.sqlite", JINGJINJI_CACHE=tmp_path / "draws") as server:
        page = open_page(f"{server.address}/?lang=en", (1440, 1000), wait=False)
        frame = ready(page)
        page.get_by_text("2 draws of all assumptions").first.wait_for(timeout=WAIT)
        names = frame.evaluate("jjj.app.scenarios.map((one) => one.name.en || one.name)")
        a, b = (names.index(one.name) for one in two)
        frame.evaluate("jjj.set({ selected: { type: 'county', id: '130629' }, mode: 'difference' })")
        frame.evaluate(f"jjj.set({{ a: {a}, b: {b} }})")
        chosen = frame.locator(".jjj-info tr.chosen .jjj-range")
        chosen.wait_for(timeout=WAIT)
        wanted = difference_range(*spreads, "population", place_of(region, "130629"), 2050)
        shown = [
            int(part.replace(",", "").replace("\u2212", "-")) for part in chosen.inner_text().split(" to ")
        ]
        assert shown == pytest.approx(list(wanted), abs=400)
        frame.evaluate("""() => {
          const { app } = jjj;
          const send = app.send;
          window.told = [];
          app.send = (event) => { window.told.push([Date.now(), event.type, event.a]); send(event); };
        }""")
        empty = names.index(say("preset.empty.name", "en"))
        # a question of the reader's own is not overtaken by the map's, which would close its answer
        frame.evaluate(f"jjj.set({{ a: {empty}, b: {b} }})")
        frame.locator(".jjj-explain").click()
        page.get_by_role("dialog").wait_for(timeout=WAIT)
        page.wait_for_timeout(4000)
        assert [one[1] for one in frame.evaluate("window.told")] == ["explain"]
        assert page.get_by_role("dialog").is_visible()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden", timeout=WAIT)
        page.locator("iframe").first.hover()
        frame.wait_for_function("window.told.length > 1", timeout=WAIT)
        assert frame.evaluate("window.told[1].slice(1)") == ["apart", empty]
        assert page.locator("[data-testid='stException']").count() == 0
