"""What becomes of the staff of what moves: home kept or moved, the trip to work, pay and cost of living.

By move, and summed by class of institution. Trips are one way and as long as the model's roads and trains
take in that year; the trip of those who travel weekly counts like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.assumptions import KINDS

if TYPE_CHECKING:
    from geo.model.indicators import World
    from geo.model.solve import Array

__all__ = ["OF_STAFF", "MovedStaff", "moved_staff", "staff_welfare"]

#: Numbers of moved staff, each with its field of :class:`MovedStaff`.
OF_STAFF: Final = {
    "posts": "posts", "staff_home": "home", "staff_daily": "daily", "staff_weekly": "weekly",
    "staff_trip_before": "minutes_before", "staff_trip": "minutes", "staff_trip_kept": "minutes_kept",
    "staff_pay_before": "pay_before", "staff_pay": "pay", "staff_living": "living",
    "students": "students", "staff_lodging": "lodging",
}  # fmt: skip
# Fewer posts than this are a remainder of rounding.
_SOME: Final = 0.5


@dataclass(frozen=True, eq=False)
class MovedStaff:
    """Staff whose posts have moved, by move or by group of moves; (M,) each.

    Where posts of a class leave again for elsewhere, fewer are left to keep an old home than ``posts``.

    Attributes
    ----------
    posts, students
        Posts and student places that have moved.
    lodging
        Students of them who live where they study.
    home, daily, weekly
        Staff who moved home; who keep the old one and travel every day; who do and travel every week.
    minutes_before, minutes, minutes_kept
        Mean one-way trip to work before; now, of all three; and of those who keep the old home. NaN where
        nobody is.
    pay_before, pay
        Mean net pay, CNY / year.
    living
        Change of the cost of living since before, where they live now, percent.
    """

    posts: Array
    students: Array
    lodging: Array
    home: Array
    daily: Array
    weekly: Array
    minutes_before: Array
    minutes: Array
    minutes_kept: Array
    pay_before: Array
    pay: Array
    living: Array

    @property
    def weights(self) -> dict[str, Array]:
        """Return whom each mean is one of, by field; a field that is none adds up."""
        kept = self.daily + self.weekly
        everybody = kept + self.home
        return {
            "minutes_before": self.posts, "pay_before": self.posts, "minutes_kept": kept,
            "minutes": everybody, "pay": everybody, "living": everybody,
        }  # fmt: skip

    def grouped(self, member: Array) -> MovedStaff:
        """Return groups of moves: sums, and means weighted by those they are means of.

        Parameters
        ----------
        member
            1 where a move belongs to a group, (K, M).
        """
        made = {}
        for item in fields(self):
            value = getattr(self, item.name)
            weight = self.weights.get(item.name)
            made[item.name] = member @ value if weight is None else _mean(member, value, weight)
        return MovedStaff(**made)


def _mean(member: Array, value: Array, weight: Array) -> Array:
    """Return weighted means by group; NaN where a group has no weight."""
    total = member @ weight
    top = member @ (np.nan_to_num(value) * weight)
    return np.where(total > _SOME, top / np.where(total > _SOME, total, 1.0), np.nan)


def _share(top: Array, of: Array) -> Array:
    return np.where(of > _SOME, top / np.where(of > _SOME, of, 1.0), np.nan)


def moved_staff(world: World, row: int) -> MovedStaff:
    """Return what becomes of the staff of every move by a year of a scenario, in the order of its moves.

    Parameters
    ----------
    row
        Position in the years of the plan; the last one is the long run.
    """
    plan, year, base = world.plan, world.solved.years[row], world.plan.base
    moves, before = plan.moves, world.baseline.minutes
    now = before if year is None or year.minutes is None else before + year.minutes
    living = np.ones(len(plan.codes)) if year is None else year.state.cost_of_living_hat
    new = plan.homes if year is None else year.homes[:, moves.destination].T
    trip = now[:, moves.destination].T
    stay = plan.stayers[row][:, None] * plan.homes
    home, kept = plan.movers[row], stay.sum(axis=1)
    everybody = home[:, None] * new + stay
    net = 1.0 - base.tax
    return MovedStaff(
        posts=plan.posts[row],
        students=plan.students[row],
        lodging=plan.students[row] * moves.resident_students,
        home=home,
        daily=(stay * plan.daily).sum(axis=1),
        weekly=(stay * ~plan.daily).sum(axis=1),
        minutes_before=(plan.homes * before[:, moves.origin].T).sum(axis=1),
        minutes=_share((everybody * trip).sum(axis=1), home + kept),
        minutes_kept=_share((stay * trip).sum(axis=1), kept),
        pay_before=net * base.staff_pay[moves.kind, moves.origin],
        pay=net * base.staff_pay[len(KINDS) + moves.kind, moves.destination],
        living=_share(100.0 * (everybody @ (living - 1.0)), home + kept),
    )


def staff_welfare(world: World, row: int) -> Array:
    """Return the change of welfare (eq. 13) of staff whose institutions stay, by class, percent, (9,).

    Of those who choose a home, given where they work; NaN for a class without staff.
    """
    year = world.solved.years[row]
    if year is None:
        return np.zeros(len(KINDS))
    count = len(KINDS)
    some = year.state.staff_jobs[:count].sum(axis=1) > 0
    return np.where(some, 100.0 * (year.state.staff_welfare[:count] - 1.0), np.nan)
