"""Calibration inversions: from what is observed to the shares and fundamentals that reproduce it.

Each is a pure function of arrays. Homes ``n`` are rows, workplaces ``i`` columns of commuting;
``trade[i, n]`` is the share of n's spending on goods made in i, so that columns sum to one.

Sources: Monte, Redding and Rossi-Hansberg (2018), "Commuting, Migration, and Local Employment Elasticities",
American Economic Review 108(12), here MRRH; Seidel and Wickerath (2020), "Rush hours and urbanization",
Regional Science and Urban Economics 85, here SW; Ahlfeldt, Redding, Sturm and Wolf (2015), "The Economics of
Density", Econometrica 83(6), here ARSW.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components

from geo.errors import Fault, ModelError
from geo.model.solve import Array, anderson

__all__ = [
    "Balance",
    "balance",
    "commuting_shares",
    "connected_faults",
    "exponential_cost",
    "positive_faults",
    "power_cost",
    "productivity",
    "residential_wage",
    "shape_faults",
    "trade_shares",
    "transferred_wage",
    "workplace_amenity",
]

# Margins whose totals differ by more than this cannot both be met.
_TOTALS = 1e-6


@dataclass(frozen=True, eq=False)
class Balance:
    """A matrix scaled to two margins: ``flows = row[:, None] * kernel * column``.

    Attributes
    ----------
    flows
        Shape (n, m); its sums are the margins.
    row, column
        Scaling factors; ``column`` has geometric mean 1.
    error
        Largest relative gap to the row margin (the columns are met to rounding).
    iterations
        Sweeps.
    """

    flows: Array
    row: Array
    column: Array
    error: float
    iterations: int


def shape_faults(shapes: dict[str, tuple[Any, tuple[int, ...]]]) -> list[Fault]:
    """Return a fault for each array whose shape is not the one expected, keyed by its name."""
    return [
        Fault("equilibrium.shape", where=name, values={"expected": expected, "found": np.shape(array)})
        for name, (array, expected) in shapes.items()
        if np.shape(array) != expected
    ]


def positive_faults(arrays: dict[str, object], *, zero: bool = False) -> list[Fault]:
    """Return a fault for each array with a missing, infinite, negative or (unless ``zero``) zero entry."""
    faults = []
    for name, given in arrays.items():
        array = np.asarray(given, dtype=float)
        finite = np.isfinite(array)
        low = finite & ((array < 0) if zero else (array <= 0))
        for code, bad in (("not_finite", ~finite), ("not_positive" if not zero else "negative", low)):
            if bad.any():
                first = tuple(int(index) for index in np.argwhere(bad)[0]) if array.ndim else ()
                values = {"count": int(bad.sum()), "first": first}
                faults.append(Fault(f"equilibrium.{code}", where=name, values=values))
    return faults


def connected_faults(weight: Array, where: str) -> list[Fault]:
    """Return a fault if the zones fall into groups without any link, or one has no link at all."""
    count, group = connected_components(np.asarray(weight > 0, dtype=float), directed=False)
    if count == 1:
        return []
    sizes = sorted(np.bincount(group).tolist(), reverse=True)
    alone = int(np.flatnonzero(group == np.argmin(np.bincount(group)))[0])
    return [
        Fault("equilibrium.disconnected", where=where, values={"count": count, "sizes": sizes, "zone": alone})
    ]


def balance(kernel: Array, rows: Array, columns: Array, *, tolerance: float = 1e-13) -> Balance:
    """Scale ``kernel`` to both margins (Furness 1965; iterative proportional fitting), accelerated.

    Parameters
    ----------
    kernel
        Non-negative weights, shape (n, m).
    rows, columns
        Margins, shapes (n,) and (m,), positive, with equal totals.
    tolerance
        Largest log change of a column factor in one sweep.

    Raises
    ------
    ModelError
        If a margin is not positive, shapes or totals differ, a row or column has no weight, or no scaling
        meets both margins.
    """
    shape = (np.size(rows), np.size(columns))
    faults = shape_faults({"kernel": (kernel, shape)})
    faults += positive_faults({"rows": rows, "columns": columns})
    if not faults:
        faults = positive_faults({"kernel": kernel}, zero=True)
        if abs(rows.sum() / columns.sum() - 1.0) > _TOTALS:
            values = {"rows": float(rows.sum()), "columns": float(columns.sum())}
            faults.append(Fault("equilibrium.totals", where="rows, columns", values=values))
        empty = int((kernel.sum(1) <= 0).sum() + (kernel.sum(0) <= 0).sum())
        if empty:
            faults.append(Fault("equilibrium.no_weight", where="kernel", values={"count": empty}))
    if faults:
        raise ModelError(faults)
    target = columns * (rows.sum() / columns.sum())

    def sweep(log_column: Array) -> Array:
        column = np.exp(log_column)
        out: Array = np.log(target / ((rows / (kernel @ column)) @ kernel))
        return np.asarray(out - out.mean())

    start = np.log(target / kernel.sum(0))
    found = anderson(sweep, start - start.mean(), tolerance=tolerance, max_iterations=3000)
    if not found.converged:
        raise ModelError(Fault("equilibrium.unbalanced", where="kernel", values={"gap": found.residual}))
    row = rows / (kernel @ np.exp(found.value))
    column = target / (row @ kernel)
    scale = np.exp(np.log(column).mean())
    row, column = row * scale, column / scale
    flows = row[:, None] * kernel * column
    error = float(np.abs(flows.sum(1) / rows - 1.0).max())
    return Balance(flows, row, column, error, found.iterations)


def power_cost(distance: Array, elasticity: float) -> Array:
    """Return ``(distance / smallest distance)**elasticity`` (SW eq. 10: trade; MRRH eq. 3: commuting)."""
    return np.asarray((distance / distance.min()) ** elasticity, dtype=float)


def exponential_cost(minutes: Array, kappa: float) -> Array:
    """Return ``exp(kappa * minutes)``, the commuting cost of ARSW eq. 1, per one-way minute."""
    return np.asarray(np.exp(kappa * minutes), dtype=float)


def commuting_shares(residents: Array, jobs: Array, weight: Array) -> Array:
    """Return unconditional commuting shares (sum 1) with both margins (MRRH eq. 9 and 13).

    Parameters
    ----------
    residents, jobs
        Workers by home and by workplace, shape (N,), persons.
    weight
        Decay of commuting, ``cost**-eps``, shape (N, N), home by workplace.
    """
    flows = balance(weight, residents, jobs).flows
    return np.asarray(flows / flows.sum(), dtype=float)


def workplace_amenity(residents: Array, jobs: Array, wages: Array, weight: Array, eps: float) -> Array:
    """Return the workplace amenity B_i that makes jobs meet residents' choices (ARSW eq. S.44; mean 1).

    The share of residents of n who work in i is proportional to ``B_i * w_i**eps * weight[n, i]``.

    Parameters
    ----------
    residents, jobs, wages
        By zone, shape (N,).
    weight
        Decay of commuting ``cost**-eps``, shape (N, N).
    eps
        Frechet shape.
    """
    amenity = balance(weight, residents, jobs).column / wages**eps
    return np.asarray(amenity / amenity.mean(), dtype=float)


def transferred_wage(residents: Array, jobs: Array, weight: Array, eps: float) -> Array:
    """Return the wages that explain the margins without any workplace amenity (ARSW eq. S.44; mean 1)."""
    wages = balance(weight, residents, jobs).column ** (1.0 / eps)
    return np.asarray(wages / wages.mean(), dtype=float)


def residential_wage(commuting: Array, wages: Array) -> Array:
    """Return the mean wage of the residents of each zone, shape (N,) (MRRH eq. 14)."""
    return np.asarray((commuting @ wages) / commuting.sum(1), dtype=float)


def trade_shares(revenue: Array, spending: Array, cost: Array, sigma: float) -> tuple[Array, Array]:
    """Return trade shares that clear every market, and the makers' attractiveness (SW eq. 10 and 12).

    ``shares[i, n]`` is proportional to ``pull[i] * cost[i, n]**(1 - sigma)`` over i, such that what every
    zone sells is its revenue.

    Parameters
    ----------
    revenue
        Sales by zone of production, shape (M,), money.
    spending
        Purchases by place of spending, shape (N,), money; same total.
    cost
        Iceberg trade cost, shape (M, N).
    sigma
        Elasticity of substitution.

    Returns
    -------
    shares, pull
        Shapes (M, N), columns summing to one, and (M,) with mean 1.
    """
    found = balance(cost ** (1.0 - sigma), revenue, spending)
    shares = found.flows / found.flows.sum(0)
    return np.asarray(shares, dtype=float), np.asarray(found.row / found.row.mean(), dtype=float)


def productivity(pull: Array, jobs: Array, wages: Array, *, sigma: float, chi: float, nu: float) -> Array:
    """Return exogenous productivity (mean 1) from the makers' attractiveness (SW eq. 10).

    ``pull = jobs**chi * (A * jobs**nu / wage)**(sigma - 1)``: chi is 1 with the variety effect, nu the local
    spillover.
    """
    level = (pull / jobs**chi) ** (1.0 / (sigma - 1.0)) * wages / jobs**nu
    return np.asarray(level / level.mean(), dtype=float)
