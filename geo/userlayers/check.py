"""One file of a user's, from bytes to a report: read, judged where it lies, judged feature by feature."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import LayerError
from geo.userlayers.archives import read_geopackage, read_shapefile
from geo.userlayers.counties import stated_counties, unknown_counties
from geo.userlayers.geojson import read_geojson
from geo.userlayers.limits import MAX_BYTES, MAX_COLUMNS
from geo.userlayers.locate import Verdict, locate
from geo.userlayers.reference import Reference
from geo.userlayers.report import Findings, LayerReport, shown
from geo.userlayers.rows import RESERVED, Rows, named_datum
from geo.userlayers.systems import Evidence, centres, converted, round_trip_m, to_lonlat
from geo.userlayers.tables import decode, read_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.region import Region

__all__ = ["check_layer", "convert"]

_SQLITE: Final = b"SQLite format 3\x00"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
# Formats that are recognised to be named, not read; by the bytes they begin with.
_NAMED: Final = (
    (b"\x00\x00\x27\x0a", "Shapefile (.shp)"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\xd0\xcf\x11\xe0", "Excel 97 (.xls)"),
    (b"fgb\x03", "FlatGeobuf"),
    (b"PAR1", "Parquet"),
)
_EXTENSIONS: Final = {
    "geojson": (".geojson", ".json"),
    "geopackage": (".gpkg",),
    "shapefile": (".zip", ".shz"),
    "csv": (".csv", ".txt", ".tsv"),
}
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1a]")
_ID_FIELDS: Final = frozenset({"id", "fid", "gid", "objectid", "site_id", "编号", "序号"})
_SELF_TOUCH: Final = re.compile(r"^(.*?)\[(\S+) (\S+)\]$")
_REASONS: Final = {
    "Self-intersection": "self_intersection",
    "Ring Self-intersection": "touches",
    "Hole lies outside shell": "hole_outside",
    "Holes are nested": "holes_nested",
    "Nested shells": "shells_nested",
    "Interior is disconnected": "disconnected",
    "Too few points in geometry component": "too_few",
}
_KM_PER_DEGREE: Final = 100.0  # roughly, here: between a degree east (86 km) and north (111 km)
_FAR_FROM_COUNTY: Final = 1.0  # km outside the county a row names, beyond which it is said


def _bytes(source: Path | str | bytes, find: Findings) -> bytes:
    """Return the content, never more than the limit."""
    if isinstance(source, bytes):
        content, size = source, len(source)
    else:
        path = Path(source)
        try:
            size = path.stat().st_size
            content = b"" if size > MAX_BYTES else path.read_bytes()
        except (OSError, ValueError) as bad:
            find.fault("no_file", None, "", reason=type(bad).__name__)
            return b""
    if size > MAX_BYTES:
        find.fault("too_large", None, "", size=size // 2**20, limit=MAX_BYTES // 2**20)
    elif not content.strip(b"\xef\xbb\xbf \t\r\n"):
        find.fault("empty")
    return content


def _read(content: bytes, find: Findings, layer: str | None) -> Rows:
    """Read by what the content is, whatever the file is called."""
    if content.startswith(_SQLITE):
        return read_geopackage(content, find, layer)
    if content.startswith(_ZIP):
        return read_shapefile(content, find)
    named = next((name for magic, name in _NAMED if content.startswith(magic)), None)
    text = None if named else decode(content)
    if named or text is None or _CONTROL.search(text):
        find.fault("unknown_format", None, "", format=named or "–")
        return Rows("unknown")
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        return read_geojson(text.lstrip("\ufeff"), find)
    if start == "<":
        find.fault("unknown_format", None, "", format="XML (KML, GML, GPX, HTML)")
        return Rows("unknown")
    return read_csv(text, find)


def _encodable(value: Any) -> bool:
    """Whether every text in ``value`` can be written in UTF-8: no half of a surrogate pair."""
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) or value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fields(rows: Rows, find: Findings) -> None:
    """Fill in the names of the properties, and note those that cannot be used."""
    if not rows.fields:
        rows.fields = list(dict.fromkeys(name for record in rows.records for name in record))
    if len(rows.fields) > MAX_COLUMNS:
        find.fault("too_many_columns", None, "", count=len(rows.fields), limit=MAX_COLUMNS)
    if RESERVED in rows.fields:
        find.fault("reserved_field", None, RESERVED)
    for row, record in zip(rows.numbers, rows.records, strict=True):
        for name, value in record.items():
            if not _encodable(name) or not _encodable(value):
                find.fault("bad_text", row, name)


def _duplicates(rows: Rows, find: Findings) -> None:
    """Note rows that repeat another whole row or its id, and lines and areas drawn twice."""
    whole: dict[Any, int] = {}
    places: dict[bytes, int] = {}
    ids: dict[str, int] = {}
    id_field = next((name for name in rows.fields if name.lower() in _ID_FIELDS), None)
    own_ids = any(one is not None for one in rows.ids)
    for index, (row, drawn) in enumerate(zip(rows.numbers, shapely.to_wkb(rows.shapes()), strict=True)):
        record, place = rows.records[index], drawn or b""
        first = whole.setdefault((place, json.dumps(record, sort_keys=True, default=str)), row)
        if first != row:
            find.fault("duplicate", row, "", first=first)
            continue
        own = rows.ids[index] if own_ids else record.get(id_field) if id_field else None
        if own not in (None, "") and (seen := ids.setdefault(str(own), row)) != row:
            find.fault("duplicate_id", row, id_field or "id", first=seen, value=str(own))
        if place and (seen := places.setdefault(place, row)) != row:
            find.warn("same_place", row, "geometry", first=seen)


def _validity(rows: Rows, find: Findings) -> None:
    """Note shapes that cross or touch themselves."""
    shapes = rows.shapes()
    drawn = np.array([shape is not None for shape in shapes], dtype=bool)
    for index in np.flatnonzero(drawn & ~shapely.is_valid(shapes)):
        reason = shapely.is_valid_reason(shapes[index])
        match = _SELF_TOUCH.match(reason)
        code, at = _REASONS.get(match[1], "invalid") if match else "invalid", ""
        if match:
            at = f"{match[2]}, {match[3]}"
        find.fault(f"ring_{code}", rows.numbers[index], "geometry", at=at)
    families = Counter(shape.geom_type.removeprefix("Multi") for shape in shapes[drawn])
    if len(families) > 1:
        find.warn("mixed", None, "", types=", ".join(f"{name}: {count}" for name, count in families.items()))
    for name in families.keys() - {"Point", "LineString", "Polygon"}:
        find.fault("bad_geometry", None, "geometry.type", value=name)


def _without_place(rows: Rows, find: Findings) -> None:
    missing = [
        rows.numbers[index]
        for index, shape in enumerate(rows.geometry)
        if shape is None and index not in rows.broken
    ]
    if missing and len(missing) == len(rows.geometry):
        find.fault("all_null")
        return
    for row in missing:
        find.warn("null_geometry", row, "geometry")


@dataclass(frozen=True)
class _Said:
    """What rows say of themselves, and what is known to compare it with."""

    evidence: Evidence
    known: Reference


def _against_region(rows: Rows, placed: Sequence[int], lonlat: Any, said: _Said, find: Findings) -> None:
    """Note points outside the region, and points outside the county they name."""
    lon, lat = lonlat
    evidence, known = said.evidence, said.known
    home = known.county_at(lon, lat)
    west, south, east, north = known.wide_box()
    near = (lon > west) & (lon < east) & (lat > south) & (lat < north)
    if len(near) and not near.any():
        find.fault("all_outside", None, "", lon=float(np.median(lon)), lat=float(np.median(lat)))
        return
    for at in np.flatnonzero(shapely.get_dimensions(evidence.shapes) == 0).tolist():
        row, stated = rows.numbers[placed[at]], evidence.counties[at]
        if home[at] < 0:
            find.warn("outside", row, "geometry", lon=float(lon[at]), lat=float(lat[at]))
        elif stated and home[at] not in stated:
            spot = shapely.Point(lon[at], lat[at])
            away = min(spot.distance(known.degrees[one]) for one in stated) * _KM_PER_DEGREE
            if away > _FAR_FROM_COUNTY:
                names = " / ".join(known.names[one] for one in sorted(stated))
                find.warn("other_county", row, "geometry", stated=names, found=known.names[home[at]])


def _frame(rows: Rows, shapes: Any) -> gpd.GeoDataFrame:
    columns = {
        name: pd.Series([record.get(name) for record in rows.records], dtype=object).infer_objects()
        for name in rows.fields
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs="EPSG:4326"), crs="EPSG:4326")


def _city_names(region: Region) -> frozenset[str]:
    names = [region.cities[column] for column in ("name_zh", "name_en") if column in region.cities.columns]
    return frozenset(str(name) for column in names for name in column)


def _judge(rows: Rows, name: str, region: Region, find: Findings) -> Verdict:
    """Run every check that needs features."""
    known = Reference.of(region)
    _fields(rows, find)
    _without_place(rows, find)
    _duplicates(rows, find)
    _validity(rows, find)
    unknown_counties(rows, known, _city_names(region), find)
    placed = [index for index, shape in enumerate(rows.geometry) if shape is not None]
    stated = stated_counties(rows, known)
    evidence = Evidence(
        shapes=rows.shapes()[placed],
        counties=[stated[index] for index in placed],
        places=[_known_place(rows.records[index], known) for index in placed],
    )
    declared = rows.declared or named_datum(name)
    verdict = locate(evidence, [rows.numbers[index] for index in placed], declared, known, find)
    if placed and verdict.system != "unknown":
        _against_region(
            rows, placed, to_lonlat(*centres(evidence.shapes), verdict.system), _Said(evidence, known), find
        )
    return verdict


def _known_place(record: dict[str, Any], known: Reference) -> tuple[float, float] | None:
    """Return the point of ours that a row names, by any column whose header speaks of a name."""
    for key, value in record.items():
        plain = key.lower()
        if "name" in plain or "名" in plain or plain in ("station", "site", "institution", "车站", "机构"):
            place = known.place(value)
            if place is not None:
                return place
    return None


def check_layer(
    source: Path | str | bytes,
    name: str | None = None,
    region: Region | None = None,
    *,
    layer: str | None = None,
) -> LayerReport:
    """Check a user's own layer and say everything that is wrong with it; nothing is mended.

    Parameters
    ----------
    source
        A path, or the content of a file.
    name
        The file's name, for messages and for its extension; by default the path's.
    region
        What to compare with; by default the region that ships.
    layer
        Name of the layer to read from a GeoPackage that holds several.

    Returns
    -------
    LayerReport
        Its ``frame`` is set only if there is no fault. Bad files never raise.
    """
    if region is None:
        from geo.region import load_region  # noqa: PLC0415 - a caller with a region needs no layers on disk

        region = load_region()
    name = name or (Path(source).name if not isinstance(source, bytes) else "layer")
    find = Findings(name)
    content = _bytes(source, find)
    rows = Rows("unknown") if find.any_fault else _read(content, find, layer)
    suffix = Path(name.replace("\x00", "")).suffix.lower()
    expected = _EXTENSIONS.get(rows.kind, (suffix,))
    if suffix and suffix not in expected:
        find.warn("extension", None, "", suffix=suffix, expected=expected[0])
    if not rows.records and not find.any_fault:
        find.fault("empty")
    verdict = _judge(rows, name, region, find) if rows.records else Verdict("unknown", "unknown")
    return _report(rows, find, verdict)


def _report(rows: Rows, find: Findings, verdict: Verdict) -> LayerReport:
    faults = find.faults()
    unusable = {"userlayer.reserved_field", "userlayer.bad_text"} & {one.code for one in faults}
    whole = len(rows.records) > 0 and not rows.broken and not unusable
    as_read = _frame(rows, rows.shapes()) if whole else None
    return LayerReport(
        name=find.name,
        kind=rows.kind,
        count=len(rows.records),
        crs=shown(verdict.system),
        sure=verdict.sure,
        faults=faults,
        warnings=find.warnings(),
        suggestion=verdict.suggestion,
        candidates=verdict.candidates,
        geometry=dict(Counter(shape.geom_type for shape in rows.geometry if shape is not None)),
        frame=None if faults else as_read,
        unconverted=as_read,
    )


def convert(report: LayerReport, to: str = "WGS84", *, source: str | None = None) -> gpd.GeoDataFrame:
    """Return the layer of ``report`` in WGS84, after its reader has agreed to the conversion.

    Parameters
    ----------
    report
        A report whose faults, if any, are all of the coordinate system.
    to
        ``"WGS84"``; the map knows no other.
    source
        The system the coordinates are in: ``"GCJ-02"``, ``"BD-09"``, ``"EPSG:4547"``, ``"WGS84/swapped"``;
        by default the one that the report suggests.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326; ``attrs`` holds ``converted_from`` and ``round_trip_error_m``, the largest error, in
        metres, of converting the layer's own vertices there and back.

    Raises
    ------
    LayerError
        If other faults stand in the way, no system is known, or the coordinates do not fit it.
    """
    find = Findings(report.name)
    if not report.convertible:
        raise LayerError(report.faults or _one(find, "not_convertible"))
    system = source or (report.suggestion.system if report.suggestion else "WGS84" if report.ok else None)
    if to != "WGS84" or system is None:
        raise LayerError(_one(find, "not_convertible"))
    frame = report.unconverted.copy()
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    try:
        moved = converted(shapes, system)
        error = round_trip_m(shapes, system)
    except (ValueError, RuntimeError) as bad:  # pyproj's errors are RuntimeErrors
        raise LayerError(_one(find, "not_convertible")) from bad
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise LayerError(_one(find, "not_convertible"))
    frame = frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs="EPSG:4326"))
    frame.attrs = {"converted_from": system, "round_trip_error_m": error}
    return frame


def _one(find: Findings, code: str) -> Any:
    """Return one fault by its code."""
    find.fault(code)
    return find.faults()
