"""A user's own file: every fault named at once, nothing mended unasked, never a traceback."""

import json
import re
import stat
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import LayerError
from geo.region import load_region
from geo.userlayers import check_layer, convert, from_wgs84, limits, to_wgs84
from geo.userlayers.datum import distance_m, round_trip_error_m
from geo.userlayers.report import MAX_LISTED, LayerReport
from geo.words import keys

SQUARE = [[116.0, 39.0], [116.1, 39.0], [116.1, 39.1], [116.0, 39.1], [116.0, 39.0]]
HOSTILE = ["<script>alert(1)</script>", "`${alert(1)}`", "=cmd|'/c calc'!A1", "{0.__class__}", "\x1b[31mred"]


@pytest.fixture
def check(region):
    return lambda source, name="layer.geojson", **more: check_layer(source, name, region, **more)


def feature(kind, coordinates, number=None, **properties):
    return {
        "type": "Feature",
        "id": number,
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": properties,
    }


def collection(*features, **members):
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members}).encode()


def codes(findings):
    return {one.code.removeprefix("userlayer.") for one in findings}


def zipped(**members):
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def written(frame, folder, driver):
    path = folder / ("layer.gpkg" if driver == "GPKG" else "layer.shp")
    frame.to_file(path, driver=driver)
    if driver == "GPKG":
        return path.read_bytes()
    return zipped(**{f"layer__{one.suffix[1:]}": one.read_bytes() for one in folder.glob("layer.*")})


# ---- the shifted datums


@pytest.fixture(scope="module")
def county_points(region):
    points = region.counties.geometry.representative_point()
    return points.x.to_numpy(), points.y.to_numpy()


def test_the_shift_here_is_what_maps_of_the_region_show(region, county_points):
    cities = region.cities["lon"].to_numpy(), region.cities["lat"].to_numpy()
    for points, least, most in ((cities, 505, 565), (county_points, 490, 620)):
        metres = distance_m(*points, *from_wgs84(*points, "GCJ-02"))
        assert least < metres.min() < metres.max() < most


def test_a_published_point_of_each_datum():
    # Tiananmen: the worked example of the public reconstructions, WGS84 39.907333 N 116.391083 E.
    gcj = from_wgs84(np.array([116.391083]), np.array([39.907333]), "GCJ-02")
    assert np.allclose(np.ravel(gcj), [116.397327, 39.908737], atol=5e-6)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_undoing_a_shift_errs_by_less_than_a_millimetre(county_points, datum):
    assert round_trip_error_m(*county_points, datum) < 1e-3
    back = to_wgs84(*from_wgs84(*county_points, datum), datum)
    assert distance_m(*county_points, *back).max() < 1e-3


@given(lon=st.floats(73, 137), lat=st.floats(1, 55))
def test_a_shift_is_undone_anywhere_it_applies(lon, lat):
    for datum in ("GCJ-02", "BD-09"):
        assert round_trip_error_m(np.array([lon]), np.array([lat]), datum) < 1e-2


def test_no_shift_outside_its_bounds():
    assert np.ravel(from_wgs84(np.array([2.35]), np.array([48.85]), "GCJ-02")).tolist() == [2.35, 48.85]


# ---- recognising them


def shifted(frame, datum):
    move = lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], datum))  # noqa: E731
    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), move), crs="EPSG:4326")


def as_json(frame, *columns):
    frame = frame.reset_index(names="key")[[*columns, "geometry"]]
    return frame.to_json().encode()


@pytest.mark.parametrize("datum", ["WGS84", "GCJ-02", "BD-09"])
def test_one_county_outline_tells_its_datum(region, check, datum):
    report = check(as_json(shifted(region.counties.loc[["130629"]], datum), "name_en"))
    assert (report.crs, report.sure) == (datum, "certain")
    assert report.ok == (datum == "WGS84")


@pytest.mark.parametrize("datum", ["WGS84", "GCJ-02", "BD-09"])
def test_named_places_tell_their_datum_and_are_brought_home(region, check, datum):
    stations = region.stations
    report = check(as_json(shifted(stations, datum), "name_zh"))
    assert (report.crs, report.sure) == (datum, "certain")
    if datum != "WGS84":
        assert codes(report.faults) == {"gcj02" if datum == "GCJ-02" else "bd09"}
        assert report.frame is None
        home = convert(report)
        off = distance_m(
            *shapely.get_coordinates(home.geometry).T, *shapely.get_coordinates(stations.geometry).T
        )
        assert off.max() < 0.01
        assert home.attrs["round_trip_error_m"] < 1e-3


def border_points(region, datum):
    """Points 100-400 m inside county borders, where the stated county tells the datum."""
    rows = []
    for code, shape in region.counties.geometry.items():
        ring = shape.buffer(-0.0025).boundary
        rows += [
            (str(code), ring.interpolate(part, normalized=True)) for part in (0.2, 0.7) if not ring.is_empty
        ]
    frame = gpd.GeoDataFrame(
        {"county_code": [code for code, _ in rows]}, geometry=[p for _, p in rows], crs=4326
    )
    return shifted(frame, datum)


@pytest.mark.parametrize("datum", ["WGS84", "GCJ-02", "BD-09"])
def test_stated_counties_tell_the_datum(region, check, datum):
    report = check(as_json(border_points(region, datum), "county_code"))
    assert (report.crs, report.sure) == (datum, "certain")


def test_coarse_positions_are_not_taken_for_a_shift(region, check):
    noise = np.random.default_rng(7).normal(0, 0.02, (len(region.stations), 2))
    frame = region.stations.set_geometry(
        shapely.points(shapely.get_coordinates(region.stations.geometry) + noise), crs=4326
    )
    report = check(as_json(frame, "name_zh"))
    assert report.sure == "unknown"


def test_rows_that_are_all_wrong_tell_no_datum(region, check):
    spots = np.random.default_rng(1).uniform([114, 37], [119, 41], (3000, 2))
    rows = [f"{x:.5f},{y:.5f},{n},{region.codes[n % 199]}" for n, (x, y) in enumerate(spots)]
    report = check("\n".join(["lon,lat,id,county_code", *rows]).encode(), "a.csv")
    assert report.sure == "unknown"


@pytest.mark.parametrize("seed", range(8))
def test_positions_good_to_a_kilometre_are_not_taken_for_another_datum(region, check, seed):
    noise = np.random.default_rng(seed).normal(0, 0.01, (len(region.sites), 2))
    moved = region.sites.set_geometry(
        shapely.points(shapely.get_coordinates(region.sites.geometry) + noise), crs=4326
    )
    assert check(as_json(moved, "name_zh", "county_code")).crs == "WGS84"


def test_what_cannot_be_known_is_said(check):
    report = check(collection(feature("Point", [116.3, 39.9])))
    assert report.ok
    assert report.sure == "unknown"
    assert codes(report.warnings) == {"datum_unknown"}
    moved = convert(report, source="GCJ-02").geometry.iloc[0]
    assert 500 < distance_m(116.3, 39.9, moved.x, moved.y) < 600


@pytest.mark.parametrize(
    ("name", "head", "crs"),
    [
        ("a.csv", "gcj_lng,gcj_lat", "GCJ-02"),
        ("a.csv", "百度经度,百度纬度", "BD-09"),
        ("places_gcj02.csv", "lon,lat", "GCJ-02"),
        ("a.csv", "lon_wgs84,lat_wgs84", "WGS84"),
    ],
)
def test_a_declared_datum_is_believed_and_named(check, name, head, crs):
    report = check(f"{head}\n116.3,39.9\n".encode(), name)
    assert (report.crs, report.sure) == (crs, "declared")


def test_a_column_of_datums_and_a_crs_member_declare_too(check):
    assert check("lon,lat,坐标系\n116.3,39.9,GCJ02\n".encode(), "a.csv").crs == "GCJ-02"
    crs = {"type": "name", "properties": {"name": "urn:x:GCJ02"}}
    assert codes(check(collection(feature("Point", [116.3, 39.9]), crs=crs)).faults) == {"gcj02_declared"}


def test_a_false_declaration_is_contradicted(region, check):
    report = check(as_json(region.stations, "name_zh"), "stations_gcj02.geojson")
    assert codes(report.faults) == {"says_otherwise"}
    assert report.suggestion.system == "WGS84"


# ---- axes and projections


def test_swapped_axes_are_named_and_exchanged(region, check):
    swap = region.stations.set_geometry(
        shapely.transform(region.stations.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    )
    report = check(as_json(swap.set_crs(4326, allow_override=True), "name_zh"))
    assert codes(report.faults) == {"all_swapped"}
    assert np.allclose(convert(report).geometry.x, region.stations.geometry.x)


def test_swapped_rows_among_right_ones_are_listed(check):
    report = check(b"lon,lat\n116.3,39.9\n39.8,116.2\n", "a.csv")
    assert [(one.code, one.where) for one in report.faults] == [("userlayer.swapped", "a.csv[3].geometry")]
    assert not report.convertible


def undeclared(frame, system):
    return frame.to_crs(system).set_crs(None, allow_override=True).to_json().encode()


@pytest.mark.parametrize("system", [3857, 32650, 4548, 4527, 4498])
def test_undeclared_metres_are_named_by_what_they_say(region, check, system):
    frame = region.counties.loc[["131024", "131028", "131082"], ["geometry"]]
    report = check(undeclared(frame, system))
    assert codes(report.faults) == {"projected"}
    assert report.suggestion.system == f"EPSG:{system}"
    assert np.allclose(convert(report).total_bounds, frame.total_bounds, atol=1e-8)


def test_metres_that_several_projections_explain_are_not_guessed(region, check):
    frame = region.stations.loc[region.stations.within(shapely.box(116, 39, 117, 40.2)), ["geometry"]]
    report = check(undeclared(frame, 32650))
    assert codes(report.faults) == {"projected_unknown"}
    assert report.candidates == ("EPSG:32650", "EPSG:4548")
    assert np.allclose(convert(report, source="EPSG:32650").total_bounds, frame.total_bounds, atol=1e-8)


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile"])
@pytest.mark.parametrize(
    "said", [(4326, set()), (4490, set()), (32650, {"projected"}), (4610, {"other_datum"})]
)
def test_a_declared_system_in_a_file_of_gdal(region, check, tmp_path, driver, said):
    system, found = said
    frame = region.stations[["name_zh", "geometry"]].to_crs(system).reset_index(drop=True)
    report = check(written(frame, tmp_path, driver), "layer.gpkg" if driver == "GPKG" else "layer.zip")
    assert codes(report.faults) == found
    assert report.count == len(frame)
    table = report.frame if report.ok else convert(report)
    assert table["name_zh"].tolist() == frame["name_zh"].tolist()


# ---- features


@pytest.mark.parametrize(
    ("kind", "coordinates", "code"),
    [
        ("Polygon", [SQUARE[:-1]], "ring_open"),
        ("Polygon", [[SQUARE[0], SQUARE[1], SQUARE[0]]], "too_few_points"),
        ("Polygon", [[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]], "ring_self_intersection"),
        ("Polygon", [SQUARE, [[x + 1, y] for x, y in SQUARE]], "ring_hole_outside"),
        (
            "MultiPolygon",
            [[SQUARE], [[[x / 2 + 58.02, y / 2 + 19.52] for x, y in SQUARE]]],
            "ring_shells_nested",
        ),
        ("LineString", [SQUARE[0]], "too_few_points"),
        ("LineString", [SQUARE[0], SQUARE[0]], "ring_too_few"),
        ("Point", [116.0], "bad_position"),
        ("Point", ["116", "39"], "bad_position"),
        ("Point", [True, 39.0], "bad_position"),
        ("Point", [float("nan"), 39.0], "not_finite"),
        ("LineString", [SQUARE[0], [float("inf"), 39.0]], "not_finite"),
        ("Point", [10**400, 39], "not_finite"),
        ("Point", [190.0, 39.0], "out_of_range"),
        ("Circle", [116.0, 39.0], "bad_geometry"),
        ("Polygon", {"a": 1}, "bad_position"),
    ],
)
def test_a_broken_shape_is_named_by_row_and_place(check, kind, coordinates, code):
    report = check(collection(feature("Point", [116.5, 39.5]), feature(kind, coordinates)))
    assert codes(report.faults) == {code}
    assert all("[2].geometry" in one.where for one in report.faults)
    assert report.frame is None


def test_every_fault_is_told_at_once_in_both_languages(check):
    report = check(
        collection(
            feature("Point", [39.5, 116.5]),
            feature("Polygon", [SQUARE[:-1]]),
            feature("Point", [116.2, 39.2], county_code="999999"),
            feature("Point", [116.3, 39.3], 7),
            feature("Point", [116.4, 39.4], 7),
            {"type": "Nothing"},
        )
    )
    assert codes(report.faults) == {"swapped", "ring_open", "unknown_code", "duplicate_id", "not_a_feature"}
    for language in ("en", "zh"):
        assert report.text(language).count("\n") >= len(report.faults) + 1


@pytest.mark.parametrize(
    ("features", "code"),
    [
        ([feature("Polygon", [SQUARE[::-1]])], "ring_order"),
        ([feature("Point", [116.0, 39.0, 50.0])], "height"),
        ([feature("Point", [116.0, 39.0]), feature("Polygon", [SQUARE])], "mixed"),
        ([feature("Point", [116.0, 39.0], a=1), feature("Point", [116.0, 39.0], a=2)], "same_place"),
        (
            [feature("Point", [116.0, 39.0]), {"type": "Feature", "geometry": None, "properties": {}}],
            "null_geometry",
        ),
        ([feature("Point", [116.0, 39.0], district="海殿区")], "unknown_name"),
        ([feature("Point", [116.0, 39.0]), feature("Point", [112.5, 37.9])], "outside"),
        ([feature("Point", [116.0, 39.0], county_code="110108")], "other_county"),
    ],
)
def test_what_a_reader_should_know_is_no_fault(check, features, code):
    report = check(collection(*features))
    assert report.ok
    assert code in codes(report.warnings)
    assert len(report.frame) == len(features)


@pytest.mark.parametrize(
    ("features", "code"),
    [
        ([], "empty"),
        ([{"type": "Feature", "geometry": None, "properties": {}}], "all_null"),
        ([feature("Point", [116.0, 39.0])] * 2, "duplicate"),
        ([feature("Point", [2.3, 48.8])], "all_outside"),
        ([feature("Point", [116.0, 39.0], geometry=1)], "reserved_field"),
        ([feature("Point", [116.0, 39.0], name="\ud800")], "bad_text"),
        (
            [feature("Point", [116.0, 39.0], **{f"c{n}": n for n in range(limits.MAX_COLUMNS + 1)})],
            "too_many_columns",
        ),
        ([feature("Point", [116.0, 39.0], deep=json.loads("[" * 60 + "]" * 60))], "too_deep"),
        (
            [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [116, 39]}, "properties": [1]}],
            "bad_properties",
        ),
    ],
)
def test_what_must_be_mended(check, features, code):
    assert codes(check(collection(*features)).faults) == {code}


def test_codes_of_cities_and_provinces_are_known(check):
    assert check(
        collection(
            *(
                feature("Point", [116 + n / 9, 39], county_code=code)
                for n, code in enumerate(["130600", "110000", 130629])
            )
        )
    ).ok


def test_many_like_faults_are_counted_not_listed(check):
    report = check(collection(*(feature("Point", [116.0, "x"], n=n) for n in range(MAX_LISTED + 20))))
    assert len(report.faults) == MAX_LISTED + 1
    assert report.faults[-1].values["count"] == 20


# ---- files


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.geojson", "empty"),
        (b" \r\n\t", "a.csv", "empty"),
        (b'{"type": "FeatureCollection", "features": [', "a.geojson", "truncated"),
        (b'{"type": "FeatureColl', "a.geojson", "truncated"),
        (b'{"type": "FeatureCollection",, "features": []}', "a.geojson", "bad_json"),
        (b'{"type": "Topology", "objects": {}}', "a.json", "not_geojson"),
        (b"[1, 2, 3]", "a.json", "not_geojson"),
        (b'{"type": "FeatureCollection"}', "a.json", "no_features"),
        (b"[" * 200_000, "a.json", "too_deep"),
        (b'{"type":"Point","coordinates":[' + b"9" * 9000 + b",39]}", "a.json", "huge_number"),
        (b"<kml></kml>", "a.kml", "unknown_format"),
        (b"\x89PNG\r\n", "a.png", "unknown_format"),
        (b"\xff\xff\x80\x00\x01", "a.bin", "unknown_format"),
        (b"SQLite format 3\x00" + b"\x10\x00" + b"\x00" * 20, "a.gpkg", "truncated"),
        (b"PK\x03\x04" + b"\x00" * 40, "a.zip", "truncated"),
        (zipped(readme__txt=b"hello"), "a.zip", "zip_no_shapefile"),
        (zipped(a__shp=b"", b__shp=b""), "a.zip", "zip_several"),
        (zipped(a__shp=b"\x00" * 100), "a.zip", "zip_missing"),
        (zipped(a__shp=b"", a__shx=b"", a__dbf=b""), "a.zip", "truncated"),
        (zipped(a__shp=b"\x00" * 100, a__shx=b"\x00" * 100, a__dbf=b"\x00" * 100), "a.zip", "unreadable"),
        (zipped(**{"../evil__shp": b"x"}), "a.zip", "zip_path"),
        (zipped(**{"/etc/evil__shp": b"x"}), "a.zip", "zip_path"),
        (zipped(**{"..\\evil__shp": b"x"}), "a.zip", "zip_path"),
        (zipped(**{f"{n}__txt": b"" for n in range(limits.MAX_MEMBERS + 1)}), "a.zip", "zip_members"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(check, content, name, code):
    report = check(content, name)
    assert codes(report.faults) == {code}
    assert report.frame is None


def test_a_zip_bomb_is_refused_before_it_is_unpacked(check, monkeypatch):
    monkeypatch.setattr("geo.userlayers.archives.MAX_UNZIPPED", 10**6)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    assert codes(check(zipped(a__shp=b"\x00" * 10**7), "a.zip").faults) == {"zip_too_large"}


def test_a_link_in_a_zip_is_refused(check):
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        member = zipfile.ZipInfo("a.shp")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    assert codes(check(stream.getvalue(), "a.zip").faults) == {"zip_path"}


def test_limits_hold(check, monkeypatch, tmp_path):
    rows = b"lon,lat\n" + b"116.1,39.1\n" * 5
    for module in ("tables", "geojson"):
        monkeypatch.setattr(f"geo.userlayers.{module}.MAX_FEATURES", 4)
    monkeypatch.setattr("geo.userlayers.geojson.MAX_VERTICES", 3)
    assert codes(check(rows, "a.csv").faults) == {"too_many_features"}
    assert codes(check(collection(*[feature("Point", [116, 39])] * 5)).faults) == {"too_many_features"}
    assert codes(check(collection(feature("Polygon", [SQUARE]))).faults) == {"too_many_vertices"}
    monkeypatch.setattr("geo.userlayers.check.MAX_BYTES", 10)
    assert codes(check(rows, "a.csv").faults) == {"too_large"}
    path = tmp_path / "a.csv"
    path.write_bytes(rows)
    assert codes(check(path, None).faults) == {"too_large"}


def test_a_missing_file_a_folder_and_an_odd_path(check, tmp_path):
    for source in (tmp_path / "none.csv", tmp_path, "a\x00b"):
        assert codes(check(source, None).faults) == {"no_file"}


def test_a_file_under_another_format_s_name_is_read_by_its_content(check):
    report = check(collection(feature("Point", [116, 39])), "a.csv")
    assert report.kind == "geojson"
    assert "extension" in codes(report.warnings)


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile"])
def test_a_cut_off_file_of_gdal(region, check, tmp_path, cut, driver):
    content = written(region.stations[["name_zh", "geometry"]], tmp_path, driver)
    assert codes(check(content[: int(cut * len(content))], "a.gpkg").faults) == {"truncated"}


def test_a_geopackage_of_several_layers_asks_which(region, check, tmp_path):
    path = tmp_path / "two.gpkg"
    for layer in ("stations", "sites"):
        getattr(region, layer)[["name_zh", "geometry"]].to_file(path, layer=layer, driver="GPKG")
    assert codes(check(path, None).faults) == {"several_layers"}
    assert check(path, None, layer="sites").count == len(region.sites)


def test_a_shapefile_in_gb18030_without_a_code_page(region, check, tmp_path):
    frame = region.stations[["name_zh", "geometry"]]
    frame.to_file(tmp_path / "layer.shp", encoding="GB18030")
    (tmp_path / "layer.cpg").unlink()
    content = zipped(**{f"layer__{one.suffix[1:]}": one.read_bytes() for one in tmp_path.glob("layer.*")})
    assert check(content, "a.zip").frame["name_zh"].tolist() == frame["name_zh"].tolist()


# ---- tables


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    "head",
    ["经度,纬度,名称", "Longitude;Latitude;名称", "LNG\tLAT\t名称", "x|y|名称", "经度(°),纬度(°),名称"],
)
def test_headers_delimiters_and_encodings(check, encoding, head):
    delimiter = next(sign for sign in ",;\t|" if sign in head)
    text = f"{head}\n{delimiter.join(['116.3', '39.9', '某校'])}\n"
    report = check(text.encode(encoding), "a.csv")
    assert report.ok
    assert report.frame["名称"].tolist() == ["某校"]
    assert report.frame.geometry.iloc[0].coords[0] == (116.3, 39.9)


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("name,lat\na,1\n", "no_coordinates", "a.csv[1]"),
        ("lon,lon2,lat,lng\n1,2,3,4\n", "coordinates_unclear", "a.csv[1]"),
        ("lon,lat,a,a\n116,39,1,2\n", "same_header", "a.csv[1].a"),
        ("lon,lat\n116°23'E,39.9\n", "not_number", "a.csv[2].lon"),
        ("lon;lat\n116,3;39,9\n", "decimal_comma", "a.csv[2].lon"),
        ("lon,lat\n116_3,39.9\n", "not_number", "a.csv[2].lon"),
        ("lon,lat\nnan,39.9\n", "not_finite", "a.csv[2].lon"),
        ("lon,lat\n116.3,39.9,5\n116.4,39.9\n", "row_width", "a.csv[2]"),
        ("lon,lat,name\n116.3,39.9,x\n116.4,39", "truncated_row", "a.csv[3]"),
        ("lon,lat\n", "empty", "a.csv"),
        ("lon,lat,name\n116,39," + "x" * 140_000, "bad_csv", "a.csv"),
    ],
)
def test_a_faulty_table(check, text, code, where):
    report = check(text.encode(), "a.csv")
    assert (f"userlayer.{code}", where) in [(one.code, one.where) for one in report.faults]


def test_blank_lines_and_blank_places_are_not_faults(check):
    report = check(b"\n\nlon,lat,name\n116.3,39.9,a\n\n,,b\n", "a.csv")
    assert report.ok
    assert [one.where for one in report.warnings if one.code.endswith("null_geometry")] == [
        "a.csv[6].geometry"
    ]


def test_of_several_pairs_the_one_in_wgs84_is_read(check):
    report = check(b"gcj_lon,gcj_lat,wgs84_lon,wgs84_lat\n116.31,39.91,116.3,39.9\n", "a.csv")
    assert report.frame.geometry.iloc[0].coords[0] == (116.3, 39.9)
    assert "several_pairs" in codes(report.warnings)


# ---- conversion, hostility, chance


def test_conversion_is_refused_while_other_faults_stand(check):
    report = check(collection(feature("Polygon", [SQUARE[:-1]])))
    with pytest.raises(LayerError, match="not closed"):
        convert(report, source="GCJ-02")


@pytest.mark.parametrize("source", [None, "EPSG:999999", "nonsense"])
def test_conversion_from_an_unknown_system_is_refused(check, source):
    with pytest.raises(LayerError):
        convert(
            check(collection(feature("Point", [12953000.0, 4851000.0]), feature("Point", [2e6, 3e6]))),
            source=source,
        )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(check, text):
    report = check(
        collection(feature("Point", [116.3, 39.9], **{text: text}), feature("Point", [39, text])), text
    )
    for language in ("en", "zh"):
        assert "\x1b" not in report.text(language)
    good = check(collection(feature("Point", [116.3, 39.9], **{text: text})), text)
    assert good.frame[text].tolist() == [text]


def test_every_fault_in_the_code_has_its_words():
    source = "".join(path.read_text() for path in (Path(limits.__file__).parent).glob("*.py"))
    used = set(re.findall(r'(?:fault|warn|_one|_GeometryError)\(\s*(?:find, )?"(\w+)"', source))
    assert len(used) > 50
    for language in ("en", "zh"):
        assert {f"error.userlayer.{code}.what" for code in used} <= keys(language)


GOOD = [
    collection(
        feature("Polygon", [SQUARE], 1, name="雄县", county_code="130638"), feature("Point", [116.2, 39.3], 2)
    ),
    "经度,纬度,名称,区县\n116.3,39.9,a,海淀区\n116.4,39.8,b,丰台区\n".encode("gb18030"),
]


@cache
def container(driver):
    with TemporaryDirectory() as folder:
        return written(load_region().stations[["name_zh", "geometry"]].head(3), Path(folder), driver)


def told(report):
    assert isinstance(report, LayerReport)
    assert report.ok == (report.frame is not None)
    assert report.text("en")
    assert report.text("zh")


FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(content=st.binary(max_size=300), name=st.text(max_size=12))
def test_any_bytes_give_a_report(content, name):
    told(check_layer(content, name))


def spoiled(content, edits):
    spoilt = bytearray(content)
    for place, byte, length in edits:
        at = int(place * len(spoilt))
        spoilt[at : at + length] = bytes([byte])
    return bytes(spoilt)


EDITS = st.lists(
    st.tuples(st.floats(0, 0.999), st.integers(0, 255), st.integers(0, 3)), min_size=1, max_size=6
)


@FUZZ
@given(which=st.sampled_from(GOOD), edits=EDITS)
def test_a_spoilt_text_gives_a_report(which, edits):
    told(check_layer(spoiled(which, edits), "a"))


@FUZZ
@given(
    which=st.sampled_from(["GPKG", "ESRI Shapefile"]),
    edits=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255), st.just(1)), min_size=1, max_size=6),
)
def test_a_spoilt_container_gives_a_report(which, edits):
    told(check_layer(spoiled(container(which), edits), "a"))


NUMBERS = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.none(), st.floats(110, 120), st.floats(36, 43)
)
JSON = st.recursive(
    NUMBERS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Blob"]
)


@FUZZ
@given(shapes=st.lists(st.tuples(KINDS, JSON), min_size=1, max_size=4), properties=JSON, crs=JSON)
def test_any_geojson_gives_a_report(shapes, properties, crs):
    features = [
        {"type": "Feature", "geometry": {"type": k, "coordinates": c}, "properties": properties}
        for k, c in shapes
    ]
    told(check_layer(collection(*features, crs=crs), "a.geojson"))


@FUZZ
@given(
    points=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_numbers_give_a_report(points):
    told(check_layer(collection(*(feature("Point", list(p), n) for n, p in enumerate(points))), "a.geojson"))
    ring = [*points, points[0]]
    told(check_layer(collection(feature("Polygon", [[list(p) for p in ring]])), "a.geojson"))


@pytest.mark.parametrize(
    "name", ["beijing", "hebei", "xiongan", "clusters", "rail", "institutions", "neighbours"]
)
def test_our_own_layers_have_no_fault(region, name):
    report = check_layer(region.folder / f"{name}.geojson", None, region)
    assert report.faults == ()
    assert report.crs == "WGS84"
    assert report.sure == ("unknown" if name == "neighbours" else "certain")
