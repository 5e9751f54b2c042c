"""The app as a visitor meets it: the real page, the real data, a real browser, nothing from outside."""

import json

import pytest
from served import WAIT, choose, code, current_moves, map_frame, press, settle, tab

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.hacked=1">${window.hacked=2}</script><script>window.hacked=3</script>'


def place(page, frame, where):
    """Return the point on the page of an expression that gives a point in the map's container."""
    box = page.locator("iframe[title*='jingjinji']").bounding_box()
    point = frame.evaluate(where)
    return box["x"] + point["x"], box["y"] + point["y"]


MARK = """(() => {
  const entry = jjj.app.marks.find((e) => e.marker.options.type === "institution" && e.item.id === "%s");
  const box = entry.marker.getElement().getBoundingClientRect();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
})()"""
COUNTY = """(() => {
  const county = jjj.app.region.county("%s");
  const point = jjj.app.map.latLngToContainerPoint([county.lat, county.lon]);
  return { x: point.x, y: point.y };
})()"""


def test_the_map_stays_in_sight_beside_a_long_panel(visit):
    page, _ = visit()
    tab(page, "Scenarios")
    page.get_by_text("This link is your way back.").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    box = page.locator("iframe[title*='jingjinji']").bounding_box()
    assert page.evaluate(scrolled) > 300
    assert 0 <= box["y"] < box["y"] + box["height"] <= 1000


@pytest.mark.parametrize(("language", "heading"), [("en", "Three main effects"), ("zh", "三项主要影响")])
def test_a_first_visit_shows_the_programme_run_and_what_to_do_next(visit, language, heading):
    page, frame = visit(language=language)
    page.get_by_text(heading).wait_for(timeout=WAIT)
    assert frame.evaluate("jjj.app.region.counties.length") == 199
    assert len(current_moves(frame)) > 20


def test_dragging_an_institution_onto_a_county_moves_it(visit):
    page, frame = visit()
    before = current_moves(frame)
    assert ["yanshan", "130681"] not in before
    frame.evaluate("jjj.set({ hidden: [] })")
    frame.evaluate("void jjj.app.map.setView([39.6, 116.0], 9, { animate: false })")
    page.wait_for_timeout(500)
    start, end = place(page, frame, MARK % "yanshan"), place(page, frame, COUNTY % "130681")
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=12)
    page.mouse.up()
    page.get_by_text("now moves to").wait_for(timeout=WAIT)
    frame.wait_for_function("jjj.app.scenarios[jjj.state().b].moves.some((m) => m.institution === 'yanshan')")
    assert current_moves(frame) == [*before, ["yanshan", "130681"]]
    assert frame.evaluate("jjj.app.map.getZoom()") == 9
    settle(page)
    press(page, "Undo")
    frame.wait_for_function(
        "!jjj.app.scenarios[jjj.state().b].moves.some((m) => m.institution === 'yanshan')"
    )
    assert current_moves(frame) == before


def test_a_move_by_form_reaches_the_map(visit):
    page, frame = visit()
    before = current_moves(frame)
    tab(page, "Moves")
    page.get_by_text("Add one move").click()
    page.get_by_role("combobox", name="Institution").click()
    page.keyboard.type("Humanoid")
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="Move it").click()
    page.get_by_text("now moves to").wait_for(timeout=WAIT)
    frame.wait_for_function(
        "jjj.app.scenarios[jjj.state().b].moves.some((m) => m.institution === 'humanoid')"
    )
    assert len(current_moves(frame)) == len(before) + 1


def test_the_language_switch_keeps_what_is_chosen_and_says_it_anew(visit):
    page, _ = visit()
    tab(page, "Compare")
    choose(page, "Measure", "Jobs")
    settle(page)
    page.get_by_role("radio", name="中文").click()
    page.get_by_role("tab", name="对比").wait_for(timeout=WAIT)
    settle(page)
    measure = page.get_by_role("combobox", name="指标")
    assert measure.input_value() == "岗位"
    # nor does the next press bring the first measure of the list
    page.get_by_role("radio", name="县市").click()
    page.get_by_role("heading", name="岗位：谁增谁减").wait_for(timeout=WAIT)
    assert measure.input_value() == "岗位"


def test_the_language_switch_keeps_view_and_mode(visit):
    page, frame = visit()
    frame.evaluate("void jjj.app.map.setView([39.0, 116.0], 10, { animate: false })")
    frame.evaluate("jjj.set({ mode: 'swipe' })")
    page.get_by_role("radio", name="中文").click()
    page.get_by_text("三项主要影响").wait_for(timeout=WAIT)
    settle(page)
    assert frame.evaluate("jjj.app.map.getZoom()") == 10
    assert frame.evaluate("jjj.state().mode") == "swipe"
    assert frame.evaluate("document.documentElement.lang").startswith("zh")


def test_the_exported_map_opens_from_disk_without_a_network(visit, open_page, tmp_path):
    page, frame = visit()
    frame.evaluate(
        "jjj.set({ mode: 'swipe', year: 2033, a: 0, b: 1, selected: { type: 'county', id: '130629' } })"
    )
    tab(page, "Data & export")
    page.wait_for_timeout(1000)  # the map tells its view when the tab opens
    settle(page)
    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("button", name="Export the map").click()
    file = tmp_path / "map.html"
    download.value.save_as(file)
    assert file.stat().st_size < 1_500_000
    alone = open_page(file.as_uri(), offline=True)
    assert alone.evaluate("jjj.app.region.counties.length") == 199
    assert alone.evaluate("jjj.app.scenarios.length") == 3
    opened = alone.evaluate("jjj.state()")
    assert [opened[key] for key in ("mode", "year", "a", "b")] == ["swipe", 2033, 0, 1]
    assert opened["selected"]["id"] == "130629"


LOOKED = ("mode", "measure", "year", "selected", "hidden", "table", "view")


def looked(frame):
    state = frame.evaluate("jjj.state()")
    names = frame.evaluate("['a', 'b'].map((key) => jjj.app.scenarios[jjj.state()[key]]?.name.en)")
    held = {key: state[key] for key in LOOKED} | {"names": names}
    return held | {"hidden": sorted(held["hidden"])}


def test_a_link_shows_the_map_as_it_is(visit):
    page, frame = visit()
    frame.evaluate("jjj.set({ mode: 'difference', measure: 'jobs', year: 2034, a: 1 })")
    frame.evaluate("jjj.app.select('county', '130629')")
    frame.evaluate("jjj.toggle('robotics')")
    frame.evaluate("void jjj.app.map.setView([39.5, 116.25], 8.5, { animate: false })")
    tab(page, "Share")
    page.wait_for_timeout(1000)
    link = code(page, "s=e").partition("?")[2].replace("lang=en", "")
    _, theirs = visit(link, visitor="another")
    mine = looked(frame)
    assert looked(theirs) | {"view": mine["view"]} == mine
    assert looked(theirs)["view"] == pytest.approx(mine["view"], abs=1e-3)


def test_followers_see_the_presenters_map_and_look_around_themselves(visit, open_page, app):
    page, frame = visit()
    tab(page, "Share")
    press(page, "Publish this version")
    follow = code(page, "follow=").partition("?")[2]
    page.get_by_text("Present: publish every change").click()
    settle(page)
    theirs = map_frame(open_page(f"{app.address}/?{follow}&desk={'follower' * 4}", wait=False))
    frame.evaluate("jjj.set({ year: 2031, mode: 'scenario' })")
    theirs.wait_for_function("jjj.state().year === 2031 && jjj.state().mode === 'scenario'", timeout=WAIT)
    theirs.evaluate("jjj.set({ mode: 'swipe', measure: 'jobs' })")
    theirs.evaluate("void jjj.app.map.setView([39.0, 115.0], 10, { animate: false })")
    frame.evaluate("jjj.set({ year: 2032 })")
    theirs.wait_for_function("jjj.state().year === 2032", timeout=WAIT)
    own = theirs.evaluate("[jjj.state().mode, jjj.state().measure, jjj.app.map.getZoom()]")
    assert own == ["swipe", "jobs", 10]


def test_a_hostile_layer_and_a_hostile_name_are_text(visit):
    page, _ = visit()
    tab(page, "Data & export")
    feature = {
        "type": "Feature",
        "properties": {"name": HOSTILE, "code": HOSTILE},
        "geometry": {"type": "Point", "coordinates": [39.9, 116.4]},
    }
    layer = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    file = {"name": "<b>x</b>.geojson", "mimeType": "application/geo+json", "buffer": layer}
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("alert").filter(has_text="geojson").wait_for(timeout=WAIT)
    tab(page, "Scenarios")
    page.get_by_label("Name", exact=True).fill(HOSTILE[:80])
    page.keyboard.press("Tab")
    settle(page)
    for frame in page.frames:
        assert frame.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_telephone_shows_everything_without_scrolling_sideways(visit, language):
    page, _ = visit(language=language, size=(390, 844))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
