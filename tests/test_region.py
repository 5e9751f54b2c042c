"""The region: how it is read, what it computes, and that broken data are refused at once."""

import json
import shutil
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import box

from geo.contract import facts_faults, layer_faults
from geo.errors import FactsError, LayerError
from geo.region import default_folder, great_circle_km, load_region, shared_borders


@pytest.fixture
def folder(tmp_path):
    """A copy of the layers to break."""
    return shutil.copytree(default_folder(), tmp_path / "layers")


def edit(folder, name, change):
    path = folder / f"{name}.geojson"
    collection = json.loads(path.read_text(encoding="utf-8"))
    change(collection["features"])
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")


def edit_table(folder, name, change):
    path = folder / "facts" / f"{name}.csv"
    table = pd.read_csv(path, dtype=str)
    change(table)
    table.to_csv(path, index=False)


def wheres(error):
    return {(fault.code.removeprefix("contract."), fault.where) for fault in error.value.faults}


def test_counties_are_in_code_order(region):
    assert len(region.codes) == 199
    assert list(region.codes) == sorted(region.codes)
    assert region.positions["110101"] == 0
    assert region.counties.index.equals(pd.Index(region.codes))
    assert region.population.shape == region.area_km2.shape == (199,)
    for name in ("county_population_2020", "county_profile_2020", "county_employed_residents_by_sector_2020"):
        assert tuple(region.facts[name]["code"]) == region.codes


def test_frames_are_keyed_by_text(region):
    for name in ("cities", "sites", "corridors", "rail_links", "stations", "institutions", "destinations"):
        frame = getattr(region, name)
        assert frame.index.is_unique
        assert all(isinstance(key, str) for key in frame.index)
        assert frame.crs == "EPSG:4326"
    assert region.corridors.county_codes["C1"] == ["110108", "110106", "110115", "110115", "130629"]


def test_a_region_is_frozen_and_read_once(region):
    assert load_region() is region
    with pytest.raises(FrozenInstanceError):
        region.codes = ()
    with pytest.raises(TypeError):
        region.facts["parameters"] = None


def test_great_circle_by_hand():
    # A quarter of a meridian, and one degree on the equator: pi R / 2 and pi R / 180.
    assert great_circle_km(np.array([0.0, 0.0]), np.array([0.0, 90.0])) == pytest.approx(10_007.557)
    assert great_circle_km(np.array([10.0, 0.0]), np.array([11.0, 0.0])) == pytest.approx(111.195)


def test_distances_are_a_metric(region):
    km = region.centroid_distance_km()
    assert km.shape == (199, 199)
    assert np.allclose(km, km.T)
    assert (np.diag(km) == 0).all()
    assert (km[np.triu_indices(199, 1)] > 0).all()
    assert (km[:, :, None] <= km[:, None, :] + km[None, :, :].transpose(0, 2, 1) + 1e-9).all()
    between = km[region.positions["110102"], region.positions["130638"]]
    assert between == pytest.approx(105, abs=8)  # Beijing to Xiongan, official straight line 105 km


def test_borders_of_three_boxes_by_hand():
    # Two unit boxes side by side on the equator and one that touches a corner: one shared border of 1 degree.
    shapes = np.array([box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 1, 3, 2)])
    first, second, border_km = shared_borders(shapes)
    assert (list(first), list(second)) == ([0], [1])
    assert border_km == pytest.approx([111.195])


def test_neighbouring_counties(region):
    first, second, border_km = region.adjacency()
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    at = region.positions
    assert (first < second).all()
    assert (border_km > 0).all()
    assert (at["110101"], at["110102"]) in pairs  # Dongcheng and Xicheng
    assert (at["110101"], at["130638"]) not in pairs
    assert region.adjacency() is region.adjacency()
    # The relation is the geometric one: a common line, not a common point.
    shapes = np.asarray(region.counties.geometry.array)
    for county in (0, 77, 198):
        lengths = shapely.length(shapely.intersection(shapes[county], shapes))
        expected = {other for other in np.flatnonzero(lengths > 0).tolist() if other != county}
        assert expected == {b if a == county else a for a, b in pairs if county in (a, b)}


def test_the_hash_is_of_the_content(region, folder):
    copy = load_region(folder)
    assert copy.content_hash == region.content_hash
    assert copy.folder != region.folder


def test_all_missing_files_are_named(folder):
    for name in ("cities", "rail"):
        (folder / f"{name}.geojson").unlink()
    with pytest.raises(LayerError) as error:
        load_region(folder)
    assert wheres(error) == {("region.no_file", "cities.geojson"), ("region.no_file", "rail.geojson")}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"type": "FeatureCollection"}', '{"features": [{}]}'])
def test_an_unreadable_file_is_named(folder, content):
    (folder / "cities.geojson").write_text(content, encoding="utf-8")
    with pytest.raises(LayerError) as error:
        load_region(folder)
    assert wheres(error) == {("region.unreadable", "cities.geojson")}


def test_a_changed_file_is_noticed(folder):
    edit(folder, "clusters", lambda items: items[0]["properties"].update(note="changed"))
    edit_table(folder, "chains", lambda table: table.__setitem__("note", "changed"))
    with pytest.raises(LayerError) as error:
        load_region(folder)
    assert wheres(error) == {("region.hash", "layers.clusters"), ("region.hash", "facts.chains")}


def test_every_planted_fault_is_found_at_once(folder):
    def break_counties(items):
        items[0]["properties"]["population"] = None
        items[1]["properties"]["code"] = items[2]["properties"]["code"]
        items[3]["properties"]["status"] = "guessed"
        items[4]["properties"]["source"] = None

    def break_sites(items):
        for item in items:
            del item["properties"]["sector"]
        items[0]["properties"]["county_code"] = "110199"
        items[1]["geometry"]["coordinates"].reverse()
        items[2]["geometry"] = None

    def break_institutions(items):
        items[0]["properties"]["employees"] = -5
        items[1]["properties"]["institution_status"] = "rumoured"

    edit(folder, "beijing", break_counties)
    edit(folder, "clusters", break_sites)
    edit(folder, "institutions", break_institutions)
    with pytest.raises(LayerError) as error:
        load_region(folder)
    assert wheres(error) >= {
        ("missing_value", "counties[1 (110101)].population"),
        ("duplicate", "counties[2 (110105)].code"),
        ("duplicate", "counties[3 (110105)].code"),
        ("bad_value", "counties[4 (110106)].status"),
        ("missing_value", "counties[5 (110107)].source"),
        ("missing_column", "sites.sector"),
        ("unknown_reference", "sites[IC01].county_code"),
        ("outside_frame", "sites[2 (IC02)].geometry"),
        ("no_geometry", "sites[3 (IC03)].geometry"),
        ("bad_value", "institutions[1 (bjtu)].employees"),
        ("bad_value", "institutions[2 (ustb)].institution_status"),
    }
    assert all(fault.text("zh") and fault.text("en") for fault in error.value.faults)


def test_every_planted_fault_of_the_facts_is_found_at_once(folder):
    edit_table(folder, "parameters", lambda table: table.pop("source"))
    edit_table(
        folder, "county_population_2020", lambda table: table.loc.__setitem__((0, "population_2020"), "many")
    )
    edit_table(folder, "city_indicators", lambda table: table.loc.__setitem__((5, "year"), "1213"))
    edit_table(folder, "institutions", lambda table: table.loc.__setitem__((2, "status"), "sure"))
    (folder / "facts" / "chains.csv").unlink()
    with pytest.raises(FactsError) as error:
        load_region(folder)
    assert wheres(error) == {
        ("no_table", "chains.csv"),
        ("missing_column", "parameters.source"),
        ("wrong_type", "county_population_2020[1 (110101)].population_2020"),
        ("bad_value", "city_indicators[6 (Baoding)].year"),
        ("bad_value", "institutions[3 (bfu)].status"),
    }


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("population", np.nan, "missing_value"),
        ("area_km2", -1.0, "bad_value"),
        ("lon", 39.9, "bad_value"),
        ("province", "shanxi", "bad_value"),
        ("status", "assumption", "bad_value"),
        ("city_code", "13", "bad_value"),
        ("name_en", None, "missing_value"),
    ],
)
def test_one_broken_cell_is_one_fault(region, column, value, code):
    counties = region.counties.copy()
    counties.loc["130638", column] = value
    row = region.positions["130638"] + 1
    (fault,) = layer_faults("counties", counties)
    assert (fault.code, fault.where) == (f"contract.{code}", f"counties[{row} (130638)].{column}")


def test_crossed_rings_are_refused(region):
    counties = region.counties.copy()
    bow = box(116, 39, 117, 40).exterior.coords
    counties.loc["110101", "geometry"] = type(box(0, 0, 1, 1))([bow[0], bow[2], bow[1], bow[3]])
    assert [fault.code for fault in layer_faults("counties", counties)] == ["contract.invalid_geometry"]


def test_an_unknown_table_still_needs_source_and_status():
    faults = facts_faults("mine", pd.DataFrame({"a": [1], "source": ["me"]}))
    assert [(fault.code, fault.where) for fault in faults] == [("contract.missing_column", "mine.status")]
