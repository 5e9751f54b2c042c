"""Why a number of people's pay is what it is: the workers before by group, and what the scenario changes.

Every number of :func:`geo.model.distribution.spread` is that of the region before plus the change that the
scenario makes against its own start; here both are taken apart by ``GROUPS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.model.distribution import (
    GROUPS,
    PRIVATE,
    TOLERANCE,
    Workers,
    ends,
    in_bands,
    workers_after,
    workers_before,
)
from geo.model.terms import PRODUCT, Term, dated, difference
from geo.words import LANGUAGES, say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.model.distribution import Incumbents
    from geo.model.indicators import World
    from geo.model.solve import Array

__all__ = ["FATES", "explain_band", "explain_fate", "explain_pay"]

_Maker = Callable[[Workers], Term]
_MONEY: Final = "cny_per_year"
#: What may become of the pay of workers: change of its mean, share of those who gain, of those who lose.
FATES: Final = ("change", "gain", "lose")


def _group(at: int, value: float, unit: str, parts: tuple[Term, ...] = (), digits: int = 1) -> Term:
    """Return the term of one of ``GROUPS``."""
    key = "people.private" if GROUPS[at] == PRIVATE else f"kind.{GROUPS[at]}"
    first, second = (say(key, language) for language in LANGUAGES)
    return Term(
        "workers_of", value, unit, PRODUCT if parts else "sum", parts, label=(first, second), digits=digits
    )


def _present(group: NDArray[np.int64]) -> list[int]:
    return [int(at) for at in np.unique(group)]


# A number of one set of workers ---------------------------------------------------------------------


def _persons(workers: Workers) -> Term:
    parts = tuple(
        _group(at, float(workers.persons[workers.group == at].sum()), "persons", digits=0)
        for at in _present(workers.group)
    )
    return Term("pay_persons", float(sum(part.value for part in parts)), "persons", parts=parts, digits=0)


def _mean(key: str, of: str) -> _Maker:
    """Return what makes a mean: by group, the share of the workers times their mean."""

    def made(workers: Workers) -> Term:
        total, parts = workers.persons.sum(), []
        for at in _present(workers.group):
            own = workers.group == at
            heads = workers.persons[own].sum()
            share = Term("share_of_persons", float(heads / total), "ratio", digits=5)
            mean = Term(
                "mean_there",
                float(workers.persons[own] @ getattr(workers, of)[own] / heads),
                _MONEY,
                digits=0,
            )
            parts.append(_group(at, share.value * mean.value, _MONEY, (share, mean), digits=0))
        return Term(key, float(sum(part.value for part in parts)), _MONEY, parts=tuple(parts), digits=0)

    return made


def _index(key: str, name: str, weigh: Callable[[Array, Array], Array]) -> _Maker:
    """Return what makes an index: by group, share x pay over the mean x the mean of ``weigh`` over that pay.

    Parameters
    ----------
    name
        Of the last factor.
    weigh
        Maps shares of persons and pay over the mean, (C,) each, to the factor of each cell, (C,).
    """

    def made(workers: Workers) -> Term:
        share = workers.persons / workers.persons.sum()
        ratio = workers.real / (share @ workers.real)
        factor, parts = weigh(share, ratio), []
        for at in _present(workers.group):
            own = workers.group == at
            heads, earned = float(share[own].sum()), share[own] * ratio[own]
            three = (
                Term("share_of_persons", heads, "ratio", digits=5),
                Term("pay_over_mean", float(earned.sum()) / heads, "ratio", digits=4),
                Term(name, float(earned @ factor[own] / earned.sum()), "ratio", digits=4),
            )
            value = float(np.prod([one.value for one in three]))
            parts.append(_group(at, value, "index", three, digits=5))
        return Term(key, float(sum(part.value for part in parts)), "index", parts=tuple(parts), digits=5)

    return made


def _rank(share: Array, ratio: Array) -> Array:
    """Return the rank of each cell among persons, from -1 to +1."""
    order = np.argsort(ratio, kind="stable")
    rank = np.empty_like(share)
    rank[order] = 2.0 * np.cumsum(share[order]) - share[order] - 1.0
    return rank


def _gap(key: str, high: str, low: str) -> _Maker:
    """Return what makes a ratio of two pays: the higher over the mean, times the mean over the lower."""

    def made(workers: Workers) -> Term:
        found = ends(workers)
        two = (
            Term(f"{high}_over_mean", found[high] / found["mean"], "ratio", digits=4),
            Term(f"mean_over_{low}", found["mean"] / found[low], "ratio", digits=4),
        )
        return Term(key, two[0].value * two[1].value, "ratio", PRODUCT, two, digits=4)

    return made


_MAKERS: Final[dict[str, _Maker]] = {
    "persons": _persons,
    "nominal": _mean("pay_nominal", "nominal"),
    "real": _mean("pay_real", "real"),
    "gini": _index("pay_gini", "rank", _rank),
    "theil": _index("pay_theil", "log_pay_over_mean", lambda _, ratio: np.log(ratio)),
    "p90_p10": _gap("pay_p90_p10", "p90", "p10"),
    "tenths": _gap("pay_tenths", "highest", "lowest"),
}


# What is shown --------------------------------------------------------------------------------------


def _against_start(world: World, row: int, make: _Maker) -> Term:
    """Return a number of a year as the region's before and the change against the scenario's own start."""
    first = make(workers_before(world.reference))
    start = first if world.start is world.before else make(workers_before(world.plan.base))
    change = dated(difference(start, make(workers_after(world, row))))
    parts = (replace(first, key="before"), replace(change, key="change"))
    formula = (f"measure.{first.key}.help",)
    return replace(first, value=first.value + change.value, how="sum", parts=parts, formula=formula)


def explain_pay(world: World, row: int, key: str) -> Term:
    """Return the terms of a number of the distribution of pay.

    Parameters
    ----------
    row
        Position in the years of the plan; the last one is the long run.
    key
        One of those of :func:`geo.model.distribution.spread`.
    """
    return _against_start(world, row, _MAKERS[key])


def explain_band(world: World, row: int, edges: Array, band: int) -> Term:
    """Return the terms of the number of workers in a band of real pay.

    Parameters
    ----------
    edges
        Real pay between bands, CNY / year, (K - 1,).
    band
        Position, 0 to K - 1.
    """

    def made(workers: Workers) -> Term:
        own = in_bands(workers.real, edges) == band
        columns = ("home", "work", "group", "persons", "nominal", "real")
        return _persons(Workers(*(getattr(workers, column)[own] for column in columns)))

    return _against_start(world, row, made)


def explain_fate(found: Incumbents, inside: NDArray[np.bool_], key: str) -> Term:
    """Return the terms of what becomes of the pay of workers of before: by group, share x what it has.

    Parameters
    ----------
    found
        Of :func:`geo.model.distribution.incumbents`.
    inside
        Which cells are meant, (C,) bool.
    key
        One of ``FATES``.
    """
    weight = found.persons * (found.before if key == "change" else 1.0)
    ratio = found.after / found.before - 1.0
    each = {"change": ratio, "gain": ratio > TOLERANCE, "lose": ratio < -TOLERANCE}[key]
    total, parts = float(weight[inside].sum()), []
    if not total > 0:
        return Term(f"pay_{key}", float("nan"), "percent")
    name = "share_of_pay" if key == "change" else "share_of_persons"
    for at in _present(found.group[inside]):
        own = inside & (found.group == at)
        share = Term(name, float(weight[own].sum()) / total, "ratio", digits=5)
        value = 100.0 * float(weight[own] @ each[own] / weight[own].sum())
        two = (share, Term(f"pay_{key}", value, "percent", digits=2))
        parts.append(_group(at, share.value * value, "percent", two, digits=2))
    made = Term(
        f"pay_{key}", float(sum(part.value for part in parts)), "percent", parts=tuple(parts), digits=2
    )
    return replace(made, formula=(f"measure.pay_{key}.help",))
