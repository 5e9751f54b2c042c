"""From a plan to solved years: the static solution, the path towards it, and who travels where.

Travel times answer to traffic. In the static solution the loop between flows and times is closed; along the
path each year's times follow from the trips of the year before and the staff who move this year, through the
linear response of the roads, plus what the linear response misses in the static solution in proportion to
the posts moved. So the path ends at the static solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.equilibrium import commuting_flows, solve
from geo.model.solve import anderson
from geo.model.years import at_rest, one_year

if TYPE_CHECKING:
    from geo.model.feedback import Feedback
    from geo.model.plan import Plan
    from geo.model.roads import Traffic
    from geo.model.solve import Array
    from geo.model.state import Equilibrium, Shock

__all__ = ["Solved", "Year", "daily_trips", "solve_plan"]

# The loop between trips and minutes stops at these shares of what the moves change at first: of the largest
# change of a link, and of the mean change of a trip for what a new assignment adds; or after so many rounds.
CLOSED, MEAN_GAP, ROUNDS = 5e-5, 0.02, 30
_LEAST = 1e-10
TOLERANCE = 1e-9
# Air reacts weakly to where people are, and they to it: this often and both stand still.
_AIR_ROUNDS = 3

Air = Callable[["Equilibrium", "Traffic | None"], "Array"]


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
    traffic
        Cars on the roads; None where roads do not answer.
    pm
        Change of PM2.5 that people know of, ug / m3, (N,); None where air does not answer.
    """

    state: Equilibrium
    flows: Array
    homes: Array
    daily: Array
    minutes: Array | None
    traffic: Traffic | None = None
    pm: Array | None = None


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
    return homes, trips + stay.T @ plan.there


def solve_plan(
    plan: Plan, roads: Feedback | None = None, air: Air | None = None, *, linear: bool = False
) -> Solved:
    """Solve the long run and every year of a plan.

    Parameters
    ----------
    roads
        How times answer to traffic; None for times that stay.
    air
        Change of the concentration of PM2.5 with a state and its traffic; None for air that stays.
    linear
        Trust the linear answer of the roads in the long run too: faster, for ensembles.

    Raises
    ------
    ModelError
        Where no equilibrium is found, or times and trips do not settle.
    """
    base = plan.base
    trips = base.commuting * base.workers
    if base.staff_home is not None:
        trips = trips + base.staff_home * base.staff.sum(0)
    count = len(plan.active)
    if not plan.active.any():
        return Solved(plan, (None,) * count, trips, 0.0)
    loop = _Loop(plan, trips, roads, air)
    limit = loop.long_run(linear=linear)
    years: list[Year | None] = [None] * (count - 1)
    lag, start = at_rest(base), None
    for row in range(int(np.argmax(plan.active)), count - 1):
        shock = plan.shock(row, loop.expected(row), loop.pm)
        state, lag = one_year(base, shock, lag, start=start, tolerance=TOLERANCE)
        years[row] = loop.year(row, state, lag.flows, shock)
        earlier = years[row - 1] if row else None
        start = state.log_state if earlier is None else 2.0 * state.log_state - earlier.state.log_state
    return Solved(plan, (*years, limit), trips, float(np.abs(loop.missed).max()))


class _Loop:
    """Times and trips of one plan, kept in agreement."""

    def __init__(self, plan: Plan, trips: Array, roads: Feedback | None, air: Air | None) -> None:
        self.plan, self.trips, self.roads, self.air = plan, trips, roads, air
        self.pm: Array | None = None
        self.traffic: Traffic | None = None
        self.missed = np.zeros_like(trips)
        self.response = np.zeros(0 if roads is None else roads.links + len(plan.codes))
        self.change = np.zeros_like(trips)
        self.start: Array | None = None
        self.size = 0.0

    def year(self, row: int, state: Equilibrium, flows: Array, shock: Shock) -> Year:
        """Return a solved year; remember its trips."""
        homes, daily = daily_trips(self.plan, row, state, flows, shock)
        self.change = daily - self.trips
        traffic = None if self.roads is None else self.roads.traffic(self.change)
        self.traffic = traffic
        if self.air is not None:
            self.pm = self.air(state, traffic)
        return Year(state, flows, homes, daily, shock.minutes, traffic, shock.pm)

    def long_run(self, *, linear: bool) -> Year:
        """Return the static solution with the loop closed; keep what the linear answer misses there.

        Inside, times follow the linear answer plus what it missed at the last assignment; outside, new
        assignments until that stays, with Irons and Tuck's factor on the step.
        """
        if self.roads is None:
            year = self._static(None)
            for _ in range(0 if self.air is None else _AIR_ROUNDS):
                year = self._static(None)
            self._reset()
            return year
        self._settle()
        step, last = 0.5, None
        for _ in range(ROUNDS):
            if linear:
                break
            answer = self.roads.minutes(self.roads.answer(self.roads.traffic(self.change)))
            gap = self.roads.full(self.change) - answer - self.missed
            size = float((np.abs(answer) * self.trips).sum())
            if float((np.abs(gap) * self.trips).sum()) <= MEAN_GAP * size:
                break
            if last is not None:
                turn = gap - last
                step = min(max(-step * float((last * turn).sum() / (turn * turn).sum()), 0.1), 1.0)
            last, self.missed = gap, self.missed + step * gap
            self._settle()
        else:
            values = {"rounds": ROUNDS, "gap": f"{float(np.abs(gap).max()):.3g}"}
            raise ModelError(Fault("roads.not_settled", "long run", values))
        year = self._static(self.roads.minutes(self.response) + self.missed)
        self._reset()
        return year

    def _reset(self) -> None:
        """Go back to the year before the first; what the linear answer misses stays."""
        self.response, self.change = np.zeros_like(self.response), np.zeros_like(self.trips)
        self.pm, self.traffic = None, None

    def _static(self, minutes: Array | None, tolerance: float = 1e-11) -> Year:
        row = len(self.plan.active) - 1
        shock = self.plan.shock(row, minutes, self.pm)
        state = solve(self.plan.base, shock, start=self.start, tolerance=tolerance)
        self.start = state.log_state
        return self.year(row, state, commuting_flows(self.plan.base, shock, state), shock)

    def _settle(self) -> None:
        """Bring times and trips of the long run together under the linear answer plus what it misses."""
        roads = self.roads
        if roads is None:
            return

        def step(response: Array) -> Array:
            year = self._static(roads.minutes(response) + self.missed, tolerance=1e-9)
            answer = response if year.traffic is None else roads.answer(year.traffic)
            self.size = self.size or float(np.abs(answer).max())
            return response + roads.settle(answer - response)

        step(self.response)
        close = max(CLOSED * self.size, _LEAST)
        found = anderson(step, self.response, tolerance=close, max_iterations=ROUNDS)
        if not found.residual <= close:
            values = {"rounds": ROUNDS, "gap": f"{found.residual:.3g}"}
            raise ModelError(Fault("roads.not_settled", "long run", values))
        self.response = found.value

    def expected(self, row: int) -> Array | None:
        """Return the year's change of minutes: last year's trips, this year's moved staff, and the answer."""
        if self.roads is None:
            return None
        plan = self.plan
        moved = self._moved(row)
        traffic = self.traffic if moved is None else self.roads.traffic(self.change + moved)
        answer = self.response if traffic is None else self.roads.answer(traffic)
        residual = answer - self.response
        yearly = plan.base.parameters.rho_R
        self.response = self.response + self.roads.settle(residual, yearly=yearly)
        total = plan.posts[-1].sum()
        share = plan.posts[row].sum() / total if total > 0 else 1.0
        return np.asarray(self.roads.minutes(self.response) + share * self.missed)

    def _moved(self, row: int) -> Array | None:
        """Return the change of daily trips that staff who move this year make alone, (N, N), if any."""
        plan, homes = self.plan, self.plan.base.staff_home
        fresh = plan.posts[row] - (plan.posts[row - 1] if row else 0.0)
        stay = plan.stayers[row] - (plan.stayers[row - 1] if row else 0.0)
        if not fresh.any():
            return None
        change = (stay[:, None] * plan.homes * plan.daily).T @ plan.there
        change -= (fresh[:, None] * plan.homes).T @ plan.here
        if homes is not None:
            new = homes.T[plan.moves.destination]
            change += ((fresh - stay)[:, None] * new).T @ plan.there
        return np.asarray(change)
