"""GCJ-02 and BD-09, the two shifted coordinate systems of Chinese web maps, to and from WGS84.

GCJ-02 ("Mars coordinates": AMap, Tencent, Google's map of China) adds to WGS84 a shift of 100-700 m that
varies smoothly with place; BD-09 (Baidu) adds a second one to GCJ-02. Neither is published by its owner.
The formulas here are the publicly known reconstruction (EvilTransform, 2013, and the many libraries that
follow it); what is computed is written by us. Between Beijing and southern Hebei GCJ-02 lies about
500-560 m from WGS84.

The forward formulas have no closed inverse. :func:`to_wgs84` finds it by fixed-point iteration; the shift
changes by a few parts in 1000 over its own length, so each step gains two decimal places or more.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHIFTED", "distance_m", "from_wgs84", "round_trip_error_m", "to_wgs84"]

Array = NDArray[np.float64]

SHIFTED: Final = ("GCJ-02", "BD-09")

# Krasovsky 1940, the ellipsoid of GCJ-02: semi-major axis in metres, first eccentricity squared.
_AXIS: Final = 6378245.0
_ECCENTRICITY2: Final = 0.00669342162296594323
# The shift applies between these meridians and parallels and is zero elsewhere.
_SHIFTED_LON: Final = (72.004, 137.8347)
_SHIFTED_LAT: Final = (0.8293, 55.8271)
# BD-09: offsets in degrees, and the amplitude of its wobble, in degrees and in radians.
_BAIDU_LON, _BAIDU_LAT = 0.0065, 0.006
_BAIDU_RADIUS, _BAIDU_ANGLE = 0.00002, 0.000003
_BAIDU_FREQUENCY: Final = np.pi * 3000.0 / 180.0
_EARTH_RADIUS: Final = 6371008.8  # metres, IUGG mean radius
_ITERATIONS: Final = 12
_CONVERGED: Final = 1e-12  # degrees, 0.1 micrometres


def _gcj_metres(x: Array, y: Array) -> tuple[Array, Array]:
    """Return the shift of GCJ-02 in its own metres, at degrees east of 105 and north of 35."""
    root = np.sqrt(np.abs(x))
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    return east, north


def _to_gcj(lon: Array, lat: Array) -> tuple[Array, Array]:
    east, north = _gcj_metres(lon - 105.0, lat - 35.0)
    phi = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian = _AXIS * (1.0 - _ECCENTRICITY2) / magic**1.5
    parallel = _AXIS / np.sqrt(magic) * np.cos(phi)
    inside = (lon >= _SHIFTED_LON[0]) & (lon <= _SHIFTED_LON[1])
    inside &= (lat >= _SHIFTED_LAT[0]) & (lat <= _SHIFTED_LAT[1])
    shifted_lon = np.where(inside, lon + np.degrees(east / parallel), lon)
    return shifted_lon, np.where(inside, lat + np.degrees(north / meridian), lat)


def _gcj_to_bd(lon: Array, lat: Array) -> tuple[Array, Array]:
    radius = np.hypot(lon, lat) + _BAIDU_RADIUS * np.sin(lat * _BAIDU_FREQUENCY)
    angle = np.arctan2(lat, lon) + _BAIDU_ANGLE * np.cos(lon * _BAIDU_FREQUENCY)
    return radius * np.cos(angle) + _BAIDU_LON, radius * np.sin(angle) + _BAIDU_LAT


def from_wgs84(lon: Array, lat: Array, datum: str) -> tuple[Array, Array]:
    """Shift WGS84 coordinates into ``datum``.

    Parameters
    ----------
    lon, lat
        Degrees, any shape.
    datum
        ``"WGS84"`` (nothing changes), ``"GCJ-02"`` or ``"BD-09"``.

    Raises
    ------
    ValueError
        If ``datum`` is none of these: a programming error.
    """
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if datum == "WGS84":
        return lon, lat
    if datum not in SHIFTED:
        raise ValueError(datum)
    shifted = _to_gcj(lon, lat)
    return shifted if datum == "GCJ-02" else _gcj_to_bd(*shifted)


def to_wgs84(lon: Array, lat: Array, datum: str) -> tuple[Array, Array]:
    """Undo the shift of ``datum``: the point whose :func:`from_wgs84` is (lon, lat).

    Fixed-point iteration of ``p <- p + (target - forward(p))`` until no coordinate moves by 1e-12 degrees.
    Same parameters and errors as :func:`from_wgs84`.
    """
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    guess_lon, guess_lat = lon, lat
    for _ in range(_ITERATIONS):
        forward_lon, forward_lat = from_wgs84(guess_lon, guess_lat, datum)
        step_lon, step_lat = lon - forward_lon, lat - forward_lat
        guess_lon, guess_lat = guess_lon + step_lon, guess_lat + step_lat
        if max(np.abs(step_lon).max(initial=0.0), np.abs(step_lat).max(initial=0.0)) < _CONVERGED:
            break
    return guess_lon, guess_lat


def distance_m(lon1: Array, lat1: Array, lon2: Array, lat2: Array) -> Array:
    """Return great-circle distances in metres (haversine, mean earth radius)."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_lat, half_lon = (phi2 - phi1) / 2.0, np.radians(np.asarray(lon2) - np.asarray(lon1)) / 2.0
    square = np.sin(half_lat) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_lon) ** 2
    return np.asarray(2.0 * _EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(square, 0.0, 1.0))), dtype=float)


def round_trip_error_m(lon: Array, lat: Array, datum: str) -> float:
    """Return the largest error of undoing the shift at these points, in metres.

    The points are taken as given in ``datum``, brought to WGS84 and shifted again; a perfect inverse
    returns them.
    """
    back = from_wgs84(*to_wgs84(lon, lat, datum), datum)
    return float(distance_m(lon, lat, *back).max(initial=0.0))
