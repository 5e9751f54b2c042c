"""The picture of the map, as SVG and as PNG: what is on the screen, and nothing that runs."""

import base64
import re
import struct
from xml.etree import ElementTree as ET

import pytest
import synthetic_maps as made
from test_map_hostile import HOSTILE, hostile_region

from geo.maps.export import export_html
from geo.maps.view import build_view

pytestmark = pytest.mark.browser

SPACE = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "g", "path", "rect", "circle", "polygon", "clipPath", "text", "title"}
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
WAIT = 60_000


@pytest.fixture
def page(open_page, exported):
    opened = open_page(exported, accept_downloads=True)
    js(opened, "jjj.set({measure: 'made_1', a: 1, b: 0, year: 2040})")
    return opened


def js(page, code):
    return page.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


def save(page, kind, to):
    """Press the button and return the file's name and bytes."""
    with page.expect_download(timeout=WAIT) as waiting:
        page.locator(f"[data-picture='{kind}']").click()
    path = to / f"picture.{kind}"
    waiting.value.save_as(path)
    return waiting.value.suggested_filename, path.read_bytes()


def drawing(page, to):
    return ET.fromstring(save(page, "svg", to)[1])  # noqa: S314 -- made by this very page


def counties(root, pane="fillA"):
    """Return the colours of the counties in each map of a drawing, by code."""
    return [
        {path.get("data-code"): path.get("fill") for path in group.iter(f"{SPACE}path")}
        for group in root.iter(f"{SPACE}g")
        if group.get("class") == pane
    ]


def shape_across(root):
    """Return the horizontal places of all corners of counties."""
    paths = "".join(path.get("d") for path in root.iter(f"{SPACE}path") if path.get("data-code"))
    return [float(x) for x in re.findall(r"[ML](-?[\d.]+) ", paths)]


def texts(root):
    return [node.text or "" for node in root.iter(f"{SPACE}text")]


def screen(page, half=0, pane="fillA"):
    codes = js(page, "jjj.app.region.counties.map(c => c.code)")
    paths = f"document.querySelectorAll('.jjj-map')[{half}].querySelectorAll('.leaflet-{pane}-pane path')"
    return dict(zip(codes, js(page, f"[...{paths}].map(p => p.getAttribute('fill'))"), strict=True))


# The drawing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["difference", "scenario", "baseline"])
def test_the_drawing_shows_every_county_in_its_colour(page, tmp_path, mode):
    page.locator(f"button[data-mode='{mode}']").click()
    root = drawing(page, tmp_path)
    (drawn,) = counties(root)
    assert len(drawn) == 199
    assert counties(root, "fillB") == []  # the other side of a swipe is not on the screen
    assert drawn == screen(page)
    now = js(page, "jjj.now()")
    shown = {"difference": "change", "scenario": "after", "baseline": "before"}[mode]
    inner = now["bounds"][1:-1]
    expected = [now["colours"][sum(value >= bound for bound in inner)] for value in now[shown]]
    assert list(drawn.values()) == expected


def test_side_by_side_holds_both_maps_with_their_names(page, tmp_path):
    page.locator("button[data-mode='beside']").click()
    root = drawing(page, tmp_path)
    left, right = counties(root)
    assert (len(left), len(right)) == (199, 199)
    assert (left, right) == (screen(page, 0), screen(page, 1))
    assert left != right
    assert {"Moved by now · 2040", "Announced programme · 2040"} <= set(texts(root))


def test_a_swipe_is_cut_where_the_screen_cuts_it(page, tmp_path):
    js(page, "jjj.set({mode: 'swipe', swipe: 0.6})")
    root = drawing(page, tmp_path)
    (left,), (right,) = counties(root, "fillA"), counties(root, "fillB")
    assert (left, right) == (screen(page, 0, "fillA"), screen(page, 0, "fillB"))
    cuts = {node.get("id"): node.find(f"{SPACE}polygon") for node in root.iter(f"{SPACE}clipPath")}
    across = {
        name: sorted({float(point) for point in cut.get("points").split()[::2]})
        for name, cut in cuts.items()
        if cut is not None
    }
    assert across["map-fillA"][-1] == across["map-fillB"][0]
    assert across["map-fillB"] == across["map-arcs"]
    # the divider stands where it stands over the counties: compare with a county's own corner
    middle = js(page, "jjj.app.map.containerPointToLatLng([0.6 * jjj.app.map.getSize().x, 300]).lng")
    west, east = js(page, "[jjj.app.bounds.getWest(), jjj.app.bounds.getEast()]")
    xs = shape_across(root)
    share = (across["map-fillB"][0] - min(xs)) / (max(xs) - min(xs))
    assert share == pytest.approx((middle - west) / (east - west), abs=0.005)


def test_places_are_where_they_belong(page, tmp_path):
    """The corners of a county's path are its corners on the globe, by the one projection of web maps."""
    root = drawing(page, tmp_path)
    (path,) = (path for path in root.iter(f"{SPACE}path") if path.get("data-code") == "130629")
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", path.get("d"))]
    at = "(p => { const q = jjj.app.map.project(p, 12); return [q.x, q.y]; })"
    ring = js(page, f"jjj.app.region.county('130629').shape[0][0].map({at})")
    wide = max(x for x, _ in ring) - min(x for x, _ in ring)
    high = max(y for _, y in ring) - min(y for _, y in ring)
    xs, ys = numbers[::2], numbers[1::2]
    assert (max(xs) - min(xs)) / (max(ys) - min(ys)) == pytest.approx(wide / high, rel=0.01)


def test_the_drawing_says_what_it_shows(page, tmp_path):
    root = drawing(page, tmp_path)
    said = " ".join(texts(root))
    measure = js(page, "jjj.app.now.measure")
    for part in (
        page.locator(".jjj-legend h2").inner_text(),
        "Announced programme · 2040 minus Moved by now · 2040",
        "no change (less than ±",
        f"Unit: {measure['unit']['en']}",
        "Status: estimated",
        "Source: made up",
        "Schematic, not authoritative",
        "示意图",
        "Map-review number: none yet",
        "Made on 2026-03-01",
        "Robots",
        "Moves of the scenario",
    ):
        assert part in said, part
    now = js(page, "jjj.now()")
    chips = [node.get("fill") for node in root.iter(f"{SPACE}rect") if node.get("class") == "class"]
    assert chips == now["colours"]
    bounds = [text for text in page.locator(".jjj-bounds span").all_inner_texts() if text]
    assert set(bounds) <= set(texts(root))
    assert {"北京", "天津", "渤海"} <= set(texts(root))
    assert {"Tangshan", "Bohai Sea"} <= set(texts(root))


def test_the_drawing_speaks_chinese(page, tmp_path):
    page.locator(".jjj-language").click()
    said = " ".join(texts(drawing(page, tmp_path)))
    for part in ("差异", "单位：", "可信程度：", "来源：", "审图号：暂无", "Schematic"):
        assert part in said


def test_what_is_off_the_map_is_not_in_the_drawing(page, tmp_path):
    def has(root, pane):
        return sum(len(group) for group in root.iter(f"{SPACE}g") if group.get("class") == pane)

    js(page, "jjj.set({year: 2040, hidden: []})")
    root = drawing(page, tmp_path)
    assert has(root, "sites") == 126
    assert has(root, "institutions") == js(page, "jjj.shown('institution')")
    assert has(root, "stations") == 89
    assert has(root, "lines") == 127 + 10  # without the wide, unseen lines that take the pointer
    assert has(root, "movers") == 2
    assert has(root, "arcs") == 4
    page.locator(".jjj-sectors .jjj-none").click()
    page.locator("input[data-key='layer:institutions']").click()
    page.locator("input[data-key='layer:rail']").click()
    root = drawing(page, tmp_path)
    assert [has(root, pane) for pane in ("sites", "institutions", "stations", "movers", "arcs")] == [0] * 5
    assert "Robots" not in texts(root)


def test_a_near_view_is_drawn_as_it_is(page, tmp_path):
    js(page, "(jjj.app.map.setView([39.9, 116.4], 10, {animate: false}), 1)")
    root = drawing(page, tmp_path)
    size = js(page, "(s => [s.x, s.y])(jjj.app.map.getSize())")
    assert float(root.get("width")) == pytest.approx(size[0] + 48, abs=1)
    assert len(counties(root)[0]) == 199
    assert {"海淀区", "通州区"} <= set(texts(root))


def test_files_are_named_by_measure_and_year(page, tmp_path):
    assert save(page, "svg", tmp_path)[0] == "jingjinji-made_1-2040.svg"
    assert "jingjinji-made_1-2040.svg" in page.locator(".jjj-message").inner_text()
    js(page, "jjj.set({measure: 'base.pm25', mode: 'baseline'})")
    assert save(page, "svg", tmp_path)[0] == "jingjinji-base-pm25-start.svg"


def test_by_keyboard_and_with_names(page):
    for kind in ("svg", "png"):
        press = page.locator(f"[data-picture='{kind}']")
        assert press.get_attribute("aria-label").startswith(press.inner_text())
        press.focus()
        with page.expect_download(timeout=WAIT):
            page.keyboard.press("Enter")


# Pixels -------------------------------------------------------------------------------------------------


def size_of(content):
    """Return width and height of a PNG."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", content[16:24])


@pytest.mark.parametrize("mode", ["difference", "beside"])
def test_pixels_are_those_of_the_drawing(open_page, page, tmp_path, mode):
    page.locator(f"button[data-mode='{mode}']").click()
    root = drawing(page, tmp_path)
    _, content = save(page, "png", tmp_path)
    width, height = size_of(content)
    size = [float(root.get(name)) for name in ("width", "height")]
    scale = width / size[0]
    assert 2 <= scale <= 4
    assert height == pytest.approx(size[1] * scale, abs=1)
    share = shares(open_page, content)
    wanted = set(counties(root)[0].values()) | {"#ffffff", "#ece9e2", "#c9dde8"}
    assert {colour for colour in wanted if share.get(colour, 0) < 1e-4} == set()
    assert share["#ffffff"] < 0.6


def shares(open_page, content):
    """Return the share of each colour among the pixels of a PNG, as a browser reads it."""
    blank = open_page("about:blank", wait=False)
    return blank.evaluate(
        """async (text) => {
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
            const canvas = document.createElement("canvas");
            Object.assign(canvas, { width: image.width, height: image.height });
            const pen = canvas.getContext("2d");
            pen.drawImage(image, 0, 0);
            const { data } = pen.getImageData(0, 0, image.width, image.height);
            const counts = {};
            for (let i = 0; i < data.length; i += 4) {
                const key = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
                counts[key] = (counts[key] || 0) + 1;
            }
            const all = data.length / 4;
            return Object.fromEntries(Object.entries(counts).map(([key, count]) =>
                ["#" + Number(key).toString(16).padStart(6, "0"), count / all])); }""",
        base64.b64encode(content).decode("ascii"),
    )


# Names that try to run -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile_map(region, tmp_path_factory):
    bad = hostile_region(region)
    listed = [made.Measure("bad", unit=HOSTILE[2], source=HOSTILE[0], group=HOSTILE[3])]
    moves = [made.move("", name=name, kind="university") for name in HOSTILE]
    runs = [(name, made.outcome(bad, listed, seed=1, text=name, moves=moves)) for name in HOSTILE]
    view = build_view(bad, runs, measures=listed, date=HOSTILE[0], review_number=HOSTILE[2])
    path = tmp_path_factory.mktemp("hostile") / "map.html"
    export_html(view, path)
    return path.as_uri()


@pytest.mark.parametrize("mode", ["difference", "swipe", "beside"])
def test_hostile_names_stay_text(open_page, hostile_map, tmp_path, mode):
    page = open_page(hostile_map, accept_downloads=True)
    js(page, f"jjj.set({{mode: '{mode}', hidden: [], year: 2050, a: 1, b: 37, measure: 'bad'}})")
    name, content = save(page, "svg", tmp_path)
    assert name == "jingjinji-bad-2050.svg"
    root = ET.fromstring(content)  # noqa: S314 -- made by this very page
    assert {node.tag.removeprefix(SPACE) for node in root.iter()} <= DRAWN
    for node in root.iter():
        assert not [key for key in node.attrib if key.lower().startswith("on") or "href" in key.lower()]
        assert not [
            value for value in node.attrib.values() if "url(" in value and not value.startswith("url(#")
        ]
    held = "".join(root.itertext())
    for name in HOSTILE:
        assert NOT_XML.sub("\ufffd", name) in held, name
    assert js(page, "window.hit ?? null") is None
    opened = open_page((tmp_path / "picture.svg").as_uri(), wait=False)
    opened.wait_for_timeout(200)
    assert opened.evaluate("() => window.hit ?? null") is None
    assert opened.guard.outside == []


def test_hostile_names_become_pixels(open_page, hostile_map, tmp_path):
    page = open_page(hostile_map, accept_downloads=True)
    js(page, "jjj.set({hidden: [], year: 2050, a: 1, b: 37, measure: 'bad'})")
    width, height = size_of(save(page, "png", tmp_path)[1])
    assert min(width, height) > 1000


# Where it is saved from -----------------------------------------------------------------------------------


def test_a_narrow_frame_saves_a_picture_to_read(open_page, exported, tmp_path):
    page = open_page(exported, (390, 844), accept_downloads=True)
    js(page, "jjj.set({mode: 'beside', a: 1})")
    page.locator("[data-tool='legend']").click()
    root = drawing(page, tmp_path)
    assert float(root.get("width")) > 700
    assert [len(drawn) for drawn in counties(root)] == [199, 199]
    across = shape_across(root)
    assert max(across) - min(across) > 0.5 * float(root.get("width"))


def test_the_frame_of_the_live_page_lets_pictures_out(open_page, live, tmp_path):
    page = open_page(live, (1500, 1000), wait=False, accept_downloads=True)
    inner = page.frame_locator("iframe")
    inner.locator("#jjj[data-ready]").wait_for()
    for kind in ("svg", "png"):
        with page.expect_download(timeout=WAIT) as waiting:
            inner.locator(f"[data-picture='{kind}']").click()
        waiting.value.save_as(tmp_path / kind)
        assert (tmp_path / kind).stat().st_size > 100_000
