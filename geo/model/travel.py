"""Travel minutes between counties by road, by rail, and the composite of both.

Road: shortest paths on the graph of neighbouring counties. A link is as long as the great circle
between the representative points of two counties times a detour; its speed depends on how densely its
two ends are settled. Detour and speeds are fitted to ``facts/road_validation.csv``. Rail: the fastest
path over the links that are open, with access, wait and egress. Composite, MODEL.md equation 2::

    exp(-m t) = exp(-m t_road) + exp(asc - m t_rail)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from geo.errors import Fault, ModelError
from geo.region import Region, great_circle_km

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LINK_CLASSES",
    "RailParameters",
    "RoadFit",
    "RoadGraph",
    "Travel",
    "composite_minutes",
    "fit_roads",
    "measure_travel",
    "own_zone_minutes",
    "rail_minutes",
    "road_graph",
    "road_minutes",
]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

# Classes of link by residents per km2 (geometric mean of both ends), densest first.
LINK_CLASSES = ("urban", "suburban", "plain", "mountain")
_DENSITY_FLOORS = (5000.0, 1000.0, 150.0, 0.0)
# Free-flow km/h that the fit starts from and is drawn to where few rows speak: between the classes
# 100/65/50/40/35 of the network reconstruction in road_validation.csv.
_PRIOR_SPEED = (38.0, 65.0, 85.0, 60.0)
# Strength of that pull: standard deviation of log pace, and of log minutes of one row.
_PRIOR_SD, _ROW_SD = 0.15, 0.10
_PRIOR_DETOUR, _DETOUR_SD = 1.25, 0.10
# Peak over free-flow time in commuting hours, 2020 (traffic_facts.csv), by city code.
_CONGESTION = {"110000": 2.063, "120000": 1.659, "131000": 1.667}
_CONGESTION_ELSEWHERE = 1.667  # as Langfang, the only Hebei city with a published index
FLOOR_MINUTES = 3.0
# Mean distance between two random points of a disc, in radii: 128 / (45 pi).
_DISC_MEAN = 128 / (45 * np.pi)
# Walking to and from the vehicle, waiting or parking: door-to-door minutes on top of any road trip.
TERMINAL_MINUTES = 10.0

# Places of road_validation.csv as counties.
_PLACES = {
    "Beijing": "110101",
    "Beijing (Tiananmen)": "110101",
    "Tianjin": "120101",
    "Shijiazhuang": "130102",
    "Xiong'an": "130629",
    "Xiongan (Rongcheng)": "130629",
    "Xiong County": "130638",
    "Baoding": "130606",
    "Qinhuangdao": "130302",
    "Beidaihe": "130304",
    "Chengde": "130802",
    "Zhangbei": "130722",
    "Langfang": "131003",
    "Yanjiao": "131082",
    "Gu'an": "131022",
    "Binhai": "120116",
}


# Counties whose residents and commuters live in a town far from the representative point, by the
# station in that town: Yanjiao at Beijing's border is 30 km from Tiananmen (road_validation.csv), the
# middle of Sanhe 55 km. Points of all other counties are representative points.
TOWNS = {"131082": "燕郊", "131028": "大厂", "131024": "香河"}


@dataclass(frozen=True)
class RoadGraph:
    """Neighbouring counties and how far apart they are.

    Parameters
    ----------
    codes
        County codes, ascending; N.
    links
        Pairs of positions in ``codes``, shape (E, 2).
    km
        Great-circle km of each link, shape (E,).
    link_class
        Position in ``LINK_CLASSES``, shape (E,).
    congestion
        Peak over free-flow time of each link, shape (E,).
    """

    codes: tuple[str, ...]
    links: Ints
    km: Array
    link_class: Ints
    congestion: Array

    def shortest(self, cost: Array) -> Array:
        """Return the smallest total ``cost`` (E,) between all counties, shape (N, N)."""
        return _dijkstra(self._matrix(cost))

    def paths(self, cost: Array) -> tuple[Array, Ints]:
        """Return smallest costs and the predecessor of each county on the path from each origin."""
        result, before = dijkstra(self._matrix(cost), directed=False, return_predecessors=True)
        return np.asarray(result), np.asarray(before, dtype=np.int64)

    def _matrix(self, cost: Array) -> csr_array[Any, Any]:
        size = len(self.codes)
        return csr_array((cost, (self.links[:, 0], self.links[:, 1])), shape=(size, size))

    @cached_property
    def _position(self) -> Mapping[tuple[int, int], int]:
        pairs = {(int(a), int(b)): place for place, (a, b) in enumerate(self.links)}
        return pairs | {(b, a): place for (a, b), place in pairs.items()}

    def links_between(self, before: Ints, origin: int, destination: int) -> list[int]:
        """Return the links of one path out of the predecessors of :meth:`paths`."""
        found, here = [], destination
        while here != origin:
            there = int(before[origin, here])
            found.append(self._position[there, here])
            here = there
        return found


def _dijkstra(matrix: csr_array[Any, Any]) -> Array:
    return np.asarray(dijkstra(matrix, directed=False))


def road_graph(counties: pd.DataFrame, links: Ints) -> RoadGraph:
    """Measure the links between neighbouring counties.

    Parameters
    ----------
    counties
        Indexed by code, with ``lon``, ``lat`` (degrees), ``population``, ``area_km2`` and ``city_code``.
    links
        Pairs of positions of neighbours, shape (E, 2).

    Raises
    ------
    ModelError
        If some counties cannot be reached from the others.
    """
    links = np.asarray(links, dtype=np.int64)
    points = counties[["lon", "lat"]].to_numpy(float)
    a, b = links.T
    density = counties["population"].to_numpy(float) / counties["area_km2"].to_numpy(float)
    both = np.sqrt(density[a] * density[b])
    link_class = np.argmax(both[:, None] >= np.array(_DENSITY_FLOORS), axis=1)
    index = counties["city_code"].map(lambda city: _CONGESTION.get(city, _CONGESTION_ELSEWHERE))
    ends = index.to_numpy(float)
    city = np.sqrt(ends[a] * ends[b])
    # the whole index in town, half of its excess in suburbs, none in the open country
    weight = np.array([1.0, 0.5, 0.0, 0.0])[link_class]
    codes = tuple(str(code) for code in counties.index)
    graph = RoadGraph(
        codes,
        links,
        great_circle_km(points[a], points[b]),
        link_class.astype(np.int64),
        1 + weight * (city - 1),
    )
    _connected(graph)
    return graph


def _connected(graph: RoadGraph) -> None:
    count, label = connected_components(graph._matrix(graph.km), directed=False)  # noqa: SLF001
    if count > 1:
        alone = [code for code, part in zip(graph.codes, label, strict=True) if part != label[0]]
        values = {"count": count, "codes": ", ".join(alone[:10])}
        raise ModelError(Fault("model.disconnected", "road graph", values))


# Fit to published road km and minutes ---------------------------------------------------------------


@dataclass(frozen=True)
class RoadFit:
    """Detour and speeds fitted to published km and minutes.

    Parameters
    ----------
    detour
        Road km over great-circle km of the links.
    speeds
        Free-flow km/h by class of link, in the order of ``LINK_CLASSES``.
    rmse_km, rmse_minutes
        Root mean square error over the rows that were used.
    table
        One row for each published row: from, to, km, minutes, model_km, model_minutes, used_km,
        used_minutes, status.
    """

    detour: float
    speeds: tuple[float, float, float, float]
    rmse_km: float
    rmse_minutes: float
    table: pd.DataFrame = field(repr=False, compare=False)

    def link_minutes(self, graph: RoadGraph, *, peak: bool) -> Array:
        """Return minutes of each link, shape (E,), free flow or in the peak."""
        minutes = graph.km * self.detour / np.array(self.speeds)[graph.link_class] * 60
        return np.asarray(minutes * graph.congestion if peak else minutes)


def _usable(graph: RoadGraph, published: pd.DataFrame) -> pd.DataFrame:
    position = {code: place for place, code in enumerate(graph.codes)}
    rows = published.copy()
    rows["km"] = pd.to_numeric(rows["km"])
    rows["minutes"] = pd.to_numeric(rows["minutes"])
    for end in ("from", "to"):
        rows[f"{end}_zone"] = [position.get(_PLACES.get(name, ""), -1) for name in rows[end]]
    placed = (rows["from_zone"] >= 0) & (rows["to_zone"] >= 0) & (rows["status"] != "unverified")
    # "official distance" and "straight line" are not road km; "distance only" pages are no better
    driven = rows["kind"].str.contains("drive|expressway|network", regex=True)
    quality = ~rows["note"].fillna("").str.contains("low quality|straight", regex=True)
    rows["used_km"] = placed & driven & quality & rows["km"].notna()
    # a time promised before the road opened is no observation
    observed = ~rows["kind"].str.contains("planned", regex=False)
    rows["used_minutes"] = placed & driven & observed & rows["minutes"].notna()
    return rows


def fit_roads(graph: RoadGraph, published: pd.DataFrame, *, rounds: int = 12) -> RoadFit:
    """Fit detour and speeds by penalised least squares of log km and log minutes.

    The links of the fastest path depend on the speeds, so path and speeds are found in turn.

    Parameters
    ----------
    published
        ``road_validation.csv``: from, to, km, minutes, kind, note, status.

    Raises
    ------
    ModelError
        If no row can be used.
    """
    rows = _usable(graph, published)
    if not rows["used_km"].any() or not rows["used_minutes"].any():
        raise ModelError(Fault("model.no_road_rows", "road_validation.csv"))
    pace = 60 / np.array(_PRIOR_SPEED)
    detour = _PRIOR_DETOUR
    by_class = np.empty((0, len(LINK_CLASSES)))
    for _ in range(rounds):
        by_class = _class_km(graph, rows, graph.km * pace[graph.link_class])
        detour = _fit_detour(rows, by_class.sum(axis=1))
        pace = _fit_pace(rows, by_class * detour, pace)
    table = _fit_table(rows, by_class.sum(axis=1) * detour, by_class @ pace * detour)
    speeds = tuple(float(value) for value in 60 / pace)
    return RoadFit(
        detour,
        (speeds[0], speeds[1], speeds[2], speeds[3]),
        _rmse(table["model_km"] - table["km"], table["used_km"]),
        _rmse(table["model_minutes"] - table["minutes"], table["used_minutes"]),
        table,
    )


def _class_km(graph: RoadGraph, rows: pd.DataFrame, cost: Array) -> Array:
    """Return great-circle km by class of link on the fastest path of each row, shape (rows, classes)."""
    _, before = graph.paths(cost)
    result = np.full((len(rows), len(LINK_CLASSES)), np.nan)
    ends = zip(rows["from_zone"].to_numpy(), rows["to_zone"].to_numpy(), strict=True)
    for place, (start, stop) in enumerate(ends):
        if start >= 0 and stop >= 0:
            links = graph.links_between(before, int(start), int(stop))
            result[place] = np.bincount(graph.link_class[links], graph.km[links], len(LINK_CLASSES))
    return result


def _fit_detour(rows: pd.DataFrame, straight: Array) -> float:
    used = rows["used_km"].to_numpy(bool)
    gap = np.log(rows["km"].to_numpy(float)[used] / straight[used])
    prior = 1 / _DETOUR_SD**2
    each = 1 / _ROW_SD**2
    return float(np.exp((prior * np.log(_PRIOR_DETOUR) + each * gap.sum()) / (prior + each * used.sum())))


def _fit_pace(rows: pd.DataFrame, km: Array, pace: Array) -> Array:
    """One Gauss-Newton step on log pace, with a normal prior around the prior speeds."""
    used = rows["used_minutes"].to_numpy(bool)
    minutes = km[used] * pace
    total = minutes.sum(axis=1)
    gap = np.log(rows["minutes"].to_numpy(float)[used] / total)
    slope = minutes / total[:, None]
    prior = np.log(60 / np.array(_PRIOR_SPEED))
    left = slope.T @ slope / _ROW_SD**2 + np.eye(len(pace)) / _PRIOR_SD**2
    right = slope.T @ gap / _ROW_SD**2 + (prior - np.log(pace)) / _PRIOR_SD**2
    return np.asarray(pace * np.exp(np.linalg.solve(left, right)))


def _fit_table(rows: pd.DataFrame, km: Array, minutes: Array) -> pd.DataFrame:
    columns = ["from", "to", "kind", "km", "minutes", "used_km", "used_minutes", "status"]
    return rows[columns].assign(model_km=km, model_minutes=minutes).reset_index(drop=True)


def _rmse(gap: pd.Series[float], used: pd.Series[bool]) -> float:
    return float(np.sqrt(np.mean(gap[used].to_numpy(float) ** 2)))


def road_minutes(graph: RoadGraph, fit: RoadFit, *, peak: bool) -> Array:
    """Return minutes from door to door by road, shape (N, N), zero on the diagonal."""
    minutes = graph.shortest(fit.link_minutes(graph, peak=peak)) + TERMINAL_MINUTES
    np.fill_diagonal(minutes, 0.0)
    return minutes


def own_zone_minutes(area_km2: Array, minutes_per_km: Array, scale: float = 1.0) -> Array:
    """Return minutes of a trip inside a county, never below 3, shape (N,).

    Mean distance between two random points of a disc of the same area, times ``minutes_per_km`` and
    ``scale``: people live and work in the built-up part of a county, not all over it.
    """
    radius = np.sqrt(np.asarray(area_km2) / np.pi)
    minutes = TERMINAL_MINUTES + scale * _DISC_MEAN * radius * minutes_per_km
    return np.maximum(minutes, FLOOR_MINUTES)


# Rail -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RailParameters:
    """What a rail trip costs beside the ride.

    Parameters
    ----------
    wait
        Minutes at the station before each boarding: security check, walk, buffer and headway.
    leave
        Minutes from the platform to the street.
    reach_km
        Farthest station that is used from a county, great-circle km.
    asc
        Alternative-specific constant of rail in the composite: its worth at equal minutes.
    """

    wait: float = 25.0
    leave: float = 5.0
    reach_km: float = 60.0
    asc: float = 0.0


def rail_minutes(
    stations: pd.DataFrame,
    links: pd.DataFrame,
    access: Array,
    *,
    year: int,
    parameters: RailParameters | None = None,
) -> Array:
    """Return minutes from door to door by rail, shape (N, N); infinite where no line helps.

    The fastest path over consecutive and skip-stop links: a train takes one or the other, so no link
    is counted twice. Changing to another line waits again.

    Parameters
    ----------
    stations
        Indexed by station id.
    links
        ``from_station``, ``to_station``, ``line_id``, ``minutes``, ``km``, ``opening_year``, ``state``.
        Missing minutes are read off a line through the links that have both (least squares on km).
    access
        Minutes from each county to each station by road, shape (N, S), infinite beyond reach.
    year
        Lines that open later are left out; lines without a year count as open if their state says so.
    """
    given = parameters or RailParameters()
    running = links[_running(links, year)].assign(minutes=_filled(links))
    edges, size = _network(running, list(map(str, stations.index)), access.shape[0], given.wait)
    return _ride(edges, access, size, given.leave)


def _network(
    links: pd.DataFrame, stations: list[str], zones: int, wait: float
) -> tuple[dict[tuple[int, int], float], int]:
    """Return minutes between nodes, and how many nodes there are.

    Nodes are counties, stations and, for each line, its platforms: boarding waits, riding does not.
    """
    position = {key: zones + place for place, key in enumerate(stations)}
    edges: dict[tuple[int, int], float] = {}
    nodes: dict[tuple[str, str], int] = {}
    columns = (links["from_station"], links["to_station"], links["line_id"], links["minutes"])
    for start, stop, line, minutes in zip(*columns, strict=True):
        if start not in position or stop not in position or not np.isfinite(minutes):
            continue
        for station in (start, stop):
            node = nodes.setdefault((station, line), zones + len(stations) + len(nodes))
            edges[position[station], node] = wait
            # a sparse graph takes zero for no edge
            edges[node, position[station]] = 1e-9
        for pair in ((start, stop), (stop, start)):
            ends = (nodes[pair[0], line], nodes[pair[1], line])
            edges[ends] = min(float(minutes), edges.get(ends, np.inf))
    return edges, zones + len(stations) + len(nodes)


def _running(links: pd.DataFrame, year: int) -> pd.Series[bool]:
    opened = pd.to_numeric(links["opening_year"])
    is_open = links["state"].fillna("").str.startswith("open")
    return (opened <= year) | (opened.isna() & is_open)


def _filled(links: pd.DataFrame) -> pd.Series[float]:
    minutes, km = pd.to_numeric(links["minutes"]), pd.to_numeric(links["km"])
    known = minutes.notna() & km.notna()
    if minutes.notna().all() or km[known].nunique() < 2:
        return minutes
    slope, start = np.polyfit(km[known], minutes[known], 1)
    return minutes.fillna(start + slope * km)


def _ride(edges: dict[tuple[int, int], float], access: Array, size: int, leave: float) -> Array:
    """Return the fastest county to county: in by access, through the network, out by access."""
    zones, count = access.shape
    ends = np.array(list(edges), dtype=np.int64).reshape(-1, 2)
    cost = np.array(list(edges.values()), dtype=float)
    matrix = csr_array((cost, (ends[:, 0], ends[:, 1])), shape=(size, size))
    between = np.asarray(dijkstra(matrix, directed=True, indices=np.arange(zones, zones + count)))
    between = between[:, zones : zones + count]
    np.fill_diagonal(between, np.inf)
    to_station = np.full((zones, count), np.inf)
    for place in range(count):
        reach = access[:, place]
        inside = np.isfinite(reach)
        if inside.any():
            ridden = reach[inside][:, None] + between[place][None, :]
            to_station[inside] = np.minimum(to_station[inside], ridden)
    minutes = np.full((zones, zones), np.inf)
    for place in range(count):
        minutes = np.minimum(minutes, to_station[:, [place]] + access[:, place][None, :] + leave)
    np.fill_diagonal(minutes, np.inf)
    return minutes


def composite_minutes(road: Array, rail: Array, decay: float, asc: float = 0.0) -> Array:
    """Return the minutes worth both modes together, MODEL.md equation 2.

    Parameters
    ----------
    road, rail
        Minutes, same shape; rail may be infinite.
    decay
        ``m``, per minute, above 0.
    asc
        Worth of rail at equal minutes.
    """
    if not decay > 0:
        raise ModelError(Fault("model.not_positive", "decay", {"value": decay}))
    return np.asarray(-np.logaddexp(-decay * road, asc - decay * rail) / decay)


# All of it ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Travel:
    """Minutes and km between counties.

    Parameters
    ----------
    graph, fit
        The road graph, and detour and speeds with their error.
    road, rail
        Peak minutes door to door, shape (N, N); the diagonal of ``road`` is zero, of ``rail`` infinite.
    own_pace
        Peak minutes per km of great circle inside each county, shape (N,).
    area_km2
        Shape (N,).
    km
        Great-circle km between representative points, inside a county the mean of a disc, shape (N, N).
    year
        Year of the rail network.
    """

    graph: RoadGraph
    fit: RoadFit
    road: Array
    rail: Array
    own_pace: Array
    area_km2: Array
    km: Array
    year: int

    def minutes(self, decay: float, asc: float = 0.0, own_scale: float = 1.0, extra: float = 0.0) -> Array:
        """Return composite minutes with own-zone times on the diagonal, shape (N, N).

        ``extra`` minutes are added to every trip, whatever its mode and length.
        """
        both = composite_minutes(self.road, self.rail, decay, asc)
        np.fill_diagonal(both, own_zone_minutes(self.area_km2, self.own_pace, own_scale))
        return np.maximum(both + extra, FLOOR_MINUTES)

    def distance(self, own_scale: float = 1.0) -> Array:
        """Return great-circle km of a trip, with own-zone trips of the same scale, shape (N, N)."""
        km = self.km.copy()
        np.fill_diagonal(km, own_scale * np.diag(self.km))
        return km


def _class_of_zones(density: Array) -> Ints:
    first = np.argmax(density[:, None] >= np.array(_DENSITY_FLOORS), axis=1)
    return np.asarray(first, dtype=np.int64)


def measure_travel(region: Region, *, year: int = 2020, rail: RailParameters | None = None) -> Travel:
    """Measure road and rail between all counties of a region.

    Parameters
    ----------
    region
        Counties, railways and the facts.
    year
        Rail lines opened later are left out.
    """
    counties = _with_towns(region)
    points = counties[["lon", "lat"]].to_numpy(float)
    neighbours = region.adjacency()
    graph = road_graph(counties, np.stack([neighbours.first, neighbours.second], axis=1))
    fit = fit_roads(graph, region.facts["road_validation"])
    area = region.area_km2
    inside = _class_of_zones(region.population / area)
    weight = np.array([1.0, 0.5, 0.0, 0.0])[inside]
    city = counties["city_code"].map(lambda code: _CONGESTION.get(code, _CONGESTION_ELSEWHERE))
    peak = 1 + weight * (city.to_numpy(float) - 1)
    pace = 60 / np.array(fit.speeds)[inside] * fit.detour * peak
    parameters = rail or RailParameters()
    access = _access(region.stations, points, pace, parameters.reach_km)
    km = great_circle_km(points[:, None, :], points[None, :, :])
    np.fill_diagonal(km, _DISC_MEAN * np.sqrt(area / np.pi))
    return Travel(
        graph,
        fit,
        road_minutes(graph, fit, peak=True),
        rail_minutes(region.stations, region.rail_links, access, year=year, parameters=parameters),
        pace,
        area,
        km,
        year,
    )


def _with_towns(region: Region) -> pd.DataFrame:
    """Return the counties with the points of ``TOWNS`` moved to their towns."""
    counties = pd.DataFrame(region.counties.drop(columns="geometry"))
    for code, name in TOWNS.items():
        here = region.stations[region.stations["name_zh"] == name]
        if code in counties.index and len(here):
            point = here.geometry.iloc[0]
            counties.loc[code, ["lon", "lat"]] = [point.x, point.y]
    return counties


def _access(stations: Any, counties: Array, pace: Array, reach_km: float) -> Array:
    points = np.stack([stations.geometry.x.to_numpy(float), stations.geometry.y.to_numpy(float)], axis=1)
    km = great_circle_km(counties[:, None, :], points[None, :, :])
    return np.where(km <= reach_km, km * pace[:, None] + TERMINAL_MINUTES / 2, np.inf)
