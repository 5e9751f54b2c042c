"""Times that answer to traffic, and the trips that answer to times: how the two are made to agree.

A change of daily trips, dq, changes link times, y = L B' (drive dq) at first order; minutes follow,
m = share (B y); people answer to minutes, dq = - decay q m. Where roads are full the answer is much larger
than the question, so plain successive averages swing. Here every residual is passed through the inverse of
``I + rho L B' W B`` with ``W = decay drive q share`` and rho the share of people who choose anew: nearly one
step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import diags_array

from geo.model.roads import OWN_BETA, Traffic, road_share
from geo.model.travel import composite_minutes

if TYPE_CHECKING:
    from typing import Any

    from geo.model.roads import Roads
    from geo.model.solve import Array

__all__ = ["Feedback"]


@dataclass(frozen=True, eq=False)
class Feedback:
    """How times answer to a change of daily trips.

    A response is one vector: the change of link times, (A,), then of times inside each county, (N,); minutes.

    Parameters
    ----------
    roads
        Roads with the traffic of the baseline.
    scale
        Multiplies every change of times; 1 believes the roads as calibrated.
    """

    roads: Roads
    scale: float = 1.0

    def scaled(self, scale: float) -> Feedback:
        """Return the same roads with another scale; what does not depend on it is kept."""
        other = replace(self, scale=scale)
        for name in ("_weight", "_loop", "_own_loop", "_composite"):
            other.__dict__[name] = getattr(self, name)
        return other

    @property
    def links(self) -> int:
        """Number of links, A."""
        return len(self.roads.network.tail)

    def traffic(self, trips: Array) -> Traffic:
        """Return the traffic after a change of daily trips, (N, N), by the linear response of flows."""
        found, before = self.roads.linear_traffic(trips), self.roads.before
        if self.scale == 1.0:
            return found
        parts = ("time", "own_time", "times")
        return replace(found, **{
            name: getattr(before, name) + self.scale * (getattr(found, name) - getattr(before, name))
            for name in parts
        })  # fmt: skip

    def answer(self, traffic: Traffic) -> Array:
        """Return the response that traffic means, (A + N,)."""
        before = self.roads.before
        return np.concatenate([traffic.time - before.time, traffic.own_time - before.own_time])

    def minutes(self, response: Array) -> Array:
        """Return the change of composite one-way minutes of a response, (N, N)."""
        before, shape = self.roads.before, self.roads.drive.shape
        extra = self.roads.response.paths @ response[: self.links]
        times = np.maximum(before.times + extra.reshape(shape), self.roads.free)
        roads = self.roads
        change = composite_minutes(roads.road + times - before.times, roads.rail, roads.decay, roads.asc)
        change -= self._composite
        np.fill_diagonal(change, response[self.links :])
        return np.asarray(change)

    def full(self, trips: Array) -> Array:
        """Return the change of minutes for a change of daily trips, (N, N), by a new assignment."""
        return self.scale * self.roads.full(trips)

    def settle(self, residual: Array, *, yearly: float = 1.0) -> Array:
        """Return the step that a residual (answer - response) calls for, once people have answered to it.

        Parameters
        ----------
        yearly
            Share of people who choose anew.
        """
        if yearly not in self._factors:
            matrix = np.eye(self.links) + yearly * self.scale * self._loop
            self._factors[yearly] = lu_factor(matrix)
        own = residual[self.links :] / (1.0 + yearly * self.scale * self._own_loop)
        return np.concatenate([lu_solve(self._factors[yearly], residual[: self.links]), own])

    @cached_property
    def _composite(self) -> Array:
        roads = self.roads
        return composite_minutes(roads.road, roads.rail, roads.decay, roads.asc)

    @cached_property
    def _factors(self) -> dict[float, Any]:
        return {}

    @cached_property
    def _weight(self) -> Array:
        """Cars lost per minute by pair, (N, N)."""
        roads = self.roads
        share = road_share(roads.road, roads.rail, roads.decay, roads.asc)
        return np.asarray(roads.decay * roads.drive * roads.trips * share)

    @cached_property
    def _loop(self) -> Array:
        """Answer of link times to link times through people, (A, A)."""
        weight = self._weight.copy()
        np.fill_diagonal(weight, 0.0)
        paths = self.roads.response.paths
        cars = (paths.T @ (diags_array(weight.ravel()) @ paths)).toarray()
        return np.asarray(self.roads.response.link_slopes @ cars)

    @cached_property
    def _own_loop(self) -> Array:
        """The same inside each county, (N,)."""
        before = self.roads.before
        slope = OWN_BETA * (before.own_time - self.roads.own_minutes) / np.maximum(before.own_flow, 1e-12)
        return np.asarray(slope * np.diag(self._weight))
