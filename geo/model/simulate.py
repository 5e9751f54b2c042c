"""The full model: a scenario in, every measure by county and year out.

Moves become yearly shocks (:mod:`geo.model.plan`), the shocks a path of equilibria (:mod:`geo.model.path`)
towards the static solution, with the roads fed back; the path becomes measures
(:mod:`geo.model.indicators`). Level 0 stays beside it as a check: :func:`compare_levels`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from geo.assumptions import ASSUMPTIONS, KINDS
from geo.errors import Fault, ModelError
from geo.model.air import Atmosphere
from geo.model.baseline import Baseline, calibrate
from geo.model.economy import economy
from geo.model.indicators import World, at_rest, indicators
from geo.model.level0 import simulate_level0
from geo.model.moves import CALENDAR, ramp, resolve
from geo.model.path import solve_plan
from geo.model.plan import Plan, net_posts, shortfall, with_movers
from geo.model.result import Outcome
from geo.region import Region
from geo.scenario import Scenario, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.assumptions import Assumptions
    from geo.model.feedback import Feedback
    from geo.model.solve import Array
    from geo.model.state import Calibrated

__all__ = ["FullOutcome", "compare_levels", "make_world", "simulate"]

# The assumptions that the calibrated economy depends on; scenarios that share them share it.
_ECONOMY = (
    *(spec.id for spec in ASSUMPTIONS if spec.group in {"economy", "adjustment", "floor_space"}),
    "posts_per_student.university",
    "amenity_pm",
)


@dataclass(frozen=True, eq=False)
class FullOutcome(Outcome):
    """What follows from a scenario in the full model: every measure by year, and in the long run.

    Parameters
    ----------
    long_run, long_run_regional
        Every measure in the static solution that the path approaches, (N,), and for the region.
    regional_before
        The region's numbers before any move.
    world
        The solved economy that the measures were read from, to explain them by.
    """

    long_run: Mapping[str, Array] = field(default_factory=dict, repr=False)
    long_run_regional: Mapping[str, float] = field(default_factory=dict, repr=False)
    regional_before: Mapping[str, float] = field(default_factory=dict, repr=False)
    world: World | None = field(default=None, repr=False)


def simulate(
    baseline: Baseline | Region, scenario: Scenario, *, model: Literal["full", "level0"] = "full"
) -> Outcome:
    """Return what follows from a scenario, 2020 to 2050.

    Parameters
    ----------
    baseline
        The calibrated region, or the region itself.
    scenario
        Moves and assumptions.
    model
        ``full``, or ``level0`` for the direct effects alone.

    Raises
    ------
    ScenarioError
        If the scenario asks for what cannot be; see :func:`geo.scenario.validate`.
    ModelError
        If its assumptions are unstable or no equilibrium is found.
    """
    start = calibrate(baseline) if isinstance(baseline, Region) else baseline
    if model == "level0":
        return simulate_level0(start, scenario)
    validate(scenario, start)
    world = make_world(start, scenario)
    values, before, totals, first = indicators(world)
    return FullOutcome(
        CALENDAR, start.codes, {key: value[:-1] for key, value in values.items()}, before,
        {key: value[:-1] for key, value in totals.items()}, scenario, start.region_hash, "full",
        {key: value[-1] for key, value in values.items()},
        {key: float(value[-1]) for key, value in totals.items()}, first, world,
    )  # fmt: skip


def make_world(baseline: Baseline, scenario: Scenario, *, linear: bool = False) -> World:
    """Solve a checked scenario: its plan, every year and the long run.

    Parameters
    ----------
    linear
        Trust the linear answer of the roads in the long run too.

    Raises
    ------
    ModelError
        If the baseline was made by hand, the assumptions are unstable, or no equilibrium is found.
    ScenarioError
        If a scenario names more posts in a county than it has jobs.
    """
    if baseline.inputs is None or baseline.fit is None or baseline.travel is None:
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    assumed = scenario.assumptions
    moves = resolve(scenario, baseline)
    done = ramp(moves.start, moves.years, CALENDAR, assumed["ramp_steepness"])
    done = np.vstack([done, np.ones((1, len(moves)))])
    extra = shortfall(baseline.inputs.posts, net_posts(moves, done, len(baseline.codes)))
    reference = _economy_of(baseline, assumed, np.zeros_like(extra))
    pay = np.array([np.nan if move.pay is None else move.pay for move in scenario.moves], dtype=float)
    base = with_movers(_economy_of(baseline, assumed, extra), moves, pay)
    plan = Plan(base, moves, done, assumed, baseline.inputs, baseline.minutes, baseline.codes)
    air = _atmosphere(baseline, reference, base, assumed)
    roads = None if assumed["congestion_response"] == 0 else _feedback(baseline, assumed)
    answers = air.change if assumed["amenity_pm"] > 0 else None
    return World(baseline, reference, solve_plan(plan, roads, answers, linear=linear), air)


def _feedback(baseline: Baseline, assumed: Assumptions) -> Feedback | None:
    scale, kept = assumed["congestion_response"], baseline.feedback
    return kept if kept is None or scale == kept.scale else kept.scaled(scale)


def _atmosphere(
    baseline: Baseline, reference: Calibrated, base: Calibrated, assumed: Assumptions
) -> Atmosphere:
    if (
        baseline.roads is None
        or baseline.inventory is None
        or baseline.travel is None
        or baseline.fit is None
    ):
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    beijing = np.array([code.startswith("11") for code in baseline.codes])
    before = at_rest(reference)
    start = before if np.array_equal(base.jobs_T, reference.jobs_T) else at_rest(base)
    return Atmosphere(
        baseline.roads, baseline.inventory, reference, before, start,
        baseline.travel.distance(baseline.fit.gravity.own_scale), baseline.levels["pm25"],
        baseline.levels["population"] * beijing, assumed,
    )  # fmt: skip


def _economy_of(baseline: Baseline, assumed: Assumptions, extra: Array) -> Calibrated:
    return _economy(baseline, tuple(assumed[key] for key in _ECONOMY), extra.tobytes())


@lru_cache(maxsize=16)
def _economy(baseline: Baseline, values: tuple[float, ...], extra: bytes) -> Calibrated:
    """Return the economy under these values of ``_ECONOMY``; kept, because scenarios share it."""
    if baseline.inputs is None or baseline.fit is None or baseline.travel is None:  # pragma: no cover
        raise ModelError(Fault("simulate.hand_made", "baseline"))
    posts = np.frombuffer(extra).reshape(len(KINDS), -1)
    assumed = dict(zip(_ECONOMY, values, strict=True))
    return economy(baseline.inputs, baseline.travel, baseline.fit, assumed, posts)


def compare_levels(full: Outcome, level0: Outcome, year: int | None = None) -> pd.DataFrame:
    """Set the full model's changes beside those of level 0, for the measures of both.

    Parameters
    ----------
    year
        Year to compare; by default the last.

    Returns
    -------
    DataFrame
        Index measure; ``full`` and ``level0`` (sum over counties of the absolute change; of the regional
        number where there is no change by county), ``correlation`` of the changes by county, and
        ``same_sign``, the share of counties with a change above 1e-6 whose signs agree.
    """
    year = int(full.years[-1]) if year is None else year
    rows = {}
    for measure in (key for key in full.values if key in level0.values):
        one, two = np.nan_to_num(full.change(measure, year)), np.nan_to_num(level0.change(measure, year))
        some = (np.abs(one) > 1e-6) & (np.abs(two) > 1e-6)
        varies = np.ptp(one) > 0 and np.ptp(two) > 0
        rows[measure] = {
            "full": float(np.abs(one).sum()),
            "level0": float(np.abs(two).sum()),
            "correlation": float(np.corrcoef(one, two)[0, 1]) if varies else np.nan,
            "same_sign": float((np.sign(one) == np.sign(two))[some].mean()) if some.any() else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure")
