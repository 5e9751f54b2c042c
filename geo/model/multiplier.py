"""How many private jobs follow a public one: the experiment, and the fit to what was published (step 9).

Experiment: 1,000 government posts leave Xicheng for a county, at the pay they had; all staff move home, and
the county builds offices and homes for them. Private jobs gained within an hour of the county, in the long
run, per post, are the multiplier; the prior is a mean over places and methods, so it is the mean over the
planned destinations outside Beijing that is fitted.

Three parameters carry it: the share of services, the services bought at work, and the long-run response of
floor space. They move together from the centre of their ranges towards the ends that raise the multiplier,
as far as needed and never beyond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from geo.assumptions import KINDS
from geo.model.equilibrium import solve
from geo.model.moves import CALENDAR, ResolvedMoves
from geo.model.plan import Plan, with_movers

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.model.economy import Assumed, Inputs
    from geo.model.solve import Array
    from geo.model.state import Calibrated

__all__ = [
    "FITTED",
    "PRIOR",
    "PRIOR_RANGE",
    "MultiplierFit",
    "fit_multiplier",
    "local_multipliers",
    "one_move",
]

# Mean over studies and its 10-90 % range (published_effects.csv, A14 and the others; MODEL.md, step 9).
PRIOR, PRIOR_RANGE = 0.7, (0.0, 1.3)
ORIGIN, POSTS, REACH = "110102", 1000.0, 60.0
# Centre and the end that raises the multiplier: parameters.csv for the shares; floor space from the stock
# elasticities of parameters.csv to three times as much, where they meet Chinese estimates from flows (2.65).
FITTED = {"services_share": (0.5, 0.65), "workplace_services": (0.3, 0.5), "floor_response": (1.0, 3.0)}


@dataclass(frozen=True)
class MultiplierFit:
    """The fitted parameters and what they give.

    Parameters
    ----------
    distance
        How far the parameters went from the centre, 0, towards the ends, 1.
    values
        The fitted parameters by assumption.
    multiplier
        Mean over the destinations.
    """

    distance: float
    values: dict[str, float]
    multiplier: float


def one_move(origin: int, destination: int, kind: str, posts: float, *, family: float = 2.5) -> ResolvedMoves:
    """Return one complete move whose staff all move home."""
    one, nothing = np.ones(1), np.zeros(1)
    from_, to, which = (
        np.array([number], dtype=np.int64) for number in (origin, destination, KINDS.index(kind))
    )
    return ResolvedMoves(
        origin=from_, destination=to, kind=which, start=np.array([2021]), years=np.array([1]),
        posts=posts * one, students=nothing, beds=nothing, home_share=one, family_size=family * one,
        resident_students=nothing, sources=({},),
    )  # fmt: skip


def local_multipliers(
    base: Calibrated,
    *,
    inputs: Inputs,
    minutes: Array,
    codes: tuple[str, ...],
    destinations: tuple[str, ...],
    assumed: Assumed,
    kind: str = "government",
) -> dict[str, Array]:
    """Return private jobs per post by destination, of all, services and tradables, (D,) each.

    Parameters
    ----------
    base
        The calibrated economy.
    minutes
        Door to door, (N, N): jobs within ``REACH`` of the destination count, the origin's never.
    destinations
        County codes, D.
    kind
        Class of the posts.
    """
    origin = codes.index(ORIGIN)
    done = np.ones((len(CALENDAR) + 1, 1))
    rows: dict[str, list[float]] = {"private": [], "services": [], "tradables": []}
    for code in destinations:
        place = codes.index(code)
        moves = one_move(origin, place, kind, POSTS)
        moved = with_movers(base, moves, np.array([np.nan]))
        plan = Plan(moved, moves, done, assumed, inputs, minutes, codes)
        state = solve(moved, plan.shock(-1))
        near = minutes[place] <= REACH
        near[[origin, place]] = False, True
        gained = {"services": state.jobs_S - base.jobs_S, "tradables": state.jobs_T - base.jobs_T}
        for name, jobs in gained.items():
            rows[name].append(float(jobs[near].sum()) / POSTS)
        rows["private"].append(rows["services"][-1] + rows["tradables"][-1])
    return {name: np.array(values) for name, values in rows.items()}


def fit_multiplier(mean: Callable[[dict[str, float]], float]) -> MultiplierFit:
    """Find how far the parameters must go for the prior mean.

    Parameters
    ----------
    mean
        Mean multiplier under values of the fitted parameters.
    """

    def at(distance: float) -> dict[str, float]:
        return {name: float(centre * (end / centre) ** distance) for name, (centre, end) in FITTED.items()}

    if mean(at(1.0)) <= PRIOR:
        distance = 1.0
    elif mean(at(0.0)) >= PRIOR:
        distance = 0.0
    else:
        distance = float(brentq(lambda share: mean(at(share)) - PRIOR, 0.0, 1.0, xtol=1e-4))
    return MultiplierFit(distance, at(distance), mean(at(distance)))
