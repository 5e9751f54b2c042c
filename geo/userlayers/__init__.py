"""A user's own layer: what it is, all that is wrong with it, and a conversion offered but never done unasked.

GeoJSON, GeoPackage, zipped Shapefile and CSV with longitude and latitude are read; see :func:`check_layer`.
"""

from __future__ import annotations

from geo.userlayers.check import check_layer, convert
from geo.userlayers.datum import from_wgs84, round_trip_error_m, to_wgs84
from geo.userlayers.report import LayerReport, Suggestion

__all__ = [
    "LayerReport",
    "Suggestion",
    "check_layer",
    "convert",
    "from_wgs84",
    "round_trip_error_m",
    "to_wgs84",
]
