"""Road traffic in the commuting peak: capacities that reproduce published congestion, and what traffic does.

Cars take the graph of neighbouring counties in user equilibrium (:mod:`geo.model.assignment`) with the link
time t0 (1 + 0.15 (v / c)^4), equation 11. Trips inside a county use its own streets. These are many roads
with many ways round, so their exponent is 1: where peak takes twice the free-flow time, as in Beijing, time
then rises half a percent for one percent more traffic, the published aggregate elasticity (parameters.csv,
delta1: 0.5); the exponent of a single road would give two percent.

Nobody publishes capacities between counties, so they follow a rule (calibration step 8): roads are as wide as
the traffic that wants to use them asks for, alike in both directions, never narrower than one lane, and a
factor for each of four groups of cities makes peak over free flow match the published index of its towns.

Minutes answer to *changes* of daily trips: what the model adds is zero where nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Fault, ModelError
from geo.model.assignment import (
    BPR_ALPHA,
    BPR_BETA,
    Assignment,
    LinearResponse,
    Network,
    ResponseError,
    assign,
    linear_response,
    weighted_error,
)
from geo.model.solve import anderson
from geo.model.travel import LINK_CLASSES, _class_of_zones, composite_minutes

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.model.gravity import Gravity
    from geo.model.travel import Travel
    from geo.region import Region

__all__ = [
    "PEAK_SHARE",
    "CountyTraffic",
    "Loop",
    "Roads",
    "Target",
    "Traffic",
    "calibrate_roads",
    "car_share",
    "congested_minutes",
    "congestion_targets",
    "linear_error",
    "loop",
    "make_roads",
    "road_share",
]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

PEAK_SHARE = 0.12
"""Share of a day's commutes that fall into the peak hour (parameters.csv, "peak share"; assumption)."""
LANE = 1700.0
"""Vehicles an hour and direction of a two-lane road, Highway Capacity Manual: the narrowest link."""
OWN_BETA = 1.0
"""Exponent of a county's own streets: elasticity 0.5 of time in traffic where peak is twice free flow."""
WORKDAYS = 250
"""Working days a year (assumption)."""
TRIPS_A_DAY = 2
# Width against desired traffic by class of link, relative to a town's: suburbs have half the excess time of
# towns (2^(1/4)), open country a sixteenth (2), at equal factors. As travel.py, which has 1, 1/2, 0, 0.
_WIDTH = np.array([1.0, 2.0**0.25, 2.0, 2.0])
# The published index is that of the built-up city.
_TOWNS = (LINK_CLASSES.index("urban"), LINK_CLASSES.index("suburban"))
_INDEX = "commute-peak congestion index"
_INDEX_YEAR = 2020
# Other cities publish no index: as this one, the only city of Hebei that does (assumption).
_LIKE = "Langfang"
ELSEWHERE = "elsewhere"
_BY_CAR = "trips by private car inside the Sixth Ring"
_BY_CAR_CITY = "110000"
# Relative gaps: of the baseline, so small that used roads tell themselves from unused ones (at 1e-8 slopes
# are a quarter off), of an answer, and of a round of calibration.
_BASE_GAP, _GAP, _ROUGH_GAP = 1e-12, 1e-10, 1e-8
# Calibration stops when every index is this near its target.
_NEAR, _ROUNDS = 1e-4, 40
# Weight of the answer in an average of minutes, and the longest step, minutes.
_SHARE, _LONGEST = 0.5, 10.0
# Below this share of the largest slope a link's time says nothing about its flow.
_FLAT = 1e-14


@dataclass(frozen=True)
class Target:
    """Peak over free-flow time that the towns of a group of counties must show.

    Parameters
    ----------
    group
        Name of the city, or ``elsewhere``.
    value
        Ratio, above 1.
    status, source
        Where it comes from.
    """

    group: str
    value: float
    status: str
    source: str


@dataclass(frozen=True, eq=False)
class Traffic:
    """Cars in the peak hour.

    Parameters
    ----------
    flow, time
        Vehicles an hour and minutes by link, (A,).
    own_flow, own_time
        The same of trips inside each county, (N,).
    times
        Road minutes from county to county, without walking and parking; own times on the diagonal, (N, N).
    """

    flow: Array
    time: Array
    own_flow: Array
    own_time: Array
    times: Array


@dataclass(frozen=True, eq=False)
class CountyTraffic:
    """What drivers meet in each county; a link counts half in either county.

    Parameters
    ----------
    speed
        Vehicle-km over vehicle-hours, km/h, (N,).
    delay
        Vehicle-hours lost against free flow in the peak hour, (N,).
    ratio
        Peak over free-flow time, (N,).
    vehicle_km
        Vehicle-km in the peak hour, (N,).
    """

    speed: Array
    delay: Array
    ratio: Array
    vehicle_km: Array


@dataclass(frozen=True, eq=False)
class Roads:
    """Roads with capacities, and the traffic of the baseline on them.

    Parameters
    ----------
    codes
        County codes, N.
    network
        Both directions of each border, A links: first all one way, then all back.
    link_class, own_class
        Position in ``LINK_CLASSES`` of links (A,) and of counties (N,).
    own_minutes, own_km, own_capacity
        A trip inside each county at free flow, and the cars an hour that its streets carry, (N,).
    drive
        Cars in the peak hour for each daily commuter, (N, N).
    trips
        Daily commuters before any move, (N, N).
    road, rail
        Door-to-door minutes of the baseline, (N, N).
    minutes
        Composite door-to-door minutes of the baseline, (N, N).
    decay, asc
        Scale of the composite and constant of rail, equation 2.
    peak_share
        Share of commutes in the peak hour.
    group
        Position of each county's group in ``fit``, (N,).
    fit
        One row for each group: group, target, model, gap, factor, status, source.
    """

    codes: tuple[str, ...]
    network: Network
    link_class: Ints
    own_class: Ints
    own_minutes: Array
    own_km: Array
    own_capacity: Array
    drive: Array
    trips: Array
    road: Array
    rail: Array
    minutes: Array
    decay: float
    asc: float
    peak_share: float
    group: Ints
    fit: pd.DataFrame = field(repr=False)

    @cached_property
    def base(self) -> Assignment:
        """The user equilibrium of the baseline."""
        return assign(self.network, self._between(self.trips), gap=_BASE_GAP, method="segments")

    @cached_property
    def response(self) -> LinearResponse:
        """The slope of times in cars between counties at the baseline; made once, at the first question."""
        return linear_response(self.base)

    @cached_property
    def free(self) -> Array:
        """Minutes between counties on empty roads, (N, N), 0 on the diagonal."""
        return assign(self.network, np.zeros_like(self.trips)).skim

    @cached_property
    def before(self) -> Traffic:
        """The traffic of the baseline."""
        return self._traffic(self.base, self.trips)

    @cached_property
    def road_share(self) -> Array:
        """Weight of road in the composite of the baseline, (N, N): one inside counties."""
        return road_share(self.road, self.rail, self.decay, self.asc)

    def assign(self, trips: Array) -> Traffic:
        """Return the user equilibrium of daily ``trips``, (N, N)."""
        cars = self._between(trips)
        start = self.base if cars.any() else None
        return self._traffic(assign(self.network, cars, gap=_GAP, method="segments", start=start), trips)

    def full(self, trips: Array) -> Array:
        """Return the change of one-way minutes, (N, N), for a change of daily trips, by a new assignment."""
        if not np.any(trips):
            return np.zeros_like(self.minutes)
        return self.change(self.assign(np.maximum(self.trips + trips, 0.0)))

    def linear(self, trips: Array) -> Array:
        """Return the change of one-way minutes, (N, N), for a change of daily trips, without assignment.

        Link flows change in proportion to trips, by the slopes of the equilibrium; times follow from them by
        the law of link time.
        """
        if not np.any(trips):
            return np.zeros_like(self.minutes)
        return self.change(self.linear_traffic(trips))

    def change(self, traffic: Traffic) -> Array:
        """Return the change of composite one-way minutes that ``traffic`` makes, (N, N)."""
        extra = traffic.times - self.before.times
        before = composite_minutes(self.road, self.rail, self.decay, self.asc)
        change = composite_minutes(self.road + extra, self.rail, self.decay, self.asc) - before
        np.fill_diagonal(change, np.diag(extra))
        return change

    def linear_traffic(self, trips: Array) -> Traffic:
        """Return the traffic after a change of daily trips, (N, N), with flows from the linear response."""
        cars = self.drive * trips
        own_flow = np.maximum(self.before.own_flow + np.diag(cars), 0.0)
        np.fill_diagonal(cars, 0.0)
        slope = self.network.slopes(self.base.flow)
        steep = slope > _FLAT * slope.max(initial=0.0)
        spread = self.response.link_times(cars) / np.where(steep, slope, 1.0)
        # where time does not answer, nobody changes the road
        moved = np.where(steep, spread, self.response.paths.T @ cars.ravel())
        flow = np.maximum(self.base.flow + moved, 0.0)
        time, own_time = self.network.times(flow), self._own.times(own_flow)
        extra = self.response.paths @ (time - self.base.time)
        times = np.maximum(self.base.skim + extra.reshape(cars.shape), self.free)
        np.fill_diagonal(times, own_time)
        return Traffic(flow, time, own_flow, own_time, times)

    def speeds(self, traffic: Traffic) -> Array:
        """Return km/h by link, (A,)."""
        return np.asarray(60.0 * np.asarray(self.network.length) / traffic.time)

    def by_county(self, traffic: Traffic) -> CountyTraffic:
        """Return speed, delay and vehicle-km by county; NaN speed where nobody drives."""
        spent = self._spread(traffic.flow * traffic.time, traffic.own_flow * traffic.own_time) / 60.0
        free = self._spread(traffic.flow * self.network.t0, traffic.own_flow * self.own_minutes) / 60.0
        km = self._spread(traffic.flow * np.asarray(self.network.length), traffic.own_flow * self.own_km)
        some = spent > 0
        speed = np.where(some, km / np.where(some, spent, 1.0), np.nan)
        ratio = np.where(some, spent / np.where(some, free, 1.0), np.nan)
        return CountyTraffic(speed, spent - free, ratio, km)

    def yearly_km(self, traffic: Traffic) -> Array:
        """Return vehicle-km of commuting a year by county, (N,): two trips a working day."""
        return np.asarray(self.by_county(traffic).vehicle_km / self.peak_share * TRIPS_A_DAY * WORKDAYS)

    @cached_property
    def _own(self) -> Network:
        return _own_streets(self.network, self.own_minutes, self.own_capacity)

    def _between(self, trips: Array) -> Array:
        cars = self.drive * trips
        np.fill_diagonal(cars, 0.0)
        return cars

    def _traffic(self, found: Assignment, trips: Array) -> Traffic:
        own_flow = np.diag(self.drive * trips).copy()
        own_time = self._own.times(own_flow)
        times = found.skim.copy()
        np.fill_diagonal(times, own_time)
        return Traffic(found.flow, found.time, own_flow, own_time, times)

    def _spread(self, link: Array, own: Array) -> Array:
        """Return the sum of links, half in either county, and own trips, (N,)."""
        size = len(self.codes)
        ends = np.bincount(self.network.tail, link, size) + np.bincount(self.network.head, link, size)
        return np.asarray(own + 0.5 * ends)


def _own_streets(network: Network, minutes: Array, capacity: Array) -> Network:
    """Return the streets of each county as loops, so that they share the law of link time."""
    zones = np.arange(len(minutes))
    return Network(zones, zones, capacity, minutes, alpha=_first(network.alpha), beta=OWN_BETA)


def _first(values: npt.ArrayLike) -> float:
    return float(np.asarray(values).ravel()[0])


def road_share(road: Array, rail: Array, decay: float, asc: float) -> Array:
    """Return the share of trips that go by road, (N, N): the logit of equation 2, one inside a county.

    Parameters
    ----------
    road, rail
        Minutes, (N, N); ``inf`` where there is no train.
    decay, asc
        Decay per minute, and what speaks for rail at equal minutes.
    """
    gap = np.clip(decay * (road - rail) + asc, -700.0, 700.0)
    share = 1.0 / (1.0 + np.exp(gap))
    np.fill_diagonal(share, 1.0)
    return np.asarray(share)


# Made from the region -------------------------------------------------------------------------------


def make_roads(
    region: Region,
    flows: Array,
    travel: Travel,
    gravity: Gravity,
    *,
    peak_share: float = PEAK_SHARE,
    alpha: float = BPR_ALPHA,
    beta: float = BPR_BETA,
) -> Roads:
    """Return the roads of a region, capacities fitted to its published congestion indices.

    Parameters
    ----------
    flows
        Daily commuters from home to work, (N, N).
    travel
        Road graph with fitted speeds and detour, minutes and km.
    gravity
        Scale of the composite of road and rail, length of trips inside a county.
    peak_share
        Share of commutes in the peak hour.
    alpha, beta
        Of the link time.

    Raises
    ------
    ModelError
        If flows are not finite and non-negative, or an index cannot be reached.
    """
    _checked(flows, len(region.codes))
    graph, fit = travel.graph, travel.fit
    km, minutes = graph.km * fit.detour, fit.link_minutes(graph, peak=False)
    one, other = graph.links.T
    network = Network(
        np.r_[one, other], np.r_[other, one], LANE, np.r_[minutes, minutes],
        alpha=alpha, beta=beta, length=np.r_[km, km], nodes=len(graph.codes), names=graph.codes,
    )  # fmt: skip
    own_class = _class_of_zones(region.population / region.area_km2)
    own_km = gravity.own_scale * np.diag(travel.km) * fit.detour
    own_minutes = 60.0 * own_km / np.array(fit.speeds)[own_class]
    share = road_share(travel.road, travel.rail, gravity.decay, gravity.asc)
    targets, group = congestion_targets(region)
    start = Roads(
        codes=region.codes, network=network, link_class=np.r_[graph.link_class, graph.link_class],
        own_class=own_class, own_minutes=own_minutes, own_km=own_km,
        own_capacity=np.full(len(own_km), LANE), drive=peak_share * car_share(region, flows)[:, None] * share,
        trips=np.asarray(flows, dtype=float), road=travel.road, rail=travel.rail,
        minutes=gravity.minutes(travel), decay=gravity.decay, asc=gravity.asc, peak_share=peak_share,
        group=group, fit=pd.DataFrame(),
    )  # fmt: skip
    return calibrate_roads(start, targets)


def _checked(flows: Array, zones: int) -> None:
    matrix = np.asarray(flows, dtype=float)
    if matrix.shape != (zones, zones):
        values = {"shape": " x ".join(map(str, matrix.shape)), "zones": zones}
        raise ModelError(Fault("roads.shape", "flows", values))
    bad = ~(np.isfinite(matrix) & (matrix >= 0))
    if bad.any():
        raise ModelError(Fault("roads.flows", "flows", {"count": int(bad.sum())}))


def car_share(region: Region, flows: Array) -> Array:
    """Return the share of commuters who drive, by home, (N,).

    In proportion to the share of households with a vehicle (census 2020), so that Beijing's commuters drive
    as often as the published share of trips by private car says (2013, inside the Sixth Ring; assumption).
    """
    profile = region.facts["county_profile_2020"].set_index("code")["share_hh_with_vehicle"]
    owners = profile.reindex(list(region.codes)).to_numpy(float)
    facts = region.facts["traffic_facts"].set_index("indicator")["value"]
    here = (region.counties["city_code"] == _BY_CAR_CITY).to_numpy()
    drives = float(facts[_BY_CAR]) / 100.0 / float(np.average(owners[here], weights=flows[here].sum(axis=1)))
    return np.asarray(np.minimum(drives * owners, 1.0))


def congestion_targets(region: Region) -> tuple[tuple[Target, ...], Ints]:
    """Return the published indices, one more for all other cities, and the group of each county, (N,)."""
    table = region.facts["traffic_facts"]
    indexed = table["indicator"].str.startswith(_INDEX) & (table["year"] == _INDEX_YEAR)
    rows = table[indexed]
    names = region.counties["city_code"].map(region.cities["name_en"]).to_numpy()
    known = [str(name) for name in rows["place"]]
    columns = (known, rows["value"], rows["status"], rows["source"])
    targets = [
        Target(name, float(value), str(status), str(source))
        for name, value, status, source in zip(*columns, strict=True)
    ]
    like = targets[known.index(_LIKE)]
    targets.append(replace(like, group=ELSEWHERE, status="assumption"))
    group = np.array([known.index(name) if name in known else len(known) for name in names])
    return tuple(targets), group.astype(np.int64)


# Capacities -----------------------------------------------------------------------------------------


def calibrate_roads(roads: Roads, targets: tuple[Target, ...]) -> Roads:
    """Return the roads with capacities under which every group's towns show their index.

    A factor for each group: capacity = factor x width of the class x traffic on cheapest free-flow paths (of
    the busier direction), at least one lane; between groups the geometric mean. Each round multiplies a
    factor by ((index - 1) / (target - 1))^(1 / beta), exact as long as nobody takes another road.

    Raises
    ------
    ModelError
        If an index is not reached.
    """
    cars = roads._between(roads.trips)  # noqa: SLF001
    free = replace(roads.network, alpha=0.0)
    flow = assign(free, cars).flow
    half = len(flow) // 2
    desired = np.tile(np.maximum(flow[:half], flow[half:]), 2)
    alpha, beta = _first(roads.network.alpha), _first(roads.network.beta)
    wanted = np.array([target.value for target in targets])
    factor = (alpha / (wanted - 1.0)) ** (1.0 / beta)
    found: Assignment | None = None
    for _ in range(_ROUNDS):
        roads = _with_capacity(roads, desired, factor)
        found = assign(roads.network, cars, gap=_ROUGH_GAP, method="segments", start=found)
        roads.__dict__["base"] = found
        index = _indices(roads, len(targets))
        index = np.where(np.isnan(index), wanted, index)
        if np.all(np.abs(index - wanted) <= _NEAR):
            # the last round's cached answers are too rough to keep
            return replace(roads, fit=_report(targets, index, factor))
        factor = factor * (np.maximum(index - 1.0, 1e-6) / (wanted - 1.0)) ** (1.0 / beta)
    worst = int(np.argmax(np.abs(index - wanted)))
    values = {"group": targets[worst].group, "target": targets[worst].value, "model": round(index[worst], 3)}
    raise ModelError(Fault("roads.not_calibrated", "traffic_facts.csv", values))


def _with_capacity(roads: Roads, desired: Array, factor: Array) -> Roads:
    by_county = factor[roads.group]
    link = np.sqrt(by_county[roads.network.tail] * by_county[roads.network.head])
    capacity = np.maximum(LANE, link * _WIDTH[roads.link_class] * desired)
    # the same excess time as on a link of this factor and class that carries what it was built for
    wide = (by_county * _WIDTH[roads.own_class]) ** (_first(roads.network.beta) / OWN_BETA)
    traffic = np.diag(roads.drive * roads.trips)
    own = np.where(traffic > 0, wide * traffic, LANE)
    return replace(roads, network=replace(roads.network, capacity=capacity), own_capacity=own)


def _indices(roads: Roads, groups: int) -> Array:
    """Return peak over free-flow vehicle-minutes in the towns of each group, NaN without traffic."""
    traffic = roads.before
    tail, head = roads.group[roads.network.tail], roads.group[roads.network.head]
    inside = np.isin(roads.link_class, _TOWNS) & (tail == head)
    town = np.isin(roads.own_class, _TOWNS)

    def total(link: Array, own: Array) -> Array:
        links = np.bincount(tail, np.where(inside, traffic.flow * link, 0.0), groups)
        return np.asarray(links + np.bincount(roads.group, town * traffic.own_flow * own, groups))

    spent, free = total(traffic.time, traffic.own_time), total(roads.network.t0, roads.own_minutes)
    return np.where(free > 0, spent / np.where(free > 0, free, 1.0), np.nan)


def _report(targets: tuple[Target, ...], index: Array, factor: Array) -> pd.DataFrame:
    rows = [
        {
            "group": target.group,
            "target": target.value,
            "model": float(value),
            "gap": float(value) - target.value,
            "factor": float(each),
            "status": target.status,
            "source": target.source,
        }
        for target, value, each in zip(targets, index, factor, strict=True)
    ]
    return pd.DataFrame(rows)


# Minutes answer to trips, trips to minutes ----------------------------------------------------------


def congested_minutes(roads: Roads, trips: Array) -> Array:
    """Return composite door-to-door minutes, (N, N), when daily ``trips``, (N, N), are on the roads.

    Raises
    ------
    ModelError
        If trips are not finite and non-negative.
    """
    _checked(trips, len(roads.codes))
    return np.asarray(roads.minutes + roads.full(trips - roads.trips))


@dataclass(frozen=True, eq=False)
class Loop:
    """Trips and minutes that agree.

    Parameters
    ----------
    minutes, trips
        (N, N) each.
    rounds
        How many assignments it took.
    gap
        Largest difference between the minutes asked and answered in the last round.
    """

    minutes: Array
    trips: Array
    rounds: int
    gap: float


def loop(
    roads: Roads, trips_at: Callable[[Array], Array], tol: float = 1e-3, *, max_rounds: int = 50
) -> Loop:
    """Feed minutes back into trips by successive averages until they agree.

    The averages of minutes asked and answered are accelerated by :func:`geo.model.solve.anderson`: alone they
    swing where roads are full.

    Parameters
    ----------
    trips_at
        Gives daily trips, (N, N), at composite minutes, (N, N).
    tol
        Largest difference in minutes to stop at.
    max_rounds
        Assignments at most.

    Raises
    ------
    ModelError
        If the loop does not settle.
    """

    def averaged(guess: Array) -> Array:
        minutes = guess.reshape(roads.minutes.shape)
        answer = congested_minutes(roads, trips_at(minutes))
        return np.asarray(guess + _SHARE * (answer - minutes).ravel())

    found = anderson(
        averaged,
        roads.minutes.ravel(),
        tolerance=_SHARE * tol,
        max_iterations=max_rounds,
        longest=_LONGEST,
    )
    gap = found.residual / _SHARE
    if gap > tol:
        values = {"rounds": found.iterations, "gap": f"{gap:.3g}"}
        raise ModelError(Fault("roads.not_settled", "loop", values))
    minutes = found.value.reshape(roads.minutes.shape)
    return Loop(minutes, trips_at(minutes), found.iterations, gap)


def linear_error(roads: Roads, trips: Array) -> ResponseError:
    """Return how far the linear answer to a change of daily trips, (N, N), is from the full one.

    Minutes are weighted by the trips that are made after the change.
    """
    return weighted_error(roads.full(trips), roads.linear(trips), np.maximum(roads.trips + trips, 0.0))
