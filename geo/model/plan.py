"""A scenario as the equilibrium sees it: who leaves where, who keeps which home, what is built and vacated.

Between a scenario and the yearly shocks: the staff of moves by class, county and year, the floor area that
they need and leave behind, Xiongan's building programme, students, beds and school places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.assumptions import KINDS
from geo.model.economy import by_class
from geo.model.moves import CALENDAR, ResolvedMoves
from geo.model.state import Calibrated, Shock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.model.economy import Assumed, Inputs
    from geo.model.solve import Array

__all__ = ["XIONGAN", "Plan", "shortfall", "with_movers"]

XIONGAN = ("130629", "130632", "130638")
# The programme counts floor space finished after the census year.
PROGRAMME_FROM = 2020
_SCHOOL, _HOSPITAL, _UNIVERSITY = (KINDS.index(kind) for kind in ("school", "hospital", "university"))
# A hospital or school system does not shrink below this share of itself in the amenity term.
_LEAST = 0.05


def net_posts(moves: ResolvedMoves, done: Array, zones: int) -> Array:
    """Return the change of posts by year, class and county, (T, 9, N); a class's gains and losses net out.

    Parameters
    ----------
    done
        Completed part of each move, (T, M).
    """
    out = np.zeros((len(done), len(KINDS), zones))
    posts = done * moves.posts
    for move, kind in enumerate(moves.kind):
        out[:, kind, moves.destination[move]] += posts[:, move]
        out[:, kind, moves.origin[move]] -= posts[:, move]
    # the remainder of a sum of shares that cancels is no post
    out[np.abs(out) < 1e-9] = 0.0
    return out


def shortfall(posts: Array, change: Array) -> Array:
    """Return the posts that leave beyond those counted as institutional before, (9, N).

    Parameters
    ----------
    posts
        Institutional jobs before, (9, N).
    change
        Change of posts, (T, 9, N).
    """
    return np.asarray(np.maximum(-(posts + change.min(axis=0, initial=0.0)), 0.0))


def with_movers(base: Calibrated, moves: ResolvedMoves, pay: Array) -> Calibrated:
    """Return the economy with a second row for each class: posts that have moved, at the pay they bring.

    The new rows are empty before any move, so the baseline is the same equilibrium.

    Parameters
    ----------
    pay
        Pay of each move, CNY / year, (M,); NaN for that of its class at its origin.
    """
    zones, count = base.zones, len(KINDS)
    own = base.staff_pay[moves.kind, moves.origin]
    pay = np.where(np.isnan(pay), own, pay)
    brought = np.zeros((2, count, zones))
    np.add.at(brought[0], (moves.kind, moves.destination), moves.posts)
    np.add.at(brought[1], (moves.kind, moves.destination), moves.posts * pay)
    some = brought[0] > 0
    rate = np.where(some, brought[1] / np.where(some, brought[0], 1.0), base.staff_pay)
    names = ("staff_eps", "staff_weight", "staff_floor", "procurement")
    twice: dict[str, Any] = {name: np.concatenate([getattr(base, name)] * 2) for name in names}
    return replace(
        base,
        classes=(*base.classes, *(f"{name}:moved" for name in base.classes)),
        staff=np.concatenate([base.staff, np.zeros((count, zones))]),
        staff_pay=np.concatenate([base.staff_pay, rate]),
        **twice,
    )


@dataclass(frozen=True, eq=False)
class Plan:
    """What a scenario does directly, by year; T years and then the long run as one more row.

    Parameters
    ----------
    base
        The economy with the movers' rows, see :func:`with_movers`.
    moves
        The moves, M.
    done
        Completed part of each move, (T + 1, M).
    assumed
        Values of assumptions.
    inputs
        What is known of the counties.
    minutes
        Door to door before, (N, N).
    codes
        County codes, N.
    """

    base: Calibrated
    moves: ResolvedMoves
    done: Array
    assumed: Assumed
    inputs: Inputs
    minutes: Array
    codes: tuple[str, ...]

    @cached_property
    def years(self) -> NDArray[np.int64]:
        """Years of the rows; the long run counts as the last year, (T + 1,)."""
        years = CALENDAR[0] + np.arange(len(self.done) - 1)
        return np.append(years, years[-1])

    @cached_property
    def here(self) -> Array:
        """1 in the origin of each move, (M, N)."""
        return np.eye(len(self.codes))[self.moves.origin]

    @cached_property
    def there(self) -> Array:
        """1 in the destination of each move, (M, N)."""
        return np.eye(len(self.codes))[self.moves.destination]

    @cached_property
    def of_kind(self) -> Array:
        """1 in the class of each move, (M, 9)."""
        return np.eye(len(KINDS))[self.moves.kind]

    @cached_property
    def posts(self) -> Array:
        """Posts that have moved, by year and move, (T + 1, M)."""
        return np.asarray(self.done * self.moves.posts)

    @cached_property
    def change(self) -> Array:
        """Change of posts by year, class and county, (T + 1, 9, N)."""
        return net_posts(self.moves, self.done, len(self.codes))

    @cached_property
    def movers(self) -> Array:
        """Staff who move home, by year and move, (T + 1, M)."""
        return np.asarray(self.posts * self.moves.home_share)

    @cached_property
    def homes(self) -> Array:
        """Old homes of the staff of each move, (M, N), rows summing to one."""
        if self.base.staff_home is None:  # pragma: no cover - the region always has institutions
            return np.zeros((len(self.moves), len(self.codes)))
        return np.asarray(self.base.staff_home[:, self.moves.origin].T)

    @cached_property
    def stayers(self) -> Array:
        """Staff who keep the old home, by year and move, (T + 1, M).

        Where posts of a class left again for elsewhere, no more of them can stay than posts are left.
        """
        stay = self.posts - self.movers
        if not len(self.moves):
            return stay
        here = np.zeros_like(self.change)
        for move, kind in enumerate(self.moves.kind):
            here[:, kind, self.moves.destination[move]] += stay[:, move]
        gained = np.maximum(self.change, 0.0)
        fit = np.minimum(1.0, gained / np.where(here > 0, here, 1.0))
        return np.asarray(stay * fit[:, self.moves.kind, self.moves.destination])

    @cached_property
    def daily(self) -> NDArray[np.bool_]:
        """Whether the trip from each old home fits into a day, (M, N)."""
        new_trip = self.minutes[:, self.moves.destination].T
        return np.asarray(new_trip <= self.assumed["day_limit"])

    @cached_property
    def family(self) -> Array:
        """Family members beside each member of staff who moves home, (M,)."""
        return np.asarray(self.moves.family_size - 1.0)

    @cached_property
    def students(self) -> Array:
        """Student places that have moved, by year and move, (T + 1, M)."""
        return np.asarray(self.done * self.moves.students)

    def spread(self, amount: Array) -> Array:
        """Return amounts by year and move, (T + 1, M), as changes by county, (T + 1, N)."""
        size = len(self.codes)
        return np.asarray(amount @ (np.eye(size)[self.moves.destination] - np.eye(size)[self.moves.origin]))

    # Floor space ------------------------------------------------------------------------------------

    @cached_property
    def area_needed(self) -> Array:
        """Floor area of posts gained, net by class, (T + 1, N), m2."""
        return np.asarray(
            np.einsum("k,tkn->tn", by_class(self.assumed, "floor_per_post"), np.maximum(self.change, 0.0))
        )

    @cached_property
    def area_vacated(self) -> Array:
        """Floor area of posts lost, net by class, (T + 1, N), m2."""
        return np.asarray(
            np.einsum("k,tkn->tn", by_class(self.assumed, "floor_per_post"), np.maximum(-self.change, 0.0))
        )

    @cached_property
    def xiongan(self) -> NDArray[np.bool_]:
        """Which counties belong to Xiongan, (N,)."""
        return np.isin(self.codes, XIONGAN)

    @cached_property
    def homes_needed(self) -> Array:
        """Floor area for staff and families who move in, net, (T + 1, N), m2; students live on the campus."""
        arrived = np.maximum(self.spread(self.movers * self.moves.family_size), 0.0)
        return np.asarray(self.assumed["floor_per_resident"] * arrived)

    @cached_property
    def built(self) -> Array:
        """Floor area that the receiving places have built for movers, (T + 1, N), m2.

        Xiongan's programme follows need up to what it can finish by then; its three counties share a
        shortage alike.
        """
        wanted = self.assumed["floor_own"] * self.area_needed
        wanted = wanted + self.assumed["floor_homes"] * self.homes_needed
        total = (wanted * self.xiongan).sum(axis=1)
        room = self.assumed["xiongan_floor_per_year"] * (self.years - PROGRAMME_FROM)
        share = np.minimum(1.0, room / np.where(total > 0, total, 1.0))
        return np.asarray(np.where(self.xiongan, wanted * share[:, None], wanted))

    @cached_property
    def floor_space(self) -> Array:
        """Change of floor space by building and by what stays empty, (T + 1, N), m2."""
        lost = (1.0 - self.assumed["floor_reuse"]) * self.area_vacated
        here = self.inputs.population * self.xiongan
        extra = self.assumed["xiongan_floor_extra"] * (self.years - PROGRAMME_FROM)
        return np.asarray(self.built - lost + extra[:, None] * here / max(float(here.sum()), 1.0))

    # Shocks -----------------------------------------------------------------------------------------

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """Whether anything is different from the baseline, by row, (T + 1,)."""
        return np.asarray((self.done > 0).any(axis=1) | (self.floor_space != 0).any(axis=1))

    def staff(self, row: int) -> Array:
        """Return the change of posts by class, the movers' rows last, and county, (18, N)."""
        change = self.change[row]
        return np.concatenate([np.minimum(change, 0.0), np.maximum(change, 0.0)])

    def kept(self, row: int) -> tuple[Array, Array]:
        """Return staff who keep an old home, by class and home and by class and workplace, (18, N) each."""
        stay = self.stayers[row][:, None]
        nobody = np.zeros((len(KINDS), len(self.codes)))
        home, work = (
            np.concatenate([nobody, self.of_kind.T @ (stay * place)]) for place in (self.homes, self.there)
        )
        return home, work

    def shock(self, row: int, minutes: Array | None = None, pm: Array | None = None) -> Shock:
        """Return what is different from the baseline in one year, or in the long run.

        Parameters
        ----------
        row
            Position in ``years``; the last one is the long run.
        minutes
            Change of one-way minutes, (N, N).
        pm
            Change of the concentration of PM2.5, ug / m3, (N,).
        """
        home, work = self.kept(row)
        cap = np.where(self.xiongan, self.assumed["xiongan_price_cap"] * self.base.floor_price, np.inf)
        return Shock(
            staff=self.staff(row), kept_home=home, kept_work=work,
            student_spending=self._spending[row], floor_space=self.floor_space[row],
            beds_hat=self._ratio(_HOSPITAL, row), school_hat=self._ratio(_SCHOOL, row),
            price_cap=cap, minutes=minutes, pm=pm,
        )  # fmt: skip

    def _ratio(self, kind: int, row: int) -> Array:
        """Return posts of a class after / before: its beds or places follow its staff, (N,)."""
        before = self.base.staff[kind]
        after = np.maximum(before + self.change[row, kind], _LEAST * before)
        return np.asarray(np.where(before > 0, after / np.where(before > 0, before, 1.0), 1.0))

    @cached_property
    def _spending(self) -> Array:
        """Change of students' spending, (T + 1, N), CNY / year."""
        before = self.base.staff[_UNIVERSITY].sum() / self.assumed["posts_per_student.university"]
        rate = float(self.base.student_spending.sum()) / before
        return np.asarray(rate * self.spread(self.students * self.moves.resident_students))
