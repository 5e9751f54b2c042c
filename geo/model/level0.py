"""Level 0: what moves, by plain accounting, and what that does to commuting.

No prices, no second-round effects. Staff of an institution live where its county's workers live, as the
gravity model says. Some move home to the new county with their families; the others keep the old home
and travel, daily or, when the trip is too long for a day, weekly. Everyone else commutes as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.model.baseline import Baseline, calibrate
from geo.model.moves import CALENDAR, ResolvedMoves, ramp, resolve
from geo.model.result import Outcome
from geo.region import Region
from geo.scenario import Scenario, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Baseline", "Staff", "calibrate", "direct_effects", "simulate_level0"]

Array = NDArray[np.float64]


def simulate_level0(baseline: Baseline | Region, scenario: Scenario) -> Outcome:
    """Return the direct effects of a scenario, 2020 to 2050.

    Raises
    ------
    ScenarioError
        If the scenario asks for what cannot be; see :func:`geo.scenario.validate`.
    """
    start = calibrate(baseline) if isinstance(baseline, Region) else baseline
    validate(scenario, start)
    moves = resolve(scenario, start)
    done = ramp(moves.start, moves.years, CALENDAR, scenario.assumptions["ramp_steepness"])
    values, regional = direct_effects(start, moves, done, scenario.assumptions["day_limit"])
    return Outcome(
        CALENDAR,
        start.codes,
        values,
        _zero(start),
        regional,
        scenario,
        start.region_hash,
        "level0",
    )


def _zero(baseline: Baseline) -> dict[str, Array]:
    """Return the measures without any move: levels of commuting as balanced, changes zero."""
    nothing = _no_moves()
    values, _ = direct_effects(baseline, nothing, np.zeros((1, 0)), 0.0)
    return {key: value[0] for key, value in values.items()}


def _no_moves() -> ResolvedMoves:
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return ResolvedMoves(whole, whole, whole, whole, whole, real, real, real, real, real, real, ())


class Staff(NamedTuple):
    """Where the staff of each move live and work, at the end of each year.

    Attributes
    ----------
    posts, movers, stayers
        Posts that have moved, staff who have moved home, and the rest, shape (T, M) each.
    homes
        Share of the staff of each move by old home, shape (M, N).
    daily, weekly
        ``homes`` of those whose new trip fits into a day, and of the others, shape (M, N).
    new_minutes, old_minutes
        From each old home to the new and to the old workplace, shape (M, N).
    """

    posts: Array
    movers: Array
    stayers: Array
    homes: Array
    daily: Array
    weekly: Array
    new_minutes: Array
    old_minutes: Array


def place_staff(baseline: Baseline, moves: ResolvedMoves, done: Array, day_limit: float) -> Staff:
    """Say of each move where its staff live before and after.

    Parameters
    ----------
    done
        Completed part of each move, shape (T, M).
    day_limit
        One-way minutes beyond which a trip is weekly.
    """
    posts = done * moves.posts
    movers = posts * moves.home_share
    homes = baseline.homes[:, moves.origin].T
    new_minutes = baseline.minutes[:, moves.destination].T
    within = new_minutes <= day_limit
    return Staff(
        posts,
        movers,
        posts - movers,
        homes,
        np.where(within, homes, 0.0),
        np.where(within, 0.0, homes),
        new_minutes,
        baseline.minutes[:, moves.origin].T,
    )


def direct_effects(
    baseline: Baseline, moves: ResolvedMoves, done: Array, day_limit: float
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return every measure of level 0 by county, shape (T, N), and for the region, shape (T,).

    Parameters
    ----------
    done
        Completed part of each move, shape (T, M).
    day_limit
        One-way minutes beyond which a trip is weekly.
    """
    size = len(baseline.codes)
    here, there = np.eye(size)[moves.origin], np.eye(size)[moves.destination]
    staff = place_staff(baseline, moves, done, day_limit)
    students, beds = done * moves.students, done * moves.beds
    lodging = students * moves.resident_students
    family = staff.movers * (moves.family_size - 1)
    changes = {
        "posts": staff.posts @ (there - here),
        "staff_home": staff.movers @ (there - staff.homes),
        "family": family @ (there - staff.homes),
        "students": students @ (there - here),
        "beds": beds @ (there - here),
    }
    changes["residents"] = changes["staff_home"] + changes["family"] + lodging @ (there - here)
    commuting, commuting_total = _commuting(baseline, staff, here, there)
    regional = {
        "posts": staff.posts.sum(axis=1),
        "staff_home": staff.movers.sum(axis=1),
        "family": family.sum(axis=1),
        "students": students.sum(axis=1),
        "beds": beds.sum(axis=1),
        "residents": (staff.movers + family + lodging).sum(axis=1),
    }
    return _levels(baseline, changes) | changes | commuting, regional | commuting_total


def _levels(baseline: Baseline, changes: Mapping[str, Array]) -> dict[str, Array]:
    """Return the levels that the changes move; what level 0 does not touch stays."""
    levels, still = baseline.levels, np.zeros_like(changes["posts"])
    moved = {
        "population": changes["residents"],
        "density": changes["residents"] / baseline.area_km2,
        "jobs": changes["posts"],
        "institutional_jobs": changes["posts"],
    }
    return {key: value + moved.get(key, still) for key, value in levels.items()}


def _commuting(
    baseline: Baseline, staff: Staff, here: Array, there: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Re-route the staff of the moves; every other commuter stays as balanced.

    A staff member left the trip from home n to the old county and now makes, if he moved home, a trip
    inside the new county; if he kept the old home and the trip fits into a day, a trip from n to the
    new county; else no daily trip.
    """
    flows = baseline.flows
    inside = np.diag(flows)
    daily = staff.stayers @ staff.daily
    weekly = staff.stayers @ staff.weekly
    time = staff.stayers @ (staff.daily * staff.new_minutes)
    # commuters who cross into and out of a county; (1 - here) and (1 - there) leave out trips inside one
    arriving, leaving = staff.daily * (1 - there), staff.homes * (1 - here)
    arrivals = (staff.stayers * arriving.sum(axis=1)) @ there - (staff.posts * leaving.sum(axis=1)) @ here
    departures = staff.stayers @ arriving - staff.posts @ leaving
    trips, spent = _trips(baseline, staff, there)
    trips, spent = trips + daily, spent + time
    values = {
        "staff_daily": daily,
        "staff_weekly": weekly,
        "staff_minutes": _mean(time, daily),
        "in_commuters": flows.sum(axis=0) - inside + arrivals,
        "out_commuters": flows.sum(axis=1) - inside + departures,
        "mean_minutes": _mean(spent, trips),
    }
    regional = {
        "staff_daily": daily.sum(axis=1),
        "staff_weekly": weekly.sum(axis=1),
        "staff_minutes": _mean(time.sum(axis=1), daily.sum(axis=1)),
        "cross_commuters": (flows.sum() - inside.sum()) + departures.sum(axis=1),
        "mean_minutes": _mean(spent.sum(axis=1), trips.sum(axis=1)),
    }
    return values, regional


def _trips(baseline: Baseline, staff: Staff, there: Array) -> tuple[Array, Array]:
    """Return daily trips and their person-minutes by home, without staff who keep theirs, shape (T, N)."""
    flows, minutes = baseline.flows, baseline.minutes
    trips = flows.sum(axis=1) - staff.posts @ staff.homes + staff.movers @ there
    old = staff.posts @ (staff.homes * staff.old_minutes)
    new = staff.movers @ (there * np.diag(minutes))
    return trips, (flows * minutes).sum(axis=1) - old + new


def _mean(total: Array, count: Array) -> Array:
    """Return total per head; NaN where there is nobody."""
    # a remainder of rounding is nobody
    some = count > 1e-9
    return np.where(some, total / np.where(some, count, 1.0), np.nan)
