"""What of the region is known well enough to test a user's coordinates against."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geo.region import Region
    from geo.userlayers.rows import Objects

__all__ = ["Reference", "flat", "flatten"]

Array = NDArray[np.float64]

# A plane in metres that is good to 2 % anywhere in the region: enough to rank shifts of 500 m.
_MID_LON, _MID_LAT = 116.8, 39.3
_METRES_PER_DEGREE: Final = 111_195.0
_SHORTEST_NAME: Final = 3
_MARGIN: Final = 3.0  # degrees around the region inside which a swapped pair is recognised
_FAR_APART: Final = 2000.0  # metres; one name for places farther apart tells nothing
_PLACE_LAYERS: Final = ("sites", "stations", "institutions", "destinations")
_TAIL: Final = re.compile(r"(?:站|火车站| railway station| station)$", re.IGNORECASE)
_COUNTY_TAIL: Final = re.compile(r"(?:区|县|市|自治县| district| county| city)$", re.IGNORECASE)


def flat(lon: Array, lat: Array) -> tuple[Array, Array]:
    """Return metres east and north of the region's middle."""
    east = (np.asarray(lon) - _MID_LON) * np.cos(np.radians(_MID_LAT)) * _METRES_PER_DEGREE
    return east, (np.asarray(lat) - _MID_LAT) * _METRES_PER_DEGREE


def flatten(shapes: Any) -> Objects:
    """Return geometries in degrees as geometries in the metres of :func:`flat`."""
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(flat(xy[:, 0], xy[:, 1]))), dtype=object
    )


def _key(name: Any) -> str:
    return _TAIL.sub("", str(name).strip().lower())


def _names(frame: Any) -> Iterable[tuple[str, Any]]:
    for column in ("name_en", "name_zh"):
        if column in frame.columns:
            yield from zip(frame[column], frame.geometry, strict=True)


def _places(region: Region) -> dict[str, tuple[float, float]]:
    """Return our own named points in the metres of :func:`flat`; names of several places are left out."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for layer in _PLACE_LAYERS:
        for name, shape in _names(getattr(region, layer)):
            usable = isinstance(name, str) and len(name) >= _SHORTEST_NAME and shape is not None
            if usable and not shape.is_empty:
                east, north = flat(shape.x, shape.y)
                found[_key(name)].append((float(east), float(north)))
    return {
        name: spots[0] for name, spots in found.items() if np.ptp(np.array(spots), axis=0).max() < _FAR_APART
    }


def _counties(frame: Any) -> dict[str, frozenset[int]]:
    """Return positions in ``frame`` by code and by every spelling of a name."""
    found: dict[str, set[int]] = defaultdict(set)
    for position, (code, en, zh, pinyin) in enumerate(
        zip(frame.index, frame["name_en"], frame["name_zh"], frame["pinyin"], strict=True)
    ):
        for name in (str(code), en, zh, pinyin):
            found[str(name).strip().lower()].add(position)
        for name in (en, zh):
            bare = _COUNTY_TAIL.sub("", str(name).lower())
            if len(bare) > 1:
                found[bare].add(position)
    return {name: frozenset(positions) for name, positions in found.items()}


@dataclass(frozen=True)
class Reference:
    """Counties and named places of the region, in degrees and in local metres.

    Attributes
    ----------
    codes
        County codes (N,), ascending.
    degrees, metres
        County polygons (N,) in WGS84 and in the metres of :func:`flat`.
    by_name
        Positions of counties by code and by name (English, Chinese, pinyin).
    places
        Our own named points, in metres.
    box
        West, south, east, north of the region in degrees.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    degrees: Objects
    metres: Objects
    tree: shapely.STRtree
    by_name: dict[str, frozenset[int]]
    places: dict[str, tuple[float, float]]
    box: tuple[float, float, float, float]

    @classmethod
    def of(cls, region: Region) -> Reference:
        """Gather the reference from a region."""
        frame = region.counties
        degrees: Objects = np.asarray(frame.geometry.to_numpy(), dtype=object)
        west, south, east, north = shapely.total_bounds(degrees)
        return cls(
            codes=tuple(map(str, frame.index)),
            names=tuple(map(str, frame["name_zh"])),
            degrees=degrees,
            metres=flatten(degrees),
            tree=shapely.STRtree(degrees),
            by_name=_counties(frame),
            places=_places(region),
            box=(float(west), float(south), float(east), float(north)),
        )

    def county_at(self, lon: Array, lat: Array) -> NDArray[np.int64]:
        """Return the position of the county around each point, -1 outside the region."""
        found = np.full(len(lon), -1, dtype=np.int64)
        usable = np.isfinite(lon) & np.isfinite(lat)
        points = shapely.points(np.where(usable, lon, 0.0), np.where(usable, lat, 0.0))
        point, county = self.tree.query(points, predicate="intersects")
        found[point] = county
        return found

    def place(self, name: Any) -> tuple[float, float] | None:
        """Return our own point of this name, in metres."""
        return self.places.get(_key(name)) if isinstance(name, str) else None

    def wide_box(self) -> tuple[float, float, float, float]:
        """Return the region's box with three degrees around it."""
        west, south, east, north = self.box
        return west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN
