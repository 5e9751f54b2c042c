"""User equilibrium of road traffic: who takes which road when every driver takes a cheapest one.

``assign(network, demand)`` answers for any network; it knows nothing of the region. Two algorithms share
everything but the way flow is shifted: bi-conjugate Frank-Wolfe (Mitradjieva and Lindberg 2013,
Transportation Science 47) on link flows, and paired alternative segments on flows by origin (after Bar-Gera
2010), which go on to gaps of 1e-12. Link times follow the Bureau of Public Roads, equation 11:
t0 (1 + alpha (v / c)^beta).

Published networks are read by ``read_tntp``. ``linear_response`` gives the slope of all zone-to-zone times
in all demands at an equilibrium, for ensembles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from geo.errors import Fault, ModelError
from geo.model._segments import OriginFlows
from geo.model._trees import Floats, Ints, Router, Trees
from geo.model.tntp import read_flows, read_net, read_trips

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Assignment",
    "LinearResponse",
    "Network",
    "ResponseError",
    "assign",
    "linear_response",
    "read_tntp",
    "read_tntp_flows",
    "response_error",
]

BPR_ALPHA, BPR_BETA = 0.15, 4.0
"""Bureau of Public Roads 1964: 15 % slower at capacity, fourth power."""
MAX_ITERATIONS = {"bfw": 10_000, "segments": 500}
ENTRIES = 30_000_000
"""Above so many origins times links, ``auto`` takes the algorithm that keeps no flows by origin."""
NOISE = 1e-13
"""Flow below this share of an origin's largest is rounding; it could close a cycle."""
ROUNDS = 4
TREE_PARTS = ("distance", "parent", "link")
LINE_SEARCH_STEPS = 60
TREE_ENTRIES = 8_000_000
"""Origins are worked off in blocks of about this many tree entries, to bound memory."""
NAMED_PAIRS = 5
TIGHT = 0.9999
"""Frank-Wolfe targets are made conjugate only while the last step stayed below this."""
WHOLE_STEP = 0.99


@dataclass(frozen=True, eq=False)
class Network:
    """Directed links between nodes 0 ... nodes - 1.

    Scalars stand for every link. Travel time of a link is ``t0 (1 + alpha (v / capacity)^beta)``, in the
    unit of ``free_flow_time``; what a driver minimises adds ``toll``. ``alpha`` 0 or ``beta`` 0 is a
    constant time.

    Parameters
    ----------
    from_node, to_node
        (A,) whole numbers.
    capacity
        (A,) vehicles in the period of the demand; may be 0 only where the time is constant.
    free_flow_time
        (A,) minutes at no traffic, 0 or more.
    alpha, beta
        (A,) or scalars; ``beta`` is 0 or at least 1.
    toll
        (A,) or scalar, fixed cost beside time, in minutes.
    length
        (A,) or scalar, km; only for vehicle-km.
    nodes
        Number of nodes; default: as many as the links name.
    first_through
        Nodes below this number cannot be passed through (TNTP's first through node minus 1).
    names
        Node names for messages; default: the numbers.

    Raises
    ------
    ModelError
        With every fault of the arrays.
    """

    from_node: npt.ArrayLike
    to_node: npt.ArrayLike
    capacity: npt.ArrayLike
    free_flow_time: npt.ArrayLike
    alpha: npt.ArrayLike = BPR_ALPHA
    beta: npt.ArrayLike = BPR_BETA
    toll: npt.ArrayLike = 0.0
    length: npt.ArrayLike = 0.0
    nodes: int = 0
    first_through: int = 0
    names: Sequence[str] = ()
    tail: Ints = field(init=False, repr=False)
    head: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check and broadcast the arrays."""
        tail, head = (np.asarray(ends, dtype=np.int64).ravel() for ends in (self.from_node, self.to_node))
        if len(tail) != len(head):
            raise ModelError(Fault("assignment.shape", "to_node", {"got": len(head), "want": len(tail)}))
        faults: list[Fault] = []
        for name in ("capacity", "free_flow_time", "alpha", "beta", "toll", "length"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.shape not in ((), tail.shape):
                got = " x ".join(map(str, values.shape))
                faults.append(Fault("assignment.shape", name, {"got": got, "want": len(tail)}))
                continue
            object.__setattr__(self, name, np.array(np.broadcast_to(values, tail.shape)))
        ends = np.r_[tail, head]
        object.__setattr__(self, "tail", tail)
        object.__setattr__(self, "head", head)
        object.__setattr__(self, "nodes", self.nodes or int(ends.max(initial=-1)) + 1)
        if faults := faults or self._faults(ends):
            raise ModelError(faults)

    def _faults(self, ends: Ints) -> list[Fault]:
        t0, alpha, beta = self.t0, self._array("alpha"), self._array("beta")
        needs_capacity = (alpha > 0) & (beta > 0) & (t0 > 0)
        bad = {
            "capacity": needs_capacity & ~(self._array("capacity") > 0),
            "free_flow_time": ~(t0 >= 0) | np.isinf(t0),
            "alpha": ~(alpha >= 0) | np.isinf(alpha),
            "beta": ~((beta >= 1) | (beta == 0)) | np.isinf(beta),
            "toll": ~(self._array("toll") >= 0) | np.isinf(self._array("toll")),
            "length": ~(self._array("length") >= 0),
        }
        faults = [
            Fault(f"assignment.{name}", f"link {int(np.argmax(where))}", {"count": int(where.sum())})
            for name, where in bad.items()
            if where.any()
        ]
        if ends.min(initial=0) < 0 or ends.max(initial=0) >= max(self.nodes, 1):
            faults.append(Fault("assignment.node", values={"nodes": self.nodes}))
        return faults

    def _array(self, name: str) -> Floats:
        values: Floats = getattr(self, name)
        return values

    @cached_property
    def t0(self) -> Floats:
        """Free-flow time by link (A,)."""
        return self._array("free_flow_time")

    @cached_property
    def curve(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Cost of a link as constant + rise (v / capacity)^beta: the four parts, each (A,)."""
        capacity = self._array("capacity")
        rise = self.t0 * self._array("alpha")
        capacity = np.where((capacity > 0) & (rise > 0), capacity, 1.0)
        return self.t0 + self._array("toll"), rise, capacity, self._array("beta")

    def times(self, flow: Floats) -> Floats:
        """Return travel time by link (A,) at ``flow`` (A,)."""
        _, rise, capacity, beta = self.curve
        return np.asarray(self.t0 + rise * (flow / capacity) ** beta)

    def costs(self, flow: Floats) -> Floats:
        """Return what drivers minimise: time plus toll, by link (A,)."""
        return np.asarray(self.times(flow) + self._array("toll"))

    def slopes(self, flow: Floats) -> Floats:
        """Return the derivative of time in flow, by link (A,)."""
        _, rise, capacity, beta = self.curve
        return np.asarray(rise * beta * (flow / capacity) ** np.maximum(beta - 1, 0) / capacity)

    def beckmann(self, flow: Floats) -> float:
        """Return Beckmann's objective: the integral of cost from 0 to ``flow``, summed over links."""
        _, rise, capacity, beta = self.curve
        area = (self.t0 + self._array("toll")) * flow + rise * capacity * (flow / capacity) ** (beta + 1) / (
            beta + 1
        )
        return float(area.sum())

    def name(self, node: int) -> str:
        """Return a node's name for messages."""
        return str(self.names[node]) if len(self.names) else str(node)


@dataclass(frozen=True, eq=False)
class Assignment:
    """A user equilibrium and how near it is.

    Parameters
    ----------
    flow, time, cost
        (A,) vehicles, travel time and generalised cost (time plus toll) by link.
    relative_gap
        (total cost - demand x least cost) / total cost.
    iterations
        Rounds of shortest paths beyond the first.
    skim
        (Z, Z) least cost between zones, 0 on the diagonal, infinite where no road leads.
    gaps
        Relative gap of each round.
    converged
        Whether the gap asked for was reached.
    network, demand, zones
        What was asked: demand (Z, Z), node of each zone (Z,).
    origin_flow
        (A, O) flow of each origin that has trips, where the algorithm keeps it; see ``by_origin``.
    """

    flow: Floats
    time: Floats
    cost: Floats
    relative_gap: float
    iterations: int
    skim: Floats
    gaps: tuple[float, ...]
    converged: bool
    network: Network
    demand: Floats
    zones: Ints
    origin_flow: Floats | None = None

    @property
    def total_time(self) -> float:
        """Vehicle-minutes in the network."""
        return float(self.flow @ self.time)

    @property
    def vehicle_km(self) -> float:
        """Vehicle-km in the network."""
        return float(self.flow @ np.asarray(self.network.length))

    @property
    def objective(self) -> float:
        """Beckmann's objective at these flows."""
        return self.network.beckmann(self.flow)

    def by_origin(self) -> Floats:
        """Return flow by origin and link (Z, A).

        Raises
        ------
        ModelError
            If the algorithm kept no paths.
        """
        flows = np.zeros((len(self.zones), len(self.flow)))
        moving = self.demand * ~np.eye(len(self.zones), dtype=bool)
        flows[moving.any(axis=1)] = _need_origins(self).T
        return flows


def assign(
    network: Network,
    demand: Any,
    *,
    gap: float = 1e-6,
    max_iter: int | None = None,
    zones: npt.ArrayLike | None = None,
    method: Literal["auto", "segments", "bfw"] = "auto",
    start: Assignment | None = None,
) -> Assignment:
    """Return the user equilibrium of ``demand`` on ``network``.

    Trips within a zone use no link. If ``max_iter`` is reached first the answer says so in ``converged``.

    Parameters
    ----------
    demand
        (Z, Z) vehicles from row to column, dense or sparse, none negative.
    gap
        Relative gap at which to stop: (total cost - demand x least cost) / total cost.
    max_iter
        Rounds of shortest paths at most; default 500 for ``segments``, 10,000 for ``bfw``.
    zones
        (Z,) node of each zone; default 0 ... Z - 1.
    method
        ``segments``: paired alternative segments; ``bfw``: bi-conjugate Frank-Wolfe; ``auto``: segments
        unless flows by origin would need too much memory.
    start
        An earlier answer on the same links and zones to start ``segments`` from.

    Raises
    ------
    ModelError
        For demand that is not a square of finite numbers >= 0, zones that are not nodes, or pairs with
        demand that no road joins (they are named).
    """
    matrix = _checked_demand(demand, network, zones)
    nodes = np.arange(len(matrix)) if zones is None else np.asarray(zones, dtype=np.int64)
    problem = _Problem(network, matrix, nodes)
    chosen = method if method != "auto" else problem.suggested_method()
    limit = MAX_ITERATIONS[chosen] if max_iter is None else max_iter
    if chosen == "bfw":
        return problem.result(*_frank_wolfe(problem, gap, limit), gap)
    return problem.result(*_segment_shifts(problem, gap, limit, start), gap)


def _checked_demand(demand: Any, network: Network, zones: npt.ArrayLike | None) -> Floats:
    matrix = np.asarray(demand.toarray() if hasattr(demand, "toarray") else demand, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        shape = " x ".join(map(str, matrix.shape))
        raise ModelError(Fault("assignment.square", "demand", {"shape": shape}))
    nodes = np.arange(len(matrix)) if zones is None else np.asarray(zones)
    faults = []
    if nodes.shape != (len(matrix),) or np.any((nodes < 0) | (nodes >= network.nodes)):
        values = {"zones": len(matrix), "nodes": network.nodes}
        faults.append(Fault("assignment.zones", "zones", values))
    bad = np.argwhere(~(np.isfinite(matrix) & (matrix >= 0)))
    if len(bad):
        where = f"demand[{bad[0][0]}, {bad[0][1]}]"
        faults.append(Fault("assignment.demand", where, {"count": len(bad)}))
    if faults:
        raise ModelError(faults)
    return matrix


class _Problem:
    """A network with its demand: shortest paths, loads and gaps of the pairs that have trips."""

    def __init__(self, network: Network, demand: Floats, zones: Ints) -> None:
        self.network, self.demand, self.zones = network, demand, zones
        self.router = Router(network.tail, network.head, network.nodes, network.first_through)
        moving = demand.copy()
        np.fill_diagonal(moving, 0.0)
        origin, destination = np.nonzero(moving)
        self.pair = origin * len(demand) + destination
        self.volume = moving[origin, destination]
        used = np.unique(origin)
        per_block = max(1, TREE_ENTRIES // max(self.router.size, 1))
        self.blocks = []
        for at in range(0, len(used), per_block):
            zone = used[at : at + per_block]
            where = np.flatnonzero((origin >= zone[0]) & (origin <= zone[-1]))
            row = np.searchsorted(zone, origin[where])
            self.blocks.append((zones[zone], where, row, zones[destination[where]]))
        self._trees: list[Trees] = []

    def search(self, cost: Floats) -> Floats:
        """Return the least cost of each pair (P,) and remember the trees that give it."""
        least = np.zeros(len(self.pair))
        self._trees = []
        for sources, where, row, node in self.blocks:
            trees = self.router.trees(cost, sources)
            least[where] = trees.distance[row, node]
            self._trees.append(trees)
        if not np.all(np.isfinite(least)):
            self._refuse(np.flatnonzero(~np.isfinite(least)))
        return least

    def _refuse(self, cut: Ints) -> None:
        ends = [divmod(int(pair), len(self.demand)) for pair in self.pair[cut[:NAMED_PAIRS]]]
        name = self.network.name
        named = ", ".join(f"{name(int(self.zones[a]))} → {name(int(self.zones[b]))}" for a, b in ends)
        more = "" if len(cut) <= NAMED_PAIRS else ", …"
        raise ModelError(Fault("assignment.disconnected", values={"count": len(cut), "pairs": named + more}))

    def load(self) -> Floats:
        """Return link flows (A,) with every pair on its path in the remembered trees."""
        flow = np.zeros(len(self.network.tail))
        for trees, (_, where, row, node) in zip(self._trees, self.blocks, strict=True):
            flow += self.router.load(trees, row, node, self.volume[where])
        return flow

    def all_trees(self) -> Trees:
        """Return the remembered trees of all origins that have trips."""
        parts = self._trees
        return Trees(*(np.concatenate([getattr(tree, name) for tree in parts]) for name in TREE_PARTS))

    def load_by_origin(self) -> Floats:
        """Return link flows (A, O) by origin that has trips, all on their paths in the remembered trees."""
        columns = []
        for trees, (_, where, row, node) in zip(self._trees, self.blocks, strict=True):
            columns.append(self.router.load_by_root(trees, row, node, self.volume[where]))
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(self.network.tail), 0))

    def first_flows(self, start: Assignment | None) -> Floats:
        """Return flows by origin to start from: cheapest paths, or the splits of ``start`` at each node."""
        links = len(self.network.tail)
        warm = start is not None and start.origin_flow is not None and start.demand.shape == self.demand.shape
        self.search(self.network.costs(start.flow if warm and start is not None else np.zeros(links)))
        fresh = self.load_by_origin()
        if not warm or start is None or start.origin_flow is None:
            return fresh
        used = np.unique(self.pair // len(self.demand))
        known = start.by_origin().T[:, used]
        known = np.where(known > NOISE * known.max(axis=0), known, 0.0)
        return self._split_again(known, fresh, used)

    def _split_again(self, known: Floats, fresh: Floats, used: Ints) -> Floats:
        """Send demand back from its destinations in the shares in which ``known`` (A, O) enters each node.

        A node that ``known`` does not reach is entered by the tree's link. Without cycles the flow is at its
        origin after as many rounds as the longest path has links; the little that cycles dies out. An
        origin where it does not starts afresh.
        """
        tail, head, size = self.router.tail, self.router.head, self.router.size
        trees = self.all_trees()
        entering = np.zeros((size, known.shape[1]))
        np.add.at(entering, head, known)
        share = known / np.where(entering > 0, entering, 1.0)[head]
        row, node = np.nonzero((trees.link >= 0) & (entering.T <= 0))
        share[trees.link[row, node], row] = 1.0
        waiting = np.zeros_like(entering)
        place = np.searchsorted(used, self.pair // len(self.demand))
        np.add.at(waiting, (self.zones[self.pair % len(self.demand)], place), self.volume)
        root = (self.router.sources(self.zones[used]), np.arange(len(used)))
        flow, moving = np.zeros_like(known), waiting
        ended = 0.1 * NOISE * waiting.sum(axis=0)
        for _ in range(ROUNDS * size):
            moving[root] = 0.0
            moving[moving <= ended] = 0.0
            if not moving.any():
                break
            sent = share * moving[head]
            flow += sent
            moving = np.zeros_like(waiting)
            np.add.at(moving, tail, sent)
        stuck = moving.any(axis=0)
        flow[:, stuck] = fresh[:, stuck]
        return flow

    def origin_flows(self, flow: Floats) -> OriginFlows:
        """Return the machine that shifts ``flow`` (A, O) between segments."""
        ends = (self.router.tail, self.router.head)
        return OriginFlows(ends, self.router.size, self.network.curve, flow)

    def gap(self, flow: Floats, cost: Floats, least: Floats) -> float:
        """Return the relative gap of ``flow`` (A,)."""
        total = float(flow @ cost)
        return (total - float(self.volume @ least)) / total if total > 0 else 0.0

    def suggested_method(self) -> Literal["segments", "bfw"]:
        """Return ``segments`` unless flows by origin and link would need too much memory."""
        origins = sum(len(block[0]) for block in self.blocks)
        return "segments" if origins * max(len(self.network.tail), self.router.size) <= ENTRIES else "bfw"

    def skim(self, cost: Floats) -> Floats:
        """Return least cost between all zones (Z, Z)."""
        skim = np.empty_like(self.demand)
        per_block = max(1, TREE_ENTRIES // max(self.router.size, 1))
        for at in range(0, len(skim), per_block):
            trees = self.router.trees(cost, self.zones[at : at + per_block])
            skim[at : at + per_block] = trees.distance[:, self.zones]
        np.fill_diagonal(skim, 0.0)
        return skim

    def result(self, flow: Floats, gaps: list[float], by_origin: Floats | None, gap: float) -> Assignment:
        """Return the answer with times, skim and gap at ``flow`` (A,)."""
        cost = self.network.costs(flow)
        return Assignment(
            flow=flow,
            time=self.network.times(flow),
            cost=cost,
            relative_gap=gaps[-1],
            iterations=len(gaps) - 1,
            skim=self.skim(cost),
            gaps=tuple(gaps),
            converged=gaps[-1] <= gap,
            network=self.network,
            demand=self.demand,
            zones=self.zones,
            origin_flow=by_origin,
        )


def _frank_wolfe(problem: _Problem, gap: float, limit: int) -> tuple[Floats, list[float], None]:
    """Bi-conjugate Frank-Wolfe: each target is conjugate to the two directions before it."""
    network = problem.network
    problem.search(network.costs(np.zeros(len(network.tail))))
    flow, gaps = problem.load(), []
    targets: list[Floats] = []
    step = 1.0
    while True:
        cost = network.costs(flow)
        least = problem.search(cost)
        gaps.append(problem.gap(flow, cost, least))
        if gaps[-1] <= gap or len(gaps) > limit:
            return flow, gaps, None
        nearest = problem.load()
        target = _conjugate_target(network.slopes(flow), flow, nearest, targets, step)
        if cost @ (target - flow) >= 0:
            target, targets = nearest, []
        step = line_search(network, flow, target - flow)
        flow = np.maximum(flow + step * (target - flow), 0.0)
        targets = [] if step > WHOLE_STEP else [target, *targets[:1]]


def line_search(network: Network, flow: Floats, step: Floats) -> float:
    """Return the s in [0, 1] that minimises Beckmann's objective along ``flow + s step`` (A,).

    Newton's method on the derivative, kept inside a bracket that bisection shrinks.
    """
    if network.costs(flow + step) @ step <= 0:
        return 1.0
    low, high, s = 0.0, 1.0, 1.0
    for _ in range(LINE_SEARCH_STEPS):
        at = flow + s * step
        value, slope = float(network.costs(at) @ step), float(network.slopes(at) @ step**2)
        low, high = (s, high) if value < 0 else (low, s)
        following = s - value / slope if slope > 0 else low
        following = following if low < following < high else 0.5 * (low + high)
        if value == 0 or abs(following - s) <= np.finfo(float).eps:
            break
        s = following
    return s


def _conjugate_target(
    curvature: Floats, flow: Floats, nearest: Floats, targets: list[Floats], step: float
) -> Floats:
    """Return the target whose direction is conjugate to the last two (mu and nu as in their paper)."""
    if not targets:
        return nearest
    towards = curvature * (nearest - flow)
    if len(targets) == 1:
        back = targets[0] - flow
        top = float(back @ towards)
        bottom = float(back @ (curvature * (nearest - targets[0])))
        share = min(max(top / bottom, 0.0), TIGHT) if bottom != 0 else 0.0
        return np.asarray(share * targets[0] + (1 - share) * nearest)
    last, older = targets
    before, before_last = last - flow, step * last + (1 - step) * older - flow
    bottom_mu = float(before_last @ (curvature * (older - last)))
    bottom_nu = float(before @ (curvature * before))
    if bottom_mu == 0 or bottom_nu == 0:
        return nearest
    mu = max(0.0, -float(before_last @ towards) / bottom_mu)
    nu = max(0.0, -float(before @ towards) / bottom_nu + mu * step / (1 - step))
    return np.asarray((nearest + nu * last + mu * older) / (1 + mu + nu))


def _segment_shifts(
    problem: _Problem, gap: float, limit: int, start: Assignment | None
) -> tuple[Floats, list[float], Floats]:
    """Search for pairs of alternative segments and balance them in turn, until the gap is met."""
    network, gaps = problem.network, list[float]()
    by_origin = problem.first_flows(start)
    flows = problem.origin_flows(by_origin)
    flow = flows.refresh()
    while True:
        cost = network.costs(flow)
        least = problem.search(cost)
        gaps.append(problem.gap(flow, cost, least))
        if gaps[-1] <= gap or len(gaps) > limit:
            return flow, gaps, by_origin
        smallest = 0.01 * min(gaps[-1], max(gap, 1e-14)) * float(flow @ cost) / flows.flow.size
        flows.search(problem.all_trees(), cost, smallest)
        flows.balance(0.1 * max(0.1 * gaps[-1], gap))
        flow = flows.refresh()


def _need_origins(assignment: Assignment) -> Floats:
    if assignment.origin_flow is None:
        raise ModelError(Fault("assignment.no_origins", "method"))
    return assignment.origin_flow


@dataclass(frozen=True, eq=False)
class LinearResponse:
    """The derivative of zone-to-zone times in demand at an equilibrium: symmetric, positive semi-definite.

    Drivers shift between the paths they use so that these stay equally dear; paths unused stay unused.

    Parameters
    ----------
    paths
        (Z Z, A) links of one equilibrium path of each pair, row by row of the demand.
    link_slopes
        (A, A) change of link time, minutes, per vehicle added to a link and re-spread.
    """

    paths: csr_array
    link_slopes: Floats

    def times(self, change: npt.ArrayLike) -> Floats:
        """Return the change of least cost (Z, Z), minutes, for a ``change`` (Z, Z) of demand, vehicles."""
        extra = np.asarray(change, dtype=np.float64)
        return np.asarray(self.paths @ self.link_times(extra)).reshape(extra.shape)

    def link_times(self, change: npt.ArrayLike) -> Floats:
        """Return the change of link time (A,), minutes, for a ``change`` (Z, Z) of demand, vehicles."""
        moving = np.array(change, dtype=np.float64)
        np.fill_diagonal(moving, 0.0)
        return np.asarray(self.link_slopes @ (self.paths.T @ moving.ravel()))


def linear_response(assignment: Assignment, *, used: float = 1e-9) -> LinearResponse:
    """Return the linearised response of zone-to-zone times to demand: sensitivity of the equilibrium.

    Link flows after a small change minimise the quadratic model of Beckmann's objective over shifts
    between used paths, so with W the link slopes and D the cycles that used links of an origin close,
    dt = (W - W D' (D W D')^+ D W) B' dq, and dT = B dt for one used path B of each pair
    (Josefsson and Patriksson 2007, Transportation Research B 41). Cost A^3 once, then two products.

    Parameters
    ----------
    assignment
        With flows by origin, and a gap small enough to tell used links from unused (1e-8 or less).
    used
        A link counts as used by an origin above this share of the origin's trips.

    Raises
    ------
    ModelError
        If the assignment kept no flows by origin.
    """
    base, cycles = _paths_and_cycles(assignment, used)
    values, vectors = np.linalg.eigh(np.asarray((cycles.T @ cycles).todense()))
    span = vectors[:, values > 1e-9 * max(values.max(initial=0.0), 1.0)]
    root = np.sqrt(assignment.network.slopes(assignment.flow))
    left, sizes, _ = np.linalg.svd(root[:, None] * span, full_matrices=False)
    left = left[:, sizes > 1e-10 * sizes.max(initial=0.0)]
    outside = np.eye(len(root)) - left @ left.T
    return LinearResponse(base, root[:, None] * outside * root[None, :])


def _paths_and_cycles(assignment: Assignment, used: float) -> tuple[csr_array, csr_array]:
    """Return a used path (Z Z, A) of each pair and the cycles (K, A) closed by used links off those paths.

    Each node is entered by the origin's most used link, or the tree's where the origin does not go.
    """
    _need_origins(assignment)
    network, zones, size = assignment.network, assignment.zones, len(assignment.zones)
    router = Router(network.tail, network.head, network.nodes, network.first_through)
    trees = router.trees(assignment.cost, zones)
    flow = assignment.by_origin()
    floor = used * assignment.demand.sum(axis=1, keepdims=True)
    flow[flow <= floor] = 0.0
    origin, link = np.nonzero(flow)
    order = np.argsort(flow[origin, link], kind="stable")
    origin, link = origin[order], link[order]
    entry = trees.link.copy()
    entry[origin, router.head[link]] = link
    own = np.arange(router.size)
    parent = np.where(entry >= 0, router.tail[entry], own)
    trees = Trees(trees.distance, parent, entry)
    row = np.repeat(np.arange(size), size)
    node = np.tile(zones, size)
    node[:: size + 1] = router.sources(zones)
    base = router.routes(trees, row, node)
    off = entry[origin, router.head[link]] != link
    origin, link = origin[off], link[off]
    single = csr_array((np.ones(len(link)), (np.arange(len(link)), link)), shape=(len(link), base.shape[1]))
    there = router.routes(trees, origin, router.tail[link])
    return base, csr_array(there + single - router.routes(trees, origin, router.head[link]))


@dataclass(frozen=True)
class ResponseError:
    """How far a linear response is from the full equilibrium, over pairs with demand, by demand.

    Parameters
    ----------
    mean_change
        Mean absolute change of time in the full equilibrium, minutes.
    mean_error
        Mean absolute difference of the linear change from it, minutes.
    worst
        Largest absolute difference of any pair with demand, minutes.
    """

    mean_change: float
    mean_error: float
    worst: float

    @property
    def relative(self) -> float:
        """Mean error as a share of the mean change; 0 where nothing changes."""
        return self.mean_error / self.mean_change if self.mean_change > 0 else 0.0


def response_error(
    assignment: Assignment, response: LinearResponse, demand: npt.ArrayLike, *, gap: float = 1e-9
) -> ResponseError:
    """Return the error of ``response`` at ``demand`` (Z, Z) against a full assignment of it."""
    matrix = np.asarray(demand, dtype=np.float64)
    full = assign(
        assignment.network, matrix, zones=assignment.zones, gap=gap, method="segments", start=assignment
    )
    change = full.skim - assignment.skim
    return weighted_error(change, response.times(matrix - assignment.demand), matrix)


def weighted_error(change: Floats, linear: Floats, weight: Floats) -> ResponseError:
    """Return how far ``linear`` (Z, Z) is from ``change`` (Z, Z), weighted by ``weight`` (Z, Z)."""
    where = weight > 0
    if not where.any():
        return ResponseError(0.0, 0.0, 0.0)
    miss = np.abs(linear[where] - change[where])
    return ResponseError(
        float(np.average(np.abs(change[where]), weights=weight[where])),
        float(np.average(miss, weights=weight[where])),
        float(miss.max()),
    )


def read_tntp(
    net_path: str | Path,
    trips_path: str | Path,
    *,
    toll_factor: float | None = None,
    distance_factor: float | None = None,
) -> tuple[Network, Floats]:
    """Return network and demand of files in the format of *Transportation Networks for Research*.

    Zone k of the files is node k - 1. Generalised cost is time + ``toll_factor`` x toll +
    ``distance_factor`` x length; both factors default to the net file's own tags, else 0.

    Raises
    ------
    ModelError
        If a file cannot be read, with the line.
    """
    tags, rows = read_net(Path(net_path))
    zones, first, nodes = (
        int(tags.get(name, default))
        for name, default in (("NUMBER OF ZONES", 0), ("FIRST THRU NODE", 1), ("NUMBER OF NODES", 0))
    )
    demand = read_trips(Path(trips_path), zones)
    by_toll = float(tags.get("TOLL FACTOR", 0) or 0) if toll_factor is None else toll_factor
    by_km = float(tags.get("DISTANCE FACTOR", 0) or 0) if distance_factor is None else distance_factor
    nodes = max(nodes, len(demand), int(rows[:, :2].max()))
    network = Network(
        rows[:, 0] - 1,
        rows[:, 1] - 1,
        capacity=rows[:, 2],
        free_flow_time=rows[:, 4],
        alpha=rows[:, 5],
        beta=rows[:, 6],
        toll=by_toll * rows[:, 8] + by_km * rows[:, 3],
        length=rows[:, 3],
        nodes=nodes,
        first_through=max(first - 1, 0),
        names=tuple(str(number + 1) for number in range(nodes)),
    )
    return network, demand


def read_tntp_flows(path: str | Path, network: Network) -> Floats:
    """Return published link flows (A,) in the order of ``network``; not a number where the file has none.

    Parallel links take the file's rows in order.
    """
    known: dict[tuple[int, int], list[float]] = {}
    for tail, head, volume in read_flows(Path(path)):
        known.setdefault((int(tail) - 1, int(head) - 1), []).append(float(volume))
    flows = np.full(len(network.tail), np.nan)
    for link, ends in enumerate(zip(network.tail.tolist(), network.head.tolist(), strict=True)):
        if known.get(ends):
            flows[link] = known[ends].pop(0)
    return flows
