"""GeoJSON (RFC 7946, and the older form with a ``crs`` member), read position by position."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from geo.userlayers.limits import MAX_DEPTH, MAX_FEATURES, MAX_VERTICES
from geo.userlayers.rows import LARGEST, Rows, named_datum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.userlayers.report import Findings

__all__ = ["read_geojson"]

# How many lists stand around a position in the coordinates of each type.
_LEVELS: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_RING: Final = 4  # positions of the shortest ring, RFC 7946 section 3.1.6
_LINE: Final = 2
_PLANE: Final = 2  # coordinates of a position, height not counted
_EPSG: Final = re.compile(r"EPSG:(?:[\d.]*:)?(\d{4,6})$", re.IGNORECASE)


class _GeometryError(Exception):
    """A geometry that cannot be built; carries the code of the fault, its place and its values."""

    def __init__(self, code: str, part: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.part, self.values = code, part, values


def _position(value: Any, part: str) -> list[float]:
    if not isinstance(value, list) or len(value) < _PLANE:
        raise _GeometryError("bad_position", part, value=value)
    for number in value[:3]:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise _GeometryError("bad_position", part, value=value)
    try:
        numbers = [float(number) for number in value[:_PLANE]]
    except OverflowError:
        numbers = [float("inf")]
    if not all(abs(number) <= LARGEST for number in numbers):
        raise _GeometryError("not_finite", part)
    return numbers


def _path(value: Any, part: str, least: int) -> NDArray[np.float64]:
    """Return a list of positions as an array (n, 2); quickly when regular, else position by position."""
    if not isinstance(value, list):
        raise _GeometryError("bad_position", part, value=value)
    try:
        array = np.array(value)
    except ValueError:
        array = np.empty(0, dtype=object)
    regular = array.ndim == 2 and array.shape[1] >= _PLANE and array.dtype.kind in "if"
    if not regular or not (np.abs(array[:, :_PLANE]) <= LARGEST).all():
        points = [_position(one, f"{part}[{index}]") for index, one in enumerate(value)]
        array = np.array(points, dtype=float).reshape(-1, _PLANE)
    if len(array) < least:
        raise _GeometryError("too_few_points", part, count=len(array), least=least)
    return array[:, :_PLANE].astype(float)


def _rings(value: Any, part: str) -> list[NDArray[np.float64]]:
    if not isinstance(value, list) or not value:
        raise _GeometryError("bad_position", part, value=value)
    rings = []
    for index, one in enumerate(value):
        ring = _path(one, f"{part}[{index}]", 0)
        if len(ring) and not np.array_equal(ring[0], ring[-1]):
            raise _GeometryError("ring_open", f"{part}[{index}]", first=_text(ring[0]), last=_text(ring[-1]))
        if len(ring) < _RING:
            raise _GeometryError("too_few_points", f"{part}[{index}]", count=len(ring), least=_RING)
        rings.append(ring)
    return rings


def _text(point: NDArray[np.float64]) -> str:
    return ", ".join(f"{number:.6g}" for number in point)


def _polygon(value: Any, part: str) -> shapely.Polygon:
    shell, *holes = _rings(value, part)
    return shapely.Polygon(shell, holes)


def _parts(value: Any, part: str) -> Iterator[tuple[Any, str]]:
    if not isinstance(value, list):
        raise _GeometryError("bad_position", part, value=value)
    for index, one in enumerate(value):
        yield one, f"{part}[{index}]"


def _shape(kind: str, value: Any, part: str) -> BaseGeometry:
    """Build the geometry of type ``kind``; raises :class:`_GeometryError`."""
    if kind == "Point":
        return shapely.Point(_position(value, part))
    if kind == "MultiPoint":
        return shapely.MultiPoint(_path(value, part, 1))
    if kind == "LineString":
        return shapely.LineString(_path(value, part, _LINE))
    if kind == "Polygon":
        return _polygon(value, part)
    if kind == "MultiLineString":
        return shapely.MultiLineString([_path(one, at, _LINE) for one, at in _parts(value, part)])
    return shapely.MultiPolygon([_polygon(one, at) for one, at in _parts(value, part)])


def _built(value: Any) -> BaseGeometry | None:
    """Return the geometry that ``value`` describes, None if it is empty; raises :class:`_GeometryError`."""
    if not isinstance(value, dict):
        raise _GeometryError("bad_geometry", "geometry", value=value)
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _LEVELS:
        raise _GeometryError("bad_geometry", "geometry.type", value=kind)
    coordinates = value.get("coordinates")
    return None if coordinates == [] else _shape(kind, coordinates, "geometry.coordinates")


def _geometry(value: Any, row: int, rows: Rows, find: Findings) -> BaseGeometry | None:
    """Return the geometry of row ``row``; None, with a fault noted, when it is broken."""
    if value is None:
        return None
    try:
        shape = _built(value)
    except _GeometryError as bad:
        find.fault(bad.code, row, bad.part, **{key: _said(one) for key, one in bad.values.items()})
        rows.broken.add(len(rows.numbers))
        return None
    if shape is None:
        return None
    if _height(value["coordinates"]):
        find.warn("height", row)
    if shapely.get_dimensions(shape) == 2 and not _wound(shape):
        find.warn("ring_order", row)
    return shape


def _said(value: Any) -> Any:
    """Return a value for a message; nested ones as short text, however deep."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**15 else "∞"
    return type(value).__name__ if isinstance(value, list | dict) and not _shallow(value, 3) else str(value)


def _height(coordinates: Any) -> bool:
    while isinstance(coordinates, list) and coordinates and isinstance(coordinates[0], list):
        coordinates = coordinates[0]
    return len(coordinates) > _PLANE


def _wound(shape: BaseGeometry) -> bool:
    """Whether outer rings run counter-clockwise and holes clockwise, as RFC 7946 asks."""
    polygons = shapely.get_parts(shape)
    outer = shapely.is_ccw(shapely.get_exterior_ring(polygons))
    holes = [hole for one in polygons for hole in one.interiors]
    return bool(outer.all()) and not any(shapely.is_ccw(hole) for hole in holes)


def _shallow(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether ``value`` nests no deeper than ``depth`` (walked without recursion)."""
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for one in level
            if isinstance(one, list | dict)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return True
    return False


def _record(value: Any, row: int, find: Findings) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        find.fault("bad_properties", row, "properties", value=type(value).__name__)
        return {}
    record = {}
    for key, one in value.items():
        if _shallow(one):
            record[key] = one
        else:
            find.fault("too_deep", row, key, limit=MAX_DEPTH)
    return record


def _declared(document: dict[str, Any]) -> str | None:
    """Return the coordinate system that the document itself names, outside its features."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else crs
    if isinstance(name, str):
        code = _EPSG.search(name.replace("::", ":"))
        return named_datum(name) or (f"EPSG:{code[1]}" if code else None)
    texts = [one for key, one in document.items() if key != "features" and isinstance(one, str)]
    texts += [key for key in document if isinstance(key, str)]
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        texts += [one for one in metadata.values() if isinstance(one, str)]
    return named_datum(" ".join(texts))


def _parse(text: str, find: Findings) -> Any:
    """Return the JSON value, or None with a fault noted."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as bad:
        cut = bad.pos >= len(text.rstrip()) - 1 or bad.msg.startswith("Unterminated")
        if cut:
            find.fault("truncated", None, f"line {bad.lineno}")
        else:
            find.fault("bad_json", None, f"line {bad.lineno}", column=bad.colno)
    except RecursionError:
        find.fault("too_deep", None, limit=MAX_DEPTH)
    except ValueError:  # an integer of thousands of digits
        find.fault("huge_number")
    return None


def _features(document: dict[str, Any], find: Findings) -> list[Any]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
        if isinstance(features, list):
            return features
        find.fault("no_features", None, "features")
    elif kind == "Feature":
        return [document]
    elif isinstance(kind, str) and kind in _LEVELS:
        return [{"type": "Feature", "properties": {}, "geometry": document}]
    else:
        find.fault("not_geojson", None, "type", value=_said(kind))
    return []


def read_geojson(text: str, find: Findings) -> Rows:
    """Read GeoJSON text; whatever is wrong goes to ``find``, and the rest is returned."""
    rows = Rows("geojson")
    document = _parse(text, find)
    if find.any_fault:
        return rows
    if not isinstance(document, dict):
        find.fault("not_geojson", None, "type", value=type(document).__name__)
        return rows
    rows.declared = _declared(document)
    features = _features(document, find)
    if len(features) > MAX_FEATURES:
        find.fault("too_many_features", None, "", count=len(features), limit=MAX_FEATURES)
        return rows
    vertices = 0
    for row, feature in enumerate(features, 1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            find.fault("not_a_feature", row, "type")
            continue
        shape = _geometry(feature.get("geometry"), row, rows, find)
        vertices += 0 if shape is None else int(shapely.get_num_coordinates(shape))
        if vertices > MAX_VERTICES:
            find.fault("too_many_vertices", row, "", limit=MAX_VERTICES)
            return rows
        rows.add(row, shape, _record(feature.get("properties"), row, find), feature.get("id"))
    return rows
