"""Pay of persons: who works where, lives where and earns what, before and after, and who gains.

The working population is a weighted set. A private worker is known by home and workplace, a member of staff
by class as well; all alike in these are paid alike, so inequality among persons is understated. Pay is net of
the model's tax; real pay is pay over the cost of living at home, relative to before. There are no households,
pensions, rents or capital in it, and no level of prices: moving to a cheaper county is no rise in real pay.

What can be counted is reported as everything else in the model: the region before, plus the change that the
scenario makes against its own start (see :func:`geo.model.indicators.indicators`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.assumptions import KINDS
from geo.model.inequality import gini, theil

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geo.model.indicators import World
    from geo.model.path import Year
    from geo.model.solve import Array
    from geo.model.state import Calibrated

__all__ = [
    "GROUPS",
    "PRIVATE",
    "TOLERANCE",
    "Distribution",
    "Fates",
    "Incumbents",
    "Workers",
    "bands",
    "distribution",
    "ends",
    "fates",
    "in_bands",
    "incumbents",
    "spread",
    "workers_after",
    "workers_before",
]

Ints = NDArray[np.int64]
# Columns of a weighted set, as long as each other.
_Cells = tuple[Any, ...]

PRIVATE: Final = "private"
#: Whom a worker belongs to: private firms, or one of the classes of institution.
GROUPS: Final = (PRIVATE, *KINDS)
#: A change of real pay smaller than this share is neither gain nor loss.
TOLERANCE: Final = 1e-3
TENTHS: Final = 10
# Pays nearer to each other than this share are not parted by the edge of a band: half of it, the distance to
# the edge, is more than TOLERANCE, so that nobody changes bands by a change that counts as none.
_GAP: Final = 5e-3
# A narrow gap is taken only where every wide one lies further off by more than so many bands.
_FURTHER: Final = 1.0


@dataclass(frozen=True, eq=False)
class Workers:
    """Workers as a weighted set of C cells.

    Attributes
    ----------
    home, work
        Positions of counties, (C,).
    group
        Positions in ``GROUPS``, (C,).
    persons
        (C,).
    nominal, real
        Net pay, and over the cost of living at home relative to before, CNY / year, (C,).
    """

    home: Ints
    work: Ints
    group: Ints
    persons: Array
    nominal: Array
    real: Array


@dataclass(frozen=True, eq=False)
class Incumbents:
    """Workers of before, and what becomes of their pay.

    Private workers and staff keep home and workplace; posts that move take their staff along. Those who
    choose anew are not followed: they are at least as well off where they go.

    Attributes
    ----------
    home, work, group, persons
        As in :class:`Workers`, before.
    before, after
        Real pay, CNY / year, (C,).
    """

    home: Ints
    work: Ints
    group: Ints
    persons: Array
    before: Array
    after: Array


@dataclass(frozen=True, eq=False)
class Fates:
    """What becomes of the pay of groups of workers, sums over persons; (K,) each.

    Attributes
    ----------
    persons
        Workers before.
    before, after
        Their real pay, CNY / year.
    gaining, losing
        Persons whose real pay rises or falls by more than ``TOLERANCE``.
    """

    persons: Array
    before: Array
    after: Array
    gaining: Array
    losing: Array

    @property
    def change(self) -> Array:
        """Change of mean real pay in percent; NaN where nobody is."""
        some = self.before > 0
        return np.where(some, 100.0 * (self.after / np.where(some, self.before, 1.0) - 1.0), np.nan)

    @property
    def gain(self) -> Array:
        """Percent of the workers who gain; NaN where nobody is."""
        return self._percent(self.gaining)

    @property
    def lose(self) -> Array:
        """Percent of the workers who lose; NaN where nobody is."""
        return self._percent(self.losing)

    def _percent(self, part: Array) -> Array:
        some = self.persons > 0
        return np.where(some, 100.0 * part / np.where(some, self.persons, 1.0), np.nan)

    def within(self, inside: Array) -> Fates:
        """Return the sums over what ``inside`` marks, (M, K), as M groups."""
        sums = (inside @ one for one in (self.persons, self.before, self.after, self.gaining, self.losing))
        return Fates(*sums)


@dataclass(frozen=True, eq=False)
class Distribution:
    """Pay of persons in one year of a scenario.

    Attributes
    ----------
    edges
        Real pay between the bands, CNY / year, (K - 1,).
    totals
        ``persons``, mean ``nominal`` and ``real`` pay, ``gini``, ``theil``, ``p90_p10`` and ``tenths``, see
        :func:`spread`.
    before
        The same before any move.
    persons, persons_before
        Workers in each band, (K,).
    by_band, by_home, by_group
        What becomes of the workers of before: by band of their pay, by home county, by ``GROUPS``.
    """

    edges: Array
    totals: dict[str, float]
    before: dict[str, float]
    persons: Array
    persons_before: Array
    by_band: Fates
    by_home: Fates
    by_group: Fates


# The weighted sets ----------------------------------------------------------------------------------


def _cells(home: Array, pay: Array, living: Array, group: int, tax: float) -> _Cells:
    """Return the cells of one group: persons by home and work, (N, N), pay by work, living by home."""
    at_home, at_work = np.nonzero(home > 0)
    net = (1.0 - tax) * pay[at_work]
    kind = np.full(len(at_home), group)
    return at_home, at_work, kind, home[at_home, at_work], net, net / living[at_home]


def _joined(blocks: Iterable[_Cells]) -> list[Any]:
    return [np.concatenate(column) for column in zip(*blocks, strict=True)]


def workers_before(economy: Calibrated) -> Workers:
    """Return the workers of an economy at rest; real pay is pay."""
    one = np.ones(economy.zones)
    blocks = [_cells(economy.commuting * economy.workers, economy.wage, one, 0, economy.tax)]
    for row, posts in enumerate(economy.staff):
        if economy.staff_home is not None and posts.any():
            homes = economy.staff_home * posts
            blocks.append(_cells(homes, economy.staff_pay[row], one, 1 + row % len(KINDS), economy.tax))
    return Workers(*_joined(blocks))


def workers_after(world: World, row: int) -> Workers:
    """Return the workers of a year of a scenario.

    Parameters
    ----------
    row
        Position in the years of the plan; the last one is the long run.
    """
    year, base, plan = world.solved.years[row], world.plan.base, world.plan
    if year is None:
        return workers_before(base)
    living = year.state.cost_of_living_hat
    blocks = [_cells(year.flows, base.wage * year.state.wage_hat, living, 0, base.tax)]
    _, kept = plan.kept(row)
    for line, posts in enumerate(np.maximum(year.state.staff_jobs - kept, 0.0)):
        if posts.any():
            group = 1 + line % len(KINDS)
            blocks.append(_cells(year.homes * posts, base.staff_pay[line], living, group, base.tax))
    for move, kind in enumerate(plan.moves.kind):
        place = np.zeros_like(year.flows)
        place[:, plan.moves.destination[move]] = plan.stayers[row, move] * plan.homes[move]
        blocks.append(_cells(place, base.staff_pay[len(KINDS) + kind], living, 1 + int(kind), base.tax))
    return Workers(*_joined(blocks))


def incumbents(world: World, row: int) -> Incumbents:
    """Return the workers of before and their real pay in a year; see :class:`Incumbents`.

    Parameters
    ----------
    row
        Position in the years of the plan; the last one is the long run.
    """
    year, base, plan = world.solved.years[row], world.plan.base, world.plan
    if year is None:
        rest = workers_before(base)
        return Incumbents(rest.home, rest.work, rest.group, rest.persons, rest.real, rest.real)
    living, tax = year.state.cost_of_living_hat, base.tax
    home, work, kind, persons, net, _ = _cells(base.commuting * base.workers, base.wage, living, 0, tax)
    blocks: list[_Cells] = [(home, work, kind, persons, net, net * year.state.wage_hat[work] / living[home])]
    staying = base.staff[: len(KINDS)] + np.minimum(plan.change[row], 0.0)
    for line, posts in enumerate(staying):
        if base.staff_home is not None and posts.any():
            homes = base.staff_home * np.maximum(posts, 0.0)
            blocks.append(_cells(homes, base.staff_pay[line], living, 1 + line, tax))
    return Incumbents(*_joined([*blocks, *_followers(world, year, row)]))


def _followers(world: World, year: Year, row: int) -> Iterable[_Cells]:
    """Return the staff whose posts have moved: by old home and old workplace, with the pay they have now.

    Those who keep the old home pay its cost of living, the others the mean of those at the new homes.
    """
    base, plan, zones = world.plan.base, world.plan, world.plan.base.zones
    living, count = year.state.cost_of_living_hat, len(KINDS)
    _, kept = plan.kept(row)
    settled = (1.0 / living) @ year.homes
    for kind, streams in enumerate(_streams(world, row)):
        for origin, target in zip(*np.nonzero(streams > 0), strict=True):
            posts = float(streams[origin, target])
            stay = min(1.0, float(kept[count + kind, target] / plan.change[row, kind, target]))
            homes = np.zeros(zones) if base.staff_home is None else base.staff_home[:, origin]
            at = np.flatnonzero(homes > 0)
            before = np.full(len(at), (1.0 - base.tax) * base.staff_pay[kind, origin])
            now = (1.0 - base.tax) * base.staff_pay[count + kind, target]
            places = at, np.full(len(at), origin), np.full(len(at), 1 + kind)
            for share, relief in ((stay, 1.0 / living[at]), (1.0 - stay, np.full(len(at), settled[target]))):
                if share > 0:
                    yield *places, share * posts * homes[at], before, now * relief


def _streams(world: World, row: int) -> Iterable[Array]:
    """Return net posts of each class from county to county, (N, N).

    Moves of a class that undo each other in a county count as far as they do not; what a chain of moves
    leaves over is shared out in proportion.
    """
    plan = world.plan
    for kind, change in enumerate(plan.change[row]):
        leaving, arriving = np.maximum(-change, 0.0), np.maximum(change, 0.0)
        streams = np.zeros((len(change), len(change)))
        mine = plan.moves.kind == kind
        ends = plan.moves.origin[mine], plan.moves.destination[mine]
        np.add.at(streams, ends, plan.posts[row, mine])
        out, into = streams.sum(1), streams.sum(0)
        fit = np.minimum(
            np.divide(leaving, out, out=np.zeros_like(out), where=out > 0)[:, None],
            np.divide(arriving, into, out=np.zeros_like(into), where=into > 0)[None, :],
        )
        streams = streams * fit
        left, open_ = leaving - streams.sum(1), arriving - streams.sum(0)
        total = left.sum()
        yield streams + np.outer(left, open_) / total if total > 1e-9 else streams


# What is counted ------------------------------------------------------------------------------------


def bands(workers: Workers, count: int = TENTHS) -> Array:
    """Return the real pays between which bands lie, as near to equal parts as pays allow, (K - 1,).

    All who are paid alike are in one band: an edge lies in the middle of a gap between pays, in a wide gap
    where there is one nearby; a change that counts as none moves nobody across a wide gap. With few different
    pays there may be fewer than ``count`` bands.
    """
    pay, place = np.unique(workers.real, return_inverse=True)
    share = np.cumsum(np.bincount(place, workers.persons))[:-1] / workers.persons.sum()
    if not len(share):
        return np.zeros(0)
    narrow = pay[1:] < (1.0 + _GAP) * pay[:-1]
    off = np.abs(share[None, :] - (np.arange(1, count) / count)[:, None]) + narrow * _FURTHER / count
    chosen = np.unique(off.argmin(axis=1))
    return np.asarray(np.sqrt(pay[chosen] * pay[chosen + 1]))


def _mean_of_tenths(value: Array, upper: Array) -> tuple[float, float]:
    """Return the mean of the lowest and of the highest tenth; those paid alike are split in proportion.

    Parameters
    ----------
    value
        Ascending, (C,).
    upper
        Share of the persons up to each, (C,).
    """
    lower = np.concatenate([[0.0], upper[:-1]])
    low = np.clip(np.minimum(upper, 0.1) - lower, 0.0, None)
    high = np.clip(upper - np.maximum(lower, 0.9), 0.0, None)
    return float(low @ value / low.sum()), float(high @ value / high.sum())


def _quantile(value: Array, upper: Array, part: float) -> float:
    """Return the smallest value up to which lies at least ``part`` of the persons; sorted as above."""
    return float(value[min(int(np.searchsorted(upper, part - 1e-12)), len(value) - 1)])


def ends(workers: Workers) -> dict[str, float]:
    """Return real pay at the ends of a distribution.

    Returns
    -------
    dict
        ``mean``; ``p10`` and ``p90``, the smallest pay up to which at least one tenth and nine tenths of the
        persons lie; ``lowest`` and ``highest``, the means of the tenths paid least and best; CNY / year.
    """
    order = np.argsort(workers.real, kind="stable")
    persons, real = workers.persons[order], workers.real[order]
    upper = np.cumsum(persons) / persons.sum()
    lowest, highest = _mean_of_tenths(real, upper)
    return {
        "mean": float(np.average(real, weights=persons)),
        "p10": _quantile(real, upper, 0.1),
        "p90": _quantile(real, upper, 0.9),
        "lowest": lowest,
        "highest": highest,
    }


def spread(workers: Workers) -> dict[str, float]:
    """Return the numbers of a distribution of real pay among persons.

    Returns
    -------
    dict
        ``persons``; ``nominal`` and ``real``, means in CNY / year; ``gini`` and ``theil``; ``p90_p10``, the
        pay below which nine tenths lie over that below which one tenth lies; ``tenths``, mean pay of the
        highest tenth over that of the lowest.
    """
    found, persons = ends(workers), workers.persons
    return {
        "persons": float(persons.sum()),
        "nominal": float(np.average(workers.nominal, weights=persons)),
        "real": found["mean"],
        "gini": gini(workers.real, persons),
        "theil": theil(workers.real, persons),
        "p90_p10": found["p90"] / found["p10"],
        "tenths": found["highest"] / found["lowest"],
    }


def in_bands(value: Array, edges: Array) -> Ints:
    """Return the band of each pay: how many of the ``edges``, (K - 1,), lie at it or below, (C,)."""
    return np.asarray(np.searchsorted(edges, value, side="right"))


def fates(found: Incumbents, label: Ints, count: int) -> Fates:
    """Return what becomes of workers by label.

    Parameters
    ----------
    label
        Which group each cell belongs to, 0 to ``count`` - 1, (C,).
    """

    def total(weight: Array) -> Array:
        return np.bincount(label, weight, count).astype(float)

    ratio = found.after / found.before - 1.0
    persons = found.persons
    return Fates(
        total(persons),
        total(persons * found.before),
        total(persons * found.after),
        total(persons * (ratio > TOLERANCE)),
        total(persons * (ratio < -TOLERANCE)),
    )


def distribution(world: World, row: int, edges: Array) -> Distribution:
    """Return the pay of persons in a year of a scenario; kept on the world, because several views ask.

    Parameters
    ----------
    row
        Position in the years of the plan; the last one is the long run.
    edges
        Real pay between bands, ascending, CNY / year, (K - 1,); see :func:`bands`. The same edges make
        distributions comparable.
    """
    kept = world.__dict__.setdefault("_distributions", {})
    key = row, edges.tobytes()
    if key not in kept:
        kept[key] = _distribution(world, row, edges)
    found: Distribution = kept[key]
    return found


def _counted(workers: Workers, edges: Array) -> tuple[dict[str, float], Array]:
    held = np.bincount(in_bands(workers.real, edges), workers.persons, len(edges) + 1)
    return spread(workers), held.astype(float)


def _at_rest(economy: Calibrated, edges: Array) -> tuple[dict[str, float], Array]:
    """Return the same of an economy at rest; kept on it, because every scenario asks."""
    kept = economy.__dict__.setdefault("_pay_at_rest", {})
    key = edges.tobytes()
    if key not in kept:
        kept[key] = _counted(workers_before(economy), edges)
    found: tuple[dict[str, float], Array] = kept[key]
    return found


def _distribution(world: World, row: int, edges: Array) -> Distribution:
    first, held = _at_rest(world.reference, edges)
    start, started = _at_rest(world.reference if world.start is world.before else world.plan.base, edges)
    # where nothing differs yet: exactly the start, not merely to rounding
    still = world.solved.years[row] is None
    now, here = (start, started) if still else _counted(workers_after(world, row), edges)
    found = incumbents(world, row)
    return Distribution(
        edges,
        {key: first[key] + (now[key] - start[key]) for key in first},
        first,
        held + (here - started),
        held,
        fates(found, in_bands(found.before, edges), len(edges) + 1),
        fates(found, found.home, world.reference.zones),
        fates(found, found.group, len(GROUPS)),
    )
