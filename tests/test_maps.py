"""A map as data: what goes in comes out, small, exact enough, and harmless."""

import base64
import gc
import hashlib
import itertools
import json
import re
import weakref
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pytest
import synthetic_maps as made
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from geo.errors import ExportError, LayerError
from geo.maps import component, own, page
from geo.maps.export import export_html
from geo.maps.pack import pack_json, unpack_json, unpack_scenario, unvarint, varint
from geo.maps.recent import Recent
from geo.maps.view import OwnLayer, build_view
from geo.measures import MEASURES
from geo.model.simulate import simulate
from geo.panels.mapview import _event
from geo.presets import PRESETS, preset
from geo.words import LANGUAGES, has

SCRIPTS = sorted(page.files("geo.maps").iterdir(), key=lambda entry: entry.name)
OURS = [entry for entry in SCRIPTS if entry.name.startswith("page_") and entry.name.endswith(".js")]
# bytes of an exported file with the three ready scenarios and all measures; a third of them code
BUDGET = 720_000
GRID_ERROR_KM = 0.046  # half a diagonal of the topology's grid, as the map states


@pytest.fixture(scope="module")
def listed():
    return made.measures(25)


@pytest.fixture(scope="module")
def view(region, listed):
    runs = [(f"Programme {i}", made.outcome(region, listed, seed=i, moves=[made.move()])) for i in range(3)]
    return build_view(region, runs, measures=listed, date="2026-03-01")


@pytest.fixture(scope="module")
def html(view):
    return export_html(view)


def unpacked(scenario):
    return unpack_scenario(scenario.packed_start, scenario.packed)


@given(st.lists(st.integers(-(2**53), 2**53)))
def test_numbers_come_back(numbers):
    assert unvarint(varint(np.array(numbers, dtype=np.int64))).tolist() == numbers


def test_json_comes_back_in_equal_bytes():
    value = {"b": [1, None, "中<文"], "a": {"x": 1.5}}
    assert unpack_json(pack_json(value)) == value
    assert pack_json(value) == pack_json(dict(reversed(value.items())))


def test_payload_is_plain(view):
    payload = json.loads(json.dumps(view.to_payload(), allow_nan=False))
    assert len(payload["region"]["counties"]["code"]) == 199
    assert payload["scenarios"][0]["moves"][0]["destination"] == "130629"


def test_values_come_back_within_the_stated_error(view, listed):
    for scenario in view.scenarios:
        read = unpacked(scenario)
        for measure in listed:
            before, after = scenario.before[measure.id], scenario.after[measure.id]
            change = after - before
            start_error = np.abs(read["before"][measure.id] - before).max()
            half_digit, share = 0.5 * 10.0**-measure.digits, 1e-4 * np.ptp(before)
            assert start_error <= (min(half_digit, share) if share else half_digit)
            change_error = np.abs(read["after"][measure.id] - read["before"][measure.id] - change)
            assert change_error.max() <= 2.0001e-4 * np.abs(change).max()


def test_no_change_stays_exactly_none(view):
    scenario = view.scenarios[0]
    read = unpacked(scenario)
    still = (scenario.after["posts"] == scenario.before["posts"]).all(axis=0)
    assert 0 < still.sum() < 199
    assert (read["after"]["posts"][:, still] == read["before"]["posts"][still]).all()


def test_solver_noise_is_no_change(region, listed):
    run = made.outcome(region, listed)
    run.values = {name: np.tile(start * (1 + 1e-13), (31, 1)) for name, start in run.before.items()}
    read = unpacked(build_view(region, [("noise", run)], measures=listed).scenarios[0])
    assert all((read["after"][m.id] == read["before"][m.id]).all() for m in listed)


def test_missing_values_stay_missing(region, listed):
    run = made.outcome(region, listed)
    run.values["made_0"][:, 7] = np.nan
    view = build_view(region, [("gap", run)], measures=listed)
    read = unpacked(view.scenarios[0])
    assert np.flatnonzero(np.isnan(read["after"]["made_0"][-1])).tolist() == [7]
    assert view.to_payload()["scenarios"][0]["after"]["made_0"][0][7] is None


def decoded(topology, county):
    """Return a county's polygons from the arcs, as the page script reads them."""
    scale, shift = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    arcs = [np.cumsum(arc, axis=0) * scale + shift for arc in topology["arcs"]]
    take = [lambda i: arcs[i], lambda i: arcs[~i][::-1]]
    rings = [
        [np.concatenate([take[i < 0](i)[(k > 0) :] for k, i in enumerate(ring)]) for ring in polygon]
        for polygon in topology["shapes"][county]
    ]
    return [Polygon(ring[0], ring[1:]) for ring in rings]


@pytest.mark.parametrize("county", [0, 40, 98, 150, 198])
def test_shapes_stay_within_the_stated_error(region, view, county):
    polygons = decoded(view.fixed.region["topology"], county)
    original = region.counties.geometry.iloc[county]
    hull = original.buffer(GRID_ERROR_KM / 80)  # at 43 degrees north a degree of longitude is 81 km
    assert sum(polygon.area for polygon in polygons) == pytest.approx(original.area, rel=2e-2)
    assert all(hull.covers(polygon) for polygon in polygons)


def test_neighbours_share_their_arcs(view):
    topology = view.fixed.region["topology"]
    used = np.array(
        [i if i >= 0 else ~i for shape in topology["shapes"] for p in shape for ring in p for i in ring]
    )
    assert np.bincount(used).max() == 2


def test_region_measures_need_no_scenario(region):
    view = build_view(region, base={"jobs": np.full(199, 5.0)})
    ids = [measure["id"] for measure in view.fixed.measures]
    assert ids == ["base.population", "base.density", "base.jobs", "base.gdp_per_head", "base.pm25"]
    assert view.fixed.measures[0]["before"] == [int(x) for x in region.counties["population"]]
    assert view.fixed.measures[2]["status"] == "estimated"


def test_a_measure_of_the_scenarios_replaces_the_regions_own(region):
    listed = [*made.measures(2), made.Measure("population", group="base")]
    view = build_view(region, [("one", made.outcome(region, listed))], measures=listed)
    assert [m["id"] for m in view.fixed.measures].count("population") == 1
    assert "base.population" not in [m["id"] for m in view.fixed.measures]


def test_parts_that_did_not_change_are_the_same(region, listed):
    run = made.outcome(region, listed)
    one, two = (build_view(region, [("a", run)], measures=listed, language=lang) for lang in LANGUAGES)
    assert one.fixed is two.fixed
    assert one.scenarios[0] is two.scenarios[0]


def test_unknown_language_is_refused(region):
    with pytest.raises(KeyError):
        build_view(region, language="fr")


# --- the file -----------------------------------------------------------------------------------------


def inline(html, tag):
    return re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)


def test_policy_names_exactly_what_runs(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        hashes = {
            base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline(html, tag)
        }
        assert {f"'sha256-{value}'" for value in hashes} == set(rules[rule].split())


def test_file_asks_for_nothing(html):
    head = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    assert not re.findall(r"\b(src|href|action|srcset)\s*=", head)
    assert "url(" not in "".join(inline(html, "style"))
    assert "sourceMappingURL" not in html


def test_file_fits_its_budget(region):
    runs = [(name, simulate(region, preset(name, region))) for name in PRESETS]
    listed = [one for one in MEASURES.values() if one.id in runs[0][1].values]
    assert len(listed) > 30
    assert 400_000 < len(export_html(build_view(region, runs, measures=listed)).encode()) < BUDGET


def test_names_cannot_leave_the_data_block(region, listed):
    names = ["</script><script>alert(1)</script>", "<!--", "\u2028", "&lt;", "${1}"]
    runs = [(name, made.outcome(region, listed[:1], text=name)) for name in names]
    html = export_html(build_view(region, runs, measures=listed[:1]), state={"note": names[0]})
    block = re.search(r'<script type="application/json" id="jjj-data">(.*?)</script>', html, flags=re.DOTALL)[
        1
    ]
    assert not set("<>&\u2028") & set(block)
    assert json.loads(block)["state"]["note"] == names[0]


def test_same_map_same_bytes(view):
    assert export_html(view) == export_html(view)


def test_unwritable_place_is_named(view, tmp_path):
    with pytest.raises(ExportError, match="Choose a folder"):
        export_html(view, tmp_path / "no" / "such" / "map.html")


@pytest.mark.parametrize("entry", OURS, ids=lambda entry: entry.name)
def test_script_builds_no_markup_from_text(entry):
    text = entry.read_text(encoding="utf-8")
    found = re.findall(
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc)", text
    )
    assert not found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_the_script_asks_for_exists(language):
    text = page.page_script()
    keys = set(re.findall(r'"((?:map|unit|status)\.[a-z_.0-9]+)"', text))
    assert len(keys) > 60
    assert not {key for key in keys if not has(key, language)}


# --- a user's own layers ------------------------------------------------------------------------------


def layer(shapes, name="mine.geojson", crs=4326, **columns):
    return OwnLayer(name, gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs))


def drawn(numbers):
    """Return degrees from differenced whole numbers, as the page script does."""
    return np.cumsum(np.array(numbers).reshape(-1, 2), axis=0) / 1e5


def refused(layers):
    with pytest.raises(LayerError) as caught:
        own.checked_layers(layers)
    assert all(fault.text(language) for fault in caught.value.faults for language in LANGUAGES)
    return {fault.code for fault in caught.value.faults}


AREA = Polygon([(115, 38), (116, 38), (116, 39)], [[(115.6, 38.1), (115.9, 38.1), (115.9, 38.4)]])
SHAPES = {
    "point": [Point(116.4000049, 39.9), MultiPoint([(115, 38), (115.000004, 38.12345678)])],
    "line": [LineString([(115, 38, 7), (116, 39, 8)]), MultiLineString([[(1, 2), (3, 4)], [(5, 6), (7, 8)]])],
    "area": [AREA, MultiPolygon([AREA, box(117, 39, 118, 40)])],
}


@pytest.mark.parametrize("family", SHAPES)
def test_own_shapes_come_back_to_five_decimals(family):
    payload = json.loads(json.dumps(layer(SHAPES[family]).payload(), allow_nan=False))
    assert payload["kind"] == family
    for shape, (kind, parts) in zip(SHAPES[family], payload["shapes"], strict=True):
        rings = [parts] if kind == "point" else list(itertools.chain(*parts)) if kind == "area" else parts
        places = np.concatenate([drawn(ring) for ring in rings])
        assert places == pytest.approx(own.shapely.get_coordinates(shape), abs=0.5000001e-5)
        assert (np.round(places, 5) == places).all()


def test_own_values_are_text():
    values = [1, 2.5, True, None, float("nan"), {"a": ["<b>"]}, "\ud800x", "y" * 600, 10**20]
    made_layer = layer([Point(116, 39)] * 9, **{"<i>": np.array(values, dtype=object), "__proto__": range(9)})
    payload = made_layer.payload()
    assert payload["fields"] == ["<i>", "__proto__"]
    shown = payload["values"][0]
    assert shown[:6] == ["1", "2.5", "true", None, None, '{"a": ["<b>"]}']
    assert shown[6:] == ["\ufffdx", f"{'y' * own.MAX_SHOWN}…", str(10**20)]
    assert unpack_json(made_layer.packed) == payload


def test_own_names_follow_the_language():
    columns = {"id": [1, 2, 3], "名称": ["站", "点", None], "name_en": ["Station", "", None]}
    payload = layer([Point(116, 39)] * 3, **columns).payload()
    assert payload["name_en"] == ["Station", "点", ""]
    assert payload["name_zh"] == ["站", "点", ""]


def test_rows_without_a_place_are_counted():
    payload = layer([Point(116, 39), None, Point()]).payload()
    assert (payload["count"], payload["placeless"]) == (3, 2)
    assert payload["shapes"][1:] == [None, None]


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ([layer([Point(500000, 4e6)], crs=32650)], "map.own_crs"),
        ([layer([Point(500000, 4e6)])], "map.own_degrees"),
        ([layer([None])], "map.own_empty"),
        ([layer([GeometryCollection([Point(1, 2)])])], "map.own_geometry"),
        ([layer([Point(116, 39)], name=str(i)) for i in range(own.MAX_LAYERS + 1)], "map.own_layers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_drawn_is_refused_in_words(layers, code):
    assert refused(layers) == {code}


def test_limits_hold_for_all_own_layers_together(monkeypatch):
    for name, limit in (("MAX_FEATURES", 5), ("MAX_VERTICES", 9), ("MAX_TEXT", 40)):
        monkeypatch.setattr(own, name, limit)
    two = [layer([Point(116, 39)] * 2, name=name) for name in "ab"]
    assert own.checked_layers(two) == tuple(two)
    assert refused([*two, layer([Point(116, 39)] * 2)]) == {"map.own_features"}
    assert refused([*two, layer([LineString([(116, i) for i in range(9)])])]) == {"map.own_vertices"}
    assert refused([layer([Point(116, 39)], name_en=["x" * 40])]) == {"map.own_text"}


def test_equal_layers_are_drawn_once():
    assert len(own.checked_layers([layer([Point(116, 39)]), layer([Point(116, 39)])])) == 1


def test_own_layers_travel_apart_and_into_the_file(region):
    mine = layer([Point(116, 39)], name="</script>.geojson", name_en=["<!--"])
    plain = build_view(region)
    view = build_view(region, own=[mine])
    assert view.fixed is plain.fixed
    assert view.to_payload()["own"] == [mine.payload()]
    without = component.arguments(plain, {}, storage="map", height=700)
    told = component.arguments(view, {}, storage="map", height=700)
    assert told | {"own": []} == without
    assert [unpack_json((component.folder() / name).read_bytes()) for name in told["own"]] == [mine.payload()]
    html = export_html(view)
    block = json.loads(re.search(r'id="jjj-data">(.*?)</script>', html, flags=re.DOTALL)[1])
    assert [unpack_json(base64.b64decode(text)) for text in block["own"]] == [mine.payload()]


def test_a_source_speaks_both_languages_where_it_can(region):
    class Spoken(made.Measure):
        def source_text(self, language):
            return {"en": "census", "zh": "普查"}[language]

    view = build_view(region, measures=[Spoken("a"), made.Measure("b", source="somewhere")])
    sources = {measure["id"]: measure["source"] for measure in view.fixed.measures}
    assert sources["a"] == {"en": "census", "zh": "普查"}
    assert sources["b"] == {"en": "somewhere", "zh": "somewhere"}


# --- the live map -------------------------------------------------------------------------------------


def test_arguments_are_names_not_values(view):
    told = component.arguments(view, {"mode": "swipe", "b": 1}, storage="map", height=700)
    assert len(json.dumps(told)) < 2000
    files = [told["static"], *(name for pair in told["scenarios"] for name in pair)]
    packed = [view.fixed.packed, *(part for s in view.scenarios for part in (s.packed_start, s.packed))]
    assert [(component.folder() / name).read_bytes() for name in files] == packed


def test_folder_keeps_few_files(monkeypatch):
    monkeypatch.setattr(component, "_KEPT", 3)
    names = [component.publish(bytes([i]) * 9, "values") for i in range(6)]
    kept = {file.name for file in component.folder().glob("*.bin")}
    assert len(kept) == 3
    assert names[-1] in kept


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "move",
        {},
        {"seq": "1", "type": "move"},
        {"seq": 1, "type": "run"},
        {"seq": 1, "type": "move", "id": 3},
    ],
)
def test_what_is_no_event_is_dropped(value):
    assert _event(value) is None


def test_a_desk_of_nine_is_not_packed_again(region):
    listed = made.measures(2)
    runs = [(str(seed), made.outcome(region, listed, seed=seed)) for seed in range(9)]
    first, again = (build_view(region, runs, measures=listed) for _ in range(2))
    assert first.fixed is again.fixed
    assert all(one is two for one, two in zip(first.scenarios, again.scenarios, strict=True))


def test_what_is_kept_keeps_no_outcome_alive(region):
    listed = made.measures(2)
    outcome = made.outcome(region, listed, seed=3)
    gone = weakref.ref(outcome)
    build_view(region, [("one", outcome)], measures=listed)
    del outcome
    gc.collect()
    assert gone() is None


def test_many_threads_share_what_is_kept():
    kept = Recent(3)

    def ask(number):
        return [kept.get((number + step) % 5, object) is not None for step in range(400)]

    with ThreadPoolExecutor(8) as pool:
        assert all(all(found) for found in pool.map(ask, range(8)))
    last = kept.get("last", lambda: 1)
    for other in "ab":
        kept.get(other, lambda: 0)
        assert kept.get("last", lambda: 2) == last  # asked for just now, so it stays
    for other in "abc":
        kept.get(other, lambda: 0)
    assert kept.get("last", lambda: 2) == 2


def test_a_move_is_read():
    event = _event({"seq": 4, "type": "move", "institution": "bjtu", "destination": "130629", "extra": 1})
    assert (event["seq"], event["institution"], event["destination"]) == (4, "bjtu", "130629")
    assert "extra" not in event
