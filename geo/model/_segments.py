"""User equilibrium by paired alternative segments: two ways between the same nodes, made equally dear.

After Bar-Gera's TAPAS (2010, Transportation Research B 44) in the simplified form of Xie and Xie (2016,
Transportation Research B 93). A pair of segments is found where an origin uses a link that its cheapest tree
does not; flow is shifted for every origin that uses the dearer segment, in proportion. A network has few
such pairs (about as many as independent cycles), so a sweep over them is short even in Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from geo.model._trees import Floats, Ints, Trees

__all__ = ["OriginFlows", "Pair"]

PASSES = 20
RELAXATION = 1.5
"""Sweeps over all pairs between two searches for new ones."""
UNSERVED = 0.02
"""A search goes on at a link until no more than this share of its users' excess cost is left unserved."""
COVERED = 0.5
"""A pair serves an origin if it can move at least this share of the origin's flow on the link."""
CG_STEPS = 200
CG_TOLERANCE = 1e-3
BALANCE_STEPS = 8
BALANCE = 1e-2
"""A shift ends when the difference of cost fell to this share."""
IDLE_PASSES = 5
"""A pair with nothing left to shift is dropped after so many sweeps."""


@dataclass(slots=True, eq=False)
class Pair:
    """Two segments, as links, from one node to another."""

    one: Ints
    other: Ints
    links: tuple[tuple[int, ...], tuple[int, ...]]
    key: frozenset[tuple[int, ...]]
    idle: int = 0

    @classmethod
    def of(cls, one: list[int], other: list[int]) -> Pair:
        """Return the pair of these segments; its key is the same whichever comes first."""
        links = (tuple(one), tuple(other))
        return cls(np.array(one), np.array(other), links, frozenset(links))


class OriginFlows:
    """Flow by link and origin, and the shifts that bring it to equilibrium.

    Parameters
    ----------
    tail, head
        (A,) ends of the links in the split graph.
    nodes
        Number of nodes of the split graph.
    constant, rise, capacity, beta
        (A,) link cost = constant + rise (v / capacity)^beta.
    flow
        (A, O) flow of each origin, changed in place.
    """

    def __init__(
        self,
        ends: tuple[Ints, Ints],
        nodes: int,
        curve: tuple[Floats, Floats, Floats, Floats],
        flow: Floats,
    ) -> None:
        self.tail, self.head = ends
        self.flow = flow
        self.pairs: list[Pair] = []
        self._known: set[frozenset[tuple[int, ...]]] = set()
        self._tails: list[int] = self.tail.tolist()
        self._entering: list[list[int]] = [[] for _ in range(nodes)]
        for link, node in enumerate(self.head.tolist()):
            self._entering[node].append(link)
        self._curve = list(zip(*(part.tolist() for part in curve), strict=True))
        self._volume: list[float] = []
        self._price: list[float] = []
        self.refresh()

    def refresh(self) -> Floats:
        """Add up and return the flow of all origins by link (A,); small rounding does not pile up."""
        total = self.flow.sum(axis=1)
        self._volume = total.tolist()
        self._price = [self._cost(link, volume) for link, volume in enumerate(self._volume)]
        return np.asarray(total)

    def search(self, trees: Trees, cost: Floats, least_excess: float) -> None:
        """Find pairs wherever an origin uses a link off its tree at an excess cost above ``least_excess``."""
        reached = np.where(np.isfinite(trees.distance), trees.distance, 0.0)  # nothing flows elsewhere
        reduced = reached[:, self.tail] + cost - reached[:, self.head]
        off_tree = np.ones_like(reduced, dtype=bool)
        rows, nodes = np.nonzero(trees.link >= 0)
        off_tree[rows, trees.link[rows, nodes]] = False
        excess = np.where(off_tree, self.flow.T * np.maximum(reduced, 0.0), 0.0)
        waiting = excess > least_excess
        for link in np.flatnonzero(waiting.any(axis=0)).tolist():
            self._search_link(link, trees, np.where(waiting[:, link], excess[:, link], 0.0))

    def _search_link(self, link: int, trees: Trees, excess: Floats) -> None:
        """Build pairs ending with ``link``, dearest origin first, until most of ``excess`` (O,) is served."""
        enough = UNSERVED * float(excess.sum())
        for _ in range(2 * len(excess)):
            if excess.sum() <= enough:
                return
            origin = int(np.argmax(excess))
            pair = self._build(link, origin, trees) if self.flow[link, origin] > 0 else None
            if pair is None:
                excess[origin] = 0.0
                continue
            served = self.flow[pair.one].min(axis=0) >= COVERED * self.flow[link]
            excess[served] = 0.0
            excess[origin] = 0.0
            if pair.key not in self._known:
                self._known.add(pair.key)
                self.pairs.append(pair)
            self._shift(pair)

    def _build(self, link: int, origin: int, trees: Trees) -> Pair | None:
        """Go back from ``link`` along the most used links to the tree path of its head."""
        end = int(self.head[link])
        on_path: dict[int, int] = {end: 0}
        cheap: list[int] = []
        node = end
        while (last := int(trees.link[origin, node])) >= 0:
            cheap.append(last)
            node = self._tails[last]
            on_path[node] = len(cheap)
        used = self._back(link, origin, on_path)
        return Pair.of(used, cheap[: on_path[self._tails[used[-1]]]]) if used else None

    def _back(self, link: int, origin: int, on_path: dict[int, int]) -> list[int]:
        """Return links from ``link`` back along the most used to a node ``on_path``; empty if flow ends.

        A cycle met on the way loses its flow, then the way starts again.
        """
        used, node, places = [link], self._tails[link], {int(self.head[link]): 0}
        while node not in on_path or on_path[node] == 0:
            if node in places:
                self._cut(used[places[node] :], origin)
                if self.flow[link, origin] <= 0:
                    return []
                used, node, places = [link], self._tails[link], {int(self.head[link]): 0}
                continue
            places[node] = len(used)
            entering = self._entering[node]
            best = max(entering, key=lambda a: float(self.flow[a, origin]), default=-1)
            if best < 0 or self.flow[best, origin] <= 0:
                return []
            used.append(best)
            node = self._tails[best]
        return used

    def _cut(self, cycle: list[int], origin: int) -> None:
        """Take an origin's flow off a cycle."""
        least = float(self.flow[cycle, origin].min())
        self.flow[cycle, origin] -= least
        for link in cycle:
            self._volume[link] -= least
            self._price[link] = self._cost(link, self._volume[link])

    def balance(self, gap: float) -> None:
        """Shift along all pairs until their users' excess cost is below ``gap`` of the total cost.

        Sweeps pair by pair settle which pairs can still move; between sweeps one Newton step for all pairs
        together takes their interaction into account.
        """
        enough = gap * sum([price * volume for price, volume in zip(self._price, self._volume, strict=True)])
        for _ in range(PASSES):
            excess = 0.0
            for pair in self.pairs:
                excess += self._shift(pair, enough / len(self.pairs))
            self._forget_idle()
            if excess <= enough:
                return

    def _forget_idle(self) -> None:
        self.pairs = [pair for pair in self.pairs if pair.idle < IDLE_PASSES]
        self._known = {pair.key for pair in self.pairs}

    def _cost(self, link: int, volume: float) -> float:
        constant, rise, capacity, beta = self._curve[link]
        load = max(volume, 0.0) / capacity
        return float(constant + rise * load**beta)

    def _shift(self, pair: Pair, negligible: float = 0.0) -> float:
        """Shift flow from the dearer to the cheaper segment; return the excess cost of its users before."""
        price = self._price
        dear, cheap = pair.one, pair.other
        difference = sum([price[a] for a in pair.links[0]]) - sum([price[a] for a in pair.links[1]])
        if difference < 0:
            dear, cheap, difference = cheap, dear, -difference
        if difference * self._volume[int(dear[0])] <= negligible:
            return 0.0
        share = self.flow[dear].min(axis=0)
        most = float(share.sum())
        if most <= 0:
            pair.idle += 1
            return 0.0
        pair.idle = 0
        amount = min(RELAXATION * self._amount(dear, cheap, difference, most), most)
        self._move(dear, cheap, share, amount, most)
        return difference * most

    def _move(self, dear: Ints, cheap: Ints, share: Floats, amount: float, most: float) -> None:
        """Move ``amount`` of the ``most`` that origins have on ``dear``, in proportion to ``share`` (O,)."""
        if amount < most:
            share *= amount / most
        self.flow[dear] -= share
        self.flow[cheap] += share
        for links, change in ((dear, -amount), (cheap, amount)):
            for link in links.tolist():
                self._volume[link] += change
                self._price[link] = self._cost(link, self._volume[link])

    def _difference(self, dear: Ints, cheap: Ints, amount: float) -> float:
        """Return how much dearer ``dear`` is than ``cheap`` after ``amount`` has been shifted."""
        volume, cost = self._volume, self._cost
        return sum([cost(a, volume[a] - amount) for a in dear.tolist()]) - sum(
            [cost(a, volume[a] + amount) for a in cheap.tolist()]
        )

    def _link_slope(self, link: int) -> float:
        _, rise, capacity, beta = self._curve[link]
        volume = self._volume[link]
        return rise * beta * (volume / capacity) ** (beta - 1) / capacity if beta and volume > 0 else 0.0

    def _amount(self, dear: Ints, cheap: Ints, difference: float, most: float) -> float:
        """Return the shift, up to ``most``, after which both cost the same: Newton, then false position."""
        slope = sum([self._link_slope(a) for a in (*dear.tolist(), *cheap.tolist())])
        trial = min(difference / slope, most) if slope > 0 else most
        low, at_low, high, at_high = 0.0, difference, most, 0.0
        for _ in range(BALANCE_STEPS):
            left = self._difference(dear, cheap, trial)
            if abs(left) <= BALANCE * difference or (left > 0 and trial >= most):
                break
            if left > 0:
                low, at_low = trial, left
            else:
                high, at_high = trial, left
            bracketed = at_high < 0
            trial = low + (high - low) * at_low / (at_low - at_high) if bracketed else most
            trial = (
                min(max(trial, low + 0.1 * (high - low)), high - 0.1 * (high - low)) if bracketed else most
            )
        return trial
