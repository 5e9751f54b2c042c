"""Two maps side by side: one scale, one view, one selection, whichever half is touched."""

import json

import geopandas as gpd
import pytest
import synthetic_maps as made
from shapely.geometry import Point, box
from test_access import grave

from geo.maps.export import export_html
from geo.maps.view import OwnLayer, build_view
from geo.shared import MODES, View

pytestmark = pytest.mark.browser

CLOSE = 1.5  # pixels: each map lies on whole ones
LABELS = """[jjj.app, jjj.app.second].map(h =>
    h.labels.filter(e => e.marker && h.map.hasLayer(e.marker)).map(e => e.item.name_zh).join())"""
SETTLED = "[jjj.app, jjj.app.second].every(h => !h.map._animatingZoom && !h.led)"


@pytest.fixture
def motion():
    """Whether the reader's system asks for less of it: half of the tests that zoom are run with it."""
    return "reduce"


@pytest.fixture
def page(open_page, exported, motion):
    opened = open_page(exported, reduced_motion=motion)
    js(opened, "jjj.set({measure: 'made_1', a: 1, b: 0, year: 2040})")
    opened.locator("button[data-mode='beside']").click()
    return opened


def js(page, code):
    return page.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


def apart(page):
    """Return how many pixels and zoom levels lie between the views of both maps."""
    page.wait_for_function(f"() => {SETTLED}")
    page.wait_for_timeout(120)
    page.wait_for_function(f"() => {SETTLED}")
    return js(
        page,
        """(() => { const [p, q] = [jjj.app.map, jjj.app.second.map];
            const at = m => m.project(m.getCenter(), 10);
            return [at(p).distanceTo(at(q)) / 2 ** (10 - p.getZoom()), q.getZoom() - p.getZoom()]; })()""",
    )


def together(page):
    pixels, levels = apart(page)
    return pixels <= CLOSE and levels == 0


def view(page):
    return js(page, "(c => [c.lat, c.lng, jjj.app.map.getZoom()])(jjj.app.map.getCenter())")


def middle(page, half, of=".jjj-map"):
    box = page.locator(of).nth(half).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def bare(page):
    """Take off the marks, so that a county lies under every pointer."""
    page.locator(".jjj-sectors .jjj-none").click()
    page.locator("input[data-key='layer:institutions']").click()


def paths(pane):
    """Return code that counts a pane's paths on each half."""
    count = f"m.querySelectorAll('.leaflet-{pane}-pane path').length"
    return f"[...document.querySelectorAll('.jjj-map')].map(m => {count})"


def fills(page, half):
    paths = f"document.querySelectorAll('.jjj-map')[{half}].querySelectorAll('.leaflet-fillA-pane path')"
    return js(page, f"[...{paths}].map(p => p.getAttribute('fill'))")


def expected(page, side, year):
    """Return the colours of a scenario's values, or of the start, by the legend's own bounds."""
    now = js(page, "jjj.now()")
    values = js(
        page,
        "[...jjj.app.scenarios[0].values('made_1').before]"
        if side < 0
        else f"[...jjj.app.scenarios[{side}].at('made_1', {year})]",
    )
    inner = now["bounds"][1:-1]
    return [now["colours"][sum(value >= bound for bound in inner)] for value in values]


# What is shown ----------------------------------------------------------------------------------------


def test_the_second_map_is_built_when_first_asked_for_and_kept(open_page, exported):
    page = open_page(exported)
    maps = page.locator(".leaflet-container")
    for mode in ("swipe", "baseline", "scenario", "difference"):
        page.locator(f"button[data-mode='{mode}']").click()
        assert maps.count() == 1
    page.locator("button[data-mode='beside']").click()
    assert maps.count() == 2
    nodes = js(page, "document.querySelectorAll('*').length")
    for _ in range(4):
        page.locator("button[data-mode='scenario']").click()
        assert not maps.nth(1).is_visible()
        page.locator("button[data-mode='beside']").click()
    assert maps.count() == 2
    assert js(page, "document.querySelectorAll('*').length") == pytest.approx(nodes, abs=20)


def test_each_half_has_the_colours_of_its_side_and_one_scale(page):
    assert fills(page, 0) == expected(page, 1, 2040)
    assert fills(page, 1) == expected(page, 0, 2040)
    assert fills(page, 0) != fills(page, 1)
    beside = js(page, "jjj.now().bounds")
    js(page, "jjj.set({a: -1, year: 2031})")
    assert fills(page, 0) == expected(page, -1, 2031)
    assert fills(page, 1) == expected(page, 0, 2031)
    js(page, "jjj.set({a: 1, mode: 'swipe'})")
    assert js(page, "jjj.now().bounds") == beside


def test_captions_and_legend_name_both_sides(page):
    assert page.locator(".jjj-half").all_inner_texts() == [
        "Moved by now · 2040",
        "Announced programme · 2040",
    ]
    assert page.locator(".jjj-legend").count() == 1
    legend = page.locator(".jjj-sides").inner_text()
    assert legend == "Left: Moved by now · 2040. Right: Announced programme · 2040."
    page.locator(".jjj-language").click()
    assert page.locator(".jjj-half").nth(1).inner_text() == "已宣布的方案 · 2040"
    labels = js(page, "[...document.querySelectorAll('.jjj-map')].map(m => m.getAttribute('aria-label'))")
    assert [label[:2] for label in labels] == ["左图", "右图"]


def test_both_halves_hold_the_whole_map(page):
    js(page, "jjj.set({hidden: []})")
    for pane in ("land", "fillA", "borders", "lines"):
        counts = js(page, paths(pane))
        assert counts[0] == counts[1] > 0, pane
    for pane in ("sites", "institutions", "stations", "labels"):
        counts = js(
            page,
            f"[...document.querySelectorAll('.jjj-map')].map(m => "
            f"[...m.querySelectorAll('.leaflet-{pane}-pane > *')].filter(n => !n.hidden).length)",
        )
        assert counts[0] == counts[1] > 0, pane


def test_toggles_act_on_both_halves_also_while_one_is_away(page):
    sites = "h.marks.filter(m => m.shown && m.keys[0].startsWith('sector')).length"
    shown = f"[jjj.app, jjj.app.second].map(h => {sites})"
    page.locator("input[data-key='sector:robotics']").click()
    assert js(page, shown) == [112, 112]
    page.locator("button[data-mode='scenario']").click()
    page.locator("input[data-key='sector:aerospace']").click()
    page.locator("input[data-key='layer:rail']").click()
    page.locator("button[data-mode='beside']").click()
    assert js(page, shown) == [97, 97]
    assert js(page, "[jjj.app, jjj.app.second].map(h => h.map.hasLayer(h.lines.rail))") == [True, True]


def test_each_half_shows_the_moves_of_its_own_side(page):
    ends = "[jjj.app, jjj.app.second].map(h => h.movers.map(m => m.ends.move.institution))"
    # the first scenario moves two institutions, in 2025 and 2027; the second one, in 2023
    assert js(page, ends) == [["bjtu"], ["bjtu", "kouqiang"]]
    js(page, "jjj.set({year: 2024})")
    assert js(page, ends) == [["bjtu"], []]
    js(page, "jjj.set({a: -1, year: 2026})")
    assert js(page, ends) == [[], ["bjtu"]]
    arcs = paths("arcs")
    assert js(page, arcs) == [0, 2]


def test_moves_stay_on_the_map_in_years_without_new_ones(open_page, exported):
    page = open_page(exported)
    movers = "document.querySelectorAll('.leaflet-movers-pane .jjj-mark').length"
    js(page, "jjj.set({mode: 'scenario', year: 2030})")
    assert js(page, movers) == 2
    js(page, "jjj.set({year: 2031})")
    assert js(page, movers) == 2


def test_selection_is_outlined_on_both(page):
    outlines = paths("select")
    bare(page)
    page.mouse.click(*middle(page, 1))
    chosen = js(page, "jjj.state().selected")
    assert chosen["type"] == "county"
    assert js(page, outlines) == [1, 1]
    page.keyboard.press("Escape")
    assert js(page, outlines) == [0, 0]


@pytest.mark.parametrize("half", [0, 1])
def test_a_tip_is_mirrored_with_the_other_halfs_number(page, half):
    bare(page)
    page.mouse.move(*middle(page, half))
    page.mouse.move(middle(page, half)[0] + 3, middle(page, half)[1] + 2)
    here, there = (page.locator(".jjj-map").nth(which).locator(".jjj-tip") for which in (half, 1 - half))
    name = here.locator("strong").inner_text()
    assert there.locator("strong").inner_text() == name
    i = js(page, "jjj.app.region.counties.findIndex(c => c.name_en === " + json.dumps(name) + ")")
    value = js(page, f"jjj.app.now.{'after' if half == 0 else 'before'}[{i}]")
    written = js(page, f"jjj.number({value}, 'en', jjj.app.now.measure.digits)")
    assert written in there.inner_text()
    spots = [tip.bounding_box() for tip in (here, there)]
    assert spots[0]["y"] == pytest.approx(spots[1]["y"], abs=60)
    page.mouse.move(*middle(page, 0, ".jjj-legend"))
    there.wait_for(state="detached")


# One view ----------------------------------------------------------------------------------------------


def test_both_open_with_the_same_view_and_size(page):
    sizes = js(page, "[jjj.app, jjj.app.second].map(h => (s => [s.x, s.y])(h.map.getSize()))")
    assert sizes[0] == sizes[1]
    assert together(page)


# with and without motion, a half each
MOVED = pytest.mark.parametrize(("half", "motion"), [(0, "reduce"), (1, "no-preference")])
MOVING = pytest.mark.parametrize("motion", ["no-preference"])


@MOVED
def test_a_drag_moves_both(page, half):
    before = view(page)
    x, y = middle(page, half)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x + 9 * step, y - 6 * step)
        if step == 5:  # while it is dragged, not only afterwards
            assert together(page)
    page.mouse.up()
    page.wait_for_timeout(400)
    assert together(page)
    assert view(page)[:2] != pytest.approx(before[:2], abs=1e-2)


@MOVED
def test_what_a_drag_brings_in_is_drawn_on_both(page, half):
    js(page, "(jjj.app.map.setView([39.9, 116.4], 10, {animate: false}), 1)")
    before = js(page, LABELS)
    x, y = middle(page, half)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 200, y - 250, steps=4)
    page.wait_for_timeout(300)  # held still, so that the map does not glide on
    page.mouse.move(x - 200, y - 251)
    page.mouse.up()
    page.wait_for_timeout(400)
    one, two = js(page, LABELS)
    assert one == two
    assert one != before[0]


@MOVING
def test_a_zoom_in_the_wake_of_another_wins_on_both(page):
    page.evaluate(
        """() => { const { map } = jjj.app;
            map.once("zoomend", () => map.setZoom(9));
            map.setZoom(8); }"""
    )
    for _ in range(50):  # zooms take their time on a busy machine
        page.wait_for_timeout(200)
        if view(page)[2] == 9:
            break
    page.wait_for_timeout(300)
    assert together(page)
    assert view(page)[2] == 9


@MOVED
def test_the_wheel_zooms_both(page, half):
    before = view(page)
    x, y = middle(page, half)
    page.mouse.move(x + 40, y + 30)
    for _ in range(5):
        page.mouse.wheel(0, -180)
        page.wait_for_timeout(90)  # some turns fall into a zoom that is still going on
    page.wait_for_timeout(500)
    assert together(page)
    assert view(page)[2] > before[2]


@MOVED
def test_keys_move_and_zoom_both(page, half):
    before = view(page)
    page.locator(".jjj-map").nth(half).focus()
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        page.wait_for_timeout(500)  # a map that glides takes no other key
    assert together(page)
    moved = view(page)
    assert moved[1] > before[1]
    assert moved[0] < before[0]
    page.keyboard.press("+")
    page.wait_for_timeout(400)
    assert together(page)
    assert view(page)[2] > before[2]


@MOVING
def test_buttons_zoom_both_and_lead_home(page):
    before = view(page)
    page.mouse.move(*middle(page, 1))
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(400)
    page.locator(".jjj-zoom button").nth(0).click()
    page.wait_for_timeout(400)
    assert together(page)
    assert view(page)[2] > before[2]
    page.locator(".jjj-zoom button").nth(2).click()
    assert together(page)
    assert view(page) == pytest.approx(before, abs=1e-2)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_no_zoom_glides_for_who_asks_for_less_motion(page, motion):
    before = view(page)
    js(page, "(window.glided = 0, jjj.app.map.on('zoomanim', () => { window.glided += 1; }), 1)")
    page.locator(".jjj-zoom button").nth(0).click()
    page.wait_for_timeout(400)
    assert together(page)
    assert view(page)[2] > before[2]
    assert js(page, "window.glided > 0") is (motion != "reduce")


def test_two_fingers_zoom_both(open_page, exported):
    page = open_page(exported, has_touch=True)
    js(page, "jjj.set({mode: 'beside'})")
    before = view(page)
    touch = page.context.new_cdp_session(page)

    def fingers(kind, gap):
        x, y = middle(page, 1)
        points = (
            [] if kind == "touchEnd" else [{"x": x - gap, "y": y, "id": 0}, {"x": x + gap, "y": y, "id": 1}]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(40)

    fingers("touchStart", 40)
    for gap in (46, 54, 63, 75):
        fingers("touchMove", gap)
    zooms = js(page, "[jjj.app.map.getZoom(), jjj.app.second.map.getZoom()]")
    assert zooms[0] == pytest.approx(zooms[1])
    assert zooms[0] > before[2]
    fingers("touchEnd", 0)
    page.wait_for_timeout(500)
    assert together(page)


@MOVING
def test_search_brings_both_there(page):
    box = page.locator("[role=combobox]")
    box.fill("rongcheng")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert together(page)
    inside = "[jjj.app, jjj.app.second].map(h => h.map.getBounds().contains([39.05, 115.86]))"
    assert js(page, inside) == [True, True]


def test_a_view_is_kept_when_the_mode_changes_and_the_frame_is_resized(page):
    js(page, "(jjj.app.map.setView([39, 116], 9, {animate: false}), 1)")
    assert together(page)
    for mode in ("swipe", "beside", "difference", "beside"):
        page.locator(f"button[data-mode='{mode}']").click()
        assert view(page) == pytest.approx([39, 116, 9], abs=1e-2), mode
    page.set_viewport_size({"width": 1500, "height": 700})
    page.wait_for_timeout(300)
    assert together(page)
    assert view(page) == pytest.approx([39, 116, 9], abs=1e-2)
    sizes = js(
        page, "[jjj.app, jjj.app.second].map(h => [h.map.getContainer().clientWidth, h.map.getSize().x])"
    )
    assert len({width for pair in sizes for width in pair}) == 1


def test_the_whole_region_stays_whole(open_page, exported):
    page = open_page(exported)
    whole = (
        """[jjj.app, jjj.app.second].filter(Boolean).every(h => h.map.getBounds().contains(jjj.app.bounds))"""
    )
    home = view(page)
    page.locator("button[data-mode='beside']").click()
    assert js(page, whole)
    page.locator("button[data-mode='difference']").click()
    assert view(page) == pytest.approx(home, abs=1e-2)


# Reached, kept, laid out -------------------------------------------------------------------------------


def test_the_mode_is_reached_by_keyboard_and_both_maps_are_stops(open_page, exported):
    page = open_page(exported)
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        if js(page, "document.activeElement.matches(\"button[data-mode='beside']\")"):
            page.keyboard.press("Enter")
        seen.append(js(page, "[...document.querySelectorAll('.jjj-map')].indexOf(document.activeElement)"))
    assert js(page, "jjj.state().mode") == "beside"
    page.locator(".jjj-search input").focus()
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    for _ in range(140):
        page.keyboard.press("Tab")
        seen.append(js(page, "[...document.querySelectorAll('.jjj-map')].indexOf(document.activeElement)"))
    assert {0, 1} <= set(seen)


def test_it_survives_a_reload(page):
    js(page, "(jjj.app.map.setView([39, 116], 9, {animate: false}), 1)")
    page.reload()
    page.wait_for_selector("#jjj[data-ready]")
    assert js(page, "jjj.state().mode") == "beside"
    assert page.locator(".leaflet-container").count() == 2
    assert view(page) == pytest.approx([39, 116, 9], abs=1e-2)
    assert together(page)


def test_a_link_and_a_file_open_in_it(open_page, region, tmp_path):
    import synthetic_maps as made  # noqa: PLC0415 -- on the path by conftest

    from geo.maps.export import export_html  # noqa: PLC0415
    from geo.maps.view import build_view  # noqa: PLC0415

    assert "beside" in MODES
    asked = View.of({"mode": "beside", "year": "2033", "measure": "made_1"}, {"made_1": None})
    assert asked.mode == "beside"
    listed = made.measures(3)
    runs = [(name, made.outcome(region, listed, seed=i)) for i, name in enumerate(("one", "two"))]
    view = build_view(region, runs, measures=listed)
    export_html(view, tmp_path / "map.html", state={**asked.state(), "a": 0, "b": 1})
    page = open_page((tmp_path / "map.html").as_uri())
    assert page.locator(".jjj-half").all_inner_texts() == ["one · 2033", "two · 2033"]
    assert fills(page, 0) == expected(page, 0, 2033)
    assert fills(page, 1) == expected(page, 1, 2033)


def test_a_narrow_frame_stacks_them(open_page, exported):
    page = open_page(exported, (390, 844))
    js(page, "jjj.set({a: 1, year: 2040})")
    page.locator("button[data-mode='beside']").click()
    page.wait_for_timeout(200)
    one, two = (page.locator(".jjj-map").nth(half).bounding_box() for half in (0, 1))
    assert (one["x"], one["width"]) == (two["x"], two["width"]) == (0, 390)
    assert one["y"] + one["height"] < two["y"]
    assert one["height"] == two["height"] > 150
    cards = [page.locator(f".jjj-{name}").bounding_box() for name in ("controls", "legend")]
    assert cards[0]["y"] + cards[0]["height"] <= page.locator(".jjj-half").first.bounding_box()["y"]
    assert two["y"] + two["height"] <= cards[1]["y"]
    assert together(page)
    page.locator("[data-tool='legend']").click()
    assert "Above: Moved by now" in page.locator(".jjj-sides").inner_text()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_timeout(300)
    one, two = (page.locator(".jjj-map").nth(half).bounding_box() for half in (0, 1))
    assert one["y"] == two["y"]
    assert "Left: Moved by now" in page.locator(".jjj-sides").inner_text()
    assert together(page)


@pytest.mark.parametrize("width", [1440, 1280, 1040, 810, 645, 639, 390, 360])
def test_five_modes_fit_the_bar(open_page, exported, width):
    page = open_page(exported, (width, 800))
    for language in ("en", "zh"):
        js(page, f"jjj.set({{mode: 'beside', language: '{language}'}})")
        cut = "[...document.querySelectorAll('.jjj-modes button')].map(b => b.scrollWidth - b.clientWidth)"
        assert js(page, cut) == [0, 0, 0, 0, 0]
        tops = "new Set([...document.querySelectorAll('.jjj-modes button')].map(b => b.offsetTop)).size"
        assert js(page, tops) == 1


@pytest.mark.parametrize(("size", "language"), [((1280, 800), "zh"), ((390, 844), "en")])
def test_no_grave_finding(open_page, exported, size, language):
    page = open_page(exported, size)
    js(page, f"jjj.set({{mode: 'beside', language: '{language}', a: 1}})")
    page.wait_for_timeout(300)
    assert grave(page) == []


def test_a_live_map_keeps_both_when_a_scenario_arrives(open_page, live):
    page = open_page(live, (1500, 1000), wait=False)
    page.frame_locator("iframe").locator("#jjj[data-ready]").wait_for()
    frame = next(frame for frame in page.frames if "component" in frame.url)
    frame.evaluate("() => { jjj.set({mode: 'beside', a: 0, b: 1, year: 2040}); jjj.move('bjtu', '130632'); }")
    frame.wait_for_function("() => jjj.app.scenarios[1].moves.length === 1")
    movers = frame.evaluate("() => [jjj.app, jjj.app.second].map(h => h.movers.length)")
    assert movers == [0, 1]
    assert frame.evaluate("() => document.querySelectorAll('.leaflet-container').length") == 2


@pytest.fixture
def own_page(open_page, tmp_path, region):
    """A file with a layer of areas and one of points, side by side."""
    listed = made.measures(2)
    area, spots = [box(116, 39, 116.6, 39.5)], [Point(115.2, 38.4), Point(117.1, 41.3)]
    layers = [
        OwnLayer(name, gpd.GeoDataFrame({"name": names}, geometry=shapes, crs=4326))
        for name, names, shapes in (("area", ["A field"], area), ("spots", ["One", "Two"], spots))
    ]
    view = build_view(region, [("one", made.outcome(region, listed))], measures=listed, own=layers)
    export_html(view, tmp_path / "map.html")
    page = open_page((tmp_path / "map.html").as_uri())
    page.locator("button[data-mode='beside']").click()
    return page


def in_halves(page, code):
    """Return what an expression of ``half`` gives in each of the two maps."""
    return js(page, f"[jjj.app, jjj.app.second].map((half) => {code})")


def test_own_layers_lie_in_both_halves(own_page):
    page = own_page
    assert page.locator(".jjj-own path").count() == 2 * 3
    drawn = "half.own.map((layer) => half.map.hasLayer(layer.group))"
    assert in_halves(page, drawn) == [[True, True]] * 2
    shown = "half.own.map((layer) => half.map.getPane(layer.pane).style.display !== 'none')"
    page.locator(".jjj-ownlayers input[type=checkbox]").first.uncheck()
    assert in_halves(page, shown) == [[False, True]] * 2
    page.locator(".jjj-ownlayers input[type=checkbox]").first.check()
    assert in_halves(page, shown) == [[True, True]] * 2
    page.locator("button[data-mode='difference']").click()
    page.locator(".jjj-ownlayers input[type=checkbox]").last.uncheck()
    page.locator("button[data-mode='beside']").click()
    assert in_halves(page, shown) == [[True, False]] * 2


def test_a_feature_of_ones_own_is_chosen_in_either_half(own_page):
    page = own_page
    outline = "half.own[0].items[0].paths[0].options.color"
    plain = in_halves(page, outline)
    for half in ("", ".second"):
        page.locator(f".jjj-map{half or ':not(.second)'} .jjj-own path").first.click()
        assert page.locator(".jjj-info h2").inner_text() == "A field"
        assert in_halves(page, outline) == ["#101820"] * 2
        page.locator(".jjj-info .jjj-close").click()
        assert in_halves(page, outline) == plain
