"""A visitor's own layer through the real app: checked, shown, clicked, found, switched, taken along."""

import json

import numpy as np
import pytest
from served import WAIT, press, settle, tab
from test_map_hostile import HOSTILE

from geo.userlayers import from_wgs84

pytestmark = pytest.mark.browser

SPOT = (117.0, 41.6)  # in the north, where no mark of ours lies
MADE = "#jjj :is(iframe, img, link, base, object, embed, script, style, form, a, marquee, plaintext)"


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def point(lon, lat):
    return {"type": "Point", "coordinates": [lon, lat]}


def upload(page, features, name):
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    page.get_by_role("tab", name="Data & export").or_(page.get_by_role("tab", name="数据与导出")).click()
    settle(page)
    file = {"name": name, "mimeType": "application/geo+json", "buffer": content}
    page.locator("input[type=file]").first.set_input_files(file)


def wait_for_own(frame, count):
    frame.wait_for_function(f"jjj.app.own.length === {count}", timeout=WAIT)


def hostile_features():
    """Return an area, and points with a hostile name, a hostile property and a hostile value each."""
    x, y = SPOT
    area = {
        "type": "Polygon",
        "coordinates": [[[x, y], [x + 0.4, y], [x + 0.4, y + 0.3], [x, y + 0.3], [x, y]]],
    }
    points = [
        feature(point(x + 0.01 * (i + 1), y + 0.4), **{"name": text, text: HOSTILE[i - 1]})
        for i, text in enumerate(HOSTILE)
    ]
    return [feature(area, name=HOSTILE[0], onclick=HOSTILE[2]), *points]


def shown_as_text(page):
    """Open every feature and return name and properties as the panel shows them."""
    return page.evaluate(
        """() => jjj.app.own[0].items.map((item) => {
            jjj.set({ selected: { type: "own", id: item.id } });
            const facts = [...document.querySelectorAll(".jjj-info dl:not(.jjj-foot) .jjj-fact")];
            return [document.querySelector(".jjj-info h2").textContent,
                facts.map((fact) => [...fact.children].map((part) => part.textContent))]; })"""
    )


def nothing_ran(page, drawn):
    assert all(frame.evaluate("window.hit ?? null") is None for frame in page.frames)
    assert drawn.locator(MADE).count() == 0


def test_a_hostile_layer_is_shown_and_stays_text(visit, open_page, tmp_path):
    page, frame = visit()
    upload(page, hostile_features(), "<img src=x onerror=window.hit=1>.geojson")
    press(page, "Show on the map")
    wait_for_own(frame, 1)
    layers = frame.locator(".jjj-ownlayers")
    assert "Your layers" in layers.inner_text()
    assert "<img src=x onerror=window.hit=1>.geojson" in layers.inner_text()
    assert layers.locator(".jjj-count").inner_text() == str(len(HOSTILE) + 1)

    first, *others = shown_as_text(frame)
    assert first == [HOSTILE[0], [["name", HOSTILE[0]], ["onclick", HOSTILE[2]]]]
    for i, (name, facts) in enumerate(others):
        assert name == HOSTILE[i]
        assert [HOSTILE[i], HOSTILE[i - 1]] in facts or HOSTILE[i] == "name"

    frame.evaluate(f"void jjj.app.map.setView([{SPOT[1] + 0.15}, {SPOT[0] + 0.2}], 10, {{ animate: false }})")
    frame.evaluate("jjj.set({ selected: null })")
    area = frame.locator(".jjj-own path").first
    area.hover(timeout=WAIT)
    frame.locator(".jjj-tip").wait_for(timeout=WAIT)
    area.click(timeout=WAIT)
    frame.locator(".jjj-info h2").wait_for(timeout=WAIT)
    assert frame.locator(".jjj-info h2").inner_text() == HOSTILE[0]
    assert "<img src=x" in frame.locator(".jjj-info .jjj-foot").inner_text()
    settle(page)

    frame.locator("input[type=search]").fill(HOSTILE[2])
    found = frame.locator("#jjj-list li")
    assert HOSTILE[2] in found.first.inner_text()
    frame.locator("input[type=search]").press("Enter")
    assert frame.evaluate("jjj.state().selected.type") == "own"
    assert frame.locator(".jjj-info h2").inner_text() == HOSTILE[2]

    pane = "getComputedStyle(jjj.app.map.getPane(jjj.app.own[0].pane)).display"
    frame.locator("[data-tool=layers]").click()
    box = layers.locator("input[type=checkbox]")
    box.uncheck()
    assert frame.evaluate(pane) == "none"
    box.check()
    assert frame.evaluate(pane) == "block"

    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("button", name="Export the map").click()
    file = tmp_path / "map.html"
    download.value.save_as(file)
    alone = open_page(file.as_uri(), offline=True)
    assert shown_as_text(alone) == [first, *others]
    assert alone.locator(".jjj-own path").count() == len(HOSTILE) + 1
    nothing_ran(page, frame)
    nothing_ran(alone, alone)

    press(page, "Remove from the map")
    wait_for_own(frame, 0)
    assert frame.locator(".jjj-ownlayers").count() == 0
    assert frame.locator(".jjj-own path").count() == 0


def test_a_converted_copy_is_shown_where_it_belongs_and_says_so(visit, region):
    page, frame = visit(language="zh")
    stations = region.stations.head(12)
    lon, lat = stations.geometry.x.to_numpy(), stations.geometry.y.to_numpy()
    shifted = np.column_stack(from_wgs84(lon, lat, "GCJ-02")).tolist()
    names = [str(name) for name in stations["name_zh"]]
    features = [feature(point(*place), name_zh=name) for place, name in zip(shifted, names, strict=True)]
    upload(page, features, "stations_gcj02.geojson")
    page.get_by_text("往返误差为 < 0.001 米").wait_for(timeout=WAIT)
    press(page, "显示转换后的副本")
    wait_for_own(frame, 1)
    places = frame.evaluate("jjj.app.own[0].items.map((item) => item.points[0])")
    assert np.array(places) == pytest.approx(np.column_stack([lat, lon]), abs=1.1e-5)
    assert "由 GCJ-02 转换为 WGS84" in frame.locator(".jjj-ownlayers").inner_text()
    tab(page, "影响")
    assert frame.evaluate("jjj.app.own.length") == 1
    page.get_by_role("tab", name="数据与导出").click()
    press(page, "移除 stations_gcj02.geojson")
    wait_for_own(frame, 0)


def test_a_layer_too_large_to_draw_is_refused_in_words(visit):
    page, frame = visit()
    count = 5_001
    features = [feature(point(115 + i * 1e-4, 38.0), name=f"{i}") for i in range(count)]
    upload(page, features, "dense.geojson")
    press(page, "Show on the map")
    page.get_by_text("it draws at most 5,000").wait_for(timeout=WAIT)
    assert frame.evaluate("jjj.app.own.length") == 0
