"""From a plan to solved years: the static solution, the path towards it, and who travels where.

Travel times answer to traffic. In the static solution the loop between flows and times is closed; along the
path each year's times follow from the trips of the year before and the staff who move this year, through the
linear response of the roads, plus what the linear response misses in the static solution in proportion to
the posts moved. So the path ends at the static solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from geo.model.equilibrium import commuting_flows, solve
from geo.model.years import at_rest, one_year

if TYPE_CHECKING:
    from geo.model.plan import Plan
    from geo.model.solve import Array
    from geo.model.state import Equilibrium, Shock

__all__ = ["Answer", "Solved", "Year", "daily_trips", "solve_plan"]

# The static loop between trips and minutes stops below this change, minutes, or after so many rounds.
CLOSED, ROUNDS = 1e-3, 12
_DAMPED_FROM = 3
TOLERANCE = 1e-10


class Answer(Protocol):
    """How times answer to a change of daily trips, (N, N); see :mod:`geo.model.roads`."""

    def linear(self, trips: Array) -> Array:
        """Return the change of one-way minutes, (N, N), by the response at the baseline."""

    def full(self, trips: Array) -> Array:
        """Return the change of one-way minutes, (N, N), by a new assignment."""


@dataclass(frozen=True, eq=False)
class Year:
    """One solved year.

    Parameters
    ----------
    state
        The equilibrium of the year.
    flows
        Private workers by home and work, (N, N).
    homes
        Where staff of each workplace who choose a home live: columns sum to one, (N, N).
    daily
        Daily trips of everybody by home and work, (N, N).
    minutes
        Change of one-way minutes, (N, N); None where roads do not answer.
    """

    state: Equilibrium
    flows: Array
    homes: Array
    daily: Array
    minutes: Array | None


@dataclass(frozen=True, eq=False)
class Solved:
    """All years of a plan, and its long run.

    Parameters
    ----------
    plan
        What was asked.
    years
        One for each row of the plan, the long run last; None where nothing differs from the baseline yet.
    trips
        Daily trips before, (N, N).
    response_error
        Largest difference in minutes between linear and full answer in the long run.
    """

    plan: Plan
    years: tuple[Year | None, ...]
    trips: Array
    response_error: float


def daily_trips(plan: Plan, row: int, state: Equilibrium, flows: Array, shock: Shock) -> tuple[Array, Array]:
    """Return where staff live by workplace, and daily trips of everybody, (N, N) each.

    Private workers travel daily; so do staff who choose a home by their work, and those who keep an old
    home within reach of a day.
    """
    base = plan.base
    if base.staff_home is None:
        return np.zeros_like(flows), flows
    eps = float(base.staff_eps[0])
    weight = base.staff_home
    if shock.minutes is not None:
        weight = weight * np.exp(-eps * base.parameters.kappa * shock.minutes)
    pull = state.amenity_hat**eps * state.cost_of_living_hat**-eps
    homes = weight * pull[:, None] / (pull @ weight)
    free = state.staff_jobs.sum(0) - (0.0 if shock.kept_work is None else shock.kept_work.sum(0))
    trips = flows + homes * np.maximum(free, 0.0)
    stay = plan.stayers[row][:, None] * plan.homes * plan.daily
    np.add.at(trips.T, plan.moves.destination, stay)
    return homes, trips


def solve_plan(plan: Plan, roads: Answer | None = None) -> Solved:
    """Solve the long run and every year of a plan.

    Parameters
    ----------
    roads
        How times answer to traffic; None for times that stay.

    Raises
    ------
    ModelError
        Where no equilibrium is found.
    """
    base = plan.base
    trips = base.commuting * base.workers
    if base.staff_home is not None:
        trips = trips + base.staff_home * base.staff.sum(0)
    count = len(plan.active)
    if not plan.active.any():
        return Solved(plan, (None,) * count, trips, 0.0)
    limit, missed = _long_run(plan, trips, roads)
    years: list[Year | None] = [None] * (count - 1)
    lag, start, before = at_rest(base), None, np.zeros_like(trips)
    for row in range(int(np.argmax(plan.active)), count - 1):
        minutes = None if roads is None else _guess(plan, row, roads, before, missed)
        shock = plan.shock(row, minutes)
        state, lag = one_year(base, shock, lag, start=start, tolerance=TOLERANCE)
        homes, daily = daily_trips(plan, row, state, lag.flows, shock)
        earlier = years[row - 1] if row else None
        start = state.log_state if earlier is None else 2.0 * state.log_state - earlier.state.log_state
        years[row] = Year(state, lag.flows, homes, daily, minutes)
        before = daily - trips
    error = float(np.abs(missed).max()) if roads is not None else 0.0
    return Solved(plan, (*years, limit), trips, error)


def _long_run(plan: Plan, trips: Array, roads: Answer | None) -> tuple[Year, Array]:
    """Return the static solution with the loop closed, and what the linear response misses there, (N, N)."""
    row = len(plan.active) - 1
    minutes = None if roads is None else np.zeros_like(trips)
    start = None
    for turn in range(1, ROUNDS + 1):
        shock = plan.shock(row, minutes)
        state = solve(plan.base, shock, start=start)
        start = state.log_state
        flows = commuting_flows(plan.base, shock, state)
        homes, daily = daily_trips(plan, row, state, flows, shock)
        year = Year(state, flows, homes, daily, minutes)
        if roads is None or minutes is None:
            return year, np.zeros_like(trips)
        answer = roads.full(daily - trips)
        gap = float(np.abs(answer - minutes).max())
        if gap <= CLOSED or turn == ROUNDS:
            return year, minutes - roads.linear(daily - trips)
        minutes = minutes + (answer - minutes) / (1.0 if turn < _DAMPED_FROM else 2.0)
    raise AssertionError  # pragma: no cover - the last round returns


def _guess(plan: Plan, row: int, roads: Answer, before: Array, missed: Array) -> Array:
    """Return the year's change of minutes from last year's trips and this year's moved staff."""
    fresh = plan.posts[row] - (plan.posts[row - 1] if row else 0.0)
    change = before.copy()
    stay = plan.stayers[row] - (plan.stayers[row - 1] if row else 0.0)
    homes = plan.base.staff_home
    np.add.at(change.T, plan.moves.origin, -fresh[:, None] * plan.homes)
    np.add.at(change.T, plan.moves.destination, stay[:, None] * plan.homes * plan.daily)
    if homes is not None:
        there = plan.moves.destination
        np.add.at(change.T, there, (fresh - stay)[:, None] * homes.T[there])
    total = plan.posts[-1].sum()
    share = plan.posts[row].sum() / total if total > 0 else 1.0
    return np.asarray(roads.linear(change) + share * missed)
