"""A doubly constrained gravity model of commuting, fitted to published moments.

Flow from home n to work i::

    F_ni = a_n b_i exp(-m t_ni - border_ni + north_ni + stay_ni)
    sum_i F_ni = workers_n,  sum_n F_ni = jobs_i

``a`` and ``b`` are the balancing factors (Furness; Wilson 1967). Parameters are found by the method of
simulated moments: their model values come as near as can be to what was published.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from geo.errors import Fault, ModelError
from geo.model.jobs import NORTH_THREE, Jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.model.travel import Travel

__all__ = [
    "TARGETS",
    "Gravity",
    "GravityFit",
    "Target",
    "balance",
    "fit_gravity",
    "furness",
    "gravity_moments",
]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-10
NEWTON_EVERY = 5
# The central city of Beijing's commuting reports: the six districts.
CENTRE = ("110101", "110102", "110105", "110106", "110107", "110108")
MINUTES_TARGET = "beijing_minutes"
_FIT_TOLERANCE = 1e-8
# Thresholds of the published shares of commutes.
LONG_KM, SHORT_MINUTES, LONG_MINUTES = 25.0, 45.0, 60.0


# Balancing ------------------------------------------------------------------------------------------


def furness(
    seed: ArrayLike, rows: ArrayLike, cols: ArrayLike, tol: float = TOLERANCE, max_iter: int = 10_000
) -> Array:
    """Scale a matrix to given row and column sums (Furness, iterative proportional fitting).

    Parameters
    ----------
    seed
        Non-negative weights, shape (R, C).
    rows, cols
        Wanted sums, shapes (R,) and (C,), with equal totals.
    tol
        Largest error of any sum, relative to the largest wanted sum.
    max_iter
        Sweeps over rows and columns before giving up.

    Returns
    -------
    ndarray
        ``a[:, None] * seed * b``, shape (R, C).

    Raises
    ------
    ModelError
        If a value is NaN, infinite or negative, the totals differ, a row or column that wants something
        has no weight, or the sums cannot be reached within ``max_iter`` sweeps.
    """
    weights, wanted_rows, wanted_cols = (np.asarray(part, dtype=float) for part in (seed, rows, cols))
    _admissible(weights, wanted_rows, wanted_cols)
    factors, _ = balance(weights, wanted_rows, wanted_cols, tol=tol, max_iter=max_iter)
    return np.asarray(factors[0][:, None] * weights * factors[1])


def balance(
    seed: Array, rows: Array, cols: Array, *, tol: float, max_iter: int, start: Array | None = None
) -> tuple[tuple[Array, Array], int]:
    """Return the balancing factors of rows and columns, and the sweeps they took.

    Sweeps alone converge linearly; every few of them a Newton step on the logarithms of the column
    factors is tried and kept if it lowers the error.

    Parameters
    ----------
    start
        Column factors to begin with, shape (C,).
    """
    limit = tol * max(float(rows.max(initial=0.0)), float(cols.max(initial=0.0)), np.finfo(float).tiny)
    b = np.ones(len(cols)) if start is None else start.copy()
    a = _ratio(rows, _across(seed, b))
    error = np.inf
    for sweep in range(1, max_iter + 1):
        reached = _down(a, seed)
        error = float(np.abs(b * reached - cols).max(initial=0.0))
        if error <= limit:
            return (a, b), sweep
        b = _ratio(cols, reached)
        a = _ratio(rows, _across(seed, b))
        if sweep % NEWTON_EVERY == 0:
            a, b = _newton(seed, rows, cols, (a, b), error)
    raise ModelError(Fault("model.not_balanced", "furness", {"error": f"{error:.3g}", "sweeps": max_iter}))


# A matrix of this size times a vector is too little work to share between threads: where others keep the
# cores busy, waiting for BLAS threads made the fit forty times slower.
def _across(seed: Array, b: Array) -> Array:
    return np.asarray(np.einsum("ij,j->i", seed, b))


def _down(a: Array, seed: Array) -> Array:
    return np.asarray(np.einsum("i,ij->j", a, seed))


def _ratio(top: Array, bottom: Array) -> Array:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _newton(
    seed: Array, rows: Array, cols: Array, factors: tuple[Array, Array], error: float
) -> tuple[Array, Array]:
    """One Newton step on log column factors with row factors profiled out; kept only if it helps.

    With rows met exactly, the Jacobian of the column sums in log b is
    ``diag(col) - F' diag(1/rows) F``; it has the constant vector in its null space.
    """
    a, b = factors
    flows = a[:, None] * seed * b
    reached = flows.sum(axis=0)
    shares = flows * _ratio(np.ones_like(rows), rows)[:, None]
    jacobian = np.diag(reached) - flows.T @ shares
    # a tiny ridge removes the null space; it does not move the solution, only the step
    ridge = 1e-12 * float(np.trace(jacobian)) / len(cols)
    try:
        step = np.linalg.solve(jacobian + ridge * np.eye(len(cols)), cols - reached)
    except np.linalg.LinAlgError:
        return a, b
    trial_b = b * np.exp(np.clip(step - step.mean(), -2, 2))
    trial_a = _ratio(rows, _across(seed, trial_b))
    trial = float(np.abs(trial_b * _down(trial_a, seed) - cols).max())
    return (trial_a, trial_b) if trial < error else (a, b)


def _admissible(seed: Array, rows: Array, cols: Array) -> None:
    """Refuse what cannot be balanced, with every reason."""
    faults = []
    if seed.ndim != 2 or seed.shape != (len(rows), len(cols)):
        values = {"seed": str(seed.shape), "rows": str(rows.shape), "cols": str(cols.shape)}
        raise ModelError(Fault("model.shapes", "furness", values))
    for name, part in (("seed", seed), ("rows", rows), ("cols", cols)):
        if not np.isfinite(part).all():
            faults.append(
                Fault("model.not_finite", f"furness.{name}", {"count": int((~np.isfinite(part)).sum())})
            )
        elif (part < 0).any():
            faults.append(Fault("model.negative", f"furness.{name}", {"count": int((part < 0).sum())}))
    if faults:
        raise ModelError(faults)
    total = float(rows.sum())
    if abs(total - float(cols.sum())) > 1e-9 * max(total, float(cols.sum())):
        values = {"rows": f"{total:.6g}", "cols": f"{float(cols.sum()):.6g}"}
        faults.append(Fault("model.margins_differ", "furness", values))
    for name, wanted, support in (("rows", rows, seed.sum(axis=1)), ("cols", cols, seed.sum(axis=0))):
        empty = np.flatnonzero((wanted > 0) & (support <= 0))
        if len(empty):
            values = {"positions": ", ".join(map(str, empty[:10]))}
            faults.append(Fault("model.no_support", f"furness.{name}", values))
    if faults:
        raise ModelError(faults)


# Gravity --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gravity:
    """Parameters of the gravity model.

    Parameters
    ----------
    decay
        ``m``: log flow lost per minute, also the scale of the composite of road and rail.
    own_scale
        Length of a trip inside a county over the mean distance of a disc of its area.
    extra
        Minutes of any trip beside the ride and the usual walk: changes, waiting, parking.
    border
        Log flow lost across Beijing's border: housing, school and registration rules.
    north
        Log flow gained (below 0: lost) from Sanhe, Dachang and Xianghe to Beijing, beside what minutes
        and the border explain.
    stay
        Log flow gained by work in the home county: farms, family firms, school places.
    asc
        Alternative-specific constant of rail. Not identified by the moments: kept at its prior.
    """

    decay: float = 0.05
    own_scale: float = 1.0
    extra: float = 0.0
    border: float = 0.0
    north: float = 0.0
    stay: float = 0.0
    asc: float = 0.0

    def minutes(self, travel: Travel) -> Array:
        """Return composite minutes, shape (N, N)."""
        return travel.minutes(self.decay, self.asc, self.own_scale, self.extra)

    def seed(self, travel: Travel, codes: tuple[str, ...]) -> Array:
        """Return the weights before balancing, shape (N, N)."""
        beijing, north = _zones(codes)
        crosses = beijing[:, None] != beijing[None, :]
        nearer = north[:, None] & beijing[None, :]
        gain = self.north * nearer - self.border * crosses + self.stay * np.eye(len(codes))
        return np.asarray(np.exp(gain - self.decay * self.minutes(travel)))


def _zones(codes: tuple[str, ...]) -> tuple[Bools, Bools]:
    beijing = np.array([code.startswith("11") for code in codes])
    return beijing, np.isin(codes, NORTH_THREE)


@dataclass(frozen=True)
class Target:
    """A published moment.

    Parameters
    ----------
    key
        Name of the moment in :func:`gravity_moments`.
    value, unit, year, source
        What was published.
    weight
        Relative error that counts as one in the fit.
    fitted
        Whether the fit aims at it; the others are shown as a check.
    """

    key: str
    value: float
    unit: str
    year: int
    source: str
    weight: float
    fitted: bool = True


_BTI = "Beijing Transport Institute, commuting report 2022"
_MONITOR = "MoHURD, CAUPD and Baidu, national commuting monitor 2023"
TARGETS = (
    Target("beijing_minutes", 47.0, "minutes", 2022, _MONITOR, 0.02),
    Target("centre_km", 13.2, "km", 2022, _BTI, 0.05),
    Target("into_beijing", 330_000.0, "persons", 2022, _BTI, 0.03),
    Target("into_beijing_km", 43.0, "km", 2022, _BTI, 0.05),
    Target("north_share", 43.3, "percent", 2022, _BTI, 0.03),
    Target("over_25_km", 12.0, "percent", 2023, _MONITOR, 0.30),
    Target("over_60_minutes", 28.0, "percent", 2022, _MONITOR, 0.1, fitted=False),
    Target("within_45_minutes", 56.0, "percent", 2022, _MONITOR, 0.1, fitted=False),
)


def gravity_moments(flows: Array, minutes: Array, km: Array, codes: tuple[str, ...]) -> dict[str, float]:
    """Return the model's values of the published moments.

    Parameters
    ----------
    flows, minutes, km
        Home by work, shape (N, N).

    Returns
    -------
    dict
        Of those who live and work in Beijing ``beijing_minutes``, ``over_25_km``, ``within_45_minutes``
        and ``over_60_minutes`` (percent); of residents of its six central districts ``centre_km``; of
        those who live outside ``into_beijing`` (persons), ``into_beijing_km`` (great circle) and
        ``north_share`` (percent).
    """
    beijing, north = _zones(codes)
    inside = flows[np.ix_(beijing, beijing)]
    times = minutes[np.ix_(beijing, beijing)]
    into = flows[np.ix_(~beijing, beijing)]
    total = float(into.sum())
    centre = np.isin(codes, CENTRE)

    def percent(where: Bools) -> float:
        return 100 * float(inside[where].sum() / inside.sum())

    return {
        "beijing_minutes": float((inside * times).sum() / inside.sum()),
        "centre_km": float((flows[centre] * km[centre]).sum() / flows[centre].sum()),
        "into_beijing": total,
        "into_beijing_km": float((into * km[np.ix_(~beijing, beijing)]).sum() / total),
        "north_share": 100 * float(flows[np.ix_(north, beijing)].sum()) / total,
        "over_25_km": percent(km[np.ix_(beijing, beijing)] >= LONG_KM),
        "within_45_minutes": percent(times <= SHORT_MINUTES),
        "over_60_minutes": percent(times > LONG_MINUTES),
    }


@dataclass(frozen=True)
class GravityFit:
    """A fitted gravity model.

    Parameters
    ----------
    gravity
        The parameters.
    flows
        Commuters from home to work, balanced to 1e-10, shape (N, N).
    minutes
        Composite minutes, shape (N, N).
    moments
        One row for each target: key, target, model, gap (model - target), gap_percent, fitted, source.
    evaluations
        How often the model was balanced for the fit.
    """

    gravity: Gravity
    flows: Array = field(repr=False)
    minutes: Array = field(repr=False)
    moments: pd.DataFrame = field(repr=False, compare=False)
    evaluations: int = 0


class Free(NamedTuple):
    """A parameter that is fitted: where the fit starts, how far it may go and its usual step."""

    name: str
    start: float
    low: float
    high: float
    step: float


# The starts lie near the optimum of the shipped layers, to save time; a test starts elsewhere.
FREE = (
    Free("decay", 0.10, 0.015, 0.20, 0.01),
    Free("own_scale", 1.5, 0.1, 3.0, 0.2),
    Free("border", 0.7, -2.0, 6.0, 0.5),
    Free("north", -0.8, -3.0, 4.0, 0.5),
    Free("stay", 2.7, -2.0, 6.0, 0.5),
)


def fit_gravity(
    travel: Travel, jobs: Jobs, targets: tuple[Target, ...] = TARGETS, start: Gravity | None = None
) -> GravityFit:
    """Fit the parameters to the targets by simulated moments; deterministic.

    Parameters
    ----------
    travel
        Minutes and km.
    jobs
        Workers by home and jobs by workplace.
    targets
        What to aim at, and what to show beside it.
    start
        First guess; also holds what is not fitted (``asc``).
    """
    first = replace(start or Gravity(**{free.name: free.start for free in FREE}), extra=0.0)
    aimed = [target for target in targets if target.fitted and target.key != MINUTES_TARGET]
    warm = np.ones(len(jobs.jobs))

    def gaps(point: Array) -> Array:
        nonlocal warm
        gravity = _at(first, point)
        seed = gravity.seed(travel, jobs.codes)
        (a, warm), _ = balance(seed, jobs.workers, jobs.jobs, tol=_FIT_TOLERANCE, max_iter=2000, start=warm)
        model = _moments(gravity, travel, a[:, None] * seed * warm, jobs.codes)
        return np.array([np.log(model[target.key] / target.value) / target.weight for target in aimed])

    point, evaluations = _solve(gaps, first)
    gravity = _at(first, point)
    flows = furness(gravity.seed(travel, jobs.codes), jobs.workers, jobs.jobs)
    gravity = replace(gravity, extra=_extra(gravity, travel, flows, jobs.codes, targets))
    moments = _moments(gravity, travel, flows, jobs.codes)
    return GravityFit(gravity, flows, gravity.minutes(travel), _report(targets, moments), evaluations)


def _moments(gravity: Gravity, travel: Travel, flows: Array, codes: tuple[str, ...]) -> dict[str, float]:
    return gravity_moments(flows, gravity.minutes(travel), travel.distance(gravity.own_scale), codes)


def _extra(
    gravity: Gravity, travel: Travel, flows: Array, codes: tuple[str, ...], targets: tuple[Target, ...]
) -> float:
    """Return the minutes that bring the mean commute to its target.

    The same minutes on every trip change no flow: balancing takes them out. So they are not searched for.
    """
    wanted = [target.value for target in targets if target.key == MINUTES_TARGET and target.fitted]
    without = _moments(gravity, travel, flows, codes)[MINUTES_TARGET]
    return max(0.0, wanted[0] - without) if wanted else 0.0


def _at(first: Gravity, point: Array) -> Gravity:
    return replace(first, **{free.name: float(value) for free, value in zip(FREE, point, strict=True)})


def _solve(gaps: Callable[[Array], Array], first: Gravity) -> tuple[Array, int]:
    begin = np.array([getattr(first, free.name) for free in FREE])
    found = least_squares(
        gaps,
        begin,
        bounds=(np.array([free.low for free in FREE]), np.array([free.high for free in FREE])),
        x_scale=np.array([free.step for free in FREE]),
        diff_step=np.full(len(FREE), 1e-4),
        xtol=1e-7,
    )
    return np.asarray(found.x), int(found.nfev)


def _report(targets: tuple[Target, ...], moments: dict[str, float]) -> pd.DataFrame:
    rows = [
        {
            "key": target.key,
            "unit": target.unit,
            "target": target.value,
            "model": moments[target.key],
            "gap": moments[target.key] - target.value,
            "gap_percent": 100 * (moments[target.key] / target.value - 1),
            "fitted": target.fitted,
            "source": target.source,
        }
        for target in targets
    ]
    return pd.DataFrame(rows)
