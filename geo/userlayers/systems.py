"""In which coordinate system a file lies: what it declares, what its numbers can be, and what speaks for it.

Evidence. A row that names its county, or one of our own places, or whose outline is one of our counties, has
a misfit in metres under each system: the distance outside the county, to the place, or from border to
border. A row votes for the system with the smaller misfit. Whether the votes could be chance is the exact
sign test (binomial, one half): it asks nothing of the size of the errors, so coarse positions make the
answer weaker, not wrong. It would still believe a small lean of many bad rows: so the system preferred must
also halve the misfit of the rows that vote. A matching border is hundreds of points
and counts as eight votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError
from scipy.stats import binom

from geo.userlayers.datum import SHIFTED, distance_m, from_wgs84, to_wgs84
from geo.userlayers.reference import Reference, flat, flatten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.userlayers.rows import Objects

__all__ = [
    "DATUMS",
    "PROJECTIONS",
    "Choice",
    "Evidence",
    "accuracy_m",
    "centres",
    "choose",
    "converted",
    "equals_wgs84",
    "fitting_projections",
    "parse_crs",
    "round_trip_m",
    "to_lonlat",
    "unchanged",
]

Array = NDArray[np.float64]

DATUMS: Final = ("WGS84", *SHIFTED)
SWAPPED: Final = "/swapped"

# Projected systems in use here (EPSG registry): Web Mercator; UTM 49N-51N; Gauss-Krueger on CGCS2000 in
# 3-degree zones by central meridian 111-120 E, the same with the zone number before the easting, and 6-degree
# zones 19 and 20 likewise. Beijing 1954 and Xian 1980 give numbers within about 100 m of CGCS2000's.
PROJECTIONS: Final = (
    "EPSG:3857",
    *(f"EPSG:{code}" for code in (32649, 32650, 32651)),
    *(f"EPSG:{code}" for code in (4546, 4547, 4548, 4549)),
    *(f"EPSG:{code}" for code in (4525, 4526, 4527, 4528)),
    *(f"EPSG:{code}" for code in (4508, 4509, 4497, 4498)),
)
# Geographic systems that agree with WGS84 within a metre here: WGS 84 in its forms, CGCS2000.
_EQUAL: Final = frozenset({4326, 4979, 4490, 4480})
_CERTAIN: Final = 0.01  # chance of such votes if the systems were equally good: seven to none
_LIKELY: Final = 0.07  # four to none
_TIE: Final = 30.0  # metres; below the accuracy of the borders
_WRONG_PLACE: Final = 3000.0  # metres; then the row means another place, or is wrong
_BORDER_VOTES: Final = 8
_BORDER_FITS: Final = 200.0  # metres of mean distance between two drawings of one border
_BORDER_POINTS: Final = 200
_MAX_POLYGONS: Final = 400
_SAME_OUTLINE: Final = 0.5  # intersection over union
_MAX_VOTERS: Final = 2000  # rows that are asked
_SAMPLE: Final = 500
_INSIDE_SHARE: Final = 0.9
_AREA_MARGIN: Final = 0.7  # degrees beyond a projection's own zone that are still believed


@cache
def _transformer(system: str, *, inverse: bool = False) -> pyproj.Transformer:
    pair = ("EPSG:4326", system) if inverse else (system, "EPSG:4326")
    return pyproj.Transformer.from_crs(*pair, always_xy=True)


def _split(system: str) -> tuple[str, bool]:
    return system.removesuffix(SWAPPED), system.endswith(SWAPPED)


def unchanged(system: str) -> bool:
    """Whether coordinates in ``system`` are WGS84 longitude and latitude already."""
    return system == "WGS84"


def to_lonlat(x: Array, y: Array, system: str) -> tuple[Array, Array]:
    """Bring coordinates of ``system`` to WGS84 longitude and latitude; not finite where it cannot be done.

    ``system`` is a name of :data:`DATUMS`, ``EPSG:n`` or a WKT, each with ``/swapped`` behind it where the
    second coordinate comes first.
    """
    base, swap = _split(system)
    if swap:
        x, y = y, x
    if base in DATUMS:
        return to_wgs84(x, y, base)
    lon, lat = _transformer(base).transform(x, y)
    return np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)


def converted(shapes: Objects, system: str) -> Objects:
    """Return geometries of ``system`` in WGS84; None stays None."""

    def move(xy: Array) -> Array:
        return np.column_stack(to_lonlat(xy[:, 0], xy[:, 1], system))

    return shapes if unchanged(system) else np.asarray(shapely.transform(shapes, move), dtype=object)


def round_trip_m(shapes: Objects, system: str) -> float:
    """Return the largest error of converting these geometries' own vertices to WGS84 and back, in metres."""
    x, y = shapely.get_coordinates(shapes).T
    base, swap = _split(system)
    lon, lat = to_lonlat(x, y, system)
    if base in DATUMS:
        back = from_wgs84(lon, lat, base)
        own = (y, x) if swap else (x, y)
        return float(distance_m(*own, *back).max(initial=0.0))
    back = _transformer(base, inverse=True).transform(lon, lat)
    again = _transformer(base).transform(*back)
    return float(distance_m(lon, lat, *again).max(initial=0.0))


def accuracy_m(system: str) -> float | None:
    """Return the accuracy that PROJ states for the shift of ``system`` to WGS84, in metres, where known."""
    base, _ = _split(system)
    if base in DATUMS:
        return None
    known = float(_transformer(base).accuracy)
    return known if known >= 0.0 else None


def parse_crs(declared: str) -> pyproj.CRS | None:
    """Return the declared CRS, or None when PROJ does not know it."""
    try:
        return pyproj.CRS.from_user_input(declared)
    except (CRSError, ProjError, ValueError):
        return None


def equals_wgs84(crs: pyproj.CRS) -> bool:
    """Whether ``crs`` is WGS84 or agrees with it within a metre here."""
    if crs.is_projected or not crs.is_geographic:
        return False
    datum = str(crs.datum.name if crs.datum else crs.name).lower()
    return crs.to_epsg() in _EQUAL or "world geodetic system 1984" in datum or "china 2000" in datum


@dataclass(frozen=True)
class Choice:
    """The system that the evidence prefers.

    ``sure`` is ``certain``, ``likely`` or ``unknown``; ``fitting`` of ``tested`` votes prefer ``system`` to
    the runner-up.
    """

    system: str
    sure: str
    fitting: int
    tested: int


@dataclass(frozen=True)
class Evidence:
    """What each row says of itself: its counties (positions, empty if unsaid), and a known place or None."""

    shapes: Objects
    counties: Sequence[frozenset[int]]
    places: Sequence[tuple[float, float] | None]


def centres(shapes: Objects) -> tuple[Array, Array]:
    """Return the middles of the shapes' boxes; halved before they are added, for numbers of any size."""
    halves = shapely.bounds(shapes).reshape(-1, 4) / 2.0
    return halves[:, 0] + halves[:, 2], halves[:, 1] + halves[:, 3]


def _point_misfits(evidence: Evidence, reference: Reference, systems: Sequence[str]) -> Array:
    """Return metres (rows, systems) from the named place, else outside the stated county; NaN if unsaid."""
    x, y = centres(evidence.shapes)
    misfit = np.full((len(evidence.shapes), len(systems)), np.nan)
    for column, system in enumerate(systems):
        east, north = flat(*to_lonlat(x, y, system))
        finite = np.isfinite(east) & np.isfinite(north)
        for row in np.flatnonzero(finite).tolist():
            place, counties = evidence.places[row], evidence.counties[row]
            if place is not None:
                misfit[row, column] = np.hypot(east[row] - place[0], north[row] - place[1])
            elif counties:
                point = shapely.Point(east[row], north[row])
                misfit[row, column] = min(point.distance(reference.metres[one]) for one in counties)
    misfit[np.nan_to_num(misfit, nan=np.inf).min(axis=1) > _WRONG_PLACE] = np.nan
    return misfit


def _outline_misfits(shape: Any, county: Any, systems: Sequence[str]) -> Array | None:
    """Return mean metres between the border of ``shape`` and of ``county``; None if not the same outline."""
    drawn = [flatten(converted(np.array([shape], dtype=object), system))[0] for system in systems]
    if not all(one.is_valid for one in drawn):
        return None
    overlap = max(one.intersection(county).area / one.union(county).area for one in drawn)
    if overlap < _SAME_OUTLINE:
        return None
    means = []
    for one in drawn:
        vertices = shapely.get_coordinates(one)
        some = vertices[:: max(1, len(vertices) // _BORDER_POINTS)]
        means.append(float(shapely.distance(shapely.points(some), county.boundary).mean()))
    return np.array(means)


def _votes(points: Array, outlines: Array) -> NDArray[np.int64]:
    """Return how many votes (systems, systems) the first has over the second.

    A point votes when it fits better by more than the borders' own error, an outline when it fits twice as
    well.
    """
    nearer = points[:, :, None] + _TIE < points[:, None, :]
    closer = 2.0 * outlines[:, :, None] < outlines[:, None, :]
    return np.asarray(nearer.sum(axis=0) + _BORDER_VOTES * closer.sum(axis=0), dtype=np.int64)


def _outlines(evidence: Evidence, reference: Reference, systems: Sequence[str]) -> Array:
    """Return misfits (matching outlines, systems)."""
    rows = np.flatnonzero(shapely.get_dimensions(evidence.shapes) == 2)[:_MAX_POLYGONS]
    found = []
    for row in rows:
        shape = evidence.shapes[row]
        x, y = centres(evidence.shapes[row : row + 1])
        around = {int(reference.county_at(*to_lonlat(x, y, system))[0]) for system in systems}
        near = evidence.counties[row] or {position for position in around if position >= 0}
        for position in sorted(near):
            misfit = _outline_misfits(shape, reference.metres[position], systems)
            if misfit is not None and misfit.min() < _BORDER_FITS:
                found.append(misfit)
    return np.array(found).reshape(-1, len(systems))


def _some(evidence: Evidence) -> Evidence:
    """Return an even sample of the rows that say something of themselves."""
    telling = [
        row for row, place in enumerate(evidence.places) if place is not None or evidence.counties[row]
    ]
    areas = np.flatnonzero(shapely.get_dimensions(evidence.shapes) == 2).tolist()
    rows = sorted({*telling, *areas[:_MAX_POLYGONS]})
    rows = rows[:: max(1, len(rows) // _MAX_VOTERS)]
    return Evidence(
        evidence.shapes[rows],
        [evidence.counties[row] for row in rows],
        [evidence.places[row] for row in rows],
    )


def choose(evidence: Evidence, reference: Reference, systems: Sequence[str]) -> Choice:
    """Return the system among ``systems`` that the rows' own statements prefer."""
    evidence = _some(evidence)
    outlines = _outlines(evidence, reference, systems)
    points = _point_misfits(evidence, reference, systems)
    if len(outlines):  # their counties have been heard
        points[shapely.get_dimensions(evidence.shapes) == 2] = np.nan
    votes = _votes(points, outlines)
    margin = votes - votes.T + np.diag(np.full(len(systems), np.iinfo(np.int32).max))
    best = int(margin.min(axis=1).argmax())
    chances = {
        other: float(binom.sf(votes[best, other] - 1, votes[best, other] + votes[other, best], 0.5))
        for other in range(len(systems))
        if other != best
    }
    if not chances:
        return Choice(systems[0], "unknown", 0, 0)
    rival = max(chances, key=lambda other: chances[other])
    sure = "certain" if chances[rival] <= _CERTAIN else "likely" if chances[rival] <= _LIKELY else "unknown"
    if not len(outlines) and not _halves(points[:, best], points[:, rival]):
        sure = "unknown"
    fitting = int(votes[best, rival])
    return Choice(systems[best], sure, fitting, fitting + int(votes[rival, best]))


def _halves(best: Array, rival: Array) -> bool:
    """Whether the rows that vote lie, at the median, less than half as far off under ``best``."""
    voting = np.abs(best - rival) > _TIE
    return bool(voting.any() and 2.0 * np.median(best[voting]) < np.median(rival[voting]))


def _within(system: str, lon: Array, lat: Array, reference: Reference) -> bool:
    """Whether these points lie in the region, and in the zone that ``system`` is meant for."""
    area = pyproj.CRS.from_user_input(_split(system)[0]).area_of_use
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return False
    if area is not None and (lon.min() < area.west - _AREA_MARGIN or lon.max() > area.east + _AREA_MARGIN):
        return False
    return bool((reference.county_at(lon, lat) >= 0).mean() >= _INSIDE_SHARE)


def fitting_projections(shapes: Objects, reference: Reference) -> tuple[str, ...]:
    """Return every projected system of :data:`PROJECTIONS`, in either axis order, that puts the file here."""
    x, y = centres(shapes[:: max(1, len(shapes) // _SAMPLE)])
    found: dict[tuple[float, ...], str] = {}
    for system in (*PROJECTIONS, *(name + SWAPPED for name in PROJECTIONS)):
        lon, lat = to_lonlat(x, y, system)
        if _within(system, lon, lat, reference):
            found.setdefault((round(float(lon[0]), 5), round(float(lat[0]), 5)), system)
    return tuple(found.values())
