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
    page.wait_for_selector(f"code:has-text('{text}')")


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
    assert len(sent) == before
    js(page, "jjj.app.select('county', '130629')")
    log(page, "select county 130629")
    assert len(sent) > before
    assert sum(sent[before:]) < 25_000


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
