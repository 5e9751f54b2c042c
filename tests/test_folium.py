"""The folium map: what it shows, that text stays text, and that its file asks nothing of any network."""

import os
import re
from dataclasses import replace

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.errors import ExportError, ModelError
from geo.maps.folium_map import MODES, folium_map, save_inlined, text_layer
from geo.model.level0 import simulate_level0
from geo.report import find_browser
from geo.scenario import Move, Scenario

YEAR = 2035
BAD = "window.pwned=1"
HOSTILE = [
    f"<script>{BAD}</script>",
    f"</script><script>{BAD}</script>",
    f"</ScRiPt ><script>{BAD}</script>",
    f"<img src=x onerror={BAD}>",
    f"<svg/onload={BAD}>",
    f"`+({BAD})+`",
    f"`${{{BAD}}}`",
    f"${{{BAD}}}",
    f'"-({BAD})-"',
    f"'-({BAD})-'",
    f"\\`-({BAD})-\\`",
    f"\\u003cscript\\u003e{BAD}",
    f"&lt;script&gt;{BAD}",
    f"<!--<script>{BAD}",
    f"]]><script>{BAD}</script>",
    f"javascript:{BAD}",
    f"{{{{ 7*7 }}}}{{% raw %}}{BAD}",
    "{{ 7*7 }}{% raw %}{# x #}{{{",
    "{{ cycler.__init__.__globals__.os.environ.setdefault('JJJ_PWNED', '1') }}",
    f"\u2028{BAD}\u2029",
    f"<iframe srcdoc='<script>parent.{BAD}</script>'>",
    "=1+1",
]


@pytest.fixture(scope="module")
def outcome(region):
    move = Move(
        name=HOSTILE[0],
        kind="hospital",
        origin="110101",
        destination="130638",
        start=2027,
        posts=500,
        beds=80,
        students=0,
    )
    return simulate_level0(region, Scenario(moves=(move,)))


def layers(made):
    return {one.layer_name: one for one in made._children.values() if hasattr(one, "layer_name")}


def counties(made):
    return next(one for one in layers(made).values() if one.pane == "counties").data["features"]


# ---- what it shows


def test_every_county_sector_and_line_is_there(region):
    made = folium_map(region)
    assert len(counties(made)) == len(region.codes)
    points = [one for one in layers(made).values() if one.pane == "points"]
    drawn = sum(len(one.data["features"]) for one in points)
    assert drawn == len(region.sites) + region.institutions.geometry.notna().sum()
    lines = [len(one.data["features"]) for one in layers(made).values() if one.pane == "lines"]
    assert lines == [len(region.corridors), len(region.rail_links) + len(region.stations)]


def test_the_tooltip_says_the_value_and_colours_follow_it(region, outcome):
    made = folium_map(region, outcome, "posts", YEAR)
    fills = [one["properties"]["style"]["fillColor"] for one in counties(made)]
    lines = [one["properties"]["lines"] for one in counties(made)]
    gain, loss, other = (region.codes.index(code) for code in ("130638", "110101", "120101"))
    assert lines[gain][1].endswith("+500 jobs")
    assert lines[loss][1].endswith("\u2212500 jobs")
    assert len({fills[gain], fills[loss], fills[other]}) == 3
    assert {fill for place, fill in enumerate(fills) if place not in (gain, loss)} == {fills[other]}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_mode_in_both_languages(region, outcome, mode, language):
    against = simulate_level0(region, Scenario()) if mode == "difference" else None
    made = folium_map(region, outcome, "population", YEAR, mode=mode, against=against, language=language)
    assert len(counties(made)) == len(region.codes)
    assert save_inlined(made)


def test_a_change_and_a_difference_from_nothing_are_the_same(region, outcome):
    nothing = simulate_level0(region, Scenario())
    change = counties(folium_map(region, outcome, "jobs", YEAR, mode="change"))
    difference = counties(folium_map(region, outcome, "jobs", YEAR, mode="difference", against=nothing))
    assert [one["properties"]["style"] for one in change] == [
        one["properties"]["style"] for one in difference
    ]


@pytest.mark.parametrize("measure", ["population", "density", "gdp_per_head", "pm25"])
def test_measures_that_need_no_scenario(region, measure):
    fills = {one["properties"]["style"]["fillColor"] for one in counties(folium_map(region, measure=measure))}
    assert len(fills) > 3


def test_candidates_are_called_hypothetical_wherever_they_show(region):
    for language, word in (("en", "hypothetical"), ("zh", "假设")):
        group = next(
            one for name, one in layers(folium_map(region, language=language)).items() if word in name
        )
        assert all(any(word in line for line in one["properties"]["lines"]) for one in group.data["features"])


def test_what_does_not_exist_is_refused(region, outcome):
    with pytest.raises(ModelError):
        folium_map(region, measure="happiness")
    with pytest.raises(ModelError):
        folium_map(region, outcome, "posts", 1999)
    with pytest.raises(ValueError, match="difference"):
        folium_map(region, outcome, "posts", YEAR, mode="difference")


def test_a_value_that_is_missing_has_its_own_colour_and_words(region, outcome):
    values = outcome.values["posts"].copy()
    values[:, 0] = np.nan
    holed = replace(outcome, values={**outcome.values, "posts": values})
    first = counties(folium_map(region, holed, "posts", YEAR))[0]["properties"]
    assert first["lines"][1].endswith("no value")
    assert first["style"]["fillColor"] == "#cbcbc5"


# ---- one file


def addresses(text):
    return re.findall(
        r"<(?:script|link|img|iframe)[^>]*?\s(?:src|href)\s*=\s*[\"']?(?!data:)([^\"' >]+)", text
    )


def test_the_file_names_no_address_and_bears_a_policy(region):
    text = save_inlined(folium_map(region))
    assert addresses(text) == []
    assert "default-src 'none'" in text
    assert "script-src 'sha256-" in text


def test_the_map_itself_is_unchanged_by_the_export(region):
    made = folium_map(region)
    assert save_inlined(made) == save_inlined(made)
    assert "cdn.jsdelivr.net" in made.get_root().render()


@pytest.mark.parametrize(
    ("plugin", "named"),
    [
        (folium.TileLayer("https://tiles.invalid/{z}/{x}/{y}.png", attr="x"), "tiles.invalid"),
        (folium.plugins.MarkerCluster(), "markercluster"),
        (folium.Marker((39, 116), icon=folium.Icon(color="red")), "awesome"),
        (folium.raster_layers.ImageOverlay("https://x.invalid/a.png", [[39, 116], [40, 117]]), "x.invalid"),
    ],
)
def test_what_cannot_be_inlined_is_named(region, plugin, named):
    made = folium_map(region)
    plugin.add_to(made)
    with pytest.raises(ExportError, match=named):
        save_inlined(made)


def test_assets_stand_in_for_addresses(region):
    made = folium_map(region)
    folium.plugins.MarkerCluster().add_to(made)
    with pytest.raises(ExportError) as caught:
        save_inlined(made)
    missing = caught.value.faults[0].values["addresses"].split(", ")
    text = save_inlined(made, assets=dict.fromkeys(missing, "/* here */"))
    assert text.count("/* here */") == len(missing)


def test_the_file_is_written_whole_or_not_at_all(region, tmp_path):
    text = save_inlined(folium_map(region), tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text(encoding="utf-8") == text
    with pytest.raises(ExportError, match="none"):
        save_inlined(folium_map(region), tmp_path / "none" / "map.html")
    assert [one.name for one in tmp_path.iterdir()] == ["map.html"]


# ---- in a browser

CHROMIUM = find_browser()
ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        reason = "no Chromium or Chrome on PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield running
        running.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a map from disk with the network off; what it asked for and complained of stays with the page."""
    context = browser.new_context(offline=True)

    def open_map(made):
        path = tmp_path / "map.html"
        save_inlined(made, path)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_selector(".leaflet-overlay-pane", state="attached")
        return page

    yield open_map
    context.close()


def hostile_region(region):
    """The region with a hostile text in every name and note that the map shows."""

    def spoil(frame, *columns):
        frame = frame.copy()
        for column in columns:
            frame[column] = [HOSTILE[place % len(HOSTILE)] for place in range(len(frame))]
        return frame

    names = ("name_en", "name_zh")
    return replace(
        region,
        counties=spoil(region.counties, *names),
        cities=spoil(region.cities, *names),
        neighbours=spoil(region.neighbours, *names),
        sites=spoil(region.sites, *names, "anchor_firms"),
        stations=spoil(region.stations, *names),
        institutions=spoil(region.institutions, *names, "destination"),
        corridors=spoil(region.corridors, *names, "note"),
        rail_links=spoil(region.rail_links, "line_en", "line_zh"),
        content_hash="hostile",
    )


SHOW_ALL = """name => {
  const map = window[name], texts = [];
  document.querySelectorAll(".leaflet-control-layers-selector:not(:checked)").forEach((box) => box.click());
  map.eachLayer((layer) => {
    if (!layer.getTooltip || !layer.getTooltip()) return;
    layer.openTooltip(layer.getLatLng ? layer.getLatLng() : layer.getBounds().getCenter());
    texts.push(layer.getTooltip().getElement().textContent);
  });
  return texts;
}"""


@pytest.mark.browser
def test_hostile_text_is_shown_and_nothing_of_it_runs(region, outcome, opened):
    made = folium_map(hostile_region(region), outcome, "posts", YEAR)
    rows = gpd.GeoDataFrame(
        dict.fromkeys(HOSTILE[:4], HOSTILE),
        geometry=shapely.points(np.linspace(115, 118, len(HOSTILE)), 39.0),
        crs=4326,
    )
    for text in HOSTILE:
        text_layer(rows, text).add_to(made)
    text_layer(rows, "__proto__").add_to(made)
    page = opened(made)
    page.wait_for_selector(".leaflet-control-layers-selector", state="attached")
    texts = page.evaluate(SHOW_ALL, made.get_name())
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is None
    assert "JJJ_PWNED" not in os.environ
    assert page.asked == [page.url]
    assert page.said == []
    shown = "\n".join(texts)
    for text in HOSTILE:
        assert text in shown
    control = page.eval_on_selector(".leaflet-control-layers-overlays", "box => box.textContent")
    for text in (*HOSTILE, "__proto__"):
        assert " ".join(text.split()) in " ".join(control.split())


@pytest.mark.browser
def test_a_marker_a_popup_and_an_added_plugin_work_without_network(region, opened):
    made = folium_map(region)
    marker = folium.Marker((39, 116), popup="<b>here</b>", tooltip="there")
    marker.add_to(made)
    page = opened(made)
    page.evaluate("name => { window[name].openPopup(); }", marker.get_name())
    assert page.inner_text(".leaflet-popup-content") == "here"
    assert page.eval_on_selector(".leaflet-marker-icon", "one => one.naturalWidth") > 0
    assert page.asked[1:] == [one for one in page.asked[1:] if one.startswith("data:")]
    assert page.said == []


@pytest.mark.browser
def test_a_layer_hidden_and_shown_again_stays_in_its_place(region, opened):
    made = folium_map(region)
    page = opened(made)
    box = page.locator(".leaflet-control-layers-selector").nth(1)
    page.hover(".leaflet-control-layers")
    for _ in range(2):
        box.click()
    assert page.locator(".leaflet-counties-pane path, .leaflet-pane path").count() > 199
    assert page.said == []
