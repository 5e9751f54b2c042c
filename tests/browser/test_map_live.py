"""The live map inside a Streamlit page: what stays in the browser, what reaches Python."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def frame(open_page, live):
    page = open_page(live, (1500, 1000), wait=False)
    page.wait_for_selector("iframe")
    inner = page.frame_locator("iframe")
    inner.locator("#jjj[data-ready]").wait_for()
    page.map = next(frame for frame in page.frames if "component" in frame.url)
    return page


def js(page, code):
    return page.map.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


def log(page, text):
    page.wait_for_selector('code:has-text("' + text + '")')


def sent_frames(page):
    """Count what goes over the wire to Python."""
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(len(data))))
    return sent


def test_toggles_swipe_and_years_stay_in_the_browser(open_page, live):
    page = open_page("about:blank", (1500, 1000), wait=False)
    sent = sent_frames(page)
    page.goto(live)
    page.frame_locator("iframe").locator("#jjj[data-ready]").wait_for()
    page.map = next(frame for frame in page.frames if "component" in frame.url)
    page.wait_for_timeout(500)
    before = len(sent)
    assert before > 0
    js(page, "jjj.toggle('robotics')")
    js(page, "jjj.set({mode: 'swipe', year: 2030, swipe: 0.4, measure: 'made_1', table: true})")
    js(page, "(jjj.app.map.setView([39, 116], 8), 1)")
    page.wait_for_timeout(600)
    js(page, "jjj.app.select('county', '130629')")
    page.wait_for_timeout(600)
    assert len(sent) == before
    page.get_by_role("button", name="ask").click()
    log(page, "130629")
    assert sum(sent[before:]) < 25_000
    told = page.locator("code").inner_text()
    for part in ("'mode': 'swipe'", "'year': 2030", "'b': 'two'", "'view': [39, 116, 8]", "sector:robotics"):
        assert part in told


def test_everything_survives_a_rerun(frame):
    js(
        frame,
        "(window.mark = 1, jjj.toggle('robotics'), jjj.set({year: 2031, measure: 'made_1', table: true}))",
    )
    js(frame, "(jjj.app.map.setView([39, 116], 8.5, {animate: false}), 1)")
    frame.get_by_role("button", name="again").click()
    frame.get_by_text("zh", exact=True).click()
    frame.frame_locator("iframe").locator(".jjj-modes:has-text('差异')").wait_for()
    kept = js(frame, "jjj.state()")
    assert js(frame, "window.mark") == 1
    assert "sector:robotics" in kept["hidden"]
    assert (kept["year"], kept["measure"], kept["table"]) == (2031, "made_1", True)
    assert kept["view"] == pytest.approx([39, 116, 8.5], abs=1e-2)


def test_what_python_sends_wins_only_when_it_changes(frame):
    js(frame, "jjj.set({mode: 'baseline'})")
    frame.get_by_role("button", name="again").click()
    frame.wait_for_timeout(600)
    assert js(frame, "jjj.state().mode") == "baseline"
    frame.get_by_text("swipe", exact=True).click()
    frame.frame_locator("iframe").locator("[data-mode='swipe'][aria-pressed='true']").wait_for()


def test_a_view_is_told_without_asking_only_while_it_is_watched(frame):
    js(frame, "jjj.set({year: 2031})")
    frame.wait_for_timeout(1500)
    assert "view" not in frame.locator("code").inner_text()
    frame.get_by_text("watch", exact=True).click()
    log(frame, "'year': 2031")
    js(frame, "(jjj.set({year: 2032}), jjj.set({year: 2033}))")
    log(frame, "'year': 2033")
    assert "2032" not in frame.locator("code").inner_text()


def names(page):
    return js(page, "['a', 'b'].map((key) => jjj.app.scenarios[jjj.state()[key]]?.name.en ?? '')")


def test_sides_follow_their_scenarios_when_one_goes(frame):
    js(frame, "jjj.set({a: 'two', b: 'three'})")
    assert names(frame) == ["Second", "Third"]
    frame.locator("[data-testid=stMultiSelect] [aria-label^='Remove one']").click()
    frame.map.wait_for_function("jjj.app.scenarios.length === 2")
    assert names(frame) == ["Second", "Third"]
    frame.locator("[data-testid=stMultiSelect] [aria-label^='Remove three']").click()
    frame.map.wait_for_function("jjj.app.scenarios.length === 1")
    assert names(frame) == ["Second", "Second"]


def opened(open_page, page, address):
    page.goto(address)
    page.frame_locator("iframe").locator("#jjj[data-ready]").wait_for()
    page.map = next(frame for frame in page.frames if "component" in frame.url)
    return js(page, "jjj.state()")


def test_what_is_sent_anew_goes_before_what_the_browser_kept(open_page, live):
    page = open_page("about:blank", (1500, 1000), wait=False)
    first = f"{live}/?opening=1&year=2030&measure=made_1"
    opened(open_page, page, first)
    js(page, "jjj.set({measure: 'made_2', year: 2041, b: 'three', mode: 'baseline'})")
    kept = opened(open_page, page, first)
    assert [kept[key] for key in ("measure", "year", "b", "mode")] == ["made_2", 2041, 2, "baseline"]
    changed = opened(open_page, page, first.replace("2030", "2035"))
    assert [changed[key] for key in ("measure", "year", "b")] == ["made_2", 2035, 2]
    other = opened(open_page, page, f"{live}/?opening=2&year=2035&measure=made_1")
    assert [other[key] for key in ("measure", "year", "b", "mode")] == ["made_1", 2035, 1, "difference"]


def test_a_run_of_the_page_leaves_focus_and_half_made_choices(frame):
    js(frame, "jjj.app.select('institution', 'bjtu')")
    js(frame, "jjj.set({table: true})")
    inner = frame.frame_locator("iframe")
    inner.locator(".jjj-destination").select_option("130632", force=True)
    js(frame, "document.querySelectorAll('.jjj-info *, .jjj-table *').forEach((node) => (node.old = true))")
    frame.get_by_role("button", name="again").click()
    frame.wait_for_timeout(800)
    assert js(frame, "document.querySelectorAll('.jjj-info *, .jjj-table *').length") > 100
    assert js(frame, "[...document.querySelectorAll('.jjj-info *, .jjj-table *')].every((node) => node.old)")
    inner.locator(".jjj-go").focus()
    js(frame, "jjj.set({year: 2033, measure: 'made_1'})")
    assert js(frame, "document.activeElement.className") == "jjj-go"
    assert inner.locator(".jjj-destination").input_value() == "130632"
    inner.locator("tr[data-code='130629'] button").focus()
    js(frame, "jjj.set({year: 2034})")
    assert js(frame, "document.activeElement.closest('tr').dataset.code") == "130629"


def position(page, code):
    """Where something of the map lies on the page."""
    x, y = js(page, f"(() => {{ const p = {code}; return [p.x, p.y]; }})()")
    box = page.locator("iframe").bounding_box()
    return box["x"] + x, box["y"] + y


def drag(page, institution, to):
    mark = f"jjj.app.marks.find(e => e.item.id === '{institution}').marker"
    start = position(page, f"(m => jjj.app.map.latLngToContainerPoint(m.getLatLng()).add(m.shift))({mark})")
    end = position(page, f"jjj.app.map.latLngToContainerPoint({to})")
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def alone(page, institution, zoom):
    """Show only institutions of its kind and stage, near by, so that nothing lies over the mark."""
    js(page, "jjj.set({table: false, layers: false, selected: null})")
    js(
        page,
        f"""(i => {{
            const own = ['layer:institutions', 'kind:' + i.kind, 'status:' + i.institution_status];
            const keys = [...document.querySelectorAll('[data-key]')].map(box => box.dataset.key);
            jjj.set({{hidden: keys.filter(key => !own.includes(key))}});
            jjj.app.map.setView([i.lat, i.lon], {zoom}, {{animate: false}});
            return 1; }})(jjj.app.region.byType.institution.get('{institution}'))""",
    )


def test_a_drag_onto_a_county_moves(frame):
    alone(frame, "bjtu", 11)
    spot = "[39.85, 116.2]"
    drag(frame, "bjtu", spot)
    county = js(frame, f"jjj.app.region.countyUnder({spot}).code")
    log(frame, f"move bjtu {county}")
    frame.frame_locator("iframe").locator(".leaflet-movers-pane .jjj-mark").first.wait_for(state="attached")


def test_a_drop_outside_goes_home_and_says_so(frame):
    alone(frame, "bjtu", 8)
    drag(frame, "bjtu", "[40.4, 113.4]")
    message = frame.frame_locator("iframe").locator(".jjj-message")
    message.wait_for()
    assert "stays where it is" in message.inner_text()
    away = "jjj.app.marks.filter(e => e.marker.getLatLng().distanceTo([e.item.lat, e.item.lon]) > 0).length"
    assert js(frame, away) == 0
    assert "move" not in frame.locator("code").inner_text()


def test_the_select_box_is_the_drags_twin(frame):
    js(frame, "jjj.app.select('institution', 'bjtu')")
    inner = frame.frame_locator("iframe")
    inner.locator(".jjj-destination").select_option("130632", force=True)
    inner.locator(".jjj-go").click()
    log(frame, "move bjtu 130632")


def test_tiles_that_do_not_answer_remove_themselves(open_page, live):
    page = open_page(live, (1500, 1000), wait=False)
    inner = page.frame_locator("iframe")
    inner.locator("#jjj[data-ready]").wait_for()
    assert page.guard.outside == []
    inner.locator("[data-key='tiles']").click()
    inner.locator(".jjj-message:has-text('did not answer')").wait_for()
    assert not inner.locator("[data-key='tiles']").is_checked()
    asked = page.guard.outside
    assert asked
    assert all(url.startswith("https://tile.openstreetmap.org/") for url in asked)
    # asked for by this very test, and refused by its guard
    page.guard.outside.clear()
    page.guard.errors[:] = [error for error in page.guard.errors if "ERR_FAILED" not in error]
