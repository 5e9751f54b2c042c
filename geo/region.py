"""The region: counties, cities, sites, railways, institutions and facts. The only reader of ``layers/``."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo import contract
from geo.errors import FactsError, Fault, LayerError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Adjacency", "Region", "default_folder", "load_region"]

Floats = npt.NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
COUNTY_FILES = ("beijing", "tianjin", "hebei")
FILES = (
    *COUNTY_FILES,
    *("xiongan", "cities", "neighbours", "clusters", "corridors", "rail", "institutions", "destinations"),
)
# Columns of the facts that hold codes or keys: text, whatever they look like.
TEXT_COLUMNS = dict.fromkeys(
    (
        *("code", "county_code", "zone_code", "special_code", "adcode", "dest_code", "origin_code"),
        *("code_or_prefecture", "value_text", "central", "telecode", "county_codes_in_order"),
    ),
    str,
)


class Adjacency(NamedTuple):
    """Pairs of counties that share a border.

    Attributes
    ----------
    first, second
        Positions of the two counties in ``Region.codes``, ``first < second``; shape (P,).
    border_km
        Length of the shared border in km, shape (P,).
    """

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    border_km: Floats


@dataclass(frozen=True, eq=False)
class Region:
    """Everything known about the region before a scenario; counties always in ascending code order.

    Attributes
    ----------
    counties, cities
        Indexed by six-digit code (text), N = 199 and 13 rows.
    neighbours
        Muted surroundings and the sea.
    sites, corridors, rail_links, stations, institutions, destinations
        Indexed by id (text). An institution without a known place has no geometry.
    facts
        The tables of ``layers/facts`` by file stem, every row with ``source`` and ``status``.
    catalog
        ``layers/catalog.toml``: per layer titles, source, terms, date, rows and hash.
    content_hash
        SHA-256 over all files: two regions with the same hash hold the same data.
    folder
        Where it was read.
    """

    counties: gpd.GeoDataFrame
    cities: gpd.GeoDataFrame
    neighbours: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    corridors: gpd.GeoDataFrame
    rail_links: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    institutions: gpd.GeoDataFrame
    destinations: gpd.GeoDataFrame
    facts: Mapping[str, pd.DataFrame]
    catalog: Mapping[str, Any]
    content_hash: str
    folder: Path

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """County codes in the order of every array, length N."""
        return tuple(self.counties.index)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Position of each county in ``codes``."""
        return {code: position for position, code in enumerate(self.codes)}

    @property
    def population(self) -> Floats:
        """Residents by county, census 2020-11-01, shape (N,)."""
        return _numbers(self.counties, "population")

    @property
    def area_km2(self) -> Floats:
        """Area by county on the ellipsoid in km2, shape (N,)."""
        return _numbers(self.counties, "area_km2")

    @property
    def lonlat(self) -> Floats:
        """Representative point by county, degrees, shape (N, 2)."""
        return np.stack([_numbers(self.counties, "lon"), _numbers(self.counties, "lat")], axis=1)

    def centroid_distance_km(self) -> Floats:
        """Great-circle distance between representative points in km, shape (N, N)."""
        return great_circle_km(self.lonlat[:, None, :], self.lonlat[None, :, :])

    def adjacency(self) -> Adjacency:
        """Return the pairs of counties that share a border, and how long it is."""
        return self._adjacency

    @cached_property
    def _adjacency(self) -> Adjacency:
        return shared_borders(np.asarray(self.counties.geometry.array))


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    return np.asarray(frame[column], dtype=np.float64)


def great_circle_km(start: Floats, end: Floats) -> Floats:
    """Return the great-circle distance between points (haversine, mean earth radius).

    Parameters
    ----------
    start, end
        Longitude and latitude in degrees along the last axis; other axes broadcast.
    """
    lon1, lat1 = np.moveaxis(np.radians(start), -1, 0)
    lon2, lat2 = np.moveaxis(np.radians(end), -1, 0)
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    distance: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return distance


def shared_borders(shapes: npt.NDArray[Any]) -> Adjacency:
    """Return which shapes of a coverage share border segments, and their length.

    In a valid coverage a shared border has the same vertices on both sides, so equal segments find it.

    Parameters
    ----------
    shapes
        Polygons of a valid coverage, shape (N,).
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[:-1] == ring[1:]
    ends = np.stack([vertices[:-1][inner], vertices[1:][inner]], axis=1)  # (S, 2 ends, lon/lat)
    owner = owner[part[ring[:-1][inner]]]
    swap = (ends[:, 0, 0] > ends[:, 1, 0]) | (
        (ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1])
    )
    ends[swap] = ends[swap][:, ::-1]
    order = np.lexsort((owner, *ends.reshape(-1, 4).T))
    ends, owner = ends[order], owner[order]
    same = (ends[:-1] == ends[1:]).all(axis=(1, 2)) & (owner[:-1] != owner[1:])
    first, second = owner[:-1][same], owner[1:][same]
    length = great_circle_km(ends[:-1][same][:, 0], ends[:-1][same][:, 1])
    pairs, which = np.unique(np.stack([first, second], axis=1), axis=0, return_inverse=True)
    border_km = np.zeros(len(pairs))
    np.add.at(border_km, which.ravel(), length)
    return Adjacency(pairs[:, 0], pairs[:, 1], border_km)


def default_folder() -> Path:
    """Return where the layers lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "_layers"
    return installed if installed.is_dir() else package.parent / "layers"


def _read_geojson(name: str, data: bytes) -> gpd.GeoDataFrame:
    try:
        features = json.loads(data)["features"]
        shapes = shapely.from_geojson(
            [json.dumps(item["geometry"]) if item["geometry"] else None for item in features]
        )
        properties = pd.DataFrame([item["properties"] for item in features])
    except (ValueError, KeyError, TypeError, shapely.errors.GEOSException) as problem:
        raise LayerError(Fault("region.unreadable", f"{name}.geojson", {"detail": str(problem)})) from problem
    return gpd.GeoDataFrame(properties, geometry=shapes, crs="EPSG:4326")


def _read_facts(folder: Path) -> dict[str, pd.DataFrame]:
    tables = {}
    for path in sorted((folder / "facts").glob("*.csv")):
        try:
            tables[path.stem] = pd.read_csv(path, dtype=TEXT_COLUMNS)
        except (ValueError, OSError) as problem:
            raise FactsError(Fault("region.unreadable", path.name, {"detail": str(problem)})) from problem
    return tables


def _read_files(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read the catalog and every layer file, and say all that are missing at once."""
    wanted = {"catalog": folder / "catalog.toml"} | {name: folder / f"{name}.geojson" for name in FILES}
    missing = [Fault("region.no_file", path.name) for path in wanted.values() if not path.is_file()]
    if missing:
        raise LayerError(missing)
    data = {name: path.read_bytes() for name, path in wanted.items()}
    try:
        catalog = tomllib.loads(data.pop("catalog").decode())
    except ValueError as problem:
        raise LayerError(Fault("region.unreadable", "catalog.toml", {"detail": str(problem)})) from problem
    return catalog, data


def _verify(catalog: Mapping[str, Any], kind: str, hashes: Mapping[str, str]) -> list[Fault]:
    """Compare the files with the catalog's hashes, both ways."""
    listed = catalog.get(kind, {})
    return [
        Fault("region.hash", f"{kind}.{name}")
        for name in sorted({*listed, *hashes})
        if listed.get(name, {}).get("sha256") != hashes.get(name)
    ]


def _indexed(frame: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    return frame.set_index(key, drop=False).rename_axis(None)


def _layers(data: Mapping[str, bytes]) -> dict[str, gpd.GeoDataFrame]:
    frames = {name: _read_geojson(name, content) for name, content in data.items() if name != "xiongan"}
    counties = pd.concat([frames.pop(name) for name in COUNTY_FILES], ignore_index=True)
    rail = frames.pop("rail")
    kind = rail["feature"]
    return {
        "counties": gpd.GeoDataFrame(counties, crs="EPSG:4326"),
        "sites": frames.pop("clusters"),
        "rail_links": _own(rail[kind == "link"]),
        "stations": _own(rail[kind == "station"]),
        **frames,
    }


def _own(part: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the columns that this part of a mixed layer uses, with their own types."""
    kept = part.dropna(axis="columns", how="all").drop(columns="feature").reset_index(drop=True)
    return kept.infer_objects()


@cache
def _load(folder: Path) -> Region:
    catalog, data = _read_files(folder)
    layers, facts = _layers(data), _read_facts(folder)
    contract.check_layers(layers)
    contract.check_facts(facts)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in data.items()}
    fact_hashes = {
        name: hashlib.sha256((folder / "facts" / f"{name}.csv").read_bytes()).hexdigest() for name in facts
    }
    broken = _verify(catalog, "layers", hashes) + _verify(catalog, "facts", fact_hashes)
    if broken:
        raise LayerError(broken)
    sealed = "".join(f"{name}:{value}\n" for name, value in sorted((hashes | fact_hashes).items()))
    keys = {name: "code" if name in {"counties", "cities"} else "id" for name in layers}
    frames = {
        name: frame if name == "neighbours" else _indexed(frame, keys[name]) for name, frame in layers.items()
    }
    frames["counties"] = frames["counties"].sort_index()
    return Region(
        **frames,
        facts=MappingProxyType(facts),
        catalog=MappingProxyType(catalog),
        content_hash=hashlib.sha256(sealed.encode()).hexdigest(),
        folder=folder,
    )


def load_region(folder: Path | None = None) -> Region:
    """Read and check the layers and the facts.

    Parameters
    ----------
    folder
        Where ``catalog.toml`` lies; the package's own layers if not given. A folder is read once.

    Raises
    ------
    LayerError
        If a layer is missing, unreadable, changed since it was built, or does not hold what it must: all
        faults at once.
    FactsError
        The same for a facts table.
    """
    return _load((folder or default_folder()).resolve())
