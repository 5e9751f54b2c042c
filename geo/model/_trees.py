"""Shortest-path trees of many origins at once, and loading demand onto them, without a loop per pair."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

__all__ = ["Floats", "Ints", "Router", "Trees"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DENSE_LOOKUP_NODES = 3000
"""Up to here a table (nodes, nodes) finds the link of a node pair; above, a binary search does."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Shortest-path trees, one a row.

    Parameters
    ----------
    distance
        (O, M) cost from each origin to each node of the split graph; infinite if out of reach.
    parent
        (O, M) node before each node on its path; a root or a node out of reach is its own parent.
    link
        (O, M) link by which the path enters each node; -1 at roots and out of reach.
    """

    distance: Floats
    parent: Ints
    link: Ints


class Router:
    """Least-cost routes between zones of a network whose links and nodes stay as they are.

    A zone that must not be passed through has its outgoing links moved to a copy of its node, from which
    its own trips leave: nothing that enters the zone can go on.

    Parameters
    ----------
    tail, head
        (A,) nodes at the start and end of each link.
    nodes
        Number of nodes.
    first_through
        Nodes below this number are ends of trips only.
    """

    def __init__(self, tail: Ints, head: Ints, nodes: int, first_through: int) -> None:
        self.links = len(tail)
        self.nodes = nodes
        self.size = nodes + first_through
        self._first_through = first_through
        tail = np.where(tail < first_through, tail + nodes, tail)
        self.tail, self.head = tail, head
        self._order = np.lexsort((head, tail))
        key = tail[self._order] * self.size + head[self._order]
        new = np.r_[True, key[1:] != key[:-1]] if len(key) else np.zeros(0, dtype=bool)
        self._starts = np.flatnonzero(new)
        self._group = np.cumsum(new) - 1
        self._key = key[self._starts]
        self._heads = self._key % self.size
        counts = np.bincount(self._key // self.size, minlength=self.size)
        self._indptr = np.r_[0, np.cumsum(counts)]
        self._table: npt.NDArray[np.int32] | None = None
        if self.size <= DENSE_LOOKUP_NODES:
            self._table = np.full(self.size * self.size, -1, dtype=np.int32)
            self._table[self._key] = np.arange(len(self._key), dtype=np.int32)

    def sources(self, zones: Ints) -> Ints:
        """Return the nodes of the split graph from which the trips of ``zones`` leave."""
        return np.where(zones < self._first_through, zones + self.nodes, zones)

    def trees(self, cost: Floats, zones: Ints) -> Trees:
        """Return the shortest-path trees from ``zones`` (O,) at link costs ``cost`` (A,), none negative."""
        weight, best = self._cheapest_of_parallel(cost)
        graph = csr_array((weight, self._heads, self._indptr), shape=(self.size, self.size))
        distance, before = dijkstra(graph, indices=self.sources(zones), return_predecessors=True)
        own = np.arange(self.size)
        inner = before >= 0
        parent = np.where(inner, before, own)
        key = parent * self.size + own
        if self._table is not None:
            found = self._table[key]
        else:
            found = np.where(inner, np.searchsorted(self._key, key), -1)
        link = np.full(parent.shape, -1, dtype=np.int64)
        link[inner] = best[found[inner]]
        return Trees(distance, parent.astype(np.int64), link)

    def _cheapest_of_parallel(self, cost: Floats) -> tuple[Floats, Ints]:
        ordered = cost[self._order]
        if len(self._starts) == self.links:
            return ordered, self._order
        weight = np.minimum.reduceat(ordered, self._starts)
        places = np.flatnonzero(ordered == weight[self._group])
        _, first = np.unique(self._group[places], return_index=True)
        return weight, self._order[places[first]]

    def load(self, trees: Trees, row: Ints, node: Ints, volume: Floats) -> Floats:
        """Return link flows (A,) when each ``volume`` (P,) goes from the root of its row to its node."""
        through, link, used = self._through(trees, row, node, volume)
        return np.bincount(link[used], weights=through[used], minlength=self.links).astype(np.float64)

    def load_by_root(self, trees: Trees, row: Ints, node: Ints, volume: Floats) -> Floats:
        """Return the same by root: (A, O)."""
        through, link, used = self._through(trees, row, node, volume)
        flow = np.zeros((self.links, len(trees.parent)))
        flow[link[used], used // self.size] = through[used]
        return flow

    def _through(self, trees: Trees, row: Ints, node: Ints, volume: Floats) -> tuple[Floats, Ints, Ints]:
        """Return trips through each tree node, its entering link, and which of them carry trips: flat."""
        through = np.zeros(trees.parent.size)
        np.add.at(through, row * self.size + node, volume)
        parent = (trees.parent + (np.arange(len(trees.parent)) * self.size)[:, None]).ravel()
        for level in reversed(_levels(parent)):
            np.add.at(through, parent[level], through[level])
        link = trees.link.ravel()
        return through, link, np.flatnonzero((link >= 0) & (through > 0))

    def routes(self, trees: Trees, row: Ints, node: Ints) -> csr_array:
        """Return which links (P, A) the path from the root of ``row`` (P,) to ``node`` (P,) uses."""
        at, pair = node.copy(), np.arange(len(node))
        pairs, links = [], []
        while len(pair):
            link = trees.link[row[pair], at]
            going = link >= 0
            pair, link, at = pair[going], link[going], at[going]
            pairs.append(pair)
            links.append(link)
            at = trees.parent[row[pair], at]
        where = np.concatenate(pairs) if pairs else np.zeros(0, dtype=np.int64)
        which = np.concatenate(links) if links else np.zeros(0, dtype=np.int64)
        order = np.lexsort((which, where))
        indptr = np.r_[0, np.cumsum(np.bincount(where, minlength=len(node)))]
        return csr_array((np.ones(len(where)), which[order], indptr), shape=(len(node), self.links))


def _levels(parent: Ints) -> list[Ints]:
    """Return the entries of a forest by depth, from 1 down; a root is its own parent."""
    depth = (parent != np.arange(len(parent))).astype(np.int64)
    jump = parent
    while True:
        gained = depth[jump]
        if not gained.any():
            break
        depth += gained
        jump = jump[jump]
    order = np.argsort(depth.astype(np.int32), kind="stable")
    ends = np.cumsum(np.bincount(depth)) if len(depth) else np.zeros(1, dtype=np.int64)
    return [order[a:b] for a, b in pairwise(ends.tolist())]
