"""A user's own layers on the map: shapes as whole numbers, properties as text, and limits that are said."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely

from geo.errors import Fault, LayerError
from geo.maps.pack import digest, pack_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from geopandas import GeoDataFrame

__all__ = [
    "MAX_FEATURES",
    "MAX_LAYERS",
    "MAX_SHOWN",
    "MAX_TEXT",
    "MAX_VERTICES",
    "OwnLayer",
    "checked_layers",
]

# Of all own layers on one map, together. Beyond these a browser no longer follows the hand.
MAX_LAYERS: Final = 8  # as many as there are colours to tell them apart
MAX_FEATURES: Final = 5_000
MAX_VERTICES: Final = 200_000
MAX_TEXT: Final = 5_000_000  # characters of all properties
MAX_SHOWN: Final = 500  # characters shown of one value; a longer one ends with an ellipsis

_PLACES: Final = 1e5  # whole numbers of 1e-5 degree: 1.1 m
_WGS84: Final = 4326
_FAMILIES: Final = {
    **dict.fromkeys(("Point", "MultiPoint"), "point"),
    **dict.fromkeys(("LineString", "MultiLineString", "LinearRing"), "line"),
    **dict.fromkeys(("Polygon", "MultiPolygon"), "area"),
}
_EXACT_NAMES: Final = frozenset({"name", "title", "label", "名称", "名字", "标题"})
_SPEAKS_OF_NAME: Final = re.compile("name|名")
_IN_LANGUAGE: Final = {
    "en": re.compile(r"(?:en|eng|english)$|英"),
    "zh": re.compile(r"(?:zh|cn|chs|chinese)$|中文"),
}


@dataclass(frozen=True, eq=False)
class OwnLayer:
    """A user's own layer, as the map shows it.

    Parameters
    ----------
    name
        What it is called; a file's name. Text, never markup.
    frame
        Points, lines or polygons, single or multiple, in WGS84; a row without a shape is counted, not drawn.
    converted_from
        System the coordinates were converted from, empty if they were WGS84.
    error_m
        Measured error of that conversion, there and back, in metres.
    """

    name: str
    frame: GeoDataFrame
    converted_from: str = ""
    error_m: float | None = None

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @cached_property
    def id(self) -> str:
        """Name of its content: equal layers have equal ids."""
        return digest(pack_json(self._content))

    @cached_property
    def packed(self) -> bytes:
        """Compressed bytes of it, made once."""
        return pack_json(self.payload())

    @property
    def text_size(self) -> int:
        """Characters of all its properties, as shown."""
        texts = (text for column in self._content["values"] for text in column if text)
        return sum(map(len, texts)) + sum(map(len, self._content["fields"]))

    def payload(self) -> dict[str, Any]:
        """Return it as JSON-able data.

        ``shapes`` holds for each row ``None`` or its family ("point", "line", "area") and its parts: points
        one list, lines lists, areas lists of rings. Every list alternates longitude and latitude in 1e-5
        degree, each as the difference to the one before.
        """
        return {"id": self.id, **self._content}

    @cached_property
    def _content(self) -> dict[str, Any]:
        shapes = [_shape(geometry) for geometry in self.frame.geometry]
        families = Counter(shape[0] for shape in shapes if shape)
        fields, values = _properties(self.frame)
        return {
            "name": _clean(self.name),
            "kind": families.most_common(1)[0][0] if families else "point",
            "count": len(shapes),
            "placeless": shapes.count(None),
            "converted_from": _clean(self.converted_from),
            "error_m": None if self.error_m is None else float(self.error_m),
            "limit": MAX_SHOWN,
            "fields": fields,
            "values": values,
            "name_en": _names(fields, values, "en", len(shapes)),
            "name_zh": _names(fields, values, "zh", len(shapes)),
            "shapes": shapes,
        }


def _clean(value: Any) -> str:
    """Return text that any reader can decode: half a character becomes a replacement character."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _text(value: Any) -> str | None:
    """Return a property as text, ``None`` where there is none."""
    if isinstance(value, dict | list | tuple | np.ndarray):
        plain = value.tolist() if isinstance(value, np.ndarray) else value
        text = json.dumps(plain, ensure_ascii=False, default=str)
    elif value is None or pd.isna(value):
        return None
    elif isinstance(value, bool | np.bool_):
        text = "true" if value else "false"
    elif isinstance(value, Real) and float(value).is_integer() and abs(float(value)) < 2**53:
        text = str(int(float(value)))
    else:
        text = str(value)
    text = _clean(text)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _properties(frame: GeoDataFrame) -> tuple[list[str], list[list[str | None]]]:
    """Return names and values of every column but the geometry, by place: names may repeat."""
    kept = [at for at, name in enumerate(frame.columns) if name != frame.geometry.name]
    return [_clean(frame.columns[at]) for at in kept], [
        [_text(value) for value in frame.iloc[:, at]] for at in kept
    ]


def _rank(field: str, language: str) -> int:
    """Return how well a column serves as the name in ``language``; 9 if it does not."""
    plain = field.strip().lower()
    if plain not in _EXACT_NAMES and not _SPEAKS_OF_NAME.search(plain):
        return 9
    said = next((one for one, pattern in _IN_LANGUAGE.items() if pattern.search(plain)), None)
    if said is not None:
        return 0 if said == language else 3
    return 1 if plain in _EXACT_NAMES else 2


def _names(
    fields: Sequence[str], values: Sequence[Sequence[str | None]], language: str, count: int
) -> list[str]:
    """Return each row's name: of the columns that speak of one, the best that is filled in."""
    ranked = sorted((rank, at) for at, field in enumerate(fields) if (rank := _rank(field, language)) < 9)
    columns = [values[at] for _, at in ranked]
    return [next((text for column in columns if (text := column[row])), "") for row in range(count)]


def _flat(coordinates: Any) -> list[int]:
    whole = np.rint(np.asarray(coordinates, dtype=float)[:, :2] * _PLACES).astype(np.int64)
    return [int(x) for x in np.diff(whole, axis=0, prepend=[[0, 0]]).ravel()]


def _shape(geometry: Any) -> list[Any] | None:
    """Return a geometry's family and its parts as differenced whole numbers."""
    if geometry is None or geometry.is_empty:
        return None
    family = _FAMILIES[geometry.geom_type]
    if family == "point":
        return [family, _flat(shapely.get_coordinates(geometry))]
    parts = shapely.get_parts(geometry)
    if family == "line":
        return [family, [_flat(part.coords) for part in parts]]
    return [family, [[_flat(ring.coords) for ring in (part.exterior, *part.interiors)] for part in parts]]


def _layer_faults(layer: OwnLayer) -> Iterator[Fault]:
    """Yield what keeps one layer off any map."""
    name, crs = layer.name, layer.frame.crs
    if crs is not None and crs.to_epsg() != _WGS84:
        yield Fault("map.own_crs", name, {"crs": crs.name})
        return
    drawn = [shape for shape in layer.frame.geometry if shape is not None and not shape.is_empty]
    if not drawn:
        yield Fault("map.own_empty", name)
    for family in dict.fromkeys(shape.geom_type for shape in drawn):
        if family not in _FAMILIES:
            yield Fault("map.own_geometry", name, {"type": family})
    lon, lat = shapely.get_coordinates(np.array(drawn, dtype=object)).T
    if not ((np.abs(lon) <= 180) & (np.abs(lat) <= 90)).all():
        yield Fault("map.own_degrees", name)


def _together(layers: Sequence[OwnLayer]) -> Iterator[Fault]:
    """Yield what is too much for one map."""
    where = layers[-1].name if layers else ""
    features = sum(layer.count for layer in layers)
    vertices = sum(int(shapely.get_num_coordinates(layer.frame.geometry).sum()) for layer in layers)
    if len(layers) > MAX_LAYERS:
        yield Fault("map.own_layers", where, {"count": len(layers), "limit": MAX_LAYERS})
    if features > MAX_FEATURES:
        yield Fault("map.own_features", where, {"count": features, "limit": MAX_FEATURES})
    if vertices > MAX_VERTICES:
        yield Fault("map.own_vertices", where, {"count": vertices, "limit": MAX_VERTICES})


def checked_layers(layers: Iterable[OwnLayer]) -> tuple[OwnLayer, ...]:
    """Return the layers if one map can show them all; an equal layer counts once.

    Raises
    ------
    LayerError
        If a layer is not in WGS84, empty or of shapes that cannot be drawn, or if all together exceed
        ``MAX_LAYERS``, ``MAX_FEATURES``, ``MAX_VERTICES`` or ``MAX_TEXT``. Nothing is left out in silence.
    """
    given = tuple(layers)
    faults = [fault for layer in given for fault in _layer_faults(layer)] + list(_together(given))
    if faults:
        raise LayerError(faults)
    size = sum(layer.text_size for layer in given)
    if size > MAX_TEXT:
        raise LayerError(Fault("map.own_text", given[-1].name, {"count": size, "limit": MAX_TEXT}))
    return tuple({layer.id: layer for layer in given}.values())
