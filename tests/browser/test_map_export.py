"""The exported map in a real browser, offline: what a reader can do with it."""

import json
import random

import pytest

from geo.words import number

pytestmark = pytest.mark.browser

SECTORS = {
    "integrated_circuits": 10, "network_security": 9, "power_equipment": 9, "biopharmaceuticals": 11,
    "new_energy_vehicles": 17, "intelligent_connected_vehicles": 8, "biomedicine": 7, "hydrogen_energy": 10,
    "robotics": 14, "artificial_intelligence": 10, "life_sciences": 6, "aerospace": 15,
}  # fmt: skip
MODES = ("baseline", "scenario", "swipe", "beside", "difference")


@pytest.fixture
def page(open_page, exported):
    return open_page(exported)


def js(page, code):
    return page.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


def state(page, key):
    return js(page, f"jjj.state().{key}")


def fills(page, pane):
    return js(
        page, f"[...document.querySelectorAll('.leaflet-{pane}-pane path')].map(p => p.getAttribute('fill'))"
    )


def test_draws_every_county_and_asks_nobody(page):
    assert len(fills(page, "fillA")) == 199
    assert len(set(fills(page, "fillA"))) > 2
    assert page.guard.outside == []


def test_a_toggle_takes_its_sites_off_the_map(page):
    marks = "[...document.querySelectorAll('.leaflet-sites-pane .leaflet-marker-icon')]"
    assert js(page, "jjj.shown('site')") == 126 == sum(SECTORS.values())
    for sector, count in SECTORS.items():
        page.locator(f"input[data-key='sector:{sector}']").click()
        assert js(page, "jjj.shown('site')") == 126 - count
        assert js(page, f"{marks}.filter(m => !m.hidden).length") == 126 - count
        page.locator(f"input[data-key='sector:{sector}']").click()
        assert js(page, f"{marks}.filter(m => !m.hidden).length") == 126


def test_all_none_and_solo(page):
    page.locator(".jjj-sectors .jjj-none").click()
    assert js(page, "jjj.shown('site')") == 0
    page.locator(".jjj-sectors .jjj-all").click()
    assert js(page, "jjj.shown('site')") == 126
    solo = page.locator("[data-solo='sector:aerospace']")
    solo.click(force=True)
    assert js(page, "jjj.shown('site')") == SECTORS["aerospace"]
    solo.click(force=True)
    assert js(page, "jjj.shown('site')") == 126


def test_a_group_box_switches_its_sectors(page):
    page.locator("input[data-group='research']").click()
    assert js(page, "jjj.shown('site')") == 126 - 31


def test_institutions_lines_and_stations_toggle(page):
    shown = js(page, "jjj.shown('institution')")
    page.locator("input[data-key='status:candidate']").click()
    assert js(page, "jjj.shown('institution')") > shown
    page.locator("input[data-key='layer:institutions']").click()
    assert js(page, "jjj.shown('institution')") == 0
    lines = "document.querySelectorAll('.leaflet-lines-pane path').length"
    assert js(page, lines) == 0
    page.locator("input[data-key='layer:rail']").click()
    page.locator("input[data-key='layer:corridors']").click()
    assert js(page, lines) == 2 * (127 + 10)
    assert js(page, "jjj.shown('station')") == 89


def test_modes_colour_what_they_say(page):
    page.locator("[data-mode='baseline']").click()
    start = fills(page, "fillA")
    page.locator("[data-mode='scenario']").click()
    later = fills(page, "fillA")
    page.locator("[data-mode='swipe']").click()
    assert fills(page, "fillA") == start
    assert fills(page, "fillB") == later
    assert start != later


def test_swipe_clips_and_moves_by_key_and_pointer(page):
    page.locator("[data-mode='swipe']").click()
    handle = page.locator(".jjj-handle")
    assert handle.get_attribute("aria-valuenow") == "50"
    handle.focus()
    page.keyboard.press("ArrowRight")
    assert handle.get_attribute("aria-valuenow") == "52"
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(300, 400, steps=4)
    page.mouse.up()
    assert int(handle.get_attribute("aria-valuenow")) == pytest.approx(300 / 1280 * 100, abs=1)
    clips = [js(page, f"jjj.app.map.getPane('fill{side}').style.clipPath") for side in "AB"]
    assert all(clip.startswith("polygon(") for clip in clips)
    assert page.locator(".jjj-side.left").inner_text() == "Starting point"
    assert "Announced programme · 2050" in page.locator(".jjj-side.right").inner_text()


def test_difference_is_symmetric_about_no_change(page):
    for measure in ("posts", "made_0", "made_1", "made_2"):
        js(page, f"jjj.set({{mode: 'difference', measure: '{measure}'}})")
        now = js(page, "jjj.now()")
        bounds = now["bounds"]
        assert bounds == [-bound for bound in reversed(bounds)]
        assert now["none"] == (len(bounds) - 2) // 2
        change = [value for value in now["change"] if value is not None]
        limit = bounds[now["none"] + 1]
        assert max(map(abs, change)) <= bounds[-1]
        counts = [int(chip) for chip in page.locator(".jjj-chip").all_inner_texts()]
        assert sum(counts) == 199
        assert counts[now["none"]] == sum(-limit <= value < limit for value in change)
    assert "no change" in page.locator(".jjj-legend").inner_text()


def test_a_scenario_against_itself_is_no_change(page):
    js(page, "jjj.set({mode: 'difference', a: 1, b: 1, measure: 'made_1'})")
    assert set(fills(page, "fillA")) == {"#f6f3ed"}


def test_values_are_those_of_python(open_page, tmp_path, region):
    import synthetic_maps as made  # noqa: PLC0415 -- on the path by conftest

    from geo.maps.export import export_html  # noqa: PLC0415
    from geo.maps.view import build_view  # noqa: PLC0415

    listed = made.measures(3)
    run = made.outcome(region, listed, seed=5)
    export_html(build_view(region, [("one", run)], measures=listed), tmp_path / "map.html")
    page = open_page((tmp_path / "map.html").as_uri())
    for measure in listed:
        js(page, f"jjj.set({{measure: '{measure.id}', year: 2031}})")
        now, row = js(page, "jjj.now()"), 2031 - 2020
        change = run.values[measure.id] - run.before[measure.id]
        limit = 2.0001e-4 * abs(change).max()
        assert now["before"] == pytest.approx(
            run.before[measure.id].tolist(), abs=0.51 * 10.0**-measure.digits
        )
        assert now["change"] == pytest.approx(change[row].tolist(), abs=limit)


FOUND = {
    "海淀": "county:110108",
    "haidian": "county:110108",
    "hai dian": "county:110108",
    "hǎidiàn": "county:110108",
    "Haidian District": "county:110108",
    "baoding": "city:130600",
    "北京交通大学": "institution:bjtu",
    "jiaotong univ": "institution:bjtu",
    "xiahuayuan north": "station:OKP",
    "集成电路设计园": "site:IC02",
}


def test_search_in_three_scripts(page):
    for query, found in FOUND.items():
        assert found in js(page, f"jjj.find({json.dumps(query)})"), query


def test_search_by_keyboard_selects(page):
    box = page.locator("[role=combobox]")
    box.fill("beijing")
    assert js(page, "jjj.app.found.length") > 1
    assert box.get_attribute("aria-expanded") == "true"
    first = box.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") != first
    page.keyboard.press("ArrowUp")
    box.fill("rongchengx")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    assert page.locator(".jjj-info h2").inner_text() == "Rongcheng County"
    assert state(page, "selected") == {"type": "county", "id": "130629"}
    box.fill("zzzz")
    assert "Nothing found" in page.locator("#jjj-list").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#jjj-list").is_visible()


def test_language_switch_changes_every_word(page):
    js(page, "jjj.app.select('institution', 'bjtu')")
    page.locator(".jjj-language").click()
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert page.locator(".jjj-info h2").inner_text() == "北京交通大学"
    for part in (".jjj-modes", ".jjj-layers h2", ".jjj-tools"):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in page.locator(part).first.inner_text())
    assert "差异" in page.locator(".jjj-legend h2").inner_text()
    page.locator(".jjj-language").click()
    assert page.locator(".jjj-info h2").inner_text() == "Beijing Jiaotong University"


def test_a_candidate_is_called_hypothetical(page):
    find = "find(entry => entry.item.institution_status === 'candidate')"
    candidate = js(page, f"jjj.app.marks.{find}.item.id")
    tip = f"(e => e.marker.getTooltip()._content(e.marker).textContent)(jjj.app.marks.{find})"
    for language, word in (("en", "hypothetical"), ("zh", "假设")):
        js(page, f"jjj.set({{language: '{language}'}})")
        js(page, f"jjj.app.select('institution', '{candidate}')")
        assert word in page.locator(".jjj-warn").inner_text()
        assert word in js(page, tip)


def test_years_by_slider_steps_and_play(page):
    slider = page.locator(".jjj-time input")
    slider.focus()
    page.keyboard.press("Home")
    assert state(page, "year") == 2020
    assert page.locator(".jjj-year").inner_text() == "2020"
    page.keyboard.press("ArrowRight")
    page.locator(".jjj-step.on").click()
    assert state(page, "year") == 2022
    page.locator(".jjj-play").click()
    page.wait_for_selector(".jjj-year:text('2024')")
    page.locator(".jjj-play").click()
    assert state(page, "playing") is False


def test_a_move_shows_from_its_year_on(page):
    movers = "document.querySelectorAll('.leaflet-movers-pane .jjj-mark').length"
    hollow = "document.querySelectorAll('.jjj-mark.hollow').length"
    js(page, "jjj.set({mode: 'scenario', year: 2024})")
    assert (js(page, movers), js(page, hollow)) == (0, 0)
    js(page, "jjj.set({year: 2025})")
    assert (js(page, movers), js(page, hollow)) == (1, 1)
    js(page, "jjj.set({year: 2027})")
    assert (js(page, movers), js(page, hollow)) == (2, 2)
    js(page, "jjj.set({mode: 'baseline'})")
    assert (js(page, movers), js(page, hollow)) == (0, 0)


def test_click_on_a_county_opens_its_numbers(page):
    js(page, "jjj.app.region.county('130629').lat")
    at = js(
        page, "(() => { const p = jjj.app.map.latLngToContainerPoint([42.0, 117.2]); return [p.x, p.y]; })()"
    )
    page.mouse.click(*at)
    info = page.locator(".jjj-info")
    assert "County" in info.inner_text()
    assert info.locator(".jjj-numbers tbody tr").count() == 5 + 5
    assert "sourced" in info.inner_text()


def test_table_is_the_maps_twin(page):
    page.locator("[data-tool='table']").click()
    rows = page.locator(".jjj-table tbody tr")
    assert rows.count() == 199
    now = js(page, "jjj.now()")
    codes = js(page, "jjj.app.region.counties.map(c => c.code)")
    change = dict(zip(codes, now["change"], strict=True))
    listed = js(page, "[...document.querySelectorAll('.jjj-table tbody tr')].map(r => r.dataset.code)")
    assert [change[code] for code in listed] == sorted(change.values(), reverse=True)
    page.locator("[data-sort='name']").click()
    names = page.locator(".jjj-table tbody th").all_inner_texts()
    assert names[0] < names[-1]
    assert page.locator("th[aria-sort='ascending']").count() == 1
    page.locator("[data-sort='name']").focus()
    page.keyboard.press("Enter")
    assert page.locator(".jjj-table tbody th").all_inner_texts() == names[::-1]


@pytest.mark.parametrize("mode", ["baseline", "scenario", "swipe", "difference"])
def test_headings_name_the_side_that_their_numbers_are_of(page, mode):
    js(page, f"jjj.set({{mode: '{mode}', a: 1, measure: 'made_1', table: true}})")
    js(page, "jjj.app.select('county', '130629')")
    compared = mode in {"swipe", "difference"}
    head = page.locator("[data-sort='before']").inner_text()
    assert head.startswith("Moved by now · 2050" if compared else "Starting point")
    column = page.locator(".jjj-info .jjj-numbers thead th").nth(1).inner_text()
    assert column == ("Moved by now" if compared else "Start")
    row = page.locator("tr[data-code='130629'] td.number").first.inner_text()
    assert page.locator(".jjj-numbers tr.chosen td").first.inner_text() == row
    page.locator(".jjj-explain").click()
    explained = page.locator(".jjj-why").inner_text()
    assert f"({column}" in explained
    assert row in explained


def test_sources_hold_date_scenario_text_and_hash(page):
    page.locator("[data-tool='about']").click()
    text = page.locator(".jjj-about").text_content()
    for part in (
        "2026-03-01",
        "0123456789abcdef" * 4,
        'name = "made up"',
        "direct effects (level 0), version 5",
        "Map-review number",
        "Tianditu",
        "Leaflet",
    ):
        assert part in text


def test_every_control_is_reached_by_keyboard_and_seen(page):
    where = "(document.activeElement.closest('button, input, select, summary, [tabindex]') || {}).outerHTML"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    seen = []
    for _ in range(110):
        page.keyboard.press("Tab")
        seen.append(js(page, where) or "")
        assert not seen[-1] or js(page, outline) != "none"
    text = "".join(seen)
    parts = (
        "data-mode",
        "jjj-measure",
        "jjj-scenario-b",
        "jjj-scenario-a",
        "combobox",
        "data-tool",
        "data-key",
        "data-solo",
    )
    assert [part for part in (*parts, "jjj-play", 'type="range"', "summary") if part not in text] == []


def test_view_and_choice_survive_a_reload(page):
    js(page, "jjj.set({mode: 'swipe', measure: 'made_1', year: 2033, swipe: 0.3})")
    js(page, "jjj.toggle('robotics')")
    js(page, "jjj.app.select('county', '130632')")
    js(page, "(jjj.app.map.setView([39, 116], 9, {animate: false}), 1)")
    page.reload()
    page.wait_for_selector("#jjj[data-ready]")
    kept = js(page, "jjj.state()")
    assert (kept["mode"], kept["measure"], kept["year"], kept["swipe"]) == ("swipe", "made_1", 2033, 0.3)
    assert "sector:robotics" in kept["hidden"]
    assert kept["selected"]["id"] == "130632"
    assert kept["view"] == pytest.approx([39, 116, 9], abs=1e-2)


NUMBERS = [
    0, 0.5, 1.5, 2.5, 0.25, 0.125, -0.04, 1234.5, -1234567.891, 99999.5, 99999, 1e5, 123456, 999949.9,
    9999999, 12345678.9, 99999999, 1e8, 123456789012, -1e12, 0.00049, 7.005, 1e-9,
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_numbers_are_written_as_in_python(page, language):
    draw = random.Random(7)  # noqa: S311 -- sample numbers, not secrets
    numbers = NUMBERS + [draw.uniform(-1, 1) * 10 ** draw.randint(-2, 12) for _ in range(60)]
    for digits in (0, 1, 2):
        for sign in (False, True):
            call = (
                f"{json.dumps(numbers)}.map(n => jjj.number(n, '{language}', {digits}, {json.dumps(sign)}))"
            )
            assert js(page, call) == [number(n, language, digits=digits, sign=sign) for n in numbers]
    assert js(page, f"jjj.number(NaN, '{language}')") == number(None, language)


def test_online_tiles_are_not_in_the_file(page):
    assert page.locator("[data-key='tiles']").count() == 0
    js(page, "jjj.set({tiles: true})")
    assert state(page, "tiles") is False
    assert "disk" in page.locator(".jjj-message").inner_text()


# --- looks ---------------------------------------------------------------------------------------------

CARDS = ".jjj-card:not([hidden]):not(.jjj-message)"
BOXES = f"""[...document.querySelectorAll('{CARDS}')].filter(c => c.offsetParent).map(c => {{
    const b = c.getBoundingClientRect(); return [c.className, b.left, b.top, b.right, b.bottom]; }})"""


def overlapping(boxes):
    return [
        (one[0], two[0])
        for i, one in enumerate(boxes)
        for two in boxes[i + 1 :]
        if min(one[3], two[3]) - max(one[1], two[1]) > 1 and min(one[4], two[4]) - max(one[2], two[2]) > 1
    ]


@pytest.mark.parametrize("size", [(1280, 800), (1680, 950), (810, 760), (390, 844)])
def test_cards_neither_overlap_nor_stick_out(open_page, exported, size):
    page = open_page(exported, size)
    for mode in MODES:
        for language in ("en", "zh"):
            js(page, f"jjj.set({{mode: '{mode}', language: '{language}'}})")
            boxes = js(page, BOXES)
            assert len(boxes) >= 5
            assert overlapping(boxes) == []
            assert all(b[1] >= 0 and b[2] >= 0 and b[3] <= size[0] and b[4] <= size[1] for b in boxes)
            assert js(page, "document.documentElement.scrollWidth") <= size[0]


def test_sheets_of_a_narrow_map_fit(open_page, exported):
    page = open_page(exported, (390, 844))
    for tool in ("layers", "legend", "fields", "table", "about"):
        page.locator(f"[data-tool='{tool}']").click()
        boxes = js(page, BOXES)
        assert all(b[1] >= 0 and b[2] >= 0 and b[3] <= 390 and b[4] <= 844 for b in boxes), tool
        assert js(page, "document.documentElement.scrollWidth") <= 390
        if tool == "about":
            break
        page.locator(f"[data-tool='{tool}']").click()
