"""From one year to the next: prices clear every year, people, buildings and productivity follow in part.

A share rho_R of private workers chooses home and work anew; the others stay, at this year's wages. Floor
space closes rho_H of the gap to what its price would build, productivity rho_A of the gap to what density
would bring. Institutions follow their schedule at once. A year is the static problem with smaller responses
and last year's state as a constant, so that a path at rest is the static solution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Fault, ModelError
from geo.model.equilibrium import Lag, Shock, commuting_flows, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.model.solve import Array
    from geo.model.state import Calibrated, Equilibrium

__all__ = ["Path", "at_rest", "one_year", "path"]


@dataclass(frozen=True, eq=False)
class Path:
    """A path of yearly states.

    Attributes
    ----------
    years
        The years, (T,).
    states
        One equilibrium of prices a year.
    limit
        The static solution of the last year's shock, which the path approaches.
    gap
        Largest distance to it in logs of jobs and residents, by year, (T,).
    flows
        Private workers by home and work in the last year, (N, N), persons.
    """

    years: tuple[int, ...]
    states: tuple[Equilibrium, ...]
    limit: Equilibrium
    gap: Array
    flows: Array


def path(
    base: Calibrated, shocks: Sequence[Shock], *, first_year: int = 2020, tolerance: float = 1e-10
) -> Path:
    """Return the path of ``base`` under one shock a year, each measured against the baseline.

    Parameters
    ----------
    base
        A calibrated economy, at rest in the year before the first.
    shocks
        What is different from the baseline in each year (not from the year before), at least one.
    first_year
        Year of the first shock.
    tolerance
        Largest residual in logs.

    Raises
    ------
    ModelError
        Where a year, or the limit, has no equilibrium; the fault names the year.
    """
    if not shocks:
        raise ModelError(Fault("equilibrium.no_years", where="shocks"))
    lag = at_rest(base)
    joined, start = 0.0, None
    states: list[Equilibrium] = []
    for offset, shock in enumerate(shocks):
        if shock.private_workers != joined and base.workers + shock.private_workers > 0:
            ratio = (base.workers + shock.private_workers) / (base.workers + joined)
            lag, joined = replace(lag, flows=lag.flows * ratio), shock.private_workers
        try:
            state, lag = one_year(base, shock, lag, start=start, tolerance=tolerance)
        except ModelError as error:
            raise ModelError(_dated(error, first_year + offset)) from error
        # The next year is guessed on the line through the last two.
        start = state.log_state if not states else 2.0 * state.log_state - states[-1].log_state
        states.append(state)
    limit = solve(base, shocks[-1], start=start, tolerance=tolerance)
    years = tuple(range(first_year, first_year + len(states)))
    return Path(years, tuple(states), limit, np.array([_gap(state, limit) for state in states]), lag.flows)


def at_rest(base: Calibrated) -> Lag:
    """Return what the year before the first leaves behind: the baseline."""
    return Lag(base.commuting * base.workers, np.zeros(base.zones), np.zeros(base.zones))


def one_year(
    base: Calibrated, shock: Shock, lag: Lag, *, start: Array | None = None, tolerance: float = 1e-10
) -> tuple[Equilibrium, Lag]:
    """Return one year of partial adjustment, and what it leaves to the next.

    Parameters
    ----------
    shock
        What is different from the baseline.
    lag
        What the year before left behind.
    start, tolerance
        As in :func:`geo.model.equilibrium.solve`.
    """
    state = solve(base, shock, start=start, lag=lag, tolerance=tolerance)
    return state, Lag(commuting_flows(base, shock, state, lag), state.log_floor, state.log_spill)


def _gap(state: Equilibrium, limit: Equilibrium) -> float:
    """Return the largest distance of two states in logs of jobs and residents."""
    jobs = np.abs(np.log(state.jobs_hat / limit.jobs_hat)).max()
    homes = np.abs(np.log(state.residents_hat / limit.residents_hat)).max()
    return float(max(jobs, homes))


def _dated(error: ModelError, year: int) -> list[Fault]:
    """Name the year in every fault."""
    return [replace(fault, where=f"{year}: {fault.where}") for fault in error.faults]
